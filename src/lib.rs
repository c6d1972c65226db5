//! pg_ferry moves users out of a legacy system while they log in.
//!
//! Table of contents. A login is told in [`authenticate`], from top to bottom; [`flow`] is what it
//! carries, [`write`] how a user is written, [`adopt`] finds those who are here already and [`review`] those about whom somebody must decide,
//! [`refresh`] keeps the passwords of those already moved, [`password`] sets them, and [`admin`] moves, puts back and
//! forgets one person, [`import`] moves many, whose hashes travel in an [`envelope`], [`wrap`] strengthens hashes at rest; [`explain`] rehearses; [`assess`] and [`preview`] tell of all of a source what a login would do.
//! [`roll`] tells how everybody in a source stands, for the end of a migration. [`page`] shows all that to people.
//! The words it uses are rooms of their own: [`target`], [`source`], [`mapping`], [`rule`], [`child`], [`hook`],
//! [`link`], [`event`], [`outbox`]. [`config`] is the DBA's tables as a snapshot, [`check`] refuses bad rows of it, [`lint`] finds
//! what is unwise, [`catalog`] finds what they name.
//! [`spi`] is the only room with `unsafe`; [`error`] the only file that names SQLSTATEs; the SQL objects
//! are in `sql/`. [`functions`] is where SQL calls in.

mod admin;
mod adopt;
mod assess;
mod authenticate;
mod batch;
mod calibrate;
mod catalog;
mod census;
mod check;
mod child;
mod config;
mod config_sql;
mod constraint;
mod envelope;
mod error;
mod event;
mod explain;
mod flow;
mod functions;
mod guc;
mod hash;
mod hook;
mod import;
mod kdf;
mod link;
mod lint;
mod login;
mod mapping;
mod outbox;
mod outcome;
mod page;
mod password;
mod pepper;
mod preview;
mod refresh;
mod review;
mod roll;
mod rule;
mod secret;
mod source;
mod spi;
mod sql;
mod target;
mod trace;
mod wrap;
mod write;

pgrx::pg_module_magic!(name, version);

pgrx::extension_sql_file!("../sql/schema.sql", name = "schema", bootstrap);
pgrx::extension_sql_file!("../sql/config.sql", name = "config", requires = ["schema"]);
pgrx::extension_sql_file!("../sql/link.sql", name = "link", requires = ["config"]);
pgrx::extension_sql_file!("../sql/review.sql", name = "review", requires = ["link"]);
pgrx::extension_sql_file!("../sql/event.sql", name = "event", requires = ["review"]);
pgrx::extension_sql_file!("../sql/outbox.sql", name = "outbox", requires = ["event"]);
pgrx::extension_sql_file!("../sql/login.sql", name = "login", requires = ["outbox"]);
pgrx::extension_sql_file!("../sql/hash.sql", name = "hash", requires = ["login"]);
pgrx::extension_sql_file!("../sql/explain.sql", name = "explain", requires = ["hash"]);
pgrx::extension_sql_file!("../sql/admin.sql", name = "admin", requires = ["explain"]);
pgrx::extension_sql_file!("../sql/import.sql", name = "import", requires = ["admin"]);
pgrx::extension_sql_file!("../sql/history.sql", name = "history", requires = ["import"]);
pgrx::extension_sql_file!("../sql/restore.sql", name = "restore", requires = ["history"]);
pgrx::extension_sql_file!("../sql/check.sql", name = "check", requires = ["restore"]);
pgrx::extension_sql_file!("../sql/assess.sql", name = "assess", requires = ["check"]);
pgrx::extension_sql_file!("../sql/fields.sql", name = "fields", requires = ["assess"]);
pgrx::extension_sql_file!("../sql/automap.sql", name = "automap", requires = ["fields"]);
pgrx::extension_sql_file!("../sql/preset.sql", name = "preset", requires = ["automap"]);
pgrx::extension_sql_file!("../sql/export.sql", name = "export", requires = ["preset"]);
pgrx::extension_sql_file!("../sql/preset/cms.sql", name = "preset_cms", requires = ["export"]);
pgrx::extension_sql_file!("../sql/preset/forum.sql", name = "preset_forum", requires = ["preset_cms"]);
pgrx::extension_sql_file!(
    "../sql/preset/framework.sql",
    name = "preset_framework",
    requires = ["preset_forum"]
);
pgrx::extension_sql_file!(
    "../sql/preset/identity.sql",
    name = "preset_identity",
    requires = ["preset_framework"]
);
pgrx::extension_sql_file!("../sql/preset/export.sql", name = "preset_export", requires = ["preset_identity"]);
pgrx::extension_sql_file!("../sql/preset/guard.sql", name = "preset_guard", requires = ["preset_export"]);
pgrx::extension_sql_file!("../sql/wrap.sql", name = "wrap", requires = ["preset_guard"]);
pgrx::extension_sql_file!("../sql/cutover.sql", name = "cutover", requires = ["wrap"]);
pgrx::extension_sql_file!("../sql/monitor.sql", name = "monitor", requires = ["cutover"]);
pgrx::extension_sql_file!("../sql/page.sql", name = "page", requires = ["monitor"]);
pgrx::extension_sql_file!("../sql/access.sql", name = "access", requires = ["page"], finalize);

/// Called when a backend loads the library.
#[pgrx::pg_guard]
#[allow(non_snake_case)]
pub extern "C-unwind" fn _PG_init() {
    guc::register();
    spi::watch::install();
}

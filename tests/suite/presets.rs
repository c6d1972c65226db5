//! Presets: each moves the users of the system that it is for, and use_preset tells what it has done.
//!
//! The cases are in `presets/`, a file for each family as in `sql/preset/`.

mod cms;
mod export;
mod forum;
mod framework;
mod identity;
mod mariadb;

use crate::legacy_passwords::write_peppers;
use crate::setup::{Answer, FAST, login};
use crate::setup_config::{Refusal, refusal};
use ferry_tests::{Db, need_extension, target};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A legacy system as it stands in `examples/`, and what becomes of its users.
struct Case {
    preset: &'static str,
    /// The scripts that make its tables and rows, under `examples/`; what they do not qualify goes into schema legacy. They
    /// find their own folder in the psql variable `folder`. A file of peppers is one that ends in `.peppers`.
    files: &'static [&'static str],
    /// What use_preset is given: a table, or the view that the preset's own view_sql makes.
    relation: &'static str,
    welcome: &'static [Person],
    /// Login, the right password, and the outcome all the same.
    refused: &'static [(&'static str, &'static str, &'static str)],
}

/// Somebody who gets in.
struct Person {
    login: &'static str,
    password: &'static str,
    /// What is in the users table then: columns and the text of their values.
    columns: &'static [(&'static str, Option<&'static str>)],
}

/// Makes a test of each case, and the list `CASES`.
macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        pub(super) const CASES: &[super::Case] = &[$($case),*];
        $(
            #[test]
            fn $name() {
                super::moves_its_users(&$case);
            }
        )*
    };
}
use cases;

fn moves_its_users(case: &Case) {
    need_extension!("pg_ferry");
    if case.files.iter().any(|file| text_of(file).contains("EXTENSION file_fdw")) {
        need_extension!("file_fdw");
    }
    let db = ready(case);
    let mut app = db.client_as(&db.app());
    for person in case.welcome {
        let wrong = login(&mut app, person.login, &format!("x{}", person.password));
        assert_eq!(wrong, Answer::refused("invalid"), "{}", person.login);
        let first = login(&mut app, person.login, person.password);
        assert_eq!(first.outcome, "migrated", "{}: {}", person.login, why(&db));
        assert_eq!(login(&mut app, person.login, person.password).outcome, "ok", "{}", person.login);
        for (column, value) in person.columns {
            let query = format!("SELECT {column}::text FROM users WHERE id::text = $1");
            let seen: Option<String> = db.one(&query, &[&first.user_id]);
            assert_eq!(seen.as_deref(), *value, "{column} of {}", person.login);
        }
    }
    for (name, password, outcome) in case.refused {
        assert_eq!(login(&mut app, name, password), Answer::refused(outcome), "{name}: {}", why(&db));
    }
    let moved = i64::try_from(case.welcome.len()).unwrap();
    assert_eq!(db.count("users"), moved);
    // The others come by an import, but for those whom a rule keeps out, or whose hash nobody knows.
    db.sql("CALL ferry.import('old')");
    let run =
        "SELECT concat_ws(' ', state, skipped, moved + skipped + refused = total) FROM ferry.import_run";
    assert_eq!(db.one::<String>(run, &[]), format!("finished {moved} t"));
    assert_eq!(db.count("ferry.import_reject WHERE reason NOT IN ('rule', 'legacy_hash')"), 0);
    assert_eq!(db.count("ferry.import_run"), 1);
}

/// A database with the legacy system, a users table, and the config that use_preset has written.
fn ready(case: &Case) -> Db<'static> {
    let db = legacy_system(case);
    users_table(&db);
    let told = db.rows(
        "SELECT object, action, detail FROM ferry.use_preset($1, 'old', $2) WHERE action NOT IN ('added', 'note')",
        &[&case.preset, &case.relation],
    );
    let told: Vec<String> =
        told.iter().map(|row| format!("{}: {}", row.get::<_, &str>(0), row.get::<_, &str>(2))).collect();
    assert!(told.is_empty(), "the users table has a column for every field, but: {told:?}");
    let errors: Vec<String> = db
        .rows("SELECT object || ': ' || problem FROM ferry.check_config() WHERE severity = 'error'", &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    db
}

/// A database with the tables of a legacy system, and the view that its preset may want.
fn legacy_system(case: &Case) -> Db<'static> {
    let db = Db::new();
    let (name, owner) = (db.name(), db.owner());
    db.sql(&format!("ALTER DATABASE {name} SET ferry.failure_floor = 0; CREATE SCHEMA legacy"));
    for file in case.files {
        if file.ends_with(".peppers") {
            write_peppers(&db, text_of(file).trim_end());
            continue;
        }
        let path = path_of(file);
        let folder = path.parent().unwrap();
        let script = format!(
            "\\set folder '{}'\nSET search_path = legacy, public;\n\\i '{}'\n",
            folder.display(),
            path.display()
        );
        let loaded = db.psql(&script);
        assert!(loaded.status.success(), "{file}: {}", String::from_utf8_lossy(&loaded.stderr));
    }
    db.sql(&format!(
        "GRANT USAGE, CREATE ON SCHEMA legacy TO {owner}; GRANT SELECT ON ALL TABLES IN SCHEMA legacy TO {owner}"
    ));
    make_view(&db, case.preset);
    db
}

/// Runs what a preset has as view_sql.
fn make_view(db: &Db<'_>, preset: &str) {
    let view: Option<String> = db.one("SELECT max(view_sql) FROM ferry.preset WHERE name = $1", &[&preset]);
    if let Some(view) = view {
        db.sql(&format!("SET ROLE {}; {view}; RESET ROLE", db.owner()));
    }
}

fn path_of(file: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(file);
    path.canonicalize().unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(path_of(file)).unwrap()
}

/// A users table with a column for each field that there is.
fn users_table(db: &Db<'_>) {
    let owner = db.owner();
    let columns: String = db.one(
        "SELECT string_agg(format('%I %s', field, CASE WHEN field LIKE '%\\_at' THEN 'timestamptz'
                                                       WHEN field LIKE '%\\_date' THEN 'date'
                                                       WHEN field IN ('email_verified', 'active', 'disabled', 'is_admin') THEN 'boolean'
                                                       ELSE 'text' END), ', ' ORDER BY place)
         FROM ferry._synonym WHERE rank = 1",
        &[],
    );
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns},
                                    password_hash text, must_change boolean NOT NULL DEFAULT false);
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, must_change)
         VALUES ('default', 'public.users', 'id', '{{email,lower(u.username)}}', 'password_hash', '{FAST}', 'must_change')"
    ));
}

/// The newest event, for whoever reads what has failed.
fn why(db: &Db<'_>) -> String {
    db.one("SELECT concat_ws('/', outcome, reason, detail) FROM ferry.event ORDER BY id DESC LIMIT 1", &[])
}

#[test]
fn every_shipped_preset_has_a_case() {
    need_extension!("pg_ferry");
    let families = [cms::CASES, forum::CASES, framework::CASES, identity::CASES, export::CASES];
    let tried: BTreeSet<String> = families.into_iter().flatten().map(|case| case.preset.to_owned()).collect();
    let db = Db::new();
    let shipped = db.rows("SELECT name FROM ferry.preset WHERE shipped", &[]);
    assert_eq!(tried, shipped.iter().map(|row| row.get(0)).collect());
    // For the reports on who is left.
    let untold =
        "ferry.preset WHERE shipped AND mappings ->> 'last_login_at' IS DISTINCT FROM source ->> 'last_seen'";
    assert_eq!(db.count(untold), 0);
}

/// WordPress' tables, and a users table with these columns beside the usual ones.
fn blog(columns: &str) -> Db<'static> {
    let db = legacy_system(&cms::CASES[0]);
    let owner = db.owner();
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE TABLE public.users (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email text, password_hash text, {columns});
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'public.users', 'id', '{{email}}', 'password_hash', '{FAST}')"
    ));
    db
}

/// What use_preset tells, a line for each row.
fn use_preset(db: &Db<'_>, preset: &str) -> Vec<String> {
    let query = "SELECT concat_ws(' | ', object, action, detail) FROM ferry.use_preset($1, 'blog', 'legacy.wp_users')";
    db.rows(query, &[&preset]).iter().map(|row| row.get(0)).collect()
}

fn mappings(db: &Db<'_>) -> Vec<String> {
    let query = "SELECT target_column || ' = ' || expression FROM ferry.mapping ORDER BY target_column";
    db.rows(query, &[]).iter().map(|row| row.get(0)).collect()
}

/// A preset of somebody's own, copied from WordPress' with other values in some of its columns.
fn copy_preset(db: &Db<'_>, assignments: &str) {
    db.sql(&format!(
        "INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules)
         SELECT 'own', title, relation, view_sql, source, mappings, rules FROM ferry.preset WHERE name = 'wordpress';
         UPDATE ferry.preset SET {assignments} WHERE name = 'own'"
    ));
}

#[test]
fn what_was_added_left_out_and_left_to_do_is_told() {
    need_extension!("pg_ferry");
    let db = blog("\"Nick \"\"Name\"\"\" text NOT NULL");
    let told = use_preset(&db, "wordpress");
    let expected = [
        "source blog | added | WordPress 1.5 to 6.8, from legacy.wp_users into public.users",
        "mapping blog.email | added | lower(l.user_email)",
        "field username | left out | public.users has no column for l.user_login",
        "mapping blog.Nick \"Name\" | added | l.display_name",
        "field created_at | left out | public.users has no column for nullif(l.user_registered::text, '0000-00-00 00:00:00')::timestamp AT TIME ZONE 'UTC'",
        // The id is generated.
        "field legacy_id | left out | public.users has no column for l.\"ID\"",
        "field website | left out | public.users has no column for nullif(l.user_url, '')",
        "rule blog.active | added | reject unless l.user_status = 0",
    ];
    assert_eq!(told[..expected.len()], expected, "{told:#?}");
    assert_eq!(told.len(), expected.len() + 1, "{told:#?}");
    assert!(told[expected.len()].starts_with("preset wordpress | note | "), "{told:#?}");

    db.sql("DELETE FROM ferry.source; ALTER TABLE users ADD tenant integer NOT NULL");
    let told = use_preset(&db, "wordpress");
    let to_do =
        "column tenant | to do | it takes no null, has no default, and nothing fills it: give it a mapping";
    assert!(told.iter().any(|line| line == to_do), "{told:#?}");

    // WordPress has names in any case, and takes them so.
    let db = blog("\"Login\" text");
    for (login_columns, is_told) in [("email,\"Login\"", true), ("email,lower(u.\"Login\")", false)] {
        db.sql(&format!(
            "DELETE FROM ferry.source; UPDATE ferry.target SET login_columns = string_to_array('{login_columns}', ',')"
        ));
        let told = use_preset(&db, "wordpress");
        let to_do = told.iter().find(|line| line.starts_with("target default | to do | "));
        assert_eq!(to_do.is_some(), is_told, "{told:#?}");
        assert!(to_do.is_none_or(|line| line.contains("lower(u.\"Login\")")), "{to_do:?}");
    }
}

#[test]
fn columns_are_found_by_their_usual_names_and_cast_where_they_must_be() {
    need_extension!("pg_ferry");
    let db = blog(
        "\"createdOn\" date, login_name varchar(60), homepage name, \"E_Mail_Address\" text, old_id text, nick_name integer",
    );
    use_preset(&db, "wordpress");
    assert_eq!(
        mappings(&db),
        [
            "createdOn = nullif(l.user_registered::text, '0000-00-00 00:00:00')::timestamp AT TIME ZONE 'UTC'",
            // The column of the field's own name goes before its synonyms.
            "email = lower(l.user_email)",
            "homepage = nullif(l.user_url, '')",
            "login_name = l.user_login",
            // A cast that PostgreSQL makes only when asked; whether each value can be cast is seen at the login.
            "nick_name = (l.display_name)::integer",
            "old_id = l.\"ID\"",
        ]
    );
    let db = blog("legacy_id uuid");
    let told = use_preset(&db, "wordpress");
    let misfit =
        "field legacy_id | left out | column \"legacy_id\" is of type uuid but expression is of type bigint";
    assert!(told.iter().any(|line| line == misfit), "{told:#?}");
}

#[test]
fn legacy_ids_are_kept_where_nothing_else_gives_ids() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    db.sql("ALTER TABLE users ALTER id DROP IDENTITY");
    use_preset(&db, "wordpress");
    assert!(mappings(&db).contains(&"id = l.\"ID\"".to_owned()), "{:#?}", mappings(&db));
}

#[test]
fn a_relation_that_lacks_a_column_is_refused_with_what_the_preset_wants() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    let mut client = db.client();
    let other = "SELECT ferry.use_preset('wordpress', 'blog', 'legacy.wp_usermeta')";
    assert_eq!(
        refusal(&mut client, other),
        Refusal {
            state: "42703".into(),
            message: "source blog, key_column: column \"ID\" of legacy.wp_usermeta does not exist".into(),
            hint: "Preset wordpress wants the table wp_users (with the prefix of your installation) as relation.".into(),
        }
    );
    copy_preset(
        &db,
        "mappings = mappings || '{\"phone\": \"l.nix\"}', view_sql = 'CREATE VIEW legacy.people AS SELECT 1'",
    );
    db.sql("ALTER TABLE users ADD phone text");
    let refused = refusal(&mut client, "SELECT ferry.use_preset('own', 'blog', 'legacy.wp_users')");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("42703", "mapping blog.phone: column l.nix does not exist")
    );
    let hint = "SELECT view_sql FROM ferry.preset WHERE name = 'own'";
    assert!(refused.hint.contains(hint), "{}", refused.hint);
    assert_eq!(
        db.one::<String>(&hint.replace("view_sql", "view_sql::text"), &[]),
        "CREATE VIEW legacy.people AS SELECT 1"
    );
    // All or nothing.
    assert_eq!((db.count("ferry.source"), db.count("ferry.mapping"), db.count("ferry.rule")), (0, 0, 0));
}

#[test]
fn what_is_unknown_or_there_already_is_refused_by_name() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    let mut client = db.client();
    let refused = refusal(&mut client, "SELECT ferry.use_preset('WordPres', 'blog', 'legacy.wp_users')");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("42704", "there is no preset \"WordPres\"")
    );
    assert!(refused.hint.starts_with("Near to it are: wordpress"), "{}", refused.hint);
    let refused =
        refusal(&mut client, "SELECT ferry.use_preset('wordpress', 'blog', 'legacy.wp_users', 'nix')");
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("42704", "there is no target \"nix\""));
    let refused = refusal(&mut client, "SELECT ferry.use_preset('wordpress', 'blog', 'legacy.nix')");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("42P01", "source blog: relation \"legacy.nix\" does not exist")
    );
    use_preset(&db, "wordpress");
    let refused = refusal(&mut client, "SELECT ferry.use_preset('wordpress', 'blog', 'legacy.wp_users')");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("42710", "there is a source \"blog\" already")
    );
    // The majors differ in what they say of a text that is no name.
    for (arguments, message) in [
        ("NULL, 'b', 'legacy.wp_users'", "there is no preset \"\""),
        ("'wordpress', NULL, 'legacy.wp_users'", "source, name: it is empty"),
        (
            "'wordpress', 'b', NULL",
            "source b: kind relation needs relation, and no server, query and row_type",
        ),
        ("'wordpress', 'b', 'wp users'", "source b"),
        ("'wordpress', 'b', 'a.b.c.d'", "source b"),
    ] {
        let refused = refusal(&mut client, &format!("SELECT ferry.use_preset({arguments})"));
        assert!(refused.message.starts_with(message) && !refused.hint.is_empty(), "{refused:?}");
    }
}

#[test]
fn the_relation_is_named_under_the_callers_search_path() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    db.sql("SET search_path = legacy, public; SELECT ferry.use_preset('wordpress', 'blog', 'wp_users')");
    assert_eq!(db.one::<String>("SELECT relation FROM ferry.source", &[]), "legacy.wp_users");
}

#[test]
fn a_rule_about_the_next_password_only_warns_where_nobody_can_be_made_to_change_it() {
    need_extension!("pg_ferry");
    let db = blog("username text, must_change boolean");
    copy_preset(
        &db,
        r#"rules = '[{"name": "long", "expression": "p.length > 99", "severity": "must_change", "message": "Longer."}]'"#,
    );
    let severity = "SELECT severity || ': ' || message FROM ferry.rule";
    use_preset(&db, "own");
    assert_eq!(db.one::<String>(severity, &[]), "warn: Longer.");
    db.sql("DELETE FROM ferry.source; UPDATE ferry.target SET must_change = 'must_change'");
    use_preset(&db, "own");
    assert_eq!(db.one::<String>(severity, &[]), "must_change: Longer.");
}

#[test]
fn shipped_presets_keep_as_they_are_and_ones_own_are_checked() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    let mut client = db.client();
    for (statement, state) in [
        ("UPDATE ferry.preset SET title = 'x' WHERE name = 'wordpress'", "55000"),
        ("DELETE FROM ferry.preset WHERE name = 'wordpress'", "55000"),
        ("TRUNCATE ferry.preset", "55000"),
        (
            "INSERT INTO ferry.preset (name, title, relation, source, shipped) VALUES ('x', 'x', 'x', '{}', true)",
            "55000",
        ),
        (
            "INSERT INTO ferry.preset (name, title, relation, source) VALUES ('x', 'x', 'x', '{\"relation\": \"x\"}')",
            "42703",
        ),
        (
            "INSERT INTO ferry.preset (name, title, relation, source) VALUES ('x', 'x', 'x', '{\"keys\": \"x\"}')",
            "42703",
        ),
        (
            "INSERT INTO ferry.preset (name, title, relation, source, rules) VALUES ('x', 'x', 'x', '{}', '[{\"rule\": \"x\"}]')",
            "42703",
        ),
        ("INSERT INTO ferry.preset (name, title, relation, source) VALUES ('X', 'x', 'x', '{}')", "22023"),
        ("INSERT INTO ferry.preset (name, title, relation, source) VALUES ('x', 'x', 'x', '[]')", "22023"),
        (
            "INSERT INTO ferry.preset (name, title, relation, source) VALUES ('x', 'x', 'x', '{\"priority\": \"x\"}')",
            "22P02",
        ),
        (
            "INSERT INTO ferry.preset (name, title, relation, source, mappings) VALUES ('x', 'x', 'x', '{}', '{\"email\": null}')",
            "22023",
        ),
        (
            "INSERT INTO ferry.preset (name, title, relation, source, rules) VALUES ('x', 'x', 'x', '{}', '[[{}]]')",
            "22023",
        ),
    ] {
        let refused = refusal(&mut client, statement);
        assert_eq!(refused.state, state, "{statement}");
        assert!(!refused.hint.is_empty(), "{refused:?}");
    }
    // A dump comes back as it was.
    client
        .batch_execute(
            "BEGIN; SET LOCAL check_function_bodies = off;
             INSERT INTO ferry.preset (name, title, relation, source) VALUES ('x', 'x', 'x', '{}'); ROLLBACK",
        )
        .unwrap();
    copy_preset(&db, "title = 'Our own WordPress', mappings = '{\"email\": \"l.user_email\"}'");
    use_preset(&db, "own");
    assert_eq!(mappings(&db), ["email = l.user_email"]);
}

#[test]
fn ones_own_presets_are_dumped_and_the_shipped_ones_are_there_anyway() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    copy_preset(&db, "title = 'Our own'");
    let dump = db.dump(&[]);
    assert!(!dump.contains("codex.wordpress.org"), "a shipped preset is in the dump");
    let copy = Db::empty_on(target());
    let restored = copy.psql(&dump);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let all = "SELECT string_agg(p::text, E'\\n' ORDER BY name) FROM ferry.preset p";
    assert_eq!(copy.one::<String>(all, &[]), db.one::<String>(all, &[]));
}

#[test]
fn an_administrator_who_is_a_member_of_the_owner_may_use_presets() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    let admin = db.role("admin");
    db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    db.sql(&format!("GRANT USAGE ON SCHEMA legacy TO {admin}"));
    let mut client = db.client_as(&admin);
    let statement = "SELECT ferry.use_preset('wordpress', 'blog', 'legacy.wp_users')";
    assert_eq!(refusal(&mut client, statement).state, "42501");
    db.sql(&format!("GRANT {} TO {admin}", db.owner()));
    client.batch_execute(statement).unwrap();
    let mut app = db.client_as(&db.app());
    assert_eq!(refusal(&mut app, statement).state, "42501");
}

#[test]
fn wordpress_hashes_what_its_forms_send() {
    need_extension!("pg_ferry");
    let db = blog("username text");
    use_preset(&db, "wordpress");
    // wp_magic_quotes puts a backslash before each quote, and wp_hash_password trims.
    db.sql(
        r#"UPDATE legacy.wp_users SET user_pass = md5($$it\'s \"mine\"$$) WHERE user_login = 'old_timer'"#,
    );
    let mut app = db.client_as(&db.app());
    let moved = login(&mut app, "old.timer@blog.example", r#" it's "mine" "#);
    assert_eq!(moved.outcome, "migrated", "{}", why(&db));
}

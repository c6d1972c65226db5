//! What a DBA does with one person: move them now, put them back, forget them.

use crate::setup::{Answer, Site, login};
use crate::setup_config::Refusal;
use ferry_tests::{need_extension, sqlstate};
use serde_json::{Value, json};

/// The user id and outcome of one of the functions, called by an admin.
#[track_caller]
fn call(site: &Site, function: &str, login: &str) -> (Option<String>, String) {
    let row = site.db.rows(&format!("SELECT user_id, outcome FROM ferry.{function}($1)"), &[&login]);
    assert_eq!(row.len(), 1);
    (row[0].get(0), row[0].get(1))
}

fn detail_of_unmigrate(site: &Site, login: &str) -> Value {
    site.db.one("SELECT detail FROM ferry.unmigrate_login($1)", &[&login])
}

#[test]
fn who_is_moved_by_an_admin_keeps_the_legacy_password() {
    let site = Site::shop();
    let mut app = site.app();
    let (id, outcome) = call(&site, "migrate_login", "ann@example.com");
    assert_eq!(outcome, "migrated");
    assert_eq!(site.links()[0].via, "admin");
    assert_eq!(site.last_event().kind, "migrate_login");
    assert_eq!(call(&site, "migrate_login", "ann@example.com"), (id.clone(), "ok".into()));
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!(first, Answer::welcomed("ok", &id.unwrap()));
    // Now the password is here.
    site.db.sql("DROP TABLE legacy.customers");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(call(&site, "migrate_login", "nobody@example.com").1, "unavailable");
}

#[test]
fn nobody_is_moved_for_a_login_that_nobody_has() {
    let site = Site::shop();
    for function in ["migrate_login", "unmigrate_login", "forget_login"] {
        assert_eq!(call(&site, function, "nobody@example.com"), (None, "invalid".into()), "{function}");
    }
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn a_move_that_is_taken_back_leaves_no_trace_but_the_events() {
    let site = Site::shop();
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    let detail = detail_of_unmigrate(&site, "ann@example.com");
    assert_eq!(detail, json!({"source": "shop", "legacy_key": "1", "user": "deleted"}));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    let event = site.last_event();
    assert_eq!(
        (event.kind.as_str(), event.outcome.as_str(), event.reason.as_deref()),
        ("unmigrate_login", "ok", Some("put_back"))
    );
    // And may be moved again.
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_password_that_was_changed_since_is_told() {
    let site = Site::shop();
    let mut web = site.web();
    let set = "SELECT outcome FROM ferry.set_password('ann@example.com', 'a new secret')";
    let outcome: String = web.query_one(set, &[]).unwrap().get(0);
    assert_eq!(outcome, "migrated");
    assert_eq!(detail_of_unmigrate(&site, "ann@example.com")["password_changed_since"], json!(true));
    assert_eq!(login(&mut web, "ann@example.com", "a new secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn who_was_adopted_gets_back_what_was_overwritten() {
    let site = Site::shop();
    site.configure("target", "adopt = 'locked', must_change = 'must_change'");
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.db.sql("INSERT INTO users (email, name) VALUES ('ann@example.com', 'Anna Before')");
    let id = site.user("ann@example.com", "id").unwrap();
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::welcomed("migrated", &id));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    // What was demanded later is part of it; and a source need not be there for it.
    site.db.sql("UPDATE users SET must_change = true; SELECT ferry.retire_source('shop', force => true)");
    let detail = detail_of_unmigrate(&site, "ann@example.com");
    assert_eq!(detail, json!({"source": "shop", "legacy_key": "1", "user": "restored"}));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Anna Before"));
    assert_eq!(site.user("ann@example.com", "must_change").as_deref(), Some("false"));
    assert_eq!((site.counts().0, site.counts().1), (1, 0));
}

#[test]
fn values_of_every_type_are_put_back_as_they_were() {
    need_extension!("hstore");
    let site = known_here(None);
    site.db.sql("CREATE EXTENSION hstore");
    site.as_owner("CREATE TYPE pair AS (x integer, y text); CREATE DOMAIN few AS varchar(3) NOT NULL");
    // What is here, and what the legacy system would have there.
    for (column, here, legacy) in [
        ("j jsonb NOT NULL", "'null'", "jsonb '1'"),
        ("t json", r#"'{"b":1, "a":2,"b":3}'"#, "json '{}'"),
        ("h hstore", r#"'a=>1, b=>NULL'"#, "hstore 'a=>2'"),
        ("a integer[]", "'[0:1]={1,2}'", "'{3}'::integer[]"),
        ("c char(4)", "'ab'", "'cd'"),
        ("s varchar(5)", "'ab '", "'cd'"),
        ("e text", "''", "'x'"),
        ("n text", "NULL", "'x'"),
        ("p pair", "ROW(1, NULL)", "ROW(2, 'y')::pair"),
        ("d few", "'abc'", "'d'"),
        ("f double precision", "0.1::float8 + 0.2", "1"),
        ("m timestamptz", "'2020-01-02 03:04:05.678901+07'", "now()"),
        ("i interval", "'1 month -2 days'", "'1 day'::interval"),
        ("b bytea", r"'\x00ff'", r"'\x01'::bytea"),
        ("o bit(3)", "B'101'", "B'010'"),
        ("q numeric(6,2)", "12.30", "1"),
        (r#""Odd ' name" boolean"#, "true", "false"),
    ] {
        site.as_owner(&format!("ALTER TABLE users ADD {column} DEFAULT {here}"));
        let name = if column.starts_with('"') { "Odd ' name" } else { &column[..1] };
        site.map("shop", name, legacy);
    }
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column NOT IN ('email', 'name')");
    site.configure("target", "adopt = 'locked'");
    let row = || site.user("ann@example.com", "ROW(users.*)").unwrap();
    let before = row();
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_ne!(row(), before);
    let mut admin = site.db.client();
    admin
        .batch_execute("SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = -15; SET bytea_output = 'escape'")
        .unwrap();
    let detail: Value =
        admin.query_one("SELECT detail FROM ferry.unmigrate_login('ann@example.com')", &[]).unwrap().get(0);
    assert_eq!(detail, json!({"source": "shop", "legacy_key": "1", "user": "restored"}));
    assert_eq!(row(), before);
}

#[test]
fn what_has_become_too_long_for_its_column_is_not_cut() {
    let site = known_here(None);
    site.configure("target", "adopt = 'locked'");
    site.configure("mapping", "on_conflict = 'overwrite'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.as_owner("UPDATE users SET name = 'A'; ALTER TABLE users ALTER name TYPE varchar(3)");
    let error = site.db.try_sql("SELECT ferry.unmigrate_login('ann@example.com')").unwrap_err();
    assert_eq!((sqlstate(&error), site.counts().1), ("22001", 1));
}

/// Ann is in the shop, and user 42 here.
fn known_here(hash: Option<&str>) -> Site {
    let site = Site::shop();
    let insert =
        "INSERT INTO users (id, email, name, password_hash) VALUES (42, 'ann@example.com', 'Anna', $1)";
    site.db.rows(insert, &[&hash]);
    site
}

#[test]
fn who_was_adopted_without_a_password_has_none_again() {
    for hash in [None, Some("!"), Some("!$2y$10$of somebody who was locked out")] {
        let site = known_here(hash);
        site.configure("target", "adopt = 'locked', must_change = 'must_change'");
        site.configure("mapping", "refresh = true WHERE target_column = 'name'");
        site.db.sql("INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'old', 'false', 'must_change')");
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
        assert!(login(&mut app, "ann@example.com", "ann's secret").must_change);
        // What later logins have refreshed is part of it.
        assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
        let held: String = site.db.one("SELECT replaced::text FROM ferry.link", &[]);
        assert!(!held.contains('$'), "{held}");
        assert!(detail_of_unmigrate(&site, "ann@example.com").get("not_restored").is_none());
        let row: String = site.db.one("SELECT concat_ws('|', name, must_change) FROM users", &[]);
        assert_eq!(row, "Anna|f");
        let locked = site.user("ann@example.com", "password_hash");
        assert_eq!(
            (locked.is_some(), locked.is_none_or(|hash| hash.starts_with('!'))),
            (hash.is_some(), true)
        );
        // The legacy system decides again.
        assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
        site.db.rows("SELECT ferry.set_password('ann@example.com', 'a new secret')", &[]);
        assert_eq!(detail_of_unmigrate(&site, "ann@example.com")["password_changed_since"], json!(true));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    }
}

#[test]
fn what_could_not_be_put_back_is_told() {
    let site = known_here(None);
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    site.as_owner(
        "CREATE DOMAIN city AS text NOT NULL;
         ALTER TABLE users ADD note text DEFAULT 'mine', ADD city city DEFAULT 'Ulm'",
    );
    site.map("shop", "note", "'theirs'");
    site.configure("mapping", "on_conflict = 'overwrite'");
    site.configure("target", "adopt = 'any'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.sql("DELETE FROM ferry.mapping WHERE target_column = 'note'");
    site.as_owner("ALTER TABLE users DROP note");
    let detail = detail_of_unmigrate(&site, "ann@example.com");
    assert_eq!(detail["not_restored"], json!(["password_hash", "note"]));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Anna"));
    // A password that was set since does not bring back what the move has overwritten.
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.rows("SELECT ferry.set_password('ann@example.com', 'a new secret')", &[]);
    assert_eq!(detail_of_unmigrate(&site, "ann@example.com")["not_restored"], json!(["password_hash"]));
}

#[test]
fn who_kept_the_password_of_before_has_lost_nothing() {
    let site = known_here(None);
    let hash = site.hash("set here");
    site.db.rows("UPDATE users SET password_hash = $1", &[&hash]);
    site.configure("target", "adopt = 'any', verified = 'true'");
    site.configure("source", "verified = 'true'");
    site.db.sql("CALL ferry.import('shop')");
    assert_eq!(site.links()[0].via, "adopt");
    let detail = detail_of_unmigrate(&site, "ann@example.com");
    assert_eq!(detail, json!({"source": "shop", "legacy_key": "1", "user": "restored"}));
    assert_eq!(site.user("ann@example.com", "password_hash"), Some(hash));
}

#[test]
fn what_a_trigger_keeps_is_not_taken_for_put_back() {
    for (is_adopted, event) in [(false, "DELETE"), (true, "UPDATE")] {
        let site = if is_adopted { known_here(None) } else { Site::shop() };
        site.configure("target", "adopt = 'locked'");
        assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
        site.as_owner(&format!(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER keep BEFORE {event} ON users FOR EACH ROW EXECUTE FUNCTION keep()"
        ));
        let error = site.db.try_sql("SELECT ferry.unmigrate_login('ann@example.com')").unwrap_err();
        let refusal = Refusal::of(&error);
        assert_eq!(refusal.state, "55000");
        assert!(refusal.message.ends_with(&format!("public.users has swallowed the {event}")), "{refusal:?}");
        assert_eq!((site.counts().0, site.counts().1), (1, 1));
    }
}

#[test]
fn who_is_not_allowed_in_is_put_back_all_the_same() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.sql("UPDATE users SET active = false");
    assert_eq!(detail_of_unmigrate(&site, "ann@example.com")["user"], json!("deleted"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn nobody_is_deleted_who_could_not_be_moved_again() {
    let site = Site::shop();
    site.add_customer("customers", "bob@example.com", "bob's secret");
    site.configure("target", "allowed = 'u.active'");
    site.configure("source", r#"deactivate = '{"active": "false"}'"#);
    site.map("shop", "active", "l.active");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'active'");
    site.db.sql("CALL ferry.import('shop')");
    site.db.sql("UPDATE legacy.customers SET id = -id WHERE email = 'ann@example.com'");
    site.db.sql("CALL ferry.import('shop', 'deactivate')");
    let unmigrate = "SELECT ferry.unmigrate_login('ann@example.com')";
    let refused = |message: &str| {
        let refusal = Refusal::of(&site.db.try_sql(unmigrate).unwrap_err());
        let id = site.user("ann@example.com", "id").unwrap();
        let lost = format!("user {id} came from there, and they could not be moved again: {message}");
        assert_eq!((refusal.state.as_str(), refusal.message), ("55000", lost));
        assert_eq!((site.counts().0, site.counts().1), (2, 2));
        refusal.hint
    };
    let hint = refused("an import has found that legacy user gone from source shop");
    assert!(hint.contains("CALL ferry.import('shop', 'update');"), "{hint}");
    site.db.sql("UPDATE legacy.customers SET id = -id WHERE email = 'ann@example.com'");
    site.db.sql("CALL ferry.import('shop', 'update')");
    site.db.sql("CREATE TABLE source AS TABLE ferry.source; CREATE TABLE mapping AS TABLE ferry.mapping; DELETE FROM ferry.source");
    let hint = refused("source shop is no longer in ferry.source");
    assert!(hint.contains("INSERT the source again"), "{hint}");
    site.db.sql(
        "INSERT INTO ferry.source SELECT * FROM source; INSERT INTO ferry.mapping SELECT * FROM mapping",
    );
    site.db.sql(unmigrate);
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn who_was_renamed_here_is_forgotten_with_all_that_they_are_tied_to() {
    let site = Site::shop();
    let id = login(&mut site.app(), "ann@example.com", "ann's secret").user_id;
    let tie = "INSERT INTO ferry.link (source, legacy_key, target, user_id, via) VALUES ('blog', '9', 'default', $1, 'adopt')";
    site.db.rows(tie, &[&id]);
    site.db.sql("UPDATE users SET email = 'anna@example.com'");
    site.configure("target", "outbox = '{forgotten}'");
    let told = || -> String {
        site.db.one("SELECT string_agg(concat_ws(' ', source, legacy_key, user_id), ', ' ORDER BY source, legacy_key) FROM ferry.take_outbox()", &[])
    };
    let whole = format!("blog 9 {0}, shop 1 {0}", id.as_deref().unwrap());
    assert_eq!(call(&site, "forget_login", "ann@example.com"), (id.clone(), "ok".into()));
    assert_eq!(site.last_event().user_id, id);
    assert_eq!(site.db.count("ferry.link WHERE tombstone"), 2);
    assert_eq!(told(), whole);
    // With somebody else who has the login now: each is told of as who they are.
    site.db.sql(
        "INSERT INTO users (id, email) VALUES (77, 'ann@example.com');
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via) VALUES ('blog', '77', 'default', '77', 'login')",
    );
    assert_eq!(call(&site, "forget_login", "ann@example.com"), (Some("77".into()), "ok".into()));
    assert_eq!(told(), format!("blog 77 77, {whole}"));
    let events = "SELECT count(*) FROM ferry.event WHERE kind = 'forget_login' AND user_id = $1";
    assert_eq!((site.db.one::<i64>(events, &[&"77"]), site.db.one::<i64>(events, &[&id])), (1, 2));
    // Once the application has deleted them there is nobody to be told of.
    site.db.sql("DELETE FROM users");
    assert_eq!(call(&site, "forget_login", "ann@example.com"), (None, "ok".into()));
    assert_eq!(told(), "shop 1");
}

#[test]
fn what_refers_to_the_user_stops_it() {
    let site = Site::shop();
    site.as_owner("CREATE TABLE purchases (user_id bigint NOT NULL REFERENCES users)");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.sql("INSERT INTO purchases SELECT id FROM users");
    let error = site.db.try_sql("SELECT ferry.unmigrate_login('ann@example.com')").unwrap_err();
    assert_eq!(sqlstate(&error), "23503");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn who_was_not_moved_cannot_be_put_back() {
    let site = Site::shop();
    assert_eq!(call(&site, "unmigrate_login", "ann@example.com"), (None, "invalid".into()));
    assert_eq!(site.why(), "invalid/not_moved");
    site.db.sql("INSERT INTO users (email, name) VALUES ('eve@example.com', 'Eve')");
    assert_eq!(call(&site, "unmigrate_login", "eve@example.com"), (None, "invalid".into()));
    assert_eq!(site.counts().0, 1);
}

#[test]
fn the_forgotten_do_not_come_back() {
    let site = Site::shop();
    let mut app = site.app();
    // Before they were moved …
    assert_eq!(call(&site, "forget_login", "ann@example.com"), (None, "ok".into()));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/forgotten");
    assert_eq!(site.counts().0, 0);
    // … and after.
    site.add_customer("customers", "bob@example.com", "bob's secret");
    let bob = login(&mut app, "bob@example.com", "bob's secret");
    assert_eq!(call(&site, "forget_login", "bob@example.com"), (bob.user_id, "ok".into()));
    site.db.sql("DELETE FROM users");
    assert_eq!(login(&mut app, "bob@example.com", "bob's secret"), Answer::refused("invalid"));
    // Under another login neither.
    site.db.sql("UPDATE legacy.customers SET email = 'robert@example.com' WHERE email = 'bob@example.com'");
    assert_eq!(login(&mut app, "robert@example.com", "bob's secret"), Answer::refused("invalid"));
    assert_eq!(call(&site, "migrate_login", "robert@example.com").1, "invalid");
}

/// A scope says who is asked about at a login, and may be widened one day.
#[test]
fn the_forgotten_are_forgotten_out_of_scope_too() {
    let site = Site::shop();
    site.configure_source("shop", "scope = $$login LIKE '%@shop.example'$$");
    assert_eq!(call(&site, "migrate_login", "ann@example.com").1, "invalid");
    assert_eq!(call(&site, "forget_login", "ann@example.com").1, "ok");
    site.configure_source("shop", "scope = NULL");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/forgotten");
}

#[test]
fn nobody_is_half_forgotten() {
    let site = Site::shop();
    site.add_local_source("forum", "members");
    site.add_customer("members", "ann@example.com", "ann's secret");
    site.db.sql(
        "INSERT INTO users (id, email) VALUES (42, 'anna@example.com');
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via) VALUES ('shop', '1', 'default', '42', 'login')",
    );
    site.configure("target", "allowed = '1 / (u.id - 42) < 5'");
    assert_eq!(call(&site, "forget_login", "ann@example.com").1, "failed");
    assert_eq!(site.why(), "failed/target_lookup");
    assert_eq!(site.db.count("ferry.link WHERE tombstone"), 0);
    site.db.sql("DELETE FROM ferry.link; DROP TABLE legacy.members");
    assert_eq!(call(&site, "forget_login", "ann@example.com").1, "unavailable");
    assert_eq!(site.counts().1, 0);
}

#[test]
fn where_nothing_can_be_written_it_says_so() {
    let site = Site::shop();
    for function in ["unmigrate_login", "forget_login"] {
        let statement = format!("BEGIN READ ONLY; SELECT ferry.{function}('ann@example.com')");
        let error = site.db.try_sql(&statement).unwrap_err();
        assert_eq!(sqlstate(&error), "55000", "{function}");
        site.db.sql("ROLLBACK");
    }
}

//! What mappings do to a user who already exists: at adoption, and at later logins.

use crate::setup::{Answer, Site, login};
use crate::setup_config::Refusal;
use serde_json::{Value, json};

/// Ann is in the shop, and here as user 42, locked; both sides have settings and a time of change.
fn site() -> Site {
    let site = Site::shop();
    site.as_owner(
        r#"ALTER TABLE users ADD settings jsonb, ADD city text, ADD updated_at timestamptz;
           ALTER TABLE legacy.customers ADD settings jsonb, ADD city text, ADD updated timestamp;
           UPDATE legacy.customers SET settings = '{"theme": "dark", "lang": "de"}', city = 'Ulm', updated = '2024-05-01';
           INSERT INTO users (id, email, name, password_hash, settings, city, updated_at)
           VALUES (42, 'ann@example.com', 'Ann Here', '!', '{"theme": "light", "beta": true}', 'Bonn', '2024-01-01 00:00Z')"#,
    );
    site.configure("target", "adopt = 'locked', changed_at = 'u.updated_at'");
    site.configure("source", "changed_at = 'l.updated'");
    site
}

fn map(site: &Site, column: &str, expression: &str, on_conflict: &str, refresh: bool) {
    let sql = "INSERT INTO ferry.mapping (source, target_column, expression, on_conflict, refresh) \
               VALUES ('shop', $1, $2, $3, $4) RETURNING ''";
    let _: String = site.db.one(sql, &[&column, &expression, &on_conflict, &refresh]);
}

fn settings(site: &Site) -> Value {
    site.db.one("SELECT settings FROM users WHERE id = 42", &[])
}

fn adopt(site: &Site) {
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::welcomed("migrated", "42"));
}

#[test]
fn merging_adds_the_keys_that_are_missing() {
    let site = site();
    map(&site, "settings", "l.settings", "merge", false);
    adopt(&site);
    assert_eq!(settings(&site), json!({"theme": "light", "beta": true, "lang": "de"}));
}

#[test]
fn merging_with_nothing_or_with_no_object_only_fills() {
    for (here, there, merged) in [
        ("NULL", r#"'{"a": 1}'"#, json!({"a": 1})),
        (r#"'{"a": 1}'"#, "NULL", json!({"a": 1})),
        ("'[1]'", r#"'{"a": 1}'"#, json!([1])),
        ("NULL", "'[2]'", json!([2])),
    ] {
        let site = site();
        site.as_owner(&format!(
            "UPDATE users SET settings = {here}; UPDATE legacy.customers SET settings = {there}"
        ));
        map(&site, "settings", "l.settings", "merge", false);
        adopt(&site);
        assert_eq!(settings(&site), merged, "{here} and {there}");
    }
}

#[test]
fn the_newer_of_two_values_wins() {
    for (here, there, city) in [
        ("'2024-01-01 00:00Z'", "'2024-05-01'", "Ulm"),
        ("'2024-06-01 00:00Z'", "'2024-05-01'", "Bonn"),
        ("NULL", "'2024-05-01'", "Ulm"),
        ("'2024-01-01 00:00Z'", "NULL", "Bonn"),
        ("NULL", "NULL", "Bonn"),
    ] {
        let site = site();
        site.as_owner(&format!(
            "UPDATE users SET updated_at = {here}; UPDATE legacy.customers SET updated = {there}"
        ));
        map(&site, "city", "l.city", "newer", false);
        adopt(&site);
        assert_eq!(site.user("ann@example.com", "city").as_deref(), Some(city), "{here} and {there}");
    }
}

#[test]
fn the_explanation_of_an_adoption_shows_what_would_be_there() {
    let site = site();
    map(&site, "settings", "l.settings", "merge", false);
    map(&site, "city", "l.city", "newer", false);
    let detail: Value =
        site.db.one("SELECT detail FROM ferry.explain_login('ann@example.com') WHERE action = 'write'", &[]);
    assert_eq!(detail["city"], json!("Ulm"));
    let merged: Value = serde_json::from_str(detail["settings"].as_str().unwrap()).unwrap();
    assert_eq!(merged, json!({"theme": "light", "beta": true, "lang": "de"}));
    assert_eq!(settings(&site), json!({"theme": "light", "beta": true}));
}

#[test]
fn what_was_merged_is_put_back() {
    let site = site();
    map(&site, "settings", "l.settings", "merge", false);
    map(&site, "city", "l.city", "newer", false);
    adopt(&site);
    let outcome: String = site.db.one("SELECT outcome FROM ferry.unmigrate_login('ann@example.com')", &[]);
    assert_eq!(outcome, "ok");
    assert_eq!(settings(&site), json!({"theme": "light", "beta": true}));
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Bonn"));
}

#[test]
fn a_conflict_rule_that_cannot_work_is_refused() {
    let site = site();
    let refused = |sql: &str, state: &str, message: &str| {
        let refusal = match site.db.try_sql(sql) {
            Ok(()) => panic!("not refused: {sql}"),
            Err(error) => Refusal::of(&error),
        };
        assert_eq!(refusal.state, state, "{sql}: {}", refusal.message);
        assert!(refusal.message.contains(message), "{sql}: {}", refusal.message);
        assert!(!refusal.hint.is_empty(), "{sql}: {} has no hint", refusal.message);
    };
    let insert = "INSERT INTO ferry.mapping (source, target_column, expression, on_conflict) VALUES";
    refused(
        &format!("{insert} ('shop', 'city', 'l.city', 'merge')"),
        "42804",
        "mapping shop.city, on_conflict: column \"city\" is of type text",
    );
    site.configure("source", "changed_at = NULL");
    refused(
        &format!("{insert} ('shop', 'city', 'l.city', 'newer')"),
        "22023",
        "mapping shop.city, on_conflict: source shop",
    );
    site.configure("source", "changed_at = 'l.updated'");
    map(&site, "city", "l.city", "newer", false);
    refused(
        "UPDATE ferry.target SET changed_at = NULL",
        "22023",
        "mapping shop.city, on_conflict: target default",
    );
    refused("UPDATE ferry.source SET changed_at = 'l.city'", "42804", "source shop, changed_at");
    refused(
        "INSERT INTO ferry.mapping (source, target_column, expression, refresh) VALUES ('shop', 'id', 'l.id', true)",
        "22023",
        "mapping shop.id, refresh",
    );
}

#[test]
fn names_alone_mean_the_row_that_the_expression_is_about() {
    let site = site();
    // Both tables have all of these columns, and only `l` says whose an expression means.
    site.as_owner(
        "ALTER TABLE legacy.customers RENAME updated TO updated_at; UPDATE users SET settings = NULL",
    );
    site.configure("source", "changed_at = 'updated_at'");
    site.configure("target", "changed_at = 'updated_at', allowed = 'active'");
    map(&site, "city", "city", "newer", true);
    map(&site, "settings", "settings", "fill", true);
    map(&site, "updated_at", "updated_at", "keep", false);
    let write: Value =
        site.db.one("SELECT detail FROM ferry.explain_login('ann@example.com') WHERE action = 'write'", &[]);
    assert_eq!(write["city"], json!("Ulm"));
    adopt(&site);
    assert_eq!(settings(&site), json!({"theme": "dark", "lang": "de"}));
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Ulm"));
    site.as_owner("UPDATE legacy.customers SET city = 'Trier', active = false");
    assert_eq!(log_in(&site).as_deref(), Some("Trier"));
    site.as_owner("UPDATE legacy.customers SET city = 'Jena'");
    site.db.sql("CALL ferry.import('shop', operation => 'update')");
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Jena"));
    // The same where a hook sees what will be written.
    site.as_owner(
        "UPDATE users SET password_hash = NULL, city = 'Bonn';
         CREATE FUNCTION look(u users) RETURNS users LANGUAGE sql AS 'SELECT u'",
    );
    site.db.sql(
        "DELETE FROM ferry.link; INSERT INTO ferry.hook (name, point, function) VALUES ('look', 'before_write', 'look')",
    );
    adopt(&site);
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Jena"));
}

#[test]
fn an_import_that_updates_leaves_ids_alone() {
    let site = site();
    site.as_owner("UPDATE users SET updated_at = '2024-06-01 00:00Z'");
    site.as_owner("CREATE SEQUENCE numbers");
    // What is kept is not even computed.
    map(&site, "must_change", "nextval('numbers') < 0", "keep", false);
    map(&site, "id", "l.id", "newer", false);
    map(&site, "city", "l.city", "overwrite", false);
    adopt(&site);
    site.as_owner("UPDATE users SET updated_at = NULL, city = NULL");
    site.db.sql("CALL ferry.import('shop', operation => 'update')");
    let user: (i64, String) =
        (site.db.one("SELECT id FROM users", &[]), site.db.one("SELECT city FROM users", &[]));
    assert_eq!((user, site.links()[0].user_id.as_deref()), ((42, "Ulm".to_string()), Some("42")));
    assert!(!site.db.one::<bool>("SELECT is_called FROM numbers", &[]));
}

/// Ann, moved; her city is refreshed.
fn refreshed(on_conflict: &str) -> Site {
    let site = site();
    site.as_owner("DELETE FROM users");
    map(&site, "city", "l.city", on_conflict, true);
    map(&site, "updated_at", "l.updated", "keep", false);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site
}

#[track_caller]
fn log_in(site: &Site) -> Option<String> {
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
    site.user("ann@example.com", "city")
}

#[test]
fn a_later_login_brings_a_column_up_to_date() {
    let site = refreshed("keep");
    site.as_owner("UPDATE legacy.customers SET city = 'Trier', first = 'Anna'");
    assert_eq!(log_in(&site).as_deref(), Some("Trier"));
    // Only what is to be refreshed.
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    assert_eq!(site.why(), "ok/refreshed");
}

#[test]
fn a_later_login_that_changes_nothing_writes_nothing() {
    let site = refreshed("keep");
    let (events, version): (i64, String) =
        (site.db.count("ferry.event"), site.db.one("SELECT xmin::text FROM users", &[]));
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    assert_eq!(site.db.count("ferry.event"), events);
    assert_eq!(site.db.one::<String>("SELECT xmin::text FROM users", &[]), version);
}

#[test]
fn a_refresh_fills_merges_or_takes_the_newer_where_the_mapping_says_so() {
    let site = refreshed("fill");
    site.as_owner("UPDATE legacy.customers SET city = 'Trier'");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    site.as_owner("UPDATE users SET city = NULL");
    assert_eq!(log_in(&site).as_deref(), Some("Trier"));

    let site = refreshed("newer");
    site.as_owner("UPDATE legacy.customers SET city = 'Trier'");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    site.as_owner("UPDATE legacy.customers SET updated = '2024-05-02'");
    assert_eq!(log_in(&site).as_deref(), Some("Trier"));
}

#[test]
fn who_is_disabled_in_the_legacy_system_is_blocked_at_the_next_login() {
    let site = refreshed("keep");
    site.configure("target", "allowed = 'u.active'");
    map(&site, "active", "l.active", "keep", true);
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    site.as_owner("UPDATE legacy.customers SET active = false");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "blocked");
    site.as_owner("UPDATE legacy.customers SET active = true");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
}

#[test]
fn a_refresh_that_fails_keeps_nobody_out() {
    let site = refreshed("keep");
    site.as_owner("ALTER TABLE users ADD CONSTRAINT known CHECK (city <> 'Atlantis'); UPDATE legacy.customers SET city = 'Atlantis'");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    assert_eq!(site.why(), "failed/write_failed");
    assert_eq!(site.last_event().detail, json!({"constraint": "known", "sqlstate": "23514"}));
    // The column is named, also where it was kept at the move.
    site.as_owner("ALTER TABLE users DROP CONSTRAINT known, ALTER city TYPE varchar(3)");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    assert_eq!(site.last_event().detail, json!({"column": "city", "sqlstate": "22001"}));
    site.as_owner("DELETE FROM legacy.customers");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
    site.as_owner("DROP TABLE legacy.customers CASCADE");
    assert_eq!(log_in(&site).as_deref(), Some("Ulm"));
}

#[test]
fn a_wrong_password_refreshes_nothing() {
    let site = refreshed("keep");
    site.as_owner("UPDATE legacy.customers SET city = 'Trier'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Ulm"));
}

#[test]
fn nothing_is_refreshed_where_nothing_can_be_written() {
    let site = refreshed("keep");
    site.as_owner("UPDATE legacy.customers SET city = 'Trier'");
    let mut app = site.app();
    app.batch_execute("SET default_transaction_read_only = on").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(site.user("ann@example.com", "city").as_deref(), Some("Ulm"));
}

/// What is kept of the columns that nothing reads.
fn kept(site: &Site) -> Value {
    site.db.one("SELECT settings FROM users", &[])
}

#[test]
fn unmapped_columns_are_kept_without_secrets() {
    let site = site();
    // A column called as the row itself is one like the others.
    site.as_owner("DELETE FROM users; ALTER TABLE legacy.customers ADD l text DEFAULT 'a column'; UPDATE legacy.customers SET salt = 'NaCl'");
    site.configure("source", "unmapped = 'settings', salt = 'l.salt'");
    map(&site, "city", "l.city", "keep", false);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    let kept = kept(&site);
    assert_eq!(
        kept,
        json!({"id": 1, "active": true, "l": "a column", "settings": {"theme": "dark", "lang": "de"}, "updated": "2024-05-01T00:00:00"})
    );
}

#[test]
fn what_is_kept_of_an_adopted_user_is_merged() {
    let site = site();
    site.configure("source", "unmapped = 'settings'");
    adopt(&site);
    let kept = kept(&site);
    assert_eq!((&kept["theme"], &kept["city"]), (&json!("light"), &json!("Ulm")));
}

#[test]
fn a_column_for_the_unmapped_is_checked() {
    let site = site();
    for (assignment, state, message) in [
        ("unmapped = 'city'", "42804", "source shop, unmapped: column \"city\" is of type text, not jsonb"),
        ("unmapped = 'nothing'", "42703", "source shop, unmapped: column \"nothing\""),
        ("unmapped = 'password_hash'", "22023", "source shop, unmapped: the hash column"),
    ] {
        let refusal = match site.db.try_sql(&format!("UPDATE ferry.source SET {assignment}")) {
            Ok(()) => panic!("not refused: {assignment}"),
            Err(error) => Refusal::of(&error),
        };
        assert_eq!(refusal.state, state, "{assignment}: {}", refusal.message);
        assert!(refusal.message.contains(message), "{assignment}: {}", refusal.message);
        assert!(!refusal.hint.is_empty(), "{assignment}");
    }
    map(&site, "settings", "l.settings", "keep", false);
    let refusal = Refusal::of(&site.db.try_sql("UPDATE ferry.source SET unmapped = 'settings'").unwrap_err());
    assert!(refusal.message.contains("has a mapping"), "{}", refusal.message);
}

/// Ann, moved with her roles, which later logins refresh.
fn with_roles(on_conflict: &str) -> Site {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE roles (user_id bigint REFERENCES users, role text, PRIMARY KEY (user_id, role));
         ALTER TABLE legacy.customers ADD roles text[] DEFAULT '{buyer,author}'",
    );
    let sql = "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns, on_conflict, refresh)
               VALUES ('shop', 'roles', 'public.roles', 'user_id', 'unnest(l.roles)', '{role}', $1, true) RETURNING ''";
    let _: String = site.db.one(sql, &[&on_conflict]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(roles(&site), "author buyer");
    site
}

fn roles(site: &Site) -> String {
    site.db.one("SELECT coalesce(string_agg(role, ' ' ORDER BY role), '') FROM roles", &[])
}

#[test]
fn a_later_login_brings_child_rows_up_to_date() {
    for (on_conflict, after) in
        [("add", "admin author buyer"), ("replace", "admin buyer"), ("keep", "author buyer")]
    {
        let site = with_roles(on_conflict);
        site.as_owner("UPDATE legacy.customers SET roles = '{buyer,admin}'");
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
        assert_eq!(roles(&site), after, "{on_conflict}");
        let rows = "SELECT string_agg(xmin::text, ' ' ORDER BY role) FROM roles";
        let (events, versions) = (site.db.count("ferry.event"), site.db.one::<String>(rows, &[]));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
        assert_eq!(
            site.db.one::<String>(rows, &[]),
            versions,
            "{on_conflict}: written although nothing differs"
        );
        assert_eq!(site.db.count("ferry.event"), events, "{on_conflict}");
    }
}

#[test]
fn child_rows_that_cannot_be_refreshed_keep_nobody_out() {
    let site = with_roles("replace");
    site.as_owner("ALTER TABLE roles ADD CONSTRAINT plain CHECK (role <> 'root'); UPDATE legacy.customers SET roles = '{root}'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!((site.why().as_str(), roles(&site).as_str()), ("failed/write_failed", "author buyer"));
    assert_eq!(
        site.last_event().detail,
        json!({"child": "roles", "constraint": "plain", "sqlstate": "23514"})
    );
}

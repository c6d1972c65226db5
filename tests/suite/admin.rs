//! What a DBA does with one person: move them now, put them back, forget them.

use crate::setup::{Answer, Site, login};
use ferry_tests::sqlstate;
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
    site.configure("target", "adopt = 'locked'");
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.db.sql("INSERT INTO users (email, name) VALUES ('ann@example.com', 'Anna Before')");
    let id = site.user("ann@example.com", "id").unwrap();
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::welcomed("migrated", &id));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    let detail = detail_of_unmigrate(&site, "ann@example.com");
    assert_eq!(detail["user"], json!("restored"));
    assert_eq!(detail["not_restored"], json!(["password_hash"]));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Anna Before"));
    assert_eq!((site.counts().0, site.counts().1), (1, 0));
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
    site.db.sql("DROP TABLE legacy.members");
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

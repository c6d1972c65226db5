//! What applications call besides a login: `set_password`, `change_password`, `prepare_reset`, `find_login`.

use crate::setup::{Answer, Site, answer, login, try_answer};
use ferry_tests::sqlstate;
use postgres::Client;
use serde_json::json;

const CHANGE: &str = "ferry.change_password($1, $2, $3)";

/// The answer of `set_password` or `prepare_reset`: user and outcome.
#[track_caller]
fn call(client: &mut Client, call: &str, parameters: &[&str]) -> (Option<String>, String) {
    match try_call(client, call, parameters) {
        Ok(answer) => answer,
        Err(error) => panic!("{call}: {error:?}"),
    }
}

fn try_call(
    client: &mut Client,
    call: &str,
    parameters: &[&str],
) -> Result<(Option<String>, String), postgres::Error> {
    let parameters: Vec<&(dyn postgres::types::ToSql + Sync)> =
        parameters.iter().map(|parameter| parameter as &(dyn postgres::types::ToSql + Sync)).collect();
    let row = client.query_one(&format!("SELECT user_id, outcome FROM ferry.{call}"), &parameters)?;
    Ok((row.get(0), row.get(1)))
}

fn set(client: &mut Client, login: &str, password: &str) -> (Option<String>, String) {
    call(client, "set_password($1, $2)", &[login, password])
}

fn prepare(client: &mut Client, login: &str) -> (Option<String>, String) {
    call(client, "prepare_reset($1)", &[login])
}

fn find(client: &mut Client, login: &str) -> String {
    client.query_one("SELECT ferry.find_login($1)", &[&login]).unwrap().get(0)
}

fn nobody(outcome: &str) -> (Option<String>, String) {
    (None, outcome.to_owned())
}

fn somebody(site: &Site, email: &str, outcome: &str) -> (Option<String>, String) {
    (site.user(email, "id"), outcome.to_owned())
}

#[test]
fn set_password_replaces_a_moved_users_password() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    assert_eq!(set(&mut web, "ANN@example.com", "a new one"), somebody(&site, "ann@example.com", "ok"));
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("set_password", "ok"));
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
}

#[test]
fn set_password_moves_a_user_who_is_still_in_the_legacy_system() {
    let site = Site::shop();
    let mut web = site.web();
    let answered = set(&mut web, "ann@example.com", "a new one");
    assert_eq!(answered, somebody(&site, "ann@example.com", "migrated"));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    assert_eq!(site.counts(), (1, 1, 1));
    assert_eq!(site.links()[0].via, "reset");
    // The legacy password is dead, also where a mismatch asks the source.
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
}

#[test]
fn set_password_of_a_login_that_nobody_has_is_invalid() {
    let site = Site::shop();
    assert_eq!(set(&mut site.web(), "nobody@example.com", "a new one"), nobody("invalid"));
    assert_eq!(site.counts(), (0, 0, 1));
    assert!(site.last_event().login.unwrap().starts_with("unknown:"));
}

#[test]
fn set_password_clears_must_change() {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    site.map("shop", "must_change", "true");
    let mut web = site.web();
    assert!(login(&mut web, "ann@example.com", "ann's secret").must_change);
    set(&mut web, "ann@example.com", "a new one");
    assert!(!login(&mut web, "ann@example.com", "a new one").must_change);
}

#[test]
fn a_password_that_cannot_be_one_is_an_error_that_says_so() {
    let site = Site::shop();
    let mut web = site.web();
    let long = "p".repeat(4_097);
    for (password, state) in [("", "22023"), (long.as_str(), "54000")] {
        let error = try_call(&mut web, "set_password($1, $2)", &["ann@example.com", password]).unwrap_err();
        assert_eq!(sqlstate(&error), state, "{error:?}");
        assert!(error.as_db_error().unwrap().hint().is_some(), "{error:?}");
        let parameters: [&(dyn postgres::types::ToSql + Sync); 3] =
            [&"ann@example.com", &"ann's secret", &password];
        let error = try_answer(&mut web, CHANGE, &parameters).unwrap_err();
        assert_eq!(sqlstate(&error), state, "{error:?}");
    }
    let error = try_call(&mut web, "set_password($1, NULL)", &["ann@example.com"]).unwrap_err();
    assert_eq!(sqlstate(&error), "22023", "{error:?}");
    let error =
        try_answer(&mut web, "ferry.change_password($1, $2, NULL)", &[&"ann@example.com", &"ann's secret"]);
    assert_eq!(sqlstate(&error.unwrap_err()), "22023");
    assert_eq!(site.counts(), (0, 0, 0));
}

#[test]
fn a_null_login_is_nobodys() {
    let site = Site::shop();
    let mut web = site.web();
    assert_eq!(call(&mut web, "set_password(NULL, $1)", &["a new one"]), nobody("invalid"));
    assert_eq!(call(&mut web, "prepare_reset(NULL)", &[]), nobody("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn set_password_that_a_trigger_swallows_is_failed() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    site.as_owner(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION swallow()",
    );
    assert_eq!(set(&mut web, "ann@example.com", "a new one").1, "failed");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn set_password_that_a_constraint_refuses_is_failed_and_changes_nothing() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    let hash = site.user("ann@example.com", "password_hash").unwrap();
    site.as_owner(&format!("ALTER TABLE users ADD CONSTRAINT frozen CHECK (password_hash = '{hash}')"));
    assert_eq!(set(&mut web, "ann@example.com", "a new one").1, "failed");
    let event = site.last_event();
    assert_eq!(event.detail, json!({"sqlstate": "23514", "constraint": "frozen"}));
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_new_password_that_the_policy_cannot_hash_whole_is_an_error_and_changes_nothing() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    let long = "longer than bcrypt looks ".repeat(4);
    let error = try_call(&mut web, "set_password($1, $2)", &["ann@example.com", &long]).unwrap_err();
    assert_eq!(sqlstate(&error), "0A000", "{error:?}");
    assert!(!format!("{error:?}").contains("longer than"), "{error:?}");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn prepare_reset_takes_the_floor_for_everybody() {
    let site = Site::shop();
    site.add_customer("customers", "ben@example.com", "ben's secret");
    login(&mut site.app(), "ann@example.com", "ann's secret");
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.failure_floor = '800ms'", site.db.name()));
    let mut web = site.web();
    for (email, outcome) in
        [("ann@example.com", "ok"), ("ben@example.com", "migrated"), ("nobody@example.com", "invalid")]
    {
        let started = std::time::Instant::now();
        assert_eq!(prepare(&mut web, email).1, outcome);
        assert!(started.elapsed().as_millis() >= 800, "{email}: {:?}", started.elapsed());
    }
}

#[test]
fn change_password_wants_the_old_one() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    let mut change = |old: &str, new: &str| answer(&mut web, CHANGE, &[&"ann@example.com", &old, &new]);
    assert_eq!(change("wrong", "a new one"), Answer::refused("invalid"));
    assert_eq!(site.last_event().kind, "change_password");
    let id = site.user("ann@example.com", "id").unwrap();
    assert_eq!(change("ann's secret", "a new one"), Answer::welcomed("ok", &id));
    assert_eq!(change("ann's secret", "another"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
}

#[test]
fn change_password_moves_a_user_who_is_still_in_the_legacy_system() {
    let site = Site::shop();
    let mut web = site.web();
    let mut change = |old: &str| answer(&mut web, CHANGE, &[&"ann@example.com", &old, &"a new one"]);
    assert_eq!(change("wrong"), Answer::refused("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    let changed = change("ann's secret");
    assert!(changed.authenticated, "{changed:?}");
    assert_eq!(changed.user_id, site.user("ann@example.com", "id"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
}

#[test]
fn change_password_clears_must_change() {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    site.map("shop", "must_change", "true");
    let mut web = site.web();
    let changed = answer(&mut web, CHANGE, &[&"ann@example.com", &"ann's secret", &"a new one"]);
    assert!(changed.authenticated && !changed.must_change, "{changed:?}");
    assert!(!login(&mut web, "ann@example.com", "a new one").must_change);
}

#[test]
fn change_password_of_a_blocked_user_changes_nothing() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    site.as_owner("UPDATE users SET active = false");
    let before = site.user("ann@example.com", "password_hash");
    let blocked = answer(&mut web, CHANGE, &[&"ann@example.com", &"ann's secret", &"a new one"]);
    assert!(!blocked.authenticated && blocked.outcome == "blocked", "{blocked:?}");
    assert_eq!(set(&mut web, "ann@example.com", "a new one").1, "blocked");
    assert_eq!(prepare(&mut web, "ann@example.com").1, "blocked");
    assert_eq!(site.user("ann@example.com", "password_hash"), before);
}

#[test]
fn prepare_reset_moves_a_user_and_the_legacy_password_stays_valid_until_one_is_set() {
    let site = Site::shop();
    let mut web = site.web();
    assert_eq!(prepare(&mut web, "ann@example.com"), somebody(&site, "ann@example.com", "migrated"));
    assert_eq!(site.counts(), (1, 1, 1));
    assert_eq!(site.last_event().kind, "prepare_reset");
    assert_eq!(prepare(&mut web, "ann@example.com"), somebody(&site, "ann@example.com", "ok"));
    assert_eq!(login(&mut web, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok", "{}", site.why());
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(set(&mut web, "ann@example.com", "a new one").1, "ok");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
}

#[test]
fn after_prepare_reset_the_first_set_password_ends_the_legacy_one() {
    let site = Site::shop();
    let mut web = site.web();
    prepare(&mut web, "ann@example.com");
    assert_eq!(set(&mut web, "ann@example.com", "a new one").1, "ok");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    prepare(&mut web, "ann@example.com");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
}

#[test]
fn what_prepare_reset_writes_is_nobodys_password() {
    let site = Site::shop();
    let mut web = site.web();
    prepare(&mut web, "ann@example.com");
    let marker = site.user("ann@example.com", "password_hash").unwrap();
    for typed in [marker.as_str(), "", "!", &marker[1..]] {
        assert_eq!(login(&mut web, "ann@example.com", typed), Answer::refused("invalid"), "{typed:?}");
    }
}

#[test]
fn prepare_reset_works_where_the_hash_may_not_be_null() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ALTER password_hash SET NOT NULL");
    assert_eq!(prepare(&mut site.web(), "ann@example.com").1, "migrated");
}

#[test]
fn prepare_reset_of_a_login_that_nobody_has_is_invalid() {
    let site = Site::shop();
    assert_eq!(prepare(&mut site.web(), "nobody@example.com"), nobody("invalid"));
    assert_eq!(site.counts(), (0, 0, 1));
}

#[test]
fn prepare_reset_of_a_moved_user_touches_nothing() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    let before = site.user("ann@example.com", "ctid::text || users");
    assert_eq!(prepare(&mut web, "ann@example.com"), somebody(&site, "ann@example.com", "ok"));
    assert_eq!(site.user("ann@example.com", "ctid::text || users"), before);
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn two_people_under_one_login_get_no_reset() {
    let site = Site::shop();
    site.add_customer("customers", "ann@example.com", "another");
    let mut web = site.web();
    assert_eq!(prepare(&mut web, "ann@example.com"), nobody("invalid"));
    assert_eq!(set(&mut web, "ann@example.com", "a new one"), nobody("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn a_deleted_user_gets_no_reset() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    site.as_owner("DELETE FROM users");
    assert_eq!(prepare(&mut web, "ann@example.com"), nobody("invalid"));
    assert_eq!(set(&mut web, "ann@example.com", "a new one"), nobody("invalid"));
    assert_eq!(site.db.count("users"), 0);
}

#[test]
fn find_login_tells_target_source_and_free_apart() {
    let site = Site::shop();
    site.add_customer("customers", "ben@example.com", "ben's secret");
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    let before = site.counts();
    assert_eq!(find(&mut web, "ANN@example.com"), "target");
    assert_eq!(find(&mut web, "ben@example.com"), "source");
    assert_eq!(find(&mut web, "nobody@example.com"), "free");
    assert_eq!((site.counts().0, site.counts().1), (before.0, before.1));
}

#[test]
fn find_login_is_unknown_while_a_source_cannot_be_asked() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    // A view that speaks as a server that is down does.
    site.as_owner(
        "CREATE FUNCTION legacy.down() RETURNS SETOF legacy.customers LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'down' USING ERRCODE = '08001'; END $$;
         CREATE VIEW legacy.broken AS SELECT * FROM legacy.down()",
    );
    site.configure_source("shop", "relation = 'legacy.broken'");
    assert_eq!(find(&mut web, "ann@example.com"), "target");
    assert_eq!(find(&mut web, "nobody@example.com"), "unknown");
    assert_eq!(prepare(&mut web, "nobody@example.com"), nobody("unavailable"));
    assert_eq!(set(&mut web, "nobody@example.com", "a new one"), nobody("unavailable"));
    for event in &site.events()[1..] {
        assert_eq!(event.reason.as_deref(), Some("source_unavailable"), "{event:?}");
        assert_eq!(event.detail, json!({"sqlstate": "08001"}), "{event:?}");
    }
}

#[test]
fn a_scope_that_fails_for_a_login_is_named() {
    let site = Site::shop();
    site.configure_source("shop", "scope = $$login::int > 0$$");
    assert_eq!(prepare(&mut site.web(), "ann@example.com"), nobody("failed"));
    assert_eq!(site.why(), "failed/scope");
    assert_eq!(site.last_event().detail, json!({"sqlstate": "22P02"}));
}

#[test]
fn find_login_keeps_the_login_of_a_deleted_or_forgotten_user_taken() {
    let site = Site::shop();
    let mut web = site.web();
    login(&mut web, "ann@example.com", "ann's secret");
    site.as_owner("DELETE FROM users");
    assert_eq!(find(&mut web, "ann@example.com"), "source");
    site.db.sql("UPDATE ferry.link SET tombstone = true, user_id = NULL");
    assert_eq!(find(&mut web, "ann@example.com"), "source");
}

#[test]
fn find_login_calls_free_only_what_can_be_a_login() {
    let site = Site::shop();
    let mut web = site.web();
    let found = web.query_one("SELECT ferry.find_login(NULL)", &[]).unwrap();
    assert_eq!(found.get::<_, Option<String>>(0).as_deref(), Some("unknown"));
    for login in ["", &"x".repeat(5_000)] {
        assert_eq!(find(&mut web, login), "unknown");
    }
}

#[test]
fn neither_call_leaves_a_password_in_the_audit_trail() {
    let site = Site::shop();
    let mut web = site.web();
    set(&mut web, "ann@example.com", "first new one");
    answer(&mut web, CHANGE, &[&"ann@example.com", &"first new one", &"second new one"]);
    answer(&mut web, CHANGE, &[&"ann@example.com", &"wrong old one", &"third new one"]);
    let stored: String = site.db.one("SELECT string_agg(e::text, '') FROM ferry.event e", &[]);
    assert!(!stored.contains("one") && !stored.contains("$argon2"), "{stored}");
}

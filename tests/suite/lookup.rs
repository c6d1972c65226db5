//! Users who are here under another login: how they are found, and whether they may be tied to a legacy user.

use crate::adopt::assert_adopted;
use crate::concurrency::{all_at_once, count_of, slow_down_inserts};
use crate::setup::{Answer, Site, login};
use crate::setup_config::Refusal;
use serde_json::json;

/// A shop whose customers log in by nickname, and a users table with names, addresses, phones and legacy ids. Ann is in
/// the shop as `ann` with `ann@example.com`; here is user 42 with that address, under the login `annie`.
fn site(lookup: &str, adopt: &str) -> Site {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD username text UNIQUE, ADD phone text, ADD legacy_id bigint, ADD is_verified boolean;
         CREATE INDEX ON users (lower(email));
         ALTER TABLE legacy.customers ADD nick text, ADD phone text, ADD is_verified boolean;
         UPDATE legacy.customers SET nick = 'ann', phone = '+1 555', is_verified = true;
         INSERT INTO users (id, username, email, phone, name, password_hash, is_verified)
         VALUES (42, 'annie', 'Ann@example.com', '+1 555', 'Ann Here', '!', true)",
    );
    site.configure(
        "target",
        &format!(
            "login_columns = '{{username}}', lookup = '{lookup}', adopt = '{adopt}', verified = 'u.is_verified'"
        ),
    );
    site.configure("source", "login_columns = '{nick}', verified = 'l.is_verified'");
    for (column, expression) in [("username", "l.nick"), ("phone", "l.phone"), ("legacy_id", "l.id")] {
        site.map("shop", column, expression);
    }
    site
}

#[track_caller]
fn assert_tied(site: &Site) {
    assert_eq!(login(&mut site.app(), "ann", "ann's secret"), Answer::welcomed("migrated", "42"));
    assert_adopted(site);
    // From now on under either login.
    for name in ["ann", "annie"] {
        assert_eq!(login(&mut site.app(), name, "ann's secret"), Answer::welcomed("ok", "42"), "{name}");
    }
}

/// The right password, and yet nobody was moved: the reason and what it says.
#[track_caller]
fn assert_rejected(site: &Site, reason: &str, found_by: &str) {
    let before = site.db.count("ferry.link");
    assert_eq!(login(&mut site.app(), "ann", "ann's secret"), Answer::refused("rejected"));
    assert_eq!(site.why(), format!("rejected/{reason}"));
    assert_eq!(site.last_event().detail, json!({ "found_by": found_by }));
    assert_eq!(site.db.count("ferry.link"), before);
}

fn review(site: &Site) -> Vec<String> {
    let query = "SELECT concat_ws(' ', source, legacy_key, user_id, found_by, reason, coalesce(decision, 'open')) \
                 FROM ferry.review ORDER BY 1";
    site.db.rows(query, &[]).iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_user_is_found_by_address_by_phone_and_by_an_expression() {
    for entry in ["lower(u.email)", "phone", "email, phone"] {
        let lookup = if entry.contains('(') { format!("{{\"{entry}\"}}") } else { format!("{{{entry}}}") };
        assert_tied(&site(&lookup, "locked"));
    }
}

#[test]
fn without_lookup_the_same_address_is_no_tie() {
    let site = site("{}", "any");
    // The address differs in case, so nothing stands in the way of a second user.
    assert_eq!(login(&mut site.app(), "ann", "ann's secret").outcome, "migrated");
    assert_eq!(site.db.count("users"), 2);
}

#[test]
fn the_first_entry_with_a_match_decides() {
    let site = site("{legacy_id,phone}", "any");
    site.as_owner("INSERT INTO users (id, username, email, legacy_id, is_verified) VALUES (43, 'a2', 'a2@example.com', 1, false)");
    assert_eq!(login(&mut site.app(), "ann", "ann's secret"), Answer::welcomed("migrated", "43"));
    assert_eq!(site.user("a2@example.com", "username"), Some("a2".into()));
}

#[test]
fn a_legacy_id_needs_no_verified_address_but_an_address_does() {
    let site = site("{legacy_id}", "any");
    site.as_owner(
        "UPDATE users SET legacy_id = 1, is_verified = false; UPDATE legacy.customers SET is_verified = NULL",
    );
    assert_tied(&site);
}

#[test]
fn nobody_is_merged_on_an_unverified_address() {
    for unverified in [
        "UPDATE users SET is_verified = false",
        "UPDATE users SET is_verified = NULL",
        "UPDATE legacy.customers SET is_verified = false",
        "UPDATE legacy.customers SET is_verified = NULL",
    ] {
        let site = site("{phone}", "any");
        site.as_owner(unverified);
        assert_rejected(&site, "review", "phone");
        assert_eq!(review(&site), ["shop 1 42 phone unverified open"], "{unverified}");
    }
    for unstated in ["UPDATE ferry.target SET verified = NULL", "UPDATE ferry.source SET verified = NULL"] {
        let site = site("{phone}", "any");
        site.db.sql(unstated);
        assert_rejected(&site, "review", "phone");
    }
}

#[test]
fn a_wrong_password_finds_nobody_and_is_not_reviewed() {
    let site = site("{phone}", "review");
    assert_eq!(login(&mut site.app(), "ann", "wrong"), Answer::refused("invalid"));
    assert_eq!(review(&site), [""; 0]);
}

#[test]
fn where_nobody_is_adopted_who_is_here_is_not_made_twice() {
    let site = site("{phone}", "refuse");
    assert_rejected(&site, "exists", "phone");
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    site.configure("target", "adopt = 'locked'");
    assert_rejected(&site, "exists", "phone");
    assert_eq!(review(&site), [""; 0]);
    assert_eq!(site.db.count("users"), 1);
}

#[test]
fn a_review_is_decided_by_somebody_and_then_done() {
    let site = site("{phone}", "review");
    let decide = |decision: &str| {
        site.db.rows("UPDATE ferry.review SET decision = $1", &[&decision]);
    };
    assert_rejected(&site, "review", "phone");
    assert_rejected(&site, "review", "phone");
    assert_eq!(review(&site), ["shop 1 42 phone adopt open"]);
    decide("refuse");
    assert_rejected(&site, "review_refused", "phone");
    decide("adopt");
    assert_tied(&site);
    let who: bool =
        site.db.one("SELECT decided_by = session_user AND decided_at IS NOT NULL FROM ferry.review", &[]);
    assert!(who);
}

#[test]
fn two_people_are_two_users_where_somebody_says_so() {
    let site = site("{phone}", "review");
    assert_rejected(&site, "review", "phone");
    site.db.sql("UPDATE ferry.review SET decision = 'insert'");
    let answer = login(&mut site.app(), "ann", "ann's secret");
    assert_eq!((answer.outcome.as_str(), site.db.count("users")), ("migrated", 2));
    assert_ne!(answer.user_id.as_deref(), Some("42"));
}

#[test]
fn one_who_has_the_very_login_is_reviewed_too() {
    let site = site("{}", "review");
    site.as_owner("UPDATE users SET username = 'ann'");
    assert_rejected(&site, "review", "login");
    site.db.sql("UPDATE ferry.review SET decision = 'insert'");
    assert_rejected(&site, "review_refused", "login");
    site.db.sql("UPDATE ferry.review SET decision = 'adopt'");
    assert_eq!(login(&mut site.app(), "ann", "ann's secret"), Answer::welcomed("migrated", "42"));
}

#[test]
fn one_who_has_the_login_is_not_adopted_where_an_address_is_known_to_be_unverified() {
    let site = site("{}", "any");
    site.as_owner("UPDATE users SET username = 'ann'; UPDATE legacy.customers SET is_verified = false");
    assert_rejected(&site, "review", "login");
}

#[test]
fn one_user_is_not_two_legacy_users_unasked() {
    let site = site("{phone}", "any");
    assert_tied(&site);
    let key = site.add_customer("customers", "ann2@example.com", "ann's secret");
    site.as_owner(
        "UPDATE legacy.customers SET nick = 'ann2', phone = '+1 555', is_verified = true WHERE nick IS NULL",
    );
    assert_eq!(login(&mut site.app(), "ann2", "ann's secret"), Answer::refused("rejected"));
    assert_eq!(review(&site), [format!("shop {key} 42 phone linked open")]);
}

#[test]
fn several_who_match_are_nobody() {
    let site = site("{phone}", "any");
    site.as_owner("INSERT INTO users (username, email, phone) VALUES ('other', 'o@example.com', '+1 555')");
    assert_rejected(&site, "lookup_ambiguous", "phone");
}

#[test]
fn a_value_that_is_null_finds_nobody() {
    let site = site("{phone}", "any");
    site.as_owner("UPDATE users SET phone = NULL; UPDATE legacy.customers SET phone = NULL");
    assert_eq!(login(&mut site.app(), "ann", "ann's secret").outcome, "migrated");
    assert_eq!(site.db.count("users"), 2);
}

#[test]
fn a_mapping_that_fails_is_named_before_anybody_is_looked_for() {
    let site = site("{phone}", "any");
    site.map("shop", "active", "(1 / (l.id - 1) > 0)");
    assert_eq!(login(&mut site.app(), "ann", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/lookup_failed");
    assert_eq!(site.last_event().detail, json!({"column": "active", "sqlstate": "22012"}));
}

#[test]
fn who_is_here_is_not_moved_without_a_password_either() {
    let site = site("{phone}", "any");
    let outcome: String = site.db.one("SELECT outcome FROM ferry.migrate_login('ann')", &[]);
    assert_eq!((outcome.as_str(), site.why().as_str()), ("rejected", "rejected/exists"));
    assert_eq!(site.db.count("users"), 1);
}

#[test]
fn the_explanation_tells_who_was_found_and_writes_nothing() {
    let site = site("{phone}", "review");
    let steps = |site: &Site| -> String {
        site.db
            .one("SELECT string_agg(action || ': ' || result, E'\\n') FROM ferry.explain_login('ann')", &[])
    };
    let told = steps(&site);
    assert!(told.contains("lookup: user 42 is here with the same phone"), "{told}");
    assert!(told.contains("review: somebody must decide in ferry.review (adopt)"), "{told}");
    assert_eq!(site.db.count("ferry.review"), 0);
    site.configure("target", "adopt = 'any'");
    let told = steps(&site);
    assert!(told.contains("write: this row would be adopted"), "{told}");
    assert_eq!(site.db.count("ferry.link"), 0);
}

#[test]
fn a_lookup_is_checked_as_it_is_written() {
    let site = site("{}", "any");
    for (assignment, state, message) in [
        ("lookup = '{mail}'", "42703", "target default, lookup: column \"mail\""),
        ("lookup = '{lower(u.mail)}'", "42703", "target default, lookup"),
        ("lookup = '{NULL}'", "22023", "target default, lookup"),
        ("verified = 'u.email'", "42804", "target default, verified: the expression is of type text"),
        ("changed_at = 'u.email'", "42804", "target default, changed_at: the expression is of type text"),
        ("adopt = 'sometimes'", "22023", "target default, adopt"),
    ] {
        let refusal = match site.db.try_sql(&format!("UPDATE ferry.target SET {assignment}")) {
            Ok(()) => panic!("not refused: {assignment}"),
            Err(error) => Refusal::of(&error),
        };
        assert_eq!(refusal.state, state, "{assignment}: {}", refusal.message);
        assert!(refusal.message.contains(message), "{assignment}: {}", refusal.message);
    }
}

#[test]
fn two_legacy_users_of_one_phone_who_come_at_once_are_not_two_users_here() {
    let site = site("{phone}", "refuse");
    site.as_owner("DELETE FROM users; UPDATE legacy.customers SET nick = NULL");
    let has_citext = ferry_tests::target().server().has_extension("citext");
    if has_citext {
        site.db.sql("CREATE EXTENSION citext; ALTER TABLE users ALTER phone TYPE citext");
    }
    let logins: Vec<(String, String)> =
        (0..8).map(|number| (format!("ann{number}"), "ann's secret".to_string())).collect();
    for (number, (nick, _)) in logins.iter().enumerate() {
        let key = site.add_customer("customers", &format!("{nick}@example.com"), "ann's secret");
        let phone = if has_citext && number % 2 == 1 { "+1 ANN" } else { "+1 ann" };
        site.as_owner(&format!(
            "UPDATE legacy.customers SET nick = '{nick}', phone = '{phone}' WHERE id = {key}"
        ));
    }
    slow_down_inserts(&site.db, 0.3);
    let answers: Vec<_> = all_at_once(&site.db, &logins, "BEGIN").into_iter().map(Result::unwrap).collect();
    assert_eq!((count_of(&answers, "migrated"), count_of(&answers, "rejected")), (1, 7), "{answers:?}");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
    let reasons: i64 = site.db.count("ferry.event WHERE reason = 'exists'");
    assert_eq!(reasons, 7);
}

#[test]
fn a_preview_tells_who_is_here_already() {
    for (adopt, told) in [
        ("refuse", "user 42 is here with the same phone: whom adopt does not let be tied"),
        ("review", "user 42 is here with the same phone: to be reviewed (adopt)"),
    ] {
        let site = site("{legacy_id,phone}", adopt);
        let row = site.db.rows("SELECT action, problem FROM ferry.preview('shop')", &[]).remove(0);
        let (action, problem): (String, String) = (row.get(0), row.get(1));
        assert_eq!(action, "refuse", "{adopt}");
        assert!(problem.starts_with(told), "{adopt}: {problem}");
    }
    let site = site("{phone}", "any");
    let action = || site.db.one::<String>("SELECT action FROM ferry.preview('shop')", &[]);
    assert_eq!(action(), "adopt");
    site.as_owner("UPDATE users SET phone = NULL, email = 'x@example.com'");
    assert_eq!(action(), "insert");
}

//! What holds for every login, whatever the legacy system is.

use crate::setup::{Answer, Site, answer, login};
use ferry_tests::Db;
use std::time::{Duration, Instant};

#[test]
fn a_first_login_moves_the_user_and_a_second_finds_them_here() {
    let site = Site::shop();
    let mut app = site.app();
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!(first, Answer::welcomed("migrated", &site.user("ann@example.com", "id").unwrap()));
    assert_eq!(site.counts(), (1, 1, 1));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer { outcome: "ok".into(), ..first });
    assert_eq!(site.counts(), (1, 1, 1), "a good login of a moved user writes nothing, not even an event");
}

#[test]
fn a_wrong_password_writes_nothing_but_its_event() {
    let site = Site::shop();
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's sekret"), Answer::refused("invalid"));
    assert_eq!(site.counts(), (0, 0, 1));
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("login", "invalid"));
    assert_eq!(event.reason.as_deref(), Some("wrong_password"));
    assert_eq!(event.source.as_deref(), Some("shop"));
    assert_eq!(event.login.as_deref(), Some("ann@example.com"));
}

#[test]
fn a_wrong_password_of_a_moved_user_leaves_the_row_as_it_is() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    let before = site.user("ann@example.com", "ctid::text || users");
    assert_eq!(login(&mut app, "ann@example.com", "ann's sekret"), Answer::refused("invalid"));
    assert_eq!(site.user("ann@example.com", "ctid::text || users"), before);
    assert_eq!(site.counts(), (1, 1, 2));
    assert_eq!(site.why(), "invalid/wrong_password");
}

#[test]
fn events_and_links_hold_neither_password_nor_hash() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "a wrong one");
    login(&mut app, "nobody@example.com", "another wrong one");
    login(&mut app, "ann@example.com", "ann's secret");
    let stored = ["ferry.event", "ferry.link"]
        .map(|table| site.db.one::<String>(&format!("SELECT string_agg(t::text, '') FROM {table} t"), &[]))
        .concat();
    let hashes: Vec<String> = ["SELECT pwd FROM legacy.customers", "SELECT password_hash FROM users"]
        .map(|query| site.db.one(query, &[]))
        .to_vec();
    for secret in ["a wrong one", "another wrong one", "ann's secret", "$argon2id$"] {
        assert!(!stored.contains(secret), "{secret} is in: {stored}");
    }
    assert!(hashes.iter().all(|hash| !stored.contains(hash)), "{stored}");
}

#[test]
fn an_unknown_login_is_kept_as_a_keyed_digest() {
    let site = Site::shop();
    let digest = |typed: &str| {
        assert_eq!(login(&mut site.app(), typed, "any"), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/unknown_login");
        site.last_event().login.unwrap()
    };
    let typed_password = digest("my password, by mistake");
    assert!(!typed_password.contains("password"), "{typed_password}");
    assert_eq!(digest("my password, by mistake"), typed_password, "equal logins can be counted");
    assert_ne!(digest("my password, by accident"), typed_password);
    let plain: String = site.db.one("SELECT encode(sha256('my password, by mistake'), 'hex')", &[]);
    assert!(!plain.starts_with(typed_password.trim_start_matches("unknown:")), "the digest has a key");
}

#[test]
fn each_installation_has_a_digest_key_of_its_own() {
    let db = Db::new();
    let digest = || db.one::<String>("SELECT ferry._unknown_login('somebody')", &[]);
    let first = digest();
    db.sql("DROP EXTENSION pg_ferry; CREATE EXTENSION pg_ferry");
    assert_ne!(digest(), first);
}

#[test]
fn a_login_that_somebody_has_is_kept_in_clear() {
    let site = Site::shop();
    login(&mut site.app(), "Ann@Example.com", "wrong");
    assert_eq!(site.last_event().login.as_deref(), Some("ann@example.com"));
}

#[test]
fn a_login_in_another_case_is_the_same_login() {
    let site = Site::shop();
    site.add_customer("customers", "Ben@Example.com", "ben's secret");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ANN@example.COM", "ann's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    // A legacy column that does not fold case is asked for the login as typed too.
    assert_eq!(login(&mut app, "Ben@Example.com", "ben's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "bEN@example.com", "ben's secret").outcome, "ok");
    assert_eq!(site.counts().0, 2);
}

#[test]
fn an_exact_target_tells_cases_apart() {
    let site = Site::shop();
    site.configure("target", "login_form = 'exact'");
    site.configure("mapping", "expression = 'l.email' WHERE target_column = 'email'");
    site.add_customer("customers", "ANN@example.com", "another ann");
    let mut app = site.app();
    assert_eq!(login(&mut app, "Ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ANN@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ANN@example.com", "another ann").outcome, "migrated");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.counts().0, 2);
}

#[test]
fn a_null_login_or_password_is_invalid_and_gives_one_row() {
    let site = Site::shop();
    let mut app = site.app();
    let (null, ann, secret) = (None::<&str>, Some("ann@example.com"), Some("ann's secret"));
    for (login, password) in [(null, secret), (ann, null), (null, null)] {
        let given = answer(&mut app, "ferry.authenticate($1::text, $2::text)", &[&login, &password]);
        assert_eq!(given, Answer::refused("invalid"));
    }
    let bytes = None::<&[u8]>;
    assert_eq!(
        answer(&mut app, "ferry.authenticate($1, $2::bytea)", &[&ann, &bytes]),
        Answer::refused("invalid")
    );
    assert_eq!(site.counts(), (0, 0, 4));
}

#[test]
fn an_empty_login_or_password_is_invalid() {
    let site = Site::shop();
    site.add_customer("customers", "", "secret of an empty address");
    let mut app = site.app();
    assert_eq!(login(&mut app, "", "secret of an empty address"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", ""), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "", ""), Answer::refused("invalid"));
    assert_eq!(site.counts(), (0, 0, 3));
}

#[test]
fn a_login_of_5000_bytes_is_invalid_and_not_kept() {
    let site = Site::shop();
    let long = "x".repeat(5_000);
    site.add_customer("customers", &long, "secret");
    assert_eq!(login(&mut site.app(), &long, "secret"), Answer::refused("invalid"));
    assert_eq!(site.counts(), (0, 0, 1));
    assert!(site.last_event().login.is_none_or(|login| login.len() < 100));
}

#[test]
fn a_password_of_5000_bytes_is_invalid_and_one_of_4096_is_not() {
    let site = Site::shop();
    let longest = "p".repeat(4_096);
    site.add_customer("customers", "long@example.com", &longest);
    let mut app = site.app();
    assert_eq!(login(&mut app, "long@example.com", &"p".repeat(5_000)), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "long@example.com", &"p".repeat(4_095)), Answer::refused("invalid"));
    assert_eq!(site.counts(), (0, 0, 2));
    assert_eq!(login(&mut app, "long@example.com", &longest).outcome, "migrated");
    assert_eq!(login(&mut app, "long@example.com", &"p".repeat(5_000)), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "long@example.com", &longest).outcome, "ok");
}

#[test]
fn a_bytea_password_is_the_text_of_the_same_bytes() {
    let site = Site::shop();
    site.add_customer("customers", "zoe@example.com", "Zoë's");
    let mut app = site.app();
    let call = "ferry.authenticate($1, $2::bytea)";
    assert_eq!(
        answer(&mut app, call, &[&"ann@example.com", &b"ann's secret".as_slice()]).outcome,
        "migrated"
    );
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(answer(&mut app, call, &[&"zoe@example.com", &"Zoë's".as_bytes()]).outcome, "migrated");
    let latin1 = b"Zo\xebs".as_slice();
    assert_eq!(answer(&mut app, call, &[&"zoe@example.com", &latin1]), Answer::refused("invalid"));
}

#[test]
fn a_password_with_a_nul_is_taken_whole() {
    let site = Site::shop();
    let password = b"abc\0def".as_slice();
    let md5: String = site.db.one("SELECT md5($1::bytea)", &[&password]);
    site.configure_source("shop", "format = 'md5($pass)'");
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&md5]);
    let mut app = site.app();
    let call = "ferry.authenticate($1, $2::bytea)";
    let mut outcome = |password: &[u8]| answer(&mut app, call, &[&"ann@example.com", &password]).outcome;
    for wrong in [b"abc".as_slice(), b"abc\0", b"abc\0deg"] {
        assert_eq!(outcome(wrong), "invalid");
    }
    assert_eq!(outcome(password), "migrated");
    for wrong in [b"abc".as_slice(), b"abc\0", b"abc\0deg"] {
        assert_eq!(outcome(wrong), "invalid");
    }
    assert_eq!(outcome(password), "ok");
}

#[test]
fn must_change_is_told_only_with_the_right_password() {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    site.map("shop", "must_change", "true");
    let mut app = site.app();
    assert!(!login(&mut app, "ann@example.com", "wrong").must_change);
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert!(first.must_change && first.authenticated, "{first:?}");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    let second = login(&mut app, "ann@example.com", "ann's secret");
    assert!(second.must_change && second.authenticated, "{second:?}");
    site.as_owner("UPDATE users SET must_change = false");
    assert!(!login(&mut app, "ann@example.com", "ann's secret").must_change);
}

#[test]
fn a_blocked_user_learns_it_only_with_the_right_password() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    site.as_owner("UPDATE users SET active = false");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    let blocked = login(&mut app, "ann@example.com", "ann's secret");
    assert!(!blocked.authenticated, "{blocked:?}");
    assert_eq!(blocked.outcome, "blocked");
    assert_eq!(site.why(), "blocked/not_allowed");
    site.as_owner("UPDATE users SET active = true");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn an_allowed_that_is_null_blocks() {
    let site = Site::shop();
    site.configure("target", "allowed = 'nullif(u.active, false)'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    site.as_owner("UPDATE users SET active = false");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "blocked");
}

#[test]
fn failures_are_padded_to_the_floor_and_successes_are_not() {
    let site = Site::shop();
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.failure_floor = '1500ms'", site.db.name()));
    let floor = Duration::from_millis(1_500);
    let mut app = site.app();
    let mut timed = |typed: &str, password: &str| {
        let started = Instant::now();
        let outcome = login(&mut app, typed, password).outcome;
        (outcome, started.elapsed())
    };
    for (typed, password) in [("ann@example.com", "wrong"), ("nobody@example.com", "any"), ("", "any")] {
        let (outcome, took) = timed(typed, password);
        assert_eq!(outcome, "invalid");
        assert!(took >= floor, "{typed:?} took {took:?}");
    }
    for expected in ["migrated", "ok"] {
        let (outcome, took) = timed("ann@example.com", "ann's secret");
        assert_eq!(outcome, expected);
        assert!(took < floor, "{expected} took {took:?}");
    }
    let (_, took) = timed("ann@example.com", "wrong");
    assert!(took >= floor, "a moved user's wrong password took {took:?}");
}

#[test]
fn the_application_cannot_lower_the_floor() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    let error = app.batch_execute("SET ferry.failure_floor = 0").unwrap_err();
    assert_eq!(ferry_tests::sqlstate(&error), "42501");
}

#[test]
fn the_client_is_kept_with_the_event() {
    let site = Site::shop();
    let call = "ferry.authenticate($1, $2, client => $3)";
    let client = "198.51.100.7 ".repeat(100);
    answer(&mut site.app(), call, &[&"ann@example.com", &"wrong", &client]);
    let kept = site.last_event().client.unwrap();
    assert!(kept.starts_with("198.51.100.7") && kept.chars().count() == 200, "{kept}");
}

#[test]
fn an_unknown_target_is_an_error_that_names_it() {
    let site = Site::shop();
    let call = "ferry.authenticate($1, $2, target => $3)";
    let error =
        crate::setup::try_answer(&mut site.app(), call, &[&"ann@example.com", &"x", &"no such"]).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert!(error.message().contains("no such"), "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
}

#[test]
fn a_user_whom_the_moved_row_does_not_allow_is_blocked_at_the_first_login_too() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    site.map("shop", "active", "l.active");
    site.as_owner("UPDATE legacy.customers SET active = false");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    for time in ["first", "second"] {
        let blocked = login(&mut app, "ann@example.com", "ann's secret");
        assert!(!blocked.authenticated, "at the {time} login: {blocked:?}");
        assert_eq!(blocked.outcome, "blocked");
    }
}

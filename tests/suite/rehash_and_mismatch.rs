//! Moved users' hashes: kept up with the policy, and with the legacy system while it still changes passwords.

use crate::setup::{Answer, Site, customers_table, login};
use ferry_tests::{Db, need_extension};
use std::process::Command;

const STRONGER: &str = "argon2id:m=16,t=2,p=1";

/// Ann, moved.
fn moved() -> Site {
    let site = Site::shop();
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site
}

fn hash(site: &Site) -> String {
    site.user("ann@example.com", "password_hash").unwrap()
}

/// Gives Ann another password in the legacy system.
fn change_in_legacy(site: &Site, password: &str) {
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash(password)]);
}

fn ask_the_source(site: &Site) {
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
}

#[test]
fn a_hash_weaker_than_the_policy_is_replaced_at_login() {
    let site = moved();
    assert!(hash(&site).starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", hash(&site));
    site.configure("target", &format!("hash_policy = '{STRONGER}'"));
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    let replaced = hash(&site);
    assert!(replaced.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{replaced}");
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("rehash", "ok"));
    assert_eq!(event.user_id, site.user("ann@example.com", "id"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut app, "ann@example.com", "ann's sekret").outcome, "invalid");
    assert_eq!(hash(&site), replaced, "once is enough");
}

#[test]
fn a_hash_of_another_format_is_replaced_at_login() {
    let site = moved();
    let policies = [
        ("bcrypt:cost=4", "$2b$04$"),
        ("django-pbkdf2-sha256:iterations=1000", "pbkdf2_sha256$1000$"),
        ("argon2id:m=8,t=1,p=1", "$argon2id$v=19$m=8,t=1,p=1$"),
    ];
    let mut app = site.app();
    for (policy, prefix) in policies {
        site.configure("target", &format!("hash_policy = '{policy}'"));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok", "{policy}");
        assert!(hash(&site).starts_with(prefix), "{policy}: {}", hash(&site));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok", "{policy}");
        assert_eq!(login(&mut app, "ann@example.com", "wrong").outcome, "invalid", "{policy}");
    }
}

#[test]
fn a_hash_stronger_than_the_policy_is_kept() {
    let site = Site::shop();
    site.configure("target", &format!("hash_policy = '{STRONGER}'"));
    login(&mut site.app(), "ann@example.com", "ann's secret");
    let before = hash(&site);
    site.configure("target", "hash_policy = 'argon2id:m=8,t=1,p=1'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(hash(&site), before);
}

#[test]
fn neither_a_wrong_password_nor_a_blocked_user_replaces_a_hash() {
    let site = moved();
    let before = hash(&site);
    site.configure("target", &format!("hash_policy = '{STRONGER}', allowed = 'u.active'"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong").outcome, "invalid");
    site.as_owner("UPDATE users SET active = false");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "blocked");
    assert_eq!(hash(&site), before);
}

#[test]
fn in_a_read_only_transaction_a_stale_hash_stays_and_the_login_succeeds() {
    let site = moved();
    let before = hash(&site);
    site.configure("target", &format!("hash_policy = '{STRONGER}'"));
    let mut app = site.app();
    app.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(hash(&site), before);
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_ne!(hash(&site), before);
}

#[test]
fn a_hash_that_cannot_be_replaced_does_not_cost_the_login() {
    let site = moved();
    let before = hash(&site);
    site.configure("target", &format!("hash_policy = '{STRONGER}'"));
    site.as_owner("ALTER TABLE users ADD CONSTRAINT short CHECK (password_hash LIKE '%$m=8,%')");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(hash(&site), before);
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("rehash", "failed"));
    assert_eq!(event.detail["constraint"], "short");
}

#[test]
fn a_password_that_the_policy_cannot_hash_whole_is_failed_and_not_invalid() {
    let site = Site::shop();
    let long = "longer than bcrypt looks ".repeat(4);
    site.add_customer("customers", "long@example.com", &long);
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "long@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "long@example.com", &long), Answer::refused("failed"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    site.configure("target", "hash_policy = 'argon2id:m=8,t=1,p=1'");
    assert_eq!(login(&mut app, "long@example.com", &long).outcome, "migrated");
}

#[test]
fn hashes_made_for_django_and_bcrypt_are_taken_by_the_genuine_software() {
    const CHECK: &str = "
import os, bcrypt
from django.conf import settings
settings.configure(PASSWORD_HASHERS=['django.contrib.auth.hashers.PBKDF2PasswordHasher'])
from django.contrib.auth.hashers import check_password
given, made = os.environ['GIVEN'], os.environ['MADE']
if made.startswith('$2'):
    print(bcrypt.checkpw(given.encode(), made.encode()))
else:
    print(check_password(given, made))
";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../.work/venv/bin/python");
    let genuine = |given: &str, made: &str| {
        let output =
            Command::new(python).args(["-c", CHECK]).env("GIVEN", given).env("MADE", made).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim() == "True"
    };
    let site = Site::shop();
    site.add_customer("customers", "zoe@example.com", "Zoë's № 1 🚢");
    for policy in ["django-pbkdf2-sha256:iterations=1000", "bcrypt:cost=4"] {
        site.db.sql("DELETE FROM ferry.link; DELETE FROM users");
        site.configure("target", &format!("hash_policy = '{policy}'"));
        assert_eq!(login(&mut site.app(), "zoe@example.com", "Zoë's № 1 🚢").outcome, "migrated");
        let made = site.user("zoe@example.com", "password_hash").unwrap();
        assert!(genuine("Zoë's № 1 🚢", &made), "{made}");
        assert!(!genuine("Zoë's № 2 🚢", &made), "{made}");
    }
}

#[test]
fn a_password_changed_in_the_legacy_system_is_not_known_here_by_default() {
    let site = moved();
    change_in_legacy(&site, "changed there");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "changed there"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_password_changed_in_the_legacy_system_counts_where_the_source_is_asked() {
    let site = moved();
    ask_the_source(&site);
    change_in_legacy(&site, "changed there");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    let id = site.user("ann@example.com", "id").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "changed there"), Answer::welcomed("ok", &id));
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("refresh", "ok"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    // And once more: the hash is still one that pg_ferry wrote.
    change_in_legacy(&site, "changed again");
    assert_eq!(login(&mut app, "ann@example.com", "changed again").outcome, "ok");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn the_legacy_hash_is_asked_for_nothing_else_than_the_password() {
    let site = moved();
    ask_the_source(&site);
    change_in_legacy(&site, "changed there");
    site.as_owner("UPDATE legacy.customers SET first = 'Bob'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "changed there").outcome, "ok");
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
}

#[test]
fn an_old_password_does_not_come_back_to_life_once_one_was_set_here() {
    let site = moved();
    ask_the_source(&site);
    let mut web = site.web();
    let set =
        web.query_one("SELECT outcome FROM ferry.set_password($1, $2)", &[&"ann@example.com", &"set here"]);
    assert_eq!(set.unwrap().get::<_, String>(0), "ok");
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    change_in_legacy(&site, "changed there");
    assert_eq!(login(&mut web, "ann@example.com", "changed there"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "set here").outcome, "ok");
}

#[test]
fn a_hash_that_the_application_wrote_ends_the_asking_too() {
    let site = moved();
    ask_the_source(&site);
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set by the application")]);
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "set by the application").outcome, "ok");
}

#[test]
fn a_replaced_stale_hash_does_not_end_the_asking() {
    let site = moved();
    ask_the_source(&site);
    site.configure("target", &format!("hash_policy = '{STRONGER}'"));
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    change_in_legacy(&site, "changed there");
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok", "{}", site.why());
}

#[test]
fn after_the_date_the_source_is_not_asked() {
    let site = moved();
    change_in_legacy(&site, "changed there");
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() - interval '1 second'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "changed there"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn the_source_is_asked_for_the_linked_user_under_whatever_login() {
    let site = moved();
    ask_the_source(&site);
    change_in_legacy(&site, "changed there");
    site.as_owner("UPDATE legacy.customers SET email = 'ann.married@example.com'");
    // Somebody else has her old address there now.
    site.add_customer("customers", "ann@example.com", "not ann's secret");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "not ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok", "{}", site.why());
    assert_eq!(site.counts().0, 1);
}

#[test]
fn a_user_whom_the_filter_leaves_out_by_now_is_refused() {
    let site = moved();
    ask_the_source(&site);
    change_in_legacy(&site, "changed there");
    site.configure("source", "filter = 'l.active'");
    site.as_owner("UPDATE legacy.customers SET active = false");
    assert_eq!(login(&mut site.app(), "ann@example.com", "changed there"), Answer::refused("invalid"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_source_that_is_down_is_no_reason_to_call_a_moved_user_unavailable() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&customers_table("customers"));
    crate::setup::add_customer(&legacy, "customers", "ann@example.com", &site.hash("ann's secret"));
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    ask_the_source(&site);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.sql("ALTER SERVER legacy OPTIONS (SET port '1')");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn in_a_read_only_transaction_a_changed_password_is_answered_read_only() {
    let site = moved();
    ask_the_source(&site);
    change_in_legacy(&site, "changed there");
    let mut app = site.app();
    app.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "changed there"), Answer::refused("read_only"));
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok");
}

#[test]
fn asking_the_source_needs_a_date() {
    let site = Site::shop();
    let error = site.db.try_sql("UPDATE ferry.target SET on_mismatch = 'source'").unwrap_err();
    let message = error.as_db_error().unwrap().message();
    assert_eq!(message, "target default, on_mismatch_until: on_mismatch = source needs an end");
}

//! Legacy tables are filled by others: no hash in one makes a login run long, lets anybody in, or shows up anywhere.

use crate::setup::{Answer, Site, login, try_login};
use ferry_tests::{processor_ticks, sqlstate};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(50);

/// Hashes that would cost too much, or are none.
fn hostile() -> Vec<String> {
    let salt = "c29tZXNhbHRzb21lc2FsdA";
    let output = "A".repeat(43);
    vec![
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=65536,t=4294967295,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=1,p=16777215${salt}${output}"),
        format!("$argon2id$v=19$m=18446744073709551616,t=1,p=1${salt}${output}"),
        "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".into(),
        "$2b$99$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".into(),
        format!("pbkdf2_sha256$4000000000$salt${output}="),
        format!("pbkdf2_sha256$-1$salt${output}="),
        format!("scrypt$1073741824$salt$8$1${output}"),
        "$6$rounds=999999999$saltsalt$abc".into(),
        "$P$ZabcdefgHIJKLMNOPQRSTUVWXYZ0123".into(),
        "$".into(),
        "$$$$$$".into(),
        "$argon2id$".into(),
        "pbkdf2_sha256$$$".into(),
        "plain text".into(),
        "ann's secret".into(),
        "\u{1f511}".repeat(50),
        "$2b$12$".repeat(1_000_000),
        "A".repeat(3_000_000),
        " ".into(),
    ]
}

#[test]
fn a_hostile_legacy_hash_is_invalid_at_once_whatever_is_typed() {
    let site = Site::shop();
    let mut app = site.app();
    for hash in hostile() {
        let shown: String = hash.chars().take(60).collect();
        site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&hash]);
        for typed in ["ann's secret", shown.as_str()] {
            let started = Instant::now();
            assert_eq!(login(&mut app, "ann@example.com", typed), Answer::refused("invalid"), "{shown}");
            assert!(started.elapsed() < SOON, "{shown}: {:?}", started.elapsed());
        }
        let event = site.last_event();
        assert_eq!(event.source.as_deref(), Some("shop"), "{shown}: {event:?}");
        let told = format!("{:?}", event.detail);
        assert!(!told.contains("salt$") && !told.contains("AAAA") && told.len() < 500, "{shown}: {told}");
    }
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn a_hostile_hash_of_a_user_here_is_invalid_at_once_too() {
    let site = Site::shop();
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    for hash in hostile() {
        let shown: String = hash.chars().take(60).collect();
        site.db.rows("UPDATE users SET password_hash = $1", &[&hash]);
        for typed in ["ann's secret", shown.as_str()] {
            let started = Instant::now();
            assert_eq!(login(&mut app, "ann@example.com", typed), Answer::refused("invalid"), "{shown}");
            assert!(started.elapsed() < SOON, "{shown}: {:?}", started.elapsed());
        }
    }
}

#[test]
fn a_hash_that_does_not_fit_the_named_format_is_invalid() {
    let site = Site::shop();
    let bare: String = site.db.one("SELECT md5($1)", &[&"ann's secret"]);
    let mut app = site.app();
    for (format, hash) in [
        ("bcrypt", bare.as_str()),
        ("sha1($pass)", bare.as_str()),
        ("phpass", "$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"),
        ("md5($pass)", "not hexadecimal, but thirty-two.."),
        ("md5($pass)", ""),
    ] {
        site.configure("source", &format!("format = '{format}'"));
        site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&hash]);
        assert_eq!(
            login(&mut app, "ann@example.com", "ann's secret"),
            Answer::refused("invalid"),
            "{format}"
        );
    }
}

#[test]
fn a_long_computation_can_be_cancelled() {
    let site = Site::shop();
    // 2^16 rounds, the most that the limits allow: several seconds anywhere.
    let hash = "$2b$16$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&hash]);
    let mut app = site.app();
    let pid: i32 = app.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    app.batch_execute("SET statement_timeout = '150ms'").unwrap();
    let error = try_login(&mut app, "ann@example.com", "ann's secret").unwrap_err();
    assert_eq!(sqlstate(&error), "57014");
    assert_eq!(site.counts(), (0, 0, 0));
    let cancelled = processor_ticks(pid);
    app.batch_execute("RESET statement_timeout").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    let whole = processor_ticks(pid) - cancelled;
    assert!(cancelled < whole / 2, "{cancelled} of {whole} ticks");
}

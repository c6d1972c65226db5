//! Moving many users at once: what becomes of each row, what is counted, what is refused and why.

use crate::setup::{Answer, Site, login};
use ferry_tests::need_extension;
use postgres::Client;

/// The counts of the newest run.
#[derive(Debug, PartialEq, Eq, Default, Clone)]
pub(crate) struct Run {
    pub(crate) state: String,
    pub(crate) total: i64,
    pub(crate) done: i64,
    pub(crate) moved: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
    pub(crate) refused: i64,
    pub(crate) skipped: i64,
}

/// Calls `ferry.import` for the shop, and tells what has come of it.
#[track_caller]
pub(crate) fn import(site: &Site, arguments: &str) -> Run {
    site.db.sql(&format!("CALL ferry.import('shop'{arguments})"));
    run(site)
}

/// The newest run, whose counts must agree with each other.
#[track_caller]
pub(crate) fn run(site: &Site) -> Run {
    let rows = site.db.rows("SELECT * FROM ferry.import_run ORDER BY called_at DESC, id DESC LIMIT 1", &[]);
    let row = rows.first().expect("there was a run");
    let run = Run {
        state: row.get("state"),
        total: row.get("total"),
        done: row.get("done"),
        moved: row.get("moved"),
        updated: row.get("updated"),
        deleted: row.get("deleted"),
        refused: row.get("refused"),
        skipped: row.get("skipped"),
    };
    assert_eq!(run.done, run.moved + run.updated + run.deleted + run.refused + run.skipped, "{run:?}");
    run
}

fn finished(total: i64, moved: i64, refused: i64, skipped: i64) -> Run {
    Run { state: "finished".into(), total, done: total, moved, refused, skipped, ..Run::default() }
}

/// Who is refused now: `key reason`.
pub(crate) fn refused(site: &Site) -> Vec<String> {
    let sql = "SELECT legacy_key || ' ' || concat_ws(' ', reason, rule, column_name, constraint_name, sqlstate) \
               FROM ferry.import_reject WHERE settled_at IS NULL ORDER BY legacy_key::bigint";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

/// Customers 1 to `count`, `user1@example.com` and so on, each with the MD5 of `password N`.
pub(crate) fn crowd(site: &Site, count: i64) {
    site.db.rows(
        "INSERT INTO legacy.customers (id, email, last, pwd)
         SELECT n, format('User%s@example.com', n), 'Nr ' || n, md5(format('password %s', n)) FROM generate_series(1, $1::bigint) n",
        &[&count],
    );
}

/// A shop without customers whose hashes are plain MD5.
pub(crate) fn md5_shop() -> Site {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.configure_source("shop", "format = 'md5'");
    site
}

#[track_caller]
fn assert_welcome(app: &mut Client, email: &str, password: &str) {
    let answer = login(app, email, password);
    assert_eq!((answer.authenticated, answer.outcome.as_str()), (true, "ok"), "{email}");
}

#[test]
fn everybody_is_moved_and_logs_in_with_the_old_password() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 2500);
    assert_eq!(import(&site, ""), finished(2500, 2500, 0, 0));
    assert_eq!(site.counts(), (2500, 2500, 0));
    assert_eq!(site.user("user7@example.com", "name").as_deref(), Some("Ann Nr 7"));
    let via: i64 =
        site.db.one("SELECT count(*) FROM ferry.link WHERE via = 'import' AND hash_digest IS NOT NULL", &[]);
    assert_eq!(via, 2500);
    let mut app = site.app();
    assert_eq!(login(&mut app, "user7@example.com", "password 8"), Answer::refused("invalid"));
    assert_welcome(&mut app, "user7@example.com", "password 7");
    let hash = site.user("user7@example.com", "password_hash").unwrap();
    assert!(hash.starts_with("$argon2id$"), "the legacy hash is replaced at the first login");
    assert_welcome(&mut app, "User7@example.com", "password 7");
    assert_eq!(import(&site, ""), finished(2500, 0, 0, 2500));
}

#[test]
fn a_plain_md5_in_the_hash_column_never_opens_anything() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    let hash = site.user("user1@example.com", "password_hash").unwrap();
    assert!(hash.starts_with("$ferry$v=1$"), "{hash}");
    site.db.sql("UPDATE users SET password_hash = md5('password 1')");
    assert_eq!(login(&mut site.app(), "user1@example.com", "password 1"), Answer::refused("invalid"));
}

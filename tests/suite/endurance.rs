//! Sessions that live long: what thousands of logins leave behind.

use crate::setup_config::{app, outcome, password_of, right, shop};
use ferry_tests::Db;
use postgres::Client;

/// What a backend holds, in kilobytes: in PostgreSQL's memory contexts, and of the system altogether (Rust's own heap is only in the second).
fn memory(client: &mut Client) -> (i64, i64) {
    let query = "SELECT pg_backend_pid(), (sum(total_bytes) / 1024)::bigint FROM pg_backend_memory_contexts";
    let row = client.query_one(query, &[]).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", row.get::<_, i32>(0))).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
    (row.get(1), line.split_whitespace().nth(1).unwrap().parse().unwrap())
}

/// Does something many times, and fails if the backend needs more memory afterwards; a first half makes it as large as it has to be.
#[track_caller]
fn check_growth(db: &Db<'_>, rounds: usize, mut something: impl FnMut(&mut Client, usize)) {
    let mut client = db.client();
    for round in 0..rounds / 2 {
        something(&mut client, round);
    }
    let before = memory(&mut client);
    for round in 0..rounds {
        something(&mut client, round);
    }
    let after = memory(&mut client);
    let grown = (after.0 - before.0, after.1 - before.1);
    assert!(grown.0 < 256 && grown.1 < 2048, "{rounds} rounds took {grown:?} kB");
}

#[test]
fn good_and_bad_logins_leave_no_memory_behind() {
    let db = shop();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    check_growth(&db, 1000, |client, round| {
        assert_eq!(right(client, "alice"), "ok");
        assert_eq!(outcome(client, "alice", "wrong"), "invalid");
        assert_eq!(outcome(client, &format!("nobody{round}"), "wrong"), "invalid");
    });
}

#[test]
fn logins_in_one_long_statement_leave_no_memory_behind() {
    let db = shop();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    let many = "SELECT count(*) FROM generate_series(1, 2000) n, LATERAL ferry.authenticate('alice', $1) a
                WHERE n > 0 AND a.outcome = 'ok'";
    // What a statement needs at its peak, the process keeps.
    check_growth(&db, 2, |client, _| {
        assert_eq!(client.query_one(many, &[&password_of("alice")]).unwrap().get::<_, i64>(0), 2000);
    });
}

#[test]
fn moves_that_fail_leave_no_memory_behind() {
    let db = shop();
    db.sql(
        "UPDATE ferry.mapping SET expression = '1 / (l.points - l.points)' WHERE target_column = 'points'",
    );
    check_growth(&db, 400, |client, _| assert_eq!(right(client, "bob"), "failed"));
}

#[test]
fn changes_of_config_leave_no_memory_behind() {
    let db = shop();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    check_growth(&db, 150, |client, round| {
        db.sql(&format!(
            "UPDATE ferry.mapping SET expression = 'l.last || {round}' WHERE target_column = 'name'"
        ));
        assert_eq!(right(client, "alice"), "ok");
        assert_eq!(outcome(client, "bob", "wrong"), "invalid");
    });
}

//! Stricter isolation, transactions and savepoints: whoever loses a race is told 40001 and succeeds on retry.

use crate::concurrency::{all_at_once, slow_down_inserts};
use crate::setup_config::{Answer, app, outcome, password_of, right, shop, try_login};
use ferry_tests::sqlstate;

/// In stricter isolation a loser cannot see who has won; a retry can.
fn losers_retry(begin: &'static str) {
    let db = shop();
    slow_down_inserts(&db, 0.2);
    let logins = vec![("alice".to_owned(), password_of("alice").to_owned()); 8];
    let answers = all_at_once(&db, &logins, begin);
    let (winners, losers): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(winners.iter().flatten().all(Answer::is_success));
    assert_eq!(
        winners.iter().flatten().filter(|answer| answer.outcome == "migrated").count(),
        1,
        "{winners:?}"
    );
    assert!(!losers.is_empty(), "nobody lost: the race did not happen");
    for loser in losers {
        let error = loser.unwrap_err();
        assert_eq!(sqlstate(&error), "40001", "{error:?}");
    }
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
    let mut retry = app(&db);
    retry.batch_execute(begin).unwrap();
    assert_eq!(right(&mut retry, "alice"), "ok");
    retry.batch_execute("COMMIT").unwrap();
}

impl Answer {
    fn is_success(&self) -> bool {
        self.authenticated && matches!(self.outcome.as_str(), "ok" | "migrated")
    }
}

#[test]
fn losers_in_repeatable_read_get_40001_and_succeed_on_retry() {
    losers_retry("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
}

#[test]
fn losers_in_serializable_get_40001_and_succeed_on_retry() {
    losers_retry("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1");
}

#[test]
fn a_snapshot_older_than_the_move_gets_40001_without_waiting() {
    let db = shop();
    let (mut old, mut winner) = (app(&db), app(&db));
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    let error = try_login(&mut old, "alice", password_of("alice")).unwrap_err();
    assert_eq!(sqlstate(&error), "40001", "{error:?}");
    let hint = error.as_db_error().unwrap().hint().unwrap_or_default();
    assert!(hint.contains("Retry"), "{error:?}");
    old.batch_execute("ROLLBACK").unwrap();
    assert_eq!(right(&mut old, "alice"), "ok");
}

#[test]
fn a_wrong_password_in_an_old_snapshot_is_no_error() {
    let db = shop();
    let (mut old, mut winner) = (app(&db), app(&db));
    old.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    assert_eq!(outcome(&mut old, "alice", "wrong"), "invalid");
    old.batch_execute("COMMIT").unwrap();
}

#[test]
fn two_logins_fit_in_one_transaction() {
    let db = shop();
    let mut client = app(&db);
    client.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(right(&mut client, "bob"), "migrated");
    client.batch_execute("ROLLBACK").unwrap();
    assert_eq!((db.count("users"), db.count("ferry.link")), (0, 0));
    client.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

#[test]
fn a_savepoint_takes_back_a_move_and_its_locks() {
    let db = shop();
    let (mut client, mut other) = (app(&db), app(&db));
    client.batch_execute("BEGIN; SAVEPOINT before").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    client.batch_execute("ROLLBACK TO before").unwrap();
    other.batch_execute("SET lock_timeout = '2s'").unwrap();
    assert_eq!(right(&mut other, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(db.count("users"), 1);
}

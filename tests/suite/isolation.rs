//! Stricter isolation, transactions and savepoints: whoever loses a race is told 40001 and succeeds on retry.

use crate::concurrency::{all_at_once, await_waiter, slow_down_inserts};
use crate::setup_config::{Answer, app, last_reason, outcome, password_of, right, shop, try_login};
use ferry_tests::{Db, sqlstate};

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

#[test]
fn crossed_logins_in_two_transactions_end_as_a_deadlock_for_one() {
    let db = shop();
    let (mut one, mut other) = (app(&db), app(&db));
    for client in [&mut one, &mut other] {
        client.batch_execute("BEGIN").unwrap();
    }
    assert_eq!(right(&mut one, "alice"), "migrated");
    assert_eq!(right(&mut other, "bob"), "migrated");
    let crossed = std::thread::spawn(move || {
        let answer = try_login(&mut one, "bob", password_of("bob"));
        let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
        one.batch_execute(end).unwrap();
        answer
    });
    let mine = try_login(&mut other, "alice", password_of("alice"));
    other.batch_execute(if mine.is_ok() { "COMMIT" } else { "ROLLBACK" }).unwrap();
    let (lost, won): (Vec<_>, Vec<_>) = [mine, crossed.join().unwrap()].into_iter().partition(Result::is_err);
    assert_eq!((lost.len(), won.len()), (1, 1), "{lost:?} {won:?}");
    assert_eq!(sqlstate(lost[0].as_ref().unwrap_err()), "40P01", "{lost:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (2, 2));
}

#[test]
fn an_adoption_by_many_at_once_is_one() {
    let db = shop();
    db.sql(
        "INSERT INTO users (login, email, name) VALUES ('alice', 'alice@example.com', 'Kept');
         UPDATE ferry.target SET adopt = 'locked'",
    );
    let logins = vec![("alice".to_owned(), password_of("alice").to_owned()); 12];
    let answers = all_at_once(&db, &logins, "BEGIN");
    let outcomes: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().outcome).collect();
    let migrated = outcomes.iter().filter(|outcome| *outcome == "migrated").count();
    assert!(
        migrated == 1 && outcomes.iter().all(|outcome| outcome == "migrated" || outcome == "ok"),
        "{outcomes:?}: {}",
        last_reason(&db)
    );
    assert_eq!((db.count("users"), db.count("ferry.link WHERE via = 'adopt'")), (1, 1));
    assert_eq!(db.one::<String>("SELECT name FROM users", &[]), "Kept");
}

#[test]
fn a_hash_replaced_by_many_at_once_is_replaced_once() {
    let db = shop();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    db.sql("UPDATE ferry.target SET hash_policy = 'argon2id:m=16,t=1,p=1'");
    let logins = vec![("alice".to_owned(), password_of("alice").to_owned()); 12];
    let answers = all_at_once(&db, &logins, "BEGIN");
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.outcome == "ok")),
        "{answers:?}"
    );
    assert_eq!(db.count("ferry.event WHERE kind = 'rehash' AND outcome = 'ok'"), 1);
    let ours: bool = db.one(
        "SELECT hash_digest = encode(sha256(convert_to(password_hash, 'UTF8')), 'hex') FROM ferry.link JOIN users ON user_id = users.id::text",
        &[],
    );
    assert!(ours, "the link no longer knows the hash as ours");
}

#[test]
fn a_reset_and_a_login_at_once_make_one_user() {
    let db = shop();
    slow_down_inserts(&db, 0.1);
    let resetter = db.role("resetter");
    db.rows("SELECT ferry.grant_access($1::text::name, 'reset')", &[&resetter]);
    let mut reset = db.client_as(&resetter);
    let preparing = std::thread::spawn(move || -> String {
        reset.query_one("SELECT outcome FROM ferry.prepare_reset('alice')", &[]).unwrap().get(0)
    });
    let logins = vec![("alice".to_owned(), password_of("alice").to_owned()); 4];
    let answers = all_at_once(&db, &logins, "BEGIN");
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.authenticated)),
        "{answers:?}"
    );
    assert!(["ok", "migrated"].contains(&preparing.join().unwrap().as_str()));
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
    assert_eq!(right(&mut app(&db), "alice"), "ok");
}

/// Asking the source, a session named `slow` waits until nobody holds lock 42.
fn let_the_slow_be_late(db: &Db<'_>) {
    db.sql(
        "CREATE FUNCTION linger() RETURNS boolean LANGUAGE plpgsql VOLATILE AS
             $$BEGIN IF current_setting('application_name') = 'slow' THEN PERFORM pg_advisory_xact_lock(42); END IF; RETURN true; END$$;
         UPDATE ferry.source SET filter = 'linger()', timeout = '1 minute'",
    );
}

/// What a session is told that has looked in the target before somebody else moves the user, and in the links afterwards.
fn late_login(db: &Db<'_>) -> String {
    let_the_slow_be_late(db);
    let mut gate = db.client();
    gate.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    let (mut slow, mut quick) = (app(db), app(db));
    slow.batch_execute("SET application_name = slow").unwrap();
    let late = std::thread::spawn(move || right(&mut slow, "alice"));
    await_waiter(db);
    assert_eq!(right(&mut quick, "alice"), "migrated");
    drop(gate);
    late.join().unwrap()
}

#[test]
fn whoever_is_late_for_a_move_is_let_in() {
    let db = shop();
    assert_eq!(late_login(&db), "ok", "{}", last_reason(&db));
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

#[test]
fn whoever_is_late_for_an_adoption_is_let_in() {
    let db = shop();
    db.sql("INSERT INTO users (login) VALUES ('alice'); UPDATE ferry.target SET adopt = 'locked'");
    assert_eq!(late_login(&db), "ok", "{}", last_reason(&db));
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

#[test]
fn whoever_is_late_for_an_adoption_over_another_password_is_let_in() {
    let db = shop();
    db.sql("INSERT INTO users (login, password_hash) VALUES ('alice', ferry.hash_password('Own-1', 'argon2id:m=8,t=1,p=1')); UPDATE ferry.target SET adopt = 'any'");
    assert_eq!(late_login(&db), "ok", "{}", last_reason(&db));
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

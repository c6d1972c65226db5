//! Many logins at once: exactly one move, whoever comes when and however they end.

use crate::setup_config::{Answer, app, login, outcome, password_of, right, shop, try_login};
use ferry_tests::{Db, sqlstate};
use postgres::{Client, Error};
use std::sync::{Arc, Barrier, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const CROWD: usize = 32;

/// Makes the winner's INSERT take its time, so that the others are all there before it commits.
pub(crate) fn slow_down_inserts(db: &Db<'_>, seconds: f64) {
    db.sql(&format!(
        "CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END';
         CREATE TRIGGER dawdle BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.dawdle()"
    ));
}

/// Logs everybody of `logins` in at the same moment, each over a connection of its own.
pub(crate) fn all_at_once(
    db: &Db<'_>,
    logins: &[(String, String)],
    begin: &'static str,
) -> Vec<Result<Answer, Error>> {
    let start = Arc::new(Barrier::new(logins.len()));
    let crowd: Vec<_> = logins
        .iter()
        .map(|(name, password)| {
            let (start, mut client) = (Arc::clone(&start), app(db));
            let (name, password) = (name.clone(), password.clone());
            std::thread::spawn(move || {
                // The config is read before the race, so that nobody is late.
                outcome(&mut client, "nobody at all", "x");
                client.batch_execute(begin).unwrap();
                start.wait();
                let answer = try_login(&mut client, &name, &password)?;
                client.batch_execute("COMMIT")?;
                Ok(answer)
            })
        })
        .collect();
    crowd.into_iter().map(|one| one.join().unwrap()).collect()
}

pub(crate) fn count_of(answers: &[Answer], outcome: &str) -> usize {
    answers.iter().filter(|answer| answer.outcome == outcome).count()
}

/// One login in a thread of its own; the sender tells when it is about to ask.
fn in_background(
    mut client: Client,
    name: &'static str,
    password: &'static str,
) -> JoinHandle<Result<Answer, Error>> {
    let (ready, is_ready) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        outcome(&mut client, "nobody at all", "x");
        ready.send(()).unwrap();
        try_login(&mut client, name, password)
    });
    is_ready.recv().unwrap();
    thread
}

fn backend(client: &mut Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0)
}

/// Waits until a session of this database waits for a lock of pg_ferry's class.
#[track_caller]
pub(crate) fn await_waiter(db: &Db<'_>) {
    const WAITS: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    await_true(db, WAITS);
}

/// Waits until a query says yes.
#[track_caller]
pub(crate) fn await_true(db: &Db<'_>, query: &str) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !db.one::<bool>(query, &[]) {
        assert!(Instant::now() < deadline, "waited in vain for: {query}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn thirty_two_first_logins_of_one_person_make_one_user() {
    let db = shop();
    slow_down_inserts(&db, 0.2);
    let logins = vec![("alice".to_owned(), password_of("alice").to_owned()); CROWD];
    let answers: Vec<Answer> = all_at_once(&db, &logins, "BEGIN").into_iter().map(Result::unwrap).collect();
    assert_eq!((count_of(&answers, "migrated"), count_of(&answers, "ok")), (1, CROWD - 1), "{answers:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
    assert_eq!(db.count("ferry.event WHERE outcome = 'migrated'"), 1);
    let id: String = db.one("SELECT id::text FROM users", &[]);
    assert!(answers.iter().all(|answer| answer.user_id.as_deref() == Some(&id)), "{answers:?}");
}

#[test]
fn one_person_under_two_logins_at_once_makes_one_user() {
    let db = shop();
    slow_down_inserts(&db, 0.1);
    let spellings = ["alice", "alice@example.com", "ALICE", "Alice@Example.Com"];
    let logins: Vec<_> =
        (0..16).map(|turn| (spellings[turn % 4].to_owned(), password_of("alice").to_owned())).collect();
    let answers: Vec<Answer> = all_at_once(&db, &logins, "BEGIN").into_iter().map(Result::unwrap).collect();
    assert_eq!((count_of(&answers, "migrated"), count_of(&answers, "ok")), (1, 15), "{answers:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

#[test]
fn different_people_at_once_do_not_wait_for_each_other() {
    let db = shop();
    let (mut alice, mut bob) = (app(&db), app(&db));
    alice.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut alice, "alice"), "migrated");
    bob.batch_execute("SET lock_timeout = '2s'").unwrap();
    assert_eq!(right(&mut bob, "bob"), "migrated");
    alice.batch_execute("COMMIT").unwrap();
    assert_eq!(db.count("users"), 2);
}

#[test]
fn one_login_of_two_targets_at_once_makes_a_user_in_each() {
    let db = shop();
    let owner = db.owner();
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text UNIQUE, secret text);
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('club', 'members', 'id', '{{login}}', 'secret', 'argon2id:m=8,t=1,p=1');
         INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
         VALUES ('club shop', 'club', 'legacy.customers', 'id', '{{login}}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('club shop', 'login', 'l.login')"
    ));
    let (mut here, mut there) = (app(&db), app(&db));
    there.batch_execute("SET lock_timeout = '2s'").unwrap();
    here.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut here, "alice"), "migrated");
    let club = "SELECT outcome FROM ferry.authenticate($1, $2, 'club')";
    let answer = there.query_one(club, &[&"alice", &password_of("alice")]).unwrap();
    assert_eq!(answer.get::<_, &str>(0), "migrated");
    here.batch_execute("COMMIT").unwrap();
    assert_eq!((db.count("users"), db.count("members"), db.count("ferry.link")), (1, 1, 2));
}

#[test]
fn whoever_waits_for_a_winner_that_rolls_back_moves_the_user() {
    let db = shop();
    let mut winner = app(&db);
    winner.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    let waiter = in_background(app(&db), "alice", password_of("alice"));
    await_waiter(&db);
    winner.batch_execute("ROLLBACK").unwrap();
    assert_eq!(waiter.join().unwrap().unwrap().outcome, "migrated");
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
    assert_eq!(db.count("ferry.event WHERE outcome = 'migrated'"), 1);
}

#[test]
fn whoever_waits_for_a_winner_that_commits_is_let_in() {
    let db = shop();
    let mut winner = app(&db);
    winner.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    let waiter = in_background(app(&db), "alice@example.com", password_of("alice"));
    await_waiter(&db);
    winner.batch_execute("COMMIT").unwrap();
    assert_eq!(waiter.join().unwrap().unwrap().outcome, "ok");
}

#[test]
fn a_sign_up_during_the_move_is_not_overwritten() {
    let db = shop();
    let mut sign_up = db.client();
    sign_up
        .batch_execute("BEGIN; INSERT INTO users (login, email) VALUES ('alice', 'other@example.com')")
        .unwrap();
    let mut mover = app(&db);
    mover.batch_execute("SET lock_timeout = '20s'").unwrap();
    let waiter = in_background(mover, "alice", password_of("alice"));
    // It waits for the unique index.
    await_true(
        &db,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())",
    );
    sign_up.batch_execute("COMMIT").unwrap();
    let answer = waiter.join().unwrap().unwrap();
    assert!(!answer.authenticated, "{answer:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 0));
}

#[test]
fn a_lock_timeout_is_the_callers() {
    let db = shop();
    let (mut winner, mut waiter) = (app(&db), app(&db));
    winner.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    waiter.batch_execute("SET lock_timeout = '100ms'").unwrap();
    let error = try_login(&mut waiter, "alice", password_of("alice")).unwrap_err();
    assert_eq!(sqlstate(&error), "55P03", "{error:?}");
    winner.batch_execute("COMMIT").unwrap();
    assert_eq!(right(&mut waiter, "alice"), "ok");
}

#[test]
fn a_statement_timeout_is_the_callers() {
    let db = shop();
    slow_down_inserts(&db, 5.0);
    let mut client = app(&db);
    outcome(&mut client, "nobody", "x");
    client.batch_execute("SET statement_timeout = '300ms'").unwrap();
    let error = try_login(&mut client, "alice", password_of("alice")).unwrap_err();
    assert_eq!(sqlstate(&error), "57014", "{error:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (0, 0));
}

#[test]
fn a_session_killed_in_mid_move_leaves_nothing() {
    let db = shop();
    slow_down_inserts(&db, 30.0);
    let mut client = app(&db);
    let pid = backend(&mut client);
    let victim = in_background(client, "alice", password_of("alice"));
    await_true(
        &db,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database())",
    );
    assert!(db.one::<bool>("SELECT pg_terminate_backend($1, 20000)", &[&pid]));
    assert!(victim.join().unwrap().is_err());
    assert_eq!(
        (db.count("users"), db.count("ferry.link"), db.count("ferry.event WHERE outcome = 'migrated'")),
        (0, 0, 0)
    );
    db.sql("DROP TRIGGER dawdle ON users");
    let mut again = app(&db);
    again.batch_execute("SET lock_timeout = '2s'").unwrap();
    assert_eq!(right(&mut again, "alice"), "migrated");
}

#[test]
fn one_statement_that_logs_two_spellings_in_makes_one_user() {
    let db = shop();
    let mut client = app(&db);
    let query = "SELECT a.outcome FROM unnest(ARRAY['alice', 'alice@example.com', 'ALICE']) AS name,
                 LATERAL ferry.authenticate(name, $1) AS a";
    let rows = client.query(query, &[&password_of("alice")]).unwrap();
    let outcomes: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(outcomes, ["migrated", "ok", "ok"]);
    assert_eq!(db.count("users"), 1);
}

#[test]
fn our_locks_are_of_a_class_that_no_application_uses() {
    let db = shop();
    let (mut client, mut other) = (app(&db), app(&db));
    client.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    let ours = "SELECT classid::bigint, objid::bigint, objsubid FROM pg_locks WHERE locktype = 'advisory' AND pid = $1";
    let locks = db.rows(ours, &[&backend(&mut client)]);
    assert_eq!(locks.len(), 2, "one lock for the key, one for the login");
    other.batch_execute("SET lock_timeout = '500ms'").unwrap();
    for lock in locks {
        let (high, low, class): (i64, i64, i16) = (lock.get(0), lock.get(1), lock.get(2));
        assert!(class > 2, "pg_advisory_lock uses 1 and 2, and here is {class}");
        // The same numbers, as an application could take them.
        let (high32, low32) = (high as i32, low as i32);
        other.execute("SELECT pg_advisory_lock($1, $2)", &[&high32, &low32]).unwrap();
        other.execute("SELECT pg_advisory_lock($1)", &[&((high << 32) | low)]).unwrap();
    }
    client.batch_execute("COMMIT").unwrap();
}

#[test]
fn no_lock_is_left_when_the_transaction_ends() {
    let db = shop();
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(outcome(&mut client, "bob", "wrong"), "invalid");
    db.sql(
        "UPDATE ferry.mapping SET expression = '1 / (l.points - l.points)' WHERE target_column = 'points'",
    );
    assert_eq!(right(&mut client, "bob"), "failed");
    let pid = backend(&mut client);
    let locks: i64 = db.one(
        "SELECT count(*) FROM pg_locks WHERE pid = $1 AND locktype IN ('advisory', 'relation')",
        &[&pid],
    );
    assert_eq!(locks, 0);
}

#[test]
fn a_failed_move_in_a_long_transaction_holds_nobody_up() {
    let db = shop();
    db.sql(
        "UPDATE ferry.mapping SET expression = '1 / (l.points - l.points)' WHERE target_column = 'points'",
    );
    let (mut client, mut other) = (app(&db), app(&db));
    client.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut client, "alice"), "failed");
    db.sql("UPDATE ferry.mapping SET expression = 'l.points' WHERE target_column = 'points'");
    other.batch_execute("SET lock_timeout = '500ms'").unwrap();
    assert_eq!(right(&mut other, "alice"), "migrated");
    client.batch_execute("COMMIT").unwrap();
}

#[test]
fn a_password_set_during_first_logins_stays_set() {
    let db = shop();
    slow_down_inserts(&db, 0.05);
    let resetter = db.role("resetter");
    db.rows("SELECT ferry.grant_access($1::text::name, 'reset')", &[&resetter]);
    let start = Arc::new(Barrier::new(9));
    let logins: Vec<_> = (0..8)
        .map(|_| {
            let (start, mut client) = (Arc::clone(&start), app(&db));
            std::thread::spawn(move || {
                outcome(&mut client, "nobody at all", "x");
                start.wait();
                right(&mut client, "alice")
            })
        })
        .collect();
    let mut reset = db.client_as(&resetter);
    start.wait();
    let row =
        reset.query_one("SELECT outcome FROM ferry.set_password('alice', $1)", &[&"Brand-new-1"]).unwrap();
    assert!(matches!(row.get(0), "ok" | "migrated"));
    for login in logins {
        let outcome = login.join().unwrap();
        assert!(matches!(outcome.as_str(), "ok" | "migrated" | "invalid"), "{outcome}");
    }
    let mut client = app(&db);
    assert_eq!(outcome(&mut client, "alice", "Brand-new-1"), "ok");
    assert_eq!(right(&mut client, "alice"), "invalid", "the legacy password came back to life");
    assert_eq!((db.count("users"), db.count("ferry.link")), (1, 1));
}

#[test]
fn many_people_at_once_are_all_moved() {
    let db = shop();
    db.sql(
        "INSERT INTO legacy.customers (id, login, email, first, last, pwd)
         SELECT 100 + n, 'user' || n, 'user' || n || '@example.com', 'User', 'No ' || n, pwd
         FROM legacy.customers, generate_series(1, 16) n WHERE login = 'alice'",
    );
    let logins: Vec<_> =
        (0..CROWD).map(|turn| (format!("user{}", turn % 16 + 1), password_of("alice").to_owned())).collect();
    let answers: Vec<Answer> = all_at_once(&db, &logins, "BEGIN").into_iter().map(Result::unwrap).collect();
    assert_eq!((count_of(&answers, "migrated"), count_of(&answers, "ok")), (16, 16), "{answers:?}");
    assert_eq!((db.count("users"), db.count("ferry.link")), (16, 16));
    assert_eq!(login(&mut app(&db), "user3", password_of("alice")).outcome, "ok");
}

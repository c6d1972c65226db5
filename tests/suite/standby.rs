//! Where nothing can be written, moved users still log in.

use crate::setup_config::{app, configure, fill, login, outcome, password_of, right, shop};
use ferry_tests::{Cluster, Db, Options};
use postgres::{Client, NoTls};

/// The moved log in; the others are told why not, once they have shown the right password.
fn check_read_only(client: &mut Client, moved_id: &str) {
    let answer = login(client, "alice", password_of("alice"));
    assert_eq!((answer.outcome.as_str(), answer.user_id.as_deref()), ("ok", Some(moved_id)));
    assert_eq!(outcome(client, "ALICE@example.com", password_of("alice")), "ok");
    assert_eq!(outcome(client, "alice", "wrong"), "invalid");
    let answer = login(client, "bob", password_of("bob"));
    assert_eq!((answer.outcome.as_str(), answer.authenticated, answer.user_id), ("read_only", false, None));
    assert_eq!(outcome(client, "bob", "wrong"), "invalid");
    assert_eq!(outcome(client, "nobody", "wrong"), "invalid");
    assert_eq!(outcome(client, "", ""), "invalid");
}

/// What may not change: users, links and events.
fn counts(db: &Db<'_>) -> (i64, i64, i64) {
    (db.count("users"), db.count("ferry.link"), db.count("ferry.event"))
}

#[test]
fn a_hot_standby_logs_moved_users_in_and_writes_nothing() {
    let primary = Cluster::start(Options::default());
    let db = Db::on(&primary);
    fill(&db);
    configure(&db);
    // A hash weaker than the policy: it stays as it is.
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    db.sql("UPDATE ferry.target SET hash_policy = 'argon2id:m=16,t=1,p=1'");
    let id: String = db.one("SELECT id::text FROM users", &[]);
    let role = db.app();
    let standby = primary.start_standby();
    standby.catch_up_with(&primary);
    let mut client = standby.config(db.name(), &role).connect(NoTls).unwrap();
    let before = counts(&db);
    check_read_only(&mut client, &id);
    // Twice: nothing that the first round left behind makes the second another.
    check_read_only(&mut client, &id);
    let mut dba = standby.connect(db.name(), "postgres");
    for call in [
        "ferry.set_password('alice', 'Brand-new-1')",
        "ferry.prepare_reset('bob')",
        "ferry.set_password('bob', 'Brand-new-1')",
    ] {
        let row = dba.query_one(&format!("SELECT outcome FROM {call}"), &[]).unwrap();
        assert_eq!(row.get::<_, &str>(0), "read_only", "{call}");
    }
    let found: String = dba.query_one("SELECT ferry.find_login('bob')", &[]).unwrap().get(0);
    assert_eq!(found, "source");
    dba.query("SELECT * FROM ferry.explain_login('bob')", &[]).unwrap();
    dba.query("SELECT * FROM ferry.check_config()", &[]).unwrap();
    assert!(!dba.query("SELECT * FROM ferry.assess('shop')", &[]).unwrap().is_empty());
    assert_eq!(dba.query("SELECT * FROM ferry.preview('shop')", &[]).unwrap().len(), 4);
    assert_eq!(counts(&db), before);
    let log = standby.log_since(0).of_database(db.name());
    assert!(log.internal_errors().is_empty(), "{}", log.text());
    // Config reaches the sessions of the standby too.
    db.sql("UPDATE ferry.target SET allowed = 'false'");
    standby.catch_up_with(&primary);
    assert_eq!(right(&mut client, "alice"), "blocked");
    db.sql("UPDATE ferry.target SET allowed = NULL");
    standby.catch_up_with(&primary);
    assert_eq!(right(&mut client, "alice"), "ok");
    // And a user who is moved at the primary.
    assert_eq!(right(&mut app(&db), "bob"), "migrated");
    standby.catch_up_with(&primary);
    assert_eq!(right(&mut client, "bob"), "ok");
}

#[test]
fn a_read_only_transaction_logs_moved_users_in_and_writes_nothing() {
    let db = shop();
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    db.sql("UPDATE ferry.target SET hash_policy = 'argon2id:m=16,t=1,p=1'");
    let id: String = db.one("SELECT id::text FROM users", &[]);
    let before = counts(&db);
    for begin in [
        "BEGIN READ ONLY",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
    ] {
        client.batch_execute(begin).unwrap();
        check_read_only(&mut client, &id);
        client.batch_execute("COMMIT").unwrap();
        assert_eq!(counts(&db), before, "{begin}");
    }
    assert_eq!(right(&mut client, "bob"), "migrated");
}

#[test]
fn a_session_that_is_read_only_by_default_can_still_move_users_where_it_says_so() {
    let db = shop();
    let mut client = app(&db);
    client.batch_execute("SET default_transaction_read_only = on").unwrap();
    assert_eq!(right(&mut client, "alice"), "read_only");
    assert_eq!(counts(&db), (0, 0, 0));
    client.batch_execute("BEGIN READ WRITE").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(outcome(&mut client, "alice", "wrong"), "invalid");
    assert_eq!(counts(&db), (1, 1, 1));
}

#[test]
fn a_savepoint_that_is_read_only_does_not_write_either() {
    let db = shop();
    let mut client = app(&db);
    client.batch_execute("BEGIN; SAVEPOINT s; SET TRANSACTION READ ONLY").unwrap();
    assert_eq!(right(&mut client, "alice"), "read_only");
    client.batch_execute("ROLLBACK TO s").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(counts(&db), (1, 1, 1));
}

#[test]
fn change_password_in_a_read_only_transaction_is_read_only() {
    let db = shop();
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    client.batch_execute("BEGIN READ ONLY").unwrap();
    let change = "SELECT outcome, authenticated FROM ferry.change_password('alice', $1, 'Brand-new-1')";
    let row = client.query_one(change, &[&password_of("alice")]).unwrap();
    assert_eq!(row.get::<_, &str>(0), "read_only");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(right(&mut client, "alice"), "ok");
}

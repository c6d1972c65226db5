//! Imports that are killed, cancelled, doubled, and met by logins: nobody is lost and nobody comes twice.

use crate::concurrency::{await_true, slow_down_inserts};
use crate::import::{crowd, import, md5_shop, run};
use crate::setup::{Site, login};
use crate::setup_config::{self, refusal};
use ferry_tests::{Cluster, Db, Options, Shutdown, need_extension, sqlstate};
use postgres::Client;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An import in a session of its own; ends with the SQLSTATE that it met.
pub(crate) fn in_background(site: &Site, call: &'static str) -> JoinHandle<String> {
    let mut client = site.db.client();
    std::thread::spawn(move || match client.batch_execute(call) {
        Ok(()) => "finished".to_string(),
        Err(error) => sqlstate(&error).to_string(),
    })
}

#[track_caller]
pub(crate) fn await_done(site: &Site, least: i64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let sql = "SELECT coalesce(sum(done), 0)::bigint FROM ferry.import_run";
    while site.db.one::<i64>(sql, &[]) < least {
        assert!(Instant::now() < deadline, "{:?}", run(site));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
pub(crate) fn assert_reconciled(site: &Site, count: i64) {
    let moved: i64 = site.db.one(
        "SELECT count(*) FROM ferry.link l JOIN users u ON u.id::text = l.user_id JOIN legacy.customers c ON c.id::text = l.legacy_key
         WHERE lower(c.email) = u.email",
        &[],
    );
    assert_eq!((site.db.count("users"), site.db.count("ferry.link"), moved), (count, count, count));
}

#[test]
fn a_run_that_is_killed_or_cancelled_goes_on_where_it_stopped() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 400);
    slow_down_inserts(&site.db, 0.002);
    for (kill, state, least) in [
        ("pg_terminate_backend", "57P01", 40),
        ("pg_cancel_backend", "57014", 120),
        ("pg_terminate_backend", "57P01", 200),
    ] {
        let importing = in_background(&site, "CALL ferry.import('shop', batch_size => 20)");
        await_done(&site, least);
        let alive: bool = site.db.one("SELECT is_importing FROM ferry.progress WHERE source = 'shop'", &[]);
        assert!(alive, "a run under way is seen from outside");
        site.db.rows(&format!("SELECT {kill}(pid) FROM ferry.import_run"), &[]);
        let end = importing.join().unwrap();
        // The last word of a server process that is terminated does not always arrive.
        assert!(end == state || kill == "pg_terminate_backend" && end == "none", "{kill}: {end}");
        let cut = run(&site);
        assert_eq!((cut.state.as_str(), site.db.count("users")), ("running", cut.done));
        let alive: bool = site.db.one("SELECT is_importing FROM ferry.progress WHERE source = 'shop'", &[]);
        assert!(!alive, "a run whose call is over is not under way");
    }
    let end = import(&site, "");
    assert_eq!((end.state.as_str(), end.done, end.moved, end.skipped), ("finished", 400, 400, 0));
    assert_eq!(site.db.count("ferry.import_run"), 1);
    assert_reconciled(&site, 400);
}

#[test]
fn a_run_under_way_is_not_doubled() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 200);
    slow_down_inserts(&site.db, 0.005);
    let importing = in_background(&site, "CALL ferry.import('shop', batch_size => 20)");
    await_done(&site, 20);
    let refusal = refusal(&mut site.db.client(), "CALL ferry.import('shop')");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.contains("imports source shop already")),
        ("55000", true)
    );
    assert!(refusal.hint.contains("pg_cancel_backend"), "{refusal:?}");
    assert_eq!(importing.join().unwrap(), "finished");
    assert_reconciled(&site, 200);
}

#[test]
fn sessions_with_ranges_of_their_own_share_the_work() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 600);
    let sessions = [
        "CALL ferry.import('shop', batch_size => 50, key_to => '201')",
        "CALL ferry.import('shop', batch_size => 50, key_from => '201', key_to => '401')",
        "CALL ferry.import('shop', batch_size => 50, key_from => '401')",
        // One that overlaps with all.
        "CALL ferry.import('shop', batch_size => 70)",
    ]
    .map(|call| in_background(&site, call));
    for session in sessions {
        assert_eq!(session.join().unwrap(), "finished");
    }
    assert_reconciled(&site, 600);
    let moved: i64 = site.db.one("SELECT sum(moved)::bigint FROM ferry.import_run", &[]);
    assert_eq!(moved, 600);
    let totals: String =
        site.db.one("SELECT string_agg(total::text, ' ' ORDER BY total) FROM ferry.import_run", &[]);
    assert_eq!(totals, "200 200 200 600");
}

#[test]
fn logins_of_those_who_are_being_imported_succeed() {
    need_extension!("pg_ferry");
    for unique in [true, false] {
        let site = md5_shop();
        crowd(&site, 300);
        if !unique {
            site.as_owner("ALTER TABLE users DROP CONSTRAINT users_email_key");
        }
        slow_down_inserts(&site.db, 0.003);
        let importing = in_background(&site, "CALL ferry.import('shop', batch_size => 40)");
        let crowd: Vec<_> = (0..4)
            .map(|part| {
                let mut app = site.app();
                std::thread::spawn(move || {
                    (1..=300).filter(|n| n % 4 == part).rev().for_each(|n| {
                        let (email, password) = (format!("user{n}@example.com"), format!("password {n}"));
                        let answer = login(&mut app, &email, &password);
                        assert!(answer.authenticated, "{email}: {answer:?}");
                    });
                })
            })
            .collect();
        for part in crowd {
            part.join().unwrap();
        }
        assert_eq!(importing.join().unwrap(), "finished");
        assert_reconciled(&site, 300);
        let done = run(&site);
        assert_eq!((done.done, done.refused), (300, 0));
        assert_eq!(site.db.count("ferry.event WHERE outcome NOT IN ('migrated', 'ok')"), 0);
    }
}

#[test]
fn a_login_waits_for_the_batch_that_moves_its_user_and_gets_in() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 2);
    // The batch has written its users, and holds them for a second.
    site.as_owner(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
         CREATE TRIGGER dawdle AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION dawdle()",
    );
    let importing = in_background(&site, "CALL ferry.import('shop')");
    await_true(
        &site.db,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')",
    );
    let answer = login(&mut site.app(), "user1@example.com", "password 1");
    assert_eq!((answer.authenticated, answer.outcome.as_str()), (true, "ok"));
    assert_eq!(importing.join().unwrap(), "finished");
    assert_reconciled(&site, 2);
}

#[test]
fn an_import_waits_for_a_login_and_skips_its_user() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 50);
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "user7@example.com", "password 7").outcome, "migrated");
    let importing = in_background(&site, "CALL ferry.import('shop')");
    std::thread::sleep(Duration::from_millis(300));
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(importing.join().unwrap(), "finished");
    let done = run(&site);
    assert_eq!((done.moved, done.skipped, done.refused), (49, 1, 0));
    assert_reconciled(&site, 50);
}

#[test]
fn a_batch_that_ends_in_a_deadlock_is_done_again() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 3);
    import(&site, "");
    site.db.sql("DELETE FROM legacy.customers WHERE id < 3");
    // The batch has deleted the first user, and waits at a gate before it comes to the second.
    site.as_owner(
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
         CREATE TRIGGER gate AFTER DELETE ON users FOR EACH ROW WHEN (OLD.email LIKE 'user1@%') EXECUTE FUNCTION gate()",
    );
    let mut gate = site.db.client();
    gate.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    let mut app = site.db.client();
    let rename = |n| format!("UPDATE users SET name = 'new' WHERE email = 'user{n}@example.com'");
    app.batch_execute(&format!("SET deadlock_timeout = '1h'; BEGIN; {}", rename(2))).unwrap();
    let mut client = site.db.client();
    client.batch_execute("SET deadlock_timeout = '10ms'").unwrap();
    let importing = std::thread::spawn(move || client.batch_execute("CALL ferry.import('shop', 'delete')"));
    let waiting = "SELECT count(*) = {} FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await_true(&site.db, &waiting.replace("{}", "1"));
    let app = std::thread::spawn(move || app.batch_execute(&format!("{}; COMMIT", rename(1))));
    await_true(&site.db, &waiting.replace("{}", "2"));
    drop(gate);
    importing.join().unwrap().unwrap();
    app.join().unwrap().unwrap();
    let done = run(&site);
    assert_eq!((done.deleted, done.refused, site.db.count("users")), (2, 0, 1));
}

#[test]
fn a_crash_of_the_server_loses_nobody_and_doubles_nobody() {
    need_extension!("pg_ferry");
    let cluster = Cluster::start(Options::default());
    let db = Db::on(&cluster);
    setup_config::fill(&db);
    setup_config::configure(&db);
    db.sql(
        "INSERT INTO legacy.customers (id, login, email, first, last, pwd)
         SELECT n, 'c' || n, format('c%s@example.com', n), 'C', 'Nr ' || n, a.pwd
         FROM legacy.customers a, generate_series(100, 395) n WHERE a.id = 1",
    );
    slow_down_inserts(&db, 0.003);
    let mut client = db.client();
    for crash in 1..=2 {
        let mut importing = db.client();
        let import = std::thread::spawn(move || {
            importing.batch_execute("CALL ferry.import('shop', batch_size => 20)")
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        let done = |client: &mut Client| -> i64 {
            client
                .query_one("SELECT coalesce(sum(done), 0)::bigint FROM ferry.import_run", &[])
                .unwrap()
                .get(0)
        };
        while done(&mut client) < crash * 60 {
            assert!(Instant::now() < deadline, "the import does not move");
            std::thread::sleep(Duration::from_millis(5));
        }
        cluster.stop(Shutdown::Immediate);
        assert!(import.join().unwrap().is_err());
        cluster.start_again();
        client = db.client();
        let counts: (i64, i64, i64) = {
            let sql = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM ferry.link), (SELECT sum(done)::bigint FROM ferry.import_run)";
            let row = client.query_one(sql, &[]).unwrap();
            (row.get(0), row.get(1), row.get(2))
        };
        assert!(counts.0 == counts.1 && counts.1 == counts.2 && counts.0 < 300, "{counts:?}");
    }
    client.batch_execute("CALL ferry.import('shop')").unwrap();
    let sql = "SELECT concat_ws(' ', state, done, moved, skipped, (SELECT count(*) FROM users), (SELECT count(DISTINCT user_id) FROM ferry.link))
               FROM ferry.import_run";
    assert_eq!(setup_config::text(&mut client, sql, &[]), "finished 300 300 0 300 300");
    // The connection that would remove it is gone; the cluster does.
    std::mem::forget(db);
}

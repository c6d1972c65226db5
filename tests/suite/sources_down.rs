//! Sources that are down or too slow: that is not the user's fault, and moved users never notice.

use crate::setup::{Answer, Site, add_customer, customers_table, login, try_login};
use ferry_tests::{Cluster, Db, Options, Shutdown, need_extension, sqlstate};
use postgres::NoTls;
use std::time::{Duration, Instant};

/// Longer than any of these logins may take, shorter than the sleeps.
const SOON: Duration = Duration::from_secs(50);

/// A shop on another server, with Ann and Ben in it.
fn remote_shop<'c>(legacy: Db<'c>) -> (Site, Db<'c>) {
    let site = Site::new();
    legacy.sql(&customers_table("customers"));
    for who in ["ann", "ben"] {
        add_customer(
            &legacy,
            "customers",
            &format!("{who}@example.com"),
            &site.hash(&format!("{who}'s secret")),
        );
    }
    // This one takes a minute.
    legacy.sql(
        "CREATE FUNCTION slowly() RETURNS SETOF customers LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep(60); RETURN QUERY SELECT * FROM customers; END';
         CREATE VIEW slow_customers AS SELECT * FROM slowly()",
    );
    site.db.import_foreign_tables(&legacy, &["customers", "slow_customers"]);
    site.add_source("shop", "legacy.customers");
    (site, legacy)
}

/// Ann was moved; from now on the shop sleeps.
fn slow_shop() -> (Site, Db<'static>) {
    let (site, legacy) = remote_shop(Db::legacy());
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.configure_source("shop", "relation = 'legacy.slow_customers', timeout = '300 ms'");
    (site, legacy)
}

#[test]
fn a_legacy_server_that_is_down_is_unavailable_and_moved_users_never_notice() {
    need_extension!("postgres_fdw");
    let cluster = Cluster::start(Options::legacy());
    let (site, legacy) = remote_shop(Db::empty_on(&cluster));
    let mut connected = site.app();
    assert_eq!(login(&mut connected, "ann@example.com", "ann's secret").outcome, "migrated");
    let before = site.counts();
    // Its connection dies with the server; the cluster removes the database.
    std::mem::forget(legacy);
    cluster.stop(Shutdown::Immediate);
    for mut app in [connected, site.app()] {
        assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("unavailable"));
        assert_eq!(site.why(), "unavailable/source_unavailable");
        assert_eq!(site.last_event().detail["sqlstate"], "08001");
        assert_eq!(login(&mut app, "ben@example.com", "wrong"), Answer::refused("unavailable"));
        assert_eq!(login(&mut app, "nobody@example.com", "any"), Answer::refused("unavailable"));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
        assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    }
    assert_eq!((site.counts().0, site.counts().1), (before.0, before.1));
    cluster.start_again();
    assert_eq!(login(&mut site.app(), "ben@example.com", "ben's secret").outcome, "migrated");
}

#[test]
fn an_event_of_an_unavailable_source_keeps_no_login() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = remote_shop(Db::legacy());
    site.db.sql("ALTER SERVER legacy OPTIONS (SET port '1')");
    login(&mut site.app(), "my password, by mistake", "any");
    let event = site.last_event();
    assert_eq!(event.outcome, "unavailable");
    assert!(event.login.unwrap().starts_with("unknown:"), "nobody is known to have it");
}

#[test]
fn a_user_who_waits_for_a_reset_has_no_password_here_and_is_unavailable() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = remote_shop(Db::legacy());
    let moved = site.web().query_one("SELECT outcome FROM ferry.prepare_reset($1)", &[&"ann@example.com"]);
    assert_eq!(moved.unwrap().get::<_, String>(0), "migrated");
    site.db.sql("ALTER SERVER legacy OPTIONS (SET port '1')");
    // Only the legacy system could say whether that is right: it is not reported as wrong.
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("unavailable"));
}

#[test]
fn a_user_without_a_password_here_is_unavailable_while_the_source_is_down() {
    for on_wrong in ["stop", "next"] {
        let site = down_and_up();
        site.configure_source("shop", &format!("on_wrong = '{on_wrong}'"));
        site.configure("target", "adopt = 'locked'");
        site.as_owner("INSERT INTO users (id, email) VALUES (42, 'ann@example.com')");
        let answered = login(&mut site.app(), "ann@example.com", "ann's secret");
        assert_eq!(answered, Answer::refused("unavailable"), "{on_wrong}: {}", site.why());
    }
}

#[test]
fn a_source_that_may_not_be_read_is_unavailable() {
    need_extension!("postgres_fdw");
    let (site, legacy) = remote_shop(Db::legacy());
    legacy.sql(&format!("REVOKE SELECT ON customers FROM {}", legacy.role("reader")));
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("unavailable"));
    assert_eq!(site.last_event().detail["sqlstate"], "42501");
    legacy.sql(&format!("GRANT SELECT ON customers TO {}", legacy.role("reader")));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_source_that_is_down_ends_the_asking() {
    let site = down_and_up();
    assert_eq!(login(&mut site.app(), "cem@example.com", "cem's secret"), Answer::refused("unavailable"));
    assert_eq!(site.last_event().source.as_deref(), Some("shop"));
}

#[test]
fn a_source_that_is_down_passes_on_where_it_says_so() {
    let site = down_and_up();
    site.configure_source("shop", "on_wrong = 'next'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "nobody@example.com", "any"), Answer::refused("unavailable"));
    assert_eq!(login(&mut app, "cem@example.com", "cem's secret").outcome, "migrated");
}

/// The source `shop` fails, `forum` behind it knows Cem.
fn down_and_up() -> Site {
    let site = Site::shop();
    site.as_owner(
        "CREATE FUNCTION legacy.down() RETURNS SETOF legacy.customers LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'down' USING ERRCODE = '08001'; END $$;
         CREATE VIEW legacy.broken AS SELECT * FROM legacy.down()",
    );
    site.configure_source("shop", "relation = 'legacy.broken', priority = 10");
    site.add_local_source("forum", "members");
    site.add_customer("members", "cem@example.com", "cem's secret");
    site
}

#[test]
fn a_slow_source_is_unavailable_when_its_time_is_up() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = slow_shop();
    let mut app = site.app();
    let started = Instant::now();
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("unavailable"));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300) && took < SOON, "{took:?}");
    assert_eq!(site.why(), "unavailable/source_unavailable");
    assert_eq!(site.last_event().detail["sqlstate"], "timeout");
    // The session goes on, and so does the transaction.
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("unavailable"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    app.batch_execute("COMMIT").unwrap();
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
    site.configure_source("shop", "relation = 'legacy.customers'");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
}

#[test]
fn a_slow_source_does_not_delay_moved_users() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = slow_shop();
    site.configure_source("shop", "timeout = '1 hour'");
    let mut app = site.app();
    let started = Instant::now();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn a_slow_source_that_is_local_is_stopped_too() {
    let site = Site::shop();
    site.as_owner(
        "CREATE FUNCTION legacy.slowly() RETURNS SETOF legacy.customers LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_catalog.pg_sleep(60); END';
         CREATE VIEW legacy.slow AS SELECT * FROM legacy.slowly()",
    );
    site.configure_source("shop", "relation = 'legacy.slow', timeout = '300 ms'");
    let started = Instant::now();
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("unavailable"));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    site.configure_source("shop", "relation = 'legacy.customers', timeout = '1 minute'");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn statement_timeout_is_still_an_error() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = slow_shop();
    site.configure_source("shop", "timeout = '1 hour'");
    let mut app = site.app();
    app.batch_execute("SET statement_timeout = '300ms'").unwrap();
    let started = Instant::now();
    let error = try_login(&mut app, "ben@example.com", "ben's secret").unwrap_err();
    assert_eq!(sqlstate(&error), "57014");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_cancel_by_the_user_is_still_an_error() {
    need_extension!("postgres_fdw");
    let (site, legacy) = slow_shop();
    site.configure_source("shop", "timeout = '1 hour'");
    let mut app = site.app();
    let cancel = app.cancel_token();
    let started = Instant::now();
    let asking = std::thread::spawn(move || {
        let error = try_login(&mut app, "ben@example.com", "ben's secret").unwrap_err();
        (sqlstate(&error).to_owned(), app)
    });
    await_sleeper(&legacy);
    cancel.cancel_query(NoTls).unwrap();
    let (state, mut app) = asking.join().unwrap();
    assert_eq!(state, "57014");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_connection_that_dies_in_mid_query_lets_nobody_in_and_the_session_recovers() {
    need_extension!("postgres_fdw");
    let (site, legacy) = slow_shop();
    site.configure_source("shop", "timeout = '1 hour'");
    let mut app = site.app();
    let asking = std::thread::spawn(move || {
        let answer = try_login(&mut app, "ben@example.com", "ben's secret");
        (answer, app)
    });
    await_sleeper(&legacy);
    legacy.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'", &[]);
    let (answer, mut app) = asking.join().unwrap();
    match answer {
        Ok(answer) => assert_eq!(answer, Answer::refused("unavailable")),
        Err(error) => assert!(sqlstate(&error).starts_with("08"), "{error:?}"),
    }
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
    site.configure_source("shop", "relation = 'legacy.customers'");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
}

fn await_sleeper(legacy: &Db<'_>) {
    let sleepers = "pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let deadline = Instant::now() + SOON;
    while legacy.count(sleepers) == 0 {
        assert!(Instant::now() < deadline, "the slow query does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

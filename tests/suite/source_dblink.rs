//! Sources that are a query on a foreign server, through dblink.

use crate::setup::{Answer, Site, add_customer, customers_table, login, try_login};
use ferry_tests::{Db, need_extension, sqlstate};
use postgres::{Client, NoTls};
use std::time::{Duration, Instant};

const BY_ADDRESS: &str = "SELECT id, email, first, last, pwd FROM customers WHERE email = $1";
const BY_NUMBER: &str = "SELECT id, email, first, last, pwd FROM customers WHERE id = $1";

const SOON: Duration = Duration::from_secs(50);

/// A shop on another server that is asked by a query, with Ann in it.
fn shop(query: &str) -> (Site, Db<'static>) {
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&customers_table("customers"));
    legacy.reader();
    add_customer(&legacy, "customers", "ann@example.com", &site.hash("ann's secret"));
    site.db.add_dblink_server(&legacy);
    let owner = site.db.owner();
    site.db.sql(&format!("CREATE SCHEMA legacy AUTHORIZATION {owner}"));
    site.as_owner("CREATE TYPE legacy.customer AS (id bigint, email text, first text, last text, pwd text)");
    site.db.rows(
        "INSERT INTO ferry.source (name, kind, server, query, row_type, key_column, login_columns, hash)
         VALUES ('shop', 'dblink', 'legacy_dblink', $1, 'legacy.customer', 'id', '{email}', 'l.pwd')",
        &[&query],
    );
    site.map("shop", "email", "lower(l.email)");
    site.map("shop", "name", "l.first || ' ' || l.last");
    (site, legacy)
}

fn set_query(site: &Site, query: &str) {
    site.db.rows("UPDATE ferry.source SET query = $1", &[&query]);
}

fn open_connections(client: &mut Client) -> Option<Vec<String>> {
    client.query_one("SELECT dblink_get_connections()", &[]).unwrap().get(0)
}

#[test]
fn a_user_is_moved_through_dblink_once() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
    assert_eq!(login(&mut app, "nobody@example.com", "any"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
    let first = login(&mut app, "ANN@example.com", "ann's secret");
    assert_eq!(first, Answer::welcomed("migrated", &site.user("ann@example.com", "id").unwrap()));
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    let mark = legacy.cluster().log_mark();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert!(legacy.log_since(mark).is_empty(), "{}", legacy.log_since(mark).text());
    assert_eq!(site.counts(), (1, 1, 3));
}

#[test]
fn only_the_row_asked_for_crosses_the_wire() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    legacy.sql(&format!(
        "INSERT INTO customers (email, pwd) SELECT 'user' || n || '@example.com', '*' FROM generate_series(1, 500) n;
         CREATE SEQUENCE sent; GRANT USAGE ON SEQUENCE sent TO {}",
        legacy.role("reader")
    ));
    set_query(
        &site,
        "SELECT id, email, first || left(nextval('sent')::text, 0), last, pwd FROM customers WHERE email = $1",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(legacy.one::<i64>("SELECT last_value FROM sent", &[]), 1);
    assert_eq!(legacy.log().with("pg_ferry").with("ann@example.com").len(), 1, "{}", legacy.log().text());
}

#[test]
fn a_login_is_a_value_and_never_sql() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    let mut app = site.app();
    for scs in ["on", "off"] {
        legacy.sql(&format!("ALTER DATABASE {} SET standard_conforming_strings = {scs}", legacy.name()));
        for hostile in [
            "'; DROP TABLE customers; --",
            "\\'; DROP TABLE customers; --",
            "\\",
            "\\\\'); DROP TABLE customers; --",
            "x' OR 'a' = 'a",
            "x\\' OR 1 = 1 --",
            "'); DELETE FROM customers; --",
            "$1",
            "$$; DROP TABLE customers; $$",
            "ann@example.com' --",
            "E'\\x27'",
            "\"; DROP TABLE customers; \"",
            "a\nb\r\n; DROP TABLE customers;",
            "%s %I %L",
            "\u{2bc} OR 1 = 1",
        ] {
            let refused = login(&mut app, hostile, "ann's secret");
            assert_eq!(refused, Answer::refused("invalid"), "{hostile:?}, {scs}: {}", site.why());
            assert_eq!(site.why(), "invalid/unknown_login", "{hostile:?}, {scs}");
        }
    }
    assert_eq!(legacy.count("customers"), 1);
    assert_eq!(site.counts().0, 0);
    assert!(!legacy.log().contains("ERROR"), "{}", legacy.log().with("ERROR").text());
}

#[test]
fn a_login_with_quotes_and_backslashes_finds_its_row() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    let strange = "o'neil\"\\$1$$\\'@example.com";
    add_customer(&legacy, "customers", strange, &site.hash("his secret"));
    for scs in ["on", "off"] {
        legacy.sql(&format!("ALTER DATABASE {} SET standard_conforming_strings = {scs}", legacy.name()));
        assert_eq!(login(&mut site.app(), strange, "wrong"), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/wrong_password", "{scs}");
    }
    assert_eq!(login(&mut site.app(), strange, "his secret").outcome, "migrated");
}

#[test]
fn the_connection_is_gone_afterwards() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    let mut admin = site.db.client();
    for (query, password) in [
        (BY_ADDRESS, "wrong"),
        ("SELECT no_such_column FROM customers WHERE email = $1", "any"),
        ("SELECT id FROM customers WHERE email = $1", "any"),
        (BY_ADDRESS, "ann's secret"),
    ] {
        set_query(&site, query);
        login(&mut admin, "ann@example.com", password);
        assert_eq!(open_connections(&mut admin), None, "{query}");
    }
    assert_eq!(site.counts().0, 1);
    let reader = legacy.role("reader");
    let sessions = format!("pg_stat_activity WHERE usename = '{reader}'");
    let deadline = Instant::now() + SOON;
    while legacy.count(&sessions) > 0 {
        assert!(Instant::now() < deadline, "a remote session stays open");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_connection_of_the_applications_own_is_left_alone() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    let mut admin = site.db.client();
    admin.batch_execute("SELECT dblink_connect('mine', 'legacy_dblink')").unwrap();
    assert_eq!(login(&mut admin, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(open_connections(&mut admin), Some(vec!["mine".into()]));
}

#[test]
fn a_login_that_a_number_column_cannot_hold_is_not_found() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_NUMBER);
    site.configure("source", "login_columns = '{id}'");
    let mut app = site.app();
    for login_text in ["ann@example.com", "1.5", "99999999999999999999", "1; DROP TABLE customers"] {
        assert_eq!(login(&mut app, login_text, "any"), Answer::refused("invalid"), "{login_text}");
        assert_eq!(site.why(), "invalid/unknown_login", "{login_text}");
    }
    assert_eq!(login(&mut app, "1", "ann's secret").outcome, "migrated");
}

#[test]
fn a_slow_query_is_unavailable_when_its_time_is_up_and_stops_there_too() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    set_query(&site, "SELECT id, email, first, last, pwd FROM customers, pg_sleep(60) WHERE email = $1");
    site.configure("source", "timeout = '300 ms'");
    let mut admin = site.db.client();
    let started = Instant::now();
    assert_eq!(login(&mut admin, "ann@example.com", "ann's secret"), Answer::refused("unavailable"));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(site.why(), "unavailable/source_unavailable");
    assert_eq!(open_connections(&mut admin), None);
    await_sleepers(&legacy, 0);
    set_query(&site, BY_ADDRESS);
    site.configure("source", "timeout = '1 minute'");
    assert_eq!(login(&mut admin, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_cancel_by_the_user_is_an_error_and_closes_the_connection() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    set_query(&site, "SELECT id, email, first, last, pwd FROM customers, pg_sleep(60) WHERE email = $1");
    site.configure("source", "timeout = '1 hour'");
    let mut admin = site.db.client();
    let cancel = admin.cancel_token();
    let asking = std::thread::spawn(move || {
        let error = try_login(&mut admin, "ann@example.com", "ann's secret").unwrap_err();
        (sqlstate(&error).to_owned(), admin)
    });
    await_sleepers(&legacy, 1);
    let started = Instant::now();
    cancel.cancel_query(NoTls).unwrap();
    let (state, mut admin) = asking.join().unwrap();
    assert_eq!(state, "57014");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(open_connections(&mut admin), None);
    set_query(&site, BY_ADDRESS);
    assert_eq!(login(&mut admin, "ann@example.com", "ann's secret").outcome, "migrated");
}

fn await_sleepers(legacy: &Db<'_>, wanted: i64) {
    let sleepers = "pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let deadline = Instant::now() + SOON;
    while legacy.count(sleepers) != wanted {
        assert!(Instant::now() < deadline, "{wanted} slow queries are awaited");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_query_may_end_as_people_end_queries() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    for end in [
        ";",
        " ; ",
        ";\n",
        " -- by address",
        " /* by address */ ;",
        ";;",
        "; -- by address",
        "\n\n;\n-- end\n",
    ] {
        set_query(&site, &format!("{BY_ADDRESS}{end}"));
        assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"), "{end:?}");
        assert_eq!(site.why(), "invalid/wrong_password", "{end:?}");
    }
}

#[test]
fn a_query_whose_rows_do_not_fit_is_unavailable_and_the_event_says_why() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    for (query, state) in [
        ("SELECT no_such_column FROM customers WHERE email = $1", "42703"),
        ("SELECT id, email FROM customers WHERE email = $1", "42804"),
        ("SELECT id, email, first, last, pwd FROM no_such_table WHERE email = $1", "42P01"),
    ] {
        set_query(&site, query);
        assert_eq!(
            login(&mut site.app(), "ann@example.com", "ann's secret"),
            Answer::refused("unavailable"),
            "{query}"
        );
        assert_eq!(site.last_event().detail["sqlstate"], state, "{query}");
    }
}

#[test]
fn a_server_that_is_down_is_unavailable() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.db.sql("ALTER SERVER legacy_dblink OPTIONS (SET port '1')");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ben@example.com", "any"), Answer::refused("unavailable"));
    assert_eq!(site.last_event().detail["sqlstate"], "08001");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_row_that_is_not_the_one_asked_for_is_not_believed() {
    need_extension!("dblink");
    let (site, _legacy) = shop("SELECT id, email, first, last, pwd FROM customers WHERE email <> $1");
    assert_eq!(login(&mut site.app(), "ben@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
}

#[test]
fn two_people_under_one_login_are_nobody() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    add_customer(&legacy, "customers", "ann@example.com", &site.hash("another"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/ambiguous");
}

#[test]
fn the_filter_holds_here_as_well() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    site.configure("source", "filter = $$l.first <> 'Ann'$$");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
    legacy.sql("UPDATE customers SET first = 'Anna'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_password_changed_there_counts_where_the_source_is_asked() {
    need_extension!("dblink");
    let (site, legacy) = shop(BY_ADDRESS);
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    legacy.rows("UPDATE customers SET pwd = $1", &[&site.hash("changed there")]);
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok", "{}", site.why());
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
}

#[test]
fn hooks_see_rows_that_came_through_dblink_without_what_is_secret() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    site.as_owner(
        "CREATE FUNCTION legacy.look(context jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN
             IF context->'row' ? 'pwd' THEN RAISE EXCEPTION 'told'; END IF;
             RETURN jsonb_build_object('row', jsonb_build_object('first', upper(context->'row'->>'first')));
         END $$;
         CREATE FUNCTION legacy.whole(r legacy.customer) RETURNS legacy.customer LANGUAGE plpgsql AS $$ BEGIN
             IF r.pwd IS NULL THEN RAISE EXCEPTION 'not whole'; END IF;
             r.last := upper(r.last); RETURN r;
         END $$",
    );
    site.db.sql(
        "INSERT INTO ferry.hook (name, point, function) VALUES
             ('look', 'after_fetch', 'legacy.look'), ('whole', 'after_fetch', 'legacy.whole')",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("ANN OTHER"));
}

#[test]
fn child_rows_are_made_of_the_row_that_came_through_dblink() {
    need_extension!("dblink");
    let (site, _legacy) = shop(BY_ADDRESS);
    site.as_owner("CREATE TABLE names (user_id bigint REFERENCES users, name text)");
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns)
         VALUES ('shop', 'names', 'names', 'user_id', 'VALUES (l.first), (l.last)', '{name}')",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.db.one::<String>("SELECT string_agg(name, ' ') FROM names", &[]), "Ann Other");
}

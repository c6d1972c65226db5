//! Imports during which something changes: config, the users table, the legacy rows, the limits of the session. A call may
//! end with an error that says why; nobody is lost, nobody is refused for it, and the next call goes on.

use crate::concurrency::slow_down_inserts;
use crate::import::{crowd, import, md5_shop, refused, run};
use crate::import_concurrency::{assert_reconciled, await_done};
use crate::setup::{Site, login};
use crate::setup_config::Refusal;
use ferry_tests::need_extension;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A shop of 300, whose import is so slow that something can happen on the way.
fn slow_shop() -> Site {
    let site = md5_shop();
    crowd(&site, 300);
    slow_down_inserts(&site.db, 0.002);
    site
}

/// A call of the import in a session with settings of its own; ends with what the server refused it for.
fn import_with(site: &Site, settings: &str, arguments: &str) -> JoinHandle<Option<Refusal>> {
    let mut client = site.db.client();
    client.batch_execute(settings).unwrap();
    let call = format!("CALL ferry.import('shop', batch_size => 20{arguments})");
    std::thread::spawn(move || client.batch_execute(&call).err().map(|error| Refusal::of(&error)))
}

/// Starts the import of a slow shop, and does something to it on the way.
fn change_on_the_way(site: &Site, change: impl FnOnce(&Site)) -> Option<Refusal> {
    let importing = import_with(site, "", "");
    await_done(site, 60);
    change(site);
    importing.join().unwrap()
}

/// Some are moved, nobody is refused, and once `mended` the same call moves everybody else.
#[track_caller]
fn assert_goes_on(site: &Site, mend: impl FnOnce(&Site)) {
    let cut = run(site);
    assert!(cut.done >= 60 && cut.done < 300 && cut.moved == cut.done, "{cut:?}: {:?}", refused(site));
    assert_reconciled(site, cut.moved);
    mend(site);
    let end = import(site, "");
    assert_eq!(
        (end.state.as_str(), end.done, end.moved, end.refused),
        ("finished", 300, 300, 0),
        "{:?}",
        refused(site)
    );
    assert_eq!(site.db.count("ferry.import_run"), 1);
    assert_reconciled(site, 300);
}

/// The users table, or the legacy one, is altered on the way: the call ends and says `named`, and goes on once it is altered back.
#[track_caller]
fn assert_ends_and_goes_on(change: &str, mend: &str, named: &str) {
    let site = slow_shop();
    let end = change_on_the_way(&site, |site| site.as_owner(change));
    let end = end.unwrap_or_else(|| panic!("{change}: {:?} {:?}", run(&site), &refused(&site)[..5]));
    assert!(end.message.contains(named) && !end.hint.is_empty(), "{change}: {end:?}");
    site.as_owner(mend);
    assert_goes_on(&site, |_| {});
}

#[test]
fn a_mapping_that_is_changed_on_the_way_counts_from_the_next_batch_on() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let end = change_on_the_way(&site, |site| {
        site.db.sql("UPDATE ferry.mapping SET expression = '''New ''|| l.last' WHERE target_column = 'name'");
    });
    assert_eq!(end, None);
    assert_reconciled(&site, 300);
    let kinds: String = site.db.one("SELECT string_agg(DISTINCT left(name, 3), ' ') FROM users", &[]);
    assert_eq!(kinds, "Ann New");
    let mixed = "SELECT count(*) FROM (SELECT FROM users GROUP BY xmin::text HAVING count(DISTINCT left(name, 3)) > 1) b";
    assert_eq!(site.db.one::<i64>(mixed, &[]), 0, "a batch is of one config");
}

#[test]
fn a_rule_that_is_added_on_the_way_counts_from_the_next_batch_on() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let end = change_on_the_way(&site, |site| {
        site.db.sql("INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'no more', 'false', 'reject')");
    });
    assert_eq!(end, None);
    let run = run(&site);
    assert_eq!((run.done, run.moved + run.refused), (300, 300));
    assert!(run.moved >= 60 && run.refused > 0, "{run:?}");
    assert_reconciled(&site, run.moved);
}

#[test]
fn a_source_that_is_disabled_on_the_way_ends_the_call() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let end = change_on_the_way(&site, |site| site.configure_source("shop", "enabled = false")).unwrap();
    assert_eq!((end.state.as_str(), end.message.as_str()), ("55000", "source shop is not enabled"));
    assert_goes_on(&site, |site| site.configure_source("shop", "enabled = true"));
}

#[test]
fn a_users_table_that_is_altered_on_the_way_ends_the_call_with_what_does_not_fit() {
    need_extension!("pg_ferry");
    for (change, mend, named) in [
        ("RENAME name TO full_name", "RENAME full_name TO name", "name"),
        ("DROP COLUMN name", "ADD name text", "name"),
        ("RENAME password_hash TO pw", "RENAME pw TO password_hash", "password_hash"),
        ("RENAME email TO mail", "RENAME mail TO email", "email"),
        ("ALTER name TYPE integer USING 1", "ALTER name TYPE text", "name"),
    ] {
        let [change, mend] = [change, mend].map(|what| format!("ALTER TABLE users {what}"));
        assert_ends_and_goes_on(&change, &mend, &format!("\"{named}\""));
    }
}

#[test]
fn a_batch_that_meets_a_users_table_just_altered_refuses_nobody_for_it() {
    need_extension!("pg_ferry");
    for (change, mend) in
        [("RENAME name TO full_name", "RENAME full_name TO name"), ("ADD note text", "DROP note")]
    {
        let site = md5_shop();
        crowd(&site, 100);
        let mut importing = site.db.client();
        // This session has read the config before the change, and meets it in the middle of the second call's batch.
        importing.batch_execute("CALL ferry.import('shop', max_rows => 40)").unwrap();
        let mut owner = site.db.client_as(&site.db.owner());
        owner.batch_execute(&format!("BEGIN; ALTER TABLE users {change}")).unwrap();
        let import = std::thread::spawn(move || importing.batch_execute("CALL ferry.import('shop')"));
        await_waiter(&site);
        owner.batch_execute("COMMIT").unwrap();
        let end = import.join().unwrap().err().map(|error| Refusal::of(&error).message).unwrap_or_default();
        // Who says it depends on whether the session had to read its config anew when the call began.
        let said = end.replace("relation \"users\"", "public.users");
        let due = match change.starts_with("RENAME") {
            true => "mapping shop.name: column \"name\" of public.users does not exist",
            false => "",
        };
        assert_eq!(said, due);
        site.as_owner(&format!("ALTER TABLE users {mend}"));
        assert_eq!(site.db.count("ferry.import_reject"), 0, "{change}: {:?}", refused(&site));
        import_all(&site);
    }
}

/// Waits until a session waits for a lock on a table.
fn await_waiter(site: &Site) {
    let sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND NOT granted AND relation = 'users'::regclass
                              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    let deadline = Instant::now() + Duration::from_secs(60);
    while !site.db.one::<bool>(sql, &[]) {
        assert!(Instant::now() < deadline, "nobody waits");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn import_all(site: &Site) {
    let end = import(site, "");
    assert_eq!((end.state.as_str(), end.refused), ("finished", 0));
    assert_reconciled(site, 100);
}

#[test]
fn a_legacy_table_that_is_altered_on_the_way_ends_the_call_with_what_does_not_fit() {
    need_extension!("pg_ferry");
    for (change, mend) in [
        (
            "ALTER TABLE legacy.customers RENAME last TO surname",
            "ALTER TABLE legacy.customers RENAME surname TO last",
        ),
        (
            "ALTER TABLE legacy.customers RENAME pwd TO hash",
            "ALTER TABLE legacy.customers RENAME hash TO pwd",
        ),
        ("ALTER TABLE legacy.customers RENAME TO clients", "ALTER TABLE legacy.clients RENAME TO customers"),
        ("ALTER TABLE legacy.customers RENAME id TO nr", "ALTER TABLE legacy.customers RENAME nr TO id"),
    ] {
        assert_ends_and_goes_on(change, mend, "shop");
    }
}

#[test]
fn staged_rows_are_copied_anew_where_they_would_be_read_otherwise() {
    need_extension!("pg_ferry");
    for (config, columns, name) in [
        // Only columns that something needs were copied.
        ("UPDATE ferry.mapping SET expression = 'l.note' WHERE target_column = 'name'", "", "'N' || nr"),
        // The text of a row has no names.
        ("", "DROP first, ADD first text DEFAULT 'Eve'", "'Eve Nr ' || nr"),
        ("UPDATE ferry.source SET filter = 'l.id < 290'", "ADD spare int", "NULL"),
        ("UPDATE ferry.source SET relation = 'legacy.newer'", "", "'Eve Nr ' || nr"),
    ] {
        let site = slow_shop();
        site.as_owner(
            "ALTER TABLE legacy.customers ADD note text; UPDATE legacy.customers SET note = 'N' || id;
             CREATE TABLE legacy.newer AS SELECT * FROM legacy.customers; UPDATE legacy.newer SET first = 'Eve'",
        );
        let importing = import_with(&site, "", ", staged => true, rows_per_second => 100");
        await_done(&site, 60);
        site.db.sql(config);
        if !columns.is_empty() {
            site.as_owner(&format!("ALTER TABLE legacy.customers {columns}"));
        }
        assert_eq!(importing.join().unwrap(), None);
        let due = if config.contains("290") { 289 } else { 300 };
        assert_eq!((run(&site).refused, refused(&site)), (0, vec![]));
        assert_reconciled(&site, due);
        let others = format!(
            "(SELECT name, substring(email FROM '[0-9]+') AS nr FROM users) u WHERE name <> 'Ann Nr ' || nr AND name IS DISTINCT FROM {name}"
        );
        assert_eq!(site.db.count(&others), 0, "{columns}");
        let new =
            format!("(SELECT name, substring(email FROM '[0-9]+') AS nr FROM users) u WHERE name = {name}");
        assert_eq!(site.db.count(&new) > 0, name != "NULL", "{columns}");
    }
}

#[test]
fn a_key_of_another_order_is_not_gone_on_with() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let alter = "ALTER TABLE legacy.customers ALTER id DROP IDENTITY; ALTER TABLE legacy.customers ALTER id TYPE text";
    let end = change_on_the_way(&site, |site| site.as_owner(alter)).unwrap();
    assert_eq!(
        (end.state.as_str(), end.message.as_str()),
        ("55000", "the legacy key of source shop is ordered in another way now")
    );
    assert!(end.hint.contains("Call ferry.import again"), "{end:?}");
    let cut = run(&site);
    let end = import(&site, ", max_rows => 200");
    assert_eq!((end.state.as_str(), end.done), ("stopped", 200));
    let end = import(&site, "");
    assert_eq!((end.total, end.done, end.moved, end.skipped), (300, 300, 300 - cut.done, cut.done));
    assert_eq!(site.db.count("ferry.import_run"), 2);
    assert_reconciled(&site, 300);
}

#[test]
fn a_function_that_is_dropped_on_the_way_ends_the_call() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 300);
    slow_down_inserts(&site.db, 0.002);
    let make = "CREATE FUNCTION legacy.proper(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN name; END'";
    site.as_owner(make);
    site.configure("mapping", "expression = 'legacy.proper(' || expression || ')'");
    let end = change_on_the_way(&site, |site| site.as_owner("DROP FUNCTION legacy.proper")).unwrap();
    assert_eq!(end.state, "42883", "{end:?}");
    assert!(end.message.starts_with("mapping shop."), "{end:?}");
    assert_goes_on(&site, |site| site.as_owner(make));
}

#[test]
fn a_right_that_is_revoked_on_the_way_ends_the_call() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let owner = site.db.owner();
    let end = change_on_the_way(&site, |site| {
        site.db.sql(&format!(
            "ALTER TABLE legacy.customers OWNER TO postgres; REVOKE ALL ON legacy.customers FROM {owner}"
        ));
    });
    let end = end.unwrap();
    assert_eq!((end.state.as_str(), end.hint.is_empty()), ("42501", false), "{end:?}");
    assert_goes_on(&site, |site| site.db.sql(&format!("GRANT SELECT ON legacy.customers TO {owner}")));
}

#[test]
fn a_row_whose_expression_fails_as_config_would_is_refused_alone() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 60);
    site.as_owner(
        "CREATE FUNCTION legacy.proper(id bigint, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN IF id = 7 THEN RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'not this one'; END IF; RETURN name; END $$",
    );
    site.db.sql(
        "UPDATE ferry.mapping SET expression = 'legacy.proper(l.id, l.last)' WHERE target_column = 'name'",
    );
    assert_eq!(import(&site, "").moved, 59);
    assert_eq!(refused(&site), ["7 write_failed name 42501"]);
}

#[test]
fn columns_that_are_added_on_either_side_change_nothing() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    let end = change_on_the_way(&site, |site| {
        site.as_owner("ALTER TABLE users ADD note text DEFAULT 'x', DROP COLUMN active");
        site.as_owner("ALTER TABLE legacy.customers ADD note text DEFAULT 'y', DROP COLUMN salt");
    });
    assert_eq!(end, None);
    assert_reconciled(&site, 300);
    let right = "users WHERE name = 'Ann Nr ' || substring(email FROM '[0-9]+') AND note = 'x'";
    assert_eq!(site.db.count(right), 300, "no column has shifted");
}

#[test]
fn a_unique_index_that_is_made_on_the_way_refuses_only_whom_it_must() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    site.db.sql("UPDATE legacy.customers SET last = 'Nr 1' WHERE id IN (250, 260)");
    let end = change_on_the_way(&site, |site| site.as_owner("CREATE UNIQUE INDEX one_name ON users (name)"));
    assert_eq!(end, None);
    assert_eq!(refused(&site), ["250 write_failed one_name 23505", "260 write_failed one_name 23505"]);
    assert_reconciled(&site, 298);
}

#[test]
fn rows_that_come_and_go_on_the_way_are_found_by_this_run_or_the_next() {
    need_extension!("pg_ferry");
    let site = slow_shop();
    site.db.sql("UPDATE legacy.customers SET id = id + 1000");
    let end = change_on_the_way(&site, |site| {
        site.db.sql(
            "INSERT INTO legacy.customers (id, email, last, pwd) VALUES
                 (500, 'early@example.com', 'E', md5('early')), (5000, 'late@example.com', 'L', md5('late'));
             DELETE FROM legacy.customers WHERE id IN (1295, 1296)",
        );
    });
    assert_eq!(end, None);
    let first = run(&site);
    assert_eq!((first.total, first.done, first.moved), (300, 299, 299));
    assert_eq!(site.user("late@example.com", "name").as_deref(), Some("Ann L"));
    let line = "SELECT concat_ws(' ', legacy_total, moved_by_import, remaining) FROM ferry.progress WHERE source = 'shop'";
    let next = import(&site, "");
    assert_eq!((next.total, next.done, next.moved, next.skipped), (300, 300, 1, 299));
    assert_eq!(site.db.one::<String>(line, &[]), "300 300 0");
    assert_reconciled(&site, 300);
    // Who was moved and is then deleted there is not taken for somebody else who remains.
    site.db.sql("DELETE FROM legacy.customers WHERE id < 1100; INSERT INTO legacy.customers (id, email, pwd) VALUES (6000, 'new@example.com', md5('x'))");
    import(&site, ", dry_run => true");
    assert_eq!(site.db.one::<String>(line, &[]), "201 300 0");
}

#[test]
fn a_statement_timeout_ends_the_call_and_the_next_goes_on() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 300);
    slow_down_inserts(&site.db, 0.01);
    let mut client = site.db.client();
    // What a session does that hides it is told to nobody, but the session itself knows that the call is over.
    client.batch_execute("SET statement_timeout = '1s'; SET track_activities = off").unwrap();
    let end = client.batch_execute("CALL ferry.import('shop', batch_size => 20)").unwrap_err();
    assert_eq!(Refusal::of(&end).state, "57014");
    assert_reconciled(&site, site.db.count("users"));
    client.batch_execute("SET statement_timeout = 0").unwrap();
    client.batch_execute("CALL ferry.import('shop')").unwrap();
    let end = run(&site);
    assert_eq!((end.moved, end.refused, site.db.count("ferry.import_run")), (300, 0, 1));
    assert_reconciled(&site, 300);
}

#[test]
fn sessions_with_limits_and_other_habits_import_as_well() {
    need_extension!("pg_ferry");
    for settings in [
        "SET idle_in_transaction_session_timeout = '10ms'",
        "SET synchronous_commit = off",
        "SET work_mem = '64kB'; SET temp_buffers = '800kB'; SET maintenance_work_mem = '1MB'",
        "SET default_transaction_isolation = 'serializable'",
        "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_deferrable = on",
        "SET search_path = ''; SET DateStyle = 'German'; SET extra_float_digits = 0; SET bytea_output = 'escape'",
        "SET plan_cache_mode = force_generic_plan; SET jit = on; SET jit_above_cost = 0",
        "SET enable_indexscan = off; SET enable_hashjoin = off; SET enable_bitmapscan = off",
        "SET session_replication_role = replica",
        "SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off",
        "SET client_min_messages = error; SET row_security = off",
    ] {
        let site = md5_shop();
        crowd(&site, 100);
        site.db
            .sql("INSERT INTO legacy.customers (id, email, pwd) VALUES (101, 'odd@example.com', 'no md5')");
        let end = import_with(&site, settings, ", rows_per_second => 1000").join().unwrap();
        assert_eq!(end, None, "{settings}");
        assert_eq!(refused(&site), ["101 legacy_hash"], "{settings}");
        assert_reconciled(&site, 100);
    }
}

#[test]
fn a_login_meanwhile_ends_no_call_in_any_isolation() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 100);
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "user70@example.com", "password 70").outcome, "migrated");
    let importing = import_with(&site, "SET default_transaction_isolation = 'serializable'", "");
    let deadline = Instant::now() + Duration::from_secs(60);
    while site.db.count("pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM ferry.import_run)") == 0 {
        assert!(Instant::now() < deadline, "the import does not wait for the login");
        std::thread::sleep(Duration::from_millis(5));
    }
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(importing.join().unwrap(), None);
    let end = run(&site);
    assert_eq!((end.done, end.moved, end.skipped, end.refused), (100, 99, 1, 0));
    assert_reconciled(&site, 100);
}

#[test]
fn a_login_that_is_never_committed_holds_the_import_up_until_a_lock_timeout_ends_the_call() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 100);
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "user70@example.com", "password 70").outcome, "migrated");
    let end = import_with(&site, "SET lock_timeout = '500ms'", "").join().unwrap().unwrap();
    assert_eq!(end.state, "55P03", "{end:?}");
    let cut = run(&site);
    assert_eq!((cut.done, cut.moved, cut.refused), (60, 60, 0), "what was done before stays done");
    // Everybody else of that batch logs in meanwhile.
    assert_eq!(login(&mut site.app(), "user71@example.com", "password 71").outcome, "migrated");
    let importing = import_with(&site, "", "");
    std::thread::sleep(Duration::from_millis(100));
    app.batch_execute("ROLLBACK").unwrap();
    assert_eq!(importing.join().unwrap(), None);
    let end = run(&site);
    assert_eq!((end.done, end.moved, end.skipped, end.refused), (100, 99, 1, 0));
    assert_reconciled(&site, 100);
}

#[test]
fn a_user_whose_hash_is_stored_otherwise_is_refused_alone() {
    need_extension!("pg_ferry");
    let meddle = |body: &str| {
        format!(
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$"
        )
    };
    let on = |what: &str| {
        format!(
            "CREATE TRIGGER meddle {what} FOR EACH ROW WHEN (NEW.email = 'user7@example.com') EXECUTE FUNCTION meddle()"
        )
    };
    let after = "UPDATE users SET password_hash = 'cut' WHERE id = NEW.id";
    let through_view = "INSERT INTO users (email, name, password_hash) VALUES (NEW.email, NEW.name, \
                        CASE NEW.email WHEN 'user7@example.com' THEN 'cut' ELSE NEW.password_hash END) RETURNING id INTO NEW.id";
    for (way, function, trigger) in [
        ("before", meddle("NEW.password_hash := 'cut'"), on("BEFORE INSERT ON users")),
        ("after", meddle(after), on("AFTER INSERT ON users")),
        ("partition", meddle(after), on("AFTER INSERT ON part")),
        (
            "view",
            meddle(through_view),
            "CREATE VIEW front AS SELECT * FROM users;
             CREATE TRIGGER meddle INSTEAD OF INSERT ON front FOR EACH ROW EXECUTE FUNCTION meddle()"
                .to_string(),
        ),
    ] {
        let site = md5_shop();
        crowd(&site, 30);
        if way == "partition" {
            site.as_owner(
                "ALTER TABLE users RENAME TO part; ALTER TABLE part ALTER id DROP IDENTITY;
                 CREATE SEQUENCE numbers;
                 CREATE TABLE users (LIKE part INCLUDING DEFAULTS) PARTITION BY RANGE (id);
                 ALTER TABLE users ALTER id SET DEFAULT nextval('numbers');
                 ALTER TABLE users ATTACH PARTITION part DEFAULT",
            );
        }
        site.as_owner(&format!("{function}; {trigger}"));
        if way == "view" {
            site.configure("target", "relation = 'public.front'");
        }
        let end = import(&site, "");
        assert_eq!((end.moved, end.refused), (29, 1), "{way}: {:?}", refused(&site));
        assert_eq!(refused(&site), ["7 hash_altered"], "{way}");
        assert_eq!(site.counts().0, 29, "{way}");
        assert_reconciled(&site, 29);
        assert_eq!(login(&mut site.app(), "user8@example.com", "password 8").outcome, "ok", "{way}");
    }
}

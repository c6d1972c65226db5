//! What an import does beside moving: deactivating, bringing child rows up to date, foreseeing in a dry run what would be
//! refused, and limits and ranges of each operation.

use crate::import::{Run, crowd, import, md5_shop, refused};
use crate::legacy_passwords::write_peppers;
use crate::setup::{Answer, Site, login};
use crate::setup_config::refusal;
use ferry_tests::{need_extension, need_icu};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A shop of 30 users who were all moved, with a way to deactivate them.
fn moved_shop() -> Site {
    let site = md5_shop();
    site.as_owner("ALTER TABLE users ADD deleted_at timestamptz, ADD note text");
    site.configure("target", "allowed = 'u.active'");
    site.configure_source(
        "shop",
        r#"deactivate = '{"active": "false", "deleted_at": "now()", "note": "concat(''was '', u.email)"}'"#,
    );
    crowd(&site, 30);
    assert_eq!(import(&site, "").moved, 30);
    site
}

fn deactivated(site: &Site) -> i64 {
    site.db.one("SELECT deactivated FROM ferry.import_run ORDER BY called_at DESC, id DESC LIMIT 1", &[])
}

#[test]
fn who_is_gone_is_deactivated_once_and_blocked_without_asking_the_source() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.db.sql("DELETE FROM legacy.customers WHERE id IN (3, 4)");
    site.db.sql("CALL ferry.import('shop', 'deactivate', dry_run => true)");
    assert_eq!(
        (deactivated(&site), site.db.count("users WHERE NOT active"), site.db.count("ferry.event")),
        (2, 0, 0)
    );
    site.db.sql("CALL ferry.import('shop', 'deactivate', batch_size => 7)");
    assert_eq!(
        (deactivated(&site), site.db.count("users WHERE NOT active AND deleted_at IS NOT NULL")),
        (2, 2)
    );
    assert_eq!(site.user("user3@example.com", "note").as_deref(), Some("was user3@example.com"));
    assert_eq!(site.why(), "ok/deactivated");
    assert_eq!(site.db.count("ferry.link WHERE gone_at IS NOT NULL AND NOT tombstone"), 2);
    let at = site.user("user3@example.com", "deleted_at");
    site.db.sql("CALL ferry.import('shop', 'deactivate')");
    assert_eq!((deactivated(&site), site.user("user3@example.com", "deleted_at")), (0, at));
    // Nobody is asked: not the source, which is not even readable any more.
    site.as_owner("ALTER TABLE legacy.customers RENAME TO away");
    let mut app = site.app();
    assert_eq!(login(&mut app, "user3@example.com", "password 3").outcome, "blocked");
    assert_eq!(login(&mut app, "user3@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "user5@example.com", "password 5").outcome, "ok");
    assert_eq!(site.counts().0, 30);
}

#[test]
fn who_comes_back_is_brought_up_to_date_and_may_go_again() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.map("shop", "active", "l.active");
    site.db.sql(
        "UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'active';
         CREATE TEMP TABLE away AS SELECT * FROM legacy.customers WHERE id = 3;
         DELETE FROM legacy.customers WHERE id = 3",
    );
    site.db.sql("CALL ferry.import('shop', 'deactivate')");
    // Somebody without a password here would else be asked for in the source.
    site.db.sql("UPDATE users SET password_hash = NULL WHERE email = 'user3@example.com'; INSERT INTO legacy.customers SELECT * FROM away");
    assert_eq!(login(&mut site.app(), "user3@example.com", "password 3"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/locked");
    assert_eq!(import(&site, ", 'update'").updated, 1);
    assert_eq!(
        (site.db.count("users WHERE NOT active"), site.db.count("ferry.link WHERE gone_at IS NOT NULL")),
        (0, 0)
    );
    site.db.sql("DELETE FROM legacy.customers WHERE id = 3");
    site.db.sql("CALL ferry.import('shop', 'deactivate')");
    assert_eq!((deactivated(&site), site.db.count("users WHERE NOT active")), (1, 1));
    let remaining: i64 =
        site.db.one("SELECT remaining::bigint FROM ferry.progress WHERE source = 'shop'", &[]);
    assert_eq!(remaining, 0);
}

#[test]
fn deactivating_is_refused_where_nothing_says_how_or_the_users_table_objects() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    let bad = [
        (
            r#"'{"activ": "false"}'"#,
            "source shop, deactivate: column \"activ\" of public.users does not exist",
        ),
        (r#"'{"active": "u.nothing"}'"#, "source shop, deactivate, active: column u.nothing does not exist"),
        (r#"'{"active": "false, note = ''x''"}'"#, "source shop, deactivate, active: not one expression"),
        (r#"'{"password_hash": "''!''"}'"#, "source shop, deactivate: the hash column takes no mapping"),
        (
            r#"'{"deleted_at": "5"}'"#,
            "source shop, deactivate, deleted_at: column \"deleted_at\" is of type timestamp with time zone but expression is of type integer",
        ),
    ];
    for (value, message) in bad {
        let refusal =
            refusal(&mut site.db.client(), &format!("UPDATE ferry.source SET deactivate = {value}"));
        assert_eq!(refusal.message, message);
        assert!(!refusal.hint.is_empty(), "{refusal:?}");
    }
    let config: String = site.db.one("SELECT string_agg(line, '') FROM ferry.export_config() line", &[]);
    assert!(config.contains(r#""active": "false""#), "{config}");
    let unwise = "SELECT count(*) FROM ferry.check_config() WHERE problem LIKE 'users who are deactivated can still log in%'";
    assert_eq!(site.db.one::<i64>(unwise, &[]), 0);
    site.configure("target", "allowed = NULL");
    assert_eq!(site.db.one::<i64>(unwise, &[]), 1);
    let not_text =
        refusal(&mut site.db.client(), r#"UPDATE ferry.source SET deactivate = '{"active": false}'"#);
    assert!(not_text.message.starts_with("source shop, deactivate"), "{not_text:?}");
    // A trigger that swallows one, a check that refuses another, and somebody who was here before.
    site.as_owner(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RETURN CASE WHEN NEW.email <> 'user4@example.com' THEN NEW END; END $$;
         CREATE TRIGGER keep BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION keep();
         ALTER TABLE users ADD CONSTRAINT stays CHECK (active OR email <> 'user5@example.com')",
    );
    site.db.sql(
        "DELETE FROM legacy.customers WHERE id BETWEEN 3 AND 7;
         UPDATE ferry.link SET via = 'adopt' WHERE legacy_key = '6';
         DELETE FROM users WHERE email = 'user7@example.com'",
    );
    for dry_run in [true, false] {
        site.db.sql(&format!("CALL ferry.import('shop', 'deactivate', dry_run => {dry_run})"));
        let sql = "SELECT string_agg(concat_ws(' ', legacy_key, reason, constraint_name, sqlstate), ', ' ORDER BY legacy_key)
                   FROM ferry.import_reject WHERE run = (SELECT max(run) FROM ferry.import_reject)";
        assert_eq!(
            (deactivated(&site), site.db.one::<String>(sql, &[])),
            (1, "4 no_row_written, 5 write_failed stays 23514".to_string())
        );
    }
    assert_eq!(site.db.count("users WHERE NOT active"), 1, "user 3 alone");
    site.configure_source("shop", "deactivate = NULL");
    let refused = refusal(&mut site.db.client(), "CALL ferry.import('shop', 'deactivate')");
    assert_eq!(refused.message, "source shop does not say how a user is deactivated");
    site.configure_source("shop", "deactivate = '{\"active\": \"false\"}'");
    site.db.sql("DELETE FROM legacy.customers");
    let refused = refusal(&mut site.db.client(), "CALL ferry.import('shop', 'deactivate')");
    assert_eq!(refused.message, "source shop has no rows: nobody is deleted or deactivated for that");
}

/// What a run has refused, all particulars that a dry run can know.
fn verdicts(site: &Site, dry_run: bool) -> Vec<String> {
    let sql = "SELECT concat_ws('|', i.legacy_key, i.reason, i.rule, i.column_name, i.constraint_name, i.sqlstate, i.detail ->> 'found_by',
                                i.detail ->> 'child')
               FROM ferry.import_reject i
               WHERE i.run = (SELECT max(id) FROM ferry.import_run WHERE dry_run = $1) ORDER BY i.legacy_key::bigint";
    site.db.rows(sql, &[&dry_run]).iter().map(|row| row.get(0)).collect()
}

/// A dry run and then a real one come to the same, row by row; returns what they refuse.
#[track_caller]
fn assert_foreseen(site: &Site, arguments: &str) -> Vec<String> {
    let before: String =
        site.db.one("SELECT coalesce(string_agg(u::text, ' ' ORDER BY id), '') FROM users u", &[]);
    let dry = import(site, &format!("{arguments}, dry_run => true"));
    let after: String =
        site.db.one("SELECT coalesce(string_agg(u::text, ' ' ORDER BY id), '') FROM users u", &[]);
    assert_eq!(before, after, "a dry run writes nothing");
    let foreseen = verdicts(site, true);
    assert_eq!(site.db.count("ferry._import_claim"), 0);
    let real = import(site, arguments);
    assert_eq!(foreseen, verdicts(site, false), "{arguments}");
    assert_eq!(
        (dry.state, dry.done, dry.moved, dry.updated, dry.refused, dry.skipped),
        (real.state, real.done, real.moved, real.updated, real.refused, real.skipped),
        "{arguments}"
    );
    foreseen
}

/// A users table that objects to much, and legacy rows that each break something.
fn nasty_shop() -> Site {
    let site = md5_shop();
    crowd(&site, 60);
    site.as_owner(
        "CREATE DOMAIN age AS integer CHECK (VALUE < 150);
         CREATE TABLE countries (code text PRIMARY KEY);
         INSERT INTO countries VALUES ('de'), ('fr');
         ALTER TABLE users ADD age age, ADD nick varchar(5), ADD country text REFERENCES countries, ADD code text NOT NULL DEFAULT 'x',
             ADD points integer CHECK (points < 1000), ADD tag text, ADD badge text, ADD seat int4range, ADD room text, ADD desk integer,
             ADD CONSTRAINT late UNIQUE (badge) DEFERRABLE INITIALLY DEFERRED,
             ADD CONSTRAINT seats EXCLUDE USING gist (seat WITH &&),
             ADD CONSTRAINT desks UNIQUE NULLS NOT DISTINCT (room, desk),
             ADD CONSTRAINT grown CHECK (age > 3 OR points IS NULL);
         CREATE UNIQUE INDEX tags ON users (lower(tag)) WHERE tag <> 'none';
         ALTER TABLE legacy.customers ADD age integer DEFAULT 40, ADD nick text, ADD country text DEFAULT 'de', ADD code text DEFAULT 'c',
             ADD points integer, ADD tag text, ADD badge text, ADD seat int4range, ADD desk integer, ADD ratio integer DEFAULT 1;
         UPDATE legacy.customers SET tag = 'T' || id, badge = 'B' || id, desk = id;
         INSERT INTO users (id, email, tag, badge, seat, room, desk) VALUES
             (900, 'user9@example.com', 'taken', 'held', '[10,20)', NULL, 500), (901, 'user50@example.com', 'other', 'o', NULL, 'r', 1)",
    );
    for column in ["age", "nick", "country", "code", "tag", "badge", "seat", "desk"] {
        site.map("shop", column, &format!("l.{column}"));
    }
    site.map("shop", "points", "l.points / l.ratio");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'open', 'l.active', 'reject'), ('shop', 'odd', 'l.id <> 44', 'warn')",
    );
    site.as_owner(
        "UPDATE legacy.customers SET age = 200 WHERE id = 2;
         UPDATE legacy.customers SET nick = 'too long' WHERE id = 3;
         UPDATE legacy.customers SET country = 'xx' WHERE id = 4;
         UPDATE legacy.customers SET code = NULL WHERE id = 5;
         UPDATE legacy.customers SET points = 5000 WHERE id = 6;
         UPDATE legacy.customers SET age = 2, points = 5000 WHERE id = 7;
         UPDATE legacy.customers SET points = 1, ratio = 0 WHERE id = 8;
         UPDATE legacy.customers SET tag = 'TAKEN' WHERE id = 10;
         UPDATE legacy.customers SET tag = 't11', country = 'yy' WHERE id = 12;
         UPDATE legacy.customers SET tag = 'none' WHERE id IN (13, 14);
         UPDATE legacy.customers SET badge = 'held' WHERE id = 15;
         UPDATE legacy.customers SET badge = 'B16' WHERE id IN (17, 44);
         UPDATE legacy.customers SET seat = '[15,30)' WHERE id = 18;
         UPDATE legacy.customers SET desk = 500 WHERE id = 19;
         UPDATE legacy.customers SET desk = NULL WHERE id IN (20, 21);
         UPDATE legacy.customers SET email = 'USER22@example.com' WHERE id = 58;
         UPDATE legacy.customers SET active = false, nick = 'too long' WHERE id = 23;
         UPDATE legacy.customers SET pwd = 'damaged' WHERE id = 24;
         UPDATE legacy.customers SET email = '' WHERE id = 25;
         UPDATE legacy.customers SET code = NULL, nick = 'too long', tag = 'taken' WHERE id = 26",
    );
    site
}

#[test]
fn a_dry_run_foresees_what_the_users_table_refuses() {
    need_extension!("pg_ferry");
    for batches in ["", ", batch_size => 1", ", batch_size => 13"] {
        let site = nasty_shop();
        let foreseen = assert_foreseen(&site, batches);
        assert_eq!(
            foreseen,
            [
                "2|write_failed|age|age_check|23514",
                "3|write_failed|nick|22001",
                "4|write_failed|users_country_fkey|23503",
                "5|write_failed|code|23502",
                "6|write_failed|users_points_check|23514",
                "7|write_failed|grown|23514",
                "8|write_failed|points|22012",
                "9|exists|login",
                "10|write_failed|tags|23505",
                "12|write_failed|tags|23505",
                "15|write_failed|late|23505",
                "17|write_failed|late|23505",
                "18|write_failed|seats|23P01",
                "19|write_failed|desks|23505",
                "21|write_failed|desks|23505",
                "23|rule|open",
                "24|legacy_hash",
                "25|no_login",
                "26|write_failed|nick|22001",
                "44|write_failed|late|23505",
                "50|exists|login",
                "58|exists|login",
            ]
        );
        assert_foreseen(&site, ", 'retry'");
    }
}

#[test]
fn a_dry_run_foresees_updates_deletions_and_missing_privileges() {
    need_extension!("pg_ferry");
    let site = nasty_shop();
    import(&site, "");
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column <> 'email'");
    site.as_owner(
        "UPDATE legacy.customers SET nick = 'far too long' WHERE id = 30;
         UPDATE legacy.customers SET country = 'zz' WHERE id = 31;
         UPDATE legacy.customers SET badge = 'B1' WHERE id = 32;
         UPDATE legacy.customers SET first = 'Anna' WHERE id BETWEEN 33 AND 36;
         UPDATE legacy.customers SET tag = 'fresh', code = 'd' WHERE id = 10;
         CREATE TABLE orders (user_id bigint REFERENCES users DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO orders SELECT id FROM users WHERE email = 'user37@example.com'",
    );
    let foreseen = assert_foreseen(&site, ", 'upsert'");
    for due in [
        "30|write_failed|nick|22001",
        "31|write_failed|users_country_fkey|23503",
        "32|write_failed|late|23505",
    ] {
        assert!(foreseen.contains(&due.to_string()), "{foreseen:?}");
    }
    site.db.sql("DELETE FROM legacy.customers WHERE id IN (37, 38)");
    let dry = import(&site, ", 'delete', dry_run => true");
    assert_eq!((dry.deleted, dry.refused), (1, 1));
    let real = import(&site, ", 'delete'");
    assert_eq!((real.deleted, real.refused), (1, 1));
    assert_eq!(verdicts(&site, true), verdicts(&site, false));
    // A column that run_as may not write.
    let site = md5_shop();
    crowd(&site, 20);
    let clerk = site.db.role("clerk");
    site.db.sql(&format!(
        "GRANT SELECT, UPDATE ON users TO {clerk}; GRANT INSERT (email, password_hash) ON users TO {clerk};
         GRANT USAGE ON SCHEMA legacy TO {clerk}; GRANT SELECT ON legacy.customers TO {clerk};
         UPDATE ferry.target SET run_as = '{clerk}'"
    ));
    let foreseen = assert_foreseen(&site, "");
    assert_eq!((foreseen.len(), foreseen[0].as_str()), (20, "1|write_failed|42501"));
}

#[test]
fn a_dry_run_that_was_stopped_remembers_who_was_there() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 40);
    site.db.sql("UPDATE legacy.customers SET email = 'user3@example.com' WHERE id = 33");
    for _ in 0..4 {
        site.db.sql("CALL ferry.import('shop', dry_run => true, max_rows => 10)");
    }
    import(&site, ", dry_run => true");
    assert_eq!(verdicts(&site, true), ["33|exists|login"]);
    assert_eq!((site.counts().0, site.db.count("ferry._import_claim")), (0, 0));
}

#[test]
fn child_rows_are_brought_up_to_date() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.as_owner(
        "CREATE TABLE roles (user_id bigint REFERENCES users ON DELETE CASCADE, role varchar(10), UNIQUE (user_id, role));
         ALTER TABLE legacy.customers ADD roles text[] DEFAULT '{user}'",
    );
    crowd(&site, 300);
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows, on_conflict)
         VALUES ('shop', 'roles', 'roles', 'user_id', 'SELECT unnest(l.roles) AS role', 'replace')",
    );
    import(&site, ", max_rows => 290");
    let nothing = refusal(&mut site.db.client(), "CALL ferry.import('shop', 'update')");
    assert_eq!(nothing.message, "no mapping of source shop says what an update does");
    site.configure("child", "refresh = true");
    site.as_owner(
        "UPDATE legacy.customers SET roles = '{user,admin}' WHERE id IN (3, 4, 295);
         UPDATE legacy.customers SET roles = '{}' WHERE id = 5;
         UPDATE legacy.customers SET roles = '{something too long}' WHERE id = 6",
    );
    let roles = |id: i64| -> String {
        let sql = "SELECT coalesce(string_agg(r.role, ',' ORDER BY r.role), '') FROM roles r JOIN ferry.link l ON l.user_id = r.user_id::text
                   WHERE l.legacy_key = $1::text";
        site.db.one(sql, &[&id.to_string()])
    };
    assert_foreseen(&site, ", 'update'");
    let run = crate::import::run(&site);
    assert_eq!((run.updated, run.refused, run.skipped), (3, 1, 296));
    assert_eq!(verdicts(&site, false), ["6|child_failed|22001|roles"]);
    assert_eq!(
        (roles(3), roles(5), roles(6), roles(7)),
        ("admin,user".into(), String::new(), "user".into(), "user".into())
    );
    // Columns and child rows of one user go together.
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.as_owner("UPDATE legacy.customers SET last = 'Changed' WHERE id IN (6, 7)");
    let run = import(&site, ", 'upsert'");
    assert_eq!((run.updated, run.refused, run.moved), (1, 1, 10));
    assert_eq!(site.user("user6@example.com", "name").as_deref(), Some("Ann Nr 6"));
    assert_eq!(
        (site.user("user7@example.com", "name").as_deref(), roles(295).as_str()),
        (Some("Ann Changed"), "admin,user")
    );
    assert_eq!(import(&site, ", 'update'").updated, 0);
}

#[test]
fn an_update_does_what_on_conflict_says() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.as_owner(
        "ALTER TABLE users ADD phone text, ADD settings jsonb, ADD changed timestamptz, ADD city text;
         ALTER TABLE legacy.customers ADD phone text, ADD settings jsonb, ADD changed timestamptz DEFAULT '2024-01-01', ADD city text",
    );
    crowd(&site, 3);
    site.configure("target", "changed_at = 'u.changed'");
    site.configure_source("shop", "changed_at = 'l.changed'");
    for (column, on_conflict) in [("phone", "fill"), ("settings", "merge"), ("city", "newer")] {
        site.map("shop", column, &format!("l.{column}"));
        site.db.sql(&format!(
            "UPDATE ferry.mapping SET on_conflict = '{on_conflict}' WHERE target_column = '{column}'"
        ));
    }
    import(&site, "");
    site.as_owner(
        r#"UPDATE users SET phone = 'own', settings = '{"a": 1}', city = 'own', changed = '2024-06-01' WHERE email <> 'user3@example.com';
           UPDATE legacy.customers SET phone = 'legacy', settings = '{"a": 2, "b": 3}', city = 'legacy';
           UPDATE legacy.customers SET changed = '2024-07-01' WHERE id = 2"#,
    );
    assert_eq!(import(&site, ", 'update'").updated, 3);
    let rows = site.db.rows("SELECT concat_ws(' ', phone, settings, city) FROM users ORDER BY email", &[]);
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            r#"own {"a": 1, "b": 3} own"#,
            r#"own {"a": 1, "b": 3} legacy"#,
            r#"legacy {"a": 2, "b": 3} legacy"#
        ]
    );
    assert_eq!(import(&site, ", 'update'").updated, 0);
}

#[test]
fn an_update_sees_what_a_hook_makes_of_the_row() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 3);
    site.db.sql(&format!("CREATE SCHEMA app AUTHORIZATION {}", site.db.owner()));
    site.as_owner(
        "CREATE FUNCTION app.tidy(l legacy.customers) RETURNS legacy.customers LANGUAGE plpgsql AS
             $$ BEGIN l.last := upper(l.last); RETURN l; END $$",
    );
    site.db.sql(
        "INSERT INTO ferry.hook (name, point, function) VALUES ('tidy', 'after_fetch', 'app.tidy');
         UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'",
    );
    import(&site, "");
    assert_eq!(import(&site, ", 'update'").updated, 0, "it is what was written");
    site.as_owner("UPDATE legacy.customers SET last = 'new' WHERE id = 2");
    assert_eq!(import(&site, ", 'update'").updated, 1);
    assert_eq!(site.user("user2@example.com", "name").as_deref(), Some("Ann NEW"));
}

#[test]
fn limits_on_refusals_stop_every_operation() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.as_owner(
        "CREATE TABLE orders (user_id bigint REFERENCES users); INSERT INTO orders SELECT id FROM users",
    );
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.as_owner(
        "ALTER TABLE users ADD CONSTRAINT short CHECK (name NOT LIKE '%long%'), ADD CONSTRAINT stays CHECK (active);
         UPDATE legacy.customers SET last = 'long'",
    );
    let stops = |operation: &str| {
        for dry_run in [true, false] {
            let call = format!(
                "CALL ferry.import('shop', '{operation}', batch_size => 5, max_rejects => 7, dry_run => {dry_run})"
            );
            site.db.sql(&call);
            let sql = "SELECT concat_ws(' ', state, refused BETWEEN 7 AND 10, message LIKE 'max_rejects: %')
                       FROM ferry.import_run ORDER BY called_at DESC, id DESC LIMIT 1";
            assert_eq!(site.db.one::<String>(sql, &[]), "stopped t t", "{call}");
        }
    };
    stops("update");
    site.db.sql("DELETE FROM legacy.customers WHERE id > 1");
    stops("delete");
    stops("deactivate");
    crowd_after(&site, 100);
    stops("insert");
    stops("upsert");
    // All of them, so that there are more than the limit.
    import(&site, ", resume => false");
    stops("retry");
}

/// Thirty more customers whom nobody can verify.
fn crowd_after(site: &Site, first: i64) {
    site.db.rows(
        "INSERT INTO legacy.customers (id, email, pwd) SELECT n, format('user%s@example.com', n), 'damaged' FROM generate_series($1::bigint, $1 + 29) n",
        &[&first],
    );
}

#[test]
fn a_delta_follows_columns_of_any_kind_of_time() {
    need_extension!("pg_ferry");
    // Row n was changed at noon UTC of the nth of May.
    for (type_name, value, changed_at) in [
        ("timestamptz", "'2024-05-01 12:00+00'::timestamptz + (n - 1) * interval '1 day'", "l.changed"),
        ("timestamp", "'2024-05-01 12:00'::timestamp + (n - 1) * interval '1 day'", "l.changed"),
        (
            "timestamp",
            "'2024-05-01 14:00'::timestamp + (n - 1) * interval '1 day'",
            "l.changed AT TIME ZONE 'Europe/Berlin'",
        ),
        ("date", "'2024-05-01'::date + n", "l.changed"),
        (
            "bigint",
            "extract(epoch FROM '2024-05-01 12:00+00'::timestamptz) + (n - 1) * 86400",
            "to_timestamp(l.changed)",
        ),
    ] {
        let site = md5_shop();
        site.as_owner(&format!("ALTER TABLE legacy.customers ADD changed {type_name}"));
        crowd(&site, 10);
        site.db.sql(&format!("UPDATE legacy.customers SET changed = v FROM (SELECT n, {value} AS v FROM generate_series(1, 10) n) s WHERE n = id"));
        if type_name == "bigint" {
            let refused = refusal(&mut site.db.client(), "UPDATE ferry.source SET changed_at = 'l.changed'");
            assert!(refused.hint.contains("to_timestamp(l.updated)"), "{refused:?}");
        }
        site.db.rows("UPDATE ferry.source SET changed_at = $1", &[&changed_at]);
        site.db.sql("SET TimeZone = 'America/New_York'");
        // 08:00 there is noon in UTC.
        let run = import(&site, ", changed_since => '2024-05-04 08:00'");
        assert_eq!((run.moved, run.total), (7, 7), "{type_name} {changed_at}");
        let run = import(&site, ", changed_since => '2024-05-04 08:00:01'");
        assert_eq!(run.total, if type_name == "date" { 7 } else { 6 }, "{type_name} {changed_at}");
    }
}

const LETTERS: &str =
    "substr('aAbBcC_-äÄzZ', n % 12 + 1, 1) || ' ' || n % 7 || CASE WHEN n % 2 = 0 THEN '-' ELSE '_' END || n";

#[test]
fn ranges_of_any_key_are_complete_and_disjoint() {
    need_extension!("pg_ferry");
    for (key_type, value, key_column) in [
        ("text", LETTERS, "code"),
        ("text COLLATE \"C\"", LETTERS, "code"),
        ("uuid", "md5(n::text)::uuid", "code"),
        ("numeric", "(n - 100) / 7.0", "code"),
        ("text", "n % 5", "l.code || '/' || l.id"),
        ("date", "'2000-01-01'::date + n", "code"),
    ] {
        check_ranges(key_type, value, key_column);
    }
}

#[test]
fn ranges_of_a_key_under_a_collation_of_its_own_are_complete_and_disjoint() {
    need_icu!();
    check_ranges("text COLLATE \"en-x-icu\"", LETTERS, "code");
}

fn check_ranges(key_type: &str, value: &str, key_column: &str) {
    let site = md5_shop();
    site.as_owner(&format!("ALTER TABLE legacy.customers ADD code {key_type}"));
    crowd(&site, 200);
    site.db.sql(&format!("UPDATE legacy.customers SET code = v FROM (SELECT n, {value} AS v FROM generate_series(1, 200) n) s WHERE n = id"));
    site.db.rows("UPDATE ferry.source SET key_column = $1", &[&key_column]);
    let key = if key_column == "code" { "code" } else { "code || '/' || id" };
    let cuts: Vec<String> = site
        .db
        .rows(
            &format!("SELECT ({key})::text FROM legacy.customers l WHERE id IN (40, 90, 170) ORDER BY {key}"),
            &[],
        )
        .iter()
        .map(|row| row.get(0))
        .collect();
    // The three cuts in the order that pg_ferry has, whatever it is.
    let mut total = 0;
    let mut runs = Vec::new();
    for (from, to) in ordered_ranges(&site, &cuts) {
        let bound = |name: &str, value: Option<&String>| {
            value.map_or(String::new(), |value| format!(", {name} => '{value}'"))
        };
        let call =
            format!(", batch_size => 7{}{}", bound("key_from", from.as_ref()), bound("key_to", to.as_ref()));
        let run: Run = import(&site, &call);
        assert_eq!(
            (run.moved, run.skipped, run.refused),
            (run.total, 0, 0),
            "{key_type}: {call}: {:?}",
            refused(&site)
        );
        total += run.total;
        runs.push(run.total);
    }
    assert_eq!((total, site.db.count("users")), (200, 200), "{key_type} {key_column}: {runs:?}");
    assert!(runs.iter().all(|rows| *rows > 0), "{key_type}: {runs:?}");
}

/// Ranges between cuts, in the order in which the source has them: fewer keys are below a smaller one.
fn ordered_ranges(site: &Site, cuts: &[String]) -> Vec<(Option<String>, Option<String>)> {
    let below = |cut: &String| {
        let run = import(site, &format!(", dry_run => true, key_to => '{cut}'"));
        run.total
    };
    let mut cuts: Vec<(i64, &String)> = cuts.iter().map(|cut| (below(cut), cut)).collect();
    cuts.sort();
    let ends = cuts.iter().map(|(_, cut)| Some((*cut).clone()));
    let starts = [None].into_iter().chain(ends.clone());
    starts.zip(ends.chain([None])).collect()
}

/// A shop whose customers are in a CSV file; the second file gets a line each time that the first is read.
struct FileShop {
    site: Site,
    csv: PathBuf,
    reads: PathBuf,
}

impl FileShop {
    fn new(count: i64) -> FileShop {
        let site = Site::new();
        let in_data =
            |ending: &str| site.db.cluster().data_directory().join(format!("{}.{ending}", site.db.name()));
        let (csv, reads) = (in_data("csv"), in_data("reads"));
        let owner = site.db.owner();
        site.db.sql(&format!(
            "CREATE EXTENSION file_fdw;
             CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
             CREATE SCHEMA legacy AUTHORIZATION {owner};
             CREATE FOREIGN TABLE legacy.customers (id bigint, email text, first text, last text, pwd text)
                 SERVER files OPTIONS (program 'cat {} && echo x >> {}', format 'csv');
             GRANT SELECT ON legacy.customers TO {owner}",
            csv.display(),
            reads.display()
        ));
        let shop = FileShop { site, csv, reads };
        shop.write(&format!("generate_series(1, {count}) n"));
        shop.site.add_source("shop", "legacy.customers");
        shop.site.configure_source("shop", "format = 'md5'");
        shop
    }

    /// Customers of these numbers `n`.
    fn write(&self, numbers: &str) {
        self.site.db.sql(&format!(
            "COPY (SELECT n, format('user%s@example.com', n), 'Ann', 'Nr ' || n, md5(format('password %s', n)) FROM {numbers}) TO '{}' (FORMAT csv)",
            self.csv.display()
        ));
    }

    /// How often the file was read since the last time.
    fn reads(&self) -> usize {
        let read = std::fs::read_to_string(&self.reads).unwrap_or_default().lines().count();
        std::fs::remove_file(&self.reads).ok();
        read
    }

    #[track_caller]
    fn assert_nothing_is_left(&self) {
        let size: i64 = self.site.db.one("SELECT pg_relation_size('ferry._import_row')", &[]);
        assert_eq!((self.site.db.count("ferry._import_row"), size), (0, 0), "staged rows were left behind");
    }
}

#[test]
fn a_file_is_read_once_however_many_batches_there_are() {
    need_extension!("file_fdw");
    let shop = FileShop::new(10_500);
    let run = import(&shop.site, ", batch_size => 3000");
    assert_eq!((run.done, run.moved), (10_500, 10_500));
    // To count, and to stage.
    assert_eq!(shop.reads(), 2);
    let staged: String = shop.site.db.one("SELECT parameters ->> 'staged' FROM ferry.import_run", &[]);
    assert_eq!(staged, "10500");
    shop.assert_nothing_is_left();
    assert_eq!(login(&mut shop.site.app(), "user10500@example.com", "password 10500").outcome, "ok");
    // What fits into a page is not worth a copy.
    import(&shop.site, ", max_rows => 5000");
    assert!(
        !shop
            .site
            .db
            .one::<bool>("SELECT bool_or(parameters ? 'staged') FROM ferry.import_run WHERE id > 1", &[])
    );
}

#[test]
fn every_operation_works_on_staged_rows() {
    need_extension!("file_fdw");
    let shop = FileShop::new(60);
    let site = &shop.site;
    site.as_owner("ALTER TABLE users ADD CONSTRAINT no_seven CHECK (name NOT LIKE '% 7')");
    for _ in 0..4 {
        site.db.sql("CALL ferry.import('shop', staged => true, batch_size => 4, max_rows => 20)");
        shop.assert_nothing_is_left();
    }
    let run = crate::import::run(site);
    assert_eq!((run.state.as_str(), run.done, run.moved, run.refused), ("finished", 60, 59, 1));
    site.as_owner("ALTER TABLE users DROP CONSTRAINT no_seven");
    assert_eq!(import(site, ", 'retry', staged => true").moved, 1);
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.db.sql("UPDATE users SET name = 'else' WHERE id % 2 = 0");
    let run = import(site, ", 'upsert', staged => true, batch_size => 7");
    assert_eq!((run.done, run.updated), (60, 30));
    shop.write("generate_series(1, 50) n");
    site.configure_source("shop", "deactivate = '{\"active\": \"false\"}'");
    for operation in ["deactivate", "delete"] {
        shop.reads();
        let run = import(site, &format!(", '{operation}', staged => true, batch_size => 9"));
        assert_eq!((run.done, run.skipped, run.refused, run.deactivated + run.deleted), (60, 50, 0, 10));
        assert!(shop.reads() <= 4, "the file is read once, whatever the batches");
        shop.assert_nothing_is_left();
    }
    assert_eq!(site.counts().0, 50);
}

#[test]
fn staged_rows_are_what_they_were_and_nobody_else_sees_them() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.as_owner(
        r#"ALTER TABLE users ADD odd jsonb;
           ALTER TABLE legacy.customers ADD a text[], ADD b bytea, ADD c jsonb, ADD d timestamptz, ADD e double precision, ADD f interval,
               ADD g name, ADD h char(5), ADD i money, ADD j point, ADD dropped int;
           ALTER TABLE legacy.customers DROP dropped, ADD k numeric"#,
    );
    site.configure_source("shop", "unmapped = 'odd'");
    site.db.sql("SET DateStyle = 'German, DMY'; SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = -5; SET bytea_output = 'escape'; SET IntervalStyle = 'iso_8601'");
    site.db.sql(
        r#"INSERT INTO legacy.customers (id, email, pwd, a, b, c, d, e, f, g, h, i, j, k) VALUES
           (1, 'a@example.com', md5('x'), ARRAY['a"b', 'c\d', NULL, '', '{,}', 'NULL'], '\x00ff5c', '{"x": ["\"", null]}', '2024-03-31 02:30+01', 0.1 + 0.2,
            '-1 mon 3 days', 'n(,)', 'ab', '12.34', '(1,2)', 12345678901234567890.000100),
           (2, 'b@example.com', md5('y'), NULL, '', 'null', 'infinity', 'NaN', '0', '', '', NULL, NULL, 'NaN'),
           (3, E'c"\\''(),@example.com', md5('z'), '{}', NULL, '[]', NULL, '-Infinity', NULL, NULL, NULL, '-1', '(0,-0)', NULL)"#,
    );
    let users = || -> Vec<String> {
        let rows = site.db.rows("SELECT concat_ws(' ', email, name, odd) FROM users ORDER BY email", &[]);
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(import(&site, "").moved, 3);
    let plain = users();
    site.db.sql("TRUNCATE users CASCADE; DELETE FROM ferry.link");
    assert_eq!(import(&site, ", staged => true").moved, 3);
    assert_eq!(users(), plain);
    for role in [site.db.owner(), site.db.app()] {
        let sql = "SELECT has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES') FROM pg_class c
                   WHERE c.relnamespace = 'ferry'::regnamespace AND c.relname = '_import_row'";
        assert!(!site.db.one::<bool>(sql, &[&role]), "{role} sees staged rows");
    }
    let persistence: String =
        site.db.one("SELECT relpersistence::text FROM pg_class WHERE relname = '_import_row'", &[]);
    assert_eq!(persistence, "u", "hashes do not go into the WAL");
}

#[test]
fn what_a_killed_import_has_staged_goes_with_the_next_call() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 200);
    crate::concurrency::slow_down_inserts(&site.db, 0.005);
    let mut client = site.db.client();
    let importing = std::thread::spawn(move || {
        client.batch_execute("CALL ferry.import('shop', staged => true, batch_size => 10)")
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    while site.db.one::<i64>("SELECT coalesce(sum(done), 0)::bigint FROM ferry.import_run", &[]) < 30 {
        assert!(Instant::now() < deadline, "the import does not move");
        std::thread::sleep(Duration::from_millis(5));
    }
    site.db.rows("SELECT pg_terminate_backend(pid) FROM ferry.import_run", &[]);
    assert!(importing.join().unwrap().is_err());
    assert_eq!(site.db.count("ferry._import_row WHERE place > 0"), 200);
    // A call for another source drops them as well.
    site.add_local_source("other", "others");
    site.db.sql("CALL ferry.import('other')");
    assert_eq!(site.db.count("ferry._import_row"), 0);
    let run = import(&site, ", staged => true");
    assert_eq!((run.state.as_str(), run.done, run.moved), ("finished", 200, 200));
    assert_eq!((site.counts().0, site.db.count("ferry._import_row")), (200, 0));
}

#[test]
fn a_view_over_a_file_is_known_to_be_read_whole() {
    need_extension!("file_fdw");
    let shop = FileShop::new(10);
    let site = &shop.site;
    site.as_owner("CREATE VIEW legacy.inner_view AS SELECT * FROM legacy.customers; CREATE VIEW legacy.people AS SELECT i.* FROM legacy.inner_view i");
    let wrappers = "SELECT string_agg(w, ',') FROM ferry._wrappers('legacy.people'::regclass) w";
    assert_eq!(site.db.one::<String>(wrappers, &[]), "file_fdw");
    site.configure_source("shop", "relation = 'legacy.people'");
    import(site, ", batch_size => 2");
    assert_eq!(site.db.one::<i64>("SELECT batches FROM ferry.import_run", &[]), 1);
}

#[test]
fn a_recipe_with_pepper_salt_and_login_is_verified_when_the_source_is_gone() {
    need_extension!("pg_ferry");
    let site = Site::new();
    site.add_local_source("shop", "customers");
    write_peppers(&site.db, "shop = text:the pepper of the house");
    site.configure_source(
        "shop",
        "format = 'sha256($salt.$pass.$pepper.$user)', salt = 'l.salt', salt_encoding = 'hex', pepper = 'shop', hash_login = 'upper(l.email)'",
    );
    site.db.sql(
        "INSERT INTO legacy.customers (id, email, salt, pwd)
         SELECT n, format('User%s@example.com', n), lpad(to_hex(n), 8, '0'),
                encode(sha256(decode(lpad(to_hex(n), 8, '0'), 'hex') || convert_to(format('password %s', n) || 'the pepper of the house' || format('USER%s@EXAMPLE.COM', n), 'UTF8')), 'hex')
         FROM generate_series(1, 20) n",
    );
    assert_eq!(import(&site, ", staged => true").moved, 20);
    let stored = site.user("user7@example.com", "password_hash").unwrap();
    assert!(stored.starts_with("$ferry$v=1$"), "{stored}");
    let named: String = site.db.one("SELECT string_agg(u::text, ' ') FROM users u", &[]);
    assert!(!named.contains("the pepper of the house"));
    site.db.sql(
        "UPDATE ferry.source SET enabled = false; DROP TABLE legacy.customers; DELETE FROM ferry.source",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "user7@example.com", "password 8"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "User7@example.com", "password 7").outcome, "ok");
    assert!(site.user("user7@example.com", "password_hash").unwrap().starts_with("$argon2id$"));
    assert_eq!(login(&mut app, "user7@example.com", "password 7").outcome, "ok");
    // Without its pepper nobody gets in, and the reason is told.
    write_peppers(&site.db, "other = text:x");
    let mut app = site.app();
    assert_eq!(login(&mut app, "user8@example.com", "password 8"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/pepper");
}

#[test]
fn an_update_settles_nobody_whom_it_does_not_touch() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.db.sql(
        "INSERT INTO legacy.customers (id, email, last, pwd) VALUES (31, 'User3@example.com', 'Twin', '!')",
    );
    assert_eq!(import(&site, "").refused, 1);
    let updated = import(&site, ", 'update'");
    assert_eq!((updated.refused, updated.done), (0, 31));
    assert_eq!(site.db.count("ferry.import_reject WHERE settled_at IS NULL"), 1);
    assert_eq!(import(&site, ", 'retry'").refused, 1);
}

#[test]
fn a_delete_that_a_trigger_swallows_is_refused() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.as_owner(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER keep BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep()",
    );
    site.db.sql("DELETE FROM legacy.customers WHERE id = 3");
    let run = import(&site, ", 'delete'");
    assert_eq!((run.deleted, run.refused), (0, 1), "{:?}", refused(&site));
    assert_eq!((site.counts().0, site.db.count("ferry.link WHERE tombstone")), (30, 0));
}

#[test]
fn a_delete_that_cannot_see_the_user_is_refused() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.as_owner(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY seen ON users USING (active) WITH CHECK (true)",
    );
    site.db.sql(
        "UPDATE users SET active = false WHERE email = 'user3@example.com';
         DELETE FROM legacy.customers WHERE id IN (3, 4)",
    );
    let run = import(&site, ", 'delete', dry_run => true");
    assert_eq!((run.deleted, run.refused), (1, 1));
    let run = import(&site, ", 'delete'");
    assert_eq!((run.deleted, run.refused), (1, 1));
    assert_eq!(refused(&site), ["3 no_row_written"]);
    assert_eq!((site.counts().0, site.db.count("ferry.link WHERE tombstone")), (29, 1));
    // Without a policy, who is not seen is not there.
    site.as_owner("ALTER TABLE users DISABLE ROW LEVEL SECURITY");
    site.db.sql("DELETE FROM users WHERE email = 'user3@example.com'");
    assert_eq!(import(&site, ", 'delete'").deleted, 1);
}

#[test]
fn a_dry_run_foresees_that_a_user_is_adopted_only_once() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.configure("target", "adopt = 'any'");
    site.db.sql(
        "INSERT INTO users (email) VALUES ('user1@example.com'), ('user2@example.com');
         INSERT INTO legacy.customers (id, email, pwd) VALUES
             (1, 'user1@example.com', md5('1')), (2, 'User1@example.com', md5('2')), (3, 'user3@example.com', md5('3'))",
    );
    assert_eq!(assert_foreseen(&site, ""), ["2|exists|login"]);
    // Found by two logins: a user who is here, and one who is there since.
    let site = md5_shop();
    site.configure("target", "adopt = 'any'");
    site.as_owner("ALTER TABLE legacy.customers ADD alias text");
    site.configure_source("shop", "login_columns = '{email,alias}'");
    site.db.sql(
        "INSERT INTO users (email) VALUES ('user2@example.com');
         INSERT INTO legacy.customers (id, email, alias, pwd) VALUES
             (1, 'user1@example.com', NULL, md5('1')), (2, 'user2@example.com', 'user1@example.com', md5('2'))",
    );
    assert_eq!(assert_foreseen(&site, ", batch_size => 1"), ["2|ambiguous"]);
    // By lookup.
    let site = md5_shop();
    site.as_owner("ALTER TABLE users ADD card text; ALTER TABLE legacy.customers ADD card text DEFAULT 'c'");
    site.map("shop", "card", "l.card");
    site.configure("target", "adopt = 'any', lookup = '{card}', verified = 'true'");
    site.configure_source("shop", "verified = 'true'");
    crowd(&site, 2);
    site.db.sql("INSERT INTO users (email, card) VALUES ('renamed@example.com', 'c')");
    assert_eq!(assert_foreseen(&site, ""), ["2|review|card"]);
}

#[test]
fn a_user_of_two_legacy_keys_goes_once_both_are_gone() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    site.db.sql(
        "INSERT INTO legacy.customers (id, email, last, pwd) VALUES (900, 'second@example.com', 'Second', '!');
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via)
         SELECT source, '900', target, user_id, 'adopt' FROM ferry.link WHERE legacy_key = '3';
         DELETE FROM legacy.customers WHERE id = 3",
    );
    for _ in 0..2 {
        assert_eq!(import(&site, ", 'delete'").deleted, 0);
    }
    site.db.sql("DELETE FROM legacy.customers WHERE id = 900");
    import(&site, ", 'delete'");
    import(&site, ", 'delete'");
    assert_eq!((site.counts().0, site.db.count("ferry.link WHERE tombstone")), (29, 1));
}

#[test]
fn rows_that_were_staged_for_nobody_go_with_the_next_import_or_purge() {
    need_extension!("pg_ferry");
    let site = moved_shop();
    for call in ["CALL ferry.purge_history()", "CALL ferry.import('shop', staged => true, resume => false)"] {
        site.db.sql("INSERT INTO ferry._import_row (run, place, legacy_key, document) VALUES (777, 0, '', NULL), (777, 1, '1', '(x)')");
        site.db.sql(call);
        assert_eq!(site.db.count("ferry._import_row"), 0, "{call}");
    }
}

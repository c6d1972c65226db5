//! Config as code: what export_config writes can be run again and again, and gives the same config.

use crate::setup_config::{app, bare_shop, configure, outcome, password_of, refusal, shop};
use ferry_tests::{Db, need_extension};

/// The tables that hold config, as a DBA counts them.
const TABLES: [&str; 7] = ["preset", "target", "source", "child", "hook", "mapping", "rule"];

/// What psql writes into the file.
fn export(db: &Db<'_>) -> String {
    let output = db.psql("\\pset format unaligned\n\\pset tuples_only on\nSELECT ferry.export_config();");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn run(db: &Db<'_>, file: &str) {
    let output = db.psql(file);
    assert!(output.status.success(), "{}\nin:\n{file}", String::from_utf8_lossy(&output.stderr));
}

/// All config, with what tells one version of a row from the next.
fn rows(db: &Db<'_>, with_versions: bool) -> Vec<String> {
    let version = if with_versions { "xmin" } else { "NULL" };
    TABLES
        .iter()
        .flat_map(|table| {
            db.rows(
                &format!(
                    "SELECT concat_ws(' ', '{table}', {version}, to_jsonb(t)) FROM ferry.{table} t ORDER BY 1"
                ),
                &[],
            )
        })
        .map(|row| row.get(0))
        .collect()
}

fn wipe(db: &Db<'_>) {
    db.sql("DELETE FROM ferry.source; DELETE FROM ferry.target; DELETE FROM ferry.preset WHERE NOT shipped");
}

/// What the config of [`rich_shop`] names.
fn tables_of_rich_shop(db: &Db<'_>) {
    let owner = db.owner();
    db.sql(&format!(
        r#"SET ROLE {owner};
           ALTER TABLE public.users ADD "Größe ""in"" cm" text, ADD must_change boolean;
           CREATE TABLE public.user_roles (user_id bigint, role text);
           CREATE FUNCTION public.note(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1';
           RESET ROLE"#
    ));
}

/// A shop with config in every table, whose names and expressions are as awkward as they may be.
fn rich_shop() -> Db<'static> {
    let db = shop();
    tables_of_rich_shop(&db);
    db.sql(
        r#"UPDATE ferry.target SET login_form = 'casefold', must_change = 'must_change', adopt = 'locked', on_mismatch = 'source',
                                   on_mismatch_until = '2038-01-19 03:14:07+05', lookup = '{login,lower(u.email)}', no_other_checks = true,
                                   outbox = '{moved,refused}', verified = 'u.points > 0', changed_at = 'now()';
           UPDATE ferry.source SET deactivate = '{"points": "-1 -- it''s over", "name": "u.name || E''\\n''"}', last_seen = 'now()', value = 'l.points',
                                   contact = 'l.email', verified = 'l.active', charsets = '{utf-8,latin1}';
           INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, salt, timeout, priority, enabled, transforms, filter)
           VALUES (E'it''s a "shop" \\ in\nBrühl', 'legacy.customers', 'id', '{lower(l.email)}', 'l.pwd', $$'s' || 'alt'$$, '1 minute 30 seconds',
                   -7, false, '{trim,truncate:72}', 'l.active -- and nothing else');
           INSERT INTO ferry.mapping (source, target_column, expression, on_conflict, refresh)
           VALUES ('shop', 'Größe "in" cm', E'CASE l.points -- two\n  WHEN 1 THEN \'it\'\'s \\\' ELSE $a$ä$a$ END', 'fill', true);
           INSERT INTO ferry.rule (source, name, expression, severity, message)
           VALUES ('shop', 'long', 'p.length > 9', 'must_change', 'Ten, or more; --'), ('shop', 'active', 'l.active', 'warn', NULL);
           INSERT INTO ferry.child (source, name, relation, user_column, rows)
           VALUES ('shop', 'roles', 'public.user_roles', 'user_id', $$SELECT 'customer' AS role$$);
           INSERT INTO ferry.hook (name, point, function, timeout) VALUES ('note', 'after_write', 'public.note', '250 ms');
           INSERT INTO ferry.preset (name, title, relation, source, mappings, rules)
           SELECT 'own', 'Our own', relation, source, mappings, rules FROM ferry.preset WHERE name = 'wordpress'"#,
    );
    db
}

#[test]
fn what_was_exported_gives_the_same_config() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, false), export(&db));
    for table in TABLES {
        assert!(file.contains(&format!("INSERT INTO ferry.{table} ")), "no {table} in:\n{file}");
    }
    wipe(&db);
    run(&db, &file);
    assert_eq!(rows(&db, false), before);
    assert_eq!(export(&db), file);
}

#[test]
fn it_works_in_another_database_with_the_same_tables() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let copy = bare_shop();
    tables_of_rich_shop(&copy);
    // Roles are each test database's own.
    let file = export(&db).replace(&db.owner(), &copy.owner());
    run(&copy, &file);
    assert_eq!(export(&copy), file);
    assert_eq!(outcome(&mut app(&copy), "alice", password_of("alice")), "migrated");
}

#[test]
fn running_it_twice_changes_nothing() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, true), export(&db));
    run(&db, &file);
    run(&db, &file);
    assert_eq!(rows(&db, true), before);
}

#[test]
fn what_was_changed_since_is_changed_back_and_what_was_added_stays() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, false), export(&db));
    // A column that has its default in the file, and is not in it.
    db.sql("UPDATE ferry.source SET on_wrong = 'next', priority = 5; UPDATE ferry.mapping SET on_conflict = 'overwrite'");
    db.sql("DELETE FROM ferry.rule; UPDATE ferry.target SET login_columns = '{email}', search_path = 'pg_catalog'");
    assert_ne!(rows(&db, false), before);
    run(&db, &file);
    assert_eq!(rows(&db, false), before);
    db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'new', 'true')");
    run(&db, &file);
    assert_eq!(rows(&db, false).len(), before.len() + 1);
}

/// Two configs that have nothing in common but their names, each sound by itself.
#[test]
fn a_change_may_cross_tables() {
    need_extension!("pg_ferry");
    let db = shop();
    tables_of_rich_shop(&db);
    let owner = db.owner();
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE VIEW legacy.people AS SELECT id AS number, login AS nick, email AS mail, first || last AS called, pwd AS digest FROM legacy.customers;
         CREATE FUNCTION public.tidy(legacy.customers) RETURNS legacy.customers LANGUAGE sql AS 'SELECT $1';
         CREATE FUNCTION public.tidy_people(legacy.people) RETURNS legacy.people LANGUAGE sql AS 'SELECT $1';
         RESET ROLE;
         INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'known', 'l.active', 'warn');
         INSERT INTO ferry.child (source, name, relation, user_column, rows)
         VALUES ('shop', 'roles', 'public.user_roles', 'user_id', 'SELECT l.points::text AS role');
         INSERT INTO ferry.hook (name, point, function) VALUES ('tidy', 'after_fetch', 'public.tidy')"
    ));
    let first = export(&db);
    db.sql(
        "DELETE FROM ferry.hook; DELETE FROM ferry.child; DELETE FROM ferry.rule; DELETE FROM ferry.mapping;
         UPDATE ferry.target SET must_change = 'must_change';
         UPDATE ferry.source SET relation = 'legacy.people', key_column = 'number', login_columns = '{nick,mail}', hash = 'l.digest';
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('shop', 'login', 'l.nick'), ('shop', 'email', 'l.mail'), ('shop', 'name', 'l.called'), ('shop', 'points', '0');
         INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'known', 'l.mail IS NOT NULL', 'must_change');
         INSERT INTO ferry.child (source, name, relation, user_column, rows)
         VALUES ('shop', 'roles', 'public.user_roles', 'user_id', 'SELECT l.nick AS role');
         INSERT INTO ferry.hook (name, point, function) VALUES ('tidy', 'after_fetch', 'public.tidy_people')",
    );
    let second = export(&db);
    for file in [&first, &second, &first] {
        run(&db, file);
        assert_eq!(export(&db), *file);
        assert!(db.rows("SELECT FROM ferry.check_config() WHERE severity = 'error'", &[]).is_empty());
    }
    assert_eq!(outcome(&mut app(&db), "alice", password_of("alice")), "migrated");
}

#[test]
fn what_would_be_refused_in_a_row_is_refused_in_a_file() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, false), export(&db));
    for (right, wrong, refused) in [
        ("'u.points > 0'", "'u.piont > 0'", "target default, verified: column u.piont does not exist"),
        ("'l.email'", "'l.e_mail'", "source shop, contact: column l.e_mail does not exist"),
        ("'lower(l.email)'", "'lower(l.e_mail)'", "mapping shop.email: column l.e_mail does not exist"),
        ("'p.length > 9'", "'p.length > 9) OR (true'", "rule shop.long: "),
        ("'must_change', 'Ten", "'must', 'Ten", "rule shop.long, severity: unknown value"),
        ("SELECT ''customer'' AS role", "SELECT l.role AS role", "child shop.roles"),
        ("'public.note'", "'public.nothing'", "hook default.note: function public.nothing does not exist"),
        // What it means would depend on who calls it.
        ("'public.note'", "'note'", "hook default.note: function note does not exist"),
    ] {
        assert!(file.contains(right), "no {right} in:\n{file}");
        let output = db.psql(&file.replace(right, wrong));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(refused), "{wrong}: {said}");
        assert_eq!(rows(&db, false), before, "{wrong}");
    }
}

#[test]
fn a_file_whose_rows_do_not_belong_together_is_refused() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, false), export(&db));
    let (head, tail) = file.split_once("INSERT INTO ferry.source").unwrap();
    let renamed = format!("{head}INSERT INTO ferry.source{}", tail.replacen("'shop'", "'store'", 1));
    db.sql("DELETE FROM ferry.source");
    let emptied = rows(&db, false);
    let output = db.psql(&renamed);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("what it refers to is not in ferry.source: shop"),
        "{said}"
    );
    assert_eq!(rows(&db, false), emptied);
    run(&db, &file);
    assert_eq!(rows(&db, false), before);
}

#[test]
fn an_administrator_runs_it_who_may_not_write_all_targets() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let (before, file) = (rows(&db, false), export(&db));
    let (admin, owner, other) = (db.role("admin"), db.owner(), db.role("other"));
    db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    db.sql(&format!(
        "GRANT {owner} TO {admin};
         CREATE TABLE theirs (id bigint PRIMARY KEY, login text UNIQUE, password_hash text);
         ALTER TABLE theirs OWNER TO {other};
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column)
         VALUES ('theirs', 'theirs', 'id', '{{login}}', 'password_hash');
         DROP TABLE theirs;
         UPDATE ferry.rule SET severity = 'warn'; UPDATE ferry.target SET must_change = NULL WHERE name = 'default'"
    ));
    db.client_as(&admin).batch_execute(&file).unwrap();
    db.sql("DELETE FROM ferry.target WHERE name = 'theirs'");
    assert_eq!(rows(&db, false), before);
}

#[test]
fn it_is_all_or_nothing() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let file = export(&db);
    wipe(&db);
    db.sql("ALTER TABLE legacy.customers DROP last");
    let before = rows(&db, false);
    let output = db.psql(&file);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("mapping shop.name: column l.last does not exist"),
        "{said}"
    );
    assert_eq!(rows(&db, false), before);
}

#[test]
fn defaults_and_shipped_presets_are_not_in_it() {
    need_extension!("pg_ferry");
    let db = bare_shop();
    assert!(!export(&db).contains("INSERT"), "{}", export(&db));
    configure(&db);
    let file = export(&db);
    assert!(
        file.contains("INSERT INTO ferry.source (name, relation, key_column, login_columns, hash) VALUES\n"),
        "{file}"
    );
    assert!(!file.contains("ferry.preset") && !file.contains("ferry.rule"), "{file}");
}

#[test]
fn settings_are_told_as_comments() {
    need_extension!("pg_ferry");
    let db = shop();
    let name = db.name();
    db.sql(&format!("ALTER DATABASE {name} SET ferry.pepper_file = E'/etc/pep\nDROP TABLE users; --'"));
    let file = export(&db);
    assert!(file.contains("\n-- ferry.failure_floor = '0'\n"), "{file}");
    assert!(file.contains("\n-- ferry.pepper_file = '/etc/pep DROP TABLE users; --'\n"), "{file}");
    assert!(!file.contains("ferry.max_argon2_memory"), "{file}");
}

#[test]
fn it_is_the_same_whatever_the_session_has_set() {
    need_extension!("pg_ferry");
    let db = rich_shop();
    let mut client = db.client();
    let mut ask = |settings: &str| -> Vec<String> {
        client.batch_execute(settings).unwrap();
        client.query("SELECT ferry.export_config()", &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    let plain = ask("");
    assert_eq!(
        ask("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601'; SET search_path = legacy, public;
             SET standard_conforming_strings = off; SET quote_all_identifiers = on"),
        plain
    );
}

#[test]
fn administrators_export_and_applications_do_not() {
    need_extension!("pg_ferry");
    let db = shop();
    let admin = db.role("admin");
    db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let rows = db.client_as(&admin).query("SELECT ferry.export_config()", &[]).unwrap();
    assert!(rows.len() > 5);
    assert_eq!(refusal(&mut app(&db), "SELECT ferry.export_config()").state, "42501");
}

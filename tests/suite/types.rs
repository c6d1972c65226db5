//! Logins, keys and columns have the types that they have: compared by their own rules, found by their own indexes.

use crate::config_changes::flush_statistics;
use crate::setup::{Answer, Site, login};
use crate::setup_config::{POLICY, app, last_reason, outcome, right, shop};
use ferry_tests::{Db, need_extension, need_icu};
use postgres::Client;

/// A migration whose login column has a type of its own, on both sides, with one legacy user.
fn typed(login_type: &str, login: &str, form: &str) -> Db<'static> {
    let db = Db::new();
    fill_typed(&db, login_type, login, form);
    db
}

fn fill_typed(db: &Db<'_>, login_type: &str, login: &str, form: &str) {
    let owner = db.owner();
    db.sql(&format!(
        "ALTER DATABASE {name} SET ferry.failure_floor = 0;
         SET ROLE {owner};
         CREATE TABLE people (id bigint PRIMARY KEY, login {login_type}, pwd text);
         CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login {login_type} UNIQUE, password_hash text);
         INSERT INTO people VALUES (1, '{login}', NULL);
         RESET ROLE;
         UPDATE people SET pwd = ferry.hash_password('Pass-1', '{POLICY}');
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, login_form)
         VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', '{POLICY}', '{form}');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
         VALUES ('old', 'people', 'id', '{{login}}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('old', 'login', 'l.login')",
        name = db.name()
    ));
}

/// The logins are the user's: the first moves, the others let in. The strangers are nobody's.
#[track_caller]
fn check_logins(db: &Db<'_>, right: &[&str], wrong: &[&str]) {
    let mut client = app(db);
    for stranger in wrong {
        assert_eq!(outcome(&mut client, stranger, "Pass-1"), "invalid", "{stranger}, before the move");
        assert_eq!(last_reason(db), "unknown_login", "{stranger}");
    }
    let mut expected = "migrated";
    for login in right {
        assert_eq!(outcome(&mut client, login, "Pass-1"), expected, "{login}: {}", last_reason(db));
        expected = "ok";
    }
    for stranger in wrong {
        assert_eq!(outcome(&mut client, stranger, "Pass-1"), "invalid", "{stranger}, after the move");
    }
    assert_eq!(db.count("users"), 1);
}

#[test]
fn citext_logins_ignore_case() {
    need_extension!("citext");
    let db = Db::new();
    db.sql("CREATE EXTENSION citext");
    fill_typed(&db, "citext", "Alice@Example.com", "exact");
    check_logins(
        &db,
        &["alice@example.COM", "ALICE@EXAMPLE.COM", "Alice@Example.com"],
        &["alice@example.co", "bob"],
    );
}

#[test]
fn a_setting_of_the_session_makes_no_other_type() {
    need_extension!("citext");
    for setting in ["quote_all_identifiers = on", "search_path = pg_catalog", "transform_null_equals = on"] {
        let db = Db::new();
        db.sql("CREATE EXTENSION citext");
        fill_typed(&db, "citext", "Alice@Example.com", "exact");
        let mut client = app(&db);
        client.batch_execute(&format!("SET {setting}")).unwrap();
        assert_eq!(
            outcome(&mut client, "ALICE@example.com", "Pass-1"),
            "migrated",
            "{setting}: {}",
            last_reason(&db)
        );
        assert_eq!(outcome(&mut client, "alice@example.com", "Pass-1"), "ok", "{setting}");
    }
}

#[test]
fn a_type_that_is_only_called_like_citext_is_not_it() {
    let db = Db::new();
    db.sql("CREATE DOMAIN mycitext AS varchar(40)");
    fill_typed(&db, "mycitext", "Alice", "exact");
    check_logins(&db, &["Alice"], &["ALICE", "alice"]);
}

#[test]
fn citext_in_a_schema_of_its_own_ignores_case_too() {
    need_extension!("citext");
    let db = Db::new();
    db.sql("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC");
    fill_typed(&db, "extensions.citext", "Alice", "lower");
    check_logins(&db, &["ALICE", "alice"], &["bob"]);
    db.sql("CREATE DOMAIN mail AS extensions.citext CHECK (VALUE ~ '@')");
}

#[test]
fn number_logins_are_numbers() {
    let db = typed("bigint", "4711", "lower");
    check_logins(
        &db,
        &["4711", " 4711 ", "+4711", "04711"],
        &[
            "4712",
            "alice",
            "4711x",
            "99999999999999999999999",
            "4711.0",
            "1e3",
            "NaN",
            "0x1267; DROP TABLE users",
        ],
    );
}

#[test]
fn uuid_logins_are_uuids() {
    let db = typed("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "exact");
    check_logins(
        &db,
        &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"],
        &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12", "a0eebc99", "alice@example.com"],
    );
}

#[test]
fn varchar_and_char_logins_are_not_cut() {
    check_logins(&typed("varchar(8)", "alice", "lower"), &["alice", "ALICE"], &["alicealice", "alice   x"]);
    let exact = "eightchr";
    check_logins(&typed("varchar(8)", exact, "lower"), &[exact], &["eightchrs and more", "eightchr "]);
    check_logins(&typed("char(8)", "alice", "lower"), &["alice", "ALICE"], &["alicealice", "alic"]);
    check_logins(&typed("char(8)", exact, "lower"), &[exact], &["eightchrx", "eightch"]);
}

#[test]
fn logins_of_type_name_are_not_cut_either() {
    let long = "n".repeat(63);
    let db = typed("name", &long, "lower");
    check_logins(&db, &[&long], &["alice", &"n".repeat(62), &"n".repeat(64), &format!("{long}@example.com")]);
}

#[test]
fn logins_of_a_domain_need_not_satisfy_it() {
    let db = Db::new();
    db.sql("CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%')");
    fill_typed(&db, "mail", "alice@example.com", "lower");
    check_logins(&db, &["Alice@example.com"], &["alice", "no at sign"]);
    let db = Db::new();
    db.sql("CREATE DOMAIN member AS integer CHECK (VALUE > 100)");
    fill_typed(&db, "member", "101", "lower");
    check_logins(&db, &["101"], &["7", "alice", "-101"]);
}

#[test]
fn a_collation_that_ignores_case_is_the_targets_own_rule() {
    need_icu!();
    let db = Db::new();
    db.sql("CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    fill_typed(&db, "text COLLATE no_case", "Alice", "exact");
    check_logins(&db, &["Alice"], &["Alicia", "bob"]);
    // Once moved, the users table's own collation decides.
    assert_eq!(outcome(&mut app(&db), "ALICE", "Pass-1"), "ok");
}

#[test]
fn a_login_that_cannot_be_cast_is_nobody_in_every_column() {
    let db = shop();
    db.sql(
        "ALTER TABLE users ADD code uuid UNIQUE, ADD since date; ALTER TABLE legacy.customers ADD code uuid, ADD since date;
         UPDATE ferry.target SET login_columns = '{code,since,id,login}';
         UPDATE ferry.source SET login_columns = '{code,since,id,login}'",
    );
    let mut client = app(&db);
    for stranger in ["no such user", "2024-02-31", "999999999999999999999999", "epoch", "{", "\u{7f}", "'"] {
        assert_eq!(outcome(&mut client, stranger, "x"), "invalid", "{stranger}");
        assert_eq!(last_reason(&db), "unknown_login", "{stranger}");
    }
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
}

/// A migration with an id and a key of a type.
fn keyed(id_type: &str, id_expression: &str, key_type: &str, key: &str) -> Db<'static> {
    let db = Db::new();
    let owner = db.owner();
    db.sql(&format!(
        "ALTER DATABASE {name} SET ferry.failure_floor = 0;
         SET ROLE {owner};
         CREATE TABLE people (id {key_type} PRIMARY KEY, login text, pwd text);
         CREATE TABLE users (id {id_type} PRIMARY KEY, login text UNIQUE, password_hash text);
         INSERT INTO people VALUES ({key}, 'alice', NULL);
         RESET ROLE;
         UPDATE people SET pwd = ferry.hash_password('Pass-1', '{POLICY}');
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', '{POLICY}');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
         VALUES ('old', 'people', 'id', '{{login}}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('old', 'login', 'l.login'), ('old', 'id', $${id_expression}$$)",
        name = db.name()
    ));
    db
}

/// After a rename in the legacy system the key says who it is.
fn renamed_user_is_found(db: &Db<'_>, before: &mut Client, after: &mut Client) {
    assert_eq!(outcome(before, "alice", "Pass-1"), "migrated", "{}", last_reason(db));
    db.sql("UPDATE people SET login = 'alicia'");
    let seen = outcome(after, "alicia", "Pass-1");
    let (key, users): (String, i64) =
        (db.one("SELECT string_agg(legacy_key, ' and ') FROM ferry.link", &[]), db.count("users"));
    assert_eq!((seen.as_str(), users), ("ok", 1), "the key in the link is {key}: {}", last_reason(db));
}

#[test]
fn ids_and_keys_of_many_types_tie_a_user_to_a_link() {
    for (id_type, id, key_type, key) in [
        ("bigint", "9223372036854775807", "bigint", "-9223372036854775808"),
        ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
        ("text", "'it''s \"odd\" \\ ü'", "text", "' spaces and ü '"),
        ("varchar(20)", "l.login", "char(10)", "'k'"),
        ("numeric", "1.50", "numeric", "1.50"),
        ("timestamptz", "'2024-06-01 12:00+00'", "timestamptz", "'2024-06-01 12:00+00'"),
        ("bytea", "'\\x00ff'", "bytea", "'\\x00ff'"),
        ("inet", "'::1'", "inet", "'10.0.0.1/8'"),
        ("smallint", "7", "integer", "7"),
    ] {
        let db = keyed(id_type, id, key_type, key);
        let (mut before, mut after) = (app(&db), app(&db));
        renamed_user_is_found(&db, &mut before, &mut after);
    }
}

#[test]
fn a_key_has_the_same_text_whatever_the_session_sets() {
    let mut moved_twice = Vec::new();
    for (key_type, key, setting) in [
        ("bytea", "'\\x00ff'", "bytea_output = escape"),
        ("timestamptz", "'2024-06-01 12:00+00'", "timezone = 'Asia/Tokyo'"),
        ("date", "'2024-02-01'", "datestyle = 'German'"),
        ("interval", "'1 day 02:03'", "intervalstyle = 'iso_8601'"),
        ("float8", "0.1::float8 + 0.2", "extra_float_digits = 0"),
        ("money", "'12.50'", "lc_monetary = 'C'"),
    ] {
        let db = keyed("bigint", "(SELECT count(*) + 1 FROM users)", key_type, key);
        let (mut before, mut after) = (app(&db), app(&db));
        assert_eq!(outcome(&mut before, "alice", "Pass-1"), "migrated", "{key_type}: {}", last_reason(&db));
        db.sql("UPDATE people SET login = 'alicia'");
        after.batch_execute(&format!("SET {setting}")).unwrap();
        let seen = outcome(&mut after, "alicia", "Pass-1");
        if (seen.as_str(), db.count("users")) != ("ok", 1) {
            moved_twice.push(format!("{key_type} under {setting}: {seen}"));
        }
    }
    assert!(moved_twice.is_empty(), "{}", moved_twice.join("\n"));
}

/// How often an index has been used.
pub(crate) fn uses(db: &Db<'_>, index: &str) -> i64 {
    db.one("SELECT idx_scan FROM pg_stat_all_indexes WHERE indexrelid = $1::text::regclass", &[&index])
}

#[test]
fn logins_are_found_by_the_index_of_their_column() {
    need_extension!("citext");
    for (login_type, form, first, probe, index, entry) in [
        ("text", "lower", "user7", "USER7", "users_login_key", "login"),
        ("varchar(40)", "lower", "user7", "user7", "users_login_key", "login"),
        ("citext", "exact", "user7", "USER7", "users_login_key", "login"),
        ("text", "lower", "User7", "user7", "users_lower_idx", "lower(u.login)"),
    ] {
        let db = Db::new();
        db.sql("CREATE EXTENSION citext");
        fill_typed(&db, login_type, first, form);
        db.sql(&format!(
            "CREATE INDEX ON users (lower(login)); UPDATE ferry.target SET login_columns = '{{{entry}}}';
             INSERT INTO users (login) SELECT 'other' || n FROM generate_series(1, 5000) n; ANALYZE users"
        ));
        let mut client = app(&db);
        let lookup = if entry == "login" { probe } else { "user7" };
        assert_eq!(outcome(&mut client, first, "Pass-1"), "migrated", "{login_type} {}", last_reason(&db));
        flush_statistics(&db, &mut client);
        let (before, full): (i64, i64) = (
            uses(&db, index),
            db.one("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'users'", &[]),
        );
        for _ in 0..8 {
            assert_eq!(outcome(&mut client, lookup, "Pass-1"), "ok", "{login_type}");
        }
        flush_statistics(&db, &mut client);
        assert!(
            uses(&db, index) >= before + 8,
            "{login_type}, {entry}: {index} was used {before} times, then {}",
            uses(&db, index)
        );
        assert_eq!(
            db.one::<i64>("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'users'", &[]),
            full,
            "{login_type}, {entry}"
        );
    }
}

#[test]
fn a_key_of_several_columns_is_an_expression() {
    let site = Site::new();
    site.as_owner(
        "CREATE TABLE members (
             tenant text NOT NULL DEFAULT 'shop', number bigint GENERATED ALWAYS AS IDENTITY,
             email text NOT NULL, name text, password_hash text, PRIMARY KEY (tenant, number));
         CREATE UNIQUE INDEX ON members ((tenant || '/' || number))",
    );
    site.configure(
        "target",
        "relation = 'public.members', id_column = $$tenant || '/' || number$$, adopt = 'locked'",
    );
    site.add_local_source("shop", "customers");
    // The names alone are those of the users table.
    site.as_owner("ALTER TABLE legacy.customers ADD tenant text DEFAULT 'legacy', ADD number int");
    site.configure("source", "key_column = $$l.id || ':' || l.email$$");
    for email in ["ann@example.com", "ben@example.com"] {
        site.add_customer("customers", email, "the secret");
    }
    site.db.sql("INSERT INTO members (email) VALUES ('ben@example.com')");
    let mut app = site.app();
    for (email, id) in [("ann@example.com", "shop/2"), ("ben@example.com", "shop/1")] {
        assert_eq!(login(&mut app, email, "the secret"), Answer::welcomed("migrated", id));
        assert_eq!(login(&mut app, email, "the secret"), Answer::welcomed("ok", id));
    }
    assert_eq!(site.links()[0].legacy_key, "1:ann@example.com");
    site.add_customer("customers", "cem@example.com", "the secret");
    site.as_owner("UPDATE legacy.customers SET first = 'Bea'");
    site.configure("mapping", "refresh = true WHERE target_column = 'name'");
    assert_eq!(login(&mut app, "ann@example.com", "the secret").outcome, "ok");
    site.db.sql("CALL ferry.import('shop', operation => 'upsert')");
    let names = "SELECT string_agg(number || ' ' || name, ', ' ORDER BY number) FROM members";
    assert_eq!(site.db.one::<String>(names, &[]), "1 Bea Other, 2 Bea Other, 3 Bea Other");
    site.db.sql("DELETE FROM members WHERE number = 3; DELETE FROM ferry.link WHERE user_id = 'shop/3'");
    let outcome: String = site.db.one("SELECT outcome FROM ferry.unmigrate_login('ann@example.com')", &[]);
    assert_eq!((outcome.as_str(), site.db.count("members")), ("ok", 1));
}

#[test]
fn a_column_that_cannot_be_null_and_that_nothing_reads_is_in_nobodys_way() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.as_owner(
        "CREATE DOMAIN nn AS text NOT NULL; CREATE DOMAIN nnn AS nn;
         CREATE DOMAIN checked AS text CHECK (VALUE IS NOT NULL); CREATE DOMAIN nullable AS text CHECK (VALUE <> 'x');
         ALTER TABLE legacy.customers ADD a nn DEFAULT 'x', ADD b nnn DEFAULT 'y', ADD c checked DEFAULT 'z', ADD d nullable;
         ALTER TABLE users ADD nr bigint",
    );
    site.map("shop", "nr", "l.id");
    // Whom the key alone finds is known from a row that has nothing else.
    site.configure("target", "lookup = '{nr}', adopt = 'locked'");
    site.db.sql("INSERT INTO users (email, nr) VALUES ('renamed@example.com', 2)");
    let emails = ["ann@example.com", "ben@example.com", "cem@example.com"];
    for email in emails {
        site.add_customer("customers", email, "the secret");
    }
    let mut app = site.app();
    assert_eq!(login(&mut app, emails[0], "the secret").outcome, "migrated");
    assert_eq!(login(&mut app, emails[1], "the secret"), Answer::welcomed("migrated", "1"));
    site.db.sql("CALL ferry.import('shop', staged => true)");
    assert_eq!((site.db.count("users"), site.db.count("ferry.link")), (3, 3));
    let unread = "SELECT count(*) FROM ferry.assess('shop') WHERE item ~ '^[abcd] of .* is read by nothing$'";
    assert_eq!(site.db.one::<i64>(unread, &[]), 4);
}

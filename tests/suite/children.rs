//! Child rows: roles, second factors, consents and addresses that come with a user, or not at all.

use crate::setup::{Answer, Site, login};
use crate::setup_config::Refusal;
use ferry_tests::{Cluster, Db, Options, Shutdown, need_extension, sqlstate, target};
use serde_json::{Value, json};

/// A child: name, table, rows, columns (null: as the query names them), on_conflict.
struct Child {
    name: &'static str,
    table: &'static str,
    rows: &'static str,
    columns: Option<&'static str>,
    on_conflict: &'static str,
}

impl Child {
    fn new(name: &'static str, table: &'static str, rows: &'static str) -> Self {
        Self { name, table, rows, columns: None, on_conflict: "add" }
    }

    fn try_add(&self, site: &Site) -> Result<(), Refusal> {
        let sql = "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns, on_conflict)
                   VALUES ('shop', $1, $2, 'user_id', $3, $4::text::text[], $5)";
        let mut client = site.db.client();
        match client.execute(sql, &[&self.name, &self.table, &self.rows, &self.columns, &self.on_conflict]) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::of(&error)),
        }
    }

    #[track_caller]
    fn add(&self, site: &Site) {
        self.try_add(site).unwrap_or_else(|refusal| panic!("child {}: {refusal:?}", self.name));
    }
}

/// The roles of a legacy user who has their names in an array.
const BY_NAME: &str = "SELECT r.id AS role_id FROM roles r WHERE r.name = ANY (l.roles) ORDER BY r.id";

/// A shop whose customers have roles, and the tables here that take them.
fn shop() -> Site {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE legacy.customers ADD roles text[] NOT NULL DEFAULT '{reader,editor}', ADD totp text;
         CREATE TABLE roles (id int PRIMARY KEY, name text UNIQUE);
         INSERT INTO roles VALUES (1, 'reader'), (2, 'editor'), (3, 'admin');
         CREATE TABLE user_roles (user_id bigint REFERENCES users, role_id int REFERENCES roles, since date DEFAULT '2020-02-02',
                                  PRIMARY KEY (user_id, role_id))",
    );
    site
}

fn shop_with_roles(on_conflict: &'static str) -> Site {
    let site = shop();
    Child { on_conflict, ..Child::new("roles", "user_roles", BY_NAME) }.add(&site);
    site
}

/// Ann is in the users table already, as user 42 without a password, with those roles.
fn known_here(site: &Site, roles: &[i32]) {
    site.configure("target", "adopt = 'locked'");
    site.as_owner("INSERT INTO users (id, email) VALUES (42, 'ann@example.com')");
    for role in roles {
        site.as_owner(&format!("INSERT INTO user_roles VALUES (42, {role}, '2001-01-01')"));
    }
}

#[track_caller]
fn ann(site: &Site) -> Answer {
    login(&mut site.app(), "ann@example.com", "ann's secret")
}

#[track_caller]
fn assert_moved(site: &Site) {
    let answer = ann(site);
    assert_eq!(answer.outcome, "migrated", "{} {}", site.why(), site.last_event().detail);
}

/// The roles of all users, as `role since`.
fn roles(site: &Site) -> Vec<String> {
    let sql = "SELECT role_id || ' ' || since FROM user_roles ORDER BY role_id";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

const BOTH_NEW: [&str; 2] = ["1 2020-02-02", "2 2020-02-02"];

#[test]
fn roles_come_with_the_user() {
    let site = shop_with_roles("add");
    assert_moved(&site);
    assert_eq!(roles(&site), BOTH_NEW);
    assert_eq!(site.db.count("user_roles JOIN users u ON u.id = user_id"), 2);
    assert_eq!(site.last_event().detail, json!({"children": {"roles": 2}}));
    // Later logins leave them alone.
    site.as_owner("DELETE FROM user_roles WHERE role_id = 1");
    assert_eq!(ann(&site).outcome, "ok");
    assert_eq!(roles(&site), ["2 2020-02-02"]);
}

#[test]
fn a_wrong_password_writes_none() {
    let site = shop_with_roles("replace");
    known_here(&site, &[3]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(roles(&site), ["3 2001-01-01"]);
}

#[test]
fn an_expression_and_named_columns_do_too() {
    let site = shop();
    site.as_owner(
        "CREATE TABLE consents (user_id bigint REFERENCES users, kind text, given boolean);
         CREATE TABLE admins (user_id bigint PRIMARY KEY REFERENCES users)",
    );
    let consents = "VALUES ('terms', true), ('letter', l.active);";
    Child { columns: Some("{kind,given}"), ..Child::new("consents", "consents", consents) }.add(&site);
    let plain = "unnest(l.roles) -- one each";
    Child { columns: Some("{kind}"), ..Child::new("labels", "consents", plain) }.add(&site);
    // Nothing but the user.
    Child::new("admins", "admins", "SELECT WHERE l.active").add(&site);
    assert_moved(&site);
    let sql = "SELECT string_agg(concat_ws(' ', kind, given), ',' ORDER BY kind) FROM consents";
    assert_eq!(site.db.one::<String>(sql, &[]), "editor,letter t,reader,terms t");
    assert_eq!(site.last_event().detail["children"], json!({"admins": 1, "consents": 2, "labels": 2}));
}

#[test]
fn the_seed_of_a_second_factor_moves_and_is_in_no_event() {
    let site = shop();
    site.as_owner(
        "CREATE TABLE mfa (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id bigint REFERENCES users,
                           kind text NOT NULL, seed bytea NOT NULL UNIQUE);
         UPDATE legacy.customers SET totp = 'JBSWY3DP' WHERE email LIKE 'ann%'",
    );
    let rows = "SELECT 'totp' AS kind, l.totp::bytea AS seed WHERE l.totp IS NOT NULL";
    Child::new("mfa", "mfa", rows).add(&site);
    site.add_customer("customers", "ben@example.com", "ben's secret");
    assert_moved(&site);
    assert_eq!(login(&mut site.app(), "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(site.last_event().detail, json!({"children": {"mfa": 0}}));
    let kept: String =
        site.db.one("SELECT convert_from(seed, 'UTF8') FROM mfa JOIN users u ON u.id = user_id", &[]);
    assert_eq!(kept, "JBSWY3DP");
    // The same seed again breaks the constraint, whose message would quote it.
    site.add_customer("customers", "cem@example.com", "cem's secret");
    site.as_owner("UPDATE legacy.customers SET totp = 'JBSWY3DP' WHERE email LIKE 'cem%'");
    assert_eq!(login(&mut site.app(), "cem@example.com", "cem's secret"), Answer::refused("failed"));
    let event = site.last_event();
    assert_eq!(event.reason.as_deref(), Some("child_failed"));
    assert_eq!(event.detail, json!({"child": "mfa", "sqlstate": "23505", "constraint": "mfa_seed_key"}));
}

#[test]
fn a_social_identity_is_tied_to_users_with_a_uuid() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE, password_hash text);
         CREATE TABLE identities (provider text, subject varchar(40), user_id uuid NOT NULL REFERENCES people, profile json,
                                  PRIMARY KEY (provider, subject));
         ALTER TABLE legacy.customers ADD google text DEFAULT 'g-1'",
    );
    site.db.sql("DELETE FROM ferry.mapping");
    site.configure("target", "relation = 'people'");
    site.map("shop", "email", "l.email");
    let rows =
        "SELECT 'google' AS provider, l.google AS subject, json_build_object('mail', l.email) AS profile
                WHERE l.google IS NOT NULL";
    Child::new("social", "identities", rows).add(&site);
    assert_moved(&site);
    let seen: String = site.db.one(
        "SELECT concat_ws(' ', provider, subject, profile ->> 'mail') FROM identities JOIN people p ON p.id = user_id",
        &[],
    );
    assert_eq!(seen, "google g-1 ann@example.com");
}

#[test]
fn what_comes_as_a_child_is_not_kept_among_the_unmapped() {
    let site = shop();
    site.as_owner(
        "ALTER TABLE users ADD rest jsonb; CREATE TABLE seeds (user_id bigint REFERENCES users, seed text);
         CREATE TABLE kinds (a int, b int, c int, d int, e int, f int, label text);
         INSERT INTO kinds (f, label) VALUES (6, 'totp');
         UPDATE legacy.customers SET totp = 'JBSWY3DP', salt = 'a grain'",
    );
    site.configure_source("shop", "unmapped = 'rest'");
    // The sixth column of another table is not that of the legacy row.
    Child::new("seeds", "seeds", "SELECT l.totp AS seed FROM kinds k WHERE k.f = 6").add(&site);
    assert_moved(&site);
    let rest = site.user("ann@example.com", "rest").unwrap();
    assert!(rest.contains("roles") && rest.contains("a grain"), "{rest}");
    assert!(!rest.contains("JBSWY3DP"), "{rest}");
}

#[test]
fn an_error_in_the_third_undoes_all_and_names_it() {
    let site = shop_with_roles("add");
    site.as_owner(
        "CREATE TABLE addresses (user_id bigint REFERENCES users, city text NOT NULL);
         CREATE TABLE zips (user_id bigint REFERENCES users, zip varchar(5))",
    );
    Child::new("address", "addresses", "SELECT l.first AS city").add(&site);
    let zips = "SELECT repeat('1', CASE WHEN l.first = 'Ann' THEN 6 ELSE 5 END) AS zip";
    Child::new("zips", "zips", zips).add(&site);
    assert_eq!(ann(&site), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/child_failed");
    assert_eq!(site.last_event().detail, json!({"child": "zips", "sqlstate": "22001"}));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    assert_eq!((site.db.count("addresses"), roles(&site).len()), (0, 0));
    // A null where none may be names the column.
    site.as_owner("UPDATE legacy.customers SET first = NULL");
    site.db.sql("DELETE FROM ferry.mapping WHERE target_column = 'name'");
    assert_eq!(ann(&site), Answer::refused("failed"));
    assert_eq!(site.last_event().detail, json!({"child": "address", "sqlstate": "23502", "column": "city"}));
    site.as_owner("UPDATE legacy.customers SET first = 'Bea'");
    assert_moved(&site);
}

#[test]
fn rows_that_cannot_be_computed_are_failed_and_named() {
    let site = shop();
    Child::new("odd", "user_roles", "SELECT 1 / (l.id - l.id) AS role_id").add(&site);
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(ann(&site), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/child_failed");
    assert_eq!(site.last_event().detail, json!({"child": "odd", "sqlstate": "22012"}));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn what_the_users_triggers_have_made_is_not_doubled() {
    let site = shop_with_roles("add");
    site.as_owner(
        "CREATE FUNCTION default_role() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO public.user_roles VALUES (NEW.id, 1, ''2001-01-01''); RETURN NULL; END';
         CREATE TRIGGER default_role AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION default_role()",
    );
    assert_moved(&site);
    assert_eq!(roles(&site), ["1 2001-01-01", "2 2020-02-02"]);
}

#[test]
fn an_adopted_user_gets_what_is_missing_or_keeps_or_is_replaced() {
    for (on_conflict, before, after) in [
        ("add", &[2, 3][..], &["1 2020-02-02", "2 2001-01-01", "3 2001-01-01"][..]),
        ("keep", &[3], &["3 2001-01-01"]),
        ("keep", &[], &BOTH_NEW),
        ("replace", &[2, 3], &["1 2020-02-02", "2 2001-01-01"]),
    ] {
        let site = shop_with_roles(on_conflict);
        known_here(&site, before);
        assert_eq!(ann(&site), Answer::welcomed("migrated", "42"));
        assert_eq!(roles(&site), after, "{on_conflict} {before:?}");
    }
}

#[test]
fn replaced_by_nothing_is_nothing() {
    for (on_conflict, left) in [("add", 1), ("keep", 1), ("replace", 0)] {
        let site = shop_with_roles(on_conflict);
        known_here(&site, &[3]);
        site.as_owner("UPDATE legacy.customers SET roles = '{}'");
        assert_moved(&site);
        assert_eq!(roles(&site).len(), left, "{on_conflict}");
    }
}

#[test]
fn what_is_missing_is_told_by_the_columns_that_are_filled() {
    let site = shop();
    site.db.sql("CREATE EXTENSION citext");
    site.as_owner(
        "CREATE TABLE things (user_id bigint REFERENCES users, name citext, note char(3), doc json, n numeric(5,1), other text DEFAULT 'x');
         INSERT INTO users (id, email) VALUES (42, 'ann@example.com');
         INSERT INTO things VALUES (42, 'ABC', NULL, '{\"a\":1}', 1.2, 'here')",
    );
    site.configure("target", "adopt = 'locked'");
    // The same in the columns' own types, and three that are not.
    let rows =
        "VALUES ('abc'::text, NULL::text, '{\"a\":1}'::json, 1.2::float8), ('abd', NULL, '{\"a\":1}', 1.2),
                       ('abc', 'x', '{\"a\":1}', 1.2), ('abc', NULL, '{\"a\":2}', 1.2)";
    Child { columns: Some("{name,note,doc,n}"), ..Child::new("things", "things", rows) }.add(&site);
    assert_moved(&site);
    assert_eq!(site.db.count("things WHERE other = 'x'"), 3);
    assert_eq!(site.db.count("things WHERE other = 'here'"), 1);
}

#[test]
fn lengths_are_kept_to_the_letter() {
    let site = shop();
    site.as_owner(
        "CREATE TABLE codes (user_id bigint REFERENCES users, one char(1), bits bit(3), free bpchar)",
    );
    let rows = "SELECT 'ab'::bpchar AS one";
    Child::new("codes", "codes", rows).add(&site);
    assert_eq!(ann(&site), Answer::refused("failed"));
    assert_eq!(site.last_event().detail["sqlstate"], "22001");
    site.configure(
        "child",
        "rows = $$SELECT 'a'::char(9) AS one, '101'::varbit::bit(3) AS bits, 'abc'::bpchar AS free$$",
    );
    assert_moved(&site);
    let seen: String = site.db.one("SELECT concat_ws(' ', one, bits, free) FROM codes", &[]);
    assert_eq!(seen, "a 101 abc");
}

#[test]
fn simultaneous_first_logins_write_them_once() {
    let site = shop_with_roles("add");
    site.as_owner(
        "CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint REFERENCES users, place text)",
    );
    Child::new("visits", "visits", "SELECT 'shop' AS place FROM pg_sleep(0.2)").add(&site);
    let logins: Vec<_> = (0..8)
        .map(|_| {
            let mut app = site.app();
            std::thread::spawn(move || login(&mut app, "ann@example.com", "ann's secret").outcome)
        })
        .collect();
    let mut outcomes: Vec<String> = logins.into_iter().map(|login| login.join().unwrap()).collect();
    outcomes.sort();
    assert_eq!(outcomes[0], "migrated");
    assert!(outcomes[1..].iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
    assert_eq!(roles(&site), BOTH_NEW);
    assert_eq!(site.db.count("visits"), 1);
}

#[test]
fn simultaneous_later_logins_add_what_is_missing_once() {
    let site = shop();
    site.as_owner(
        "CREATE TABLE labels (user_id bigint REFERENCES users, label text);
         CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END';
         CREATE TRIGGER slowly BEFORE INSERT ON labels FOR EACH ROW EXECUTE FUNCTION slowly()",
    );
    Child { columns: Some("{label}"), ..Child::new("labels", "labels", "unnest(l.roles)") }.add(&site);
    site.configure("child", "refresh = true");
    assert_moved(&site);
    site.as_owner("UPDATE legacy.customers SET roles = roles || '{admin}'");
    let logins: Vec<_> = (0..6)
        .map(|_| {
            let mut app = site.app();
            std::thread::spawn(move || login(&mut app, "ann@example.com", "ann's secret").outcome)
        })
        .collect();
    for login in logins {
        assert_eq!(login.join().unwrap(), "ok");
    }
    assert_eq!((site.db.count("labels"), site.db.count("labels WHERE label = 'admin'")), (3, 1));
    assert_eq!(site.db.count("ferry.event WHERE reason = 'refreshed'"), 1);
    // Where nothing has changed, nothing is written.
    let before = site.counts();
    assert_eq!(ann(&site).outcome, "ok");
    assert_eq!(site.counts(), before);
}

#[test]
fn a_role_that_was_taken_away_there_goes_at_the_next_login() {
    let site = shop_with_roles("replace");
    site.configure("child", "refresh = true");
    assert_moved(&site);
    site.as_owner(
        "UPDATE legacy.customers SET roles = '{editor}'; UPDATE user_roles SET since = '2001-01-01'",
    );
    assert_eq!(ann(&site).outcome, "ok");
    assert_eq!(roles(&site), ["2 2001-01-01"]);
    assert_eq!(site.why(), "ok/refreshed");
}

#[test]
fn what_a_deferred_constraint_says_comes_at_commit() {
    let site = shop();
    site.as_owner(
        "ALTER TABLE user_roles ALTER CONSTRAINT user_roles_role_id_fkey DEFERRABLE INITIALLY DEFERRED",
    );
    Child::new("roles", "user_roles", "SELECT 99 AS role_id").add(&site);
    let error = site.app().query("SELECT ferry.authenticate('ann@example.com', $1)", &[&"ann's secret"]);
    assert_eq!(sqlstate(&error.unwrap_err()), "23503");
    assert_eq!((site.counts().0, site.counts().1, roles(&site).len()), (0, 0, 0));
}

/// Another server with customers, and their roles in a table of their own.
fn remote_shop<'c>(legacy: Db<'c>) -> (Site, Db<'c>) {
    let site = shop();
    legacy.sql(
        "CREATE TABLE customer_roles (customer_id bigint, role int, PRIMARY KEY (customer_id, role));
         INSERT INTO customer_roles SELECT c, r FROM generate_series(1, 50) c, generate_series(1, 2) r;
         CREATE FUNCTION slowly() RETURNS SETOF customer_roles LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep(60); RETURN QUERY SELECT * FROM customer_roles; END';
         CREATE VIEW slow_roles AS SELECT * FROM slowly()",
    );
    // The schema's name is that of foreign tables.
    site.db.sql("ALTER SCHEMA legacy RENAME TO old");
    site.configure_source("shop", "relation = 'old.customers'");
    site.db.import_foreign_tables(&legacy, &["customer_roles", "slow_roles"]);
    let rows = "SELECT role AS role_id FROM legacy.customer_roles c WHERE c.customer_id = l.id";
    Child::new("roles", "user_roles", rows).add(&site);
    (site, legacy)
}

#[test]
fn they_come_from_a_foreign_table_and_nobody_elses_cross_the_wire() {
    need_extension!("postgres_fdw");
    let (site, legacy) = remote_shop(Db::legacy());
    assert_moved(&site);
    assert_eq!(roles(&site), BOTH_NEW);
    let log = legacy.log();
    let asked: Vec<&str> =
        log.text().lines().filter(|line| line.contains("FROM public.customer_roles")).collect();
    assert!(!asked.is_empty(), "the legacy server was not asked");
    assert!(asked.iter().all(|line| line.contains("customer_id = $1")), "{asked:?}");
}

#[test]
fn a_foreign_table_that_is_down_or_too_slow_is_unavailable_and_nothing_is_written() {
    need_extension!("postgres_fdw");
    let cluster = Cluster::start(Options::legacy());
    let (site, legacy) = remote_shop(Db::empty_on(&cluster));
    let slow = "rows = replace(rows, 'customer_roles', 'slow_roles')";
    site.configure_source("shop", "timeout = '300 ms'");
    site.configure("child", slow);
    assert_eq!(ann(&site), Answer::refused("unavailable"));
    let event = site.last_event();
    assert_eq!(event.reason.as_deref(), Some("source_unavailable"));
    assert_eq!(event.detail, json!({"child": "roles", "sqlstate": "timeout"}));
    site.configure("child", "rows = replace(rows, 'slow_roles', 'customer_roles')");
    // The cluster removes the database.
    std::mem::forget(legacy);
    cluster.stop(Shutdown::Immediate);
    assert_eq!(ann(&site), Answer::refused("unavailable"));
    assert_eq!(site.last_event().detail, json!({"child": "roles", "sqlstate": "08001"}));
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!((site.counts().0, site.counts().1, roles(&site).len()), (0, 0, 0));
    cluster.start_again();
    assert_moved(&site);
    assert_eq!(roles(&site), BOTH_NEW);
}

#[test]
fn a_foreign_table_that_may_not_be_read_is_unavailable() {
    need_extension!("postgres_fdw");
    let (site, legacy) = remote_shop(Db::legacy());
    legacy.sql(&format!("REVOKE SELECT ON customer_roles FROM {}", legacy.role("reader")));
    assert_eq!(ann(&site), Answer::refused("unavailable"));
    assert_eq!(site.last_event().detail, json!({"child": "roles", "sqlstate": "42501"}));
    assert_eq!(site.counts().0, 0);
}

#[test]
fn only_the_legacy_columns_that_the_query_names_are_fetched() {
    need_extension!("postgres_fdw");
    let legacy = Db::legacy();
    let site = Site::new();
    legacy.sql(&crate::setup::customers_table("customers"));
    crate::setup::add_customer(&legacy, "customers", "ann@example.com", &site.hash("ann's secret"));
    legacy.sql("ALTER TABLE customers ADD tag text DEFAULT 'a tag'");
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    site.as_owner("CREATE TABLE tags (user_id bigint REFERENCES users, tag text)");
    Child::new("tags", "tags", "SELECT x.tag FROM (SELECT l.tag) AS x").add(&site);
    assert_moved(&site);
    assert_eq!(site.db.one::<String>("SELECT tag FROM tags", &[]), "a tag");
    let log = legacy.log();
    let asked = log.text().lines().rfind(|line| line.contains("FROM public.customers")).unwrap();
    assert!(asked.contains("tag") && !asked.contains("active"), "{asked}");
}

/// What config is refused, with SQLSTATE, words of the message and of the HINT.
#[test]
fn what_cannot_work_is_refused_as_it_is_written() {
    let site = shop();
    site.as_owner(
        "CREATE TABLE canary (n int); INSERT INTO canary VALUES (42);
         CREATE TABLE texts (user_id uuid, n int GENERATED ALWAYS AS IDENTITY);
         CREATE VIEW sums AS SELECT user_id, count(*) FROM user_roles GROUP BY user_id",
    );
    let select = "SELECT 1 AS role_id";
    for (table, rows, columns, state, message, hint) in [
        ("nowhere", select, None, "42P01", "relation \"nowhere\" does not exist", "Create the table"),
        ("sums", select, None, "22023", "public.sums takes no rows", "Name a table"),
        ("roles", select, None, "42703", "column \"user_id\" of public.roles", "Its columns are id, name"),
        ("texts", select, None, "42804", "column \"user_id\" is of type uuid", "type of the id"),
        ("user_roles", "SELECT 1", None, "42703", "column \"?column?\" of public.user_roles", "AS"),
        (
            "user_roles",
            "SELECT 'a'::text AS role_id",
            None,
            "42804",
            "\"role_id\" is of type integer",
            "cast",
        ),
        ("user_roles", "SELECT 1 AS user_id", None, "22023", "is the user_column", "Leave it out"),
        ("texts", "SELECT 1 AS n", None, "42804", "column \"user_id\"", "type of the id"),
        (
            "user_roles",
            select,
            Some("{role_id,since}"),
            "22023",
            "2 are named, but the query returns 1",
            "one column for each",
        ),
        (
            "user_roles",
            "SELECT 1, 2",
            Some("{role_id,role_id}"),
            "22023",
            "\"role_id\" is filled twice",
            "once",
        ),
        (
            "user_roles",
            "SELECT l.nickname AS role_id",
            None,
            "42703",
            "column l.nickname does not exist",
            "query over l",
        ),
        (
            "user_roles",
            "jsonb_each('{}'::jsonb)",
            Some("{role_id}"),
            "42804",
            "whole record",
            "SELECT the fields",
        ),
        ("user_roles", "SELECT $1 AS role_id", None, "42P02", "there is no parameter $1", "query over l"),
    ] {
        let refusal = Child { columns, ..Child::new("c", table, rows) }.try_add(&site).unwrap_err();
        assert_eq!(refusal.state, state, "{table}, {rows}: {refusal:?}");
        assert!(refusal.message.starts_with("child shop.c"), "{refusal:?}");
        assert!(refusal.message.contains(message), "{table}, {rows}: {refusal:?}");
        assert!(refusal.hint.contains(hint), "{table}, {rows}: {refusal:?}");
    }
    assert_eq!(site.db.one::<i32>("SELECT n FROM canary", &[]), 42);
}

#[test]
fn nothing_can_be_spliced_into_it() {
    let site = shop();
    site.as_owner("CREATE TABLE canary (n int); INSERT INTO canary VALUES (42)");
    for rows in [
        "",
        ";",
        "SELECT 1 AS role_id; SELECT 2 AS role_id",
        "SELECT 1 AS role_id; DROP TABLE canary",
        "SELECT 1) AS c; DROP TABLE canary; --",
        "SELECT 1) AS c, (SELECT 2",
        "1) AS c; DROP TABLE canary; --",
        "SELECT 1 AS role_id /* not closed",
        "SELECT 1 AS role_id INTO stolen",
        "SELECT 1 AS role_id UNION SELECT 2 INTO stolen",
        "SELECT n AS role_id FROM canary FOR UPDATE",
        "(SELECT n AS role_id FROM canary FOR SHARE) UNION ALL SELECT 2",
        "INSERT INTO canary VALUES (1) RETURNING n",
        "WITH gone AS (DELETE FROM canary RETURNING n) SELECT n AS role_id FROM gone",
        "WITH a AS (WITH gone AS (DELETE FROM canary RETURNING n) SELECT n FROM gone) SELECT n AS role_id FROM a",
        "(WITH gone AS (DELETE FROM canary RETURNING n) SELECT n FROM gone)",
        "EXECUTE x",
        "DO 'x'",
        "1, 2",
        "*",
        "l.*",
    ] {
        match (Child { columns: Some("{role_id}"), ..Child::new("c", "user_roles", rows) }).try_add(&site) {
            Ok(()) => panic!("taken: {rows}"),
            Err(refusal) => {
                assert!(["42601", "0A000"].contains(&refusal.state.as_str()), "{rows}: {refusal:?}");
                assert!(!refusal.hint.is_empty(), "no HINT: {rows}: {refusal:?}");
            }
        }
    }
    assert_eq!(site.db.one::<i32>("SELECT n FROM canary", &[]), 42);
    assert!(site.db.try_sql("TABLE stolen").is_err());
    // Restored unchecked, it is not run.
    site.db.sql("SET check_function_bodies = off");
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns)
         VALUES ('shop', 'c', 'user_roles', 'user_id', 'SELECT 1) AS c; DROP TABLE canary; --', '{role_id}');
         RESET check_function_bodies",
    );
    assert_eq!(ann(&site), Answer::refused("unavailable"));
    assert_eq!(site.why(), "unavailable/source_misconfigured");
    assert_eq!(site.db.count("canary"), 1);
}

#[test]
fn missing_rights_are_told_with_their_cure() {
    for (on_conflict, missing) in [("add", "INSERT"), ("replace", "DELETE")] {
        let site = shop();
        let owner = site.db.owner();
        site.db.sql(&format!(
            "ALTER TABLE user_roles OWNER TO CURRENT_USER; GRANT SELECT, INSERT, DELETE ON user_roles TO {owner};
             REVOKE {missing} ON user_roles FROM {owner}"
        ));
        let child = Child { on_conflict, ..Child::new("roles", "user_roles", BY_NAME) };
        let refusal = child.try_add(&site).unwrap_err();
        assert_eq!(refusal.state, "42501", "{refusal:?}");
        site.db.sql(&refusal.hint);
        child.add(&site);
        assert_moved(&site);
        // Taken away later, the move fails and says why.
        site.add_customer("customers", "ben@example.com", "ben's secret");
        site.db.sql(&format!("REVOKE {missing} ON user_roles FROM {owner}"));
        let refused = login(&mut site.app(), "ben@example.com", "ben's secret");
        assert!(["failed", "unavailable"].contains(&refused.outcome.as_str()), "{refused:?}");
        assert_eq!(site.counts().0, 1);
    }
}

#[test]
fn a_child_that_broke_later_is_found_by_check_config_and_by_itself() {
    let site = shop_with_roles("add");
    site.as_owner("ALTER TABLE user_roles RENAME role_id TO role");
    let found =
        site.db.rows("SELECT object, problem, hint FROM ferry.check_config() WHERE severity = 'error'", &[]);
    let found: Vec<[String; 3]> = found.iter().map(|row| [0, 1, 2].map(|column| row.get(column))).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0][0], "child shop.roles");
    assert_eq!(found[0][1], "column \"role_id\" of public.user_roles does not exist");
    // The next login goes by what is there now.
    assert_eq!(ann(&site), Answer::refused("unavailable"));
    site.configure("child", "columns = '{role}'");
    assert_moved(&site);
}

#[test]
fn who_may_not_act_as_run_as_writes_no_child() {
    let site = shop();
    let role = site.db.role("outsider");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&role]);
    let insert = "INSERT INTO ferry.child (source, name, relation, user_column, rows)
                  VALUES ('shop', 'roles', 'public.user_roles', 'user_id', 'SELECT 1 AS role_id')";
    let refused = Refusal::of(&site.db.client_as(&role).execute(insert, &[]).unwrap_err());
    assert_eq!(refused.state, "42501", "{refused:?}");
    assert_eq!(site.db.count("ferry.child"), 0);
}

#[test]
fn a_view_with_a_trigger_takes_them() {
    let site = shop();
    site.as_owner(
        "CREATE VIEW named_roles AS SELECT user_id, name FROM user_roles JOIN roles ON roles.id = role_id;
         CREATE FUNCTION give() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             INSERT INTO public.user_roles SELECT NEW.user_id, id FROM public.roles WHERE name = NEW.name;
             RETURN NEW;
         END $$;
         CREATE TRIGGER give INSTEAD OF INSERT ON named_roles FOR EACH ROW EXECUTE FUNCTION give()",
    );
    Child { columns: Some("{name}"), ..Child::new("roles", "named_roles", "unnest(l.roles)") }.add(&site);
    assert_moved(&site);
    assert_eq!(roles(&site), BOTH_NEW);
}

#[test]
fn a_row_that_others_refer_to_is_not_replaced_by_its_like() {
    let site = shop_with_roles("replace");
    site.as_owner(
        "CREATE TABLE grants (user_id bigint, role_id int, FOREIGN KEY (user_id, role_id) REFERENCES user_roles)",
    );
    known_here(&site, &[2]);
    site.as_owner("INSERT INTO grants VALUES (42, 2)");
    assert_moved(&site);
    assert_eq!(roles(&site), ["1 2020-02-02", "2 2001-01-01"]);
}

#[test]
fn a_table_without_an_index_for_its_users_is_warned_of() {
    let site = shop_with_roles("add");
    let warnings = "SELECT hint FROM ferry.check_config() WHERE object = 'child shop.roles'";
    assert!(site.db.rows(warnings, &[]).is_empty());
    site.as_owner("ALTER TABLE user_roles DROP CONSTRAINT user_roles_pkey");
    let cure: String = site.db.one(warnings, &[]);
    site.as_owner(cure.trim_end_matches(';'));
    assert!(site.db.rows(warnings, &[]).is_empty());
}

#[test]
fn a_change_takes_effect_at_the_next_login_of_a_connected_session() {
    let site = shop_with_roles("add");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    site.configure("child", "rows = 'SELECT 3 AS role_id'");
    site.as_owner(
        "ALTER TABLE user_roles ADD extra int, DROP COLUMN since, ADD since date DEFAULT '2030-03-03'",
    );
    site.add_customer("customers", "ben@example.com", "ben's secret");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(roles(&site).last().unwrap(), "3 2030-03-03");
}

#[test]
fn explain_login_shows_them_and_writes_none() {
    let site = shop_with_roles("add");
    known_here(&site, &[2]);
    let hashes = "SELECT l.pwd AS hash, 1 AS n UNION ALL SELECT NULL, 2";
    site.as_owner("CREATE TABLE copies (user_id bigint REFERENCES users, hash text, n int)");
    Child::new("copies", "copies", hashes).add(&site);
    let steps = || -> Vec<(String, String, Option<Value>)> {
        let rows =
            site.db.rows("SELECT action, result, detail FROM ferry.explain_login('ann@example.com')", &[]);
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    };
    let shown = steps();
    let children: Vec<_> = shown.iter().filter(|step| step.0 == "child").collect();
    assert_eq!(children.len(), 2, "{shown:?}");
    assert!(children[0].1.starts_with("copies: "), "{shown:?}");
    // Which of its columns the hash goes into cannot be told.
    let masked = "(may hold the legacy hash or salt)";
    assert_eq!(children[0].2, Some(json!([{"hash": masked, "n": masked}, {"hash": null, "n": masked}])));
    // Of those the user has one.
    assert!(children[1].1.contains("public.user_roles"), "{shown:?}");
    assert_eq!(children[1].2, Some(json!([{"role_id": "1"}])));
    assert_eq!(shown.last().unwrap().1, "migrated");
    site.configure("child", "on_conflict = 'replace', rows = 'SELECT 3 AS role_id' WHERE name = 'roles'");
    let shown = steps();
    let replaced = shown.iter().rfind(|step| step.0 == "child").unwrap();
    assert!(replaced.1.ends_with("public.user_roles, and 1 that are there deleted"), "{shown:?}");
    assert_eq!(replaced.2, Some(json!([{"role_id": "3"}])));
    assert_eq!(roles(&site), ["2 2001-01-01"]);
    assert_eq!(site.counts(), (1, 0, 0));
    site.as_owner("ALTER TABLE copies ALTER hash TYPE varchar(3)");
    let shown = steps();
    assert_eq!(shown.last().unwrap().1, "failed", "{shown:?}");
    assert!(!format!("{shown:?}").contains("$argon2"), "{shown:?}");
}

#[test]
fn a_move_that_is_taken_back_takes_them_along() {
    let site = shop_with_roles("add");
    assert_moved(&site);
    let unmigrate = "SELECT detail FROM ferry.unmigrate_login('ann@example.com')";
    let detail: Value = site.db.one(unmigrate, &[]);
    assert_eq!(detail["children"], json!({"roles": 2}));
    assert_eq!((site.counts().0, site.counts().1, roles(&site).len()), (0, 0, 0));
    assert_moved(&site);
    assert_eq!(roles(&site), BOTH_NEW);
}

#[test]
fn an_adopted_user_keeps_them_and_that_is_said() {
    let site = shop_with_roles("add");
    known_here(&site, &[3]);
    assert_moved(&site);
    let detail: Value = site.db.one("SELECT detail FROM ferry.unmigrate_login('ann@example.com')", &[]);
    assert_eq!(detail["not_restored"], json!(["child roles"]));
    assert_eq!(roles(&site).len(), 3);
}

#[test]
fn moves_without_a_password_bring_them_too() {
    let site = shop_with_roles("add");
    let outcome: String = site
        .web()
        .query_one("SELECT outcome FROM ferry.prepare_reset('ann@example.com')", &[])
        .unwrap()
        .get(0);
    assert_eq!(outcome, "migrated");
    assert_eq!(roles(&site), BOTH_NEW);
}

#[test]
fn a_restored_database_goes_on_with_them() {
    let site = shop_with_roles("add");
    let relation: String = site.db.one("SELECT relation FROM ferry.child", &[]);
    assert_eq!(relation, "public.user_roles");
    let app = site.db.app();
    let copy = Site { db: Db::empty_on(target()) };
    let restored = copy.db.psql(&site.db.dump(&[]));
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert!(copy.db.rows("SELECT * FROM ferry.check_config() WHERE severity = 'error'", &[]).is_empty());
    let mut app = copy.db.client_as(&app);
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated", "{}", copy.why());
    assert_eq!(roles(&copy), BOTH_NEW);
}

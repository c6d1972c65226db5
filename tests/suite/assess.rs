//! `assess`: what is in a source, and nothing written.

use crate::setup::{Site, login};
use ferry_tests::{Db, need_extension, skip, sqlstate, target};
use postgres::Row;
use serde_json::Value;

/// One line of an assessment.
#[derive(Debug)]
struct Line {
    topic: String,
    item: String,
    rows: Option<i64>,
    sample: Option<String>,
    detail: Option<Value>,
    hint: Option<String>,
}

fn line(row: &Row) -> Line {
    Line {
        topic: row.get("topic"),
        item: row.get("item"),
        rows: row.get("rows"),
        sample: row.get("sample"),
        detail: row.get("detail"),
        hint: row.get("hint"),
    }
}

fn assess(site: &Site, source: &str) -> Vec<Line> {
    site.db.rows("SELECT * FROM ferry.assess($1)", &[&source]).iter().map(line).collect()
}

/// The line of a topic and an item; the test fails where there is none.
#[track_caller]
fn found<'a>(lines: &'a [Line], topic: &str, item: &str) -> &'a Line {
    let found = lines.iter().find(|line| line.topic == topic && line.item == item);
    found.unwrap_or_else(|| panic!("no line {topic}/{item} in {lines:#?}"))
}

/// How many rows a line is about, and the sample's key.
#[track_caller]
fn about(lines: &[Line], topic: &str, item: &str) -> (i64, String) {
    let line = found(lines, topic, item);
    (line.rows.unwrap_or(-1), line.sample.clone().unwrap_or_default())
}

#[test]
fn rows_are_counted_by_what_became_of_them() {
    let site = Site::shop();
    site.add_customer("customers", "ben@example.com", "ben's secret");
    site.add_customer("customers", "eve@example.com", "eve's secret");
    login(&mut site.app(), "ann@example.com", "ann's secret");
    site.db.rows("SELECT * FROM ferry.forget_login('eve@example.com')", &[]);
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "row", "read").0, 3);
    assert_eq!(about(&lines, "row", "still to be moved"), (1, "2".to_string()));
    assert_eq!(about(&lines, "row", "moved already"), (1, "1".to_string()));
    assert_eq!(about(&lines, "row", "forgotten"), (1, "3".to_string()));
}

#[test]
fn hashes_are_counted_by_format_and_cost_and_none_is_shown() {
    let site = Site::shop();
    for policy in ["bcrypt:cost=4", "bcrypt:cost=4", "bcrypt:cost=5", "argon2id:m=16,t=1,p=1"] {
        let hash: String = site.db.one("SELECT ferry.hash_password('x', $1)", &[&policy]);
        site.db
            .rows("INSERT INTO legacy.customers (email, pwd) VALUES (gen_random_uuid()::text, $1)", &[&hash]);
    }
    site.as_owner(
        "INSERT INTO legacy.customers (email, pwd) VALUES
             ('6@x', NULL), ('7@x', '!'), ('8@x', ''), ('9@x', '$2y$10$tooshort'), ('10@x', md5('x')), ('11@x', 'no hash at all!'),
             ('12@x', '$2y$31$' || repeat('a', 53)), ('13@x', repeat('x', 100000)), ('14@x', '$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0'),
             ('15@x', '$6$rounds=1000$salt$' || repeat('a', 86))",
    );
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "hash", "bcrypt cost=4"), (2, "2".to_string()));
    assert_eq!(about(&lines, "hash", "bcrypt cost=5"), (1, "4".to_string()));
    assert_eq!(about(&lines, "hash", "argon2id-phc m=16,t=1,p=1").0, 1);
    assert_eq!(about(&lines, "hash", "phpass log2=13").0, 1);
    assert_eq!(about(&lines, "hash", "sha512crypt rounds=1000").0, 1);
    assert_eq!(about(&lines, "hash", "no hash"), (1, "6".to_string()));
    assert_eq!(about(&lines, "hash", "a lock marker"), (2, "7".to_string()));
    assert_eq!(about(&lines, "hash", "password hash exceeds the limit on bcrypt cost").1, "12");
    assert_eq!(
        about(&lines, "hash", "password hash exceeds the limit on the length of a stored hash").1,
        "13"
    );
    let detail = found(&lines, "hash", "bcrypt cost=4").detail.clone().unwrap();
    assert_eq!(detail["strength"], "strong", "{detail}");
    let hashes: Vec<&Line> = lines.iter().filter(|line| line.topic == "hash").collect();
    assert_eq!(hashes.iter().filter_map(|line| line.rows).sum::<i64>(), 15, "{hashes:#?}");
    let unusable = |sample: &str| hashes.iter().find(|line| line.sample.as_deref() == Some(sample)).unwrap();
    for (sample, words) in
        [("9", "malformed"), ("10", "ambiguous: md5($pass)"), ("11", "unknown password hash format")]
    {
        let line = unusable(sample);
        assert!(line.item.contains(words) && line.hint.is_some(), "{line:?}");
    }
    let text = format!("{lines:?}");
    for secret in ["$2", "$argon2", "$P$", "$6$", "tooshort", "xxxx", "no hash at all"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

/// Hashes of more kinds than are counted each by itself: 600 that are good, each of a cost of its own, and behind them two
/// of users without a password and one that is cut.
pub(crate) fn add_many_kinds(site: &Site) {
    site.as_owner(
        "INSERT INTO legacy.customers (email, pwd)
         SELECT n || '@x', CASE WHEN n <= 600 THEN format('$pbkdf2-sha256$%s$%s$%s', 1000 + n, repeat('a', 21) || '.', repeat('a', 42) || '.')
                                WHEN n <= 602 THEN '!' ELSE '$2y$10$cut' END
         FROM generate_series(1, 603) n ORDER BY n",
    );
}

#[test]
fn hashes_beyond_many_kinds_are_worth_what_they_are() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    add_many_kinds(&site);
    let lines = assess(&site, "shop");
    let hashes: Vec<&Line> = lines.iter().filter(|line| line.topic == "hash").collect();
    assert_eq!(hashes.iter().filter_map(|line| line.rows).sum::<i64>(), 603);
    let further: Vec<&Line> = hashes.iter().copied().filter(|line| line.item.contains("further")).collect();
    let told: Vec<(&str, Option<i64>)> = further.iter().map(|line| (line.item.as_str(), line.rows)).collect();
    let [(format, Some(100)), others @ ..] = &told[..] else { panic!("{further:#?}") };
    assert!(format.ends_with(", further parameters"), "{format}");
    let unknown = [
        ("of further kinds, which no password opens", Some(2)),
        ("of further kinds, which cannot be verified", Some(1)),
    ];
    assert_eq!(others, unknown);
    let (first, folded) = (hashes[0].detail.as_ref().unwrap(), further[0].detail.as_ref().unwrap());
    for name in ["format", "strength", "opens"] {
        assert!(folded[name].is_string() && folded[name] == first[name], "{name}: {folded} is not {first}");
    }
}

#[test]
fn a_hash_that_lacks_what_the_source_does_not_give_is_told() {
    let site = Site::shop();
    site.as_owner("UPDATE legacy.customers SET pwd = md5('x'), salt = NULL");
    site.configure("source", "format = 'md5($pass.$salt)', salt = 'l.salt'");
    let lines = assess(&site, "shop");
    let line = found(&lines, "hash", "password hash format needs a salt");
    assert_eq!(line.rows, Some(1));
    assert!(line.hint.as_ref().unwrap().contains("salt of ferry.source"), "{line:?}");
    site.as_owner("UPDATE legacy.customers SET salt = 'NaCl'");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "hash", "md5($pass.$salt)").0, 1);
}

#[test]
fn logins_that_collide_are_told() {
    let site = Site::shop();
    site.configure("source", "login_columns = '{email,first}'");
    site.as_owner(
        "CREATE INDEX ON legacy.customers (first);
         UPDATE legacy.customers SET first = 'ann';
         INSERT INTO legacy.customers (id, email, first) VALUES
             (2, 'Ben@example.com', 'ben'), (3, 'ben@example.com', 'benjamin'), (4, 'cem@example.com', 'ann@example.com'),
             (5, 'here@example.com', 'h1'), (9, 'odd@example.com', 'h9'), (6, 'pre@example.com', 'h2'), (7, '', ''), (8, repeat('x', 2000), repeat('y', 2000));
         INSERT INTO users (email, password_hash) VALUES ('here@example.com', '$2y$04$abcdefghijklmnopqrstuuH3TMEw2RCxJ5JtTXO9xGc3TW2wHHJ6e'), ('odd@example.com', 'of no format'), ('pre@example.com', NULL)",
    );
    site.add_local_source("blog", "bloggers");
    site.as_owner("INSERT INTO legacy.bloggers (email) VALUES ('CEM@example.com'), ('other@example.com')");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "login", "of several people"), (2, "2".to_string()));
    assert_eq!(about(&lines, "login", "of several people, in different columns"), (2, "1".to_string()));
    assert_eq!(about(&lines, "login", "also in source blog"), (1, "4".to_string()));
    assert_eq!(about(&lines, "login", "none"), (1, "7".to_string()));
    assert_eq!(about(&lines, "login", "longer than 1024 bytes"), (1, "8".to_string()));
    assert_eq!(about(&lines, "login", "found only as it is stored"), (1, "2".to_string()));
    let of_users = |adopt: &str, is_adopted: &str| {
        site.configure("target", &format!("adopt = '{adopt}'"));
        let lines = assess(&site, "shop");
        let item = format!("of a user in the users table, who is {is_adopted}");
        lines.iter().find(|line| line.item == item).and_then(|line| line.rows).unwrap_or(0)
    };
    assert_eq!((of_users("refuse", "not adopted"), of_users("refuse", "adopted")), (3, 0));
    assert_eq!((of_users("locked", "not adopted"), of_users("locked", "adopted")), (2, 1));
    assert_eq!((of_users("any", "not adopted"), of_users("any", "adopted")), (1, 2));
    // A user who was moved from another row.
    login(&mut site.app(), "ann@example.com", "ann's secret");
    site.as_owner("UPDATE legacy.customers SET email = 'old@example.com', first = 'o' WHERE id = 1; UPDATE legacy.customers SET email = 'ann@example.com' WHERE id = 2");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "login", "of a user who was moved from another row"), (2, "2".to_string()));
}

#[test]
fn those_whom_lookup_finds_are_told_as_an_import_refuses_them() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.as_owner(
        "ALTER TABLE users ADD phone text; CREATE INDEX ON users (phone);
         INSERT INTO users (email, phone) VALUES ('1@y', 'one'), ('2@y', 'two'), ('3@y', 'two');
         INSERT INTO legacy.customers (id, email, first) VALUES
             (1, 'a@x', 'one'), (2, 'b@x', 'two'), (3, 'c@x', 'shared'), (4, 'd@x', 'shared'), (5, 'e@x', 'own'), (6, 'f@x', NULL)",
    );
    site.map("shop", "phone", "l.first");
    site.configure("target", "lookup = '{phone}'");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "login", "of a user under another login, by phone"), (1, "1".to_string()));
    assert_eq!(
        about(&lines, "login", "of several users under another login, by phone"),
        (1, "2".to_string())
    );
    assert_eq!(about(&lines, "login", "of several people by lookup, phone"), (2, "3".to_string()));
    site.db.sql("CALL ferry.import('shop')");
    let keys: String =
        site.db.one("SELECT string_agg(legacy_key, ' ' ORDER BY legacy_key) FROM ferry.import_reject", &[]);
    assert_eq!(keys, "1 2 4");
    // Several rows of one person share nothing with others.
    site.as_owner("DELETE FROM users; ALTER TABLE users ADD UNIQUE (phone)");
    site.as_owner("CREATE TABLE legacy.twice AS SELECT c.* FROM legacy.customers c, generate_series(1, 2) WHERE first = 'own'");
    site.configure("source", "relation = 'legacy.twice'");
    let told: Vec<String> = assess(&site, "shop").into_iter().map(|line| line.item).collect();
    assert!(
        !told.iter().any(|item| item.contains("by lookup") || item.contains("users_phone_key")),
        "{told:?}"
    );
    assert!(told.iter().any(|item| item == "of a key that others have too"), "{told:?}");
}

/// A mapping can say something else each time: whoever is found by one look and not by the next is told all the same.
#[test]
fn whoever_lookup_finds_only_once_is_in_no_less_a_topic() {
    let site = three("ALTER TABLE users ADD phone text; CREATE INDEX ON users (phone); DELETE FROM legacy.customers WHERE id <> 2;
        INSERT INTO users (email, phone) VALUES ('1@y', 'one'); ALTER TABLE users ADD CONSTRAINT long CHECK (length(phone) < 4)");
    site.configure("target", "lookup = '{phone}'");
    let once = |lock: u32, then: &str| {
        // A lock of the session is still there when what has taken it is undone.
        let seen = format!("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {lock})");
        site.db.sql("DELETE FROM ferry.mapping WHERE target_column = 'phone'");
        let first = format!("concat('one', pg_advisory_lock({lock}))");
        site.map("shop", "phone", &format!("CASE WHEN {seen} THEN {then} ELSE {first} END"));
        assess(&site, "shop")
    };
    found(&once(770_001, "'other'"), "constraint", "long: 23514");
    found(&once(770_002, "(1 / (l.id - 2))::text"), "login", "lookup cannot be asked: 22012");
}

#[test]
fn mappings_are_asked_for_those_who_would_be_adopted_too() {
    let site = Site::shop();
    site.configure("target", "adopt = 'locked'");
    site.as_owner("ALTER TABLE users ADD age integer; INSERT INTO users (email) VALUES ('ann@example.com')");
    site.map("shop", "age", "l.first::integer");
    let values = |site: &Site| assess(site, "shop").iter().filter(|line| line.topic == "value").count();
    assert_eq!(values(&site), 0, "age is kept");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'age'");
    assert_eq!(values(&site), 1);
    assert_eq!(about(&assess(&site, "shop"), "value", "age: 22P02"), (1, "1".to_string()));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
}

#[test]
fn the_scope_of_a_source_is_asked() {
    let site = Site::shop();
    site.configure("source", "scope = $$login LIKE '%@shop.example'$$");
    site.add_customer("customers", "ben@shop.example", "ben's secret");
    assert_eq!(about(&assess(&site, "shop"), "login", "outside the scope"), (1, "1".to_string()));
}

#[test]
fn rules_are_counted_by_name_and_severity() {
    let site = Site::shop();
    site.as_owner(
        "INSERT INTO legacy.customers (email, active, last) VALUES ('b@x', false, 'B'), ('c@x', false, NULL)",
    );
    site.configure("target", "must_change = 'must_change'");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity, message) VALUES
             ('shop', 'active', 'l.active', 'reject', 'The account is closed.'),
             ('shop', 'named', 'l.last IS NOT NULL', 'warn', NULL),
             ('shop', 'length', 'p.length >= 10', 'must_change', NULL)",
    );
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "rule", "active (reject)"), (2, "2".to_string()));
    assert_eq!(about(&lines, "rule", "named (warn)"), (1, "3".to_string()));
    assert_eq!(
        found(&lines, "rule", "active (reject)").detail.as_ref().unwrap()["message"],
        "The account is closed."
    );
    let length = found(&lines, "rule", "length (must_change)");
    assert!(length.rows.is_none() && length.hint.as_ref().unwrap().contains("password"), "{length:?}");
}

/// What assess says must come true: every row that it finds fault with fails at its login, and the others do not.
#[track_caller]
fn comes_true(site: &Site, topic: &str, item: &str, sample: &str) {
    let lines = assess(site, "shop");
    let told = found(&lines, topic, item);
    assert_eq!(told.sample.as_deref(), Some(sample), "{told:?}");
    let detail = told.detail.clone().unwrap();
    let emails = site.db.rows("SELECT id::text, email FROM legacy.customers ORDER BY id", &[]);
    for row in emails {
        let (key, email): (String, String) = (row.get(0), row.get(1));
        let outcome = login(&mut site.app(), &email, "secret").outcome;
        let expected = if key == sample { "failed" } else { "migrated" };
        assert_eq!(outcome, expected, "{email} {}: {:?}", site.why(), site.last_event());
        if key == sample {
            let event = site.last_event();
            assert_eq!(event.detail["sqlstate"], detail["sqlstate"], "{event:?} against {detail}");
        }
    }
}

/// A shop of three with one password, of whom the second is made to differ.
fn three(setup: &str) -> Site {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    for name in ["ann", "ben", "cem"] {
        site.add_customer("customers", &format!("{name}@example.com"), "secret");
    }
    site.as_owner(setup);
    site
}

#[test]
fn a_value_that_does_not_convert_is_told_with_its_sqlstate() {
    let site = three(
        "ALTER TABLE users ADD age integer; UPDATE legacy.customers SET first = '30'; UPDATE legacy.customers SET first = 'x' WHERE id = 2",
    );
    site.map("shop", "age", "l.first::integer");
    comes_true(&site, "value", "age: 22P02", "2");
}

#[test]
fn a_value_that_is_too_long_is_told() {
    let site = three(
        "ALTER TABLE users ALTER name TYPE varchar(20); UPDATE legacy.customers SET last = repeat('x', 30) WHERE id = 2",
    );
    comes_true(&site, "value", "name: 22001", "2");
}

#[test]
fn a_domain_that_says_no_is_told() {
    let site = three(
        "CREATE DOMAIN short AS text CHECK (length(VALUE) < 12); ALTER TABLE users ALTER name TYPE short; UPDATE legacy.customers SET last = 'Longer' WHERE id = 2; UPDATE legacy.customers SET last = 'Oh' WHERE id <> 2; UPDATE legacy.customers SET last = repeat('x', 10) WHERE id = 2",
    );
    comes_true(&site, "value", "name: 23514", "2");
}

#[test]
fn a_null_where_none_may_be_is_told() {
    let site = three(
        "ALTER TABLE users ALTER name SET NOT NULL; UPDATE legacy.customers SET last = NULL WHERE id = 2",
    );
    comes_true(&site, "constraint", "name: 23502", "2");
}

#[test]
fn a_check_that_says_no_is_told() {
    let site = three(
        "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> email AND active AND name !~ '^B'); UPDATE legacy.customers SET first = 'Ben' WHERE id = 2",
    );
    comes_true(&site, "constraint", "named: 23514", "2");
}

#[test]
fn a_missing_parent_is_told() {
    let site = three(
        "CREATE TABLE org (tenant int, id int, PRIMARY KEY (tenant, id)); INSERT INTO org VALUES (1, 1); ALTER TABLE users ADD tenant int DEFAULT 1, ADD org int, ADD CONSTRAINT of_org FOREIGN KEY (tenant, org) REFERENCES org; UPDATE legacy.customers SET first = CASE id WHEN 1 THEN '1' WHEN 2 THEN '2' END",
    );
    site.map("shop", "org", "nullif(l.first, 'Ann')::integer");
    comes_true(&site, "constraint", "of_org: 23503", "2");
}

#[test]
fn a_value_that_somebody_here_has_is_told() {
    let site = three(
        "ALTER TABLE users ADD phone text; CREATE UNIQUE INDEX users_phone ON users (lower(phone)) WHERE phone <> ''; INSERT INTO users (email, phone) VALUES ('other@example.com', 'abc'); UPDATE legacy.customers SET first = CASE id WHEN 2 THEN 'ABC' ELSE '' END",
    );
    site.map("shop", "phone", "l.first");
    comes_true(&site, "constraint", "users_phone: 23505", "2");
}

#[test]
fn values_that_the_legacy_rows_share_are_told() {
    let site = three(
        "ALTER TABLE users ADD phone text UNIQUE; UPDATE legacy.customers SET first = CASE id WHEN 3 THEN 'other' ELSE 'abc' END",
    );
    site.map("shop", "phone", "l.first");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "constraint", "users_phone_key: 23505"), (2, "1".to_string()));
}

/// Not every type that can be hashed has a hash of 64 bits.
#[test]
fn shared_values_of_types_with_an_old_hash_are_told() {
    let site = three("SELECT 1");
    site.db.sql(
        "CREATE TYPE number; CREATE FUNCTION number_in(cstring) RETURNS number LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
         CREATE FUNCTION number_out(number) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
         CREATE TYPE number (INPUT = number_in, OUTPUT = number_out, LIKE = integer);
         CREATE FUNCTION same(number, number) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
         CREATE FUNCTION compared(number, number) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
         CREATE FUNCTION hashed(number) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'hashint4';
         CREATE OPERATOR = (LEFTARG = number, RIGHTARG = number, FUNCTION = same);
         CREATE OPERATOR CLASS by_number DEFAULT FOR TYPE number USING btree AS OPERATOR 3 =, FUNCTION 1 compared(number, number);
         CREATE OPERATOR CLASS by_hash DEFAULT FOR TYPE number USING hash AS OPERATOR 1 =, FUNCTION 1 hashed(number);
         ALTER TABLE users ADD phone number UNIQUE",
    );
    site.map("shop", "phone", "(CASE l.id WHEN 3 THEN '9' ELSE '7' END)::public.number");
    assert_eq!(about(&assess(&site, "shop"), "constraint", "users_phone_key: 23505"), (2, "1".to_string()));
    need_extension!("citext");
    site.db.sql(
        "CREATE EXTENSION citext VERSION '1.5'; ALTER TABLE users DROP phone, ADD phone citext UNIQUE;
         DELETE FROM ferry.mapping WHERE target_column = 'phone'",
    );
    site.map("shop", "phone", "CASE l.id WHEN 3 THEN 'c' WHEN 2 THEN 'A' ELSE 'a' END");
    assert_eq!(about(&assess(&site, "shop"), "constraint", "users_phone_key: 23505"), (2, "1".to_string()));
}

#[test]
fn a_column_that_is_too_short_for_the_new_hash_is_told() {
    let site = three("ALTER TABLE users ALTER password_hash TYPE varchar(20)");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "value", "password_hash: 22001"), (3, "1".to_string()));
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "failed");
}

#[test]
fn a_generated_column_that_does_not_fit_is_not_taken_for_the_hash() {
    let site = three(
        "ALTER TABLE users ADD code varchar(12) GENERATED ALWAYS AS (upper(name)) STORED; UPDATE legacy.customers SET last = 'Oh'; UPDATE legacy.customers SET last = repeat('x', 20) WHERE id = 2",
    );
    comes_true(&site, "value", "constraint or generated column: 22001", "2");
}

#[test]
fn columns_and_indexes_that_are_forgotten_are_told() {
    let site =
        three("ALTER TABLE users ADD nick text, ADD org int NOT NULL; DROP INDEX legacy.customers_email_idx");
    let lines = assess(&site, "shop");
    for column in ["salt", "active"] {
        found(&lines, "column", &format!("{column} of legacy.customers is read by nothing"));
    }
    assert!(!format!("{lines:?}").contains("email of legacy.customers is read"));
    for column in ["nick", "org"] {
        found(&lines, "column", &format!("{column} of public.users is filled by nothing"));
    }
    assert_eq!(about(&lines, "constraint", "org: 23502"), (3, "1".to_string()));
    let index = found(&lines, "index", "no index begins with the login column email of legacy.customers");
    assert_eq!(index.hint.as_deref(), Some("CREATE INDEX ON legacy.customers (email);"));
    site.db.sql(index.hint.as_ref().unwrap());
    assert!(assess(&site, "shop").iter().all(|line| line.topic != "index"));
}

#[test]
fn what_only_an_insert_knows_is_not_foreseen_and_said_so() {
    let site = three(
        "ALTER TABLE users ADD token uuid DEFAULT gen_random_uuid() CONSTRAINT odd CHECK (token::text LIKE '%'); CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER fills BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()",
    );
    let lines = assess(&site, "shop");
    found(&lines, "constraint", "constraint odd: not foreseen");
    found(&lines, "constraint", "trigger fills: not foreseen");
    site.as_owner(
        "CREATE TABLE roles (user_id bigint, role text); CREATE FUNCTION note(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1';
         ALTER TABLE users FORCE ROW LEVEL SECURITY, ENABLE ROW LEVEL SECURITY; CREATE POLICY all_of_them ON users USING (true);
         CREATE POLICY known ON users FOR INSERT WITH CHECK (email <> ''); CREATE VIEW seen AS SELECT * FROM users",
    );
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows) VALUES ('shop', 'roles', 'public.roles', 'user_id', $$SELECT 'x' AS role$$);
         INSERT INTO ferry.hook (name, point, function) VALUES ('note', 'after_write', 'public.note')",
    );
    let foreseen = |site: &Site, what: &str| {
        assess(site, "shop").iter().all(|line| line.item != format!("{what}: not foreseen"))
    };
    for what in ["policy known", "child roles", "hook note"] {
        assert!(!foreseen(&site, what), "{what}");
    }
    assert!(foreseen(&site, "policy all_of_them"));
    let without = "row level security without a policy for INSERT";
    assert!(foreseen(&site, without));
    site.as_owner("DROP POLICY all_of_them ON users; DROP POLICY known ON users");
    assert!(!foreseen(&site, without));
    site.configure("target", "relation = 'public.seen'");
    assert!(!foreseen(&site, "the table under the view"));
}

#[test]
fn the_partition_of_a_row_is_not_foreseen_and_said_so() {
    let site = three(
        "CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY, email text, name text, password_hash text) PARTITION BY LIST (email);
         CREATE TABLE few PARTITION OF members FOR VALUES IN ('ann@example.com'); ALTER TABLE few ADD CHECK (name = '')",
    );
    site.configure("target", "relation = 'public.members'");
    found(&assess(&site, "shop"), "constraint", "the partition: not foreseen");
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "failed");
}

/// How many rows of each column or constraint and SQLSTATE the last import has refused, and nobody else.
fn refused(site: &Site, dry_run: bool) -> Vec<(String, i64)> {
    site.db.sql(&format!("CALL ferry.import('shop', dry_run => {dry_run})"));
    let query = "SELECT format('%s: %s', coalesce(column_name, constraint_name), sqlstate), count(*) FROM ferry.import_reject
                 WHERE run = (SELECT max(id) FROM ferry.import_run) GROUP BY 1 ORDER BY 1";
    site.db.rows(query, &[]).iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A users table of which little can be told by looking at values alone.
#[test]
fn what_is_told_of_an_odd_users_table_is_what_an_import_refuses() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.as_owner(
        r#"CREATE DOMAIN made AS bigint NOT NULL CHECK (VALUE > 0);
           CREATE DOMAIN flag AS boolean NOT NULL DEFAULT false;
           CREATE DOMAIN needed AS flag;
           CREATE DOMAIN empty AS text NOT NULL;
           CREATE SEQUENCE numbers;
           ALTER TABLE users ADD "Nr" made DEFAULT nextval('numbers'), ADD is_admin needed, ADD also flag DEFAULT true, ADD amount numeric UNIQUE,
               ADD code text GENERATED ALWAYS AS (upper(name)) STORED UNIQUE, ADD rest int GENERATED ALWAYS AS (100 / length(name)) STORED,
               ADD CONSTRAINT "not an admin" CHECK (NOT is_admin AND also AND code <> 'EVE');
           INSERT INTO legacy.customers (id, email, first, last) VALUES
               (1, 'a@x', 'Ann', '1'), (2, 'b@x', 'ann', '2'), (3, 'c@x', 'Cem', '1.0'), (4, 'd@x', 'Eve', '4'), (5, 'e@x', '', '5'),
               (6, 'f@x', 'Fay', '6'), (7, 'g@x', 'Gus', 'six')"#,
    );
    site.db.sql("DELETE FROM ferry.mapping WHERE target_column = 'name'");
    site.map("shop", "name", "l.first");
    site.map("shop", "amount", "l.last::numeric");
    let lines = assess(&site, "shop");
    let others = |line: &&Line| line.topic == "value" || line.topic == "constraint";
    let mut told: Vec<(String, i64)> = lines
        .iter()
        .filter(others)
        .map(|line| {
            let is_among = line.detail.as_ref().is_some_and(|detail| detail.get("among").is_some());
            // The first of those who share a value is moved.
            (line.item.clone(), line.rows.unwrap() - i64::from(is_among))
        })
        .collect();
    told.sort();
    let expected = [
        "amount: 22P02",
        "constraint or generated column: 22012",
        "not an admin: 23514",
        "users_amount_key: 23505",
        "users_code_key: 23505",
    ];
    assert_eq!(told, expected.map(|item| (item.to_string(), 1)), "{lines:#?}");
    // An import names no column where PostgreSQL does not.
    let expected = [
        ": 22012",
        "amount: 22P02",
        "not an admin: 23514",
        "users_amount_key: 23505",
        "users_code_key: 23505",
    ];
    let expected: Vec<(String, i64)> = expected.map(|item| (item.to_string(), 1)).into();
    assert_eq!(refused(&site, true), expected, "of a dry run");
    assert_eq!(refused(&site, false), expected);
    // A domain without a default may not be null, and nothing fills it.
    site.as_owner("ALTER TABLE users ADD motto empty DEFAULT ''; ALTER TABLE users ALTER motto DROP DEFAULT");
    assert_eq!(about(&assess(&site, "shop"), "constraint", "motto: 23502").0, 3);
    let query = "SELECT hint FROM ferry.check_config() WHERE problem LIKE 'column motto of public.users may not be null%'";
    assert_eq!(site.db.rows(query, &[]).len(), 1);
}

#[test]
fn duplicate_and_missing_keys_are_told() {
    let site = Site::shop();
    site.as_owner(
        "INSERT INTO legacy.customers (email, last) VALUES ('b@x', 'twin'), ('c@x', 'twin'), ('d@x', NULL)",
    );
    site.configure("source", "key_column = 'last'");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "row", "of a key that others have too"), (2, "twin".to_string()));
    assert_eq!(about(&lines, "row", "without a key").0, 1);
}

#[test]
fn the_time_is_estimated_with_what_it_rests_on() {
    let site = Site::shop();
    let lines = assess(&site, "shop");
    let detail =
        found(&lines, "estimate", "moving all rows at once, without hashing").detail.clone().unwrap();
    let number = |name: &str| detail[name].as_f64().unwrap_or_else(|| panic!("{name} in {detail}"));
    assert!(
        number("measured_ms_per_row") > 0.0 && number("seconds_at_least") <= number("seconds_at_most"),
        "{detail}"
    );
    let hash = found(&lines, "estimate", "the new hash at each first login").detail.clone().unwrap();
    assert_eq!(hash["policy"], crate::setup::FAST);
}

#[test]
fn a_sample_reads_no_more_than_it_was_told() {
    let site = Site::shop();
    site.as_owner("INSERT INTO legacy.customers (email) SELECT n || '@x' FROM generate_series(1, 1000) n; ANALYZE legacy.customers");
    let rows = site.db.rows("SELECT * FROM ferry.assess('shop', 100)", &[]);
    let lines: Vec<Line> = rows.iter().map(line).collect();
    assert_eq!(about(&lines, "row", "read").0, 100);
    assert_eq!(about(&lines, "estimate", "moving all rows at once, without hashing").0, 1001);
}

/// Everything that could have been written, and the sequences.
fn state(site: &Site) -> String {
    site.db.one(
        "SELECT concat_ws(E'\n',
             (SELECT jsonb_agg(to_jsonb(u) || jsonb_build_object('xmin', u.xmin::text) ORDER BY u.id) FROM users u),
             (SELECT jsonb_agg(to_jsonb(k) ORDER BY k.source, k.legacy_key) FROM ferry.link k),
             (SELECT count(*) FROM ferry.event),
             (SELECT jsonb_agg(to_jsonb(s) - 'cycle' ORDER BY s.schemaname, s.sequencename) FROM pg_sequences s))",
        &[],
    )
}

#[test]
fn nothing_is_written() {
    let site = three("ALTER TABLE users ADD age integer, ADD phone text UNIQUE");
    site.map("shop", "age", "l.first::integer");
    site.map("shop", "phone", "l.first");
    let before = state(&site);
    let mut client = site.db.client();
    client.batch_execute("BEGIN").unwrap();
    client.query("SELECT * FROM ferry.assess('shop')", &[]).unwrap();
    client.query("SELECT * FROM ferry.preview('shop')", &[]).unwrap();
    let unassigned: bool =
        client.query_one("SELECT pg_current_xact_id_if_assigned() IS NULL", &[]).unwrap().get(0);
    assert!(unassigned, "a transaction id was used up");
    client.batch_execute("COMMIT; BEGIN READ ONLY").unwrap();
    assert!(!client.query("SELECT * FROM ferry.assess('shop')", &[]).unwrap().is_empty());
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(state(&site), before);
}

#[test]
fn an_expression_that_writes_does_not_get_to() {
    let site = three(
        "CREATE TABLE seen (email text);
         CREATE FUNCTION note(text) RETURNS text LANGUAGE sql VOLATILE AS 'INSERT INTO public.seen VALUES ($1) RETURNING $1'",
    );
    site.map("shop", "must_change", "public.note(l.email) IS NULL");
    let lines = assess(&site, "shop");
    assert_eq!(about(&lines, "value", "must_change: 25006").0, 3);
    assert_eq!(site.db.count("seen"), 0);
}

#[test]
fn config_sql_runs_as_run_as_and_not_as_the_dba() {
    let site = three("CREATE TABLE ran (who text)");
    site.as_owner("CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text'");
    site.map("shop", "active", &format!("public.who() = '{}'", site.db.owner()));
    let rows = site.db.rows("SELECT \"row\"->>'active' FROM ferry.preview('shop')", &[]);
    assert!(rows.iter().all(|row| row.get::<_, String>(0) == "true"), "{rows:?}");
    site.as_owner("ALTER TABLE users ADD CONSTRAINT mine CHECK (active)");
    assert!(assess(&site, "shop").iter().all(|line| line.topic != "constraint"));
}

#[test]
fn a_constraint_that_is_not_enforced_refuses_nobody() {
    if target().server().major() < 18 {
        skip!("constraints are enforced before PostgreSQL 18");
    }
    let site = three("");
    let refused = |site: &Site| assess(site, "shop").iter().any(|line| line.topic == "constraint");
    site.as_owner("ALTER TABLE users ADD CONSTRAINT nobody CHECK (email IS NULL) NOT ENFORCED");
    assert!(!refused(&site));
    site.as_owner("ALTER TABLE users DROP CONSTRAINT nobody, ADD CONSTRAINT nobody CHECK (email IS NULL)");
    assert!(refused(&site));
}

#[test]
fn many_rows_take_little_memory() {
    let site = Site::shop();
    site.as_owner(
        "INSERT INTO legacy.customers (email, pwd) SELECT n || '@example.com', CASE n % 100 WHEN 0 THEN repeat('x', 200000) ELSE md5(n::text) END
         FROM generate_series(1, 20000) n;
         ALTER TABLE users ADD age integer",
    );
    // One row in fifty does not convert.
    site.map("shop", "age", "CASE WHEN l.id % 50 = 7 THEN 'x' ELSE '1' END::integer");
    let mut client = site.db.client();
    let memory = |client: &mut postgres::Client| -> i64 {
        client
            .query_one("SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts", &[])
            .unwrap()
            .get(0)
    };
    client.query("SELECT * FROM ferry.assess('shop', 10)", &[]).unwrap();
    let before = memory(&mut client);
    let rows = client.query("SELECT * FROM ferry.assess('shop')", &[]).unwrap();
    let grown = memory(&mut client) - before;
    assert!(grown < 4 << 20, "{grown} bytes stayed");
    let peak: i64 = peak_of(&mut client);
    assert!(peak < 400 << 10, "{peak} KiB were used at most");
    let lines: Vec<Line> = rows.iter().map(line).collect();
    assert_eq!(about(&lines, "row", "read").0, 20001);
    assert_eq!(about(&lines, "value", "age: 22P02").0, 400);
    assert_eq!(
        about(&lines, "hash", "password hash exceeds the limit on the length of a stored hash").0,
        200
    );
}

/// The most memory that a backend has had, in KiB, as the operating system tells.
fn peak_of(client: &mut postgres::Client) -> i64 {
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn it_can_be_cancelled() {
    let site = Site::shop();
    site.as_owner("INSERT INTO legacy.customers (email) SELECT n || '@x' FROM generate_series(1, 20000) n");
    let mut client = site.db.client();
    client.batch_execute("SET statement_timeout = '50 ms'").unwrap();
    let error = client.query("SELECT * FROM ferry.assess('shop')", &[]).unwrap_err();
    assert_eq!(sqlstate(&error), "57014");
    client.batch_execute("RESET statement_timeout").unwrap();
    let rows = client.query("SELECT * FROM ferry.assess('shop', 10)", &[]).unwrap();
    assert!(!rows.is_empty());
}

#[test]
fn a_store_that_cannot_be_read_is_an_error_with_a_hint() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&crate::setup::customers_table("customers"));
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    legacy.rows("INSERT INTO customers (email, pwd) VALUES ('ann@example.com', $1)", &[&site.hash("secret")]);
    assert_eq!(about(&assess(&site, "shop"), "row", "still to be moved").0, 1);
    let server: String = site.db.one("SELECT srvname::text FROM pg_foreign_server", &[]);
    site.db.sql(&format!("ALTER SERVER {server} OPTIONS (SET port '1')"));
    let mut client = site.db.client();
    for call in ["SELECT * FROM ferry.assess('shop')", "SELECT * FROM ferry.preview('shop')"] {
        let error = client.query(call, &[]).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "08001", "{error:?}");
        assert!(error.message().contains("source shop"), "{error:?}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("SELECT * FROM legacy.customers LIMIT 1")),
            "{error:?}"
        );
    }
    // As another source of the same target it is only not compared.
    site.add_local_source("blog", "bloggers");
    let lines = assess(&site, "blog");
    assert!(lines.iter().any(|line| line.item.starts_with("not compared with source shop")), "{lines:#?}");
}

#[test]
fn an_unknown_source_and_one_that_can_only_be_asked_by_login_are_refused() {
    need_extension!("dblink");
    let site = Site::shop();
    site.db.sql(&format!("CREATE EXTENSION dblink; CREATE SERVER far FOREIGN DATA WRAPPER dblink_fdw; GRANT USAGE ON FOREIGN SERVER far TO {}", site.db.owner()));
    site.as_owner("CREATE TYPE legacy.member AS (id bigint, email text, pwd text)");
    site.db.sql(
        "INSERT INTO ferry.source (name, kind, server, query, row_type, key_column, login_columns, hash)
         VALUES ('far', 'dblink', 'far', 'SELECT id, email, pwd FROM members WHERE email = $1', 'legacy.member', 'id', '{email}', 'l.pwd')",
    );
    let mut client = site.db.client();
    for function in ["assess", "preview"] {
        let error = client.query(&format!("SELECT * FROM ferry.{function}('far')"), &[]).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "0A000", "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("ferry.explain_login")), "{error:?}");
        let error = client.query(&format!("SELECT * FROM ferry.{function}('nothing')"), &[]).unwrap_err();
        assert_eq!(sqlstate(&error), "22023");
    }
}

#[test]
fn an_ordinary_application_may_not_ask() {
    let site = Site::shop();
    for call in ["ferry.assess('shop')", "ferry.preview('shop')"] {
        let error = site.app().query(&format!("SELECT * FROM {call}"), &[]).unwrap_err();
        assert_eq!(sqlstate(&error), "42501");
    }
}

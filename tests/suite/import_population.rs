//! A legacy population of any size on a server of its own, with what real ones have among them: broken rows, doubles,
//! people who were renamed, forgotten or moved before. And the books that must balance when all of it has been imported.

use ferry_tests::{Cluster, Db, Options};
use postgres::Client;
use std::collections::BTreeMap;

/// In so many customers there is one of each [`ODD`] kind; the rest of them are plain.
pub(crate) const PERIOD: i64 = 5_000;

/// The places of a period that are not plain are before this one.
const FIRST_PLAIN: i64 = 300;

/// Those who cannot be moved as they are: the place in a period, what spoils a plain row, and what the import must say of it.
const ODD: [(i64, &str, &str); 11] = [
    (101, "active = false", "rule not closed"),
    (103, "email = 'USER' || id - 1 || '@example.com'", "exists"),
    (104, "nick = 'much too long for it'", "write_failed nick 22001"),
    (105, "code = NULL", "write_failed code 23502"),
    (106, "points = -1", "write_failed users_points_check 23514"),
    (107, "spent = 0", "write_failed share 22012"),
    (108, "pwd = md5('one of many formats')", "legacy_hash"),
    (109, "pwd = 'no hash at all'", "legacy_hash"),
    (110, "email = ''", "no_login"),
    (111, "id = id", "exists"),
    (112, "email = repeat('x', 2000) || id", "bad_request"),
];

/// Whom somebody has moved, or forgotten, before the import begins.
const FORGOTTEN: i64 = 201;
const RESET: i64 = 202;
const BY_ADMIN: i64 = 203;
const RENAMED: i64 = 204;
const BY_LOGIN: i64 = 205;
const BEFORE: [i64; 5] = [FORGOTTEN, RESET, BY_ADMIN, RENAMED, BY_LOGIN];

/// A policy and legacy hashes that cost next to nothing: there are many.
const POLICY: &str = "argon2id:m=8,t=1,p=1";

pub(crate) fn email(customer: i64) -> String {
    format!("user{customer}@example.com")
}

pub(crate) fn password(customer: i64) -> String {
    format!("password {customer}")
}

/// Whether a customer is plain: moved by whatever comes first.
pub(crate) fn is_plain(customer: i64) -> bool {
    customer % PERIOD >= FIRST_PLAIN
}

/// One of those who never get in with the legacy password.
pub(crate) fn outcast(count: i64, turn: i64) -> i64 {
    let kinds: Vec<i64> = ODD.iter().map(|(place, ..)| *place).chain([FORGOTTEN]).collect();
    let kind = kinds[usize::try_from(turn).unwrap() % kinds.len()];
    kind + PERIOD * (turn % (count / PERIOD))
}

/// The two servers of a migration. They are the test's own: it brings both down.
pub(crate) struct Servers {
    pub(crate) target: Cluster,
    pub(crate) legacy: Cluster,
}

impl Servers {
    pub(crate) fn start() -> Self {
        // After a crash all of this is replayed.
        let target = Cluster::start(Options::default().setting("max_wal_size", "256MB"));
        let legacy = Cluster::start(Options::legacy().setting("log_statement", "none"));
        Self { target, legacy }
    }
}

/// A users table on one server, and on the other its legacy customers 1 to `count`.
pub(crate) struct Population<'c> {
    pub(crate) db: Db<'c>,
    pub(crate) legacy: Db<'c>,
    pub(crate) count: i64,
}

impl<'c> Population<'c> {
    pub(crate) fn new(servers: &'c Servers, count: i64) -> Self {
        assert_eq!(count % PERIOD, 0, "whole periods of {PERIOD}");
        let population = Self { db: Db::on(&servers.target), legacy: Db::empty_on(&servers.legacy), count };
        population.make_customers();
        population.make_users();
        population.configure();
        population
    }

    /// Salted digests that say themselves what they are, as Django and LDAP write them, and the stronger ones of crypt().
    fn make_customers(&self) {
        self.legacy.sql(&format!(
            "CREATE EXTENSION pgcrypto;
             CREATE TABLE customers (id bigint, email text, former_email text, first text, last text, code text, nick text,
                                     points integer, spent integer, active boolean, pwd text);
             INSERT INTO customers
             SELECT n, format('User%s@Example.com', n), NULL, 'Ann', 'Nr ' || n, 'c' || n % 97, left(md5(n::text), n::int % 13),
                    n % 1000, n % 100 + 1, true,
                    CASE WHEN n % 1000 = 500 THEN crypt('password ' || n, gen_salt('bf', 4))
                         WHEN n % 1000 = 501 THEN crypt('password ' || n, gen_salt('md5'))
                         WHEN n % 1000 = 502 THEN crypt('password ' || n, gen_salt('xdes'))
                         WHEN n % 3 = 0 THEN '{{SSHA256}}' || translate(encode(sha256(convert_to('password ' || n || 's4lt' || n, 'UTF8'))
                                                                            || convert_to('s4lt' || n, 'UTF8'), 'base64'), E'\\n', '')
                         ELSE format('md5$s4lt%s$%s', n, md5(format('s4lt%spassword %s', n, n))) END
             FROM generate_series(1, {}) n",
            self.count
        ));
        for (place, spoil, _) in ODD {
            self.legacy.sql(&format!("UPDATE customers SET {spoil} WHERE id % {PERIOD} = {place}"));
        }
        self.legacy.sql(
            "ALTER TABLE customers ADD PRIMARY KEY (id);
             CREATE INDEX ON customers (lower(email));
             ANALYZE customers",
        );
    }

    /// The users table, in which some have signed up without having been customers.
    fn make_users(&self) {
        self.db.import_foreign_tables(&self.legacy, &["customers"]);
        let (owner, count) = (self.db.owner(), self.count);
        self.db.sql(&format!(
            "SET ROLE {owner};
             CREATE TABLE users (
                 id            bigint GENERATED BY DEFAULT AS IDENTITY (START 1000) PRIMARY KEY,
                 email         text NOT NULL UNIQUE,
                 name          text,
                 code          text NOT NULL,
                 nick          varchar(12),
                 points        integer CHECK (points >= 0),
                 share         integer,
                 password_hash text);
             INSERT INTO users (id, email, code, password_hash)
                 SELECT n, 'local' || n || '@example.com', 'here', 'set here' FROM generate_series(1, 50) n;
             INSERT INTO users (email, code, password_hash)
                 SELECT 'user' || n || '@example.com', 'here', 'set here' FROM generate_series(111, {count}, {PERIOD}) n;
             CREATE TABLE here AS SELECT * FROM users;
             RESET ROLE"
        ));
    }

    fn configure(&self) {
        self.db.sql(&format!(
            "ALTER DATABASE {name} SET ferry.failure_floor = 0;
             INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
             VALUES ('default', 'public.users', 'id', '{{email}}', 'password_hash', '{POLICY}');
             INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash, timeout)
             VALUES ('shop', 'default', 'legacy.customers', 'id', '{{lower(l.email)}}', 'l.pwd', '5 minutes');
             INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'not closed', 'l.active', 'reject');
             INSERT INTO ferry.mapping (source, target_column, expression, on_conflict) VALUES
                 ('shop', 'email',  'lower(l.email)', DEFAULT),
                 ('shop', 'name',   $$l.first || ' ' || l.last$$, 'overwrite'),
                 ('shop', 'code',   'l.code', DEFAULT),
                 ('shop', 'nick',   'l.nick', DEFAULT),
                 ('shop', 'points', 'l.points', DEFAULT),
                 ('shop', 'share',  '100 / l.spent', DEFAULT)",
            name = self.db.name()
        ));
    }

    /// A connection of an application that does logins and resets.
    pub(crate) fn app(&self) -> String {
        let app = self.db.app();
        self.db.rows("SELECT ferry.grant_access($1::text::name, 'reset')", &[&app]);
        app
    }

    /// Some are forgotten, reset, moved by an admin or by their login, and renamed after it. Returns those who are moved.
    pub(crate) fn live_before(&self) -> Vec<i64> {
        let all = |place: i64, call: &str, outcome: &str| {
            let sql = format!("SELECT outcome FROM ferry.{call} WHERE $2 <> ''");
            for customer in (place..self.count).step_by(PERIOD as usize) {
                let seen: String = self.db.one(&sql, &[&email(customer), &password(customer)]);
                assert_eq!(seen, outcome, "{call} of {}", email(customer));
            }
        };
        all(FORGOTTEN, "forget_login($1)", "ok");
        all(RESET, "prepare_reset($1)", "migrated");
        all(BY_ADMIN, "migrate_login($1)", "migrated");
        all(RENAMED, "authenticate($1, $2)", "migrated");
        all(BY_LOGIN, "authenticate($1, $2)", "migrated");
        self.legacy.sql(&format!(
            "UPDATE customers SET former_email = email, email = 'renamed' || id || '@example.com' WHERE id % {PERIOD} = {RENAMED}"
        ));
        (1..=self.count).filter(|customer| BEFORE[1..].contains(&(customer % PERIOD))).collect()
    }

    /// How many customers are refused for being as they are.
    pub(crate) fn refused(&self) -> i64 {
        self.count / PERIOD * i64::try_from(ODD.len()).unwrap()
    }

    pub(crate) fn tombstoned(&self) -> i64 {
        self.count / PERIOD
    }

    /// Mends the rows of those who are refused.
    pub(crate) fn mend(&self) {
        let odd: Vec<i64> = ODD.iter().map(|(place, ..)| *place).collect();
        self.legacy.rows(
            "UPDATE customers
             SET active = true, nick = NULL, code = 'mended', points = 7, spent = 1,
                 pwd = format('md5$mended$%s', md5('mendedpassword ' || id)), email = format('mended%s@example.com', id)
             WHERE id % $1 = ANY ($2)",
            &[&PERIOD, &odd],
        );
    }

    /// The books: nobody lost, nobody twice, everybody as the mappings say, and the reports say the same. `touched` are the customers whom
    /// something else than an import may have moved, or whose hash a login may have replaced.
    pub(crate) fn assert_balanced(&self, touched: &[i64], refused: &BTreeMap<String, i64>) {
        self.db.rows(
            "CREATE TEMP TABLE touched AS SELECT DISTINCT unnest($1::bigint[])::text AS key",
            &[&touched],
        );
        self.db.sql(
            "SET work_mem = '128MB'; SET enable_nestloop = off;
             CREATE TEMP TABLE legacy_now AS SELECT * FROM legacy.customers;
             ANALYZE touched, legacy_now, users, here, ferry.link",
        );
        self.assert_ties();
        self.assert_data();
        self.assert_refusals(refused);
        self.assert_reports();
    }

    fn assert_ties(&self) {
        self.assert_none(
            "a link of nobody, or a user of nobody",
            "SELECT l.legacy_key, u.id FROM (SELECT * FROM ferry.link WHERE NOT tombstone) l
             FULL JOIN (SELECT id FROM users EXCEPT SELECT id FROM here) u ON u.id::text = l.user_id
             WHERE u.id IS NULL OR l.user_id IS NULL",
        );
        self.assert_none(
            "two links of one user",
            "SELECT user_id FROM ferry.link GROUP BY user_id HAVING count(*) > 1 AND user_id IS NOT NULL",
        );
        self.assert_none(
            "somebody twice",
            "SELECT lower(email) FROM users GROUP BY lower(email) HAVING count(*) > 1",
        );
        self.assert_none(
            "a customer neither moved nor refused nor forgotten, or two of these",
            "SELECT c.id FROM legacy_now c
             LEFT JOIN ferry.link l ON l.source = 'shop' AND l.legacy_key = c.id::text
             LEFT JOIN ferry.import_reject r ON r.source = 'shop' AND r.legacy_key = c.id::text AND r.settled_at IS NULL
             GROUP BY c.id HAVING count(DISTINCT l.legacy_key) + count(DISTINCT r.legacy_key) <> 1",
        );
        self.assert_none(
            "one who was here before was changed",
            "SELECT * FROM here EXCEPT SELECT * FROM users",
        );
    }

    /// What was written is what the mappings say, both ways.
    fn assert_data(&self) {
        let due = "SELECT c.id::text, lower(coalesce(c.former_email, c.email)), c.first || ' ' || c.last, c.code, c.nick, c.points, 100 / c.spent,
                          CASE WHEN t.key IS NULL THEN c.pwd END
                   FROM legacy_now c
                   JOIN ferry.link l ON l.source = 'shop' AND l.legacy_key = c.id::text AND NOT l.tombstone
                   LEFT JOIN touched t ON t.key = c.id::text";
        let there = "SELECT l.legacy_key, u.email, u.name, u.code, u.nick::text, u.points, u.share, CASE WHEN t.key IS NULL THEN u.password_hash END
                     FROM users u JOIN ferry.link l ON l.user_id = u.id::text LEFT JOIN touched t ON t.key = l.legacy_key
                     WHERE NOT l.tombstone";
        self.assert_none("due, and not there", &format!("({due}) EXCEPT ({there})"));
        self.assert_none("there, and not due", &format!("({there}) EXCEPT ({due})"));
        self.assert_none(
            "a digest that is not of the hash",
            "SELECT l.legacy_key FROM ferry.link l JOIN users u ON u.id::text = l.user_id LEFT JOIN touched t ON t.key = l.legacy_key
             WHERE t.key IS NULL AND l.hash_digest IS DISTINCT FROM encode(sha256(convert_to(u.password_hash, 'UTF8')), 'hex')",
        );
    }

    /// Exactly those who cannot be moved are refused, each for what is wrong with the row.
    fn assert_refusals(&self, due: &BTreeMap<String, i64>) {
        let sql = "SELECT legacy_key::bigint % $1 || ' ' || concat_ws(' ', reason, rule, column_name, constraint_name, sqlstate), count(*)
                   FROM ferry.import_reject WHERE settled_at IS NULL GROUP BY 1";
        let seen: BTreeMap<String, i64> =
            self.db.rows(sql, &[&PERIOD]).iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(&seen, due);
    }

    fn assert_reports(&self) {
        let sql = "SELECT concat_ws(' ', legacy_total = $1::bigint, legacy_total = moved_by_login + moved_by_import + moved_otherwise + refused + tombstoned + remaining,
                          remaining = 0, moved_by_login + moved_by_import + moved_otherwise = (SELECT count(*) FROM ferry.link WHERE NOT tombstone),
                          tombstoned = (SELECT count(*) FROM ferry.link WHERE tombstone),
                          refused = (SELECT count(DISTINCT legacy_key) FROM ferry.import_reject WHERE settled_at IS NULL),
                          moved_by_import = (SELECT sum(moved) FROM ferry.import_run), is_importing, projected_end)
                   FROM ferry.progress WHERE source = 'shop'";
        assert_eq!(self.db.one::<String>(sql, &[&self.count]), "t t t t t t t f", "{}", self.progress());
        self.assert_none(
            "a run whose counts do not add up",
            "SELECT id FROM ferry.import_run WHERE state <> 'finished' OR done <> moved + updated + deleted + refused + skipped",
        );
        let moved = "SELECT sum(moved) = (SELECT count(*) FROM ferry.link WHERE via = 'import') FROM ferry.import_run";
        assert!(self.db.one::<bool>(moved, &[]), "{}", self.progress());
    }

    /// What the books say, to be shown.
    pub(crate) fn progress(&self) -> String {
        self.db.one(
            "SELECT (SELECT string_agg(p::text, E'\\n') FROM ferry.progress p WHERE p.source = 'shop') || E'\\n'
                    || (SELECT string_agg(r::text, E'\\n' ORDER BY r.id) FROM ferry.import_run r)",
            &[],
        )
    }

    #[track_caller]
    fn assert_none(&self, what: &str, query: &str) {
        let sql = format!(
            "SELECT coalesce(string_agg(q::text, E'\\n'), '') FROM (SELECT * FROM ({query}) q LIMIT 5) q"
        );
        let found: String = self.db.one(&sql, &[]);
        assert!(found.is_empty(), "{what}:\n{found}\n{}", self.progress());
    }

    /// A sample of those who were moved in each way, and of each format, get in with the old password, and with no other.
    pub(crate) fn assert_welcome(&self, client: &mut Client, customers: impl Iterator<Item = i64>) {
        for customer in customers {
            for (typed, is_right) in [("something else".to_string(), false), (password(customer), true)] {
                let sql = "SELECT authenticated FROM ferry.authenticate($1, $2)";
                let row = client.query_one(sql, &[&email(customer), &typed]).unwrap();
                assert_eq!(row.get::<_, bool>(0), is_right, "customer {customer} with {typed:?}");
            }
        }
    }

    /// The refusals that are due after a plain import: `place reason` and how many.
    pub(crate) fn refusals_due(&self) -> BTreeMap<String, i64> {
        ODD.iter().map(|(place, _, why)| (format!("{place} {why}"), self.count / PERIOD)).collect()
    }

    /// A sample that has customers of every period, every format and everybody who came before.
    pub(crate) fn sample(&self) -> impl Iterator<Item = i64> + use<> {
        let count = self.count;
        let step = (count / 200).max(1);
        let spread = (1..=200).map(move |n| n * step).filter(|customer| is_plain(*customer));
        let formats = (0..30)
            .map(move |n| n * (count / 30) / 1000 * 1000 + 500 + n % 3)
            .filter(|customer| is_plain(*customer));
        let before = (0..20).flat_map(|n| BEFORE[1..].iter().map(move |place| place + n * PERIOD));
        spread.chain(formats).chain(before).filter(move |customer| *customer <= count)
    }
}

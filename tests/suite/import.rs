//! Moving many users at once: what becomes of each row, what is counted, what is refused and why.

use crate::setup::{Answer, Site, login};
use ferry_tests::need_extension;
use postgres::Client;

/// The counts of the newest run.
#[derive(Debug, PartialEq, Eq, Default, Clone)]
pub(crate) struct Run {
    pub(crate) state: String,
    pub(crate) total: i64,
    pub(crate) done: i64,
    pub(crate) moved: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
    pub(crate) deactivated: i64,
    pub(crate) refused: i64,
    pub(crate) skipped: i64,
}

/// Calls `ferry.import` for the shop, and tells what has come of it.
#[track_caller]
pub(crate) fn import(site: &Site, arguments: &str) -> Run {
    site.db.sql(&format!("CALL ferry.import('shop'{arguments})"));
    run(site)
}

/// The newest run, whose counts must agree with each other.
#[track_caller]
pub(crate) fn run(site: &Site) -> Run {
    let rows = site.db.rows("SELECT * FROM ferry.import_run ORDER BY called_at DESC, id DESC LIMIT 1", &[]);
    let row = rows.first().expect("there was a run");
    let run = Run {
        state: row.get("state"),
        total: row.get("total"),
        done: row.get("done"),
        moved: row.get("moved"),
        updated: row.get("updated"),
        deleted: row.get("deleted"),
        deactivated: row.get("deactivated"),
        refused: row.get("refused"),
        skipped: row.get("skipped"),
    };
    let counted = [run.moved, run.updated, run.deleted, run.deactivated, run.refused, run.skipped];
    assert_eq!(run.done, counted.iter().sum::<i64>(), "{run:?}");
    run
}

fn finished(total: i64, moved: i64, refused: i64, skipped: i64) -> Run {
    Run { state: "finished".into(), total, done: total, moved, refused, skipped, ..Run::default() }
}

/// Who is refused now: `key reason`.
pub(crate) fn refused(site: &Site) -> Vec<String> {
    let sql = "SELECT legacy_key || ' ' || concat_ws(' ', reason, rule, column_name, constraint_name, sqlstate) \
               FROM ferry.import_reject WHERE settled_at IS NULL ORDER BY legacy_key::bigint";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

/// Customers 1 to `count`, `user1@example.com` and so on, each with the MD5 of `password N`.
pub(crate) fn crowd(site: &Site, count: i64) {
    site.db.rows(
        "INSERT INTO legacy.customers (id, email, last, pwd)
         SELECT n, format('user%s@example.com', n), 'Nr ' || n, md5(format('password %s', n)) FROM generate_series(1, $1::bigint) n",
        &[&count],
    );
}

/// A shop without customers whose hashes are plain MD5.
pub(crate) fn md5_shop() -> Site {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.configure_source("shop", "format = 'md5'");
    site
}

#[track_caller]
fn assert_welcome(app: &mut Client, email: &str, password: &str) {
    let answer = login(app, email, password);
    assert_eq!((answer.authenticated, answer.outcome.as_str()), (true, "ok"), "{email}");
}

#[test]
fn everybody_is_moved_and_logs_in_with_the_old_password() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 2500);
    site.db.sql("UPDATE legacy.customers SET email = initcap(email) WHERE id <= 7");
    assert_eq!(import(&site, ""), finished(2500, 2500, 0, 0));
    assert_eq!(site.counts(), (2500, 2500, 0));
    assert_eq!(site.user("user7@example.com", "name").as_deref(), Some("Ann Nr 7"));
    let via: i64 =
        site.db.one("SELECT count(*) FROM ferry.link WHERE via = 'import' AND hash_digest IS NOT NULL", &[]);
    assert_eq!(via, 2500);
    let mut app = site.app();
    assert_eq!(login(&mut app, "user7@example.com", "password 8"), Answer::refused("invalid"));
    assert_welcome(&mut app, "user7@example.com", "password 7");
    let hash = site.user("user7@example.com", "password_hash").unwrap();
    assert!(hash.starts_with("$argon2id$"), "the legacy hash is replaced at the first login");
    assert_welcome(&mut app, "User7@example.com", "password 7");
    assert_eq!(import(&site, ""), finished(2500, 0, 0, 2500));
}

#[test]
fn a_plain_md5_in_the_hash_column_never_opens_anything() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    let hash = site.user("user1@example.com", "password_hash").unwrap();
    assert!(hash.starts_with("$ferry$v=1$"), "{hash}");
    site.db.sql("UPDATE users SET password_hash = md5('password 1')");
    assert_eq!(login(&mut site.app(), "user1@example.com", "password 1"), Answer::refused("invalid"));
}

/// A customer with any hash and salt.
fn add(site: &Site, id: i64, email: &str, hash: Option<&str>, salt: Option<&str>) {
    site.db.rows(
        "INSERT INTO legacy.customers (id, email, pwd, salt) VALUES ($1, $2, $3, $4)",
        &[&id, &email, &hash, &salt],
    );
}

#[test]
fn hashes_that_do_not_describe_themselves_are_verified_after_the_import_and_replaced() {
    need_extension!("pg_ferry");
    // What the source says of its hashes, the SQL of the hash and the salt of a password, the password.
    let cases = [
        ("format = 'md5'", "md5('sécret')", "NULL", "sécret"),
        (
            "format = 'md5(md5($pass).$salt)', salt = 'l.salt'",
            "md5(md5('sécret') || 's4lt')",
            "'s4lt'",
            "sécret",
        ),
        (
            "format = 'sha256($salt.$pass)', salt = 'l.salt', salt_encoding = 'hex'",
            "encode(sha256('\\x00ff'::bytea || convert_to('secret', 'UTF8')), 'hex')",
            "'00ff'",
            "secret",
        ),
        (
            "format = '{hash:hex}:{salt} <- sha256($salt.$pass)'",
            "encode(sha256(convert_to('a:b$c' || 'secret', 'UTF8')), 'hex') || ':a:b$c'",
            "NULL",
            "secret",
        ),
        (
            "format = 'md5($pass.$user)', hash_login = 'upper(l.email)'",
            "md5('secretANN@EXAMPLE.COM')",
            "NULL",
            "secret",
        ),
        ("format = 'sha1', charsets = '{utf-8,latin1}'", "encode(sha256('never'), 'hex')", "NULL", ""),
        (
            "format = 'sha256', charsets = '{utf-8,latin1}'",
            "encode(sha256(convert_to('sécret', 'LATIN1')), 'hex')",
            "NULL",
            "sécret",
        ),
        ("format = 'md5', transforms = '{lower,trim}'", "md5('secret')", "NULL", " SECRET"),
    ];
    for (assignments, hash, salt, password) in cases {
        let site = Site::new();
        site.add_local_source("shop", "customers");
        site.configure_source("shop", assignments);
        site.db.sql(&format!(
            "INSERT INTO legacy.customers (id, email, pwd, salt) SELECT 1, 'Ann@example.com', {hash}, {salt}"
        ));
        let seen = import(&site, "");
        if password.is_empty() {
            assert_eq!(refused(&site), ["1 legacy_hash"], "a SHA-256 is no SHA-1");
            continue;
        }
        assert_eq!(seen, finished(1, 1, 0, 0), "{assignments}: {:?}", refused(&site));
        let stored = site.user("ann@example.com", "password_hash").unwrap();
        assert!(stored.starts_with("$ferry$v=1$") && stored.is_ascii() && !stored.contains(':'), "{stored}");
        let named: String = site.db.one("SELECT format FROM ferry.identify_hash($1)", &[&stored]);
        assert_eq!(named, "envelope");
        assert!(
            site.db.one::<bool>("SELECT ferry.verify_hash($1, $2)", &[&password, &stored]),
            "{assignments}"
        );
        assert!(!site.db.one::<bool>("SELECT ferry.verify_hash('other', $1)", &[&stored]));
        assert!(site.db.one::<bool>("SELECT ferry.needs_rehash($1)", &[&stored]));
        // The legacy system is not needed any more.
        site.db.sql("UPDATE ferry.source SET enabled = false");
        let mut app = site.app();
        assert_eq!(
            login(&mut app, "ann@example.com", "another"),
            Answer::refused("invalid"),
            "{assignments}"
        );
        assert_welcome(&mut app, "ann@example.com", password);
        let stored = site.user("ann@example.com", "password_hash").unwrap();
        assert!(stored.starts_with("$argon2id$"), "{assignments}: {stored}");
        assert_welcome(&mut app, "ann@example.com", password);
    }
}

#[test]
fn a_hash_that_describes_itself_travels_as_it_is() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    let legacy: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    import(&site, "");
    assert_eq!(site.user("ann@example.com", "password_hash"), Some(legacy));
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_welcome(&mut app, "ann@example.com", "ann's secret");
    assert!(site.user("ann@example.com", "password_hash").unwrap().starts_with("$2b$04$"));
}

#[test]
fn a_broken_envelope_opens_nothing_and_raises_nothing() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    let good = site.user("user1@example.com", "password_hash").unwrap();
    let mut app = site.app();
    for broken in [
        "$ferry$".to_string(),
        "$ferry$v=2$e30$eA".to_string(),
        "$ferry$v=1$e30$eA".to_string(),
        "$ferry$v=1$!!$eA".to_string(),
        format!("{good}$more"),
        format!("{}{}", good, "A".repeat(70_000)),
    ] {
        site.db.rows("UPDATE users SET password_hash = $1", &[&broken]);
        assert_eq!(login(&mut app, "user1@example.com", "password 1"), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/target_hash", "{}", &broken[..20.min(broken.len())]);
    }
}

#[test]
fn a_user_without_a_usable_hash_is_moved_and_the_legacy_system_still_decides() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    add(&site, 2, "bob@example.com", None, None);
    add(&site, 3, "cid@example.com", Some("!"), None);
    assert_eq!(import(&site, ""), finished(3, 3, 0, 0));
    let mut app = site.app();
    assert_eq!(login(&mut app, "bob@example.com", ""), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "bob@example.com", "bob's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_locked");
    site.db.rows("UPDATE legacy.customers SET pwd = $1 WHERE id = 2", &[&site.hash("bob's secret")]);
    assert_welcome(&mut app, "bob@example.com", "bob's secret");
    let mut web = site.web();
    let set = "SELECT outcome FROM ferry.set_password('cid@example.com', 'cid''s own')";
    assert_eq!(web.query_one(set, &[]).unwrap().get::<_, &str>(0), "ok");
    assert_welcome(&mut app, "cid@example.com", "cid's own");
}

/// A shop with one row of each kind that is not plain, among plain ones, and the refusals that are due.
fn odd_shop() -> (Site, Vec<&'static str>) {
    let site = md5_shop();
    crowd(&site, 40);
    site.as_owner(
        "ALTER TABLE users ADD points integer CHECK (points < 1000), ADD nick varchar(5), ADD code text NOT NULL DEFAULT 'x';
         ALTER TABLE legacy.customers ADD points integer DEFAULT 1, ADD nick text, ADD code text DEFAULT 'c', ADD spent integer DEFAULT 1;
         INSERT INTO users (id, email) VALUES (900, 'user9@example.com')",
    );
    site.map("shop", "points", "100 / l.spent * l.points");
    site.map("shop", "nick", "l.nick");
    site.map("shop", "code", "l.code");
    site.configure("target", "must_change = 'must_change'");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity, code, message) VALUES
             ('shop', 'not closed', 'l.active', 'reject', 'closed', 'the account is closed'),
             ('shop', 'of age', 'l.id <> 12', 'must_change', NULL, NULL),
             ('shop', 'divides', '10 / (l.id - 13) < 100', 'warn', NULL, NULL);
         UPDATE legacy.customers SET pwd = 'no md5' WHERE id = 3;
         UPDATE legacy.customers SET active = false WHERE id = 4;
         UPDATE legacy.customers SET email = '' WHERE id = 5;
         UPDATE legacy.customers SET email = repeat('x', 2000) WHERE id = 6;
         UPDATE legacy.customers SET email = 'USER2@example.com' WHERE id = 7;
         UPDATE legacy.customers SET spent = 0 WHERE id = 8;
         UPDATE legacy.customers SET nick = 'too long' WHERE id = 10;
         UPDATE legacy.customers SET points = 5000 WHERE id = 11;
         UPDATE legacy.customers SET code = NULL WHERE id = 14;
         UPDATE legacy.customers SET pwd = NULL WHERE id = 15;
         UPDATE legacy.customers SET pwd = (SELECT pwd FROM legacy.customers WHERE id = 17) WHERE id = 16",
    );
    let due = vec![
        "3 legacy_hash",
        "4 rule not closed",
        "5 no_login",
        "6 bad_request",
        "7 exists",
        "8 write_failed points 22012",
        "9 exists",
        "10 write_failed nick 22001",
        "11 write_failed users_points_check 23514",
        "13 rule_failed divides 22012",
        "14 write_failed code 23502",
    ];
    (site, due)
}

/// All users but for ids, which depend on the order, and hashes, which are salted, with how each came.
fn users(site: &Site) -> Vec<String> {
    let sql = "SELECT concat_ws('|', u.email, u.name, u.active, u.must_change, u.points, u.nick, u.code,
                                CASE WHEN u.password_hash LIKE '!%' THEN '!' ELSE left(u.password_hash, 7) END,
                                l.legacy_key, l.via, l.hash_digest IS NOT NULL)
               FROM users u LEFT JOIN ferry.link l ON l.user_id = u.id::text
               ORDER BY u.email";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_bad_row_never_stops_a_batch_and_is_refused_with_its_reason() {
    need_extension!("pg_ferry");
    let (site, due) = odd_shop();
    assert_eq!(import(&site, ""), finished(40, 29, 11, 0), "{:?}", refused(&site));
    assert_eq!(refused(&site), due);
    let sql = "SELECT concat_ws('|', code, message) FROM ferry.import_reject WHERE legacy_key = '4'";
    assert_eq!(site.db.one::<String>(sql, &[]), "closed|the account is closed");
    let sql =
        "SELECT user_id || ' ' || (detail ->> 'found_by') FROM ferry.import_reject WHERE legacy_key = '9'";
    assert_eq!(site.db.one::<String>(sql, &[]), "900 login");
    assert_eq!(site.user("user12@example.com", "must_change").as_deref(), Some("true"));
    let text: String = site.db.one("SELECT string_agg(i::text, '') FROM ferry.import_reject i", &[]);
    assert!(!text.contains("no md5") && !text.contains("too long") && !text.contains("5000"), "{text}");
    let mut app = site.app();
    assert_welcome(&mut app, "user16@example.com", "password 17");
    assert_welcome(&mut app, "user17@example.com", "password 17");
}

#[test]
fn one_by_one_and_all_at_once_come_to_the_same() {
    need_extension!("pg_ferry");
    let (at_once, due) = odd_shop();
    let (singly, _) = odd_shop();
    // A hook is called for each.
    singly.as_owner("CREATE FUNCTION nothing(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'");
    singly.db.sql(
        "INSERT INTO ferry.hook (name, point, function) VALUES ('nothing', 'after_write', 'public.nothing')",
    );
    let (small, _) = odd_shop();
    let (scoped, _) = odd_shop();
    scoped.configure_source("shop", "scope = 'login <> $$nobody$$'");
    let (looked_up, _) = odd_shop();
    looked_up.configure("target", "lookup = '{email}'");
    let run = import(&at_once, "");
    for (site, arguments) in [(&singly, ""), (&small, ", batch_size => 3"), (&scoped, ""), (&looked_up, "")] {
        assert_eq!(import(site, arguments), run);
        // Somebody who cannot be made cannot be looked up either.
        let refused = refused(site).into_iter().map(|line| line.replace("lookup_failed", "write_failed"));
        assert_eq!(refused.collect::<Vec<_>>(), due);
        assert_eq!(users(site), users(&at_once));
    }
}

#[test]
fn a_trigger_that_changes_or_swallows_rows_is_noticed() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 30);
    site.as_owner(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.email = 'user5@example.com' THEN RETURN NULL; END IF;
             IF NEW.email = 'user6@example.com' THEN NEW.password_hash := '!'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER meddle BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
    );
    assert_eq!(import(&site, ""), finished(30, 28, 2, 0));
    assert_eq!(refused(&site), ["5 no_row_written", "6 hash_altered"]);
    assert_eq!(site.counts().0, 28);
    let id: String = site.db.one("SELECT user_id FROM ferry.link WHERE legacy_key = '7'", &[]);
    assert_eq!(site.user("user7@example.com", "id"), Some(id));
}

#[test]
fn those_who_were_refused_are_tried_again_after_mending() {
    need_extension!("pg_ferry");
    let (site, _) = odd_shop();
    import(&site, "");
    site.db.sql(
        "UPDATE legacy.customers SET code = 'c', points = 1, spent = 1, nick = NULL, active = true;
         DELETE FROM legacy.customers WHERE id = 3",
    );
    let retried = import(&site, ", operation => 'retry'");
    assert_eq!(
        (retried.total, retried.done, retried.moved, retried.refused, retried.skipped),
        (11, 11, 5, 5, 1)
    );
    assert_eq!(
        refused(&site),
        ["5 no_login", "6 bad_request", "7 exists", "9 exists", "13 rule_failed divides 22012"]
    );
    // The history of the first run is still there.
    assert_eq!(site.db.count("ferry.import_reject WHERE run = (SELECT min(id) FROM ferry.import_run)"), 11);
}

#[test]
fn rows_of_one_key_are_one_user_and_counted_each() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.as_owner("ALTER TABLE legacy.customers ADD nr bigint");
    crowd(&site, 5);
    site.db.sql("UPDATE legacy.customers SET nr = least(id, 4), pwd = 'damaged'");
    site.configure_source("shop", "key_column = 'nr'");
    import(&site, "");
    let run = import(&site, ", 'retry'");
    assert_eq!((run.done, run.refused, run.skipped), (5, 5, 0));
    site.db.sql("UPDATE legacy.customers SET pwd = md5('x')");
    let run = import(&site, ", 'retry'");
    assert_eq!((run.moved, run.skipped, site.db.count("users")), (4, 1, 4));
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing_else() {
    need_extension!("pg_ferry");
    let (site, _) = odd_shop();
    let before: Vec<String> = users(&site);
    let sequence = "SELECT last_value FROM users_id_seq";
    let last: i64 = site.db.one(sequence, &[]);
    let dry = import(&site, ", dry_run => true");
    assert_eq!((dry.state.as_str(), dry.moved, dry.refused), ("finished", 29, 11));
    assert_eq!((users(&site), site.db.count("ferry.link"), site.db.count("ferry.event")), (before, 0, 0));
    assert_eq!(site.db.one::<i64>(sequence, &[]), last);
    let reasons = "SELECT string_agg(legacy_key || ' ' || reason, ', ' ORDER BY legacy_key::int) FROM ferry.import_reject";
    assert_eq!(
        site.db.one::<String>(reasons, &[]),
        "3 legacy_hash, 4 rule, 5 no_login, 6 bad_request, 7 exists, 8 write_failed, 9 exists, 10 write_failed, 11 write_failed, 13 rule_failed, 14 write_failed"
    );
    assert_eq!(refused(&site), [""; 0], "nobody is refused by a dry run");
    assert_eq!(import(&site, "").moved, 29);
}

#[test]
fn limits_stop_a_run_and_the_next_call_goes_on() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 100);
    let stopped = import(&site, ", max_rows => 30, batch_size => 20");
    assert_eq!((stopped.state.as_str(), stopped.done, stopped.moved), ("stopped", 30, 30));
    assert_eq!(
        site.db.one::<String>("SELECT message FROM ferry.import_run", &[]),
        "max_rows: 30 rows are done"
    );
    let resumed = import(&site, "");
    assert_eq!(resumed, finished(100, 100, 0, 0));
    assert_eq!(site.db.count("ferry.import_run"), 1);
    let site = md5_shop();
    crowd(&site, 100);
    site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id BETWEEN 11 AND 60");
    let stopped = import(&site, ", max_rejects => 25, batch_size => 10");
    assert_eq!((stopped.state.as_str(), stopped.done, stopped.refused), ("stopped", 40, 30));
    site.db.sql("UPDATE legacy.customers SET pwd = md5('mended') WHERE id > 40");
    assert_eq!(import(&site, ", max_rejects => 25"), finished(100, 70, 30, 0));
    // Of an operation that takes people off its list, those who are done still count.
    site.db.sql("UPDATE legacy.customers SET pwd = md5('mended')");
    import(&site, ", 'retry', max_rows => 10");
    assert_eq!(import(&site, ", 'retry'"), finished(30, 30, 0, 0));
    site.db.sql("DELETE FROM legacy.customers WHERE id > 40");
    import(&site, ", 'delete', max_rows => 70");
    let deleted = import(&site, ", 'delete'");
    assert_eq!((deleted.total, deleted.done, deleted.deleted), (100, 100, 60));
    let started = std::time::Instant::now();
    let site = md5_shop();
    crowd(&site, 30);
    import(&site, ", rows_per_second => 10, batch_size => 10");
    assert!(started.elapsed().as_secs_f64() > 2.0, "30 rows at 10 per second took {:?}", started.elapsed());
}

#[test]
fn updates_do_what_the_mappings_say_and_touch_nobody_else() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 20);
    import(&site, ", max_rows => 10");
    let refusal = crate::setup_config::refusal(&mut site.db.client(), "CALL ferry.import('shop', 'upsert')");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.as_str()),
        ("22023", "no mapping of source shop says what an update does")
    );
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    site.as_owner("UPDATE legacy.customers SET last = 'New', email = 'moved@example.com' WHERE id = 3; UPDATE legacy.customers SET last = 'New' WHERE id = 13");
    let hash = site.user("user3@example.com", "password_hash");
    let updated = import(&site, ", 'update'");
    assert_eq!((updated.updated, updated.skipped, updated.moved), (1, 19, 0));
    assert_eq!(site.user("user3@example.com", "name").as_deref(), Some("Ann New"), "the e-mail is kept");
    assert_eq!(site.user("user3@example.com", "password_hash"), hash);
    let both = import(&site, ", 'upsert'");
    assert_eq!((both.updated, both.skipped, both.moved), (0, 10, 10));
    assert_eq!(site.user("user13@example.com", "name").as_deref(), Some("Ann New"));
}

#[test]
fn an_update_that_fails_is_refused_alone() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 20);
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite'");
    import(&site, "");
    site.as_owner(
        "UPDATE legacy.customers SET last = 'Changed' WHERE id > 10;
         UPDATE legacy.customers SET email = 'user2@example.com' WHERE id = 15;
         ALTER TABLE users ADD CHECK (name <> 'Ann Changed' OR id <> 12)",
    );
    let dry = import(&site, ", 'update', dry_run => true");
    assert_eq!((dry.updated, dry.refused, dry.skipped), (8, 2, 10));
    assert_eq!(site.user("user11@example.com", "name").as_deref(), Some("Ann Nr 11"));
    let updated = import(&site, ", 'update'");
    assert_eq!((updated.updated, updated.refused, updated.skipped), (8, 2, 10));
    assert_eq!(
        refused(&site),
        ["12 write_failed users_check 23514", "15 write_failed users_email_key 23505"]
    );
    assert_eq!(import(&site, ", 'retry'").total, 0, "they were moved");
    assert_eq!(import(&site, "").skipped, 20);
    assert_eq!(refused(&site).len(), 2, "only an update settles what an update refused");
    site.as_owner("ALTER TABLE users DROP CONSTRAINT users_check");
    assert_eq!(import(&site, ", 'update'").updated, 1);
    assert_eq!(refused(&site), ["15 write_failed users_email_key 23505"]);
}

#[test]
fn only_what_changed_since_is_looked_at() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 20);
    let call = "CALL ferry.import('shop', changed_since => '2024-05-01')";
    let refusal = crate::setup_config::refusal(&mut site.db.client(), call);
    assert_eq!(refusal.message, "source shop does not say when a row was changed");
    site.as_owner(
        "ALTER TABLE legacy.customers ADD changed timestamptz DEFAULT '2024-01-01';
         UPDATE legacy.customers SET changed = '2024-05-01 00:00+00' WHERE id IN (3, 4)",
    );
    site.configure_source("shop", "changed_at = 'l.changed'");
    site.db.sql("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German, DMY'");
    assert_eq!(import(&site, ", changed_since => '01.05.2024 09:00'"), finished(2, 2, 0, 0));
    assert_eq!(import(&site, ", changed_since => '01.05.2024 10:00'"), finished(0, 0, 0, 0));
}

#[test]
fn those_gone_from_the_source_are_deleted_but_never_because_it_is_empty() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 30);
    import(&site, "");
    site.as_owner("CREATE TABLE orders (user_id bigint REFERENCES users); INSERT INTO orders SELECT id FROM users WHERE email = 'user3@example.com'");
    site.db.sql("DELETE FROM legacy.customers WHERE id IN (3, 4, 5)");
    let dry = import(&site, ", 'delete', dry_run => true");
    assert_eq!((dry.deleted, dry.refused, site.counts().0), (2, 1, 30));
    let deleted = import(&site, ", 'delete', batch_size => 7");
    assert_eq!((deleted.total, deleted.deleted, deleted.refused, deleted.skipped), (30, 2, 1, 27));
    assert_eq!(refused(&site), ["3 write_failed orders_user_id_fkey 23503"]);
    assert_eq!((site.counts().0, site.db.count("ferry.link WHERE tombstone")), (28, 2));
    // They do not come back.
    site.db.sql(
        "INSERT INTO legacy.customers (id, email, pwd) VALUES (4, 'user4@example.com', md5('password 4'))",
    );
    assert_eq!(login(&mut site.app(), "user4@example.com", "password 4"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/forgotten");
    assert_eq!(import(&site, "").moved, 0);
    site.db.sql("DELETE FROM legacy.customers");
    let refusal = crate::setup_config::refusal(&mut site.db.client(), "CALL ferry.import('shop', 'delete')");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.as_str()),
        ("55000", "source shop has no rows: nobody is deleted or deactivated for that")
    );
    assert_eq!(site.counts().0, 28);
}

#[test]
fn users_who_are_here_are_adopted_refused_or_reviewed_and_keep_their_own_password() {
    need_extension!("pg_ferry");
    let make = |adopt: &str, verified: bool| {
        let site = md5_shop();
        crowd(&site, 4);
        site.db.rows(
            "INSERT INTO users (id, email, password_hash) VALUES (101, 'user1@example.com', $1), (102, 'user2@example.com', NULL)",
            &[&site.hash("set here")],
        );
        site.configure("target", &format!("adopt = '{adopt}'"));
        if verified {
            site.configure("target", "verified = 'true'");
            site.configure_source("shop", "verified = 'true'");
        }
        site
    };
    let site = make("refuse", true);
    assert_eq!(import(&site, ""), finished(4, 2, 2, 0));
    assert_eq!(refused(&site), ["1 exists", "2 exists"]);
    let site = make("locked", false);
    assert_eq!(import(&site, ""), finished(4, 3, 1, 0));
    assert_eq!(refused(&site), ["1 exists"]);
    assert_welcome(&mut site.app(), "user2@example.com", "password 2");
    // Nobody has shown the legacy password, so that an address alone is not enough.
    let site = make("any", false);
    assert_eq!(import(&site, ""), finished(4, 3, 1, 0));
    assert_eq!(refused(&site), ["1 review"]);
    assert_eq!(site.db.one::<String>("SELECT reason FROM ferry.review", &[]), "unverified");
    site.db.sql("UPDATE ferry.review SET decision = 'adopt'");
    assert_eq!(import(&site, ", 'retry'").moved, 1);
    let site = make("any", true);
    assert_eq!(import(&site, ""), finished(4, 4, 0, 0));
    assert_eq!(site.db.count("users"), 4);
    let mut app = site.app();
    assert_eq!(login(&mut app, "user1@example.com", "password 1"), Answer::refused("invalid"));
    assert_welcome(&mut app, "user1@example.com", "set here");
    assert_welcome(&mut app, "user2@example.com", "password 2");
    assert_eq!(site.db.count("ferry.link WHERE via = 'adopt'"), 2);
}

#[test]
fn the_lookup_of_the_target_finds_whom_a_login_does_not() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 10);
    site.as_owner("ALTER TABLE users ADD legacy_id text; INSERT INTO users (email, legacy_id) VALUES ('renamed@example.com', '3')");
    site.map("shop", "legacy_id", "l.id::text");
    site.configure("target", "lookup = '{legacy_id}', adopt = 'locked'");
    assert_eq!(import(&site, ""), finished(10, 10, 0, 0));
    assert_eq!((site.db.count("users"), site.db.count("ferry.link WHERE via = 'adopt'")), (10, 1));
    assert_welcome(&mut site.app(), "renamed@example.com", "password 3");
}

#[test]
fn progress_reconciles_to_the_row() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 50);
    site.add_local_source("other", "others");
    let mut app = site.app();
    for n in 1..=3 {
        assert_eq!(
            login(&mut app, &format!("user{n}@example.com"), &format!("password {n}")).outcome,
            "migrated"
        );
    }
    site.db.rows("SELECT ferry.migrate_login('user4@example.com')", &[]);
    site.db.rows("SELECT ferry.forget_login('user5@example.com')", &[]);
    site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id IN (6, 7)");
    import(&site, ", max_rows => 30");
    let line = |source: &str| -> String {
        let sql = format!(
            "SELECT concat_ws(' ', legacy_total, moved_by_login, moved_by_import, moved_otherwise, refused, tombstoned, remaining,
                              last_24_hours, is_importing, projected_end > now())
             FROM ferry.progress WHERE source {source}"
        );
        site.db.one(&sql, &[])
    };
    assert_eq!(line("= 'shop'"), "50 3 23 1 2 1 20 27 f t");
    assert_eq!(line("IS NULL"), "50 3 23 1 2 1 20 27 f t");
    assert_eq!(line("= 'other'"), "0 0 0 0 0 0 f");
    // How many remain of a source that was never counted, nobody knows.
    let link = "INSERT INTO ferry.link (source, legacy_key, target, user_id, via) VALUES ('other', '1', 'default', '0', 'login')";
    site.db.sql(link);
    assert_eq!(line("= 'other'"), "1 0 0 0 0 1 f");
    site.db.sql("DELETE FROM ferry.link WHERE source = 'other'");
    // All are there when the slowest source is done, and nobody knows when while one stands still.
    site.db.sql(
        "INSERT INTO ferry.import_run (source, target, operation, dry_run, parameters, state, source_total, total, started_at, called_at, ended_at, pid)
         VALUES ('other', 'default', 'insert', true, '{}', 'finished', 5, 5, now(), now(), now(), 0)",
    );
    assert_eq!(line("IS NULL"), "55 3 23 1 2 1 25 27 f");
    site.db.sql(link);
    let slowest = "SELECT min(projected_end) < max(projected_end)
                          AND max(projected_end) FILTER (WHERE source IS NULL) = max(projected_end) FILTER (WHERE source = 'other')
                   FROM ferry.progress";
    assert!(site.db.one::<bool>(slowest, &[]));
    site.db.sql(
        "DELETE FROM ferry.link WHERE source = 'other'; DELETE FROM ferry.import_run WHERE source = 'other'",
    );
    site.db.sql("UPDATE legacy.customers SET pwd = md5('x') WHERE id = 6");
    assert_eq!(login(&mut app, "user6@example.com", "x").outcome, "migrated");
    import(&site, "");
    assert_eq!(line("= 'shop'"), "50 4 43 1 1 1 0 48 f");
    assert_eq!(site.db.count("users"), 48);
}

#[test]
fn what_cannot_be_imported_is_said_before_anything_is_done() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 3);
    let refusal = |call: &str| {
        let refusal = crate::setup_config::refusal(&mut site.db.client(), call);
        assert!(!refusal.hint.is_empty(), "{refusal:?}");
        format!("{} {}", refusal.state, refusal.message)
    };
    let cases = [
        ("CALL ferry.import('shopp')", "22023 there is no source \"shopp\""),
        ("CALL ferry.import(NULL)", "22023 there is no source \"\""),
        ("CALL ferry.import('shop', 'merge')", "22023 unknown operation \"merge\" of an import"),
        ("CALL ferry.import('shop', batch_size => 0)", "22023 batch_size of ferry.import is out of range"),
        ("CALL ferry.import('shop', max_rows => -1)", "22023 max_rows of ferry.import is out of range"),
        ("CALL ferry.import('shop', 'retry', key_from => '1')", "22023 operation retry takes no range"),
        (
            "CALL ferry.import('shop', key_from => 'one')",
            "22023 key_from: \"one\" is no value of type bigint, which the legacy key of source shop has",
        ),
        ("BEGIN; CALL ferry.import('shop')", "25001 ferry.import cannot run inside a transaction block"),
        ("SELECT 1; CALL ferry.import('shop')", "25001 ferry.import cannot run inside a transaction block"),
    ];
    for (call, said) in cases {
        assert_eq!(refusal(call), said);
    }
    site.as_owner("ALTER TABLE users ALTER password_hash TYPE varchar(60)");
    assert_eq!(
        refusal("CALL ferry.import('shop')"),
        "22023 column \"password_hash\" of public.users is too short for the hashes of source shop"
    );
    site.configure_source("shop", "enabled = false");
    assert_eq!(refusal("CALL ferry.import('shop')"), "55000 source shop is not enabled");
    assert_eq!((site.db.count("ferry.import_run"), site.db.count("users")), (0, 0));
}

#[test]
fn only_an_admin_imports_and_sees_the_runs() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    let mut app = site.app();
    for statement in [
        "CALL ferry.import('shop')",
        "SELECT ferry._import_begin('shop', 'insert', 1, 1, 1, 1, NULL, NULL, NULL, false, true)",
        "SELECT ferry._import_batch(1)",
        "SELECT FROM ferry.import_run",
        "SELECT FROM ferry.import_reject",
        "SELECT FROM ferry.progress",
    ] {
        let refusal = crate::setup_config::refusal(&mut app, statement);
        assert_eq!(refusal.state, "42501", "{statement}");
    }
    let admin = site.db.role("dba");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let mut admin = site.db.client_as(&admin);
    admin.batch_execute("CALL ferry.import('shop')").unwrap();
    let moved: i64 = admin.query_one("SELECT moved FROM ferry.import_run", &[]).unwrap().get(0);
    assert_eq!(moved, 1);
    admin.query_one("SELECT is_importing FROM ferry.progress WHERE source = 'shop'", &[]).unwrap();
    for statement in ["UPDATE ferry.import_run SET state = 'running'", "DELETE FROM ferry.import_reject"] {
        assert_eq!(crate::setup_config::refusal(&mut admin, statement).state, "42501");
    }
}

#[test]
fn twenty_thousand_are_moved_by_few_statements() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 20_000);
    site.as_owner(
        "CREATE SEQUENCE inserts;
         CREATE FUNCTION count_inserts() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.inserts'); RETURN NULL; END$$;
         CREATE TRIGGER count_inserts AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION count_inserts()",
    );
    assert_eq!(import(&site, ", batch_size => 2000"), finished(20_000, 20_000, 0, 0));
    let inserts: i64 = site.db.one("SELECT last_value FROM inserts", &[]);
    assert!(inserts <= 20, "{inserts} statements");
}

#[test]
fn unmigrate_login_takes_an_import_back() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    import(&site, "");
    site.db.rows("SELECT ferry.unmigrate_login('ann@example.com')", &[]);
    assert_eq!((site.db.count("users"), site.db.count("ferry.link")), (0, 0));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn child_rows_and_hooks_count_as_they_do_at_a_login() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 10);
    site.db.sql(&format!("CREATE SCHEMA app AUTHORIZATION {}", site.db.owner()));
    site.as_owner(
        "CREATE TABLE roles (user_id bigint REFERENCES users, role text);
         CREATE TABLE app.outbox (message jsonb);
         CREATE FUNCTION app.rename(context jsonb) RETURNS jsonb LANGUAGE sql
             AS $$ SELECT jsonb_build_object('row', jsonb_build_object('name', 'by hook')) $$;
         CREATE FUNCTION app.refuse(context jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
         BEGIN
             IF context ->> 'legacy_key' = '4' THEN RAISE EXCEPTION 'not this one'; END IF;
             INSERT INTO app.outbox VALUES (context); RETURN NULL;
         END $$",
    );
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows)
         VALUES ('shop', 'roles', 'roles', 'user_id', $$SELECT 'customer' AS role WHERE l.id <> 3$$);
         INSERT INTO ferry.hook (name, point, function) VALUES
             ('rename', 'before_write', 'app.rename'), ('refuse', 'after_write', 'app.refuse')",
    );
    let run = import(&site, "");
    assert_eq!((run.moved, run.refused), (9, 1), "{:?}", refused(&site));
    assert_eq!(site.db.one::<String>("SELECT detail ->> 'hook' FROM ferry.import_reject", &[]), "refuse");
    assert_eq!(site.db.count("users WHERE name = 'by hook'"), 9);
    assert_eq!((site.db.count("roles"), site.db.count("app.outbox")), (8, 9));
}

#[test]
fn a_text_of_config_that_names_columns_without_their_row_means_the_legacy_row() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 5);
    site.db.sql(
        "UPDATE ferry.source SET hash = 'pwd', login_columns = '{lower(email)}', filter = 'active';
         UPDATE ferry.mapping SET expression = 'lower(email)' WHERE target_column = 'email';
         UPDATE ferry.mapping SET expression = $$first || last$$ WHERE target_column = 'name'",
    );
    site.as_owner("CREATE TYPE kind AS ENUM ('old', 'new'); ALTER TABLE users ADD kind kind");
    site.map("shop", "kind", "'old'");
    assert_eq!(import(&site, ""), finished(5, 5, 0, 0), "{:?}", refused(&site));
    assert_eq!(site.db.count("users WHERE kind = 'old'"), 5);
    let singly: i64 = site.db.one("SELECT count(DISTINCT xmin::text) FROM users", &[]);
    assert_eq!(singly, 1, "they were written by one statement");
}

/// Of each statement one row is let in, and no other: users go one by one.
pub(crate) fn let_one_row_in_at_a_time(site: &Site) {
    site.as_owner(
        "CREATE FUNCTION begin_count() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM set_config('meddle.rows', '0', true); RETURN NULL; END $$;
         CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN
                 IF set_config('meddle.rows', (current_setting('meddle.rows')::int + 1)::text, true) = '1' THEN RETURN NEW; END IF;
                 RETURN NULL;
             END $$;
         CREATE TRIGGER begin_count BEFORE INSERT ON users EXECUTE FUNCTION begin_count();
         CREATE TRIGGER meddle BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
    );
}

#[test]
fn more_odd_rows_than_one_transaction_takes_are_done_in_several() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 900);
    site.db.sql(
        "UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name';
         INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'odd', 'l.id % 2 = 0', 'warn')",
    );
    import(&site, ", max_rows => 100");
    site.as_owner("UPDATE legacy.customers SET last = 'New' WHERE id <= 50");
    let run = import(&site, ", 'upsert'");
    assert_eq!((run.done, run.moved, run.updated, run.skipped), (900, 800, 50, 50));
    let most: i64 = site.db.one(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM ferry.event WHERE kind = 'import' GROUP BY xmin::text) e",
        &[],
    );
    let batches: i64 = site.db.one("SELECT batches FROM ferry.import_run WHERE operation = 'upsert'", &[]);
    assert_eq!(
        (most, batches > 1),
        (1, true),
        "each odd one is a subtransaction, and not all of one transaction"
    );
    // Where nobody can be told from many, each goes alone.
    let site = md5_shop();
    crowd(&site, 600);
    let_one_row_in_at_a_time(&site);
    assert_eq!(import(&site, ""), finished(600, 600, 0, 0));
}

#[test]
fn an_adopted_user_without_a_password_on_either_side_waits_for_the_legacy_one() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    site.db.sql("UPDATE legacy.customers SET pwd = NULL; INSERT INTO users (id, email) VALUES (42, 'ann@example.com')");
    site.configure("target", "adopt = 'locked'");
    assert_eq!(import(&site, ""), finished(1, 1, 0, 0));
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_locked");
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash("ann's secret")]);
    assert_welcome(&mut app, "ann@example.com", "ann's secret");
    site.db.sql("UPDATE users SET password_hash = '!'");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/locked", "who is locked here stays so");
}

//! Weak hashes at rest, wrapped: nothing weak is left, everybody still gets in, and nobody else does.

use crate::concurrency::await_true;
use crate::setup::{Answer, Site, login};
use crate::setup_config::refusal;
use ferry_tests::sqlstate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) const CALL: &str = "CALL ferry.wrap_hashes(no_other_checks => true, cpu_share => 1)";

/// Formats whose strings say what they are.
const WRAP: [&str; 12] = [
    "apr1",
    "bsdicrypt",
    "django-md5",
    "django-sha1",
    "drupal7",
    "ldap-md5",
    "ldap-sha",
    "ldap-ssha",
    "md5crypt",
    "mysql41",
    "phpass",
    "sha1crypt",
];

/// A line of `crates/legacy-hash/tests/vectors` of each of these formats: the password, and the hash.
fn genuine(formats: &[&str]) -> BTreeMap<String, (String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/legacy-hash/tests/vectors");
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = if file.is_file() { std::fs::read_to_string(&file).unwrap() } else { String::new() };
        for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            let password = password_of(&text("password_hex"));
            if formats.contains(&text("format").as_str()) && password.len() > 3 {
                found.entry(text("format")).or_insert((password, text("hash")));
            }
        }
    }
    assert_eq!(found.len(), formats.len(), "{:?}", found.keys());
    found
}

/// The password, if it is printable ASCII.
fn password_of(hex: &str) -> String {
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    String::from_utf8(bytes.collect())
        .ok()
        .filter(|text| text.chars().all(|c| c.is_ascii_graphic()))
        .unwrap_or_default()
}

pub(crate) fn add_user(site: &Site, email: &str, hash: &str) {
    site.db.rows("INSERT INTO users (email, password_hash) VALUES ($1, $2)", &[&email, &hash]);
}

pub(crate) fn hash(site: &Site, email: &str) -> String {
    site.user(email, "password_hash").unwrap()
}

/// Users `user1@example.com` and so on, each with the MD5 of `password N`, as directories store it.
pub(crate) fn crowd(site: &Site, count: i64) {
    site.db.rows(
        "INSERT INTO users (email, password_hash)
         SELECT 'user' || n || '@example.com', '{MD5}' || encode(decode(md5('password ' || n), 'hex'), 'base64')
         FROM generate_series(1, $1::bigint) n",
        &[&count],
    );
}

/// Wraps, and tells what whoever watches in psql sees.
pub(crate) fn notices(site: &Site) -> String {
    let output = site.db.psql(&format!("SET client_min_messages = notice; {CALL};"));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn unwrapped(site: &Site) -> i64 {
    site.db.one("SELECT count(*) FROM users WHERE password_hash NOT LIKE '$ferry-wrapped$%'", &[])
}

#[test]
fn no_weak_hash_is_left_at_rest_and_everybody_logs_in_as_before() {
    let site = Site::new();
    let users = genuine(&WRAP);
    for (format, (_, hash)) in &users {
        add_user(&site, &format!("{format}@example.com"), hash);
    }
    site.db.sql(CALL);
    assert_eq!(unwrapped(&site), 0);
    let mut app = site.app();
    for (format, (password, old)) in &users {
        let email = format!("{format}@example.com");
        let wrapped = hash(&site, &email);
        let needs: bool = site.db.one("SELECT ferry.needs_rehash($1)", &[&wrapped]);
        let named: String = site.db.one("SELECT format FROM ferry.identify_hash($1)", &[&wrapped]);
        assert_eq!((needs, named.as_str()), (true, "ferry-wrapped"));
        // Whoever has stolen the old table has no password of it.
        let digest = old.rsplit(['$', '}', '*']).next().unwrap();
        for wrong in [format!("x{password}"), old.clone(), digest.to_string(), wrapped.clone()] {
            assert_eq!(login(&mut app, &email, &wrong), Answer::refused("invalid"), "{format}");
        }
        assert_eq!(hash(&site, &email), wrapped, "a wrong password writes nothing");
        assert_eq!(login(&mut app, &email, password).outcome, "ok", "{format}");
        assert!(hash(&site, &email).starts_with("$argon2id$"), "it is a plain modern hash now");
        assert_eq!(login(&mut app, &email, password).outcome, "ok", "{format}");
    }
}

#[test]
fn what_cannot_or_need_not_be_wrapped_stays_as_it_is_and_is_told() {
    let site = Site::new();
    let scram = genuine(&["postgres-scram-sha256", "phpass"]);
    let others = [
        ("strong", site.hash("secret")),
        ("bcrypt", site.db.one("SELECT ferry.hash_password('secret', 'bcrypt:cost=10')", &[])),
        ("locked", "!".to_string()),
        ("unnamed", "5ebe2294ecd0e0f08eab7690d2a6ee69".to_string()),
        ("unknown", "what is this".to_string()),
        ("scram", scram["postgres-scram-sha256"].1.clone()),
    ];
    for (name, hash) in &others {
        add_user(&site, name, hash);
    }
    site.db.sql("INSERT INTO users (email) VALUES ('nothing')");
    add_user(&site, "phpass", &scram["phpass"].1);
    // What one user's row objects to does not keep the others of the batch from being wrapped.
    crowd(&site, 1);
    site.as_owner("ALTER TABLE users ADD CHECK (email NOT LIKE 'user1@%' OR password_hash LIKE '{MD5}%')");
    let told = notices(&site);
    let expected = "of 8 hashes: 1 wrapped (phpass 1), 3 left as they are (locked 1, strong enough 2), \
                    4 not wrapped (SQLSTATE 23514 1, postgres-scram-sha256: the string holds a second digest of the same password 1, \
                    several password hash formats have this shape 1, unknown password hash format 1)";
    assert!(told.contains(expected), "{told}");
    for (name, before) in &others {
        assert_eq!(&hash(&site, name), before, "{name}");
    }
    assert!(told.contains("HINT:  Of a format that does not wrap: the next login"), "{told}");
    assert!(told.contains("ferry.identify_hash tells what it may be"), "{told}");
    // The second time only the others are looked at.
    let told = notices(&site);
    assert!(told.contains("of 7 hashes: 0 wrapped, 3 left"), "{told}");
}

#[test]
fn bcrypt_of_low_cost_is_wrapped() {
    let site = Site::new();
    let weak: String = site.db.one("SELECT ferry.hash_password('secret', 'bcrypt:cost=4')", &[]);
    add_user(&site, "ann", &weak);
    site.db.sql(CALL);
    assert_eq!(unwrapped(&site), 0);
    assert_eq!(login(&mut site.app(), "ann", "secret").outcome, "ok");
}

#[test]
fn what_costs_less_than_the_policy_is_wrapped_whatever_the_policy() {
    for (policy, weaker, good) in [
        ("argon2id:m=16,t=1,p=1", "argon2id:m=8,t=1,p=1", "argon2id:m=16,t=1,p=1"),
        ("bcrypt:cost=5", "bcrypt:cost=4", "bcrypt:cost=5"),
        ("scrypt:ln=4,r=1,p=1", "django-pbkdf2-sha256:iterations=10", "scrypt:ln=4,r=1,p=1"),
        ("django-pbkdf2-sha256:iterations=20", "django-pbkdf2-sha256:iterations=19", "argon2id:m=8,t=1,p=1"),
    ] {
        let site = Site::new();
        site.configure("target", &format!("hash_policy = '{policy}'"));
        let made = |by: &str| -> String { site.db.one("SELECT ferry.hash_password('secret', $1)", &[&by]) };
        add_user(&site, "weaker", &made(weaker));
        add_user(&site, "good", &made(good));
        let before = hash(&site, "good");
        site.db.sql(CALL);
        assert!(hash(&site, "weaker").starts_with("$ferry-wrapped$"), "{policy}");
        assert_eq!(hash(&site, "good"), before, "{policy}");
        let mut app = site.app();
        for who in ["weaker", "good"] {
            assert_eq!(login(&mut app, who, "Secret").outcome, "invalid", "{policy}");
            assert_eq!(login(&mut app, who, "secret").outcome, "ok", "{policy}");
            let rest = "SELECT ferry.needs_rehash(password_hash, $1) FROM users WHERE email = $2";
            assert!(!site.db.one::<bool>(rest, &[&policy, &who]), "{who} under {policy}");
        }
    }
}

#[test]
fn that_nobody_else_checks_the_hashes_is_said_once() {
    let site = Site::new();
    crowd(&site, 3);
    let error = site.db.try_sql("CALL ferry.wrap_hashes()").unwrap_err();
    let hint = error.as_db_error().unwrap().hint().unwrap_or_default().to_string();
    // As the hint says.
    let update = hint.find("UPDATE ferry.target").expect(&hint);
    site.db.sql(hint[update..].trim_end_matches('.'));
    // The call has the last word.
    let error = site.db.try_sql("CALL ferry.wrap_hashes(no_other_checks => false)").unwrap_err();
    assert_eq!((sqlstate(&error), unwrapped(&site)), ("55000", 3));
    site.db.sql("CALL ferry.wrap_hashes('default')");
    assert_eq!(unwrapped(&site), 0);
}

#[test]
fn where_others_check_hashes_only_what_they_could_not_read_is_wrapped() {
    let site = Site::shop();
    site.db.sql("UPDATE legacy.customers SET pwd = md5('ann''s secret')");
    site.configure_source("shop", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop')");
    crowd(&site, 2);
    let (imported, others) = (hash(&site, "ann@example.com"), hash(&site, "user1@example.com"));
    let output = site.db.psql("SET client_min_messages = notice; CALL ferry.wrap_hashes(cpu_share => 1);");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "of 3 hashes: 1 wrapped (md5($pass) 1), 0 left as they are, 2 not wrapped (ldap-md5: others may check it 2)";
    assert!(told.contains(expected) && told.contains("SET no_other_checks = true"), "{told}");
    assert_ne!(hash(&site, "ann@example.com"), imported);
    assert_eq!(hash(&site, "user1@example.com"), others);
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret!").outcome, "invalid");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn the_steps_do_nothing_by_themselves() {
    let site = Site::new();
    crowd(&site, 1);
    let error = site.db.client().batch_execute("SELECT ferry._wrap_rows(NULL, 10)").unwrap_err();
    assert_eq!((sqlstate(&error), unwrapped(&site)), ("55000", 1));
}

#[test]
fn the_legacy_system_still_decides_about_a_wrapped_user_where_it_did() {
    let site = Site::shop();
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.configure(
        "target",
        "hash_policy = 'argon2id:m=8,t=1,p=1', on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'",
    );
    site.db.sql(CALL);
    assert!(hash(&site, "ann@example.com").starts_with("$ferry-wrapped$"));
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash("changed there")]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong").outcome, "invalid");
    assert_eq!(login(&mut site.app(), "ann@example.com", "changed there").outcome, "ok");
}

/// Of whom a link has the digest of a hash, and whether it is that of the hash they have.
fn digests(site: &Site) -> Vec<String> {
    let query = "SELECT concat_ws(' ', c.email, l.target, CASE l.hash_digest
                                       WHEN encode(sha256(convert_to(u.password_hash, 'UTF8')), 'hex') THEN 'theirs'
                                       WHEN '' THEN 'none' ELSE 'another' END)
                 FROM ferry.link l JOIN legacy.customers c ON c.id::text = l.legacy_key LEFT JOIN users u ON u.id::text = l.user_id
                 WHERE l.hash_digest IS NOT NULL ORDER BY 1";
    site.db.rows(query, &[]).iter().map(|row| row.get(0)).collect()
}

/// Ann and others, imported with the MD5 of `a secret`; Eve was here before.
fn imported() -> Site {
    let site = Site::shop();
    site.db.sql(
        "INSERT INTO legacy.customers (email)
         SELECT n || '@example.com' FROM unnest('{bob,carol,dave,eve}'::text[]) n;
         UPDATE legacy.customers SET pwd = md5('a secret');
         INSERT INTO users (email) VALUES ('eve@example.com')",
    );
    site.configure("target", "adopt = 'locked', must_change = 'must_change', no_other_checks = true");
    site.configure_source("shop", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop')");
    site
}

#[test]
fn no_digest_is_left_of_a_weak_hash_that_is_no_more() {
    let site = imported();
    let strong = site.hash("another secret");
    site.db.rows("UPDATE users SET password_hash = $1 WHERE email ~ '^(ann|eve)@'", &[&strong]);
    site.db.sql(
        "UPDATE users SET password_hash = NULL WHERE email ~ '^bob@'; DELETE FROM users WHERE email ~ '^carol@'",
    );
    let told = |who: &str, what: &str| format!("{who}@example.com default {what}");
    let another = ["ann", "bob", "carol"].map(|who| told(who, "another"));
    let before = [another.as_slice(), &[told("dave", "theirs"), told("eve", "another")]].concat();
    assert_eq!(digests(&site), before);
    site.db.sql(CALL);
    assert_eq!(digests(&site), [told("dave", "theirs"), told("eve", "none")]);
    assert_eq!(login(&mut site.app(), "dave@example.com", "a secret").outcome, "ok");
    site.db.sql(CALL);
    assert_eq!(digests(&site), [told("dave", "theirs"), told("eve", "none")]);
}

#[test]
fn whom_a_policy_hides_is_not_taken_for_gone() {
    let site = imported();
    let before = digests(&site);
    site.as_owner(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY most ON users USING (email !~ '^bob@') WITH CHECK (true)",
    );
    site.db.sql(CALL);
    site.as_owner("DROP POLICY most ON users; CREATE POLICY everybody ON users USING (true)");
    assert_eq!(digests(&site), before);
    assert_eq!(login(&mut site.app(), "bob@example.com", "a secret").outcome, "ok");
}

#[test]
fn a_hash_that_one_target_wraps_is_known_to_another_of_the_same_table() {
    let site = imported();
    site.db.sql(
        "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         SELECT 'byname', relation, id_column, '{name}', hash_column, hash_policy FROM ferry.target;
         CREATE TABLE others AS TABLE users;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, run_as)
         SELECT 'others', 'public.others', id_column, login_columns, hash_column, hash_policy, CURRENT_USER
         FROM ferry.target WHERE name = 'default';
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via, hash_digest)
         SELECT 'other', legacy_key, 'others', user_id, via, hash_digest FROM ferry.link WHERE legacy_key = '1';
         INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'long enough', 'p.length >= 100', 'must_change')",
    );
    site.db.sql("CALL ferry.wrap_hashes('byname', no_other_checks => true, cpu_share => 1)");
    let told = |who: &str| format!("{who}@example.com default theirs");
    let ours = ["ann", "bob", "carol", "dave", "eve"].map(told);
    // The user of that id in another table is somebody else.
    let expected: Vec<String> =
        [&ours[..1], &["ann@example.com others another".to_string()], &ours[1..]].concat();
    assert_eq!(digests(&site), expected);
    assert!(login(&mut site.app(), "ann@example.com", "a secret").must_change);
    site.db.sql("UPDATE users SET name = 'bob' WHERE email ~ '^bob@'; SELECT ferry.set_password('bob', 'Brand-new-1', 'byname')");
    assert!(!digests(&site).contains(&told("bob")), "{:?}", digests(&site));
    assert_eq!(digests(&site).len(), 5);
}

#[test]
fn what_an_import_has_brought_is_wrapped_within_its_envelope() {
    let site = Site::shop();
    site.db
        .sql("UPDATE legacy.customers SET salt = 'pepper and', pwd = md5('pepper and' || 'ann''s secret')");
    site.configure_source("shop", "format = 'md5($salt.$pass)', salt = 'l.salt'");
    site.db.sql("CALL ferry.import('shop')");
    let imported = hash(&site, "ann@example.com");
    let told = notices(&site);
    assert!(told.contains("of 1 hashes: 1 wrapped (md5($salt.$pass) 1)"), "{told}");
    let wrapped = hash(&site, "ann@example.com");
    assert_ne!(imported, wrapped);
    let sql = "SELECT string_agg(result, '; ') FROM ferry.explain_login('ann@example.com')";
    let told: String = site.db.one(sql, &[]);
    assert!(told.contains("md5($salt.$pass), wrapped"), "{told}");
    let digest: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    for wrong in ["ann's secre", "ann's secret ", &digest, &imported] {
        assert_eq!(login(&mut site.app(), "ann@example.com", wrong), Answer::refused("invalid"));
    }
    // A second call leaves it as it is.
    let told = notices(&site);
    assert!(told.contains("of 1 hashes: 0 wrapped, 1 left as they are (strong enough 1)"), "{told}");
    assert_eq!(hash(&site, "ann@example.com"), wrapped);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
    assert!(hash(&site, "ann@example.com").starts_with("$argon2id$"));
}

#[test]
fn explain_login_names_what_is_wrapped() {
    let site = Site::new();
    crowd(&site, 1);
    site.db.sql(CALL);
    let sql = "SELECT string_agg(result, '; ') FROM ferry.explain_login('user1@example.com', 'password 1')";
    let told: String = site.db.one(sql, &[]);
    assert!(told.contains("is of ldap-md5, wrapped"), "{told}");
}

#[test]
fn it_is_refused_at_once_where_it_would_lock_people_out() {
    let site = Site::new();
    crowd(&site, 1);
    let before = hash(&site, "user1@example.com");
    let refused = |call: &str| {
        let error = site.db.try_sql(call).unwrap_err();
        let error = error.as_db_error().unwrap().clone();
        assert!(error.hint().is_some());
        (error.code().code().to_string(), error.message().to_string())
    };
    let (state, message) = refused("CALL ferry.wrap_hashes()");
    assert_eq!(
        (state.as_str(), message.as_str()),
        ("55000", "target default: wrapped hashes can be checked by pg_ferry alone")
    );
    for wrong in
        ["batch_size => 0", "batch_size => NULL", "cpu_share => 0", "cpu_share => 1.5", "cpu_share => 'NaN'"]
    {
        assert_eq!(
            refused(&format!("CALL ferry.wrap_hashes(no_other_checks => true, {wrong})")).0,
            "22023",
            "{wrong}"
        );
    }
    assert_eq!(refused("CALL ferry.wrap_hashes('nowhere', no_other_checks => true)").0, "22023");
    site.db.sql(&format!("CREATE SCHEMA own AUTHORIZATION {}", site.db.owner()));
    site.as_owner("CREATE DOMAIN own.hash AS varchar(128); CREATE DOMAIN own.secret AS own.hash");
    for short in ["varchar(128)", "own.hash", "own.secret"] {
        site.as_owner(&format!("ALTER TABLE users ALTER password_hash TYPE {short}"));
        let (state, message) = refused(CALL);
        let expected = "target default: column \"password_hash\" of public.users takes 128 characters, too few for wrapped hashes";
        assert_eq!((state.as_str(), message.as_str()), ("55000", expected), "{short}");
    }
    assert_eq!(hash(&site, "user1@example.com"), before);
    // The hint works when followed.
    site.as_owner("ALTER TABLE users ALTER COLUMN \"password_hash\" TYPE text");
    site.db.sql(CALL);
    assert_eq!(unwrapped(&site), 0);
}

#[test]
fn a_call_within_a_transaction_changes_nothing() {
    let site = Site::new();
    crowd(&site, 3);
    let mut client = site.db.client();
    client.batch_execute("BEGIN").unwrap();
    let refused = refusal(&mut client, CALL);
    let expected = "ferry.wrap_hashes cannot run inside a transaction block";
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("25001", expected));
    client.batch_execute("ROLLBACK; SET default_transaction_read_only = on").unwrap();
    assert_eq!(refusal(&mut client, CALL).message, "ferry.wrap_hashes cannot write here");
    assert_eq!(unwrapped(&site), 3);
}

#[test]
fn only_admins_may() {
    let site = Site::new();
    crowd(&site, 2);
    let error = site.app().batch_execute(CALL).unwrap_err();
    assert_eq!(sqlstate(&error), "42501");
    let admin = site.db.role("admin");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    site.db.client_as(&admin).batch_execute(CALL).unwrap();
    assert_eq!(unwrapped(&site), 0);
}

#[test]
fn a_call_that_was_killed_is_repeated_and_does_the_rest() {
    let site = Site::new();
    // So that it takes its time.
    site.configure("target", "hash_policy = 'argon2id:m=1024,t=2,p=1'");
    crowd(&site, 60);
    let mut client = site.db.client();
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let slow = "CALL ferry.wrap_hashes(no_other_checks => true, batch_size => 2, cpu_share => 0.01)";
    let call = std::thread::spawn(move || client.batch_execute(slow));
    let start = Instant::now();
    while unwrapped(&site) > 50 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(site.db.one::<bool>("SELECT pg_terminate_backend($1, 20000)", &[&pid]));
    assert!(call.join().unwrap().is_err());
    let left = unwrapped(&site);
    assert!((1..=50).contains(&left), "{left} are left");
    let told = notices(&site);
    assert!(told.contains(&format!("of {left} hashes: {left} wrapped (ldap-md5 {left})")), "{told}");
    assert_eq!(unwrapped(&site), 0);
    assert_eq!(login(&mut site.app(), "user33@example.com", "password 33").outcome, "ok");
    // The audit trail has all that was wrapped, by the call that was killed, too.
    assert_eq!(wrapped_in_events(&site), 60);
    let mut runs = site.events().into_iter().filter(|event| event.kind == "wrap_hashes");
    let first = runs.next().unwrap();
    let counts = serde_json::json!({"wrapped": {"ldap-md5": 2}, "kept": {}, "refused": {}, "up_to": "2", "finished": false});
    assert_eq!((first.outcome.as_str(), first.login.as_deref(), &first.detail), ("ok", None, &counts));
    assert_eq!(runs.next_back().unwrap().detail["finished"], true);
}

/// How many hashes were wrapped, as the audit trail has it.
fn wrapped_in_events(site: &Site) -> i64 {
    site.db.one(
        "SELECT sum((detail #>> '{wrapped,ldap-md5}')::bigint)::bigint FROM ferry.event WHERE kind = 'wrap_hashes'",
        &[],
    )
}

#[test]
fn two_calls_at_once_wrap_each_hash_once() {
    let site = Site::new();
    crowd(&site, 80);
    let calls = [3, 7].map(|size| {
        let mut client = site.db.client();
        let call = format!("{}, batch_size => {size})", CALL.trim_end_matches(')'));
        std::thread::spawn(move || client.batch_execute(&call))
    });
    calls.into_iter().for_each(|call| call.join().unwrap().unwrap());
    assert_eq!((unwrapped(&site), wrapped_in_events(&site)), (0, 80));
    let mut app = site.app();
    for n in [1, 40, 80] {
        let (email, password) = (format!("user{n}@example.com"), format!("password {n}"));
        assert_eq!(login(&mut app, &email, &password).outcome, "ok");
    }
}

#[test]
fn whoever_waits_for_a_batch_that_waits_for_them_goes_first() {
    let site = Site::new();
    crowd(&site, 3);
    // The first one's hash cannot be written, so that they are written one by one. The batch has written the second, and
    // waits at a gate before it comes to the third, whose trigger wants what the other session has.
    site.as_owner(
        "ALTER TABLE users ADD CONSTRAINT as_it_is CHECK (id > 1 OR password_hash NOT LIKE '$ferry%');
         CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(40 + OLD.id); RETURN NULL; END';
         CREATE TRIGGER gate AFTER UPDATE OF password_hash ON users FOR EACH ROW WHEN (OLD.id > 1) EXECUTE FUNCTION gate()",
    );
    let (mut gate, mut client, mut other) = (site.db.client(), site.db.client(), site.db.client());
    gate.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    other.batch_execute("SET deadlock_timeout = '1h'; BEGIN; SELECT pg_advisory_xact_lock(43)").unwrap();
    // Stricter isolation would not take what they have done meanwhile.
    let settings = "SET deadlock_timeout = '10ms'; SET default_transaction_isolation = 'repeatable read'";
    client.batch_execute(settings).unwrap();
    let call = std::thread::spawn(move || client.batch_execute(CALL));
    await_waiting(&site, 1);
    let other =
        std::thread::spawn(move || other.batch_execute("UPDATE users SET name = 'x' WHERE id = 2; COMMIT"));
    await_waiting(&site, 2);
    drop(gate);
    other.join().unwrap().unwrap();
    call.join().unwrap().unwrap();
    assert_eq!(site.db.count("users WHERE name = 'x'"), 1);
    // Nobody is counted twice. They may still have been at it when the batch was done anew.
    let refused: i64 = site.db.one(
        "SELECT sum(n::bigint)::bigint FROM ferry.event, jsonb_each_text(detail -> 'refused') AS r (why, n)
         WHERE kind = 'wrap_hashes'",
        &[],
    );
    let in_use = unwrapped(&site) - 1;
    assert!(in_use <= 1 && refused == 1 + in_use, "{refused} refused, {in_use} in use");
    assert_eq!(wrapped_in_events(&site), 2 - in_use);
}

/// Waits until so many sessions wait for a lock.
fn await_waiting(site: &Site, sessions: i64) {
    let waiting = "SELECT count(*) = $1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await_true(&site.db, &waiting.replace("$1", &sessions.to_string()));
}

#[test]
fn logins_go_on_meanwhile_and_win() {
    let site = Site::new();
    crowd(&site, 120);
    let mut client = site.db.client();
    let call = std::thread::spawn(move || {
        client.batch_execute("CALL ferry.wrap_hashes(no_other_checks => true, batch_size => 7)")
    });
    let logins: Vec<_> = (0..2)
        .map(|part| {
            let mut app = site.app();
            std::thread::spawn(move || {
                for n in (1..=120).filter(|n| n % 2 == part) {
                    let (email, password) = (format!("user{n}@example.com"), format!("password {n}"));
                    assert_eq!(login(&mut app, &email, &format!("{password}!")).outcome, "invalid", "{n}");
                    assert_eq!(login(&mut app, &email, &password).outcome, "ok", "{n}");
                }
            })
        })
        .collect();
    logins.into_iter().for_each(|thread| thread.join().unwrap());
    call.join().unwrap().unwrap();
    // Whose hash was wrapped between the check and the new hash has a plain one at the next login.
    let left = "SELECT email FROM users WHERE password_hash NOT LIKE '$argon2id$%'";
    let wrapped: Vec<String> = site.db.rows(left, &[]).iter().map(|row| row.get(0)).collect();
    let mut app = site.app();
    for email in &wrapped {
        assert!(hash(&site, email).starts_with("$ferry-wrapped$"));
        let number = email.trim_start_matches("user").split('@').next().unwrap_or_default();
        assert_eq!(login(&mut app, email, &format!("password {number}")).outcome, "ok");
    }
    assert!(site.db.rows(left, &[]).is_empty());
}

#[test]
fn a_password_that_is_set_meanwhile_stays_set() {
    let site = Site::new();
    crowd(&site, 120);
    let mut client = site.db.client();
    let call = std::thread::spawn(move || {
        client.batch_execute("CALL ferry.wrap_hashes(no_other_checks => true, batch_size => 7)")
    });
    let mut web = site.web();
    // From the end, so that the two meet.
    for n in (1..=120).rev() {
        let set = "SELECT outcome FROM ferry.set_password($1, $2)";
        let (email, password) = (format!("user{n}@example.com"), format!("new password {n}"));
        assert_eq!(web.query_one(set, &[&email, &password]).unwrap().get::<_, String>(0), "ok", "{n}");
    }
    call.join().unwrap().unwrap();
    for n in 1..=120 {
        let email = format!("user{n}@example.com");
        assert_eq!(login(&mut web, &email, &format!("password {n}")).outcome, "invalid", "{n}");
        assert_eq!(login(&mut web, &email, &format!("new password {n}")).outcome, "ok", "{n}");
    }
}

#[test]
fn other_types_of_ids_are_gone_through_in_their_own_order() {
    let site = Site::new();
    site.as_owner(
        "CREATE TABLE people (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash varchar(300));
         INSERT INTO people SELECT gen_random_uuid(), 'p' || n, '{MD5}' || encode(decode(md5('pw ' || n), 'hex'), 'base64')
         FROM generate_series(1, 25) n",
    );
    site.db.sql(
        "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('people', 'public.people', 'id', '{email}', 'password_hash', 'argon2id:m=8,t=1,p=1')",
    );
    let refused =
        refusal(&mut site.db.client(), "CALL ferry.wrap_hashes('people', 4, 1, true, after_id => 'no id')");
    let expected = "target people, after_id: \"no id\" is no value of type uuid";
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("22023", expected));
    let middle: String = site.db.one("SELECT id::text FROM people ORDER BY id OFFSET 9 LIMIT 1", &[]);
    let call = "CALL ferry.wrap_hashes('people', 4, 1, true";
    site.db.sql(&format!("{call}, after_id => '{middle}')"));
    let left = "SELECT count(*) FROM people WHERE password_hash LIKE '{MD5}%'";
    assert_eq!(site.db.one::<i64>(left, &[]), 10, "those up to that id");
    site.db.sql(&format!("{call})"));
    assert_eq!(site.db.one::<i64>(left, &[]), 0);
    let answer: String =
        site.db.one("SELECT outcome FROM ferry.authenticate('p7', 'pw 7', target => 'people')", &[]);
    assert_eq!(answer, "ok");
}

//! Wrapped at rest, format by format, in one database: what genuine software made is put inside argon2id, and everybody
//! logs in with the old password.

use crate::hash_vectors::{Vector, vectors};
use crate::legacy_passwords::write_peppers;
use crate::setup::{FAST, Site};
use ferry_tests::{Server, skip, sqlstate, target};
use postgres::Client;
use std::collections::{BTreeMap, BTreeSet};

/// Settings under which what is as dear as in the wild is refused, at once.
const CHEAP: &str = "SET ferry.max_argon2_memory = 1024; SET ferry.max_argon2_work = 5120; SET ferry.max_bcrypt_cost = 5;
    SET ferry.max_digest_rounds = 10000; SET ferry.max_pbkdf2_work = 10000; SET ferry.max_phpass_log2 = 11;
    SET ferry.max_recipe_work = 10000; SET ferry.max_scrypt_work = 32768; SET ferry.max_sha_crypt_rounds = 5000";

/// One vector of each format: a cheap one if there is one.
fn one_of_each(client: &mut Client) -> Vec<Vector> {
    client.batch_execute(&format!("LOAD 'pg_ferry'; {CHEAP}")).unwrap();
    let all = vectors().into_iter().filter(|(format, _)| format != "ferry-wrapped");
    all.filter_map(|(_, of)| {
        let cheap = of.iter().position(|vector| is_cheap(client, vector));
        of.into_iter().nth(cheap.unwrap_or(0))
    })
    .collect()
}

fn is_cheap(client: &mut Client, vector: &Vector) -> bool {
    let part = |value: &Option<(String, &'static str)>| value.clone().unzip();
    let ((salt, salt_as), (pepper, pepper_as)) = (part(&vector.salt), part(&vector.pepper));
    let (salt_as, pepper_as) = (salt_as.unwrap_or("text"), pepper_as.unwrap_or("text"));
    let checked = client.query_one(
        "SELECT ferry.verify_hash($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &vector.password,
            &vector.hash,
            &vector.format,
            &salt,
            &vector.login,
            &pepper,
            &salt_as,
            &pepper_as,
        ],
    );
    match checked {
        Ok(row) => row.get(0),
        Err(error) => {
            assert_eq!(sqlstate(&error), "54000", "{}: {error}", vector.format);
            false
        }
    }
}

/// Puts somebody with this hash into the users table, as they would have come there: as a hash that says itself what it
/// is, or with an import that says it.
fn settle(site: &Site, vector: &Vector, email: &str) {
    let known = "SELECT count(*) = 1 AND bool_and(needs = '{}') FROM ferry.identify_hash($1)";
    if site.db.one(known, &[&vector.hash]) {
        site.db.rows("INSERT INTO users (email, password_hash) VALUES ($1, $2)", &[&email, &vector.hash]);
        return;
    }
    let (salt, salt_encoding) = vector.salt.clone().unzip();
    site.db.rows(
        "INSERT INTO legacy.customers (email, pwd, salt, last) VALUES ($1, $2, $3, $4)",
        &[&email, &vector.hash, &salt, &vector.login],
    );
    let pepper = vector.pepper.as_ref().map(|_| &vector.format);
    site.db.rows(
        "UPDATE ferry.source SET format = $1, salt_encoding = $2, pepper = $3, salt = CASE WHEN $4 THEN 'l.salt' END,
             filter = format('l.email = %L', $5::text)",
        &[&vector.format, &salt_encoding.unwrap_or("text"), &pepper, &salt.is_some(), &email],
    );
    site.db.sql("CALL ferry.import('shop')");
}

/// The formats whose hashes do not wrap, or not all of them, as the crate's README lists them.
fn unwrappable() -> BTreeSet<String> {
    let readme = include_str!("../../crates/legacy-hash/README.md");
    let names = readme.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn log_in(app: &mut Client, email: &str, password: &str) -> String {
    app.query_one("SELECT outcome FROM ferry.authenticate($1, $2)", &[&email, &password]).unwrap().get(0)
}

#[test]
fn no_hash_of_any_format_is_at_rest_weaker_than_the_policy_and_everybody_logs_in() {
    if target().server() != &Server::oldest() {
        skip!("formats do not differ by major: all of them are wrapped on the first");
    }
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.configure_source("shop", "hash_login = 'l.last'");
    let users: BTreeMap<String, Vector> = one_of_each(&mut site.db.client())
        .into_iter()
        .map(|vector| (format!("{}@example.com", vector.format), vector))
        .collect();
    assert!(users.len() > 350, "only {} formats", users.len());
    let pepper = |vector: &Vector| {
        let (value, encoding) = vector.pepper.as_ref()?;
        Some(format!("{} = {encoding}:{value}", vector.format))
    };
    write_peppers(&site.db, &users.values().filter_map(pepper).collect::<Vec<_>>().join("\n"));
    users.iter().for_each(|(email, vector)| settle(&site, vector, email));
    let refused: i64 = site.db.count("ferry.import_reject");
    assert_eq!((site.db.count("users"), refused), (i64::try_from(users.len()).unwrap(), 0));

    site.configure("target", "no_other_checks = true");
    site.db.sql("CALL ferry.wrap_hashes('default', cpu_share => 1)");

    let is_wrapped = "SELECT password_hash LIKE '$ferry-wrapped$%' OR EXISTS (
                          SELECT FROM ferry.identify_hash(password_hash) WHERE note LIKE '%, wrapped')
                      FROM users WHERE email = $1";
    let is_strong = "SELECT strength = 'strong' FROM ferry.hash_format WHERE name = $1";
    let listed = unwrappable();
    let mut counts = [0; 3];
    let mut app = site.app();
    for (email, vector) in &users {
        let format = &vector.format;
        let fate = match site.db.one(is_wrapped, &[email]) {
            true => 0,
            false if site.db.one(is_strong, &[format]) => 1,
            false if listed.contains(format) => 2,
            false => panic!("{format} is as weak as before"),
        };
        counts[fate] += 1;
        assert_eq!(log_in(&mut app, email, &format!("\u{1}{}", vector.password)), "invalid", "{format}");
        assert_eq!(log_in(&mut app, email, &vector.password), "ok", "{format}");
    }
    let [wrapped, strong, refused] = counts;
    assert!(wrapped >= 300 && strong > 0 && refused <= listed.len(), "{counts:?}");
    let weak = "SELECT count(*) FROM users WHERE ferry.needs_rehash(password_hash, $1)";
    assert_eq!(site.db.one::<i64>(weak, &[&FAST]), 0, "a login replaces it");
}

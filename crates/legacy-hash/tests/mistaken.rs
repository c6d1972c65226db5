//! No hash is taken for one of another format: the formats that share a shape compute different things.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Vector, on, vectors};
use legacy_hash::{Identified, Limits, Method, Verdict, formats, identify, verify};

/// Pairs of formats that compute the same for what these vectors hold, and why.
const SAME: &[(&str, &str)] = &[
    // Applications that came to the same formula, whose strings must be named.
    ("clearance-sha1", "restful-auth-1"),
    ("filezilla-sha512", "sha512($pass.$salt)"),
    ("filezilla-sha512", "sha512-b64"),
    ("formspring-sha256", "sha256($salt.$pass)"),
    ("gitea-pbkdf2", "grafana-pbkdf2"),
    ("ipb2", "mybb"),
    ("joomla-md5", "md5($pass.$salt)"),
    ("magento1", "magento1-col"),
    ("magento1", "oscommerce"),
    ("magento1", "serv-u-md5"),
    ("magento1-col", "magento1"),
    ("magento1-col", "md5($salt.$pass)"),
    ("magento1-col", "oscommerce"),
    ("magento1-col", "serv-u-md5"),
    ("magento2-v1", "formspring-sha256"),
    ("md5($pass)", "phpbb2-md5-latin1"),
    ("md5($pass.$salt)", "joomla-md5"),
    ("md5($salt.$pass)", "magento1-col"),
    ("md5($salt.$pass)", "oscommerce"),
    ("md5($salt.$pass)", "serv-u-md5"),
    ("mybb", "ipb2"),
    ("opencart", "wbb3"),
    ("oscommerce", "magento1"),
    ("oscommerce", "magento1-col"),
    ("oscommerce", "md5($salt.$pass)"),
    ("oscommerce", "serv-u-md5"),
    ("phpbb2-md5-latin1", "md5($pass)"),
    ("phps", "vbulletin"),
    ("punbb", "redmine"),
    ("redmine", "punbb"),
    ("restful-auth-1", "clearance-sha1"),
    ("serv-u-md5", "magento1"),
    ("serv-u-md5", "magento1-col"),
    ("serv-u-md5", "md5($salt.$pass)"),
    ("serv-u-md5", "oscommerce"),
    ("sha256($salt.$pass)", "formspring-sha256"),
    ("sha512($pass.$salt)", "filezilla-sha512"),
    ("sha512($pass.$salt)", "sha512-b64"),
    ("sha512-b64", "filezilla-sha512"),
    ("sha512-b64", "sha512($pass.$salt)"),
    ("vbulletin", "phps"),
    ("wbb3", "opencart"),
];

/// What is dearer says nothing that cheaper vectors don't.
const CHEAP: Limits = Limits {
    bcrypt_cost: 5,
    pbkdf2_work: 30_000,
    scrypt_memory: 16 << 20,
    scrypt_work: 1 << 17,
    argon2_memory_kib: 1024,
    argon2_passes: 4,
    argon2_work_kib: 4096,
    sha_crypt_rounds: 5000,
    phpass_log2: 8,
    digest_rounds: 10_000,
    recipe_work: 20_000,
};

#[test]
fn no_vector_is_right_under_another_name() {
    let mut found = BTreeSet::new();
    for v in some_of_each() {
        let Identified::Candidates(candidates) = identify(&v.hash) else { panic!("locked: {v:?}") };
        for other in candidates.into_iter().filter(|other| other.name != v.format) {
            let method = Method::Format(other);
            let verdict = verify(&v.password, &v.stored(), Some(&method), &CHEAP, &mut on);
            if verdict == Ok(Verdict::Right) {
                found.insert((v.format.clone(), other.name));
            }
        }
    }
    let listed: BTreeSet<_> = SAME.iter().map(|(format, other)| ((*format).to_owned(), *other)).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&found).collect();
    assert!(unlisted.is_empty() && stale.is_empty(), "not listed: {unlisted:?}, no longer so: {stale:?}");
}

/// Up to three cheap vectors of each format. An empty password, salt, login or pepper makes many formulas one.
fn some_of_each() -> Vec<Vector> {
    let mut vectors = vectors();
    vectors.retain(|v| {
        let none_empty = [v.salt.as_deref(), v.login.as_deref().map(str::as_bytes), v.pepper.as_deref()];
        !v.password.is_empty() && none_empty.into_iter().flatten().all(|part| !part.is_empty())
    });
    let of = |name: &'static str| vectors.iter().filter(move |v| v.format == name).take(3).cloned();
    formats().flat_map(|format| of(format.name)).collect()
}

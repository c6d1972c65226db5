//! No hash is taken for one of another format, unless somebody names that one: formats that must be named share their
//! shapes and, now and then, their formulas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Vector, on, vectors};
use legacy_hash::{Identified, Limits, Method, Verdict, formats, identify, verify};

/// Pairs of formats that compute the same for what these vectors hold, and why.
const SAME: &[(&str, &str)] = &[
    // Horde stores what others do, with a scheme or without; a salt may be empty.
    ("horde-aprmd5", "apr1"),
    ("horde-crypt-md5", "ldap-crypt"),
    ("horde-crypt-md5", "md5crypt"),
    ("horde-crypt-sha256", "ldap-crypt"),
    ("horde-crypt-sha256", "sha256crypt"),
    ("horde-crypt-sha512", "ldap-crypt"),
    ("horde-crypt-sha512", "sha512crypt"),
    ("horde-md5-base64", "ldap-md5"),
    ("horde-md5-hex", "ldap-md5"),
    ("horde-sha", "ldap-sha"),
    ("horde-smd5", "ldap-smd5"),
    ("horde-ssha", "ldap-ssha"),
    ("horde-ssha256", "ldap-ssha256"),
    // Zope stores what directories do, of passwords in either charset; its old hex had no scheme.
    ("zope-md5", "ldap-md5"),
    ("zope-sha1", "ldap-sha"),
    ("zope-sha256", "ldap-sha256"),
    ("zope-smd5", "ldap-smd5"),
    ("zope-ssha", "ldap-ssha"),
    // Spring's {MD4} may be written by either of its encoders.
    ("spring-md4", "spring-messagedigest"),
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
        for other in candidates.into_iter().filter(|other| other.name != v.format && !other.must_name) {
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

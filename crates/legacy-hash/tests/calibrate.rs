//! Whoever knows one password learns how its hash was made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::ops::ControlFlow;

use common::{Vector, on, stored, vectors};
use legacy_hash::{Error, Limits, Stored, calibrate};

/// Hashes dearer than this are left to the tests of their formats.
const CHEAP: Limits = Limits {
    bcrypt_cost: 6,
    pbkdf2_work: 100_000,
    scrypt_memory: 32 << 20,
    scrypt_work: 1 << 18,
    argon2_memory_kib: 1 << 16,
    argon2_passes: 4,
    argon2_work_kib: 1 << 18,
    sha_crypt_rounds: 5000,
    phpass_log2: 13,
    digest_rounds: 100_000,
    ..Limits::ABSOLUTE
};

fn names(password: &[u8], stored: &Stored<'_>, limits: &Limits) -> Vec<String> {
    let found = calibrate(password, stored, limits, &mut on).unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn each_vector_is_found_out() {
    let mut tried: HashMap<String, usize> = HashMap::new();
    for v in vectors() {
        // As the tests of the formats do, only a few of each: most formats have many vectors of one shape.
        let count = tried.entry(v.format.clone()).or_default();
        *count += 1;
        let limits = if *count == 1 { Limits::default() } else { CHEAP };
        if *count > 1 && legacy_hash::check(&v.hash, Some(&method(&v)), &limits).is_err() || *count > 25 {
            continue;
        }
        let found = names(&v.password, &v.stored(), &limits);
        assert!(found.contains(&v.format), "{found:?} for {v:?}");
    }
}

fn method(v: &Vector) -> legacy_hash::Method {
    legacy_hash::Method::parse(&v.format).unwrap()
}

#[test]
fn a_wrong_password_fits_nothing() {
    for hash in ["5f4dcc3b5aa765d61d8327deb882cf99", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", "nothing at all"] {
        assert_eq!(
            names(b"not the password", &stored(hash), &Limits::default()),
            Vec::<String>::new(),
            "{hash}"
        );
    }
}

#[test]
fn a_home_made_hash_is_found_as_a_recipe() {
    // By Python's hashlib: three digests in hex, and two over a salt that follows the hash.
    let thrice = "7bc80988e500f314085d079318768216ded77b7f";
    assert_eq!(names(b"password", &stored(thrice), &Limits::default()), ["sha1(md5(md5($pass)))"]);
    let joined = "e8b44ba1fec99d046d042f499fa324380e024a6f:NaCl";
    let found = names(b"password", &stored(joined), &Limits::default());
    assert_eq!(found, ["{hash}:{salt} <- sha1($salt.md5($salt.$pass))"]);
}

#[test]
fn what_is_not_given_is_not_guessed() {
    let hash = "67a1e09bb1f83f5007dc119c14d663aa";
    assert_eq!(names(b"password", &stored(hash), &Limits::default()), Vec::<String>::new());
    let salted = Stored { salt: Some(b"salt"), ..stored(hash) };
    let found = names(b"password", &salted, &Limits::default());
    assert!(found.contains(&"md5($salt.$pass)".to_owned()), "{found:?}");
}

#[test]
fn locks_lengths_and_interruptions_are_errors() {
    let limits = Limits::default();
    assert_eq!(calibrate(b"x", &stored("!"), &limits, &mut on).err(), Some(Error::Locked));
    let long = "a".repeat(9000);
    let refused = calibrate(b"x", &stored(&long), &limits, &mut on).err();
    assert_eq!(refused, Some(Error::OverLimit("the length of a stored hash")));
    let md5 = stored("5f4dcc3b5aa765d61d8327deb882cf99");
    let stopped = calibrate(b"x", &md5, &limits, &mut || ControlFlow::Break(())).err();
    assert_eq!(stopped, Some(Error::Interrupted));
}

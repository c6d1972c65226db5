//! What a stored hash costs, and whether all is there that it takes to verify it: told without hashing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use legacy_hash::{Error, Limits, Method, Policy, Stored, format, inspect, parameters};
use std::ops::ControlFlow;

fn named(name: &str) -> Method {
    Method::Format(format(name).unwrap())
}

#[test]
fn the_parameters_are_those_of_the_policy_that_made_the_hash() {
    for (policy, name) in [
        ("argon2id:m=64,t=2,p=1", "argon2id-phc"),
        ("bcrypt:cost=4", "bcrypt"),
        ("django-pbkdf2-sha256:iterations=1000", "django-pbkdf2-sha256"),
    ] {
        let hash = Policy::parse(policy)
            .unwrap()
            .hash(b"secret", &Limits::default(), &mut || ControlFlow::Continue(()))
            .unwrap();
        let (_, wanted) = policy.split_once(':').unwrap();
        assert_eq!(parameters(&hash, &named(name)).as_deref(), Some(wanted), "{policy}");
    }
}

#[test]
fn formats_that_no_policy_makes_have_theirs() {
    let phpass = "$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0";
    assert_eq!(parameters(phpass, &named("phpass")).as_deref(), Some("log2=13"));
    let crypt = format!("$6$rounds=1000$salt${}", "a".repeat(86));
    assert_eq!(parameters(&crypt, &named("sha512crypt")).as_deref(), Some("rounds=1000"));
}

#[test]
fn what_has_none_or_cannot_be_read_has_no_parameters() {
    let recipe = Method::parse("md5($pass)").unwrap();
    assert_eq!(parameters("5f4dcc3b5aa765d61d8327deb882cf99", &recipe), None);
    assert_eq!(parameters("$P$B", &named("phpass")), None);
    assert_eq!(parameters("", &named("bcrypt")), None);
}

#[test]
fn what_is_missing_is_found_without_a_password() {
    let recipe = Method::parse("md5($pass.$salt)").unwrap();
    let hash = "5f4dcc3b5aa765d61d8327deb882cf99";
    let stored = Stored { hash, salt: None, login: None, pepper: None };
    let look = |stored: &Stored<'_>| inspect(stored, Some(&recipe), &Limits::default()).map(drop);
    assert_eq!(look(&stored), Err(Error::MissingSalt));
    assert_eq!(look(&Stored { salt: Some(b"NaCl"), ..stored }), Ok(()));
    assert_eq!(look(&Stored { hash: "!", ..stored }), Err(Error::Locked));
}

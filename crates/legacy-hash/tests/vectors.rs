//! Hashes made by genuine software: each verifies its password, and no other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use common::counting::counting;
use common::{Vector, brief, checked, judge, vectors};
use legacy_hash::{Error, Identified, MAX_PASSWORD_BYTES, Verdict, formats, identify};

/// The vectors, each with its verdict and what that took: the other tests ask less of the dear ones.
static JUDGED: LazyLock<Vec<Judged>> = LazyLock::new(|| {
    on_all_cores(&vectors(), |v| {
        let start = Instant::now();
        (v.clone(), judge(&v.password, &v.stored(), Some(&v.format)), start.elapsed())
    })
});

type Judged = (Vector, Result<Verdict, Error>, Duration);

/// The cheapest vector of each format: its name, and the hash.
static CHEAPEST: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
    let of = |name: &str| JUDGED.iter().filter(move |(v, ..)| v.format == name).min_by_key(|(.., took)| took);
    formats().filter_map(|f| of(f.name)).map(|(v, ..)| (v.format.as_str(), v.hash.as_str())).collect()
});

/// What a function says of each.
fn on_all_cores<T: Sync, R: Send>(of: &[T], function: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let function = &function;
        let threads: Vec<_> = (0..cores)
            .map(|core| {
                scope.spawn(move || of.iter().skip(core).step_by(cores).map(function).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("see above")).collect()
    })
}

#[test]
fn each_vector_verifies_by_its_name() {
    for (v, verdict, _) in JUDGED.iter() {
        assert_eq!(verdict, &Ok(Verdict::Right), "{v:?}");
    }
}

#[test]
fn each_vector_is_identified() {
    let mut ambiguous = BTreeSet::new();
    for v in vectors() {
        let Identified::Candidates(found) = identify(&v.hash) else { panic!("locked: {v:?}") };
        let format = found.iter().find(|format| format.name == v.format);
        let format = format.unwrap_or_else(|| panic!("{found:?} for {v:?}"));
        let evident: Vec<_> =
            found.iter().filter(|format| !format.must_name).map(|format| format.name).collect();
        let expected = match evident.as_slice() {
            [one] => Ok((*one).to_owned()),
            _ => Err(Error::Ambiguous),
        };
        assert_eq!(checked(&v.hash, None), expected, "{v:?}");
        if !format.must_name && expected != Ok(v.format) {
            ambiguous.insert((format.name, evident));
        }
    }
    // Without the ids of a DelegatingPasswordEncoder these are so many hex digits, and must be named.
    ambiguous.retain(|(name, _)| !["spring-pbkdf2-v5_5", "spring-standard-sha256"].contains(name));
    assert!(
        ambiguous.is_empty(),
        "formats that needn't be named, and whose strings they could be: {ambiguous:?}"
    );
}

#[test]
fn each_format_has_vectors() {
    let vectors = vectors();
    for format in formats() {
        assert!(vectors.iter().any(|v| v.format == format.name), "no vector of {}", format.name);
    }
}

#[test]
fn each_vector_names_its_origin() {
    assert!(vectors().iter().all(|v| v.origin.contains(|c: char| c.is_ascii_digit())));
}

#[test]
fn another_password_is_right_only_where_the_scheme_does_not_see_the_difference() {
    on_all_cores(&JUDGED, |judged| {
        let v = &judged.0;
        // A sign extension overwrites other bytes: which ones may differ then is not a simple rule.
        if v.format == "bcrypt-2x" && !v.password.is_ascii() {
            return;
        }
        for other in others(&v.password).into_iter().take(affordable(judged)) {
            let same = counting(v, &other) == counting(v, &v.password) && other.len() <= MAX_PASSWORD_BYTES;
            let expected = if same { Verdict::Right } else { Verdict::Wrong };
            assert_eq!(
                judge(&other, &v.stored(), Some(&v.format)),
                Ok(expected),
                "{:?} for {v:?}",
                brief(&other)
            );
        }
    });
}

/// How many other passwords a vector is asked for: none where it is as expensive as in the wild, save for the cheapest
/// of its format; all where it costs nearly nothing.
fn affordable(judged: &Judged) -> usize {
    match judged.2.as_millis() {
        0 => usize::MAX,
        1..5 => 3,
        5..20 => 1,
        _ => usize::from(CHEAPEST.contains(&(judged.0.format.as_str(), judged.0.hash.as_str()))),
    }
}

/// Passwords that are nearly this one.
fn others(password: &[u8]) -> Vec<Vec<u8>> {
    let mut others = vec![
        with_end(password, b"x"),
        with_end(password, b" "),
        with_end(password, b"\n"),
        swapped_case(password),
    ];
    let n = password.len();
    for at in [0, n / 2, n.saturating_sub(1)] {
        let mut flipped = password.to_vec();
        flipped.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        others.push(flipped);
    }
    for end in [0, 71, 72, 73, n.saturating_sub(1)] {
        others.push(password[..end.min(n)].to_vec());
    }
    others.sort();
    others.dedup();
    others.retain(|other| !other.contains(&0));
    others
}

fn with_end(password: &[u8], end: &[u8]) -> Vec<u8> {
    [password, end].concat()
}

fn swapped_case(password: &[u8]) -> Vec<u8> {
    password.iter().map(|b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b }).collect()
}

#[test]
fn a_password_with_a_nul_is_not_cut_there() {
    on_all_cores(&JUDGED, |(v, _, took)| {
        // To a function that takes C strings the first is the empty password, and the second is the right
        // one. (A NUL at the very end is no difference to HMAC, which fills its key with NULs.)
        let passwords = [with_end(&v.password, b"\0x"), [b"\0x", v.password.as_slice()].concat()];
        let many = if *took < Duration::from_millis(20) { 2 } else { 0 };
        for password in passwords.iter().take(many) {
            assert_eq!(judge(password, &v.stored(), Some(&v.format)), Ok(Verdict::Wrong), "{v:?}");
        }
    });
}

#[test]
fn a_password_over_4096_bytes_is_wrong() {
    for v in vectors().iter().filter(|v| v.format == "bcrypt" && v.password.len() >= 72) {
        let mut password = v.password.clone();
        password.resize(4096, b'x');
        assert_eq!(judge(&password, &v.stored(), None), Ok(Verdict::Right), "{v:?}");
        password.push(b'x');
        assert_eq!(judge(&password, &v.stored(), None), Ok(Verdict::Wrong), "{v:?}");
    }
}

//! Whatever the bytes: an answer or an error, never a panic, and always soon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{on, vectors};
use legacy_hash::{
    Identified, Limits, Method, Policy, Stored, check, costs_at_least, formats, identify, verify,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// So low that whatever passes them is cheap.
const TIGHT: Limits = Limits {
    bcrypt_cost: 4,
    pbkdf2_work: 2000,
    scrypt_memory: 1 << 16,
    scrypt_work: 1 << 10,
    argon2_memory_kib: 64,
    argon2_passes: 2,
    argon2_work_kib: 128,
    sha_crypt_rounds: 1001,
    phpass_log2: 8,
    digest_rounds: 100,
    recipe_work: 1000,
};

fn try_everything(password: &[u8], hash: &str, salt: &str) {
    let _ = check(hash, None, &TIGHT);
    let _ = Policy::default().needs_rehash(hash);
    let _ = costs_at_least(hash, &Policy::default());
    let _ = Policy::parse(hash);
    let stored = Stored { hash, salt: Some(salt.as_bytes()), login: Some(salt), pepper: Some(password) };
    if let Ok(method) = Method::parse(salt) {
        let _ = verify(password, &stored, Some(&method), &TIGHT, &mut on);
    }
    let _ = verify(password, &stored, None, &TIGHT, &mut on);
    if let Identified::Candidates(found) = identify(hash) {
        for format in found {
            let _ = verify(password, &stored, Some(&Method::Format(format)), &TIGHT, &mut on);
        }
    }
}

/// Hashes by genuine software, one a format and prefix.
fn seeds() -> Vec<String> {
    let mut seeds: Vec<String> = vectors().into_iter().map(|v| v.hash).collect();
    seeds.sort_by_key(|hash| (hash.chars().take(9).collect::<String>(), hash.len()));
    seeds.dedup_by_key(|hash| hash.chars().take(5).collect::<String>());
    seeds.retain(|hash| hash.contains(['$', '}']));
    seeds
}

fn damaged() -> impl Strategy<Value = String> {
    let piece = prop_oneof!["\\PC{0,3}", "[0-9]{1,25}", "[$,=.{}]{1,2}", Just(String::new())];
    (prop::sample::select(seeds()), any::<prop::sample::Index>(), 0..4usize, piece).prop_map(
        |(hash, at, cut, piece)| {
            let mut chars: Vec<char> = hash.chars().collect();
            let start = at.index(chars.len());
            let end = (start + cut).min(chars.len());
            chars.splice(start..end, piece.chars());
            chars.into_iter().collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_strings(password in vec(any::<u8>(), 0..80), hash in any::<String>(), salt in any::<String>()) {
        try_everything(&password, &hash, &salt);
    }

    #[test]
    fn arbitrary_bytes_read_as_text(bytes in vec(any::<u8>(), 0..200)) {
        try_everything(&bytes, &String::from_utf8_lossy(&bytes), "");
    }

    #[test]
    fn damaged_hashes(password in vec(any::<u8>(), 0..80), hash in damaged()) {
        try_everything(&password, &hash, "salt");
    }

    #[test]
    fn any_text_under_any_name(password in vec(any::<u8>(), 0..80), hash in any::<String>(), at in any::<prop::sample::Index>()) {
        let formats: Vec<_> = formats().collect();
        let format = at.get(&formats);
        let stored = Stored { hash: &hash, salt: Some(hash.as_bytes()), login: None, pepper: None };
        let _ = verify(&password, &stored, Some(&Method::Format(format)), &TIGHT, &mut on);
    }

    #[test]
    fn all_prefixes_of_a_real_hash(hash in prop::sample::select(seeds())) {
        for end in 0..hash.len() {
            if let Some(prefix) = hash.get(..end) {
                try_everything(b"password", prefix, "salt");
            }
        }
    }
}

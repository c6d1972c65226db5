//! Whatever the bytes: an answer or an error, never a panic, and always soon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::tight::TIGHT;
use common::{Vector, on, one_a_format};
use legacy_hash::{Identified, Method, Policy, Stored, check, costs_at_least, formats, identify, verify};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

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

/// A hash by genuine software with a few characters changed, and all that it is stored with.
fn damaged() -> impl Strategy<Value = Vector> {
    let piece = prop_oneof!["\\PC{0,3}", "[0-9]{1,25}", "[$,=.{}:|]{1,2}", Just(String::new())];
    (prop::sample::select(one_a_format()), any::<Index>(), 0..4usize, piece).prop_map(
        |(v, at, cut, piece)| {
            let mut chars: Vec<char> = v.hash.chars().collect();
            let start = at.index(chars.len());
            let end = (start + cut).min(chars.len());
            chars.splice(start..end, piece.chars());
            Vector { hash: chars.into_iter().collect(), ..v }
        },
    )
}

/// Texts that look like recipes, most of them wrong.
fn recipe_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "$pass",
            "$salt",
            "$salt2",
            "$user",
            "$pepper",
            "$prev",
            "$rounds",
            "\"text\"",
            "0x00ff",
            "7",
            "0",
            "-1",
            "99999999999999999999",
            "\"",
            "$",
            "",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    let names = vec![
        "md5",
        "sha1_raw",
        "sha512",
        "hmac_sha256_raw",
        "pbkdf2_sha256",
        "scrypt",
        "argon2id",
        "hex",
        "unhex",
        "b64",
        "unb64",
        "upper",
        "lower",
        "trim",
        "left",
        "right",
        "mid",
        "pad",
        "repeat",
        "xor",
        "reverse",
        "utf16le",
        "latin1",
        "nfkc",
        "html",
        "iter",
        "loop",
        "bcrypt",
        "no_such_function",
    ];
    let expression = leaf.prop_recursive(6, 40, 4, move |inner| {
        let name = prop::sample::select(names.clone());
        prop_oneof![
            (name, vec(inner.clone(), 0..5)).prop_map(|(name, of)| format!("{name}({})", of.join(","))),
            vec(inner, 1..4).prop_map(|of| of.join(" . ")),
        ]
    });
    let template =
        prop::sample::select(vec!["", "", "{hash:hex}:{salt} <- ", "$x${salt:b64}${hash} <- ", "{hash"]);
    let verifier = prop::sample::select(vec!["", "", "|bcrypt", " | any", "|", "|nothing"]);
    (template, expression, verifier)
        .prop_map(|(template, text, verifier)| format!("{template}{text}{verifier}"))
}

/// What is printed reads as the same.
fn reads_as_printed(text: &str) {
    if let Ok(method) = Method::parse(text) {
        let again = Method::parse(&method.to_string());
        assert_eq!(
            again.map(|again| (again.to_string(), again.needs())),
            Ok((method.to_string(), method.needs()))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_strings(password in vec(any::<u8>(), 0..80), hash in any::<String>(), salt in any::<String>()) {
        try_everything(&password, &hash, &salt);
    }

    #[test]
    fn arbitrary_bytes_read_as_text(bytes in vec(any::<u8>(), 0..200)) {
        try_everything(&bytes, &String::from_utf8_lossy(&bytes), "");
    }

    #[test]
    fn damaged_hashes(password in vec(any::<u8>(), 0..80), v in damaged()) {
        try_everything(&password, &v.hash, "salt");
        let method = Method::parse(&v.format).unwrap();
        let _ = verify(&password, &v.stored(), Some(&method), &TIGHT, &mut on);
        let _ = verify(&v.password, &v.stored(), Some(&method), &TIGHT, &mut on);
    }

    #[test]
    fn any_text_under_any_name(password in vec(any::<u8>(), 0..80), hash in any::<String>(), at in any::<Index>()) {
        let formats: Vec<_> = formats().collect();
        let format = at.get(&formats);
        let stored = Stored { hash: &hash, salt: Some(hash.as_bytes()), login: Some(&hash), pepper: Some(&password) };
        let _ = verify(&password, &stored, Some(&Method::Format(format)), &TIGHT, &mut on);
    }

    #[test]
    fn any_text_as_a_method(text in any::<String>()) {
        reads_as_printed(&text);
    }

    #[test]
    fn any_recipe(text in recipe_like(), bytes in vec(any::<u8>(), 0..80), hash in "[0-9a-f]{0,130}|\\PC{0,80}") {
        reads_as_printed(&text);
        if let Ok(method) = Method::parse(&text) {
            let stored = Stored { hash: &hash, salt: Some(&bytes), login: Some("Ann"), pepper: Some(b"k") };
            let _ = verify(&bytes, &stored, Some(&method), &TIGHT, &mut on);
        }
    }
}

#[test]
fn names_read_as_printed() {
    for format in formats() {
        format.aliases.iter().chain([&format.name]).for_each(|name| reads_as_printed(name));
    }
}

#[test]
fn all_prefixes_of_a_real_hash() {
    for v in one_a_format() {
        let method = Method::parse(&v.format).unwrap();
        for (end, _) in v.hash.char_indices() {
            let stored = Stored { hash: &v.hash[..end], ..v.stored() };
            let _ = verify(&v.password, &stored, Some(&method), &TIGHT, &mut on);
            let _ = verify(&v.password, &stored, None, &TIGHT, &mut on);
        }
    }
}

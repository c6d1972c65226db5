//! EXAMPLES.md shows a genuine hash of each format, from the vectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Vector, vectors};
use legacy_hash::{Format, formats};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/EXAMPLES.md");
const WRITE: &str = "LEGACY_HASH_WRITE";

const HEAD: &str = "# A hash of each format

Made by the software that is named under it, and verified by the tests; all that is needed besides the hash is shown.
Written from `tests/vectors/` by `LEGACY_HASH_WRITE=1 cargo test --test examples`. What the formats are is in the
[README](README.md#formats).
";

#[test]
fn the_examples_are_those_of_the_vectors() {
    let vectors = vectors();
    let sections: String = formats().map(|format| section(format, &vectors)).collect();
    let text = format!("{HEAD}{sections}");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == text,
        "EXAMPLES.md is out of date: {WRITE}=1 cargo test -p legacy-hash --test examples"
    );
}

#[test]
fn the_layout_of_each_row_is_that_of_a_vector() {
    let vectors = vectors();
    let mut unlike = Vec::new();
    for format in formats() {
        // What comes before the first part that is left open is literal, save for the order of JSON's fields.
        let prefix = format.example.split(['<', '…']).next().unwrap_or_default();
        let prefix = if prefix.starts_with("{\"") { "{" } else { prefix };
        let begins =
            |v: &&Vector| v.hash.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        if !vectors.iter().filter(|v| v.format == format.name).any(|v| begins(&v)) {
            unlike.push((format.name, prefix));
        }
    }
    assert!(unlike.is_empty(), "no vector begins like the example of its row: {unlike:?}");
}

/// The most readable vector: a short plain password, then a short hash.
fn section(format: &Format, vectors: &[Vector]) -> String {
    let of_it = vectors.iter().filter(|v| v.format == format.name);
    let chosen = of_it.min_by_key(|v| {
        let plain = v.password.iter().all(u8::is_ascii_graphic) && (4..=16).contains(&v.password.len());
        (!plain, v.password != b"password", v.hash.len(), v.hash.clone())
    });
    let v = chosen.unwrap_or_else(|| panic!("no vector of {}", format.name));
    let fields = [
        ("password", Some(v.password.as_slice())),
        ("hash", Some(v.hash.as_bytes())),
        ("salt", v.salt.as_deref()),
        ("login", v.login.as_deref().map(str::as_bytes)),
        ("pepper", v.pepper.as_deref()),
    ];
    let shown: String =
        fields.iter().filter_map(|(name, value)| value.map(|value| field(name, value))).collect();
    format!("\n## {}\n\n```text\n{shown}```\n\n{}\n", format.name, v.origin)
}

fn field(name: &str, value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) if !text.contains(char::is_control) => format!("{name:<9} {text}\n"),
        _ => format!("{name:<9} 0x{}\n", hex::encode(value)),
    }
}

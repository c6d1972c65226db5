//! The hashes that genuine software made, verified through SQL: the same lines that prove `crates/legacy-hash`.

use ferry_tests::Db;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So many of each format: the crate's own tests have them all.
const OF_EACH: usize = 3;

/// A line of `crates/legacy-hash/tests/vectors/*.jsonl`.
pub(crate) struct Vector {
    pub(crate) format: String,
    pub(crate) password: String,
    pub(crate) hash: String,
    /// With its encoding.
    pub(crate) salt: Option<(String, &'static str)>,
    pub(crate) login: Option<String>,
    /// With its encoding.
    pub(crate) pepper: Option<(String, &'static str)>,
}

/// The vectors whose passwords are text without NUL, as SQL has it.
pub(crate) fn vectors() -> BTreeMap<String, Vec<Vector>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/legacy-hash/tests/vectors");
    let mut found: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            let lines = std::fs::read_to_string(&file).unwrap();
            for vector in lines.lines().filter_map(|line| vector(&serde_json::from_str(line).unwrap())) {
                found.entry(vector.format.clone()).or_default().push(vector);
            }
        }
    }
    found
}

fn vector(line: &Value) -> Option<Vector> {
    let text = |field: &str| line[field].as_str().map(str::to_owned);
    let bytes = |field: &str| {
        let hex = text(&format!("{field}_hex")).map(|hex| (hex, "hex"));
        text(field).map(|text| (text, "text")).or(hex)
    };
    let password = hex_text(&text("password_hex")?)?;
    let hash = text("hash")?;
    let is_text = |value: &str| !value.contains('\0');
    (is_text(&password) && is_text(&hash)).then(|| Vector {
        format: line["format"].as_str().unwrap_or_default().to_owned(),
        password,
        hash,
        salt: bytes("salt"),
        login: text("login"),
        pepper: bytes("pepper"),
    })
}

fn hex_text(hex: &str) -> Option<String> {
    let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    String::from_utf8(pairs.collect::<Option<Vec<u8>>>()?).ok()
}

impl Vector {
    /// Whether the server takes a password for this hash.
    fn verifies(&self, db: &Db<'_>, password: &str) -> bool {
        let part = |value: &Option<(String, &'static str)>| match value {
            Some((text, encoding)) => (Some(text.clone()), *encoding),
            None => (None, "text"),
        };
        let ((salt, salt_encoding), (pepper, pepper_encoding)) = (part(&self.salt), part(&self.pepper));
        db.one(
            "SELECT ferry.verify_hash($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &password,
                &self.hash,
                &self.format,
                &salt,
                &self.login,
                &pepper,
                &salt_encoding,
                &pepper_encoding,
            ],
        )
    }
}

#[test]
fn every_format_verifies_what_genuine_software_made() {
    let db = Db::new();
    let vectors = vectors();
    for vector in vectors.values().flat_map(|vectors| vectors.iter().take(OF_EACH)) {
        assert!(vector.verifies(&db, &vector.password), "{}: {}", vector.format, vector.hash);
        let wrong = format!("\u{1}{}", vector.password);
        assert!(!vector.verifies(&db, &wrong), "{}: {}", vector.format, vector.hash);
    }
}

#[test]
fn every_named_format_has_a_vector() {
    let db = Db::new();
    let named: BTreeSet<String> =
        db.rows("SELECT name FROM ferry.hash_format", &[]).iter().map(|row| row.get(0)).collect();
    let proved: BTreeSet<String> = vectors().into_keys().collect();
    let unproved: Vec<_> = named.difference(&proved).collect();
    assert!(unproved.is_empty(), "no vector of {unproved:?}");
    assert!(named.len() >= 220, "only {} formats", named.len());
}

#[test]
fn identify_names_the_format_of_every_vector() {
    let db = Db::new();
    for (format, vectors) in vectors() {
        for vector in vectors.iter().take(OF_EACH) {
            let found = db.rows("SELECT format, needs FROM ferry.identify_hash($1)", &[&vector.hash]);
            let found: Vec<(String, Vec<String>)> =
                found.iter().map(|row| (row.get(0), row.get(1))).collect();
            assert!(found.iter().any(|(name, _)| *name == format), "{format} is not among {found:?}");
        }
    }
}

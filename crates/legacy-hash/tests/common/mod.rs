//! What the tests share: the vectors, and shorter ways to call.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

pub mod counting;
pub mod tight;

use std::ops::ControlFlow;

use legacy_hash::{Error, Limits, Method, Stored, Verdict, check, formats, verify};

/// One line of tests/vectors/*.jsonl.
#[derive(Clone)]
pub struct Vector {
    pub format: String,
    pub password: Vec<u8>,
    pub hash: String,
    pub salt: Option<Vec<u8>>,
    pub login: Option<String>,
    pub pepper: Option<Vec<u8>>,
    pub origin: String,
}

/// The line, its password cut to what fits on a screen.
impl std::fmt::Debug for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (hash, origin) = (&self.hash, &self.origin);
        write!(f, "{} {hash} of {:?}, salt {:?}, by {origin}", self.format, brief(&self.password), self.salt)
    }
}

/// A password as text, at most the last 80 bytes of it.
pub fn brief(password: &[u8]) -> String {
    String::from_utf8_lossy(&password[password.len().saturating_sub(80)..]).into_owned()
}

impl Vector {
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            hash: &self.hash,
            salt: self.salt.as_deref(),
            login: self.login.as_deref(),
            pepper: self.pepper.as_deref(),
        }
    }
}

/// All vectors of all files.
pub fn vectors() -> Vec<Vector> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let lines = files.filter(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let vectors: Vec<_> = lines.flat_map(|path| read(&path)).collect();
    assert!(vectors.len() > 800, "only {} vectors found", vectors.len());
    vectors
}

/// One vector of each format, in the order of the list: the one with the shortest hash.
pub fn one_a_format() -> Vec<Vector> {
    let mut vectors = vectors();
    vectors.sort_by_key(|v| (v.hash.len(), v.hash.clone()));
    formats().filter_map(|format| vectors.iter().find(|v| v.format == format.name).cloned()).collect()
}

fn read(path: &std::path::Path) -> Vec<Vector> {
    std::fs::read_to_string(path).unwrap().lines().map(vector).collect()
}

fn vector(line: &str) -> Vector {
    let json: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |field: &str| json[field].as_str().map(str::to_owned);
    // Bytes that are no text have a field of their own, `salt_hex` for `salt`.
    let bytes = |field: &str| {
        let unhex = |field: String| hex::decode(text(&field)?).ok();
        text(field).map(String::into_bytes).or_else(|| unhex(format!("{field}_hex")))
    };
    Vector {
        format: text("format").unwrap(),
        password: hex::decode(text("password_hex").unwrap()).unwrap(),
        hash: text("hash").unwrap(),
        salt: bytes("salt"),
        login: text("login"),
        pepper: bytes("pepper"),
        origin: text("origin").unwrap(),
    }
}

/// A hash that describes itself.
pub fn stored(hash: &str) -> Stored<'_> {
    Stored { hash, salt: None, login: None, pepper: None }
}

/// Never stops.
pub fn on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The name of the format by which a hash is verified.
pub fn checked(hash: &str, format: Option<&str>) -> Result<String, Error> {
    let method = format.map(Method::parse).transpose()?;
    check(hash, method.as_ref(), &Limits::default()).map(|method| method.to_string())
}

/// Verifies within the default limits.
pub fn judge(password: &[u8], stored: &Stored<'_>, format: Option<&str>) -> Result<Verdict, Error> {
    let method = format.map(Method::parse).transpose()?;
    verify(password, stored, method.as_ref(), &Limits::default(), &mut on)
}

/// A string that is refused unnamed, with this error, before anything is hashed.
#[track_caller]
pub fn refused(hash: &str, error: Error) {
    assert_eq!(checked(hash, None), Err(error), "{hash}");
    assert_eq!(judge(b"password", &stored(hash), None), Err(error), "{hash}");
}

/// The same under the name of a format, with all that a format may need.
#[track_caller]
pub fn refused_as(name: &str, hash: &str, error: Error) {
    let all = Stored { salt: Some(b"salt"), login: Some("login"), pepper: Some(b"pepper"), ..stored(hash) };
    assert_eq!(checked(hash, Some(name)), Err(error), "{hash}");
    assert_eq!(judge(b"password", &all, Some(name)), Err(error), "{hash}");
}

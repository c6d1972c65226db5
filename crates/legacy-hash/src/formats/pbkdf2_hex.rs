//! PBKDF2 in hex, after a prefix that names the digest: Seafile and web2py.

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::fields::fields;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{self, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "seafile-pbkdf2",
        strength: Strength::Acceptable,
        example: "PBKDF2SHA256$<iterations>$<salt, hex>$<hash, hex>",
        scheme: &Seafile,
        ..ROW
    },
    Format {
        name: "web2py-pbkdf2",
        strength: Strength::Acceptable,
        example: "pbkdf2(<iterations>,<length>,<digest>)$<salt, text>$<hash, hex>",
        note: "web2py, py4web",
        scheme: &Web2py,
        ..ROW
    },
];

/// The shortest key that is taken for one.
const MIN_KEY_BYTES: usize = 10;

struct Parsed {
    hash: Hash,
    iterations: u64,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Parsed {
    fn check(&self, limits: &Limits) -> Result<(), Error> {
        pbkdf2::check(self.hash, self.iterations, self.key.len(), limits)?;
        if self.key.len() < MIN_KEY_BYTES { Err(Error::Malformed("pbkdf2 hash length")) } else { Ok(()) }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.limits)?;
        let (n, len) = (self.iterations, self.key.len());
        let computed = pbkdf2(self.hash, attempt.password, &self.salt, n, len, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.key))
    }
}

/// `PBKDF2SHA256$10000$salt$hash`, with a salt that is decoded.
struct Seafile;

impl Seafile {
    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let [name, iterations, salt, key] = fields(text, '$', "pbkdf2 fields")?;
        let digest = name.strip_prefix("PBKDF2").ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let hash = Hash::by_name(&digest.to_ascii_lowercase()).ok_or(Error::Malformed("pbkdf2 digest"))?;
        let key = hex(key, "pbkdf2 hash")?;
        if key.len() != hash.len() {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        let iterations = number(iterations, "pbkdf2 iterations")?;
        Ok(Parsed { hash, iterations, salt: hex(salt, "pbkdf2 salt")?, key })
    }
}

impl Scheme for Seafile {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("PBKDF2SHA")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(attempt)
    }
}

/// `pbkdf2(1000,20,sha512)$salt$hash`, with a salt that is text.
struct Web2py;

impl Web2py {
    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let [method, salt, key] = fields(text, '$', "pbkdf2 fields")?;
        let params = method.strip_prefix("pbkdf2(").and_then(|params| params.strip_suffix(')'));
        let params = params.ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let [iterations, len, digest] = fields(params, ',', "pbkdf2 parameters")?;
        let hash = Hash::by_name(digest).ok_or(Error::Malformed("pbkdf2 digest"))?;
        let key = hex(key, "pbkdf2 hash")?;
        if number(len, "pbkdf2 hash length")? != key.len() as u64 {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        let iterations = number(iterations, "pbkdf2 iterations")?;
        Ok(Parsed { hash, iterations, salt: salt.as_bytes().to_vec(), key })
    }
}

impl Scheme for Web2py {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("pbkdf2(")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(attempt)
    }
}

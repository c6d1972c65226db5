//! CouchDB: administrators in its configuration, users as JSON documents.

use serde_json::Value;

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "couchdb-pbkdf2",
    strength: Strength::Acceptable,
    example: "-pbkdf2-<hash, hex>,<salt, text>,<iterations>; also -pbkdf2:sha256-…, and the user's document",
    note: "10 iterations before CouchDB 3.4",
    scheme: &CouchDb,
    ..ROW
}];

/// `-pbkdf2-hash,salt,iterations`: the salt is hashed as the text that it is.
pub(crate) struct CouchDb;

struct Parsed {
    prf: Hash,
    iterations: u64,
    salt: String,
    hash: Vec<u8>,
}

impl CouchDb {
    fn parse(text: &str) -> Result<Parsed, Error> {
        match text.strip_prefix("-pbkdf2") {
            Some(rest) => Self::of_administrator(rest),
            None => Self::of_document(text),
        }
    }

    fn of_administrator(rest: &str) -> Result<Parsed, Error> {
        let (prf, rest) = match rest.strip_prefix(':') {
            Some(rest) => rest.split_once('-').ok_or(Error::Malformed("couchdb prf"))?,
            None => ("sha", rest.strip_prefix('-').ok_or(Error::Malformed("couchdb prefix"))?),
        };
        let fields: Vec<&str> = rest.split(',').collect();
        let [hash, salt, iterations] = fields[..] else { return Err(Error::Malformed("couchdb fields")) };
        Parsed::new(prf, number(iterations, "couchdb iterations")?, salt, hash)
    }

    fn of_document(text: &str) -> Result<Parsed, Error> {
        let document: Value = serde_json::from_str(text).map_err(|_| Error::Malformed("couchdb prefix"))?;
        let text = |name: &str, default| document.get(name).and_then(Value::as_str).or(default);
        let iterations = document.get("iterations").and_then(Value::as_u64);
        Parsed::new(
            text("pbkdf2_prf", Some("sha")).unwrap_or_default(),
            iterations.ok_or(Error::Malformed("couchdb iterations"))?,
            text("salt", None).ok_or(Error::Malformed("couchdb salt"))?,
            text("derived_key", None).ok_or(Error::Malformed("couchdb hash"))?,
        )
    }
}

impl Parsed {
    fn new(prf: &str, iterations: u64, salt: &str, hash: &str) -> Result<Self, Error> {
        let prf = match prf {
            "sha" | "sha1" => Hash::Sha1,
            "sha224" => Hash::Sha224,
            "sha256" => Hash::Sha256,
            "sha384" => Hash::Sha384,
            "sha512" => Hash::Sha512,
            _ => return Err(Error::Malformed("couchdb prf")),
        };
        let hash = hex(hash, "couchdb hash")?;
        if hash.len() != prf.len() {
            return Err(Error::Malformed("couchdb hash length"));
        }
        Ok(Self { prf, iterations, salt: salt.to_owned(), hash })
    }

    fn check(&self, limits: &Limits) -> Result<(), Error> {
        check(self.prf, self.iterations, self.hash.len(), limits)
    }
}

impl Scheme for CouchDb {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("-pbkdf2-")
            || hash.starts_with("-pbkdf2:")
            || hash.trim_start().starts_with('{') && hash.contains("\"derived_key\"")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        stored.check(attempt.limits)?;
        let Parsed { prf, iterations, salt, hash } = &stored;
        let computed =
            pbkdf2(*prf, attempt.password, salt.as_bytes(), *iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, hash))
    }
}

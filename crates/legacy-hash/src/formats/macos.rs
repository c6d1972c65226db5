//! The local accounts of macOS, in the three forms that its shadow files had.

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "macos-sha1",
        aliases: &["xsha"],
        example: "<salt, 8 hex digits><SHA-1, 40 hex digits>",
        must_name: true,
        note: "Mac OS X 10.4 to 10.6",
        scheme: &Salted { hash: Hash::Sha1, prefix: "" },
        ..ROW
    },
    Format {
        name: "macos-sha512",
        aliases: &["xsha512"],
        example: "<salt, 8 hex digits><SHA-512, 128 hex digits>",
        must_name: true,
        note: "Mac OS X 10.7; $LION$ may stand before it",
        scheme: &Salted { hash: Hash::Sha512, prefix: "$LION$" },
        ..ROW
    },
    Format {
        name: "macos-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "$ml$<iterations>$<salt, hex>$<hash, hex>; also the property list of ShadowHashData as XML",
        note: "OS X 10.8 and later: SALTED-SHA512-PBKDF2",
        scheme: &Pbkdf2,
        ..ROW
    },
];

/// The digest of a salt of four bytes and the password.
pub(crate) struct Salted {
    hash: Hash,
    prefix: &'static str,
}

impl Salted {
    const SALT_BYTES: usize = 4;

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let bytes = hex(text.strip_prefix(self.prefix).unwrap_or(text), "macos hash")?;
        if bytes.len() == Self::SALT_BYTES + self.hash.len() {
            Ok(bytes)
        } else {
            Err(Error::Malformed("macos hash length"))
        }
    }
}

impl Scheme for Salted {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let (salt, digest) = stored.split_at(Self::SALT_BYTES);
        Ok(attempt.judge.same(&self.hash.of(&[salt, attempt.password]), digest))
    }
}

/// PBKDF2 over HMAC-SHA-512. The system stores 128 bytes, crackers the first 64 of them.
pub(crate) struct Pbkdf2;

struct Parsed {
    iterations: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn new(text: &str, limits: &Limits) -> Result<Self, Error> {
        let parsed = match text.strip_prefix("$ml$") {
            Some(rest) => Self::marked(rest)?,
            None => Self::property_list(text)?,
        };
        if !(32..=128).contains(&parsed.hash.len()) {
            return Err(Error::Malformed("macos hash length"));
        }
        check(Hash::Sha512, parsed.iterations, parsed.hash.len(), limits)?;
        Ok(parsed)
    }

    fn marked(rest: &str) -> Result<Self, Error> {
        let fields: Vec<&str> = rest.trim_end_matches('$').split('$').collect();
        let [iterations, salt, hash] = fields[..] else { return Err(Error::Malformed("macos fields")) };
        let iterations = number(iterations, "macos iterations")?;
        Ok(Self { iterations, salt: hex(salt, "macos salt")?, hash: hex(hash, "macos hash")? })
    }

    fn property_list(text: &str) -> Result<Self, Error> {
        let data = |key, part| b64(&value(text, key, "data", part)?.replace(char::is_whitespace, ""), part);
        let iterations = value(text, "iterations", "integer", "macos iterations")?;
        Ok(Self {
            iterations: number(iterations.trim(), "macos iterations")?,
            salt: data("salt", "macos salt")?,
            hash: data("entropy", "macos hash")?,
        })
    }
}

/// What stands in this element after this key of a property list.
fn value<'a>(text: &'a str, key: &str, element: &str, part: &'static str) -> Result<&'a str, Error> {
    let found = text.split_once(&format!("<key>{key}</key>")).and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix(&format!("<{element}>"))?;
        Some(rest.split_once(&format!("</{element}>"))?.0)
    });
    found.ok_or(Error::Malformed(part))
}

impl Scheme for Pbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$ml$") || hash.contains("<key>SALTED-SHA512-PBKDF2</key>")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let Parsed { iterations, salt, hash } = Parsed::new(attempt.hash, attempt.limits)?;
        let key = pbkdf2(Hash::Sha512, attempt.password, &salt, iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&key, &hash))
    }
}

//! PBKDF2 as an article of crackstation.net had it, whose code was copied into many PHP, C#, Java and Ruby applications.
//! Crackers took the layout over.

use crate::Error;
use crate::encoding::{b64, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{self, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "crackstation-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "sha256:<iterations>:<salt, base64>:<hash, base64>",
        note: NOTE,
        scheme: &Crackstation { digest: "sha256", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "crackstation-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "sha1:<iterations>:<salt, base64>:<hash, base64>",
        note: NOTE,
        scheme: &Crackstation { digest: "sha1", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "crackstation-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "sha512:<iterations>:<salt, base64>:<hash, base64>",
        note: NOTE,
        scheme: &Crackstation { digest: "sha512", hash: Hash::Sha512 },
        ..ROW
    },
    Format {
        name: "crackstation-pbkdf2-md5",
        strength: Strength::Acceptable,
        example: "md5:<iterations>:<salt, base64>:<hash, base64>",
        note: NOTE,
        scheme: &Crackstation { digest: "md5", hash: Hash::Md5 },
        ..ROW
    },
];

const NOTE: &str = "the salt is hashed decoded or, as the first PHP code did, as text: both are tried";

/// The shortest key of the vectors that crackers publish; the article's own are 18 and 24 bytes long.
const MIN_KEY_BYTES: usize = 10;

/// `sha256:1000:salt:hash`, in the article's second version `sha256:1000:18:salt:hash` with the length of the hash.
struct Crackstation {
    digest: &'static str,
    hash: Hash,
}

struct Parts<'a> {
    iterations: u64,
    salt: &'a str,
    decoded_salt: Vec<u8>,
    key: Vec<u8>,
}

impl Crackstation {
    /// What follows the name of the digest.
    fn rest<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.digest)?.strip_prefix(':')
    }

    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<Parts<'a>, Error> {
        let rest = self.rest(text).ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let fields: Vec<&str> = rest.split(':').collect();
        let (iterations, len, salt, key) = match fields[..] {
            [iterations, salt, key] => (iterations, None, salt, key),
            [iterations, len, salt, key] => (iterations, Some(len), salt, key),
            _ => return Err(Error::Malformed("pbkdf2 fields")),
        };
        let iterations = number(iterations, "pbkdf2 iterations")?;
        let key = b64(key, "pbkdf2 hash")?;
        // Both readings of the salt count.
        pbkdf2::check(self.hash, iterations.saturating_mul(2), key.len(), limits)?;
        let len = len.map(|len| number(len, "pbkdf2 hash length")).transpose()?;
        if key.len() < MIN_KEY_BYTES || len.is_some_and(|len| len != key.len() as u64) {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        Ok(Parts { iterations, salt, decoded_salt: b64(salt, "pbkdf2 salt")?, key })
    }
}

impl Scheme for Crackstation {
    fn recognise(&self, hash: &str) -> bool {
        // A number must follow, and two more fields: others have a salt or a digest there.
        let Some((iterations, rest)) = self.rest(hash).and_then(|rest| rest.split_once(':')) else {
            return false;
        };
        rest.contains(':') && iterations.bytes().all(|b| b.is_ascii_digit())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        for salt in [&stored.decoded_salt[..], stored.salt.as_bytes()] {
            let (n, len) = (stored.iterations, stored.key.len());
            let computed = pbkdf2(self.hash, attempt.password, salt, n, len, attempt.tick)?;
            if attempt.judge.same(&computed, &stored.key) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

//! Werkzeug's `generate_password_hash`, by which Flask applications store passwords: method, salt and hash in hex,
//! between dollars. The salt is hashed as the text that it is.

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::django::{Framework, Salted};
use crate::formats::fields::fields;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2;
use crate::kdf::scrypt::{self, Cost};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "werkzeug-scrypt",
        strength: Strength::Strong,
        example: "scrypt:<N>:<r>:<p>$<salt, text>$<hash, hex>",
        note: "Flask's default since Werkzeug 2.3",
        scheme: &Scrypt,
        ..ROW
    },
    Format {
        name: "werkzeug-pbkdf2",
        strength: Strength::Acceptable,
        example: "pbkdf2:<digest>:<iterations>$<salt, text>$<hash, hex>",
        note: "Flask's default from 2013 to 2023; without iterations, each old default is tried",
        scheme: &Pbkdf2,
        ..ROW
    },
    Format {
        name: "werkzeug-hmac-md5",
        example: "md5$<salt, text>$<hash, hex>",
        must_name: true,
        note: "HMAC keyed by the salt; django-md5 looks the same",
        scheme: &Salted { prefix: "md5$", hash: Hash::Md5, by: Framework::Werkzeug },
        ..ROW
    },
    Format {
        name: "werkzeug-hmac-sha1",
        example: "sha1$<salt, text>$<hash, hex>",
        must_name: true,
        note: "HMAC keyed by the salt, Flask's default until 2013; django-sha1 looks the same",
        scheme: &Salted { prefix: "sha1$", hash: Hash::Sha1, by: Framework::Werkzeug },
        ..ROW
    },
    Format {
        name: "werkzeug-hmac-sha256",
        example: "sha256$<salt, text>$<hash, hex>",
        note: "HMAC keyed by the salt",
        scheme: &Salted { prefix: "sha256$", hash: Hash::Sha256, by: Framework::Werkzeug },
        ..ROW
    },
    Format {
        name: "werkzeug-hmac-sha512",
        example: "sha512$<salt, text>$<hash, hex>",
        note: "HMAC keyed by the salt",
        scheme: &Salted { prefix: "sha512$", hash: Hash::Sha512, by: Framework::Werkzeug },
        ..ROW
    },
];

/// What `pbkdf2:<digest>` without a number meant in Werkzeug 0.9, 0.12, 0.15 and 2.0.
const OLD_ITERATIONS: &[u64] = &[1000, 50_000, 150_000, 260_000];

/// `pbkdf2:sha256:260000$salt$hash`; any digest of Python's hashlib.
struct Pbkdf2;

struct Pbkdf2Parts<'a> {
    hash: Hash,
    /// One, unless the string doesn't say.
    iterations: Vec<u64>,
    salt: &'a str,
    key: Vec<u8>,
}

impl Pbkdf2 {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<Pbkdf2Parts<'a>, Error> {
        let [method, salt, key] = fields(text, '$', "werkzeug fields")?;
        let mut method = method.split(':');
        let (Some("pbkdf2"), digest, iterations, None) =
            (method.next(), method.next(), method.next(), method.next())
        else {
            return Err(Error::Malformed("werkzeug method"));
        };
        let hash = Hash::by_name(digest.unwrap_or("sha256")).ok_or(Error::Malformed("werkzeug digest"))?;
        let iterations = match iterations {
            Some(n) => vec![number(n, "pbkdf2 iterations")?],
            None => OLD_ITERATIONS.to_vec(),
        };
        let key = hex(key, "werkzeug hash")?;
        let total = iterations.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
        pbkdf2::check(hash, total, key.len(), limits)?;
        if key.len() != hash.len() {
            return Err(Error::Malformed("werkzeug hash length"));
        }
        Ok(Pbkdf2Parts { hash, iterations, salt, key })
    }
}

impl Scheme for Pbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("pbkdf2:")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        for &n in &stored.iterations {
            let (salt, len) = (stored.salt.as_bytes(), stored.key.len());
            let computed = pbkdf2::pbkdf2(stored.hash, attempt.password, salt, n, len, attempt.tick)?;
            if attempt.judge.same(&computed, &stored.key) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `scrypt:32768:8:1$salt$hash`
struct Scrypt;

/// Werkzeug always stores 64 bytes.
const SCRYPT_BYTES: usize = 64;

impl Scrypt {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<(Cost, &'a str, Vec<u8>), Error> {
        const PART: &str = "scrypt parameters";
        let [method, salt, key] = fields(text, '$', "werkzeug fields")?;
        let [name, n, r, p] = fields(method, ':', "werkzeug method")?;
        if name != "scrypt" {
            return Err(Error::Malformed("werkzeug method"));
        }
        let cost = Cost::from_n(number(n, PART)?, number(r, PART)?, number(p, PART)?)?;
        cost.check(limits)?;
        let key = hex(key, "werkzeug hash")?;
        if key.len() != SCRYPT_BYTES {
            return Err(Error::Malformed("werkzeug hash length"));
        }
        Ok((cost, salt, key))
    }
}

impl Scheme for Scrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("scrypt:")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (cost, salt, key) = self.parse(attempt.hash, attempt.limits)?;
        let computed =
            scrypt::scrypt(attempt.password, salt.as_bytes(), cost, key.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &key))
    }
}

//! MediaWiki: `:type:` and what the type's class writes.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::argon2::WrappedArgon2;
use crate::formats::bcrypt::BCRYPT;
use crate::formats::fields::{fields, is_hex};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{self, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "mediawiki-pbkdf2",
        strength: Strength::Acceptable,
        example: ":pbkdf2:<digest>:<iterations>:<length>:<salt, base64>:<hash, base64>",
        note: "MediaWiki's default since 1.24",
        scheme: &Pbkdf2,
        ..ROW
    },
    Format {
        name: "mediawiki-argon2",
        strength: Strength::Strong,
        example: ":argon2:<argon2i or argon2id hash>",
        scheme: &WrappedArgon2 { prefix: ":argon2:", part: "mediawiki type", producer: None },
        ..ROW
    },
    Format {
        name: "mediawiki-bcrypt",
        strength: Strength::Strong,
        example: ":bcrypt:<cost>$<salt, 22>$<hash, 31>",
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &PhpBcrypt,
        ..ROW
    },
    Format {
        name: "mediawiki-layered",
        strength: Strength::Acceptable,
        example: ":pbkdf2-legacyB:!<digest>:<iterations>:<length>!<salt of B>!<salt>!<hash>; also legacyA",
        note: "PBKDF2 over an old hash of type A or B",
        scheme: &Layered,
        ..ROW
    },
    Format {
        name: "mediawiki-b",
        example: ":B:<salt, text>:<hash, hex>",
        note: "MediaWiki before 1.24; crackers write $B$<salt>$<hash>",
        scheme: &SaltedMd5,
        ..ROW
    },
    Format {
        name: "mediawiki-a",
        example: ":A:<hash, hex>; also :A:<salt>:<hash>",
        note: "MediaWiki before 1.24 without $wgPasswordSalt",
        scheme: &PlainMd5,
        ..ROW
    },
];

/// The MD5 of the password, hashed once more after a salt and a hyphen, in hex.
fn md5_hex(password: &[u8], salt: Option<&str>) -> Zeroizing<String> {
    let inner = Zeroizing::new(hex::encode(Hash::Md5.of(&[password])));
    match salt {
        None => inner,
        Some(salt) => Zeroizing::new(hex::encode(Hash::Md5.of(&[salt.as_bytes(), b"-", inner.as_bytes()]))),
    }
}

/// `:A:hash`, and `:A:salt:hash`, which an old release wrote for type B.
struct PlainMd5;

impl PlainMd5 {
    fn parse<'a>(&self, text: &'a str) -> Result<(Option<&'a str>, Vec<u8>), Error> {
        let rest = text.strip_prefix(":A:").ok_or(Error::Malformed("mediawiki type"))?;
        let (salt, hash) = match rest.rsplit_once(':') {
            Some((salt, hash)) => (Some(salt), hash),
            None => (None, rest),
        };
        Ok((salt, md5_of(hash)?))
    }
}

impl Scheme for PlainMd5 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(":A:")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        is_md5(attempt, salt, &hash)
    }
}

/// `:B:salt:hash`
struct SaltedMd5;

impl SaltedMd5 {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        let (rest, separator) = match (text.strip_prefix(":B:"), text.strip_prefix("$B$")) {
            (Some(rest), _) => (rest, ':'),
            (_, Some(rest)) => (rest, '$'),
            _ => return Err(Error::Malformed("mediawiki type")),
        };
        let (salt, hash) = rest.rsplit_once(separator).ok_or(Error::Malformed("mediawiki fields"))?;
        Ok((salt, md5_of(hash)?))
    }
}

impl Scheme for SaltedMd5 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(":B:") || hash.starts_with("$B$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        is_md5(attempt, Some(salt), &hash)
    }
}

fn md5_of(text: &str) -> Result<Vec<u8>, Error> {
    if is_hex(text, 32) { hex(text, "mediawiki hash") } else { Err(Error::Malformed("mediawiki hash")) }
}

fn is_md5(attempt: &Attempt<'_>, salt: Option<&str>, stored: &[u8]) -> Result<bool, Error> {
    Ok(attempt.judge.same(&hex(&md5_hex(attempt.password, salt), "mediawiki hash")?, stored))
}

/// `:pbkdf2:sha512:30000:64:salt:hash`
struct Pbkdf2;

impl Scheme for Pbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(":pbkdf2:")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Derivation::plain(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Derivation::plain(attempt.hash, attempt.limits)?;
        stored.is_of(attempt.password, attempt)
    }
}

/// What `hash_pbkdf2` of PHP is given, and what came out.
struct Derivation {
    hash: Hash,
    iterations: u64,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Derivation {
    fn plain(text: &str, limits: &Limits) -> Result<Self, Error> {
        let rest = text.strip_prefix(":pbkdf2:").ok_or(Error::Malformed("mediawiki type"))?;
        let [digest, iterations, len, salt, key] = fields(rest, ':', "mediawiki fields")?;
        Self::new([digest, iterations, len], salt, key, limits)
    }

    fn new(params: [&str; 3], salt: &str, key: &str, limits: &Limits) -> Result<Self, Error> {
        let [digest, iterations, len] = params;
        let hash = Hash::by_name(&digest.replace('-', "_")).ok_or(Error::Malformed("mediawiki digest"))?;
        let iterations = number(iterations, "pbkdf2 iterations")?;
        let (salt, key) = (b64(salt, "mediawiki salt")?, b64(key, "mediawiki hash")?);
        pbkdf2::check(hash, iterations, key.len(), limits)?;
        if number(len, "mediawiki hash length")? != key.len() as u64 || key.len() < 10 {
            return Err(Error::Malformed("mediawiki hash length"));
        }
        Ok(Self { hash, iterations, salt, key })
    }

    fn is_of(&self, password: &[u8], attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let len = self.key.len();
        let computed = pbkdf2(self.hash, password, &self.salt, self.iterations, len, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.key))
    }
}

/// `:pbkdf2-legacyB:!sha512:30000:64!salt of B!salt!hash`: the parameters of both layers, then the salts of both, then
/// the hash, between exclamation marks. Type A has neither parameters nor, mostly, a salt.
struct Layered;

const LAYERED_A: &str = ":pbkdf2-legacyA:";
const LAYERED_B: &str = ":pbkdf2-legacyB:";

impl Layered {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<(Option<&'a str>, Derivation), Error> {
        let rest = text.strip_prefix(LAYERED_A).or_else(|| text.strip_prefix(LAYERED_B));
        let rest = rest.ok_or(Error::Malformed("mediawiki type"))?;
        let ["", params, old_salt, salt, key] = fields(rest, '!', "mediawiki fields")? else {
            return Err(Error::Malformed("mediawiki fields"));
        };
        let derivation = Derivation::new(fields(params, ':', "mediawiki fields")?, salt, key, limits)?;
        let unsalted = old_salt.is_empty() && text.starts_with(LAYERED_A);
        Ok(((!unsalted).then_some(old_salt), derivation))
    }
}

impl Scheme for Layered {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(LAYERED_A) || hash.starts_with(LAYERED_B)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, derivation) = self.parse(attempt.hash, attempt.limits)?;
        derivation.is_of(md5_hex(attempt.password, salt).as_bytes(), attempt)
    }
}

/// `:bcrypt:12$salt$hash`: the cost is a number, and a dollar stands between salt and hash.
struct PhpBcrypt;

impl PhpBcrypt {
    fn inner(&self, hash: &str) -> Result<String, Error> {
        let rest = hash.strip_prefix(":bcrypt:").ok_or(Error::Malformed("mediawiki type"))?;
        let [cost, salt, hash] = fields(rest, '$', "mediawiki fields")?;
        let cost = number(cost, "bcrypt cost")?;
        Ok(format!("$2y${cost:02}${salt}{hash}"))
    }
}

impl Scheme for PhpBcrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(":bcrypt:")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(&self.inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let inner = self.inner(attempt.hash)?;
        BCRYPT.verify(&mut attempt.over(attempt.password, &inner))
    }
}

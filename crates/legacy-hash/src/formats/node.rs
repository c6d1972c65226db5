//! The npm package password-hash.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::kdf::{Pacer, iterated};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "npm-password-hash",
    example: "<sha1 or another>$<salt, text>$<rounds>$<hash, hex>",
    note: "an HMAC keyed with the salt; each round but the first takes the hex of the one before",
    scheme: &PasswordHash,
    ..ROW
}];

/// `sha1$salt$rounds$hash`
pub(crate) struct PasswordHash;

/// Rounds between two ticks: 2 ms.
const PACE: u32 = 2048;

struct Parsed<'a> {
    hash: Hash,
    salt: &'a str,
    rounds: u64,
    digest: Vec<u8>,
}

impl PasswordHash {
    fn parse(text: &str) -> Result<Parsed<'_>, Error> {
        let fields: Vec<&str> = text.split('$').collect();
        let (algorithm, salt, rounds, digest) = match fields[..] {
            [algorithm, salt, rounds, digest] => (algorithm, salt, rounds, digest),
            // Of its first versions.
            [algorithm, salt, digest] => (algorithm, salt, "1", digest),
            _ => return Err(Error::Malformed("password-hash fields")),
        };
        let hash = algorithm_of(algorithm).ok_or(Error::Malformed("password-hash algorithm"))?;
        let digest = hex(digest, "password-hash hash")?;
        if digest.len() != hash.len() {
            return Err(Error::Malformed("password-hash hash length"));
        }
        Ok(Parsed { hash, salt, rounds: number(rounds, "password-hash rounds")?, digest })
    }
}

/// Those of Node that anyone used.
fn algorithm_of(name: &str) -> Option<Hash> {
    const NAMES: [(&str, Hash); 7] = [
        ("md4", Hash::Md4),
        ("md5", Hash::Md5),
        ("sha1", Hash::Sha1),
        ("sha224", Hash::Sha224),
        ("sha256", Hash::Sha256),
        ("sha384", Hash::Sha384),
        ("sha512", Hash::Sha512),
    ];
    NAMES.iter().find(|(known, _)| *known == name).map(|&(_, hash)| hash)
}

impl Scheme for PasswordHash {
    fn recognise(&self, hash: &str) -> bool {
        // Three fields are more often Django's or Werkzeug's.
        let fields: Vec<&str> = hash.split('$').collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        matches!(fields[..], [algorithm, _, rounds, _] if algorithm_of(algorithm).is_some() && is_number(rounds))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        iterated::check(Self::parse(hash)?.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let Parsed { hash, salt, rounds, digest } = Self::parse(attempt.hash)?;
        iterated::check(rounds, attempt.limits)?;
        let mut pacer = Pacer::new(attempt.tick, PACE);
        let mut computed = hash.hmac(salt.as_bytes(), &[attempt.password]);
        for _ in 1..rounds {
            pacer.step()?;
            let text = Zeroizing::new(hex::encode(&*computed));
            computed = hash.hmac(salt.as_bytes(), &[text.as_bytes()]);
        }
        Ok(attempt.judge.same(&computed, &digest))
    }
}

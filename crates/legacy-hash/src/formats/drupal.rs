//! Drupal 7 to 10: phpass over SHA-512.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, h64, h64_value};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::phpass::Phpass;
use crate::kdf::digest::Hash;
use crate::kdf::{Pacer, Tick};
use crate::limits::{Limits, PHPASS_WORK};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "drupal7",
        strength: Strength::Acceptable,
        example: "$S$<log2 of iterations, 1><salt, 8><hash, 43>",
        note: "Drupal 7 to 10: phpass over SHA-512, the hash cut to 43 characters",
        scheme: &DRUPAL,
        ..ROW
    },
    Format {
        name: "drupal7-from-d6",
        strength: Strength::Acceptable,
        example: "U$S$<log2 of iterations, 1><salt, 8><hash, 43>",
        note: "accounts of Drupal 6: over the MD5 of the password in hex; also U$P$ and U$H$",
        scheme: &FromDrupal6,
        ..ROW
    },
];

/// Iterations between two ticks: about 2 ms.
const PACE: u32 = 4096;

/// The bytes of the digest that 43 characters hold whole.
const KEPT: usize = 32;

struct Drupal;

const DRUPAL: Drupal = Drupal;

impl Scheme for Drupal {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$S$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, attempt.limits)?;
        // As with phpass: no system ever hashed so long a password so often.
        if (attempt.password.len() as u64) << stored.log2 > PHPASS_WORK {
            return Ok(false);
        }
        let computed = stretch(attempt.password, stored.salt, stored.log2, attempt.tick)?;
        Ok(attempt.judge.same(&computed[..KEPT], &stored.hash))
    }
}

/// `U` and the hash of a hash: what the upgrade from Drupal 6 made of its MD5s.
struct FromDrupal6;

impl FromDrupal6 {
    fn inner<'a>(&self, hash: &'a str) -> Result<(&'static dyn Scheme, &'a str), Error> {
        let inner = hash.strip_prefix('U').ok_or(Error::Malformed("drupal prefix"))?;
        if Phpass.recognise(inner) { Ok((&Phpass, inner)) } else { Ok((&DRUPAL, inner)) }
    }
}

impl Scheme for FromDrupal6 {
    fn recognise(&self, hash: &str) -> bool {
        ["U$S$", "U$P$", "U$H$"].iter().any(|prefix| hash.starts_with(prefix))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let (scheme, inner) = self.inner(hash)?;
        scheme.check(inner, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (scheme, inner) = self.inner(attempt.hash)?;
        let digest = Zeroizing::new(hex::encode(Hash::Md5.of(&[attempt.password])));
        scheme.verify(&mut attempt.over(digest.as_bytes(), inner))
    }
}

struct Parsed<'a> {
    log2: u32,
    salt: &'a [u8],
    hash: [u8; KEPT],
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        let rest = text.strip_prefix("$S$").ok_or(Error::Malformed("drupal prefix"))?;
        let log2 = rest.bytes().next().and_then(h64_value).ok_or(Error::Malformed("drupal iterations"))?;
        if log2 > 30 {
            return Err(Error::Malformed("drupal iterations"));
        }
        if log2 > limits.phpass_log2 {
            return Err(Error::OverLimit("phpass iterations"));
        }
        let (salt, hash) = rest[1..].split_at_checked(8).ok_or(Error::Malformed("drupal salt"))?;
        if hash.len() != 43 {
            return Err(Error::Malformed("drupal hash length"));
        }
        Ok(Self { log2, salt: salt.as_bytes(), hash: exactly(h64(hash, "drupal hash")?, "drupal hash")? })
    }
}

fn stretch(password: &[u8], salt: &[u8], log2: u32, tick: Tick<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    let mut digest = Hash::Sha512.of(&[salt, password]);
    for _ in 0..1u64 << log2 {
        pacer.step()?;
        digest = Hash::Sha512.of(&[&digest, password]);
    }
    Ok(digest)
}

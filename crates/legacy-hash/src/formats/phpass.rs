//! The portable hashes of phpass: WordPress before 6.8, phpBB 3, and many PHP applications between them.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, h64, h64_value};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::{Pacer, Tick};
use crate::limits::{Limits, PHPASS_WORK};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "phpass",
    example: "$P$<log2 of iterations, 1><salt, 8><hash, 22>; also $H$",
    note: "WordPress before 6.8, phpBB 3; WordPress trims the password first",
    scheme: &Phpass,
    ..ROW
}];

/// Iterations between two ticks: about 1 ms.
const PACE: u32 = 4096;

/// `$P$` or `$H$` (phpBB's), one character for log2 of the iterations, 8 of salt, 22 of hash
pub(crate) struct Phpass;

impl Scheme for Phpass {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$P$") || hash.starts_with("$H$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn parameters(&self, hash: &str) -> Option<String> {
        Parsed::new(hash, &Limits::ABSOLUTE).ok().map(|parsed| format!("log2={}", parsed.log2))
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, attempt.limits)?;
        // As with sha-crypt: no system ever hashed so long a password so often.
        if (attempt.password.len() as u64) << stored.log2 > PHPASS_WORK {
            return Ok(false);
        }
        let computed = phpass(attempt.password, stored.salt, stored.log2, attempt.tick)?;
        Ok(attempt.judge.same(&computed[..], &stored.hash))
    }
}

struct Parsed<'a> {
    log2: u32,
    salt: &'a [u8],
    hash: [u8; 16],
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        let rest = text.strip_prefix("$P$").or_else(|| text.strip_prefix("$H$"));
        let rest = rest.ok_or(Error::Malformed("phpass prefix"))?;
        let log2 = rest.bytes().next().and_then(h64_value).ok_or(Error::Malformed("phpass iterations"))?;
        if log2 > 30 {
            return Err(Error::Malformed("phpass iterations"));
        }
        if log2 > limits.phpass_log2 {
            return Err(Error::OverLimit("phpass iterations"));
        }
        let (salt, hash) = rest[1..].split_at_checked(8).ok_or(Error::Malformed("phpass salt"))?;
        if hash.len() != 22 {
            return Err(Error::Malformed("phpass hash length"));
        }
        Ok(Self { log2, salt: salt.as_bytes(), hash: exactly(h64(hash, "phpass hash")?, "phpass hash")? })
    }
}

fn phpass(password: &[u8], salt: &[u8], log2: u32, tick: Tick<'_>) -> Result<Zeroizing<[u8; 16]>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    let mut digest: Zeroizing<[u8; 16]> =
        Zeroizing::new(Md5::new().chain_update(salt).chain_update(password).finalize().into());
    for _ in 0..1u64 << log2 {
        pacer.step()?;
        *digest = Md5::new().chain_update(&digest[..]).chain_update(password).finalize().into();
    }
    Ok(digest)
}

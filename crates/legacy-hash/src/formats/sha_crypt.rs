//! sha256crypt and sha512crypt, as Ulrich Drepper specified them ("Unix crypt using SHA-256 and SHA-512",
//! 0.6).
//!
//! The steps are numbered as there. In a loop of our own: the crate's can't be interrupted.

use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{h64, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::{Pacer, Tick};
use crate::limits::{Limits, SHA_CRYPT_WORK};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sha512crypt",
        strength: Strength::Acceptable,
        example: "$6$rounds=<rounds>$<salt, up to 16>$<hash, 86>",
        note: "5000 rounds where none are named",
        ends_at_nul: true,
        scheme: &ShaCrypt(Hash::Sha512),
        ..ROW
    },
    Format {
        name: "sha256crypt",
        strength: Strength::Acceptable,
        example: "$5$rounds=<rounds>$<salt, up to 16>$<hash, 43>",
        note: "5000 rounds where none are named",
        ends_at_nul: true,
        scheme: &ShaCrypt(Hash::Sha256),
        ..ROW
    },
];

/// Rounds between two ticks: about 1 ms, more for a long password.
const PACE: u32 = 1024;

/// Rounds where the string names none, and the range into which named ones are moved, as glibc does.
const DEFAULT_ROUNDS: u64 = 5000;
const MIN_ROUNDS: u64 = 1000;

/// Longer salts are cut before use.
const SALT_BYTES: usize = 16;

/// `$5$` over SHA-256, `$6$` over SHA-512
pub(crate) struct ShaCrypt(pub(crate) Hash);

impl ShaCrypt {
    fn prefix(&self) -> &'static str {
        if self.0 == Hash::Sha256 { "$5$" } else { "$6$" }
    }

    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<Parsed<'a>, Error> {
        let rest = text.strip_prefix(self.prefix()).ok_or(Error::Malformed("sha-crypt prefix"))?;
        let (rounds, rest) = split_rounds(rest)?;
        if rounds > limits.sha_crypt_rounds {
            return Err(Error::OverLimit("sha-crypt rounds"));
        }
        let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("sha-crypt fields"))?;
        let hash = h64(hash, "sha-crypt hash")?;
        if hash.len() != self.0.len() {
            return Err(Error::Malformed("sha-crypt hash length"));
        }
        let salt = salt.as_bytes();
        Ok(Parsed { rounds, salt: &salt[..salt.len().min(SALT_BYTES)], hash })
    }

    fn compute(
        &self,
        password: &[u8],
        salt: &[u8],
        rounds: u64,
        tick: Tick<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.0 {
            Hash::Sha256 => sha_crypt::<Sha256>(password, salt, rounds, tick),
            _ => sha_crypt::<Sha512>(password, salt, rounds, tick),
        }
    }

    /// Which byte of the digest stands where in the string: step 22, each group of three from its last to its
    /// first.
    fn order(&self) -> &'static [usize] {
        if self.0 == Hash::Sha256 { &ORDER_256 } else { &ORDER_512 }
    }
}

impl Scheme for ShaCrypt {
    fn recognise(&self, hash: &str) -> bool {
        // Mosquitto has strings of padded base64 with the same prefix.
        hash.starts_with(self.prefix()) && !hash.ends_with('=')
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn parameters(&self, hash: &str) -> Option<String> {
        self.parse(hash, &Limits::ABSOLUTE).ok().map(|parsed| format!("rounds={}", parsed.rounds))
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        // A password so long, under so many rounds, that no system could ever have hashed it in reasonable
        // time.
        if stored.rounds.saturating_mul(attempt.password.len() as u64) > SHA_CRYPT_WORK {
            return Ok(false);
        }
        let digest = self.compute(attempt.password, stored.salt, stored.rounds, attempt.tick)?;
        let permuted: Zeroizing<Vec<u8>> = Zeroizing::new(self.order().iter().map(|&i| digest[i]).collect());
        Ok(attempt.judge.same(&permuted, &stored.hash))
    }
}

struct Parsed<'a> {
    rounds: u64,
    salt: &'a [u8],
    hash: Vec<u8>,
}

fn split_rounds(rest: &str) -> Result<(u64, &str), Error> {
    let Some(named) = rest.strip_prefix("rounds=") else { return Ok((DEFAULT_ROUNDS, rest)) };
    let (rounds, rest) = named.split_once('$').ok_or(Error::Malformed("sha-crypt fields"))?;
    Ok((number(rounds, "sha-crypt rounds")?.max(MIN_ROUNDS), rest))
}

fn sha_crypt<D: Digest>(
    password: &[u8],
    salt: &[u8],
    rounds: u64,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut digest = Zeroizing::new(first_digest::<D>(password, salt).to_vec());
    // Steps 13 to 20: stand-ins for the password and the salt, of their lengths.
    let p = stand_in::<D>(password, password.len());
    let s = stand_in::<D>(salt, 16 + usize::from(digest[0]));
    let mut pacer = Pacer::new(tick, PACE);
    // Step 21.
    for round in 0..rounds {
        pacer.step()?;
        let odd = round % 2 == 1;
        let mut next = D::new();
        next.update(if odd { &p } else { &digest });
        if round % 3 != 0 {
            next.update(&s);
        }
        if round % 7 != 0 {
            next.update(&p);
        }
        next.update(if odd { &digest } else { &p });
        digest.copy_from_slice(&next.finalize());
    }
    Ok(digest)
}

/// The digest that sha256crypt makes with a salt of any length, its bytes in the order of the string: MySQL's
/// salts are longer than crypt(3)'s. The rounds have been compared with the limits.
pub(crate) fn sha256_ordered(
    password: &[u8],
    salt: &[u8],
    rounds: u64,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let digest = sha_crypt::<Sha256>(password, salt, rounds, tick)?;
    Ok(Zeroizing::new(ORDER_256.iter().map(|&i| digest[i]).collect()))
}

/// Steps 1 to 12.
fn first_digest<D: Digest>(password: &[u8], salt: &[u8]) -> sha2::digest::Output<D> {
    let b = D::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut a = D::new().chain_update(password).chain_update(salt);
    a.update(repeated(&b, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        a.update(if bits % 2 == 1 { &b[..] } else { password });
        bits /= 2;
    }
    a.finalize()
}

/// The digest of `text` so many times over, itself repeated to the length of `text`.
fn stand_in<D: Digest>(text: &[u8], times: usize) -> Zeroizing<Vec<u8>> {
    let mut digest = D::new();
    for _ in 0..times {
        digest.update(text);
    }
    repeated(&digest.finalize(), text.len())
}

fn repeated(block: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(block.iter().copied().cycle().take(len).collect())
}

#[rustfmt::skip]
const ORDER_256: [usize; 32] = [
    20, 10,  0,  11,  1, 21,   2, 22, 12,  23, 13,  3,  14,  4, 24,   5, 25, 15,  26, 16,  6,
    17,  7, 27,   8, 28, 18,  29, 19,  9,  30, 31,
];

#[rustfmt::skip]
const ORDER_512: [usize; 64] = [
    42, 21,  0,   1, 43, 22,  23,  2, 44,  45, 24,  3,   4, 46, 25,  26,  5, 47,  48, 27,  6,
     7, 49, 28,  29,  8, 50,  51, 30,  9,  10, 52, 31,  32, 11, 53,  54, 33, 12,  13, 55, 34,
    35, 14, 56,  57, 36, 15,  16, 58, 37,  38, 17, 59,  60, 39, 18,  19, 61, 40,  41, 20, 62,
    63,
];

//! crypt(3) on DES: the traditional one, BSDi's extended one, and what HP-UX, DEC and Django made of them.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{h64_number, h64_value};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::des::{Des, PACE};
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "descrypt",
        aliases: &["des-crypt"],
        example: "<salt, 2><hash, 11>",
        must_name: true,
        note: "traditional crypt(3); only the first 8 characters count, and 7 bits of each",
        ends_at_nul: true,
        scheme: &DES_CRYPT,
        ..ROW
    },
    Format {
        name: "bsdicrypt",
        aliases: &["bsdi-crypt"],
        example: "_<iterations, 4><salt, 4><hash, 11>",
        note: "BSDi's extended DES; only 7 bits of each character count",
        ends_at_nul: true,
        scheme: &BSDI_CRYPT,
        ..ROW
    },
    Format {
        name: "bigcrypt",
        example: "<salt, 2><hash, 11><hash, 11>…",
        must_name: true,
        note: "HP-UX, Digital UNIX: one hash for every 8 characters",
        ends_at_nul: true,
        scheme: &BIG_CRYPT,
        ..ROW
    },
    Format {
        name: "crypt16",
        example: "<salt, 2><hash, 11><hash, 11>",
        must_name: true,
        note: "Ultrix, Tru64: only the first 16 characters count",
        ends_at_nul: true,
        scheme: &Crypt16,
        ..ROW
    },
    Format {
        name: "django-des-crypt",
        example: "crypt$<salt, or nothing>$<salt, 2><hash, 11>",
        note: "Django's CryptPasswordHasher; only the first 8 characters count",
        ends_at_nul: true,
        scheme: &DjangoCrypt,
        ..ROW
    },
];

/// What a block of hash is made of: 64 bits in 11 characters.
const BLOCK_CHARS: usize = 11;

/// Encryptions of the traditional crypt(3).
const TIMES: u64 = 25;

/// Two characters of salt, and one block.
pub(crate) struct DesCrypt;

pub(crate) const DES_CRYPT: DesCrypt = DesCrypt;

impl DesCrypt {
    fn parse(&self, text: &str) -> Result<(u32, u64), Error> {
        let (salt, hash) = text.split_at_checked(2).ok_or(Error::Malformed("des-crypt salt"))?;
        Ok((salt_of(salt)?, block(hash)?))
    }
}

impl Scheme for DesCrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.len() == 2 + BLOCK_CHARS && is_h64(hash)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        let computed = compute(attempt.password, salt, TIMES, &mut Pacer::new(attempt.tick, PACE))?;
        Ok(attempt.judge.same(&bytes(&[computed]), &bytes(&[hash])))
    }
}

/// `_`, then iterations and salt of 24 bits each.
pub(crate) struct BsdiCrypt;

pub(crate) const BSDI_CRYPT: BsdiCrypt = BsdiCrypt;

impl BsdiCrypt {
    fn parse(&self, text: &str, limits: &Limits) -> Result<(u64, u32, u64), Error> {
        let rest = text.strip_prefix('_').ok_or(Error::Malformed("bsdi-crypt prefix"))?;
        let (times, rest) = rest.split_at_checked(4).ok_or(Error::Malformed("bsdi-crypt iterations"))?;
        let (salt, hash) = rest.split_at_checked(4).ok_or(Error::Malformed("bsdi-crypt salt"))?;
        let times = h64_number(times, "bsdi-crypt iterations")?;
        if times == 0 {
            return Err(Error::Malformed("bsdi-crypt iterations"));
        }
        if times > limits.digest_rounds {
            return Err(Error::OverLimit("bsdi-crypt iterations"));
        }
        // 24 bits fit.
        Ok((times, h64_number(salt, "bsdi-crypt salt")? as u32, block(hash)?))
    }
}

impl Scheme for BsdiCrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.len() == 9 + BLOCK_CHARS && hash.strip_prefix('_').is_some_and(is_h64)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (times, salt, hash) = self.parse(attempt.hash, attempt.limits)?;
        let key = folded(attempt.password);
        let computed = Des::new(*key).salted(0, salt, times, &mut Pacer::new(attempt.tick, PACE))?;
        Ok(attempt.judge.same(&bytes(&[computed]), &bytes(&[hash])))
    }
}

/// All of the password in one key: encrypted under itself, and the next eight characters added.
fn folded(password: &[u8]) -> Zeroizing<[u8; 8]> {
    let mut parts = password.chunks(8);
    let mut folded = key(parts.next().unwrap_or_default());
    for part in parts {
        let encrypted = Des::new(*folded).encrypt(u64::from_be_bytes(*folded));
        *folded = (encrypted ^ u64::from_be_bytes(*key(part))).to_be_bytes();
    }
    folded
}

/// A block for every eight characters, each salted with the first two characters of the one before.
pub(crate) struct BigCrypt;

pub(crate) const BIG_CRYPT: BigCrypt = BigCrypt;

/// The genuine functions stop here, others go on.
const MOST_BLOCKS: usize = 16;

impl BigCrypt {
    /// The blocks, each with its salt.
    fn parse(&self, text: &str) -> Result<Vec<(u32, u64)>, Error> {
        let (salt, hash) = text.split_at_checked(2).ok_or(Error::Malformed("bigcrypt salt"))?;
        if hash.is_empty() || !hash.len().is_multiple_of(BLOCK_CHARS) || !is_h64(hash) {
            return Err(Error::Malformed("bigcrypt hash length"));
        }
        let mut salt = salt_of(salt)?;
        let mut blocks = Vec::new();
        let mut rest = hash;
        while let Some((text, next)) = rest.split_at_checked(BLOCK_CHARS) {
            blocks.push((salt, block(text)?));
            salt = salt_of(text.get(..2).unwrap_or_default())?;
            rest = next;
        }
        Ok(blocks)
    }
}

impl Scheme for BigCrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.len() > 2 && (hash.len() - 2).is_multiple_of(BLOCK_CHARS) && is_h64(hash)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let blocks = self.parse(attempt.hash)?;
        let parts = attempt.password.len().div_ceil(8).max(1);
        if parts != blocks.len() && !(parts > MOST_BLOCKS && blocks.len() == MOST_BLOCKS) {
            return Ok(false);
        }
        let mut pacer = Pacer::new(attempt.tick, PACE);
        let (mut computed, mut stored) = (Vec::new(), Vec::new());
        for (i, (salt, hash)) in blocks.into_iter().enumerate() {
            let part = attempt.password.get(8 * i..).unwrap_or_default();
            computed.push(compute(part, salt, TIMES, &mut pacer)?);
            stored.push(hash);
        }
        Ok(attempt.judge.same(&bytes(&computed), &bytes(&stored)))
    }
}

/// Two blocks of 16 characters: the first encrypted 20 times, the second 5 times.
pub(crate) struct Crypt16;

impl Crypt16 {
    fn parse(&self, text: &str) -> Result<(u32, u64, u64), Error> {
        let (salt, hash) = text.split_at_checked(2).ok_or(Error::Malformed("crypt16 salt"))?;
        let (first, second) = hash.split_at_checked(BLOCK_CHARS).ok_or(Error::Malformed("crypt16 hash"))?;
        Ok((salt_of(salt)?, block(first)?, block(second)?))
    }
}

impl Scheme for Crypt16 {
    fn recognise(&self, hash: &str) -> bool {
        hash.len() == 2 + 2 * BLOCK_CHARS && is_h64(hash)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, first, second) = self.parse(attempt.hash)?;
        let mut pacer = Pacer::new(attempt.tick, PACE);
        let rest = attempt.password.get(8..).unwrap_or_default();
        let computed =
            [compute(attempt.password, salt, 20, &mut pacer)?, compute(rest, salt, 5, &mut pacer)?];
        Ok(attempt.judge.same(&bytes(&computed), &bytes(&[first, second])))
    }
}

/// `crypt$salt$…`, where the salt is repeated by old releases and left out by later ones.
pub(crate) struct DjangoCrypt;

fn django_inner(hash: &str) -> Result<&str, Error> {
    let rest = hash.strip_prefix("crypt$").ok_or(Error::Malformed("des-crypt prefix"))?;
    let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("des-crypt fields"))?;
    match salt.is_empty() || hash.starts_with(salt) {
        true => Ok(hash),
        false => Err(Error::Malformed("des-crypt salt")),
    }
}

impl Scheme for DjangoCrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("crypt$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        DES_CRYPT.check(django_inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = django_inner(attempt.hash)?;
        DES_CRYPT.verify(&mut attempt.over(attempt.password, hash))
    }
}

fn is_h64(text: &str) -> bool {
    text.bytes().all(|c| h64_value(c).is_some())
}

/// What crypt(3) makes of eight characters of the password.
fn compute(password: &[u8], salt: u32, times: u64, pacer: &mut Pacer<'_>) -> Result<u64, Error> {
    Des::new(*key(password)).salted(0, salt, times, pacer)
}

/// Seven bits of each of the first eight characters, in the upper bits, the lowest being for parity.
pub(crate) fn key(password: &[u8]) -> Zeroizing<[u8; 8]> {
    let mut key = Zeroizing::new([0; 8]);
    key.iter_mut().zip(password).for_each(|(out, byte)| *out = byte << 1);
    key
}

/// One block as AFS needs it: with this salt, 25 times.
pub(crate) fn traditional(key: [u8; 8], salt: u32, tick: Tick<'_>) -> Result<u64, Error> {
    Des::new(key).salted(0, salt, TIMES, &mut Pacer::new(tick, PACE))
}

/// The salt of two characters. Others than those of the alphabet are read as old C libraries did.
fn salt_of(text: &str) -> Result<u32, Error> {
    match *text.as_bytes() {
        [a, b] if a.is_ascii_graphic() && b.is_ascii_graphic() => Ok(salt_bits(a) | salt_bits(b) << 6),
        _ => Err(Error::Malformed("des-crypt salt")),
    }
}

/// glibc's reading of a character, which for those of the alphabet is their value.
pub(crate) fn salt_bits(c: u8) -> u32 {
    let zero = match c {
        b'a'.. => 59,
        b'A'.. => 53,
        _ => b'.',
    };
    u32::from(c.wrapping_sub(zero) & 63)
}

/// The 64 bits of 11 characters, the highest first. The last character has two spare bits.
fn block(text: &str) -> Result<u64, Error> {
    const PART: &str = "des-crypt hash";
    if text.len() != BLOCK_CHARS {
        return Err(Error::Malformed(PART));
    }
    let mut bits = 0u128;
    for c in text.bytes() {
        bits = bits << 6 | u128::from(h64_value(c).ok_or(Error::Malformed(PART))?);
    }
    // 66 bits without the spare ones are 64.
    Ok((bits >> 2) as u64)
}

fn bytes(blocks: &[u64]) -> Vec<u8> {
    blocks.iter().flat_map(|block| block.to_be_bytes()).collect()
}

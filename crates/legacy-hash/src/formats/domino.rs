//! The internet passwords of Lotus Notes and Domino: the bare digest, salted, and under PBKDF2.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::lotus::lotus;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "domino5",
        aliases: &["lotus5"],
        example: "<hash, 32 hex digits>; also (<hash>)",
        must_name: true,
        note: "Lotus Notes and Domino 5",
        scheme: &Domino5,
        ..ROW
    },
    Format {
        name: "domino6",
        example: "(G<salt and hash, 19>)",
        note: "Lotus Notes and Domino 6: more secure internet password",
        scheme: &Domino6,
        ..ROW
    },
    Format {
        name: "domino8",
        strength: Strength::Acceptable,
        example: "(H<salt, iterations and hash, 48>)",
        note: "Lotus Notes and Domino 8: PBKDF2-SHA-1 over the string of domino6",
        scheme: &Domino8,
        ..ROW
    },
];

/// The digest alone.
pub(crate) struct Domino5;

impl Domino5 {
    fn parse(text: &str) -> Result<[u8; 16], Error> {
        let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        exactly(hex(inner.unwrap_or(text), "domino hash")?, "domino hash length")
    }
}

impl Scheme for Domino5 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&lotus(attempt.password)[..], &stored))
    }
}

/// Bytes of the salt that count in version 6.
const SALT_BYTES: usize = 5;
/// Bytes of the hash that its string holds whole.
const HASH_BYTES: usize = 9;

/// The digest of the salt and of 28 of the 32 hex digits of the first digest.
pub(crate) struct Domino6;

impl Domino6 {
    /// Salt and hash.
    fn parse(text: &str) -> Result<Vec<u8>, Error> {
        let bytes = decode(inner(text, "(G", 19)?)?;
        if bytes.len() == SALT_BYTES + HASH_BYTES { Ok(bytes) } else { Err(Error::Malformed("domino hash")) }
    }
}

fn domino6(password: &[u8], salt: &[u8]) -> Zeroizing<[u8; 16]> {
    let mut text = Zeroizing::new([salt, b"("].concat());
    let first = Zeroizing::new(hex::encode_upper(&lotus(password)[..14]));
    text.extend_from_slice(first.as_bytes());
    lotus(&text)
}

impl Scheme for Domino6 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("(G") && hash.ends_with(')')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (salt, hash) = stored.split_at(SALT_BYTES);
        Ok(attempt.judge.same(&domino6(attempt.password, salt)[..HASH_BYTES], hash))
    }
}

/// PBKDF2 of the whole string of version 6, made with the first bytes of a longer salt.
pub(crate) struct Domino8;

struct Parsed {
    salt: Vec<u8>,
    iterations: u64,
    hash: Vec<u8>,
}

impl Parsed {
    fn new(text: &str, limits: &Limits) -> Result<Self, Error> {
        let bytes: [u8; 36] = exactly(decode(inner(text, "(H", 48)?)?, "domino hash")?;
        let (salt, rest) = bytes.split_at(16);
        let (iterations, rest) = rest.split_at(10);
        // Two bytes of unknown meaning are before the hash.
        let hash = &rest[2..];
        let iterations = str::from_utf8(iterations).map_err(|_| Error::Malformed("domino iterations"))?;
        let iterations = number(iterations, "domino iterations")?;
        check(Hash::Sha1, iterations, hash.len(), limits)?;
        Ok(Self { salt: salt.to_vec(), iterations, hash: hash.to_vec() })
    }
}

impl Scheme for Domino8 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("(H") && hash.ends_with(')')
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, attempt.limits)?;
        let salt = &stored.salt[..SALT_BYTES];
        let sixth = domino6(attempt.password, salt);
        let text = encode(salt, &sixth[..10]);
        let (len, tick) = (stored.hash.len(), &mut *attempt.tick);
        let key = pbkdf2(Hash::Sha1, text.as_bytes(), &stored.salt, stored.iterations, len, tick)?;
        Ok(attempt.judge.same(&key, &stored.hash))
    }
}

/// What stands between the prefix and the closing bracket.
fn inner<'a>(text: &'a str, prefix: &str, len: usize) -> Result<&'a str, Error> {
    let rest = text.strip_prefix(prefix).ok_or(Error::Malformed("domino prefix"))?;
    let inner = rest.strip_suffix(')').filter(|inner| inner.len() == len);
    inner.ok_or(Error::Malformed("domino hash length"))
}

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";

/// What the fourth byte is larger by in the string.
const SHIFT: u8 = 4;

/// The whole bytes of Domino's base64, most significant bits first.
fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let (mut bits, mut count) = (0u32, 0);
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.bytes() {
        let digit = DIGITS.iter().position(|&d| d == c).ok_or(Error::Malformed("domino hash"))?;
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    if let Some(byte) = bytes.get_mut(3) {
        *byte = byte.wrapping_sub(SHIFT);
    }
    Ok(bytes)
}

/// The string of version 6: its last digit is cut off.
fn encode(salt: &[u8], hash: &[u8]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([salt, hash].concat());
    if let Some(byte) = bytes.get_mut(3) {
        *byte = byte.wrapping_add(SHIFT);
    }
    let mut text = Zeroizing::new(String::from("(G"));
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(DIGITS[(bits >> shift) as usize % 64]));
        }
    }
    text.pop();
    text.push(')');
    text
}

//! The alphabets in which hashes are written. Decoding is lenient where real rows are sloppy (padding, spare
//! bits at the end, line breaks of old Java encoders, case of hex) and leaves exact lengths to the caller,
//! who compares bytes, never text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Error;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const CRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::CRYPT, LENIENT);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, LENIENT);

/// The alphabet of crypt(3), in the order of its values.
const H64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Standard base64, padded or not.
pub(crate) fn b64(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    let text: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    STANDARD.decode(text).map_err(|_| Error::Malformed(part))
}

/// Base64 with `-` and `_` for `+` and `/`, padded or not; rows with the standard ones exist too.
pub(crate) fn b64url(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    b64(&text.replace('-', "+").replace('_', "/"), part)
}

/// passlib's "adapted" base64, `.` for `+` and no padding; rows with `+` exist too.
pub(crate) fn ab64(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    b64(&text.replace('.', "+"), part)
}

/// bcrypt's base64: an order of its own, most significant bits first.
pub(crate) fn bcrypt64(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    BCRYPT.decode(text).map_err(|_| Error::Malformed(part))
}

/// The base64 of crypt(3), least significant bits first: four characters make three bytes. Spare bits are
/// dropped.
pub(crate) fn h64(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for (i, &c) in group.iter().enumerate() {
            bits |= h64_value(c).ok_or(Error::Malformed(part))? << (6 * i);
        }
        out.extend_from_slice(&bits.to_le_bytes()[..group.len() * 6 / 8]);
    }
    Ok(out)
}

/// The base64 of crypt(3).
pub(crate) fn to_h64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().rev().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte));
        // So many groups of 6 bits as there are bytes, and one more.
        out.extend((0..=group.len()).map(|i| char::from(H64[(bits >> (6 * i) & 63) as usize])));
    }
    out
}

/// The alphabet of crypt(3) in the bit order of ordinary base64, as Cisco has it. Spare bits are dropped.
pub(crate) fn h64_big_endian(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    CRYPT.decode(text).map_err(|_| Error::Malformed(part))
}

/// The value of one character of crypt(3)'s alphabet.
pub(crate) fn h64_value(c: u8) -> Option<u32> {
    H64.iter().position(|&h| h == c).and_then(|i| u32::try_from(i).ok())
}

/// A number in the alphabet of crypt(3), least significant character first: at most ten of them.
pub(crate) fn h64_number(text: &str, part: &'static str) -> Result<u64, Error> {
    if text.len() > 10 {
        return Err(Error::Malformed(part));
    }
    text.bytes()
        .rev()
        .try_fold(0, |number, c| Ok(number << 6 | u64::from(h64_value(c).ok_or(Error::Malformed(part))?)))
}

/// The base64 of crypt(3) as AIX and NetBSD use it: the three bytes of each group the other way round.
pub(crate) fn h64_reversed(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    let mut bytes = h64(text, part)?;
    bytes.chunks_mut(3).for_each(<[u8]>::reverse);
    Ok(bytes)
}

/// Base64 of the standard alphabet or of the one for URLs.
pub(crate) fn b64_either(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    b64(&text.replace('-', "+").replace('_', "/"), part)
}

/// Hex of either case.
pub(crate) fn hex(text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
    hex::decode(text).map_err(|_| Error::Malformed(part))
}

/// Standard base64 without padding, as PHC strings have it.
pub(crate) fn to_b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard base64 with padding.
pub(crate) fn to_b64_padded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// bcrypt's base64.
pub(crate) fn to_bcrypt64(bytes: &[u8]) -> String {
    BCRYPT.encode(bytes)
}

/// A decimal number as hash strings have it: digits only. One too large for the type is as large as the type
/// allows, so that the limits refuse it.
pub(crate) fn number(text: &str, part: &'static str) -> Result<u64, Error> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::Malformed(part));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// Exactly `N` bytes, or a malformed part.
pub(crate) fn exactly<const N: usize>(bytes: Vec<u8>, part: &'static str) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Malformed(part))
}

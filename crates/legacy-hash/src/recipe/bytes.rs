//! What the functions of recipes do to bytes. Each result is wiped when it is dropped.
//!
//! Functions of text take bytes that are no UTF-8 for ISO 8859-1.

use zeroize::Zeroizing;

use crate::encoding::{to_b64, to_h64};
use crate::text::{self as chars, Bytes};

pub(crate) fn owned(bytes: &[u8]) -> Bytes {
    Zeroizing::new(bytes.to_vec())
}

pub(crate) fn from_text(text: String) -> Bytes {
    Zeroizing::new(text.into_bytes())
}

pub(crate) fn hex(bytes: &[u8]) -> Bytes {
    from_text(hex::encode(bytes))
}

/// Base64 without padding, in another alphabet.
pub(crate) fn b64(bytes: &[u8], alphabet: impl Fn(u8) -> u8) -> Bytes {
    let text = from_text(to_b64(bytes));
    mapped(&text, alphabet)
}

pub(crate) fn h64(bytes: &[u8]) -> Bytes {
    from_text(to_h64(bytes))
}

pub(crate) fn mapped(bytes: &[u8], f: impl Fn(u8) -> u8) -> Bytes {
    Zeroizing::new(bytes.iter().map(|&b| f(b)).collect())
}

/// At most the first bytes.
pub(crate) fn first(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len).unwrap_or(bytes)
}

/// At most the last bytes.
pub(crate) fn last(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(len)..).unwrap_or(bytes)
}

/// What comes after the first bytes.
pub(crate) fn after(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(len..).unwrap_or_default()
}

/// Without the bytes at both ends that PHP's `trim` takes off.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x0b);
    let start = bytes.iter().position(|b| !blank(b)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// The caller has compared the length with the longest value.
pub(crate) fn pad(bytes: &[u8], len: usize, filler: &[u8]) -> Bytes {
    let mut out = Zeroizing::new(Vec::with_capacity(len.max(bytes.len())));
    out.extend_from_slice(bytes);
    if let Some(&byte) = filler.first()
        && out.len() < len
    {
        out.resize(len, byte);
    }
    out
}

/// The caller has compared the length with the longest value.
pub(crate) fn repeat(bytes: &[u8], times: usize) -> Bytes {
    Zeroizing::new(if bytes.is_empty() { Vec::new() } else { bytes.repeat(times) })
}

pub(crate) fn xor(bytes: &[u8], mask: &[u8]) -> Bytes {
    if mask.is_empty() {
        return owned(bytes);
    }
    Zeroizing::new(bytes.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b).collect())
}

pub(crate) fn reversed(bytes: &[u8]) -> Bytes {
    Zeroizing::new(bytes.iter().rev().copied().collect())
}

pub(crate) fn upper(bytes: &[u8]) -> Bytes {
    if bytes.is_ascii() {
        mapped(bytes, |b| b.to_ascii_uppercase())
    } else {
        on_text(bytes, str::to_uppercase)
    }
}

pub(crate) fn lower(bytes: &[u8]) -> Bytes {
    if bytes.is_ascii() {
        mapped(bytes, |b| b.to_ascii_lowercase())
    } else {
        on_text(bytes, str::to_lowercase)
    }
}

pub(crate) fn latin1(bytes: &[u8]) -> Bytes {
    Zeroizing::new(text(bytes).chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect())
}

/// The characters that the bytes stand for.
pub(crate) fn text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    })
}

/// A function of characters, and back to bytes in the charset that they came in.
pub(crate) fn on_text(bytes: &[u8], f: impl Fn(&str) -> String) -> Bytes {
    let changed = Zeroizing::new(f(&text(bytes)));
    if str::from_utf8(bytes).is_ok() {
        return Zeroizing::new(changed.as_bytes().to_vec());
    }
    chars::latin1(&changed).unwrap_or_else(|| owned(bytes))
}

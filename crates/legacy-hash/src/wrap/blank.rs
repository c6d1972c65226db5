//! Where a digest is written in a stored string, and the string with zeros in its place.

use crate::Error;
use crate::encoding::{b64, bcrypt64, h64, h64_big_endian, h64_reversed};

/// A way in which bytes are written: how they are read, the digit that stands for zero, and the length.
struct Writing {
    read: fn(&str) -> Option<Vec<u8>>,
    zero: char,
    len: fn(usize) -> usize,
}

const WRITINGS: &[Writing] = &[
    Writing { read: |text| hex::decode(text).ok(), zero: '0', len: |bytes| 2 * bytes },
    Writing { read: |text| b64(&standard(text), "").ok(), zero: 'A', len: sixths },
    Writing { read: |text| h64(text, "").ok(), zero: '.', len: sixths },
    Writing { read: |text| h64_big_endian(text, "").ok(), zero: '.', len: sixths },
    Writing { read: |text| h64_reversed(text, "").ok(), zero: '.', len: sixths },
    Writing { read: |text| bcrypt64(text, "").ok(), zero: '.', len: sixths },
    Writing { read: des_blocks, zero: '.', len: |bytes| bytes.div_ceil(8) * 11 },
    // The text itself: what stands for zero depends on the format.
    Writing { read: |text| Some(text.to_ascii_lowercase().into_bytes()), zero: '0', len: |bytes| bytes },
    Writing { read: |text| Some(text.to_ascii_lowercase().into_bytes()), zero: 'A', len: |bytes| bytes },
    Writing { read: |text| Some(text.to_ascii_lowercase().into_bytes()), zero: '.', len: |bytes| bytes },
];

/// What DES crypt makes of several parts of a password: 11 digits for 8 bytes, again and again.
fn des_blocks(text: &str) -> Option<Vec<u8>> {
    let block = |digits| h64_big_endian(std::str::from_utf8(digits).ok()?, "").ok();
    let blocks: Option<Vec<_>> = text.as_bytes().chunks(11).map(block).collect();
    Some(blocks?.concat())
}

/// Digits of 6 bits for so many bytes.
fn sixths(bytes: usize) -> usize {
    (8 * bytes).div_ceil(6)
}

/// Any of the usual alphabets of base64 in the standard one.
fn standard(text: &str) -> String {
    text.chars().map(|c| standard_digit(c).unwrap_or(c)).collect()
}

fn standard_digit(c: char) -> Option<char> {
    match c {
        '-' | '.' => Some('+'),
        '_' => Some('/'),
        c if c.is_ascii_alphanumeric() || matches!(c, '+' | '/') => Some(c),
        _ => None,
    }
}

/// The first blanked string that `is_exact`; where the digest was not found, but only what it must be written in, it must
/// read as zeros, too.
pub(super) fn blanked(
    hash: &str,
    digest: &[u8],
    mut is_exact: impl FnMut(&str, bool) -> Result<bool, Error>,
) -> Result<Option<String>, Error> {
    for writing in WRITINGS {
        for blank in candidates(hash, digest, writing) {
            if is_exact(&blank, false)? {
                return Ok(Some(blank));
            }
        }
    }
    let (lower, upper) = (hex::encode(digest), hex::encode_upper(digest));
    for (part, zero) in [(digest, 0), (lower.as_bytes(), b'0'), (upper.as_bytes(), b'0')] {
        for digits in ["+/", "-_", "./"] {
            if let Some(blank) = within_base64(hash, part, zero, digits)
                && is_exact(&blank, false)?
            {
                return Ok(Some(blank));
            }
        }
    }
    let blank = without_last_field(hash);
    Ok(if blank != hash && is_exact(&blank, true)? { Some(blank) } else { None })
}

/// With zeros for all digits of crypt(3) at the end, which some systems order in their own ways.
fn without_last_field(hash: &str) -> String {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/');
    let kept = hash.trim_end_matches(is_digit);
    format!("{kept}{}", ".".repeat(hash.len() - kept.len()))
}

/// The string with one zero for the digest, which tells nothing of its length where that is a secret, and with as many
/// as it had digits.
fn candidates(hash: &str, digest: &[u8], writing: &Writing) -> Vec<String> {
    let len = (writing.len)(digest.len());
    let is_text = len == digest.len();
    let wanted = if is_text { digest.to_ascii_lowercase() } else { digest.to_vec() };
    let is_here =
        |at: usize| hash.get(at..at + len).and_then(writing.read).is_some_and(|read| read == wanted);
    let mut places = Vec::new();
    let mut at = 0;
    while at + len <= hash.len() {
        if is_here(at) {
            places.push(at);
            at += len;
        } else {
            at += 1;
        }
    }
    if places.is_empty() {
        return Vec::new();
    }
    let fill = |zeros: usize| {
        let mut blank = hash.to_string();
        let zeros: String = std::iter::repeat_n(writing.zero, zeros).collect();
        places.iter().rev().for_each(|&at| blank.replace_range(at..at + len, &zeros));
        blank
    };
    if is_text { vec![fill(1), fill(len)] } else { vec![fill(len)] }
}

/// The string with `zero` for each byte of the digest where it is a part of what a run of base64 stands for, as in
/// `{SSHA}`. The last two digits are written as `digits` says.
fn within_base64(hash: &str, digest: &[u8], zero: u8, digits: &str) -> Option<String> {
    let is_digit = |c: char| standard_digit(c).is_some();
    let mut blank = String::with_capacity(hash.len());
    let mut found = false;
    let mut rest = hash;
    while !rest.is_empty() {
        let (run, next) = rest.split_at(rest.find(|c| !is_digit(c)).unwrap_or(rest.len()));
        match zeroed(run, digest, zero, digits) {
            Some(zeroed) => {
                found = true;
                blank.push_str(&zeroed);
            }
            None => blank.push_str(run),
        }
        let (other, next) = next.split_at(next.find(is_digit).unwrap_or(next.len()));
        blank.push_str(other);
        rest = next;
    }
    found.then_some(blank)
}

fn zeroed(run: &str, digest: &[u8], zero: u8, digits: &str) -> Option<String> {
    let bytes = b64(&standard(run), "").ok()?;
    let first = bytes.windows(digest.len()).position(|window| window == digest)?;
    let bits = 8 * first..8 * (first + digest.len());
    let mut zeroed = String::with_capacity(run.len());
    for (i, c) in run.chars().enumerate() {
        let old = value(c)?;
        let new = (6 * i..6 * i + 6).filter(|at| bits.contains(at)).fold(old, |new, at| {
            let mask = 0x20 >> (at - 6 * i);
            if zero & 0x80 >> (at % 8) == 0 { new & !mask } else { new | mask }
        });
        zeroed.push(if new == old { c } else { digit(new, digits)? });
    }
    Some(zeroed)
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn value(c: char) -> Option<usize> {
    match standard_digit(c)? {
        '+' => Some(62),
        '/' => Some(63),
        c => ALPHABET.find(c),
    }
}

fn digit(value: usize, digits: &str) -> Option<char> {
    ALPHABET.chars().chain(digits.chars()).nth(value)
}

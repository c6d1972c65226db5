//! Checksums that were taken for hashes. They are verified as they are stored; any of them should go.

use crate::Error;
use crate::format::Scheme;
use crate::limits::Limits;
use crate::verify::Attempt;

/// 16 letters: CRC-16 (the reflected 0x8005) over a block into which the password is folded, five times.
///
/// Source: hashcat's mode 26200.
pub(crate) struct OpenEdge;

impl OpenEdge {
    fn parse(text: &str) -> Result<&[u8], Error> {
        match text.len() == 16 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
            true => Ok(text.as_bytes()),
            false => Err(Error::Malformed("openedge letters")),
        }
    }
}

impl Scheme for OpenEdge {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Ok(attempt.judge.same(&encode(attempt.password), Self::parse(attempt.hash)?))
    }
}

fn encode(password: &[u8]) -> [u8; 16] {
    let mut block = [0u8; 16];
    let mut crc = 17u16;
    for _ in 0..5 {
        for chunk in password.chunks(16) {
            block.iter_mut().rev().zip(chunk).for_each(|(byte, key)| *byte ^= key);
        }
        for at in (0..16).step_by(2) {
            crc = block.iter().rev().fold(crc, |crc, &byte| crc16(crc, byte));
            block[at..at + 2].copy_from_slice(&crc.to_le_bytes());
        }
    }
    block.map(letter)
}

/// One byte more.
fn crc16(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ u16::from(byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xA001))
}

/// The letter that the lower bits are, or one for the upper ones.
fn letter(byte: u8) -> u8 {
    match byte & 0x7F {
        letter if letter.is_ascii_alphabetic() => letter,
        _ => (byte >> 4) + b'a',
    }
}

/// `$adxcrypt$` and 8 characters: the two halves of the password, filled up to 8 bytes, added.
///
/// Source: John the Ripper's format adxcrypt.
pub(crate) struct Adx;

impl Adx {
    fn parse(text: &str) -> Result<&[u8], Error> {
        let hash = text.strip_prefix("$adxcrypt$").ok_or(Error::Malformed("adxcrypt prefix"))?;
        match hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit() || b"3456789:".contains(&b)) {
            true => Ok(hash.as_bytes()),
            false => Err(Error::Malformed("adxcrypt hash")),
        }
    }
}

impl Scheme for Adx {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$adxcrypt$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = Self::parse(attempt.hash)?;
        Ok(adxcrypt(attempt.password).is_some_and(|computed| attempt.judge.same(&computed, hash)))
    }
}

/// No hash for the empty password: the system refuses it.
fn adxcrypt(password: &[u8]) -> Option<[u8; 8]> {
    let password = &password[..password.len().min(8)];
    if password.is_empty() {
        return None;
    }
    let mut block = [0u8; 8];
    for (at, (byte, key)) in (0u8..).zip(block.iter_mut().zip(password.iter().cycle())) {
        // Only what fills up has its place added.
        let place = if usize::from(at) < password.len() { 0 } else { at };
        *byte = key.wrapping_add(place);
    }
    let half =
        |at: usize| block[at..at + 4].iter().rev().fold(0u32, |word, &byte| word << 8 | u32::from(byte));
    let sum = half(0).wrapping_add(half(4)) ^ 0xBEEF_FACE;
    Some(std::array::from_fn(|at| match (sum >> (4 * at) & 0xF) as u8 {
        digit @ 0..=9 => b'0' + digit,
        digit => b'0' + digit - 7,
    }))
}

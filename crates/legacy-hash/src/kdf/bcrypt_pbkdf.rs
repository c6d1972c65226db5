//! bcrypt_pbkdf, OpenBSD's key derivation: PBKDF2 with a bcrypt of SHA-512 for its function.
//!
//! In a loop of our own on the key schedule of the blowfish crate, as bcrypt is: so that it can be
//! interrupted.

use blowfish::Blowfish;
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::digest::Hash;
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;

/// Bytes that one bcrypt yields, and those that it takes.
const BLOCK: usize = 32;
const KEY: usize = 64;

/// The longest key that OpenBSD's function makes is longer; Zope's are 32.
const KEY_BYTES: usize = 512;

/// A round takes as long as 64 of bcrypt's: 2 to 5 ms.
const BCRYPT_ROUNDS: u64 = 64;

/// Refuses no rounds, no key, and more of either than a bcrypt of the highest cost has.
pub(crate) fn check(rounds: u64, key_len: usize, limits: &Limits) -> Result<(), Error> {
    if rounds == 0 || key_len == 0 || key_len > KEY_BYTES {
        return Err(Error::Malformed("bcrypt-pbkdf parameters"));
    }
    let blocks = key_len.div_ceil(BLOCK) as u64;
    if rounds.saturating_mul(blocks).saturating_mul(BCRYPT_ROUNDS) > 1 << limits.bcrypt_cost.min(63) {
        return Err(Error::OverLimit("bcrypt-pbkdf rounds"));
    }
    Ok(())
}

/// The first `key_len` bytes of the derived key.
pub(crate) fn bcrypt_pbkdf(
    password: &[u8],
    salt: &[u8],
    rounds: u64,
    key_len: usize,
    limits: &Limits,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    check(rounds, key_len, limits)?;
    let mut pacer = Pacer::new(tick, 1);
    let password = Hash::Sha512.of(&[password]);
    let blocks = key_len.div_ceil(BLOCK);
    let mut key = Zeroizing::new(vec![0; key_len]);
    for (index, block) in (1u32..).zip(0..blocks) {
        let mut u = block_of(&password, &Hash::Sha512.of(&[salt, &index.to_be_bytes()]), &mut pacer)?;
        let mut sum = u.clone();
        for _ in 1..rounds {
            u = block_of(&password, &Hash::Sha512.of(&[&u[..]]), &mut pacer)?;
            sum.iter_mut().zip(u.iter()).for_each(|(sum, byte)| *sum ^= byte);
        }
        // The bytes of the blocks are interleaved.
        for (i, byte) in sum.iter().enumerate() {
            if let Some(out) = key.get_mut(i * blocks + block) {
                *out = *byte;
            }
        }
    }
    Ok(key)
}

fn block_of(password: &[u8], salt: &[u8], pacer: &mut Pacer<'_>) -> Result<Zeroizing<[u8; BLOCK]>, Error> {
    const MAGIC: &[u8; BLOCK] = b"OxychromaticBlowfishSwatDynamite";
    pacer.step()?;
    let password = &stretched(password);
    let salt = &stretched(salt);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(&salt[..KEY], &password[..]);
    for _ in 0..BCRYPT_ROUNDS {
        state.bc_expand_key(&salt[..]);
        state.bc_expand_key(&password[..]);
    }
    let mut out = Zeroizing::new([0; BLOCK]);
    for (out, magic) in out.chunks_exact_mut(8).zip(MAGIC.chunks_exact(8)) {
        let mut halves = [word(&magic[..4]), word(&magic[4..])];
        for _ in 0..64 {
            halves = state.bc_encrypt(halves);
        }
        // The words are little-endian here, unlike bcrypt's.
        out[..4].copy_from_slice(&halves[0].to_le_bytes());
        out[4..].copy_from_slice(&halves[1].to_le_bytes());
    }
    Ok(out)
}

/// The 64 bytes of a digest, cycled to the 72 that the schedule takes.
fn stretched(digest: &[u8]) -> Zeroizing<[u8; super::bcrypt::KEY_BYTES]> {
    let mut key = Zeroizing::new([0; super::bcrypt::KEY_BYTES]);
    key.iter_mut().zip(digest.iter().cycle()).for_each(|(out, byte)| *out = *byte);
    key
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

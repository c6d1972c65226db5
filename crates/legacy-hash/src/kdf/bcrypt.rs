//! bcrypt on the key schedule of the blowfish crate: with the variants that a verifier of old rows needs, and
//! interruptible.

use blowfish::Blowfish;
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;

/// Rounds between two ticks: 2 to 5 ms.
const PACE: u32 = 64;

/// The bytes of a password that count: the 18 words of Blowfish's P array.
pub(crate) const KEY_BYTES: usize = 72;

/// How the password becomes the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Variant {
    /// `$2$`: without the terminating NUL, so that "aa" is the password "a".
    NoNul,
    /// `$2a$`: correct, but see [`Key::evasive`].
    A,
    /// `$2b$`, `$2y$`: correct.
    Correct,
    /// `$2x$`: each byte extended with its sign, so that a byte above 127 overwrites those before it in its
    /// word.
    SignExtended,
}

/// Refuses costs that bcrypt doesn't define (below 4, above 31), and those above the limit.
pub(crate) fn check(cost: u32, limits: &Limits) -> Result<(), Error> {
    if !(4..=31).contains(&cost) {
        return Err(Error::Malformed("bcrypt cost"));
    }
    if cost > limits.bcrypt_cost {
        return Err(Error::OverLimit("bcrypt cost"));
    }
    Ok(())
}

/// The 23 bytes that a bcrypt string keeps of the 24 computed.
pub(crate) fn bcrypt(
    key: &Key,
    salt: &[u8; 16],
    cost: u32,
    limits: &Limits,
    tick: Tick<'_>,
) -> Result<Zeroizing<[u8; 23]>, Error> {
    check(cost, limits)?;
    let mut pacer = Pacer::new(tick, PACE);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &key.initial[..]);
    for _ in 0..1u64 << cost {
        pacer.step()?;
        state.bc_expand_key(&key.rounds[..]);
        state.bc_expand_key(salt);
    }
    Ok(encrypt_magic(&state))
}

fn encrypt_magic(state: &Blowfish) -> Zeroizing<[u8; 23]> {
    const MAGIC: &[u8; 24] = b"OrpheanBeholderScryDoubt";
    let mut text = Zeroizing::new([0u8; 24]);
    for (block, magic) in text.chunks_exact_mut(8).zip(MAGIC.chunks_exact(8)) {
        let mut halves = [word(&magic[..4]), word(&magic[4..])];
        for _ in 0..64 {
            halves = state.bc_encrypt(halves);
        }
        block[..4].copy_from_slice(&halves[0].to_be_bytes());
        block[4..].copy_from_slice(&halves[1].to_be_bytes());
    }
    let mut kept = Zeroizing::new([0; 23]);
    kept.copy_from_slice(&text[..23]);
    kept
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// A password stretched to the 72 bytes that Blowfish takes.
#[derive(Clone)]
pub(crate) struct Key {
    /// For the first, salted expansion.
    initial: Zeroizing<[u8; KEY_BYTES]>,
    /// For the rounds; differs from `initial` in an evasive key only.
    rounds: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    /// The key of a password, which is cut at 72 bytes as every bcrypt of its time did.
    pub(crate) fn new(password: &[u8], variant: Variant) -> Self {
        let bytes = match variant {
            Variant::SignExtended => sign_extended(password),
            Variant::NoNul if !password.is_empty() => cycled(password, false),
            _ => cycled(password, true),
        };
        Self { initial: bytes.clone(), rounds: bytes }
    }

    /// The key by which crypt_blowfish (PHP, libxcrypt) deviates from `$2a$` for the few passwords whose
    /// correct key is also the buggy key of others. Only passwords with a byte 0xFF have one, which no UTF-8
    /// text has.
    ///
    /// Source: the comments in `BF_set_key` of crypt_blowfish 1.1 and later.
    pub(crate) fn evasive(password: &[u8]) -> Option<Self> {
        let mut key = Self::new(password, Variant::A);
        if !extends_signs(password) || key.rounds != sign_extended(password) {
            return None;
        }
        key.initial[1] ^= 1;
        Some(key)
    }
}

/// The password and its NUL over and over.
fn cycled(password: &[u8], nul: bool) -> Zeroizing<[u8; KEY_BYTES]> {
    let end = if nul { &[0u8][..] } else { &[] };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let source = password.iter().chain(end).cycle();
    key.iter_mut().zip(source).for_each(|(out, byte)| *out = *byte);
    key
}

/// The words that the buggy loop made, as the bytes from which the correct one makes the same words.
fn sign_extended(password: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = cycled(password, true);
    for chunk in key.chunks_exact_mut(4) {
        let word =
            chunk.iter().fold(0u32, |word, &byte| word << 8 | i32::from(byte.cast_signed()).cast_unsigned());
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    key
}

/// Whether a sign was extended over another byte: any byte above 127 but the first of a word.
fn extends_signs(password: &[u8]) -> bool {
    cycled(password, true).chunks_exact(4).any(|word| word[1..].iter().any(|&byte| byte >= 0x80))
}

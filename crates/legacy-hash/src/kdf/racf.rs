//! What RACF and IBM i make of a password: a DES key of its EBCDIC characters, and KDFAES, a memory-hard
//! derivation over HMAC-SHA-256.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::blocks::{aes256, des};
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;

/// Eight characters of a text from this one on, in EBCDIC, filled with spaces.
pub(crate) fn field(text: &str, from: usize) -> [u8; 8] {
    let mut field = [EBCDIC[0x20]; 8];
    for (out, c) in field.iter_mut().zip(text.chars().skip(from)) {
        *out = u8::try_from(c).map_or(0x6f, |c| EBCDIC[usize::from(c)]);
    }
    field
}

/// DES of a block under a password: each byte of the key is masked and makes room for its parity bit.
pub(crate) fn des_hash(password: &[u8; 8], block: &[u8; 8]) -> Zeroizing<[u8; 8]> {
    let key = Zeroizing::new(password.map(|byte| (byte ^ 0x55) << 1));
    des(&key, block)
}

/// Both blocks, XORed.
pub(crate) fn xor(mut a: Zeroizing<[u8; 8]>, b: &[u8; 8]) -> Zeroizing<[u8; 8]> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
    a
}

/// What KDFAES costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Blocks of 32 bytes that are kept: a power of two.
    blocks: u32,
    /// HMACs for each.
    rounds: u64,
}

impl Cost {
    /// From log2 of the bytes of memory, and hundreds of rounds. Counted like PBKDF2, of which it is made.
    pub(crate) fn new(log_memory: u16, hundreds: u16, limits: &Limits) -> Result<Self, Error> {
        if log_memory < 5 || hundreds == 0 {
            return Err(Error::Malformed("racf costs"));
        }
        let blocks = 1u32.checked_shl(u32::from(log_memory - 5)).unwrap_or(u32::MAX);
        let rounds = u64::from(hundreds) * 100;
        if rounds.saturating_mul(u64::from(blocks) + 1) > limits.pbkdf2_work {
            return Err(Error::OverLimit("racf costs"));
        }
        Ok(Self { blocks, rounds })
    }
}

type Block = [u8; 32];

/// The user's name under a key derived from its DES hash.
pub(crate) fn kdfaes(
    password: &[u8; 8],
    name: &[u8; 8],
    salt: &[u8; 16],
    cost: Cost,
    tick: Tick<'_>,
) -> Result<Zeroizing<[u8; 16]>, Error> {
    let mut pacer = Pacer::new(tick, 1024);
    let blocks = cost.blocks as usize;
    let mut memory: Zeroizing<Vec<u8>> = Zeroizing::default();
    memory.try_reserve_exact(blocks * size_of::<Block>()).map_err(|_| Error::OutOfMemory)?;
    // Fill the memory: each block is PBKDF2's sum over a salt that comes from the block before.
    let keyed = hmac(&des_hash(password, name)[..])?;
    let mut message = Zeroizing::new([&salt[..], &cost.blocks.to_be_bytes(), &ONE].concat());
    let mut key = Zeroizing::new([0; 32]);
    for _ in 0..blocks {
        let (sum, last_but_one) = sum(&keyed, &message, cost.rounds, &mut pacer)?;
        message = Zeroizing::new([&last_but_one[..16], &sum[..], &ONE].concat());
        memory.extend_from_slice(&sum[..]);
        key = sum;
    }
    // Mix it: each block becomes the HMAC of another, which the key chooses.
    for n in 0..blocks {
        let [.., a, b, c, d] = *key;
        let chosen = u32::from_be_bytes([a, b, c, d]) as usize & (blocks - 1);
        let other = memory.get(chosen * 32..chosen * 32 + 32).unwrap_or_default();
        let mixed = Zeroizing::new(<Block>::from(
            hmac(&key[..])?.chain_update(other).chain_update(ONE).finalize().into_bytes(),
        ));
        if let Some(block) = memory.get_mut(n * 32..n * 32 + 32) {
            block.copy_from_slice(&mixed[..]);
        }
        key = mixed;
    }
    // All but the last block is the salt of the last sum.
    let message = Zeroizing::new([memory.get(..(blocks - 1) * 32).unwrap_or_default(), &ONE].concat());
    let (key, _) = sum(&hmac(&key[..])?, &message, cost.rounds, &mut pacer)?;
    let mut block = [0; 16];
    block[..8].copy_from_slice(name);
    Ok(aes256(&key, &block))
}

const ONE: [u8; 4] = [0, 0, 0, 1];

fn hmac(key: &[u8]) -> Result<Hmac<Sha256>, Error> {
    // HMAC takes keys of any length: the error is of the trait, not of the function.
    Hmac::new_from_slice(key).map_err(|_| Error::Malformed("racf password"))
}

/// The XOR of a chain of HMACs, and its last link but one.
fn sum(
    keyed: &Hmac<Sha256>,
    message: &[u8],
    rounds: u64,
    pacer: &mut Pacer<'_>,
) -> Result<(Zeroizing<Block>, Zeroizing<Block>), Error> {
    let mut link = Zeroizing::new(Block::from(keyed.clone().chain_update(message).finalize().into_bytes()));
    let (mut sum, mut before) = (link.clone(), Zeroizing::new([0; 32]));
    for _ in 1..rounds {
        pacer.step()?;
        before = link;
        link = Zeroizing::new(keyed.clone().chain_update(&before[..]).finalize().into_bytes().into());
        sum.iter_mut().zip(link.iter()).for_each(|(sum, byte)| *sum ^= byte);
    }
    Ok((sum, before))
}

/// EBCDIC (code page 1047's predecessor in RACF's tools) of each byte of ISO 8859-1.
#[rustfmt::skip]
const EBCDIC: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x37, 0x2d, 0x2e, 0x2f, 0x16, 0x05, 0x25, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x3c, 0x3d, 0x32, 0x26, 0x18, 0x19, 0x3f, 0x27, 0x1c, 0x1d, 0x1e, 0x1f,
    0x40, 0x4f, 0x7f, 0x7b, 0x5b, 0x6c, 0x50, 0x7d, 0x4d, 0x5d, 0x5c, 0x4e, 0x6b, 0x60, 0x4b, 0x61,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0x7a, 0x5e, 0x4c, 0x7e, 0x6e, 0x6f,
    0x7c, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6,
    0xd7, 0xd8, 0xd9, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0x4a, 0xe0, 0x5a, 0x5f, 0x6d,
    0x79, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xc0, 0x6a, 0xd0, 0xa1, 0x07,
    0x20, 0x21, 0x22, 0x23, 0x24, 0x15, 0x06, 0x17, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x09, 0x0a, 0x1b,
    0x30, 0x31, 0x1a, 0x33, 0x34, 0x35, 0x36, 0x08, 0x38, 0x39, 0x3a, 0x3b, 0x04, 0x14, 0x3e, 0xe1,
    0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
    0x58, 0x59, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75,
    0x76, 0x77, 0x78, 0x80, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e,
    0x9f, 0xa0, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
    0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xda, 0xdb,
    0xdc, 0xdd, 0xde, 0xdf, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
];

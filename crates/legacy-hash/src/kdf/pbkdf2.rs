//! PBKDF2 over HMAC (RFC 8018), in a loop of our own: the crate's can't be interrupted.

use hmac::digest::block_api::BlockSizeUser;
use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::digest::{Hash, Work};
use crate::kdf::{Pacer, Tick};
use crate::limits::{Limits, PBKDF2_KEY_BYTES};

/// Iterations between two ticks: 2 to 4 ms.
const PACE: u32 = 4096;

/// Refuses no iterations, no key, and more of either than the limits allow.
pub(crate) fn check(hash: Hash, iterations: u64, key_len: usize, limits: &Limits) -> Result<(), Error> {
    if iterations == 0 || key_len == 0 {
        return Err(Error::Malformed("pbkdf2 iterations"));
    }
    if key_len > PBKDF2_KEY_BYTES {
        return Err(Error::OverLimit("the length of a pbkdf2 key"));
    }
    let blocks = key_len.div_ceil(hash.len()) as u64;
    if iterations.saturating_mul(blocks) > limits.pbkdf2_work {
        return Err(Error::OverLimit("pbkdf2 iterations"));
    }
    Ok(())
}

/// The first `key_len` bytes of the derived key.
pub(crate) fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u64,
    key_len: usize,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut key = Zeroizing::new(vec![0; key_len]);
    let mut pacer = Pacer::new(tick, PACE);
    // HMAC as these digests allow it, with both of its states computed ahead: two thirds of the time.
    match hash {
        Hash::Md5 => derive::<Hmac<Md5>>(password, salt, iterations, &mut key, &mut pacer)?,
        Hash::Sha1 => derive::<Hmac<Sha1>>(password, salt, iterations, &mut key, &mut pacer)?,
        Hash::Sha256 => derive::<Hmac<Sha256>>(password, salt, iterations, &mut key, &mut pacer)?,
        Hash::Sha512 => derive::<Hmac<Sha512>>(password, salt, iterations, &mut key, &mut pacer)?,
        _ => hash.run(Simple { password, salt, iterations, key: &mut key, pacer: &mut pacer })?,
    }
    Ok(key)
}

/// The derivation over a digest of any kind.
struct Simple<'a, 'b> {
    password: &'a [u8],
    salt: &'a [u8],
    iterations: u64,
    key: &'a mut [u8],
    pacer: &'a mut Pacer<'b>,
}

impl Work for Simple<'_, '_> {
    type Output = Result<(), Error>;

    fn run<D: Digest + BlockSizeUser + Clone>(self) -> Self::Output {
        derive::<SimpleHmac<D>>(self.password, self.salt, self.iterations, self.key, self.pacer)
    }
}

fn derive<M: Mac + KeyInit + Clone>(
    password: &[u8],
    salt: &[u8],
    iterations: u64,
    key: &mut [u8],
    pacer: &mut Pacer<'_>,
) -> Result<(), Error> {
    // HMAC takes keys of any length: the error is of the trait, not of the function.
    let keyed = <M as KeyInit>::new_from_slice(password).map_err(|_| Error::Malformed("pbkdf2 password"))?;
    for (index, block) in (1u32..).zip(key.chunks_mut(M::output_size())) {
        pacer.step()?;
        let mut u =
            keyed.clone().chain_update(salt).chain_update(index.to_be_bytes()).finalize().into_bytes();
        block.copy_from_slice(&u[..block.len()]);
        for _ in 1..iterations {
            pacer.step()?;
            u = keyed.clone().chain_update(&u).finalize().into_bytes();
            block.iter_mut().zip(&u).for_each(|(out, byte)| *out ^= byte);
        }
    }
    Ok(())
}

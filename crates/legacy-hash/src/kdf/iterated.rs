//! Digests of digests: the first over its parts, each next one over the one before.

use hmac::digest::block_api::BlockSizeUser;
use sha2::Digest;
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::digest::{Hash, Work};
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;

/// Rounds between two ticks: 1 to 4 ms.
const PACE: u32 = 4096;

/// Refuses no rounds, and more than the limits allow.
pub(crate) fn check(rounds: u64, limits: &Limits) -> Result<(), Error> {
    match rounds {
        0 => Err(Error::Malformed("digest rounds")),
        _ if rounds > limits.digest_rounds => Err(Error::OverLimit("digest rounds")),
        _ => Ok(()),
    }
}

/// The last of so many digests, the one over the parts counted.
pub(crate) fn iterated(
    hash: Hash,
    parts: &[&[u8]],
    rounds: u64,
    limits: &Limits,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    check(rounds, limits)?;
    hash.run(Rounds { parts, rounds, pacer: Pacer::new(tick, PACE) })
}

struct Rounds<'a, 'b> {
    parts: &'a [&'a [u8]],
    rounds: u64,
    pacer: Pacer<'b>,
}

impl Work for Rounds<'_, '_> {
    type Output = Result<Zeroizing<Vec<u8>>, Error>;

    fn run<D: Digest + BlockSizeUser + Clone>(mut self) -> Self::Output {
        let mut first = D::new();
        for part in self.parts {
            first.update(part);
        }
        let mut digest = first.finalize();
        for _ in 1..self.rounds {
            self.pacer.step()?;
            digest = D::digest(&digest);
        }
        Ok(Zeroizing::new(digest.to_vec()))
    }
}

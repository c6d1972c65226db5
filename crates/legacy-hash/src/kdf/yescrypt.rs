//! yescrypt within bounds.

use yescrypt::{Mode, Params};
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::scrypt::probe;
use crate::kdf::{Tick, tick};
use crate::limits::Limits;

/// The cost parameters of yescrypt.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// What kind of memory it makes: read-write, write-once, or that of scrypt.
    pub(crate) mode: Mode,
    /// log2 of N.
    pub(crate) log_n: u32,
    pub(crate) r: u64,
    pub(crate) p: u64,
    /// More time over the same memory.
    pub(crate) t: u64,
}

/// Real maximum seen: 1. Each lane has S-boxes of its own.
const LANES: u64 = 16;

impl Cost {
    /// Refuses parameters that yescrypt doesn't define, and those that cost more than the limits allow.
    pub(crate) fn check(self, limits: &Limits) -> Result<(), Error> {
        let nr = 1u128.checked_shl(self.log_n).unwrap_or(u128::MAX).saturating_mul(self.r.into());
        if nr.saturating_mul(128) > limits.scrypt_memory.into() {
            return Err(Error::OverLimit("yescrypt memory"));
        }
        if self.p > LANES {
            return Err(Error::OverLimit("yescrypt lanes"));
        }
        let passes = u128::from(self.t).saturating_add(1).saturating_mul(self.p.into());
        if nr.saturating_mul(passes) > limits.scrypt_work.into() {
            return Err(Error::OverLimit("yescrypt work"));
        }
        self.params().map(drop)
    }

    fn params(self) -> Result<Params, Error> {
        const PART: Error = Error::Malformed("yescrypt parameters");
        let narrow = |n: u64| u32::try_from(n).map_err(|_| PART);
        // The library divides by p, and takes N as given.
        if self.log_n == 0 || self.log_n > 63 || self.p == 0 {
            return Err(PART);
        }
        let n = 1 << self.log_n;
        Params::new_with_all_params(self.mode, n, narrow(self.r)?, narrow(self.p)?, narrow(self.t)?, 0)
            .map_err(|_| PART)
    }

    /// What the library will allocate: the table V, the blocks B, two rows, and the S-boxes.
    fn memory(self) -> usize {
        let row = 128 * self.r;
        let boxes = 12 << 10;
        usize::try_from((row << self.log_n) + (row + boxes) * self.p + 2 * row).unwrap_or(usize::MAX)
    }
}

/// The 32 bytes of a yescrypt hash.
pub(crate) fn yescrypt(
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    limits: &Limits,
    ticker: Tick<'_>,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    cost.check(limits)?;
    let params = cost.params()?;
    let mut hash = Zeroizing::new([0; 32]);
    probe(cost.memory())?;
    tick(ticker)?;
    yescrypt::yescrypt(password, salt, &params, &mut hash[..])
        .map_err(|_| Error::Malformed("yescrypt parameters"))?;
    tick(ticker)?;
    Ok(hash)
}

//! scrypt (RFC 7914) within bounds.

use scrypt::Params;
use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::{Tick, tick};
use crate::limits::Limits;

/// The cost parameters of scrypt.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// log2 of N.
    pub(crate) log_n: u32,
    pub(crate) r: u64,
    pub(crate) p: u64,
}

impl Cost {
    /// From N itself, which must be a power of two.
    pub(crate) fn from_n(n: u64, r: u64, p: u64) -> Result<Self, Error> {
        if !n.is_power_of_two() {
            return Err(Error::Malformed("scrypt N"));
        }
        Ok(Self { log_n: n.trailing_zeros(), r, p })
    }

    /// Refuses parameters that scrypt doesn't define, and those that cost more than the limits allow.
    pub(crate) fn check(self, limits: &Limits) -> Result<(), Error> {
        if self.log_n == 0 || self.r == 0 || self.p == 0 {
            return Err(Error::Malformed("scrypt parameters"));
        }
        // In u128 nothing of 64 bit factors overflows that could pass the next comparisons.
        let nr = 1u128.checked_shl(self.log_n).unwrap_or(u128::MAX).saturating_mul(self.r.into());
        if nr.saturating_mul(128) > limits.scrypt_memory.into() {
            return Err(Error::OverLimit("scrypt memory"));
        }
        // Also keeps r·p far below the 2^30 of the RFC, since N is at least 2.
        if nr.saturating_mul(self.p.into()) > limits.scrypt_work.into() {
            return Err(Error::OverLimit("scrypt work"));
        }
        Ok(())
    }

    fn params(self) -> Result<Params, Error> {
        let narrow = |n: u64| u32::try_from(n).map_err(|_| Error::OverLimit("scrypt work"));
        let log_n = u8::try_from(self.log_n).map_err(|_| Error::OverLimit("scrypt memory"))?;
        Params::new(log_n, narrow(self.r)?, narrow(self.p)?)
            .map_err(|_| Error::Malformed("scrypt parameters"))
    }

    /// What the crate will allocate: the table V, the block B, and one row.
    fn memory(self) -> usize {
        let row = 128 * self.r;
        usize::try_from((row << self.log_n) + row * self.p + row).unwrap_or(usize::MAX)
    }
}

/// The first `len` bytes of the derived key. `cost` has been checked.
pub(crate) fn scrypt(
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    len: usize,
    limits: &Limits,
    ticker: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    cost.check(limits)?;
    let params = cost.params()?;
    let mut key = Zeroizing::new(vec![0; len]);
    probe(cost.memory())?;
    tick(ticker)?;
    scrypt::scrypt(password, salt, &params, &mut key).map_err(|_| Error::Malformed("scrypt hash length"))?;
    tick(ticker)?;
    Ok(key)
}

/// Asks for the memory first and gives it back: the crate allocates infallibly, and a failure there would
/// abort the process. Of one thread, what was just free is free again.
pub(super) fn probe(bytes: usize) -> Result<(), Error> {
    Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| Error::OutOfMemory)
}

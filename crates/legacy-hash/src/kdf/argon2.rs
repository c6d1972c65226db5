//! argon2 (RFC 9106) within bounds, in a buffer that each thread keeps.

use std::cell::Cell;

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use zeroize::{Zeroize as _, Zeroizing};

use crate::Error;
use crate::kdf::{Tick, tick};
use crate::limits::{ARGON2_KEPT_KIB, ARGON2_LANES, ARGON2_OUTPUT_BYTES, Limits};

/// The salts that the library takes; the reference implementation has the same minimum.
const MIN_SALT_BYTES: usize = argon2::MIN_SALT_LEN;

/// The cost parameters of argon2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) m: u64,
    /// Passes.
    pub(crate) t: u64,
    /// Lanes.
    pub(crate) p: u64,
}

impl Cost {
    /// Refuses parameters that argon2 doesn't define, and those that cost more than the limits allow.
    pub(crate) fn check(self, limits: &Limits) -> Result<(), Error> {
        if self.p > ARGON2_LANES.into() {
            return Err(Error::OverLimit("argon2 lanes"));
        }
        if self.m > limits.argon2_memory_kib.into() {
            return Err(Error::OverLimit("argon2 memory"));
        }
        if self.t > limits.argon2_passes.into() || self.m.saturating_mul(self.t) > limits.argon2_work_kib {
            return Err(Error::OverLimit("argon2 passes"));
        }
        if self.t == 0 || self.p == 0 || self.m < 8 * self.p {
            return Err(Error::Malformed("argon2 parameters"));
        }
        Ok(())
    }
}

/// All that goes into one argon2 hash besides the password.
pub(crate) struct Input<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) cost: Cost,
    pub(crate) salt: &'a [u8],
    /// Associated data: public, and nearly always empty.
    pub(crate) data: &'a [u8],
    /// Length of the output in bytes.
    pub(crate) len: usize,
}

impl Input<'_> {
    /// Refuses what [`argon2`] would refuse, without the work.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Error> {
        self.cost.check(limits)?;
        if !ARGON2_OUTPUT_BYTES.contains(&self.len) {
            return Err(Error::Malformed("argon2 hash length"));
        }
        if self.salt.len() < MIN_SALT_BYTES {
            return Err(Error::Unsupported("argon2 salts under 8 bytes"));
        }
        self.library_form().map(drop)
    }

    fn library_form(&self) -> Result<Argon2<'static>, Error> {
        let narrow = |n: u64| u32::try_from(n).map_err(|_| Error::OverLimit("argon2 memory"));
        let data = AssociatedData::new(self.data).map_err(|_| Error::Malformed("argon2 data"))?;
        let params = ParamsBuilder::new()
            .m_cost(narrow(self.cost.m)?)
            .t_cost(narrow(self.cost.t)?)
            .p_cost(narrow(self.cost.p)?)
            .data(data)
            .output_len(self.len)
            .build()
            .map_err(|_| Error::Malformed("argon2 parameters"))?;
        Ok(Argon2::new(self.algorithm, self.version, params))
    }
}

/// The argon2 hash of a password.
pub(crate) fn argon2(
    password: &[u8],
    input: &Input<'_>,
    limits: &Limits,
    ticker: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    input.check(limits)?;
    let library = input.library_form()?;
    let mut out = Zeroizing::new(vec![0; input.len]);
    tick(ticker)?;
    with_blocks(library.params().block_count(), |blocks| {
        library
            .hash_password_into_with_memory(password, input.salt, &mut out, blocks)
            .map_err(|_| Error::Malformed("argon2 parameters"))
    })?;
    tick(ticker)?;
    Ok(out)
}

thread_local! {
    /// The memory of the last hash of this thread: 27 ms instead of 37 ms at 19 MiB, since no page has to be
    /// mapped anew.
    static BLOCKS: Cell<Vec<Block>> = const { Cell::new(Vec::new()) };
}

/// Runs `work` on so many blocks, allocated fallibly, and wiped after use.
///
/// Wiped, as libargon2 does unless told otherwise: from what the last pass leaves, much of the first one can
/// be computed back without the password, and its first blocks are a test for guesses that takes no memory.
/// Costs 2 ms of 27.
fn with_blocks<T>(count: usize, work: impl FnOnce(&mut [Block]) -> Result<T, Error>) -> Result<T, Error> {
    let mut blocks = BLOCKS.take();
    if blocks.len() < count {
        blocks.try_reserve_exact(count - blocks.len()).map_err(|_| Error::OutOfMemory)?;
        blocks.resize(count, Block::new());
    }
    let result = work(&mut blocks[..count]);
    blocks[..count].iter_mut().for_each(Block::zeroize);
    if blocks.len() <= ARGON2_KEPT_KIB {
        BLOCKS.set(blocks);
    }
    result
}

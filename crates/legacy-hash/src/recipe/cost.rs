//! What a recipe costs, before it is computed and while it is.

use crate::Error;
use crate::kdf::digest::Hash;
use crate::limits::Limits;

/// No value in a recipe is longer than this.
pub(crate) const VALUE_BYTES: usize = 64 << 10;

/// Work of each kind, in the units of the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cost {
    /// Calls of compression functions; 64 bytes that are moved count as one.
    pub(crate) work: u64,
    pub(crate) pbkdf2: u64,
    pub(crate) scrypt: u64,
    pub(crate) argon2_kib: u64,
}

impl Cost {
    pub(crate) const fn work(work: u64) -> Self {
        Self { work, pbkdf2: 0, scrypt: 0, argon2_kib: 0 }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            work: self.work.saturating_add(other.work),
            pbkdf2: self.pbkdf2.saturating_add(other.pbkdf2),
            scrypt: self.scrypt.saturating_add(other.scrypt),
            argon2_kib: self.argon2_kib.saturating_add(other.argon2_kib),
        }
    }

    pub(crate) fn times(self, n: u64) -> Self {
        Self {
            work: self.work.saturating_mul(n),
            pbkdf2: self.pbkdf2.saturating_mul(n),
            scrypt: self.scrypt.saturating_mul(n),
            argon2_kib: self.argon2_kib.saturating_mul(n),
        }
    }

    /// Refuses what costs more than the limits allow.
    pub(crate) fn check(self, limits: &Limits) -> Result<(), Error> {
        if self.work > limits.recipe_work {
            return Err(Error::OverLimit("the work of a recipe"));
        }
        if self.pbkdf2 > limits.pbkdf2_work {
            return Err(Error::OverLimit("pbkdf2 iterations"));
        }
        if self.scrypt > limits.scrypt_work {
            return Err(Error::OverLimit("scrypt work"));
        }
        if self.argon2_kib > limits.argon2_work_kib {
            return Err(Error::OverLimit("argon2 passes"));
        }
        Ok(())
    }
}

/// The calls of its compression function that a digest over so many bytes takes, at most: all of them pad with 1 to 17
/// bytes.
pub(crate) fn blocks(hash: Hash, bytes: usize) -> u64 {
    (bytes.saturating_add(17) / hash.block_len()) as u64 + 1
}

/// For moving bytes.
pub(crate) fn moved(bytes: usize) -> u64 {
    bytes as u64 / 64
}

/// The lengths that a value may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Span {
    pub(crate) const fn exactly(len: usize) -> Self {
        Self { min: len, max: len }
    }

    pub(crate) const fn up_to(max: usize) -> Self {
        Self { min: 0, max }
    }

    pub(crate) fn map(self, f: impl Fn(usize) -> usize) -> Self {
        Self { min: f(self.min), max: f(self.max) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    /// Both of them.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// The length, where there is only one.
    pub(crate) fn fixed(self) -> Option<usize> {
        (self.min == self.max).then_some(self.min)
    }

    pub(crate) fn holds(self, len: usize) -> bool {
        (self.min..=self.max).contains(&len)
    }
}

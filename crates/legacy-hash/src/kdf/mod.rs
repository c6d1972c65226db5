//! The computations that several formats share, each with its bounds and its interruptions. They know nothing
//! of strings.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
pub(crate) mod bcrypt_pbkdf;
pub(crate) mod blocks;
pub(crate) mod des;
pub(crate) mod digest;
pub(crate) mod feal;
pub(crate) mod iterated;
pub(crate) mod lotus;
pub(crate) mod pbkdf2;
pub(crate) mod racf;
pub(crate) mod radmin;
pub(crate) mod scrypt;
pub(crate) mod srp;
pub(crate) mod yescrypt;

use std::ops::ControlFlow;

use crate::Error;

/// The caller's tick: what long loops call so that they can be stopped.
pub(crate) type Tick<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// Calls the tick once.
pub(crate) fn tick(tick: Tick<'_>) -> Result<(), Error> {
    match tick() {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}

/// Calls the tick at every n-th step of a loop, the first included.
pub(crate) struct Pacer<'a> {
    tick: Tick<'a>,
    every: u32,
    left: u32,
}

impl<'a> Pacer<'a> {
    pub(crate) fn new(tick: Tick<'a>, every: u32) -> Self {
        Self { tick, every, left: 0 }
    }

    /// One step of the loop.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        if self.left == 0 {
            self.left = self.every;
            tick(self.tick)?;
        }
        self.left -= 1;
        Ok(())
    }
}

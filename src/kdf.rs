//! Hashing with the backend's interrupts: every long computation can be cancelled.

use crate::guc;
use crate::secret::Password;
use crate::spi::session;
use legacy_hash::{Error, Method, Policy, Stored, Verdict};
use std::ops::ControlFlow;

/// Called now and then by the pure crate; a cancel unwinds through it.
fn tick() -> ControlFlow<()> {
    session::check_interrupts();
    ControlFlow::Continue(())
}

pub(crate) fn verify(
    password: &[u8],
    stored: &Stored<'_>,
    method: Option<&Method>,
) -> Result<Verdict, Error> {
    legacy_hash::verify(password, stored, method, &guc::limits(), &mut tick)
}

/// The formats and recipes by which a hash is that of the password.
pub(crate) fn calibrate(password: &[u8], stored: &Stored<'_>) -> Result<Vec<Method>, Error> {
    legacy_hash::calibrate(password, stored, &guc::limits(), &mut tick)
}

pub(crate) fn hash(password: &Password, policy: &Policy) -> Result<String, Error> {
    policy.hash(password.bytes(), &guc::limits(), &mut tick)
}

/// A stored hash inside argon2id of the policy's cost.
pub(crate) fn wrap(stored: &Stored<'_>, method: &Method, policy: &Policy) -> Result<String, Error> {
    legacy_hash::wrap(stored, Some(method), policy, &guc::limits(), &mut tick)
}

/// Does the work of [`hash`] for nothing, so that a refusal costs what a check costs.
pub(crate) fn spend(password: &Password, policy: &Policy) -> Result<(), Error> {
    policy.spend(password.bytes(), &guc::limits(), &mut tick)
}

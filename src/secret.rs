//! Passwords in memory: wiped when dropped, never displayed.

use zeroize::Zeroizing;

/// The bytes of a password. Neither `Debug` nor `Display`.
pub(crate) struct Password(Zeroizing<Vec<u8>>);

impl Password {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Password(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

//! Passwords in memory: wiped when dropped, never displayed.

use legacy_hash::UnicodeForm;
use zeroize::Zeroizing;

/// The bytes of a password. Neither `Debug` nor `Display`.
pub(crate) struct Password(Zeroizing<Vec<u8>>);

impl Password {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Password(Zeroizing::new(bytes))
    }

    /// The same password in a form of Unicode.
    pub(crate) fn in_form(&self, form: UnicodeForm) -> Self {
        Password(form.apply(&self.0))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

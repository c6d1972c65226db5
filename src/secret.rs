//! Passwords in memory: wiped when dropped, never displayed.

use legacy_hash::UnicodeForm;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What may be told of a password.
pub(crate) struct Facts {
    /// Characters, or bytes where it is no text.
    pub(crate) length: i64,
    /// In lower-case hex, as lists of leaked passwords have it.
    pub(crate) sha1: Zeroizing<String>,
    pub(crate) sha256: Zeroizing<String>,
}

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

    /// What rules are told of it: enough to look it up in a list, never the password itself.
    pub(crate) fn facts(&self) -> Facts {
        let length = match str::from_utf8(&self.0) {
            Ok(text) => text.chars().count(),
            Err(_) => self.0.len(),
        };
        Facts {
            length: i64::try_from(length).unwrap_or(i64::MAX),
            sha1: Zeroizing::new(hex::encode(Sha1::digest(&*self.0))),
            sha256: Zeroizing::new(hex::encode(Sha256::digest(&*self.0))),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

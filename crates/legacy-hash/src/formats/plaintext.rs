//! Passwords that were never hashed. Nothing is taken for one unless it is named.

use crate::Error;
use crate::format::{Format, ROW, Scheme};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "plaintext",
    aliases: &["cleartext"],
    example: "{PLAIN}<password>; also {CLEAR}, {CLEARTEXT}, and the password alone",
    must_name: true,
    note: "the password itself; what looks like a lock marker stays one",
    scheme: &Plaintext,
    ..ROW
}];

/// The password itself, with a directory's scheme before it or without.
pub(crate) struct Plaintext;

impl Plaintext {
    fn password(hash: &str) -> Option<&str> {
        let (scheme, password) = hash.strip_prefix('{')?.split_once('}')?;
        let named = ["PLAIN", "CLEAR", "CLEARTEXT"].iter().any(|name| name.eq_ignore_ascii_case(scheme));
        named.then_some(password)
    }
}

impl Scheme for Plaintext {
    /// Any text may be a password: only the schemes say so.
    fn recognise(&self, hash: &str) -> bool {
        Self::password(hash).is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        match Self::password(hash) {
            Some("") => Err(Error::Malformed("plaintext password")),
            _ => Ok(()),
        }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::password(attempt.hash).unwrap_or(attempt.hash);
        Ok(attempt.judge.same(attempt.password, stored.as_bytes()))
    }
}

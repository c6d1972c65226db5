//! One digest over password and salt, bare, in hex or base64. Such a string doesn't say what it is, so its
//! format must be named.

use crate::Error;
use crate::encoding::{b64, hex};
use crate::format::Scheme;
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::{Attempt, same};

/// Where the salt goes. Its bytes are those of the text given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Unsalted,
    PasswordFirst,
    SaltFirst,
}

/// The digest in hex of any case, or in base64.
pub(crate) struct Bare(pub(crate) Hash, pub(crate) Order);

impl Bare {
    fn parse(&self, hash: &str) -> Result<Vec<u8>, Error> {
        if hash.len() > 2 * self.0.len() {
            return Err(Error::Malformed("digest length"));
        }
        // No text is both: the hex of a digest, read as base64, has another length.
        let digest = match hash.len() == 2 * self.0.len() {
            true => hex(hash, "digest")?,
            false => b64(hash, "digest")?,
        };
        if digest.len() == self.0.len() { Ok(digest) } else { Err(Error::Malformed("digest length")) }
    }
}

impl Scheme for Bare {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let digest = self.parse(attempt.hash)?;
        let salt = attempt.salt.as_bytes();
        let computed = match self.1 {
            Order::Unsalted => self.0.of(&[attempt.password]),
            Order::PasswordFirst => self.0.of(&[attempt.password, salt]),
            Order::SaltFirst => self.0.of(&[salt, attempt.password]),
        };
        Ok(same(&computed, &digest))
    }
}

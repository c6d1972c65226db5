//! Jupyter's notebook server: one password, in a configuration file or wherever it was copied to.

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::argon2::WrappedArgon2;
use crate::formats::fields::{fields, is_hex};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "jupyter-sha1",
        example: "sha1:<salt, text>:<hash, hex>",
        note: "Jupyter and IPython notebook until 6.1",
        scheme: &Digest { prefix: "sha1:", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "jupyter-sha256",
        example: "sha256:<salt, 12 characters>:<hash, hex>",
        note: "Jupyter notebook where sha256 was asked for",
        scheme: &Digest { prefix: "sha256:", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "jupyter-argon2",
        strength: Strength::Strong,
        example: "argon2:<argon2 hash>",
        note: "Jupyter notebook 6.1 and later, Jupyter Server",
        scheme: &WrappedArgon2 { prefix: "argon2:", part: "jupyter prefix", producer: None },
        ..ROW
    },
];

/// `sha1:salt:hash`, the password before the salt.
struct Digest {
    prefix: &'static str,
    hash: Hash,
}

impl Digest {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("jupyter prefix"))?;
        let [salt, digest] = fields(rest, ':', "jupyter fields")?;
        if !is_hex(digest, 2 * self.hash.len()) {
            return Err(Error::Malformed("jupyter hash"));
        }
        Ok((salt, hex(digest, "jupyter hash")?))
    }
}

impl Scheme for Digest {
    fn recognise(&self, hash: &str) -> bool {
        // Three fields: PBKDF2 after the same prefix has four, and Anope two digests.
        let Some((salt, rest)) = hash.strip_prefix(self.prefix).and_then(|rest| rest.split_once(':')) else {
            return false;
        };
        !rest.contains(':') && !is_hex(salt, 2 * Hash::Sha256.len())
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, digest) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.hash.of(&[attempt.password, salt.as_bytes()]), &digest))
    }
}

//! SQL Server: a version, a salt of four bytes, and the digest of the password in UTF-16 and the salt.

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "mssql2000",
        example: "0x0100<salt, 8 hex digits><SHA-1, 40><SHA-1 in upper case, 40>",
        note: "SQL Server 2000; the case of a password doesn't count",
        scheme: &MsSql { version: [1, 0], hash: Hash::Sha1, folded: true },
        ..ROW
    },
    Format {
        name: "mssql2005",
        example: "0x0100<salt, 8 hex digits><SHA-1, 40 hex digits>",
        note: "SQL Server 2005 and 2008",
        scheme: &MsSql { version: [1, 0], hash: Hash::Sha1, folded: false },
        ..ROW
    },
    Format {
        name: "mssql2012",
        aliases: &["mssql2014"],
        example: "0x0200<salt, 8 hex digits><SHA-512, 128 hex digits>",
        note: "SQL Server 2012 and later",
        scheme: &MsSql { version: [2, 0], hash: Hash::Sha512, folded: false },
        ..ROW
    },
];

const SALT_BYTES: usize = 4;

/// One of the three. `folded`: a second digest follows, of the password in upper case, and is the one that
/// counts, since the servers of that time compared so by default.
pub(crate) struct MsSql {
    version: [u8; 2],
    hash: Hash,
    folded: bool,
}

impl MsSql {
    fn len(&self) -> usize {
        2 + SALT_BYTES + self.hash.len() * if self.folded { 2 } else { 1 }
    }

    /// The salt and the digest that counts.
    fn parse(&self, text: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let bytes = hex(digits(text).unwrap_or(text), "mssql hash")?;
        let Some(rest) = bytes.strip_prefix(&self.version) else {
            return Err(Error::Malformed("mssql version"));
        };
        if bytes.len() != self.len() {
            return Err(Error::Malformed("mssql hash length"));
        }
        let (salt, digests) = rest.split_at(SALT_BYTES);
        Ok((salt.to_vec(), digests[digests.len() - self.hash.len()..].to_vec()))
    }
}

fn digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

impl Scheme for MsSql {
    fn recognise(&self, hash: &str) -> bool {
        let Some(digits) = digits(hash) else { return false };
        // Of the two with the same version, the one whose length is nearer.
        let long = digits.len() > 2 * (2 + SALT_BYTES + Hash::Sha1.len());
        digits.starts_with(&hex::encode(self.version)) && (self.version == [2, 0] || self.folded == long)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, digest) = self.parse(attempt.hash)?;
        let mut password = text::decode(attempt.password);
        if self.folded {
            password = text::upper_each(&password);
        }
        Ok(attempt.judge.same(&self.hash.of(&[&text::utf16le(&password), &salt]), &digest))
    }
}

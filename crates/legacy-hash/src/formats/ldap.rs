//! The digests of directories: `{SHA}`, `{SSHA}` and their kin (RFC 2307 and what grew around it).

use crate::Error;
use crate::encoding::b64;
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::{Attempt, same};

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "ldap-sha",
        example: "{SHA}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA}", hash: Hash::Sha1, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha",
        example: "{SSHA}<hash and salt, base64>",
        note: "the salt is what follows the 20 bytes of the hash",
        scheme: &Ldap { scheme: "{SSHA}", hash: Hash::Sha1, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-sha256",
        example: "{SHA256}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA256}", hash: Hash::Sha256, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha256",
        example: "{SSHA256}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SSHA256}", hash: Hash::Sha256, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-sha512",
        example: "{SHA512}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA512}", hash: Hash::Sha512, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha512",
        example: "{SSHA512}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SSHA512}", hash: Hash::Sha512, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-md5",
        example: "{MD5}<hash, base64>",
        scheme: &Ldap { scheme: "{MD5}", hash: Hash::Md5, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-smd5",
        example: "{SMD5}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SMD5}", hash: Hash::Md5, salted: true },
        ..ROW
    },
];

/// A scheme in braces, of any case, and base64 of the digest, followed by the salt if it is salted.
pub(crate) struct Ldap {
    /// The scheme's name with its braces.
    pub(crate) scheme: &'static str,
    pub(crate) hash: Hash,
    pub(crate) salted: bool,
}

impl Ldap {
    /// The base64 after the scheme.
    fn encoded<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, rest) = hash.split_at_checked(self.scheme.len())?;
        scheme.eq_ignore_ascii_case(self.scheme).then_some(rest)
    }

    /// The digest and the salt, which has any length.
    fn parse(&self, hash: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let encoded = self.encoded(hash).ok_or(Error::Malformed("ldap scheme"))?;
        let mut digest = b64(encoded, "ldap hash")?;
        if digest.len() < self.hash.len() || !self.salted && digest.len() > self.hash.len() {
            return Err(Error::Malformed("ldap hash length"));
        }
        let salt = digest.split_off(self.hash.len());
        Ok((digest, salt))
    }
}

impl Scheme for Ldap {
    fn recognise(&self, hash: &str) -> bool {
        // Spring's encoders have {MD5}{salt}… and {sha256} with hex.
        self.encoded(hash).is_some_and(|rest| !rest.starts_with('{') && !is_spring_sha256(hash))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (digest, salt) = self.parse(attempt.hash)?;
        Ok(same(&self.hash.of(&[attempt.password, &salt]), &digest))
    }
}

/// `{sha256}` with salt and hash in 80 hex digits, which no base64 of a digest has.
fn is_spring_sha256(hash: &str) -> bool {
    hash.strip_prefix("{sha256}")
        .is_some_and(|rest| rest.len() == 80 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

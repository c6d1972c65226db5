//! The digests of directories: `{SHA}`, `{SSHA}` and their kin (RFC 2307 and what grew around it), with the
//! suffixes by which Dovecot names an encoding.

use crate::Error;
use crate::encoding::{b64_either, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "ldap-sha",
        aliases: &["ldap-hex-sha1"],
        example: "{SHA}<hash, base64 or hex>",
        scheme: &SHA,
        ..ROW
    },
    Format {
        name: "ldap-ssha",
        aliases: &["dovecot-ssha-b64"],
        example: "{SSHA}<hash and salt, base64>",
        note: "the salt is what follows the 20 bytes of the hash",
        scheme: &SSHA,
        ..ROW
    },
    Format {
        name: "ldap-sha256",
        aliases: &["dovecot-sha256-hex"],
        example: "{SHA256}<hash, base64 or hex>",
        note: "Dovecot's {SHA256.HEX} and {SHA256.B64} too, and likewise of all these",
        scheme: &SHA256,
        ..ROW
    },
    Format { name: "ldap-ssha256", example: "{SSHA256}<hash and salt, base64>", scheme: &SSHA256, ..ROW },
    Format { name: "ldap-sha384", example: "{SHA384}<hash, base64 or hex>", scheme: &SHA384, ..ROW },
    Format { name: "ldap-ssha384", example: "{SSHA384}<hash and salt, base64>", scheme: &SSHA384, ..ROW },
    Format { name: "ldap-sha512", example: "{SHA512}<hash, base64 or hex>", scheme: &SHA512, ..ROW },
    Format {
        name: "ldap-ssha512",
        aliases: &["dovecot-ssha512-b64", "dovecot-ssha512-hex"],
        example: "{SSHA512}<hash and salt, base64>",
        scheme: &SSHA512,
        ..ROW
    },
    Format {
        name: "ldap-md5",
        aliases: &["ldap-hex-md5"],
        example: "{MD5}<hash, base64 or hex>",
        note: "Dovecot's {LDAP-MD5} too",
        scheme: &MD5,
        ..ROW
    },
    Format { name: "ldap-smd5", example: "{SMD5}<hash and salt, base64>", scheme: &SMD5, ..ROW },
    Format {
        name: "dovecot-plain-md5",
        example: "{PLAIN-MD5}<hash, 32 hex digits>",
        scheme: &PLAIN_MD5,
        ..ROW
    },
    Format {
        name: "dovecot-plain-md4",
        example: "{PLAIN-MD4}<hash, 32 hex digits>",
        scheme: &PLAIN_MD4,
        ..ROW
    },
];

pub(crate) const SHA: Ldap = Ldap { schemes: &["SHA", "SHA1"], hash: Hash::Sha1, salted: false };
pub(crate) const SSHA: Ldap = Ldap { schemes: &["SSHA"], hash: Hash::Sha1, salted: true };
pub(crate) const SHA256: Ldap = Ldap { schemes: &["SHA256"], hash: Hash::Sha256, salted: false };
pub(crate) const SSHA256: Ldap = Ldap { schemes: &["SSHA256"], hash: Hash::Sha256, salted: true };
pub(crate) const SHA384: Ldap = Ldap { schemes: &["SHA384"], hash: Hash::Sha384, salted: false };
pub(crate) const SSHA384: Ldap = Ldap { schemes: &["SSHA384"], hash: Hash::Sha384, salted: true };
pub(crate) const SHA512: Ldap = Ldap { schemes: &["SHA512"], hash: Hash::Sha512, salted: false };
pub(crate) const SSHA512: Ldap = Ldap { schemes: &["SSHA512"], hash: Hash::Sha512, salted: true };
pub(crate) const MD5: Ldap = Ldap { schemes: &["MD5", "LDAP-MD5"], hash: Hash::Md5, salted: false };
pub(crate) const SMD5: Ldap = Ldap { schemes: &["SMD5"], hash: Hash::Md5, salted: true };
pub(crate) const PLAIN_MD5: Ldap = Ldap { schemes: &["PLAIN-MD5"], hash: Hash::Md5, salted: false };
pub(crate) const PLAIN_MD4: Ldap = Ldap { schemes: &["PLAIN-MD4", "MD4"], hash: Hash::Md4, salted: false };

/// A scheme in braces, of any case, and the digest, followed by the salt if it is salted.
pub(crate) struct Ldap {
    /// The scheme's names, without braces.
    pub(crate) schemes: &'static [&'static str],
    pub(crate) hash: Hash,
    pub(crate) salted: bool,
}

/// What Dovecot writes behind the name of a scheme.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suffix {
    /// Nothing: base64, or hex if its length says so.
    None,
    Hex,
    Base64,
}

impl Ldap {
    /// The digest's text after the scheme, and how it is encoded.
    fn split<'a>(&self, hash: &'a str) -> Option<(Suffix, &'a str)> {
        let (scheme, encoded) = braced(hash)?;
        let (scheme, suffix) = match scheme.split_once('.') {
            None => (scheme, Suffix::None),
            Some((scheme, suffix)) if suffix.eq_ignore_ascii_case("HEX") => (scheme, Suffix::Hex),
            Some((scheme, suffix)) if suffix.eq_ignore_ascii_case("B64") => (scheme, Suffix::Base64),
            Some((scheme, suffix)) if suffix.eq_ignore_ascii_case("BASE64") => (scheme, Suffix::Base64),
            Some(_) => return None,
        };
        let named = self.schemes.iter().any(|name| name.eq_ignore_ascii_case(scheme));
        // AIX and Dovecot use some of these names before crypt strings.
        (named && !encoded.contains('$')).then_some((suffix, encoded))
    }

    /// The digest and the salt, which has any length.
    fn parse(&self, hash: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let (suffix, encoded) = self.split(hash).ok_or(Error::Malformed("ldap scheme"))?;
        // Where no salt follows, the two encodings have different lengths.
        let is_hex = suffix == Suffix::Hex
            || suffix == Suffix::None && !self.salted && encoded.len() == 2 * self.hash.len();
        let decode = if is_hex { hex } else { b64_either };
        let mut digest = decode(encoded, "ldap hash")?;
        if digest.len() < self.hash.len() || !self.salted && digest.len() > self.hash.len() {
            return Err(Error::Malformed("ldap hash length"));
        }
        let salt = digest.split_off(self.hash.len());
        Ok((digest, salt))
    }
}

/// The name of the scheme in braces, and what follows.
pub(crate) fn braced(hash: &str) -> Option<(&str, &str)> {
    hash.strip_prefix('{')?.split_once('}')
}

impl Scheme for Ldap {
    fn recognise(&self, hash: &str) -> bool {
        // Spring's encoders have {MD5}{salt}… and {sha256} with hex.
        self.split(hash).is_some_and(|(_, rest)| !rest.starts_with('{') && !is_spring_sha256(hash))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (digest, salt) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.hash.of(&[attempt.password, &salt]), &digest))
    }
}

/// `{sha256}` with salt and hash in 80 hex digits, which no base64 of a digest has.
fn is_spring_sha256(hash: &str) -> bool {
    hash.strip_prefix("{sha256}")
        .is_some_and(|rest| rest.len() == 80 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

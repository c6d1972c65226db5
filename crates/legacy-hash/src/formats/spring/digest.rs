//! MessageDigestPasswordEncoder, Md4PasswordEncoder and StandardPasswordEncoder.

use crate::Error;
use crate::encoding::{b64, exactly, hex};
use crate::format::Scheme;
use crate::formats::java::{digest_of_length, java_digest};
use crate::formats::spring::after_id;
use crate::kdf::digest::Hash;
use crate::kdf::iterated::{self, iterated};
use crate::limits::Limits;
use crate::verify::Attempt;

/// `{salt}digest`: the salt is hashed after the password, with its braces; no braces, no salt.
pub(crate) struct MessageDigest {
    /// The digest, where its length doesn't tell it.
    pub(super) fixed: Option<Hash>,
    pub(super) rounds: u64,
    /// The format must be named, so that a damaged string is not its to report.
    pub(super) named: bool,
}

struct Parts<'a> {
    hash: Hash,
    /// With its braces.
    salt: &'a str,
    digest: Vec<u8>,
}

impl MessageDigest {
    fn parse<'a>(&self, text: &'a str) -> Result<Parts<'a>, Error> {
        let (named, rest) = split_id(text);
        let (salt, encoded) = match rest.starts_with('{') {
            true => rest.split_at(rest.rfind('}').ok_or(Error::Malformed("spring salt"))? + 1),
            false => ("", rest),
        };
        // A digest in hex is twice as long as itself; in base64 it never is.
        let digest = match encoded.bytes().all(|b| b.is_ascii_hexdigit()) && encoded.len() >= 32 {
            true => hex(encoded, "spring hash")?,
            false => b64(encoded, "spring hash")?,
        };
        let length = Error::Malformed("spring hash length");
        let hash = self.fixed.or(named).or_else(|| digest_of_length(digest.len())).ok_or(length)?;
        if digest.len() == hash.len() { Ok(Parts { hash, salt, digest }) } else { Err(length) }
    }
}

/// The digest that an id names, and what follows it. Without a salt, `{MD5}…` would be a directory's.
fn split_id(text: &str) -> (Option<Hash>, &str) {
    const IDS: [&str; 5] = ["MD4", "MD5", "SHA-1", "SHA-256", "SHA-512"];
    let id = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    match id.filter(|(id, _)| IDS.contains(id)).and_then(|(id, rest)| Some((java_digest(id)?, rest))) {
        Some((hash, rest)) => (Some(hash), rest),
        None => (None, text),
    }
}

impl Scheme for MessageDigest {
    fn recognise(&self, hash: &str) -> bool {
        let (id, rest) = split_id(hash);
        match self.parse(hash) {
            Ok(Parts { salt: "", .. }) => false,
            Ok(_) => id.is_some() || !is_scheme(hash),
            // Damaged, but nobody else puts a salt in braces after an id.
            Err(_) => !self.named && id.is_some() && rest.starts_with('{'),
        }
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        iterated::check(self.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let Parts { hash, salt, digest } = self.parse(attempt.hash)?;
        let parts = [attempt.password, salt.as_bytes()];
        let computed = iterated(hash, &parts, self.rounds, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &digest))
    }
}

/// Whether the braces hold a scheme of directories, mail servers or Spring itself rather than a salt.
fn is_scheme(text: &str) -> bool {
    const FAMILIES: [&str; 25] = [
        "NTLM",
        "X-ISSHA",
        "SHA",
        "SSHA",
        "MD4",
        "MD5",
        "SMD5",
        "CRYPT",
        "PBKDF2",
        "ARGON2",
        "BCRYPT",
        "SCRYPT",
        "PKCS5S2",
        "PLAIN",
        "CLEAR",
        "NOOP",
        "LDAP",
        "BLF-CRYPT",
        "CRAM-MD5",
        "DIGEST-MD5",
        "HMAC-MD5",
        "NT",
        "LANMAN",
        "FSHP",
        "NS",
    ];
    let Some((name, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return false };
    let name = name.to_ascii_uppercase();
    FAMILIES.iter().any(|family| {
        let Some(rest) = name.strip_prefix(family) else { return false };
        // Variants: a number, an encoding, a version.
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || "-_.@,".contains(c))
    })
}

/// `salt hash` in one hex: SHA-256 of salt, secret and password, 1024 times.
pub(crate) struct Standard;

impl Standard {
    const ROUNDS: u64 = 1024;

    fn parse(text: &str) -> Result<[u8; 40], Error> {
        let encoded = after_id(text, &["{sha256}"]).unwrap_or(text);
        exactly(hex(encoded, "spring hash")?, "spring hash length")
    }
}

impl Scheme for Standard {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        iterated::check(Self::ROUNDS, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (salt, hash) = stored.split_at(8);
        let parts = [salt, attempt.pepper, attempt.password];
        let computed = iterated(Hash::Sha256, &parts, Self::ROUNDS, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, hash))
    }
}

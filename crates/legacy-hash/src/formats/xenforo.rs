//! XenForo, whose column holds a serialized PHP array.

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::bcrypt::BCRYPT;
use crate::formats::fields::is_hex;
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "xenforo2",
        strength: Strength::Strong,
        example: "a:1:{s:4:\"hash\";s:60:\"<bcrypt hash>\";}",
        note: "XenForo 1.2 and later; only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &Core12,
        ..ROW
    },
    Format {
        name: "xenforo-serialized",
        example: "a:3:{s:4:\"hash\";s:64:\"<hash>\";s:4:\"salt\";s:64:\"<salt>\";s:8:\"hashFunc\";s:6:\"sha256\";}",
        note: "XenForo before 1.2: the digest of the password's digest in hex and the salt",
        scheme: &Core,
        ..ROW
    },
];

const START: &str = "{s:4:\"hash\";s:";

/// An array of one element, a bcrypt hash.
struct Core12;

impl Core12 {
    fn inner<'a>(&self, text: &'a str) -> Result<&'a str, Error> {
        let [(_, hash)] = elements(text, "a:1:")?[..] else { return Err(Error::Malformed("xenforo array")) };
        Ok(hash)
    }
}

impl Scheme for Core12 {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix("a:1:").is_some_and(|rest| rest.starts_with(START))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(self.inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = self.inner(attempt.hash)?;
        BCRYPT.verify(&mut attempt.over(attempt.password, hash))
    }
}

/// An array of three elements: hash, salt, and the name of the digest.
struct Core;

impl Core {
    fn parse<'a>(&self, text: &'a str) -> Result<(Hash, &'a str, Vec<u8>), Error> {
        let elements = elements(text, "a:3:")?;
        let find = |key| elements.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let (Some(hash), Some(salt), Some(function)) = (find("hash"), find("salt"), find("hashFunc")) else {
            return Err(Error::Malformed("xenforo array"));
        };
        let function = match function {
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            _ => return Err(Error::Malformed("xenforo hash function")),
        };
        if !is_hex(hash, 2 * function.len()) {
            return Err(Error::Malformed("xenforo hash"));
        }
        Ok((function, salt, hex(hash, "xenforo hash")?))
    }
}

impl Scheme for Core {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix("a:3:").is_some_and(|rest| rest.starts_with(START))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (function, salt, stored) = self.parse(attempt.hash)?;
        let inner = zeroize::Zeroizing::new(hex::encode(function.of(&[attempt.password])));
        Ok(attempt.judge.same(&function.of(&[inner.as_bytes(), salt.as_bytes()]), &stored))
    }
}

/// The keys and values of a serialized array of strings.
fn elements<'a>(text: &'a str, prefix: &str) -> Result<Vec<(&'a str, &'a str)>, Error> {
    const PART: Error = Error::Malformed("xenforo array");
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.trim_end().strip_prefix('{')).ok_or(PART)?;
    let mut rest = rest.strip_suffix('}').ok_or(PART)?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (key, after) = string(rest).ok_or(PART)?;
        let (value, after) = string(after).ok_or(PART)?;
        elements.push((key, value));
        rest = after;
    }
    Ok(elements)
}

/// The string at the start, `s:<bytes>:"…";`, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let (len, rest) = text.strip_prefix("s:")?.split_once(":\"")?;
    let (value, rest) = rest.split_at_checked(len.parse().ok()?)?;
    Some((value, rest.strip_prefix("\";")?))
}

//! The verifiers of Oracle: DES until 10g, salted SHA-1 in 11g, PBKDF2 since 12c.

use crate::Error;
use crate::encoding::{exactly, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::blocks::des_cbc_mac;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "oracle10",
        example: "<hash, 16 hex digits>",
        needs_login: true,
        must_name: true,
        note: "Oracle 7 to 10g; the case of a password doesn't count; also <hash>:<login> and O$<login>#<hash>",
        scheme: &Oracle10,
        ..ROW
    },
    Format {
        name: "oracle11",
        example: "S:<hash, 40 hex digits><salt, 20 hex digits>",
        note: "Oracle 11g; the other parts of spare4 may be there too",
        scheme: &Oracle11,
        ..ROW
    },
    Format {
        name: "oracle12c",
        strength: Strength::Acceptable,
        example: "T:<hash, 128 hex digits><salt, 32 hex digits>",
        note: "Oracle 12c and later; the other parts of spare4 may be there too",
        scheme: &Oracle12,
        ..ROW
    },
];

/// The login and the password in upper case, in UTF-16, under DES: first with a fixed key, then with the
/// result as the key.
pub(crate) struct Oracle10;

impl Oracle10 {
    const KEY: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

    /// The login, if the string names it, and the hash.
    fn parse(text: &str) -> Result<(Option<&str>, [u8; 8]), Error> {
        let (login, hash) =
            match (text.strip_prefix("O$").and_then(|rest| rest.rsplit_once('#')), text.split_once(':')) {
                (Some((login, hash)), _) | (None, Some((hash, login))) => (Some(login), hash),
                (None, None) => (None, text),
            };
        Ok((login, exactly(hex(hash, "oracle hash")?, "oracle hash length")?))
    }
}

impl Scheme for Oracle10 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_login(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok_and(|(login, _)| login.is_some())
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (login, stored) = Self::parse(attempt.hash)?;
        let mut both = text::decode(login.unwrap_or(attempt.login).as_bytes());
        both.push_str(&text::decode(attempt.password));
        let both = text::utf16be(&text::upper_each(&both));
        let key = des_cbc_mac(&Self::KEY, &both);
        Ok(attempt.judge.same(&des_cbc_mac(&key, &both)[..], &stored))
    }
}

/// The part of `spare4` that begins with this letter and a colon.
fn part<'a>(text: &'a str, letter: &str) -> Option<&'a str> {
    let mut parts = text.trim_end_matches(';').split(';');
    parts.find_map(|part| part.strip_prefix(letter)?.strip_prefix(':'))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// SHA-1 of password and salt.
pub(crate) struct Oracle11;

impl Oracle11 {
    fn parse(text: &str) -> Result<[u8; 30], Error> {
        // The parts joined, or hash:salt.
        let digits = part(text, "S").unwrap_or(text).replacen(':', "", 1);
        exactly(hex(&digits, "oracle hash")?, "oracle hash length")
    }
}

impl Scheme for Oracle11 {
    fn recognise(&self, hash: &str) -> bool {
        part(hash, "S").is_some_and(is_hex) && part(hash, "T").is_none()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (digest, salt) = stored.split_at(Hash::Sha1.len());
        Ok(attempt.judge.same(&Hash::Sha1.of(&[attempt.password, salt]), digest))
    }
}

/// SHA-512 of a PBKDF2 key and the first 16 bytes of its salt.
pub(crate) struct Oracle12;

impl Oracle12 {
    const PREFIX: &str = "$oracle12c$";
    const ITERATIONS: u64 = 4096;

    fn parse(text: &str) -> Result<[u8; 80], Error> {
        let digits = part(text, "T").or_else(|| text.strip_prefix(Self::PREFIX)).unwrap_or(text);
        exactly(hex(digits, "oracle hash")?, "oracle hash length")
    }
}

impl Scheme for Oracle12 {
    fn recognise(&self, hash: &str) -> bool {
        part(hash, "T").is_some_and(is_hex) || hash.starts_with(Self::PREFIX)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        check(Hash::Sha512, Self::ITERATIONS, Hash::Sha512.len(), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::parse(attempt.hash)?;
        let (digest, salt) = stored.split_at(Hash::Sha512.len());
        let full = [salt, b"AUTH_PBKDF2_SPEEDY_KEY"].concat();
        let key = pbkdf2(Hash::Sha512, attempt.password, &full, Self::ITERATIONS, 64, attempt.tick)?;
        Ok(attempt.judge.same(&Hash::Sha512.of(&[&key, salt]), digest))
    }
}

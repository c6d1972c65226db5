//! Devices, remote access and voice chat: each with a digest of its own kind.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, exactly, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::Pacer;
use crate::kdf::digest::Hash;
use crate::kdf::radmin::{POWER_BYTES, power_of_five};
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "radmin3",
        example: "$radmin3$<login, UTF-16 in hex>*<salt, 64 hex digits>*<verifier, 512 hex digits>",
        note: "Radmin 3: a verifier of SRP",
        scheme: &Radmin3,
        ..ROW
    },
    Format {
        name: "besder-md5",
        example: "<hash, 8 letters and digits>",
        must_name: true,
        note: "Besder cameras: dahua-md5 with sums of 8 bits",
        scheme: &Besder,
        ..ROW
    },
    Format {
        name: "teamspeak3",
        example: "$teamspeak$3$<hash, base64>$<salt, base64>",
        note: "the channels of TeamSpeak 3",
        scheme: &TeamSpeak,
        ..ROW
    },
    Format {
        name: "samsung-android",
        example: "<hash, 40 hex digits>",
        needs_salt: true,
        must_name: true,
        note: "Samsung's Android; the salt in hex as it is; also <hash>:<salt>",
        scheme: &SamsungAndroid,
        ..ROW
    },
    Format {
        name: "windows-phone8",
        example: "<hash, 64 hex digits>",
        needs_salt: true,
        must_name: true,
        note: "Windows Phone 8; the salt in hex; also <hash>:<salt>",
        scheme: &WindowsPhone,
        ..ROW
    },
];

/// 5 to the power of SHA-1 of the salt and SHA-1 of `login:password` in UTF-16.
pub(crate) struct Radmin3;

struct Verifier {
    login: Vec<u8>,
    salt: [u8; 32],
    power: [u8; POWER_BYTES],
}

impl Radmin3 {
    const PREFIX: &str = "$radmin3$";

    fn parse(text: &str) -> Result<Verifier, Error> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(Error::Malformed("radmin prefix"))?;
        let fields: Vec<&str> = rest.split('*').collect();
        let [login, salt, power] = fields[..] else { return Err(Error::Malformed("radmin fields")) };
        Ok(Verifier {
            login: hex(login, "radmin login")?,
            salt: exactly(hex(salt, "radmin salt")?, "radmin salt length")?,
            power: exactly(hex(power, "radmin verifier")?, "radmin verifier length")?,
        })
    }
}

impl Scheme for Radmin3 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(Self::PREFIX)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let password = text::utf16le(&text::decode(attempt.password));
        // The colon has one byte.
        let inner = Hash::Sha1.of(&[&stored.login, b":", &password]);
        let exponent = Hash::Sha1.of(&[&stored.salt, &inner]);
        Ok(attempt.judge.same(&power_of_five(&exponent), &stored.power))
    }
}

/// Each two bytes of the MD5, added in 8 bits, as one of 62 characters. (Dahua's own adds in more.)
pub(crate) struct Besder;

impl Besder {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    fn parse(text: &str) -> Result<&[u8], Error> {
        if text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(text.as_bytes())
        } else {
            Err(Error::Malformed("besder hash"))
        }
    }
}

impl Scheme for Besder {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let sum = |pair: &[u8]| usize::from(pair.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
        let digit = |pair: &[u8]| Self::DIGITS[sum(pair) % Self::DIGITS.len()];
        let computed: Vec<u8> = Hash::Md5.of(&[attempt.password]).chunks(2).map(digit).collect();
        Ok(attempt.judge.same(&computed, stored))
    }
}

/// SHA-1 of the SHA-1 in base64 and the salt in base64.
pub(crate) struct TeamSpeak;

impl TeamSpeak {
    fn parse(text: &str) -> Result<([u8; 20], Vec<u8>), Error> {
        let rest = text.strip_prefix("$teamspeak$3$").ok_or(Error::Malformed("teamspeak prefix"))?;
        let (hash, salt) = rest.split_once('$').ok_or(Error::Malformed("teamspeak fields"))?;
        let hash = exactly(b64(hash, "teamspeak hash")?, "teamspeak hash length")?;
        Ok((hash, b64(salt, "teamspeak salt")?))
    }
}

impl Scheme for TeamSpeak {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$teamspeak$3$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, salt) = Self::parse(attempt.hash)?;
        let inner = Zeroizing::new(crate::encoding::to_b64_padded(&Hash::Sha1.of(&[attempt.password])));
        let salt = crate::encoding::to_b64_padded(&salt);
        Ok(attempt.judge.same(&Hash::Sha1.of(&[inner.as_bytes(), salt.as_bytes()]), &stored))
    }
}

/// The hash, and the salt if the string has it.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((hash, salt)) => (hash, Some(salt)),
        None => (text, None),
    }
}

/// 1024 times SHA-1 of the last digest, the count, the password and the salt.
pub(crate) struct SamsungAndroid;

impl SamsungAndroid {
    const ROUNDS: u64 = 1024;

    fn parse(text: &str) -> Result<[u8; 20], Error> {
        exactly(hex(split(text).0, "samsung hash")?, "samsung hash length")
    }
}

impl Scheme for SamsungAndroid {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_salt(&self, hash: &str) -> bool {
        split(hash).1.is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        if Self::ROUNDS > limits.digest_rounds { Err(Error::OverLimit("samsung rounds")) } else { Ok(()) }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::parse(attempt.hash)?;
        let salt = split(attempt.hash).1.map_or(attempt.salt(), str::as_bytes);
        let mut digest = Zeroizing::new(Vec::new());
        let mut pacer = Pacer::new(attempt.tick, 128);
        for count in 0..Self::ROUNDS {
            pacer.step()?;
            digest = Hash::Sha1.of(&[&digest, count.to_string().as_bytes(), attempt.password, salt]);
        }
        Ok(attempt.judge.same(&digest, &stored))
    }
}

/// SHA-256 of the password in UTF-16 and the salt.
pub(crate) struct WindowsPhone;

impl WindowsPhone {
    fn parse(text: &str) -> Result<[u8; 32], Error> {
        exactly(hex(split(text).0, "windows phone hash")?, "windows phone hash length")
    }
}

impl Scheme for WindowsPhone {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_salt(&self, hash: &str) -> bool {
        split(hash).1.is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        let (_, salt) = split(hash);
        Self::parse(hash)?;
        salt.map_or(Ok(()), |salt| hex(salt, "windows phone salt").map(drop))
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let salt = split(attempt.hash).1.map_or(attempt.salt(), str::as_bytes);
        let salt = hex(&text::decode(salt), "windows phone salt")?;
        let password = text::utf16le(&text::decode(attempt.password));
        Ok(attempt.judge.same(&Hash::Sha256.of(&[&password, &salt]), &stored))
    }
}

//! Devices and remote access whose passwords are one unsalted digest, or a digest of their own kind.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, exactly, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::Pacer;
use crate::kdf::digest::Hash;
use crate::kdf::radmin::{POWER_BYTES, power_of_five};
use crate::limits::Limits;
use crate::text;
use crate::verify::{Attempt, same};

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "radmin2",
        example: "<MD5, 32 hex digits>",
        must_name: true,
        note: "Radmin 2: MD5 of the password filled with NULs to 100 bytes; $radmin2$ may stand before it",
        ends_at_nul: true,
        scheme: &Radmin2,
        ..ROW
    },
    Format {
        name: "radmin3",
        example: "$radmin3$<login, UTF-16 in hex>*<salt, 64 hex digits>*<verifier, 512 hex digits>",
        note: "Radmin 3: a verifier of SRP",
        scheme: &Radmin3,
        ..ROW
    },
    Format {
        name: "dahua-md5",
        aliases: &["dahua"],
        example: "<hash, 8 letters and digits>",
        must_name: true,
        note: "Dahua recorders and cameras: 8 characters of an MD5; $dahua$ may stand before it",
        scheme: &Dahua { wrapped: false },
        ..ROW
    },
    Format {
        name: "besder-md5",
        example: "<hash, 8 letters and digits>",
        must_name: true,
        note: "Besder cameras: like dahua-md5, but the sums are of 8 bits",
        scheme: &Dahua { wrapped: true },
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

/// MD5 of 100 bytes.
pub(crate) struct Radmin2;

impl Radmin2 {
    fn parse(text: &str) -> Result<[u8; 16], Error> {
        let digits = text.strip_prefix("$radmin2$").unwrap_or(text);
        exactly(hex(digits, "radmin hash")?, "radmin hash length")
    }
}

impl Scheme for Radmin2 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let mut field = Zeroizing::new([0; 100]);
        let Some(part) = field.get_mut(..attempt.password.len()) else { return Ok(false) };
        part.copy_from_slice(attempt.password);
        Ok(same(&Hash::Md5.of(&[&field[..]]), &stored))
    }
}

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
        Ok(same(&power_of_five(&exponent), &stored.power))
    }
}

/// Each two bytes of the MD5, added, as one of 62 characters.
pub(crate) struct Dahua {
    /// The sums have 8 bits only.
    wrapped: bool,
}

impl Dahua {
    fn parse(text: &str) -> Result<&[u8], Error> {
        let hash = text.strip_prefix("$dahua$").unwrap_or(text);
        if hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(hash.as_bytes())
        } else {
            Err(Error::Malformed("dahua hash"))
        }
    }
}

impl Scheme for Dahua {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let sum = |pair: &[u8]| {
            let sum = pair.iter().map(|&byte| u16::from(byte)).sum::<u16>();
            (if self.wrapped { sum % 256 } else { sum } % 62) as u8
        };
        let character = |pair: &[u8]| match sum(pair) {
            digit @ 0..10 => b'0' + digit,
            upper @ 10..36 => b'A' + (upper - 10),
            lower => b'a' + (lower - 36),
        };
        let computed: Vec<u8> = Hash::Md5.of(&[attempt.password]).chunks(2).map(character).collect();
        Ok(same(&computed, stored))
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
        Ok(same(&Hash::Sha1.of(&[inner.as_bytes(), salt.as_bytes()]), &stored))
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
        Ok(same(&digest, &stored))
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
        Ok(same(&Hash::Sha256.of(&[&password, &salt]), &stored))
    }
}

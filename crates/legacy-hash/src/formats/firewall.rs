//! Firewalls and other network devices: one salted digest each, with a constant or a layout of its own.

use crate::Error;
use crate::encoding::{b64, exactly, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "netscreen",
        example: "n<5>r<5>c<4>s<5>t<5>n: 30 in all; also <hash>:<login> and <login>$<hash>",
        needs_salt: true,
        note: "Juniper NetScreen (ScreenOS); the salt is the login",
        scheme: &NetScreen,
        ..ROW
    },
    Format {
        name: "netscaler-sha1",
        aliases: &["citrix-ns10"],
        example: "1<salt, 8 hex digits><SHA-1, 40 hex digits>",
        must_name: true,
        note: "Citrix NetScaler 10 to 12",
        scheme: &NetScaler { version: "1", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "netscaler-sha512",
        example: "2<salt, 8 hex digits><SHA-512, 128 hex digits>",
        must_name: true,
        note: "Citrix NetScaler 12.1 and later",
        scheme: &NetScaler { version: "2", hash: Hash::Sha512 },
        ..ROW
    },
    Format {
        name: "netscaler-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "5<salt, 64 hex digits><key, 64 hex digits>",
        must_name: true,
        note: "Citrix NetScaler 13.1 and later: 2500 iterations",
        scheme: &NetScalerPbkdf2,
        ..ROW
    },
    Format {
        name: "fortigate",
        example: "AK1<salt, 12 bytes, and SHA-1, base64>",
        note: "FortiOS before 5.4",
        scheme: &FortiGate { prefix: "AK1", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "fortigate256",
        example: "SH2<salt, 12 bytes, and SHA-256, base64>",
        note: "FortiOS 5.4 and later",
        scheme: &FortiGate { prefix: "SH2", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "arubaos",
        example: "<salt, 8 hex digits>01<SHA-1, 40 hex digits>",
        must_name: true,
        note: "ArubaOS of Aruba Networks",
        scheme: &ArubaOs,
        ..ROW
    },
];

/// MD5 of login, a constant and password, in base64 of its 16 bit words, with six letters put in between.
pub(crate) struct NetScreen;

impl NetScreen {
    /// Where the six letters stand.
    const MARKS: [(usize, u8); 6] = [(0, b'n'), (6, b'r'), (12, b'c'), (17, b's'), (23, b't'), (29, b'n')];

    /// The hash, and the login if the string names it.
    fn split(text: &str) -> (&str, Option<&str>) {
        match (text.split_once(':'), text.rsplit_once('$')) {
            (Some((hash, login)), _) | (None, Some((login, hash))) => (hash, Some(login)),
            (None, None) => (text, None),
        }
    }

    fn parse(text: &str) -> Result<(Vec<u8>, Option<&str>), Error> {
        let (hash, login) = Self::split(text);
        let mut digits = hash.as_bytes().to_vec();
        if digits.len() != 30 || Self::MARKS.iter().any(|&(at, letter)| digits[at] != letter) {
            return Err(Error::Malformed("netscreen hash"));
        }
        for (at, _) in Self::MARKS.into_iter().rev() {
            digits.remove(at);
        }
        let words: Result<Vec<_>, _> = digits.chunks(3).map(word).collect();
        Ok((words?.concat(), login))
    }
}

/// 16 bits in three digits of base64, the first of which has four of them.
fn word(digits: &[u8]) -> Result<[u8; 2], Error> {
    let quad = [b"A", digits].concat();
    let quad = str::from_utf8(&quad).map_err(|_| Error::Malformed("netscreen hash"))?;
    match exactly(b64(quad, "netscreen hash")?, "netscreen hash")? {
        [0, high, low] => Ok([high, low]),
        [..] => Err(Error::Malformed("netscreen hash")),
    }
}

impl Scheme for NetScreen {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_salt(&self, hash: &str) -> bool {
        Self::split(hash).1.is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, login) = Self::parse(attempt.hash)?;
        let login = login.map_or(attempt.salt(), str::as_bytes);
        Ok(attempt.judge.same(&Hash::Md5.of(&[login, b":Administration Tools:", attempt.password]), &stored))
    }
}

/// A version, a salt that is hashed as the text that it is, and the digest of salt, password and its NUL.
pub(crate) struct NetScaler {
    version: &'static str,
    hash: Hash,
}

impl NetScaler {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        let text = text.strip_prefix("$NS$").unwrap_or(text);
        let rest = text.strip_prefix(self.version).ok_or(Error::Malformed("netscaler version"))?;
        let (salt, digest) = rest.split_at_checked(8).ok_or(Error::Malformed("netscaler salt"))?;
        let digest = hex(digest, "netscaler hash")?;
        if digest.len() != self.hash.len() {
            return Err(Error::Malformed("netscaler hash length"));
        }
        Ok((salt, digest))
    }
}

impl Scheme for NetScaler {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, digest) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.hash.of(&[salt.as_bytes(), attempt.password, b"\0"]), &digest))
    }
}

/// PBKDF2 over HMAC-SHA-256.
pub(crate) struct NetScalerPbkdf2;

impl NetScalerPbkdf2 {
    const ITERATIONS: u64 = 2500;

    fn parse(text: &str) -> Result<[u8; 64], Error> {
        let digits = text.strip_prefix('5').ok_or(Error::Malformed("netscaler version"))?;
        exactly(hex(digits, "netscaler hash")?, "netscaler hash length")
    }
}

impl Scheme for NetScalerPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        check(Hash::Sha256, Self::ITERATIONS, Hash::Sha256.len(), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::parse(attempt.hash)?;
        let (salt, hash) = stored.split_at(32);
        let key = pbkdf2(Hash::Sha256, attempt.password, salt, Self::ITERATIONS, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&key, hash))
    }
}

/// The digest of salt, password and a constant.
pub(crate) struct FortiGate {
    prefix: &'static str,
    hash: Hash,
}

impl FortiGate {
    const SALT_BYTES: usize = 12;
    const CONSTANT: [u8; 24] = [
        0xa3, 0x88, 0xba, 0x2e, 0x42, 0x4c, 0xb0, 0x4a, 0x53, 0x79, 0x30, 0xc1, 0x31, 0x07, 0xcc, 0x3f, 0xa1,
        0x32, 0x90, 0x29, 0xa9, 0x81, 0x5b, 0x70,
    ];

    fn len(&self) -> usize {
        Self::SALT_BYTES + self.hash.len()
    }

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("fortigate prefix"))?;
        let mut bytes = b64(rest, "fortigate hash")?;
        // Some are padded with a zero byte rather than with =.
        if bytes.len() == self.len() + 1 {
            bytes.pop_if(|byte| *byte == 0);
        }
        if bytes.len() == self.len() { Ok(bytes) } else { Err(Error::Malformed("fortigate hash length")) }
    }
}

impl Scheme for FortiGate {
    fn recognise(&self, hash: &str) -> bool {
        // Three letters are too common to say yes to another length.
        hash.starts_with(self.prefix) && hash.len() == self.prefix.len() + self.len().div_ceil(3) * 4
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let (salt, digest) = stored.split_at(Self::SALT_BYTES);
        Ok(attempt.judge.same(&self.hash.of(&[salt, attempt.password, &Self::CONSTANT]), digest))
    }
}

/// SHA-1 of a salt of five bytes, the last of which is 1, and the password.
pub(crate) struct ArubaOs;

impl ArubaOs {
    fn parse(text: &str) -> Result<[u8; 25], Error> {
        let bytes: [u8; 25] = exactly(hex(text, "arubaos hash")?, "arubaos hash length")?;
        if bytes[4] == 1 { Ok(bytes) } else { Err(Error::Malformed("arubaos salt")) }
    }
}

impl Scheme for ArubaOs {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (salt, digest) = stored.split_at(5);
        Ok(attempt.judge.same(&Hash::Sha1.of(&[salt, attempt.password]), digest))
    }
}

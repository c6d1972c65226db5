//! Directories, monitoring and business software, each with a scheme of its own.

mod checksums;
mod juniper;

use crate::Error;
use crate::encoding::{b64, exactly, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::text::{characters, utf16le};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "azuread-pph1",
        strength: Strength::Acceptable,
        example: "v1;PPH1_MD4,<salt, hex>,<iterations>,<hash, hex>;",
        note: "what Azure AD Connect makes of an NT hash",
        scheme: &Pph1,
        ..ROW
    },
    Format {
        name: "rsa-netwitness-sha256",
        example: "<hash, 64 hex digits>",
        needs_salt: true,
        must_name: true,
        note: "salt in base64 or decoded; also hash:salt",
        scheme: &NetWitness,
        ..ROW
    },
    Format {
        name: "peoplesoft-sha1",
        example: "<hash, base64>",
        must_name: true,
        note: "SHA-1 over the password in UTF-16",
        scheme: &PeopleSoft,
        ..ROW
    },
    Format {
        name: "solarwinds-orion",
        example: "$solarwinds$0$<login>$<hash, base64>",
        note: "PBKDF2-SHA1 salted with the login, 1000 iterations, and SHA-512 over its 1024 bytes",
        scheme: &SolarWinds { version: 0 },
        ..ROW
    },
    Format {
        name: "solarwinds-orion-v2",
        example: "$solarwinds$1$<salt, base64>$<hash, base64>",
        note: "the same with a random salt",
        scheme: &SolarWinds { version: 1 },
        ..ROW
    },
    Format {
        name: "openedge-encode",
        example: "<16 letters>",
        must_name: true,
        note: "Progress OpenEdge's ENCODE: CRC-16, no security",
        scheme: &checksums::OpenEdge,
        ..ROW
    },
    Format {
        name: "ibm-adx",
        example: "$adxcrypt$<hash, 8 characters>",
        note: "ADXCRYPT of IBM and Toshiba 4690: a sum of 32 bits, which many passwords share",
        ends_at_nul: true,
        scheme: &checksums::Adx,
        ..ROW
    },
    Format {
        name: "juniper-ive",
        example: "<md5crypt hash, encrypted with a key that all devices share, base64>",
        must_name: true,
        note: "Juniper IVE, Pulse Secure",
        ends_at_nul: true,
        scheme: &juniper::Ive,
        ..ROW
    },
];

/// `v1;PPH1_MD4,salt,iterations,hash`: PBKDF2-SHA256 over the NT hash in upper case hex in UTF-16.
pub(crate) struct Pph1;

impl Pph1 {
    const PREFIX: &str = "v1;PPH1_MD4,";

    fn parse(text: &str) -> Result<(Vec<u8>, u64, [u8; 32]), Error> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(Error::Malformed("pph1 prefix"))?;
        let fields: Vec<&str> = rest.trim_end_matches(';').split(',').collect();
        let [salt, iterations, hash] = fields[..] else { return Err(Error::Malformed("pph1 fields")) };
        let hash = exactly(hex(hash, "pph1 hash")?, "pph1 hash length")?;
        Ok((hex(salt, "pph1 salt")?, number(iterations, "pph1 iterations")?, hash))
    }
}

impl Scheme for Pph1 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(Self::PREFIX)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        check(Hash::Sha256, Self::parse(hash)?.1, 32, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (salt, iterations, hash) = Self::parse(attempt.hash)?;
        let nt = Hash::Md4.of(&[&utf16le(&characters(attempt.password))]);
        let nt = utf16le(&hex::encode_upper(&*nt));
        Ok(attempt.judge.same(&pbkdf2(Hash::Sha256, &nt, &salt, iterations, 32, attempt.tick)?, &hash))
    }
}

/// `hash`, or `hash:salt`: SHA-256 over the upper case hex of the password's SHA-256, and the salt.
pub(crate) struct NetWitness;

impl NetWitness {
    fn parse(text: &str) -> Result<([u8; 32], Option<&str>), Error> {
        let (hash, salt) = match text.split_once(':') {
            Some((hash, salt)) => (hash, Some(salt)),
            None => (text, None),
        };
        Ok((exactly(hex(hash, "netwitness hash")?, "netwitness hash length")?, salt))
    }
}

impl Scheme for NetWitness {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_salt(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok_and(|(_, salt)| salt.is_some())
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (hash, carried) = Self::parse(attempt.hash)?;
        let inner = hex::encode_upper(&*Hash::Sha256.of(&[attempt.password]));
        let salt = carried.map_or(attempt.salt(), str::as_bytes);
        let of = |salt: &[u8]| attempt.judge.same(&Hash::Sha256.of(&[inner.as_bytes(), salt]), &hash);
        // A column may hold the bytes or their base64, and one can look like the other.
        let decoded = str::from_utf8(salt).ok().and_then(|text| b64(text, "netwitness salt").ok());
        Ok(of(salt) | decoded.is_some_and(|salt| of(&salt)))
    }
}

/// 20 bytes in base64.
pub(crate) struct PeopleSoft;

impl PeopleSoft {
    fn parse(text: &str) -> Result<[u8; 20], Error> {
        exactly(b64(text, "peoplesoft hash")?, "peoplesoft hash length")
    }
}

impl Scheme for PeopleSoft {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&Hash::Sha1.of(&[&utf16le(&characters(attempt.password))]), &hash))
    }
}

/// `$solarwinds$version$salt$hash`
pub(crate) struct SolarWinds {
    version: u8,
}

impl SolarWinds {
    const ITERATIONS: u64 = 1000;
    const KEY_BYTES: usize = 1024;

    fn prefix(&self) -> &'static str {
        if self.version == 0 { "$solarwinds$0$" } else { "$solarwinds$1$" }
    }

    fn parse(&self, text: &str) -> Result<(Vec<u8>, [u8; 64]), Error> {
        let rest = text.strip_prefix(self.prefix()).ok_or(Error::Malformed("solarwinds prefix"))?;
        let (salt, hash) = rest.rsplit_once('$').ok_or(Error::Malformed("solarwinds fields"))?;
        let salt = match self.version {
            0 => padded(salt),
            _ => b64(salt, "solarwinds salt")?,
        };
        Ok((salt, exactly(b64(hash, "solarwinds hash")?, "solarwinds hash length")?))
    }
}

/// The first 8 bytes of the login in lower case, filled up from a constant.
fn padded(login: &str) -> Vec<u8> {
    login.to_lowercase().bytes().chain(*b"1244352345234").take(8).collect()
}

impl Scheme for SolarWinds {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        check(Hash::Sha1, Self::ITERATIONS, Self::KEY_BYTES, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (salt, hash) = self.parse(attempt.hash)?;
        let key =
            pbkdf2(Hash::Sha1, attempt.password, &salt, Self::ITERATIONS, Self::KEY_BYTES, attempt.tick)?;
        Ok(attempt.judge.same(&Hash::Sha512.of(&[&key]), &hash))
    }
}

//! Cisco's hashes that are none of crypt(3): PIX, ASA, and types 4, 8 and 9 of IOS. (Type 5 is md5crypt.)

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, h64, h64_big_endian, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "cisco-pix",
        example: "<hash, 16>",
        needs_login: true,
        must_name: true,
        note: "PIX and ASA before 8; at most 16 bytes of a password; without a login for enable passwords",
        ends_at_nul: true,
        scheme: &CiscoMd5 { asa: false },
        ..ROW
    },
    Format {
        name: "cisco-asa",
        example: "<hash, 16>; also <hash>:<login>",
        needs_login: true,
        must_name: true,
        note: "ASA 8 and later; at most 32 bytes of a password; without a login for enable passwords",
        ends_at_nul: true,
        scheme: &CiscoMd5 { asa: true },
        ..ROW
    },
    Format {
        name: "cisco-type4",
        example: "<hash, 43>",
        must_name: true,
        note: "SHA-256 without salt, in the alphabet of crypt(3); $4$ or $cisco4$ may stand before it",
        scheme: &Type4,
        ..ROW
    },
    Format {
        name: "cisco-type8",
        strength: Strength::Acceptable,
        example: "$8$<salt, 14>$<hash, 43>",
        note: "PBKDF2-SHA-256 with 20000 iterations",
        scheme: &Salted { prefix: "$8$", scrypt: false },
        ..ROW
    },
    Format {
        name: "cisco-type9",
        strength: Strength::Strong,
        example: "$9$<salt, 14>$<hash, 43>",
        note: "scrypt with N = 2^14, r = 1; not Junos' $9$, which is no hash",
        scheme: &Salted { prefix: "$9$", scrypt: true },
        ..ROW
    },
    Format {
        name: "cisco-ise",
        example: "<hash, 64 hex digits><salt, 64 hex digits>",
        must_name: true,
        note: "Cisco ISE: 129 times SHA-256",
        scheme: &Ise,
        ..ROW
    },
];

/// Twelve of the 16 bytes of the MD5 of the password, four bytes of the login, and NULs.
pub(crate) struct CiscoMd5 {
    asa: bool,
}

impl CiscoMd5 {
    /// The hash, and the login if the string names it.
    fn parse(text: &str) -> Result<([u8; 12], Option<&str>), Error> {
        let (hash, login) = match text.split_once(':') {
            Some((hash, login)) => (hash, Some(login)),
            None => (text, None),
        };
        let hash = hash.strip_prefix("$pix-md5$").or_else(|| hash.strip_prefix("$asa-md5$")).unwrap_or(hash);
        Ok((exactly(h64(hash, "cisco hash")?, "cisco hash length")?, login))
    }

    fn compute(&self, password: &[u8], login: &[u8]) -> Vec<u8> {
        let mut field = Zeroizing::new(password.to_vec());
        if !self.asa || password.len() < 28 {
            field.extend(login);
        }
        let len = if self.asa && field.len() > 16 { 32 } else { 16 };
        field.resize(len, 0);
        let digest = Hash::Md5.of(&[&field]);
        digest.chunks(4).flat_map(|word| word.iter().take(3)).copied().collect()
    }
}

impl Scheme for CiscoMd5 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_login(&self, _: &str) -> bool {
        true
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, login) = Self::parse(attempt.hash)?;
        // The devices take no longer ones.
        if attempt.password.len() > if self.asa { 32 } else { 16 } {
            return Ok(false);
        }
        // Four bytes of the login, a shorter one over and over; but crackers leave a shorter one as it is.
        let login = login.unwrap_or(attempt.login).as_bytes();
        let four: Vec<u8> = login.iter().copied().cycle().take(4).collect();
        let short = &login[..login.len().min(4)];
        Ok(attempt.judge.same(&self.compute(attempt.password, &four), &stored)
            | attempt.judge.same(&self.compute(attempt.password, short), &stored))
    }
}

fn hash32(text: &str) -> Result<[u8; 32], Error> {
    exactly(h64_big_endian(text, "cisco hash")?, "cisco hash length")
}

/// SHA-256 alone: what was meant to be PBKDF2.
pub(crate) struct Type4;

impl Type4 {
    fn parse(text: &str) -> Result<[u8; 32], Error> {
        hash32(text.strip_prefix("$4$").or_else(|| text.strip_prefix("$cisco4$")).unwrap_or(text))
    }
}

impl Scheme for Type4 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&Hash::Sha256.of(&[attempt.password]), &stored))
    }
}

/// Types 8 and 9: the salt is hashed as the text that it is.
pub(crate) struct Salted {
    prefix: &'static str,
    scrypt: bool,
}

impl Salted {
    const ITERATIONS: u64 = 20_000;
    const COST: Cost = Cost { log_n: 14, r: 1, p: 1 };

    fn parse<'a>(&self, text: &'a str) -> Result<(&'a [u8], [u8; 32]), Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("cisco prefix"))?;
        let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("cisco fields"))?;
        Ok((salt.as_bytes(), hash32(hash)?))
    }
}

impl Scheme for Salted {
    fn recognise(&self, hash: &str) -> bool {
        let fields = hash.strip_prefix(self.prefix).and_then(|rest| rest.split_once('$'));
        fields.is_some_and(|(salt, _)| salt.len() == 14)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        match self.scrypt {
            true => Self::COST.check(limits),
            false => check(Hash::Sha256, Self::ITERATIONS, 32, limits),
        }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (salt, stored) = self.parse(attempt.hash)?;
        let key = match self.scrypt {
            true => scrypt(attempt.password, salt, Self::COST, 32, attempt.limits, attempt.tick)?,
            false => pbkdf2(Hash::Sha256, attempt.password, salt, Self::ITERATIONS, 32, attempt.tick)?,
        };
        Ok(attempt.judge.same(&key, &stored))
    }
}

/// SHA-256 of salt and password, and then again and again of itself.
pub(crate) struct Ise;

impl Ise {
    const ROUNDS: u32 = 129;

    fn parse(text: &str) -> Result<[u8; 64], Error> {
        exactly(hex(text, "cisco hash")?, "cisco hash length")
    }
}

impl Scheme for Ise {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (hash, salt) = stored.split_at(32);
        let mut digest = Hash::Sha256.of(&[salt, attempt.password]);
        for _ in 1..Self::ROUNDS {
            digest = Hash::Sha256.of(&[&digest]);
        }
        Ok(attempt.judge.same(&digest, hash))
    }
}

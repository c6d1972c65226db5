//! ASP.NET Identity, both versions, and what ASP.NET sites stored before it: Episerver and Umbraco.

use crate::Error;
use crate::encoding::{b64, exactly, hex, to_b64_padded};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Tick;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::{Limits, PBKDF2_WORK_ABSOLUTE};
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::text::{characters, utf16le};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "aspnet-identity-v2",
        example: "<00, salt (16 bytes) and hash (32 bytes), base64>",
        note: "ASP.NET Identity 1 and 2, SimpleMembership, Crypto.HashPassword: PBKDF2-SHA1, 1000 iterations",
        scheme: &IdentityV2,
        ..ROW
    },
    Format {
        name: "aspnet-identity-v3",
        strength: Strength::Acceptable,
        example: "<01, prf, iterations, length of salt, salt and hash, base64>",
        can_produce: true,
        note: "ASP.NET Core Identity, Duende, ABP",
        scheme: &IdentityV3,
        ..ROW
    },
    Format {
        name: "episerver",
        example: "$episerver$*<0 or 1>*<salt, base64>*<hash, base64>",
        note: "Episerver 6: SHA-1 (0) or SHA-256 (1) over salt and password in UTF-16",
        scheme: &Episerver,
        ..ROW
    },
    Format {
        name: "episerver-sid",
        example: "0x<salt, 60 hex digits> 0x<hash, 40 hex digits>",
        note: "tblSID of Episerver 4 and 5",
        ends_at_nul: true,
        scheme: &EpiserverSid,
        ..ROW
    },
    Format {
        name: "umbraco-hmac-sha1",
        example: "<hash, base64>",
        must_name: true,
        note: "Umbraco 7: HMAC-SHA1 of the password in UTF-16, by itself",
        scheme: &Umbraco,
        ..ROW
    },
];

/// A zero byte, 16 of salt and 32 of PBKDF2-SHA1.
pub(crate) struct IdentityV2;

impl IdentityV2 {
    const ITERATIONS: u64 = 1000;

    fn parse(text: &str) -> Result<[u8; 49], Error> {
        let bytes = exactly(b64(text, "aspnet identity")?, "aspnet identity length")?;
        if bytes[0] == 0 { Ok(bytes) } else { Err(Error::Malformed("aspnet identity version")) }
    }
}

impl Scheme for IdentityV2 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        check(Hash::Sha1, Self::ITERATIONS, 32, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::parse(attempt.hash)?;
        let (salt, hash) = stored[1..].split_at(16);
        let computed = pbkdf2(Hash::Sha1, attempt.password, salt, Self::ITERATIONS, 32, attempt.tick)?;
        Ok(attempt.judge.same(&computed, hash))
    }
}

/// A one byte and three numbers of four bytes, most significant first, before salt and hash.
pub(crate) struct IdentityV3;

/// PasswordHasher refuses shorter ones too.
const MIN_HASH_BYTES: usize = 16;

struct V3 {
    prf: Hash,
    iterations: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl V3 {
    fn parse(text: &str) -> Result<Self, Error> {
        let bytes = b64(text, "aspnet identity")?;
        let [1, numbers @ ..] = bytes.as_slice() else {
            return Err(Error::Malformed("aspnet identity version"));
        };
        let (header, rest) =
            numbers.split_at_checked(12).ok_or(Error::Malformed("aspnet identity length"))?;
        let number = |at: usize| header[at..at + 4].iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
        let prf = match number(0) {
            0 => Hash::Sha1,
            1 => Hash::Sha256,
            2 => Hash::Sha512,
            _ => return Err(Error::Malformed("aspnet identity prf")),
        };
        let salt_len = usize::try_from(number(8)).unwrap_or(usize::MAX);
        let (salt, hash) =
            rest.split_at_checked(salt_len).ok_or(Error::Malformed("aspnet identity salt length"))?;
        if hash.len() < MIN_HASH_BYTES {
            return Err(Error::Malformed("aspnet identity length"));
        }
        Ok(Self { prf, iterations: number(4), salt: salt.to_vec(), hash: hash.to_vec() })
    }

    fn check(&self, limits: &Limits) -> Result<(), Error> {
        check(self.prf, self.iterations, self.hash.len(), limits)
    }
}

impl Scheme for IdentityV3 {
    fn recognise(&self, hash: &str) -> bool {
        // 01, then a number below 2^8.
        hash.starts_with("AQAAAA")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        V3::parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = V3::parse(attempt.hash)?;
        stored.check(attempt.limits)?;
        let V3 { prf, iterations, salt, hash } = &stored;
        let computed = pbkdf2(*prf, attempt.password, salt, *iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, hash))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        Some(self)
    }
}

impl Produce for IdentityV3 {
    fn name(&self) -> &'static str {
        "aspnet-identity-v3"
    }

    fn knobs(&self) -> &'static [Knob] {
        // What PasswordHasherOptions has had since .NET 7.
        const MAX: u32 = PBKDF2_WORK_ABSOLUTE as u32;
        &[Knob { name: "iterations", default: 100_000, min: 1, max: MAX, strengthens: true }]
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let [iterations] = *values else { return Err(Error::BadPolicy("pbkdf2 has one parameter")) };
        check(Hash::Sha512, iterations.into(), 32, limits)?;
        let salt: [u8; 16] = random::bytes()?;
        let hash = pbkdf2(Hash::Sha512, password, &salt, iterations.into(), 32, tick)?;
        let header = [2, iterations, 16].map(u32::to_be_bytes);
        Ok(to_b64_padded(&[&[1], header.as_flattened(), &salt, &hash].concat()))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        let V3 { prf, iterations, .. } = V3::parse(hash).ok()?;
        Some(Measured { values: vec![iterations], current: prf == Hash::Sha512 })
    }
}

/// `$episerver$*version*salt*hash`, as crackers write the columns of aspnet_Membership.
pub(crate) struct Episerver;

impl Episerver {
    fn parse(text: &str) -> Result<(Hash, Vec<u8>, Vec<u8>), Error> {
        let rest = text.strip_prefix("$episerver$*").ok_or(Error::Malformed("episerver prefix"))?;
        let fields: Vec<&str> = rest.split('*').collect();
        let [version, salt, hash] = fields[..] else { return Err(Error::Malformed("episerver fields")) };
        let digest = match version {
            "0" => Hash::Sha1,
            "1" => Hash::Sha256,
            _ => return Err(Error::Malformed("episerver version")),
        };
        let hash = b64(hash, "episerver hash")?;
        if hash.len() != digest.len() {
            return Err(Error::Malformed("episerver hash length"));
        }
        Ok((digest, b64(salt, "episerver salt")?, hash))
    }
}

impl Scheme for Episerver {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$episerver$*")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (digest, salt, hash) = Self::parse(attempt.hash)?;
        let password = utf16le(&characters(attempt.password));
        Ok(attempt.judge.same(&digest.of(&[&salt, &password]), &hash))
    }
}

/// `0x… 0x…`: SHA-1 over the salt without its last byte, the password, and a NUL.
///
/// Source: John the Ripper's format EPI, whose vectors are from the wild.
pub(crate) struct EpiserverSid;

impl EpiserverSid {
    fn parse(text: &str) -> Result<([u8; 30], [u8; 20]), Error> {
        let rest = text.strip_prefix("0x").ok_or(Error::Malformed("episerver prefix"))?;
        let (salt, hash) = rest.split_once(" 0x").ok_or(Error::Malformed("episerver fields"))?;
        let salt = exactly(hex(salt, "episerver salt")?, "episerver salt length")?;
        Ok((salt, exactly(hex(hash, "episerver hash")?, "episerver hash length")?))
    }
}

impl Scheme for EpiserverSid {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix("0x").is_some_and(|rest| rest.contains(" 0x"))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&Hash::Sha1.of(&[&salt[..29], attempt.password, &[0]]), &hash))
    }
}

/// 20 bytes in base64.
pub(crate) struct Umbraco;

impl Umbraco {
    fn parse(text: &str) -> Result<[u8; 20], Error> {
        exactly(b64(text, "umbraco hash")?, "umbraco hash length")
    }
}

impl Scheme for Umbraco {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = Self::parse(attempt.hash)?;
        let password = utf16le(&characters(attempt.password));
        Ok(attempt.judge.same(&Hash::Sha1.hmac(&password, &[&password]), &hash))
    }
}

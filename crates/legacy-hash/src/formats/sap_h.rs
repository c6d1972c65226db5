//! SAP's PWDSALTEDHASH (code version H).

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Pacer;
use crate::kdf::digest::Hash;
use crate::limits::{DIGEST_WORK, Limits};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sap-codvn-h-issha1",
        aliases: &["sap-codvn-h"],
        strength: Strength::Acceptable,
        example: "{x-issha, <rounds>}<SHA-1 and salt, base64>",
        note: "SAP NetWeaver's default: 1024 rounds",
        scheme: &SapH { name: "{x-issha,", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "sap-codvn-h-issha256",
        strength: Strength::Acceptable,
        example: "{x-isSHA256, <rounds>}<SHA-256 and salt, base64>",
        note: "",
        scheme: &SapH { name: "{x-issha256,", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "sap-codvn-h-issha384",
        strength: Strength::Acceptable,
        example: "{x-isSHA384, <rounds>}<SHA-384 and salt, base64>",
        note: "",
        scheme: &SapH { name: "{x-issha384,", hash: Hash::Sha384 },
        ..ROW
    },
    Format {
        name: "sap-codvn-h-issha512",
        strength: Strength::Acceptable,
        example: "{x-isSHA512, <rounds>}<SHA-512 and salt, base64>",
        note: "",
        scheme: &SapH { name: "{x-issha512,", hash: Hash::Sha512 },
        ..ROW
    },
];

/// The digest of password and salt, then again and again of password and last digest.
pub(crate) struct SapH {
    /// In lower case; the string may have any.
    name: &'static str,
    hash: Hash,
}

impl SapH {
    fn after_name<'a>(&self, text: &'a str) -> Option<&'a str> {
        let (name, rest) = text.split_at_checked(self.name.len())?;
        name.eq_ignore_ascii_case(self.name).then_some(rest)
    }

    /// Rounds, digest and salt.
    fn parse(&self, text: &str, limits: &Limits) -> Result<(u64, Vec<u8>, Vec<u8>), Error> {
        let rest = self.after_name(text).ok_or(Error::Malformed("sap prefix"))?;
        let (rounds, encoded) = rest.split_once('}').ok_or(Error::Malformed("sap fields"))?;
        let rounds = number(rounds.trim(), "sap rounds")?;
        if rounds == 0 {
            return Err(Error::Malformed("sap rounds"));
        }
        if rounds > limits.digest_rounds {
            return Err(Error::OverLimit("sap rounds"));
        }
        let mut digest = b64(encoded, "sap hash")?;
        if digest.len() < self.hash.len() {
            return Err(Error::Malformed("sap hash length"));
        }
        let salt = digest.split_off(self.hash.len());
        Ok((rounds, digest, salt))
    }
}

impl Scheme for SapH {
    fn recognise(&self, hash: &str) -> bool {
        self.after_name(hash).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (rounds, stored, salt) = self.parse(attempt.hash, attempt.limits)?;
        // No system could have hashed so long a password so often in reasonable time.
        if rounds.saturating_mul(attempt.password.len() as u64) > DIGEST_WORK {
            return Ok(false);
        }
        let mut pacer = Pacer::new(attempt.tick, 1024);
        let mut digest = Zeroizing::new(salt);
        for _ in 0..rounds {
            pacer.step()?;
            digest = self.hash.of(&[attempt.password, &digest]);
        }
        Ok(attempt.judge.same(&digest, &stored))
    }
}

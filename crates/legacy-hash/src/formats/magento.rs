//! Magento 2 since it hashes with argon2.

use argon2::{Algorithm, Version};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::fields::is_hex;
use crate::kdf::argon2::{Cost, Input, argon2};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "magento2-v2",
    strength: Strength::Strong,
    example: "<hash, hex>:<salt, text>:<versions>, the last version 2 or 3_<length>_<passes>_<bytes of memory>",
    note: "Magento 2.3 and later, argon2id; upgraded hashes name all of their versions, such as 0:1:2",
    scheme: &Magento,
    ..ROW
}];

/// libsodium takes 16 bytes of salt. Magento cuts a longer one, and repeats a shorter one.
const SALT_BYTES: usize = 16;

/// The most versions that a hash can have gone through, with some to spare.
const MAX_STEPS: usize = 8;

/// `hash:salt:version`, and as many more versions as upgrades have wrapped around the first hash.
struct Magento;

struct Parts<'a> {
    hash: Vec<u8>,
    salt: &'a str,
    steps: Vec<Step>,
}

/// What one version makes of the password, or of what the version before it made.
enum Step {
    Digest(Hash),
    Argon2 { cost: Cost, len: usize },
}

impl Magento {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<Parts<'a>, Error> {
        let (hash, rest) = text.split_once(':').ok_or(Error::Malformed("magento fields"))?;
        let (salt, versions) = rest.split_once(':').ok_or(Error::Malformed("magento fields"))?;
        if salt.is_empty() {
            return Err(Error::Malformed("magento salt"));
        }
        let steps =
            versions.split(':').map(|version| Step::new(version, limits)).collect::<Result<Vec<_>, _>>()?;
        let hash = hex(hash, "magento hash")?;
        match steps.last() {
            Some(Step::Argon2 { len, .. }) if hash.len() == *len => {}
            Some(Step::Argon2 { .. }) => return Err(Error::Malformed("magento hash length")),
            _ => return Err(Error::Malformed("magento version")),
        }
        if steps.len() > MAX_STEPS {
            return Err(Error::OverLimit("magento versions"));
        }
        Ok(Parts { hash, salt, steps })
    }
}

impl Step {
    fn new(version: &str, limits: &Limits) -> Result<Self, Error> {
        const PART: &str = "magento version";
        let fields: Vec<&str> = version.split('_').collect();
        let (len, t, bytes) = match fields[..] {
            ["0"] => return Ok(Self::Digest(Hash::Md5)),
            ["1"] => return Ok(Self::Digest(Hash::Sha256)),
            // libsodium's "interactive" limits.
            ["2" | "3"] => (32, 2, 64 << 20),
            ["2" | "3", len, t, bytes] => (number(len, PART)?, number(t, PART)?, number(bytes, PART)?),
            _ => return Err(Error::Malformed(PART)),
        };
        let cost = Cost { m: bytes / 1024, t, p: 1 };
        cost.check(limits)?;
        if !(16..=1024).contains(&len) {
            return Err(Error::Malformed("magento hash length"));
        }
        Ok(Self::Argon2 { cost, len: usize::try_from(len).unwrap_or(usize::MAX) })
    }

    /// In hex, as the next version hashes it.
    fn run(&self, input: &[u8], salt: &str, attempt: &mut Attempt<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::Digest(hash) => Ok(hash.of(&[salt.as_bytes(), input])),
            Self::Argon2 { cost, len } => {
                let salt: Vec<u8> = salt.bytes().cycle().take(SALT_BYTES).collect();
                let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
                let params = Input { algorithm, version, cost: *cost, salt: &salt, data: &[], len: *len };
                argon2(input, &params, attempt.limits, attempt.tick)
            }
        }
    }
}

impl Scheme for Magento {
    fn recognise(&self, hash: &str) -> bool {
        let mut fields = hash.split(':');
        let (Some(hash), Some(_), Some(first)) = (fields.next(), fields.next(), fields.next()) else {
            return false;
        };
        let versions = fields.chain([first]);
        let mut argon2 = false;
        for version in versions {
            match version {
                "0" | "1" => {}
                "2" | "3" => argon2 = true,
                version if version.starts_with("2_") || version.starts_with("3_") => argon2 = true,
                _ => return false,
            }
        }
        argon2 && hash.len() >= 32 && is_hex(hash, hash.len())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        let mut value = Zeroizing::new(attempt.password.to_vec());
        let mut computed = Zeroizing::default();
        for step in &stored.steps {
            computed = step.run(&value, stored.salt, attempt)?;
            value = Zeroizing::new(hex::encode(&computed[..]).into_bytes());
        }
        Ok(attempt.judge.same(&computed, &stored.hash))
    }
}

//! Gitea and Forgejo: hash, salt and algorithm in three columns.

use ::argon2::{Algorithm, Version};

use crate::Error;
use crate::encoding::{hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::fields::is_hex;
use crate::kdf::argon2::{self, argon2};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{self, pbkdf2};
use crate::kdf::scrypt::{self, scrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "gitea-pbkdf2",
        strength: Strength::Acceptable,
        example: "<hash, 100 hex digits>, perhaps after the algorithm: pbkdf2$50000$50$<hash>",
        needs_salt: true,
        must_name: true,
        note: "without the algorithm, each of Gitea's iteration counts is tried; the salt is its column's hex",
        scheme: &Gitea(Algo::Pbkdf2),
        ..ROW
    },
    Format {
        name: "gitea-scrypt",
        strength: Strength::Strong,
        example: "<hash, 100 hex digits>, perhaps after the algorithm: scrypt$65536$16$2$50$<hash>",
        needs_salt: true,
        must_name: true,
        note: "the salt is its column's hex",
        scheme: &Gitea(Algo::Scrypt),
        ..ROW
    },
    Format {
        name: "gitea-argon2",
        strength: Strength::Strong,
        example: "<hash, 100 hex digits>, perhaps after the algorithm: argon2$2$65536$8$50$<hash>",
        needs_salt: true,
        must_name: true,
        note: "the salt is its column's hex",
        scheme: &Gitea(Algo::Argon2),
        ..ROW
    },
];

/// Digits of a hash that stands alone: Gitea has always derived 50 bytes.
const DIGITS: usize = 100;

/// Salts of this length are from before Gitea encoded them: they are hashed as they are.
const RAW_SALT_BYTES: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algo {
    Pbkdf2,
    Scrypt,
    Argon2,
}

impl Algo {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Pbkdf2 => "pbkdf2$",
            Self::Scrypt => "scrypt$",
            Self::Argon2 => "argon2$",
        }
    }

    /// What stands in the column of the algorithm where nothing was configured. PBKDF2 has had three, the most usual
    /// first.
    const fn defaults(self) -> &'static [&'static [u64]] {
        match self {
            Self::Pbkdf2 => &[&[50_000], &[10_000], &[320_000]],
            Self::Scrypt => &[&[65_536, 16, 2]],
            Self::Argon2 => &[&[2, 65_536, 8]],
        }
    }
}

/// One of Gitea's three own hashers; its bcrypt is plain bcrypt.
struct Gitea(Algo);

struct Parts {
    /// Lists of parameters to try.
    costs: Vec<Vec<u64>>,
    key: Vec<u8>,
}

impl Gitea {
    fn parse(&self, text: &str) -> Result<Parts, Error> {
        if is_hex(text, DIGITS) {
            let costs = self.0.defaults().iter().map(|cost| cost.to_vec()).collect();
            return Ok(Parts { costs, key: hex(text, "gitea hash")? });
        }
        let rest = text.strip_prefix(self.0.prefix()).ok_or(Error::Malformed("gitea hash"))?;
        // The hash follows whatever its columns were joined by.
        let (params, key) = rest.rsplit_once(['$', ':']).ok_or(Error::Malformed("gitea fields"))?;
        let params =
            params.split('$').map(|n| number(n, "gitea parameters")).collect::<Result<Vec<_>, _>>()?;
        let (len, cost) = params.split_last().ok_or(Error::Malformed("gitea parameters"))?;
        let key = hex(key, "gitea hash")?;
        if key.len() as u64 != *len || key.len() < 16 {
            return Err(Error::Malformed("gitea hash length"));
        }
        Ok(Parts { costs: vec![cost.to_vec()], key })
    }

    fn check_cost(&self, cost: &[u64], len: usize, limits: &Limits) -> Result<(), Error> {
        match (self.0, cost) {
            (Algo::Pbkdf2, &[n]) => pbkdf2::check(Hash::Sha256, n, len, limits),
            (Algo::Scrypt, &[n, r, p]) => scrypt::Cost::from_n(n, r, p)?.check(limits),
            (Algo::Argon2, &[t, m, p]) => argon2::Cost { m, t, p }.check(limits),
            _ => Err(Error::Malformed("gitea parameters")),
        }
    }

    fn derive(&self, cost: &[u64], len: usize, attempt: &mut Attempt<'_>) -> Result<Vec<u8>, Error> {
        self.check_cost(cost, len, attempt.limits)?;
        let salt = decoded(attempt.salt());
        let password = attempt.password;
        let key = match (self.0, cost) {
            (Algo::Pbkdf2, &[n]) => pbkdf2(Hash::Sha256, password, &salt, n, len, attempt.tick),
            (Algo::Scrypt, &[n, r, p]) => {
                let cost = scrypt::Cost::from_n(n, r, p)?;
                scrypt(password, &salt, cost, len, attempt.limits, attempt.tick)
            }
            (Algo::Argon2, &[t, m, p]) => {
                let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
                let cost = argon2::Cost { m, t, p };
                let input = argon2::Input { algorithm, version, cost, salt: &salt, data: &[], len };
                argon2(password, &input, attempt.limits, attempt.tick)
            }
            _ => Err(Error::Malformed("gitea parameters")),
        };
        key.map(|key| key.to_vec())
    }
}

/// The bytes that a salt's text stands for.
fn decoded(salt: &[u8]) -> Vec<u8> {
    if salt.len() == RAW_SALT_BYTES {
        return salt.to_vec();
    }
    hex::decode(salt).unwrap_or_else(|_| salt.to_vec())
}

impl Scheme for Gitea {
    fn recognise(&self, hash: &str) -> bool {
        let after = hash.strip_prefix(self.0.prefix());
        is_hex(hash, DIGITS) || after.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let stored = self.parse(hash)?;
        stored.costs.iter().try_for_each(|cost| self.check_cost(cost, stored.key.len(), limits))
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        for cost in &stored.costs {
            if attempt.judge.same(&self.derive(cost, stored.key.len(), attempt)?, &stored.key) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

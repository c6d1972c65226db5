//! What passlib invented: bcrypt over SHA-256, and SCRAM credentials of several digests in one string; and
//! FSHP, which it took in.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{ab64, b64, number, to_b64_padded};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::bcrypt::BCRYPT;
use crate::formats::scram::saslprep;
use crate::kdf::Pacer;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "passlib-bcrypt-sha256-v1",
        strength: Strength::Strong,
        example: "$bcrypt-sha256$2b,<cost>$<salt, 22>$<hash, 31>",
        note: "bcrypt over the SHA-256 of the password in base64",
        scheme: &BcryptSha256 { keyed: false },
        ..ROW
    },
    Format {
        name: "passlib-bcrypt-sha256-v2",
        aliases: &["passlib-bcrypt-sha256"],
        strength: Strength::Strong,
        example: "$bcrypt-sha256$v=2,t=2b,r=<cost>$<salt, 22>$<hash, 31>",
        note: "bcrypt over the HMAC-SHA256 of the password under the salt, in base64; Authelia",
        scheme: &BcryptSha256 { keyed: true },
        ..ROW
    },
    Format {
        name: "passlib-scram",
        strength: Strength::Acceptable,
        example: "$scram$<iterations>$<salt, ab64>$sha-1=<ab64>,sha-256=<ab64>",
        note: "the strongest digest is compared",
        scheme: &Scram,
        ..ROW
    },
    Format {
        name: "fshp",
        strength: Strength::Acceptable,
        example: "{FSHP<digest, 0 to 3>|<bytes of salt>|<rounds>}<salt and hash, base64>",
        note: "iterated SHA-1, SHA-256, SHA-384 or SHA-512",
        scheme: &Fshp,
        ..ROW
    },
];

/// `$bcrypt-sha256$2b,12$salt$hash` and, with a keyed digest, `$bcrypt-sha256$v=2,t=2b,r=12$salt$hash`
pub(crate) struct BcryptSha256 {
    keyed: bool,
}

const PREFIX: &str = "$bcrypt-sha256$";

impl BcryptSha256 {
    /// The salt, and the bcrypt hash as bcrypt writes it.
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, String), Error> {
        const PART: Error = Error::Malformed("bcrypt-sha256 parameters");
        let rest = text.strip_prefix(PREFIX).ok_or(Error::Malformed("bcrypt-sha256 prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [params, salt, hash] = fields[..] else { return Err(Error::Malformed("bcrypt-sha256 fields")) };
        let (kind, cost) = match self.keyed {
            false => params.split_once(',').ok_or(PART)?,
            true => {
                let params = params.strip_prefix("v=2,t=").ok_or(PART)?;
                params.split_once(",r=").ok_or(PART)?
            }
        };
        if !["2a", "2b", "2y"].contains(&kind) {
            return Err(PART);
        }
        let cost = number(cost, "bcrypt cost")?;
        if salt.len() != 22 {
            return Err(Error::Malformed("bcrypt salt"));
        }
        Ok((salt, format!("${kind}${cost:02}${salt}{hash}")))
    }
}

impl Scheme for BcryptSha256 {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with("v=") == self.keyed)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(&self.parse(hash)?.1, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        let digest = match self.keyed {
            false => Hash::Sha256.of(&[attempt.password]),
            true => Hash::Sha256.hmac(salt.as_bytes(), &[attempt.password]),
        };
        let digest = Zeroizing::new(to_b64_padded(&digest));
        BCRYPT.verify(&mut attempt.over(digest.as_bytes(), &hash))
    }
}

/// `$scram$iterations$salt$digest=…,digest=…`, each of them a salted password (RFC 5802).
pub(crate) struct Scram;

struct ScramParsed {
    hash: Hash,
    iterations: u64,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Scram {
    fn parse(&self, text: &str, limits: &Limits) -> Result<ScramParsed, Error> {
        let rest = text.strip_prefix("$scram$").ok_or(Error::Malformed("scram prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [iterations, salt, digests] = fields[..] else { return Err(Error::Malformed("scram fields")) };
        let iterations = number(iterations, "scram iterations")?;
        let salt = ab64(salt, "scram salt")?;
        let mut best = None;
        for digest in digests.split(',') {
            let (name, key) = digest.split_once('=').ok_or(Error::Malformed("scram digest"))?;
            let key = ab64(key, "scram hash")?;
            let Some(hash) = digest_of(name) else { continue };
            if key.len() != hash.len() {
                return Err(Error::Malformed("scram hash length"));
            }
            if best.as_ref().is_none_or(|(known, _): &(Hash, _)| known.len() < hash.len()) {
                best = Some((hash, key));
            }
        }
        let (hash, key) = best.ok_or(Error::Unsupported("scram without a digest of the SHA family"))?;
        check(hash, iterations, key.len(), limits)?;
        Ok(ScramParsed { hash, iterations, salt, key })
    }
}

/// IANA's names.
fn digest_of(name: &str) -> Option<Hash> {
    match name {
        "md5" => Some(Hash::Md5),
        "sha-1" => Some(Hash::Sha1),
        "sha-224" => Some(Hash::Sha224),
        "sha-256" => Some(Hash::Sha256),
        "sha-384" => Some(Hash::Sha384),
        "sha-512" => Some(Hash::Sha512),
        _ => None,
    }
}

impl Scheme for Scram {
    fn recognise(&self, hash: &str) -> bool {
        // MongoDB's in John's notation has the login first.
        hash.starts_with("$scram$") && hash.matches('$').count() != 5
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let ScramParsed { hash, iterations, salt, key } = self.parse(attempt.hash, attempt.limits)?;
        let password = saslprep(attempt.password);
        Ok(attempt.judge.same(&pbkdf2(hash, &password, &salt, iterations, key.len(), attempt.tick)?, &key))
    }
}

/// `{FSHP1|8|4096}` and base64: PBKDF1 with salt and password in each other's places.
pub(crate) struct Fshp;

/// Rounds between two ticks: about 2 ms.
const PACE: u32 = 4096;

struct FshpParsed {
    hash: Hash,
    rounds: u64,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Fshp {
    fn parse(&self, text: &str, limits: &Limits) -> Result<FshpParsed, Error> {
        let rest = text.strip_prefix("{FSHP").ok_or(Error::Malformed("fshp prefix"))?;
        let (params, encoded) = rest.split_once('}').ok_or(Error::Malformed("fshp parameters"))?;
        let fields: Vec<&str> = params.split('|').collect();
        let [variant, salt_len, rounds] = fields[..] else { return Err(Error::Malformed("fshp parameters")) };
        let hash = match variant {
            "0" => Hash::Sha1,
            "1" => Hash::Sha256,
            "2" => Hash::Sha384,
            "3" => Hash::Sha512,
            _ => return Err(Error::Unsupported("this variant of fshp")),
        };
        let rounds = number(rounds, "fshp rounds")?;
        if rounds == 0 {
            return Err(Error::Malformed("fshp rounds"));
        }
        if rounds > limits.digest_rounds {
            return Err(Error::OverLimit("fshp rounds"));
        }
        let mut salt = b64(encoded, "fshp hash")?;
        let salt_len = usize::try_from(number(salt_len, "fshp salt length")?).unwrap_or(usize::MAX);
        if salt_len > salt.len() || salt.len() - salt_len != hash.len() {
            return Err(Error::Malformed("fshp hash length"));
        }
        let digest = salt.split_off(salt_len);
        Ok(FshpParsed { hash, rounds, salt, digest })
    }
}

impl Scheme for Fshp {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("{FSHP")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let FshpParsed { hash, rounds, salt, digest } = self.parse(attempt.hash, attempt.limits)?;
        let mut pacer = Pacer::new(attempt.tick, PACE);
        let mut computed = hash.of(&[&salt, attempt.password]);
        for _ in 1..rounds {
            pacer.step()?;
            computed = hash.of(&[&computed]);
        }
        Ok(attempt.judge.same(&computed, &digest))
    }
}

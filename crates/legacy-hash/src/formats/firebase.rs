//! Firebase Authentication's scrypt: its result is the AES key under which the project's signer key is stored as the
//! hash. Bare, and as GoTrue, Kratos and Clerk write it together with the project's parameters.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64url, exactly, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "firebase-scrypt",
        aliases: &["clerk-scrypt-firebase"],
        strength: Strength::Strong,
        example: "<hash, base64>; also <hash>$<salt>$<signer key>$<separator>$<rounds>$<memory cost>",
        needs_salt: true,
        must_name: true,
        note: "salt in base64; the pepper is the project's hash parameters: signer key, separator, rounds, memory cost",
        scheme: &Bare,
        ..ROW
    },
    Format {
        name: "firebase-scrypt-gotrue",
        strength: Strength::Strong,
        example: "$fbscrypt$v=1,n=<log2 N>,r=<r>,p=<p>,ss=<separator>,sk=<signer key>$<salt>$<hash>",
        note: "Supabase's GoTrue, imported from Firebase",
        scheme: &GoTrue,
        ..ROW
    },
    Format {
        name: "firebase-scrypt-kratos",
        strength: Strength::Strong,
        example: "$firescrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>$<separator>$<signer key>",
        note: "Ory Kratos, imported from Firebase",
        scheme: &Kratos,
        ..ROW
    },
];

/// What is the same for all users of a project.
struct Project {
    key: Vec<u8>,
    separator: Vec<u8>,
    cost: Cost,
}

/// What a string holds, each part of the project's only if it is there.
struct Stored {
    hash: Vec<u8>,
    salt: Option<Vec<u8>>,
    project: Option<Project>,
}

fn decoded(text: &str) -> Result<Vec<u8>, Error> {
    b64url(text, "firebase base64")
}

fn cost(log_n: &str, r: &str, p: &str) -> Result<Cost, Error> {
    const PART: &str = "firebase parameters";
    let log_n = u32::try_from(number(log_n, PART)?).unwrap_or(u32::MAX);
    Ok(Cost { log_n, r: number(r, PART)?, p: number(p, PART)? })
}

impl Stored {
    fn check(&self, limits: &Limits) -> Result<(), Error> {
        self.project.as_ref().map_or(Ok(()), |project| project.check(&self.hash, limits))
    }

    fn verify(&self, project: &Project, salt: &[u8], attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        project.check(&self.hash, attempt.limits)?;
        let salt = [salt, &project.separator].concat();
        let key = scrypt(attempt.password, &salt, project.cost, 32, attempt.limits, attempt.tick)?;
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(exactly(key.to_vec(), "firebase key")?);
        let mut text = project.key.clone();
        Ctr128BE::<Aes256>::new((&*key).into(), &[0; 16].into()).apply_keystream(&mut text);
        Ok(attempt.judge.same(&text, &self.hash))
    }
}

impl Project {
    fn check(&self, hash: &[u8], limits: &Limits) -> Result<(), Error> {
        // An empty hash would be that of every password.
        if self.key.is_empty() || hash.len() != self.key.len() {
            return Err(Error::Malformed("firebase hash length"));
        }
        self.cost.check(limits)
    }

    /// From Firebase's own words for them (`base64_signer_key: …`, JSON or not), or in the order signer key, separator,
    /// rounds, memory cost, with anything between. What is missing is what Firebase gives every project.
    fn from_pepper(pepper: &[u8]) -> Result<Self, Error> {
        let Ok(text) = str::from_utf8(pepper) else {
            return Self::new(pepper.to_vec(), "Bw==", "8", "14");
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
        let words: Vec<&str> = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
        let named = |names: [&str; 3]| {
            let at = words.iter().position(|word| names.contains(word))?;
            words.get(at + 1).copied()
        };
        let key = named(["base64_signer_key", "signerKey", "signer_key"]);
        let part = |at: usize, names, default| match key {
            Some(_) => named(names).unwrap_or(default),
            None => words.get(at).copied().unwrap_or(default),
        };
        let separator = part(1, ["base64_salt_separator", "saltSeparator", "salt_separator"], "Bw==");
        let rounds = part(2, ["rounds", "r", "Rounds"], "8");
        let memory = part(3, ["mem_cost", "memCost", "memory_cost"], "14");
        let key = key.or_else(|| words.first().copied()).ok_or(Error::MissingPepper)?;
        Self::new(decoded(key)?, separator, rounds, memory)
    }

    fn new(key: Vec<u8>, separator: &str, rounds: &str, memory: &str) -> Result<Self, Error> {
        Ok(Self { key, separator: decoded(separator)?, cost: cost(memory, rounds, "1")? })
    }
}

/// The hash alone, or Clerk's six fields; without the salt among them, five.
pub(crate) struct Bare;

impl Bare {
    fn parse(text: &str) -> Result<Stored, Error> {
        let fields: Vec<&str> = text.split('$').collect();
        let (hash, salt, project) = match fields[..] {
            [hash] => (hash, None, None),
            [hash, salt] => (hash, Some(salt), None),
            [hash, key, separator, rounds, memory] => (hash, None, Some([key, separator, rounds, memory])),
            [hash, salt, key, separator, rounds, memory] => {
                (hash, Some(salt), Some([key, separator, rounds, memory]))
            }
            _ => return Err(Error::Malformed("firebase fields")),
        };
        let project = project
            .map(|[key, separator, rounds, memory]| Project::new(decoded(key)?, separator, rounds, memory));
        let hash = decoded(hash)?;
        if hash.is_empty() {
            return Err(Error::Malformed("firebase hash length"));
        }
        Ok(Stored { hash, salt: salt.map(decoded).transpose()?, project: project.transpose()? })
    }
}

impl Scheme for Bare {
    fn recognise(&self, hash: &str) -> bool {
        // The signer key has 64 bytes.
        Self::parse(hash).is_ok_and(|stored| stored.project.is_some() || stored.hash.len() == 64)
    }

    fn carries_salt(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok_and(|stored| stored.salt.is_some())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let mut stored = Self::parse(attempt.hash)?;
        let project = match stored.project.take() {
            Some(project) => project,
            None if attempt.pepper.is_empty() => return Err(Error::MissingPepper),
            None => Project::from_pepper(attempt.pepper)?,
        };
        // The column has base64, unless its bytes have been decoded already.
        let column = attempt.salt();
        let salt = stored.salt.take().unwrap_or_else(|| {
            str::from_utf8(column).ok().and_then(|text| decoded(text).ok()).unwrap_or_else(|| column.to_vec())
        });
        stored.verify(&project, &salt, attempt)
    }
}

/// `$fbscrypt$…`
pub(crate) struct GoTrue;

impl GoTrue {
    fn parse(text: &str) -> Result<Stored, Error> {
        let rest = text.strip_prefix("$fbscrypt$").ok_or(Error::Malformed("firebase prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [params, salt, hash] = fields[..] else { return Err(Error::Malformed("firebase fields")) };
        let [mut n, mut r, mut p, mut ss, mut sk] = [None; 5];
        for param in params.split(',') {
            match param.split_once('=') {
                Some(("v", "1")) => {}
                Some(("n", value)) => n = Some(value),
                Some(("r", value)) => r = Some(value),
                Some(("p", value)) => p = Some(value),
                Some(("ss", value)) => ss = Some(value),
                Some(("sk", value)) => sk = Some(value),
                _ => return Err(Error::Malformed("firebase parameters")),
            }
        }
        let (Some(n), Some(r), Some(p), Some(key)) = (n, r, p, sk) else {
            return Err(Error::Malformed("firebase parameters"));
        };
        let separator = decoded(ss.unwrap_or_default())?;
        let project = Project { key: decoded(key)?, separator, cost: cost(n, r, p)? };
        Ok(Stored { hash: decoded(hash)?, salt: Some(decoded(salt)?), project: Some(project) })
    }
}

/// `$firescrypt$…`
pub(crate) struct Kratos;

impl Kratos {
    fn parse(text: &str) -> Result<Stored, Error> {
        let rest = text.strip_prefix("$firescrypt$").ok_or(Error::Malformed("firebase prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [params, salt, hash, separator, key] = fields[..] else {
            return Err(Error::Malformed("firebase fields"));
        };
        let params: Vec<&str> = params.split(',').collect();
        let [ln, r, p] = params[..] else { return Err(Error::Malformed("firebase parameters")) };
        let value = |param: &str, name| -> Result<String, Error> {
            param.strip_prefix(name).map(str::to_owned).ok_or(Error::Malformed("firebase parameters"))
        };
        let cost = cost(&value(ln, "ln=")?, &value(r, "r=")?, &value(p, "p=")?)?;
        let project = Project { key: decoded(key)?, separator: decoded(separator)?, cost };
        Ok(Stored { hash: decoded(hash)?, salt: Some(decoded(salt)?), project: Some(project) })
    }
}

/// The verbs of the layouts that hold everything.
macro_rules! whole {
    ($($scheme:ident, $prefix:literal;)*) => {$(
        impl Scheme for $scheme {
            fn recognise(&self, hash: &str) -> bool {
                hash.starts_with($prefix)
            }

            fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
                Self::parse(hash)?.check(limits)
            }

            fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
                let mut stored = Self::parse(attempt.hash)?;
                let (Some(project), Some(salt)) = (stored.project.take(), stored.salt.take()) else {
                    return Err(Error::Malformed("firebase fields"));
                };
                stored.verify(&project, &salt, attempt)
            }
        }
    )*};
}

whole! {
    GoTrue, "$fbscrypt$";
    Kratos, "$firescrypt$";
}

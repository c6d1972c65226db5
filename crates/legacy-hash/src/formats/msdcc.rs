//! What Windows caches of a domain's logins: MS-Cache, version 1 and 2.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "msdcc",
        aliases: &["mscash"],
        example: "<hash, 32 hex digits>",
        needs_login: true,
        must_name: true,
        note: "Windows NT to 2003; also <hash>:<login> and M$<login>#<hash>",
        scheme: &MsDcc,
        ..ROW
    },
    Format {
        name: "msdcc2",
        aliases: &["mscash2"],
        strength: Strength::Acceptable,
        example: "$DCC2$<iterations>#<login>#<hash, 32 hex digits>",
        needs_login: true,
        note: "Windows Vista and later; named, the bare hash is taken too, with 10240 iterations",
        scheme: &MsDcc2,
        ..ROW
    },
];

/// MD4 of the NT hash and the login in lower case.
pub(crate) struct MsDcc;

/// The login, if the string names it, and the hash.
fn parse(text: &str) -> Result<(Option<&str>, [u8; 16]), Error> {
    let marked = text.strip_prefix("M$").and_then(|rest| rest.rsplit_once('#'));
    let (login, hash) = match (marked, text.split_once(':')) {
        (Some((login, hash)), _) | (None, Some((hash, login))) => (Some(login), hash),
        (None, None) => (None, text),
    };
    Ok((login, exactly(hex(hash, "msdcc hash")?, "msdcc hash length")?))
}

fn name(login: &str) -> Zeroizing<Vec<u8>> {
    text::utf16le(&login.to_lowercase())
}

fn msdcc(password: &[u8], name: &[u8]) -> Zeroizing<Vec<u8>> {
    let nt = Hash::Md4.of(&[&text::utf16le(&text::decode(password))]);
    Hash::Md4.of(&[&nt, name])
}

impl Scheme for MsDcc {
    fn recognise(&self, hash: &str) -> bool {
        parse(hash).is_ok()
    }

    fn carries_login(&self, hash: &str) -> bool {
        parse(hash).is_ok_and(|(login, _)| login.is_some())
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (login, stored) = parse(attempt.hash)?;
        Ok(attempt.judge.same(&msdcc(attempt.password, &name(login.unwrap_or(attempt.login))), &stored))
    }
}

/// PBKDF2 of the first version's hash, again with the login in lower case.
pub(crate) struct MsDcc2;

struct Parsed<'a> {
    iterations: u64,
    login: Option<&'a str>,
    hash: [u8; 16],
}

impl<'a> Parsed<'a> {
    const PREFIX: &'static str = "$DCC2$";
    const ITERATIONS: u64 = 10240;

    fn new(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        let parsed = match text.strip_prefix(Self::PREFIX) {
            Some(rest) => Self::marked(rest)?,
            None => {
                let (login, hash) = parse(text)?;
                Self { iterations: Self::ITERATIONS, login, hash }
            }
        };
        check(Hash::Sha1, parsed.iterations, parsed.hash.len(), limits)?;
        Ok(parsed)
    }

    /// `10240#login#hash`, or `login#hash`.
    fn marked(rest: &'a str) -> Result<Self, Error> {
        let (head, hash) = rest.rsplit_once('#').ok_or(Error::Malformed("msdcc fields"))?;
        let (iterations, login) = match head.split_once('#') {
            Some((iterations, login)) => (number(iterations, "msdcc iterations")?, login),
            None => (Self::ITERATIONS, head),
        };
        let hash = exactly(hex(hash, "msdcc hash")?, "msdcc hash length")?;
        Ok(Self { iterations, login: Some(login), hash })
    }
}

impl Scheme for MsDcc2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(Parsed::PREFIX)
    }

    fn carries_login(&self, hash: &str) -> bool {
        hash.contains(['#', ':'])
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, attempt.limits)?;
        let name = name(stored.login.unwrap_or(attempt.login));
        let first = msdcc(attempt.password, &name);
        let key = pbkdf2(Hash::Sha1, &first, &name, stored.iterations, stored.hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&key, &stored.hash))
    }
}

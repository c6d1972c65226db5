//! PostgreSQL's md5 passwords.

use crate::Error;
use crate::encoding::{exactly, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "postgres-md5",
    example: "md5<hash, 32 hex digits>",
    needs_login: true,
    note: "the login is the role's name when the password was set; named, md5 may be missing",
    scheme: &PostgresMd5,
    ..ROW
}];

/// MD5 of password and role.
pub(crate) struct PostgresMd5;

/// The role, where crackers' notation names it after the hash, and the hash.
fn parse(text: &str) -> Result<(Option<&str>, [u8; 16]), Error> {
    let (hash, role) = match text.split_once(':') {
        Some((hash, role)) => (hash, Some(role)),
        None => (text, None),
    };
    // Hex has no m, so the prefix can't be mistaken for digits.
    let digits = hash.strip_prefix("md5").unwrap_or(hash);
    Ok((role, exactly(hex(digits, "postgres hash")?, "postgres hash length")?))
}

impl Scheme for PostgresMd5 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("md5") && parse(hash).is_ok()
    }

    fn carries_login(&self, hash: &str) -> bool {
        hash.contains(':')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (role, stored) = parse(attempt.hash)?;
        let role = role.unwrap_or(attempt.login);
        Ok(attempt.judge.same(&Hash::Md5.of(&[attempt.password, role.as_bytes()]), &stored))
    }
}

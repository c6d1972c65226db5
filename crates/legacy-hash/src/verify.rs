//! Judging a password: what is asked, in which order, and what the answers are.

use std::fmt;
use std::ops::ControlFlow;

use subtle::ConstantTimeEq as _;

use crate::Error;
use crate::format::{Format, format};
use crate::identify::{Identified, identify, is_locked};
use crate::limits::{Limits, MAX_HASH_BYTES, MAX_PASSWORD_BYTES};

/// What the legacy system stored about one user's password.
///
/// `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The hash, as the column has it.
    pub hash: &'a str,
    /// The salt, where it is in a column of its own; its bytes are the text's UTF-8.
    pub salt: Option<&'a str>,
    /// The login, for formats that hash it.
    pub login: Option<&'a str>,
    /// The application's secret, for formats that take one.
    pub pepper: Option<&'a [u8]>,
}

impl fmt::Debug for Stored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").finish_non_exhaustive()
    }
}

/// The answer about one password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is the password of this hash.
    Right,
    /// It isn't.
    Wrong,
    /// The hash is a lock marker: no password is right.
    Locked,
}

/// Whether `password` is the one that `stored` was made from.
///
/// `name` names the format; `None` means to identify it, which takes a shape that only one format has. `tick`
/// is called every few milliseconds in long loops, and before and after argon2 and scrypt, which can't be
/// interrupted within; its `Break` ends the work. All bounds are compared before the first allocation that
/// the hash asks for.
///
/// A password longer than [`MAX_PASSWORD_BYTES`] is wrong, and so is one with a NUL byte where the legacy
/// systems' own functions take C strings.
///
/// # Errors
///
/// Any of [`Error`] but [`Error::Locked`] and [`Error::BadPolicy`]. A wrong password is [`Verdict::Wrong`],
/// never an error.
pub fn verify(
    password: &[u8],
    stored: &Stored<'_>,
    name: Option<&str>,
    limits: &Limits,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Verdict, Error> {
    let format = match check(stored.hash, name, limits) {
        Err(Error::Locked) => return Ok(Verdict::Locked),
        checked => checked?,
    };
    require(format, stored)?;
    if password.len() > MAX_PASSWORD_BYTES || format.ends_at_nul && password.contains(&0) {
        return Ok(Verdict::Wrong);
    }
    let mut attempt = Attempt {
        password,
        hash: stored.hash,
        salt: stored.salt.unwrap_or_default(),
        limits: &limits.capped(),
        tick,
    };
    match format.scheme.verify(&mut attempt)? {
        true => Ok(Verdict::Right),
        false => Ok(Verdict::Wrong),
    }
}

/// The format of `hash`, once all of the string has been parsed and its cost compared with `limits`:
/// everything that [`verify`] does short of hashing.
///
/// # Errors
///
/// [`Error::Locked`], [`Error::UnknownName`], [`Error::UnknownFormat`], [`Error::Ambiguous`],
/// [`Error::Malformed`], [`Error::OverLimit`], [`Error::Unsupported`].
pub fn check(hash: &str, name: Option<&str>, limits: &Limits) -> Result<&'static Format, Error> {
    if hash.len() > MAX_HASH_BYTES {
        return Err(Error::OverLimit("the length of a stored hash"));
    }
    let format = resolve(hash, name)?;
    format.scheme.check(hash, &limits.capped())?;
    Ok(format)
}

fn resolve(hash: &str, name: Option<&str>) -> Result<&'static Format, Error> {
    let Some(name) = name else {
        return match identify(hash) {
            Identified::Locked => Err(Error::Locked),
            Identified::Candidates(found) => match found.as_slice() {
                [] => Err(Error::UnknownFormat),
                [one] => Ok(one),
                _ => Err(Error::Ambiguous),
            },
        };
    };
    let format = format(name).ok_or(Error::UnknownName)?;
    if is_locked(hash) {
        return Err(Error::Locked);
    }
    Ok(format)
}

fn require(format: &Format, stored: &Stored<'_>) -> Result<(), Error> {
    if format.needs_salt && stored.salt.is_none() {
        return Err(Error::MissingSalt);
    }
    if format.needs_login && stored.login.is_none() {
        return Err(Error::MissingLogin);
    }
    if format.needs_pepper && stored.pepper.is_none() {
        return Err(Error::MissingPepper);
    }
    if stored.salt.is_some_and(|salt| salt.len() > MAX_HASH_BYTES) {
        return Err(Error::OverLimit("the length of a salt"));
    }
    Ok(())
}

/// One password against one stored hash, as the formats see it. The limits are capped already.
pub(crate) struct Attempt<'a> {
    pub(crate) password: &'a [u8],
    pub(crate) hash: &'a str,
    pub(crate) salt: &'a str,
    pub(crate) limits: &'a Limits,
    pub(crate) tick: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Attempt<'_> {
    /// The same attempt with another password and hash: for formats that wrap another one.
    pub(crate) fn over<'b>(&'b mut self, password: &'b [u8], hash: &'b str) -> Attempt<'b> {
        Attempt { password, hash, salt: self.salt, limits: self.limits, tick: self.tick }
    }
}

/// Equality in constant time of byte strings whose lengths are no secret.
pub(crate) fn same(computed: &[u8], stored: &[u8]) -> bool {
    computed.ct_eq(stored).into()
}

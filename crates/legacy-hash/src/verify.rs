//! Judging a password: what is asked, in which order, and what the answers are.

use std::fmt;
use std::ops::ControlFlow;

use subtle::ConstantTimeEq as _;

use crate::Error;
use crate::formats::wrapped::Wrapped;
use crate::identify::{evident, is_locked};
use crate::limits::{Limits, MAX_HASH_BYTES, MAX_PASSWORD_BYTES};
use crate::method::Method;
use crate::wrap::{Comparison, Notes};

/// What the legacy system stored about one user's password.
///
/// `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The hash, as the column has it.
    pub hash: &'a str,
    /// The salt, where it is in a column of its own: the bytes that were hashed, or, for formats that say so,
    /// the text from which they are decoded.
    pub salt: Option<&'a [u8]>,
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
/// `method` is the format or the recipe; `None` means to identify the format, which takes a shape that only
/// one format has. `tick`
/// is called every few milliseconds in long loops, and before and after argon2 and scrypt, which can't be
/// interrupted within; its `Break` ends the work. All bounds are compared before the first allocation that
/// the hash asks for.
///
/// A password longer than [`MAX_PASSWORD_BYTES`] is wrong, and so is one with a NUL byte where the legacy
/// systems' own functions take C strings; the answer takes as long as that about another password.
///
/// # Errors
///
/// Any of [`Error`] but [`Error::Locked`] and [`Error::BadPolicy`]. A wrong password is [`Verdict::Wrong`],
/// never an error.
pub fn verify(
    password: &[u8],
    stored: &Stored<'_>,
    method: Option<&Method>,
    limits: &Limits,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Verdict, Error> {
    let method = match inspect(stored, method, limits) {
        Err(Error::Locked) => return Ok(Verdict::Locked),
        inspected => inspected?,
    };
    let is_possible =
        password.len() <= MAX_PASSWORD_BYTES && !(method.ends_at_nul() && password.contains(&0));
    let mut attempt = Attempt {
        password: if is_possible { password } else { b"a password of the usual length" },
        hash: stored.hash,
        salt: stored.salt,
        login: stored.login.unwrap_or_default(),
        pepper: stored.pepper.unwrap_or_default(),
        limits: &limits.capped(),
        judge: &Judge::Equality,
        tick,
    };
    let is_right = method.scheme().verify(&mut attempt)? && is_possible;
    Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
}

/// The method by which `hash` is verified, once all of the string has been parsed and its cost compared with
/// `limits`: everything that [`verify`] does short of hashing.
///
/// # Errors
///
/// [`Error::Locked`], [`Error::UnknownFormat`], [`Error::Ambiguous`], [`Error::Malformed`],
/// [`Error::OverLimit`], [`Error::Unsupported`].
pub fn check(hash: &str, method: Option<&Method>, limits: &Limits) -> Result<Method, Error> {
    if hash.len() > MAX_HASH_BYTES {
        return Err(Error::OverLimit("the length of a stored hash"));
    }
    if is_locked(hash) {
        return Err(Error::Locked);
    }
    let method = match method {
        Some(method) => method.clone(),
        None => Method::Format(evident(hash)?),
    };
    method.scheme().check(hash, &limits.capped())?;
    Ok(method)
}

/// As [`check`], and whether all that the method needs besides the hash is there: everything that stands between what
/// was stored and a password that opens it.
///
/// # Errors
///
/// As `check`, and [`Error::MissingSalt`], [`Error::MissingLogin`], [`Error::MissingPepper`].
pub fn inspect(stored: &Stored<'_>, method: Option<&Method>, limits: &Limits) -> Result<Method, Error> {
    let method = check(stored.hash, method, limits)?;
    require(&method, stored)?;
    Ok(method)
}

/// Refuses where something lacks that the hash needs besides itself.
pub(crate) fn require(method: &Method, stored: &Stored<'_>) -> Result<(), Error> {
    if let Some(wrapped) = Wrapped::open(stored.hash) {
        let Wrapped { method, blank, .. } = wrapped?;
        return require(&method, &Stored { hash: &blank, ..*stored });
    }
    let needs = method.needs();
    if needs.salt && stored.salt.is_none() && !method.scheme().carries_salt(stored.hash) {
        return Err(Error::MissingSalt);
    }
    if needs.login && stored.login.is_none() && !method.scheme().carries_login(stored.hash) {
        return Err(Error::MissingLogin);
    }
    if needs.pepper && stored.pepper.is_none() {
        return Err(Error::MissingPepper);
    }
    if stored.salt.is_some_and(|salt| salt.len() > MAX_HASH_BYTES) {
        return Err(Error::OverLimit("the length of a salt"));
    }
    if stored.login.is_some_and(|login| login.len() > MAX_HASH_BYTES) {
        return Err(Error::OverLimit("the length of a login"));
    }
    Ok(())
}

/// One password against one stored hash, as the formats see it. The limits are capped already.
pub(crate) struct Attempt<'a> {
    pub(crate) password: &'a [u8],
    pub(crate) hash: &'a str,
    pub(crate) salt: Option<&'a [u8]>,
    pub(crate) login: &'a str,
    pub(crate) pepper: &'a [u8],
    pub(crate) limits: &'a Limits,
    /// What is made of the comparison at the end.
    pub(crate) judge: &'a Judge,
    pub(crate) tick: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl<'a> Attempt<'a> {
    /// The same attempt with another password and hash: for formats that wrap another one.
    pub(crate) fn over<'b>(&'b mut self, password: &'b [u8], hash: &'b str) -> Attempt<'b> {
        Attempt { password, hash, tick: &mut *self.tick, ..*self }
    }

    /// The salt of formats that need one.
    pub(crate) fn salt(&self) -> &'a [u8] {
        self.salt.unwrap_or_default()
    }
}

/// How what was computed from a password is compared with what is stored.
///
/// Every format asks the judge, and returns its answer: a format that asks several times is right if any answer is yes.
pub(crate) enum Judge {
    /// Equality in constant time of byte strings whose lengths are no secret.
    Equality,
    /// Notes what is compared, for [`crate::wrap`].
    Notes(Notes),
}

impl Judge {
    pub(crate) fn same(&self, computed: &[u8], stored: &[u8]) -> bool {
        match self {
            Self::Equality => computed.ct_eq(stored).into(),
            Self::Notes(notes) => notes.take(computed, stored),
        }
    }

    /// The notes, if it took any.
    pub(crate) fn into_notes(self) -> Vec<Comparison> {
        match self {
            Self::Equality => Vec::new(),
            Self::Notes(notes) => notes.into_list(),
        }
    }
}

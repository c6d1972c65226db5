//! Everything that can go wrong, as one closed list.
//!
//! An error holds static text and nothing else: no part of a password, hash, salt or pepper can travel in it.

use std::fmt;

/// Why a hash could not be judged, or made.
///
/// A wrong password is no error: see [`Verdict`](crate::Verdict).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The string isn't what its format prescribes; the text names the part, such as `bcrypt salt`.
    Malformed(&'static str),
    /// No format of the list has this shape.
    UnknownFormat,
    /// No format of the list has this name.
    UnknownName,
    /// Several formats have this shape, so the format must be named.
    Ambiguous,
    /// The hash is a lock marker (`!`, `*LK*`, empty …), which no password opens.
    Locked,
    /// The format takes a salt that is not in the hash, and none was given.
    MissingSalt,
    /// The format hashes the login, and none was given.
    MissingLogin,
    /// The format takes a pepper, and none was given.
    MissingPepper,
    /// Verifying would cost more than the limits allow; the text names the limit, such as `bcrypt cost`.
    OverLimit(&'static str),
    /// The format is known, but not this use of it.
    Unsupported(&'static str),
    /// A hash of the format that is named first cannot be wrapped; the second text says why.
    NotWrapped(&'static str, &'static str),
    /// The memory that the hash asks for, though within the limits, is not there.
    OutOfMemory,
    /// The operating system gave no random bytes.
    NoRandomness,
    /// The caller's tick asked to stop.
    Interrupted,
    /// The text of a recipe is wrong at this character (counted from 1); the text says how.
    BadRecipe(usize, &'static str),
    /// What is said of the preparation of passwords is wrong; the text says how.
    BadPreparation(&'static str),
    /// The text of a policy is wrong; the text says how.
    BadPolicy(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(part) => write!(f, "malformed password hash: {part}"),
            Self::UnknownFormat => f.write_str("unknown password hash format"),
            Self::UnknownName => f.write_str("no password hash format has this name"),
            Self::Ambiguous => f.write_str("several password hash formats have this shape"),
            Self::Locked => f.write_str("password hash is a lock marker"),
            Self::MissingSalt => f.write_str("password hash format needs a salt"),
            Self::MissingLogin => f.write_str("password hash format needs a login"),
            Self::MissingPepper => f.write_str("password hash format needs a pepper"),
            Self::OverLimit(limit) => write!(f, "password hash exceeds the limit on {limit}"),
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
            Self::NotWrapped(format, why) => write!(f, "{format} hash cannot be wrapped: {why}"),
            Self::OutOfMemory => f.write_str("not enough memory for this password hash"),
            Self::NoRandomness => f.write_str("could not get random bytes for a salt"),
            Self::Interrupted => f.write_str("password hashing was interrupted"),
            Self::BadRecipe(at, why) => write!(f, "invalid recipe at character {at}: {why}"),
            Self::BadPreparation(why) => write!(f, "invalid password preparation: {why}"),
            Self::BadPolicy(why) => write!(f, "invalid hash policy: {why}"),
        }
    }
}

impl std::error::Error for Error {}

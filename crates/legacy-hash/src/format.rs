//! What a format is: its description, and the verbs that its code must have. The formats themselves are in
//! `formats/`, one file a family, and their list is [`FAMILIES`].

use std::fmt;

use crate::Error;
use crate::formats::FAMILIES;
use crate::formats::bcrypt::BCRYPT;
use crate::limits::Limits;
use crate::policy::Produce;
use crate::verify::Attempt;

/// How a format stands today against someone who has the table and a few graphics cards. The parameters of a
/// particular hash may make it worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Guessed at billions a second, or with an iteration count that was chosen for the hardware of long ago.
    Weak,
    /// Iterated as often as its parameters say, but cheap on graphics cards.
    Acceptable,
    /// Costly on any hardware.
    Strong,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weak => "weak",
            Self::Acceptable => "acceptable",
            Self::Strong => "strong",
        })
    }
}

/// One encoding of password hashes.
#[derive(Clone, Copy)]
pub struct Format {
    /// Its name, the key of the list.
    pub name: &'static str,
    /// Other names that [`format()`] takes for it.
    pub aliases: &'static [&'static str],
    /// How it stands today.
    pub strength: Strength,
    /// How a stored string is laid out: an annotated example, not a real hash.
    pub example: &'static str,
    /// The salt is not in the string.
    pub needs_salt: bool,
    /// The login is hashed too.
    pub needs_login: bool,
    /// A secret of the application is hashed too.
    pub needs_pepper: bool,
    /// The string alone doesn't say that it is of this format, so the format is never taken unless it is
    /// named.
    pub must_name: bool,
    /// A [`Policy`](crate::Policy) can make new ones.
    pub can_produce: bool,
    /// What to know about it, in a line.
    pub note: &'static str,
    /// The genuine functions take C strings: a password with a NUL byte was never hashed whole.
    pub(crate) ends_at_nul: bool,
    pub(crate) scheme: &'static dyn Scheme,
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Format").field(&self.name).finish()
    }
}

/// What the code of a format does. The same four verbs for each.
pub(crate) trait Scheme: Sync {
    /// Whether a string has this format's shape. Says yes to a damaged one too, so that it is reported as
    /// damaged.
    fn recognise(&self, hash: &str) -> bool;

    /// Whether the string holds the salt after all, although the format needs one: `hash:salt` in one column.
    fn carries_salt(&self, _hash: &str) -> bool {
        false
    }

    /// Whether the login need not be given, although the format hashes it: the string names it, or the format
    /// has hashes without one.
    fn carries_login(&self, _hash: &str) -> bool {
        false
    }

    /// Parses all of the string and compares its cost with the limits. Hashes nothing.
    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error>;

    /// Whether the password is right. Must do what `check` does before it does anything else.
    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error>;

    /// The cost parameters in the string, where no policy asks for this format: `log2=13`.
    fn parameters(&self, _hash: &str) -> Option<String> {
        None
    }

    /// How new ones are made, where a policy may ask for this format.
    fn producer(&self) -> Option<&dyn Produce> {
        None
    }
}

/// What most rows have in common. Each overrides what differs: its name, its example and its scheme always.
pub(crate) const ROW: Format = Format {
    name: "",
    aliases: &[],
    strength: Strength::Weak,
    example: "",
    needs_salt: false,
    needs_login: false,
    needs_pepper: false,
    must_name: false,
    can_produce: false,
    note: "",
    ends_at_nul: false,
    scheme: &BCRYPT,
};

/// All formats, by family.
pub fn formats() -> impl Iterator<Item = &'static Format> {
    FAMILIES.iter().copied().flatten()
}

/// The format of this name or alias. Spaces within the name and ASCII case are ignored.
pub fn format(name: &str) -> Option<&'static Format> {
    formats().find(|f| is_name(name, f.name) || f.aliases.iter().any(|alias| is_name(name, alias)))
}

/// Whether a name was given, spaces and case aside.
pub(crate) fn is_name(given: &str, name: &str) -> bool {
    let given = given.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase());
    given.eq(name.chars())
}

//! What comes after `|`: formats whose strings describe themselves, and whose password is the value of the expression.

use crate::Error;
use crate::format::{Format, formats};
use crate::formats::wrapped;

/// Which formats the stored hash may be of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verifier {
    Bcrypt,
    Crypt,
    Phc,
    Phpass,
    Any,
}

impl Verifier {
    pub(crate) const NAMES: [(Self, &'static str); 5] = [
        (Self::Bcrypt, "bcrypt"),
        (Self::Crypt, "crypt"),
        (Self::Phc, "phc"),
        (Self::Phpass, "phpass"),
        (Self::Any, "any"),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|&(verifier, _)| verifier)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(verifier, _)| *verifier == self).map_or("", |&(_, name)| name)
    }

    /// The formats by name; `None` means all that are known by their strings alone.
    fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Bcrypt => Some(&["bcrypt", "bcrypt-2x"]),
            Self::Crypt => Some(&[
                "bcrypt",
                "bcrypt-2x",
                "md5crypt",
                "apr1",
                "sha256crypt",
                "sha512crypt",
                "yescrypt",
                "gost-yescrypt",
                "scrypt-crypt7",
                "sha1crypt",
                "sunmd5",
                "bsdicrypt",
                "descrypt",
                "bsd-nthash",
            ]),
            Self::Phc => Some(&[
                "argon2id-phc",
                "argon2i-phc",
                "argon2d-phc",
                "scrypt-phc",
                "passlib-pbkdf2-sha1",
                "passlib-pbkdf2-sha224",
                "passlib-pbkdf2-sha256",
                "passlib-pbkdf2-sha384",
                "passlib-pbkdf2-sha512",
            ]),
            Self::Phpass => Some(&["phpass", "drupal7"]),
            Self::Any => None,
        }
    }

    /// The format of a string. One that must be named is taken if the verifier names it.
    pub(crate) fn format(self, hash: &str) -> Result<&'static Format, Error> {
        let needs_nothing =
            |f: &&Format| f.name != wrapped::NAME && !f.needs_salt && !f.needs_login && !f.needs_pepper;
        let mut found = formats().filter(needs_nothing).filter(|f| match self.names() {
            Some(names) => names.contains(&f.name),
            None => !f.must_name,
        });
        let found = found.find(|format| format.scheme.recognise(hash));
        found.ok_or(Error::Malformed("the hash that a recipe verifies"))
    }
}

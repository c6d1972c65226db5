//! Nextcloud and ownCloud: a version, a bar, and what PHP's `password_hash` made.

use crate::Error;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::argon2::Argon2;
use crate::formats::bcrypt::BCRYPT;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "nextcloud",
    strength: Strength::Strong,
    example: "1|<bcrypt hash>; also 2|<argon2 hash>, 3|<argon2 hash>",
    note: "Nextcloud, ownCloud; of a password under bcrypt only the first 72 bytes count",
    scheme: &Nextcloud,
    ..ROW
}];

struct Nextcloud;

impl Nextcloud {
    fn inner<'a>(&self, hash: &'a str) -> Result<Inner<'a>, Error> {
        let (version, inner) = hash.split_once('|').ok_or(Error::Malformed("nextcloud version"))?;
        if !matches!(version, "1" | "2" | "3") {
            return Err(Error::Malformed("nextcloud version"));
        }
        Ok(match Argon2::of(inner) {
            Some(scheme) => Inner::Argon2(scheme, inner),
            None => Inner::Bcrypt(inner),
        })
    }
}

enum Inner<'a> {
    Argon2(Argon2, &'a str),
    Bcrypt(&'a str),
}

impl Scheme for Nextcloud {
    fn recognise(&self, hash: &str) -> bool {
        ["1|$", "2|$", "3|$"].iter().any(|prefix| hash.starts_with(prefix))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        match self.inner(hash)? {
            Inner::Argon2(scheme, hash) => scheme.check(hash, limits),
            Inner::Bcrypt(hash) => BCRYPT.check(hash, limits),
        }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let password = attempt.password;
        match self.inner(attempt.hash)? {
            Inner::Argon2(scheme, hash) => scheme.verify(&mut attempt.over(password, hash)),
            // PHP's crypt takes C strings, its argon2 doesn't.
            Inner::Bcrypt(_) if password.contains(&0) => Ok(false),
            Inner::Bcrypt(hash) => BCRYPT.verify(&mut attempt.over(password, hash)),
        }
    }
}

//! Which formats a stored string may be: by its shape alone, without parsing it to the end.

use std::sync::LazyLock;

use crate::Error;
use crate::format::{Format, format, formats};
use crate::limits::MAX_HASH_BYTES;

/// How the hashes that are met most begin. What begins so and has the shape of the format has that of no other that need
/// not be named: a bulk import asks for each of its users, and to ask all formats takes microseconds.
const COMMON: [(&str, &str); 11] = [
    ("$argon2id$", "argon2id-phc"),
    ("$argon2i$", "argon2i-phc"),
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("$P$", "phpass"),
    ("$6$", "sha512crypt"),
    ("$5$", "sha256crypt"),
    ("$1$", "md5crypt"),
    ("$apr1$", "apr1"),
    ("pbkdf2_sha256$", "django-pbkdf2-sha256"),
];

/// What a stored string may be.
#[derive(Clone, Debug)]
pub enum Identified {
    /// A marker that no password opens, such as `!`, `*LK*` or the empty string.
    Locked,
    /// The formats that have this shape: none, one, or several. Those that must be named
    /// ([`Format::must_name`]) come after the others.
    Candidates(Vec<&'static Format>),
}

/// The formats whose shape `hash` has. Never fails; a candidate may still turn out to be malformed.
pub fn identify(hash: &str) -> Identified {
    if is_locked(hash) {
        return Identified::Locked;
    }
    // What is too long to be verified is too long to be looked at.
    if hash.len() > MAX_HASH_BYTES {
        return Identified::Candidates(Vec::new());
    }
    let mut found: Vec<_> = formats().filter(|format| format.scheme.recognise(hash)).collect();
    found.sort_by_key(|format| format.must_name);
    Identified::Candidates(found)
}

/// The one format that `hash` can be taken for without being told.
///
/// Every login asks: formats that must be named, most of which have to decode the string to know it, are looked at only
/// where no other has its shape.
///
/// # Errors
///
/// [`Error::Locked`], [`Error::UnknownFormat`], [`Error::Ambiguous`].
pub fn evident(hash: &str) -> Result<&'static Format, Error> {
    if is_locked(hash) {
        return Err(Error::Locked);
    }
    if hash.len() > MAX_HASH_BYTES {
        return Err(Error::UnknownFormat);
    }
    if let Some(format) = common(hash) {
        return Ok(format);
    }
    let having_shape = |named: bool| {
        formats().filter(move |format| format.must_name == named && format.scheme.recognise(hash))
    };
    let mut found = having_shape(false);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) if having_shape(true).next().is_none() => Err(Error::UnknownFormat),
        _ => Err(Error::Ambiguous),
    }
}

/// The format of [`COMMON`] that `hash` begins like and has the shape of.
fn common(hash: &str) -> Option<&'static Format> {
    static FOUND: LazyLock<Vec<(&str, &Format)>> = LazyLock::new(|| {
        COMMON.iter().filter_map(|(beginning, name)| Some((*beginning, format(name)?))).collect()
    });
    let found = FOUND.iter().find(|(beginning, _)| hash.starts_with(beginning));
    found.map(|(_, format)| *format).filter(|format| format.scheme.recognise(hash))
}

/// Whether `hash` says that nobody may log in: what `passwd -l`, Solaris, Django's unusable passwords,
/// shadowed `/etc/passwd` lines, NULLs that became text, and empty columns look like.
///
/// An empty hash is locked too, although crypt(3) once took the empty password for it.
pub fn is_locked(hash: &str) -> bool {
    const WHOLE: [&str; 8] = ["x", "NP", "NL", "LK", "UP", "NULL", "<NULL>", "\\N"];
    let hash = strip_scheme(hash.trim(), "{CRYPT}");
    hash.is_empty()
        || hash.starts_with('!')
        || hash.starts_with('*') && !is_mysql41(hash)
        || WHOLE.contains(&hash)
}

/// MySQL's `*` and 40 hex digits is a hash, although it begins like a lock.
fn is_mysql41(hash: &str) -> bool {
    hash.len() == 41 && hash.bytes().skip(1).all(|b| b.is_ascii_hexdigit())
}

/// `text` after an LDAP scheme of any case, or all of it.
fn strip_scheme<'a>(text: &'a str, scheme: &str) -> &'a str {
    match text.split_at_checked(scheme.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(scheme) => rest,
        _ => text,
    }
}

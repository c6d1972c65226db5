//! HA1 of HTTP digest authentication (RFC 7616), as htdigest, Asterisk and FreeSWITCH store it.

use crate::Error;
use crate::encoding::{exactly, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "http-digest-ha1",
    example: "<hash, 32 hex digits>; also <login>:<realm>:<hash>",
    needs_login: true,
    must_name: true,
    note: "htdigest, Asterisk, FreeSWITCH; the salt is the realm, which is `realm` if none is given",
    scheme: &HttpDigest,
    ..ROW
}];

/// MD5 of login, realm and password with colons between them.
struct HttpDigest;

struct Parsed<'a> {
    /// Login and realm, where the string has them. A realm may hold colons, a login can't.
    names: Option<(&'a str, &'a str)>,
    digest: [u8; 16],
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str) -> Result<Self, Error> {
        let (names, digest) = match text.rsplit_once(':') {
            None => (None, text),
            Some((names, digest)) => {
                (Some(names.split_once(':').ok_or(Error::Malformed("http digest realm"))?), digest)
            }
        };
        Ok(Self { names, digest: exactly(hex(digest, "http digest hash")?, "http digest hash")? })
    }
}

impl Scheme for HttpDigest {
    fn recognise(&self, hash: &str) -> bool {
        Parsed::new(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Parsed::new(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let Parsed { names, digest } = Parsed::new(attempt.hash)?;
        let login = names.map_or(attempt.login, |(login, _)| login).as_bytes();
        let realm = attempt.salt.unwrap_or(names.map_or("realm", |(_, realm)| realm).as_bytes());
        let computed = Hash::Md5.of(&[login, b":", realm, b":", attempt.password]);
        Ok(attempt.judge.same(&computed, &digest))
    }
}

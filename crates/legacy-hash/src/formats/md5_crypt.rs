//! md5crypt, FreeBSD's `$1$`, and Apache's variant of it, which differs in its magic string only.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::h64;
use crate::format::{Format, ROW, Scheme};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "md5crypt",
        example: "$1$<salt, up to 8>$<hash, 22>",
        note: "1000 rounds of MD5",
        ends_at_nul: true,
        scheme: &Md5Crypt { magic: "$1$" },
        ..ROW
    },
    Format {
        name: "apr1",
        example: "$apr1$<salt, up to 8>$<hash, 22>",
        note: "Apache's variant of md5crypt",
        ends_at_nul: true,
        scheme: &Md5Crypt { magic: "$apr1$" },
        ..ROW
    },
    Format {
        name: "aix-smd5",
        example: "{smd5}<salt, 8>$<hash, 22>",
        note: "AIX's variant of md5crypt, without a magic string",
        ends_at_nul: true,
        scheme: &AixMd5 { prefix: "{smd5}" },
        ..ROW
    },
    Format {
        name: "aix-md5-noprefix",
        example: "<salt, 8>$<hash, 22>",
        must_name: true,
        note: "the same without its scheme",
        ends_at_nul: true,
        scheme: &AixMd5 { prefix: "" },
        ..ROW
    },
];

/// Longer salts are cut before use.
const SALT_BYTES: usize = 8;

/// `$1$salt$hash`, `$apr1$salt$hash`. The cost is fixed at 1000 rounds, so there is nothing to bound.
pub(crate) struct Md5Crypt {
    pub(crate) magic: &'static str,
}

impl Md5Crypt {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a [u8], Vec<u8>), Error> {
        let rest = text.strip_prefix(self.magic).ok_or(Error::Malformed("md5crypt prefix"))?;
        split(rest)
    }
}

/// The salt as far as it counts, and the hash.
fn split(rest: &str) -> Result<(&[u8], Vec<u8>), Error> {
    let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("md5crypt fields"))?;
    let hash = h64(hash, "md5crypt hash")?;
    if hash.len() != ORDER.len() {
        return Err(Error::Malformed("md5crypt hash length"));
    }
    let salt = salt.as_bytes();
    Ok((&salt[..salt.len().min(SALT_BYTES)], hash))
}

impl Scheme for Md5Crypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.magic)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&md5_crypt(attempt.password, salt, self.magic.as_bytes())[..], &hash))
    }
}

/// `{smd5}salt$hash`, and as some dumps have it, without the scheme
pub(crate) struct AixMd5 {
    prefix: &'static str,
}

impl AixMd5 {
    fn rest<'a>(&self, text: &'a str) -> Option<&'a str> {
        let (head, rest) = text.split_at_checked(self.prefix.len())?;
        // Directories store base64 behind the same scheme, which has no dollar.
        (head.eq_ignore_ascii_case(self.prefix) && rest.contains('$')).then_some(rest)
    }

    fn parse<'a>(&self, text: &'a str) -> Result<(&'a [u8], Vec<u8>), Error> {
        split(self.rest(text).ok_or(Error::Malformed("md5crypt prefix"))?)
    }
}

impl Scheme for AixMd5 {
    fn recognise(&self, hash: &str) -> bool {
        match self.prefix.is_empty() {
            true => hash.len() == 31 && hash.find('$') == Some(8) && self.parse(hash).is_ok(),
            false => self.rest(hash).is_some(),
        }
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        // Where std_hash is set, AIX has the usual magic string, but the scheme still.
        let right = [&b""[..], b"$1$"]
            .map(|magic| attempt.judge.same(&md5_crypt(attempt.password, salt, magic)[..], &hash));
        Ok(right.contains(&true))
    }
}

/// Which byte of the digest stands where in the string.
const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];

/// The digest in the order of the string.
fn md5_crypt(password: &[u8], salt: &[u8], magic: &[u8]) -> Zeroizing<[u8; 16]> {
    let mut digest = first_digest(password, salt, magic);
    for round in 0..1000u32 {
        let odd = round % 2 == 1;
        let mut next = Md5::new();
        next.update(if odd { password } else { &digest[..] });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if odd { &digest[..] } else { password });
        *digest = next.finalize().into();
    }
    Zeroizing::new(ORDER.map(|i| digest[i]))
}

fn first_digest(password: &[u8], salt: &[u8], magic: &[u8]) -> Zeroizing<[u8; 16]> {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    for chunk in password.chunks(inner.len()) {
        outer.update(&inner[..chunk.len()]);
    }
    // The original meant the digest here, but had zeroed it: hence NUL or the first character, by the bits of
    // the length.
    let mut bits = password.len();
    while bits > 0 {
        outer.update(if bits % 2 == 1 { &[0] } else { &password[..1] });
        bits /= 2;
    }
    Zeroizing::new(outer.finalize().into())
}

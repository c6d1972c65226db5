//! Horde and Zope: the digests of directories, which they also store without their braces, and what they
//! added.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64_either, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::ldap::{Ldap, MD5, SHA, SHA256, SMD5, SSHA, SSHA256, braced};
use crate::formats::md5_crypt::Md5Crypt;
use crate::formats::sha_crypt::ShaCrypt;
use crate::kdf::bcrypt_pbkdf::{bcrypt_pbkdf, check};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "horde-aprmd5",
        example: "$apr1$<salt, up to 8>$<hash, 22>",
        must_name: true,
        ends_at_nul: true,
        scheme: &Horde { scheme: "{crypt}", inner: &Md5Crypt { magic: "$apr1$" }, crypt: true },
        ..ROW
    },
    Format {
        name: "horde-crypt-md5",
        example: "$1$<salt, up to 8>$<hash, 22>; also {crypt}…",
        must_name: true,
        ends_at_nul: true,
        scheme: &Horde { scheme: "{crypt}", inner: &Md5Crypt { magic: "$1$" }, crypt: true },
        ..ROW
    },
    Format {
        name: "horde-crypt-sha256",
        strength: Strength::Acceptable,
        example: "$5$<salt, up to 16>$<hash, 43>; also {crypt}…",
        must_name: true,
        ends_at_nul: true,
        scheme: &Horde { scheme: "{crypt}", inner: &ShaCrypt(Hash::Sha256), crypt: true },
        ..ROW
    },
    Format {
        name: "horde-crypt-sha512",
        strength: Strength::Acceptable,
        example: "$6$<salt, up to 16>$<hash, 86>; also {crypt}…",
        must_name: true,
        ends_at_nul: true,
        scheme: &Horde { scheme: "{crypt}", inner: &ShaCrypt(Hash::Sha512), crypt: true },
        ..ROW
    },
    Format {
        name: "horde-md5-hex",
        example: "<hash, 32 hex digits>; also {MD5}…",
        must_name: true,
        note: "Horde's default",
        scheme: &Horde { scheme: "{MD5}", inner: &MD5, crypt: false },
        ..ROW
    },
    Format {
        name: "horde-md5-base64",
        example: "<hash, base64>; also {MD5}…",
        must_name: true,
        scheme: &Horde { scheme: "{MD5}", inner: &MD5, crypt: false },
        ..ROW
    },
    Format {
        name: "horde-sha",
        example: "<hash, base64>; also {SHA}…",
        must_name: true,
        scheme: &Horde { scheme: "{SHA}", inner: &SHA, crypt: false },
        ..ROW
    },
    Format {
        name: "horde-ssha",
        example: "<hash and salt, base64>; also {SSHA}…",
        must_name: true,
        scheme: &Horde { scheme: "{SSHA}", inner: &SSHA, crypt: false },
        ..ROW
    },
    Format {
        name: "horde-ssha256",
        example: "<hash and salt, base64>; also {SSHA256}…",
        must_name: true,
        scheme: &Horde { scheme: "{SSHA256}", inner: &SSHA256, crypt: false },
        ..ROW
    },
    Format {
        name: "horde-smd5",
        example: "<hash and salt, base64>; also {SMD5}…",
        must_name: true,
        scheme: &Horde { scheme: "{SMD5}", inner: &SMD5, crypt: false },
        ..ROW
    },
    Format {
        name: "zope-md5",
        example: "{MD5}<hash, base64>; also <anything><hash, 32 hex digits>",
        must_name: true,
        note: "zope.password; UTF-8 or Latin-1 passwords, as with all of Zope's",
        scheme: &Zope { inner: &MD5 },
        ..ROW
    },
    Format {
        name: "zope-sha1",
        example: "{SHA}<hash, base64>; also {SHA1}<anything><hash, 40 hex digits>",
        must_name: true,
        note: "Zope, Plone",
        scheme: &Zope { inner: &SHA },
        ..ROW
    },
    Format {
        name: "zope-sha256",
        example: "{SHA256}<hash, 64 hex digits>",
        must_name: true,
        note: "Zope, Plone",
        scheme: &Zope { inner: &SHA256 },
        ..ROW
    },
    Format {
        name: "zope-ssha",
        example: "{SSHA}<hash and salt, base64>",
        must_name: true,
        note: "Zope, Plone",
        scheme: &Zope { inner: &SSHA },
        ..ROW
    },
    Format {
        name: "zope-smd5",
        example: "{SMD5}<hash and salt, base64>",
        must_name: true,
        note: "zope.password",
        scheme: &Zope { inner: &SMD5 },
        ..ROW
    },
    Format {
        name: "zope-mysql",
        example: "{MYSQL}<hash, 16 hex digits>",
        note: "MySQL's OLD_PASSWORD of the characters' code points; blanks and tabs don't count",
        scheme: &ZopeMysql,
        ..ROW
    },
    Format {
        name: "zope-bcryptkdf",
        strength: Strength::Strong,
        example: "{BCRYPTKDF}<rounds, hex>$<salt, base64>$<hash, base64>",
        note: "zope.password",
        scheme: &BcryptKdf,
        ..ROW
    },
];

/// A hash of another format, with or without the scheme that Horde writes before it when told to.
pub(crate) struct Horde {
    scheme: &'static str,
    inner: &'static dyn Scheme,
    /// The scheme is not part of what the other format reads.
    crypt: bool,
}

impl Horde {
    /// The hash as the other format has it.
    fn inner(&self, hash: &str) -> String {
        let bare = match hash.split_at_checked(self.scheme.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(self.scheme) => rest,
            _ => hash,
        };
        if self.crypt { bare.to_owned() } else { format!("{}{bare}", self.scheme) }
    }
}

impl Scheme for Horde {
    fn recognise(&self, hash: &str) -> bool {
        self.inner.check(&self.inner(hash), &Limits::ABSOLUTE).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.inner.check(&self.inner(hash), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let inner = self.inner(attempt.hash);
        self.inner.verify(&mut attempt.over(attempt.password, &inner))
    }
}

/// A digest of directories. Plone's AuthEncoding hashes passwords as Latin-1 if they fit, zope.password as
/// UTF-8.
pub(crate) struct Zope {
    inner: &'static Ldap,
}

impl Zope {
    /// The hash without the salt that old releases of zope.password wrote before hex, but didn't hash.
    fn inner(&self, hash: &str) -> String {
        let (scheme, rest) = braced(hash).unwrap_or((self.inner.schemes[0], hash));
        let start = rest.len().saturating_sub(2 * self.inner.hash.len());
        let rest = match rest.split_at_checked(start) {
            Some((salt, digits)) if !self.inner.salted && is_hex(digits) && is_salt(salt) => digits,
            _ => rest,
        };
        format!("{{{scheme}}}{rest}")
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_salt(text: &str) -> bool {
    text.len() <= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl Scheme for Zope {
    fn recognise(&self, hash: &str) -> bool {
        self.inner.check(&self.inner(hash), &Limits::ABSOLUTE).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.inner.check(&self.inner(hash), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let inner = self.inner(attempt.hash);
        let latin1 = Zeroizing::new(latin1(attempt.password).unwrap_or_else(|| attempt.password.to_vec()));
        let utf8 = self.inner.verify(&mut attempt.over(attempt.password, &inner))?;
        Ok(utf8 | self.inner.verify(&mut attempt.over(&latin1, &inner))?)
    }
}

/// The password in Latin-1, if all of its characters are there.
fn latin1(password: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(password).ok()?;
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// `{MYSQL}` and 16 hex digits.
pub(crate) struct ZopeMysql;

impl ZopeMysql {
    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let (scheme, digits) = braced(text).ok_or(Error::Malformed("zope-mysql scheme"))?;
        if !scheme.eq_ignore_ascii_case("MYSQL") {
            return Err(Error::Malformed("zope-mysql scheme"));
        }
        let hash = hex(digits, "zope-mysql hash")?;
        if hash.len() == 8 { Ok(hash) } else { Err(Error::Malformed("zope-mysql hash length")) }
    }
}

impl Scheme for ZopeMysql {
    fn recognise(&self, hash: &str) -> bool {
        // Horde writes MySQL's newer hash behind the same name.
        braced(hash)
            .is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("MYSQL") && !rest.starts_with('*'))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = self.parse(attempt.hash)?;
        let Ok(text) = std::str::from_utf8(attempt.password) else { return Ok(false) };
        let words = old_password(text.chars().map(u32::from));
        Ok(attempt.judge.same(&[words[0].to_be_bytes(), words[1].to_be_bytes()].concat(), &hash))
    }
}

/// MySQL's hash before 4.1, of numbers that are characters. Only the lower 31 bits are kept, so that higher ones
/// need not be computed.
fn old_password(text: impl Iterator<Item = u32>) -> [u32; 2] {
    let (mut a, mut b, mut add) = (1_345_345_333_u32, 0x1234_5671_u32, 7u32);
    for c in text.filter(|&c| c != u32::from(' ') && c != u32::from('\t')) {
        a ^= (a & 63).wrapping_add(add).wrapping_mul(c).wrapping_add(a << 8);
        b = b.wrapping_add(b << 8 ^ a);
        add = add.wrapping_add(c);
    }
    [a & 0x7fff_ffff, b & 0x7fff_ffff]
}

/// `{BCRYPTKDF}rounds$salt$key`: bcrypt_pbkdf.
pub(crate) struct BcryptKdf;

impl BcryptKdf {
    fn parse(&self, text: &str, limits: &Limits) -> Result<(u64, Vec<u8>, Vec<u8>), Error> {
        let rest = text.strip_prefix("{BCRYPTKDF}").ok_or(Error::Malformed("bcrypt-pbkdf prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [rounds, salt, key] = fields[..] else { return Err(Error::Malformed("bcrypt-pbkdf fields")) };
        if rounds.is_empty() || !rounds.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Malformed("bcrypt-pbkdf rounds"));
        }
        let rounds = u64::from_str_radix(rounds, 16).unwrap_or(u64::MAX);
        let key = b64_either(key, "bcrypt-pbkdf hash")?;
        check(rounds, key.len(), limits)?;
        Ok((rounds, b64_either(salt, "bcrypt-pbkdf salt")?, key))
    }
}

impl Scheme for BcryptKdf {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("{BCRYPTKDF}")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (rounds, salt, key) = self.parse(attempt.hash, attempt.limits)?;
        let computed =
            bcrypt_pbkdf(attempt.password, &salt, rounds, key.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &key))
    }
}

//! What directories hold besides digests: other formats behind a scheme in braces, Dovecot's many names for
//! them, and the two inventions of Netscape and its heirs.

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::argon2::{Argon2, Variant};
use crate::formats::bcrypt::{BCRYPT, Bcrypt};
use crate::formats::des_crypt::{BIG_CRYPT, BSDI_CRYPT, DES_CRYPT};
use crate::formats::ldap::braced;
use crate::formats::md5_crypt::Md5Crypt;
use crate::formats::nt::BSD_NT;
use crate::formats::pbkdf2::PasslibPbkdf2;
use crate::formats::sha_crypt::ShaCrypt;
use crate::formats::sunmd5::SUN_MD5;
use crate::formats::unix_crypt::{DRAGONFLY_256, DRAGONFLY_512, SHA1_CRYPT};
use crate::formats::yescrypt::{GOST_YESCRYPT, SCRYPT_CRYPT, YESCRYPT};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "ldap-crypt",
        strength: Strength::Acceptable,
        example: "{CRYPT}<any hash of crypt(3)>",
        note: "as weak or strong as the hash within; for traditional DES only 8 characters count",
        ends_at_nul: true,
        scheme: &Braced { schemes: &["CRYPT"], shared: false, inner: "", scheme: &ANY_CRYPT },
        ..ROW
    },
    Format {
        name: "ldap-argon2",
        strength: Strength::Strong,
        example: "{ARGON2}<argon2 hash>",
        note: "OpenLDAP; Dovecot's {ARGON2I} and {ARGON2ID} too",
        scheme: &Braced {
            schemes: &["ARGON2", "ARGON2ID", "ARGON2I", "ARGON2D"],
            shared: false,
            inner: "",
            scheme: &AnyOf(&[&Argon2(Variant::Id), &Argon2(Variant::I), &Argon2(Variant::D)]),
        },
        ..ROW
    },
    Format {
        name: "ldap-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "{PBKDF2}<iterations>$<salt, ab64>$<hash, ab64>; also {PBKDF2-SHA1}",
        note: "OpenLDAP's pw-pbkdf2",
        scheme: &Braced {
            schemes: &["PBKDF2", "PBKDF2-SHA1"],
            shared: true,
            inner: "$pbkdf2$",
            scheme: &PasslibPbkdf2 { prefix: "$pbkdf2$", hash: Hash::Sha1 },
        },
        ..ROW
    },
    Format {
        name: "ldap-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "{PBKDF2-SHA256}<iterations>$<salt, ab64>$<hash, ab64>",
        note: "OpenLDAP's pw-pbkdf2, 389 Directory Server",
        scheme: &Braced {
            schemes: &["PBKDF2-SHA256"],
            shared: false,
            inner: "$pbkdf2-sha256$",
            scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha256$", hash: Hash::Sha256 },
        },
        ..ROW
    },
    Format {
        name: "ldap-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "{PBKDF2-SHA512}<iterations>$<salt, ab64>$<hash, ab64>",
        note: "OpenLDAP's pw-pbkdf2, 389 Directory Server",
        scheme: &Braced {
            schemes: &["PBKDF2-SHA512"],
            shared: false,
            inner: "$pbkdf2-sha512$",
            scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha512$", hash: Hash::Sha512 },
        },
        ..ROW
    },
    Format {
        name: "ldap-bcrypt-zope",
        aliases: &["zope-bcrypt"],
        strength: Strength::Strong,
        example: "{BCRYPT}<bcrypt hash>",
        note: "Zope and Plone; only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &Braced { schemes: &["BCRYPT"], shared: false, inner: "", scheme: &BCRYPT },
        ..ROW
    },
    Format {
        name: "ds389-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "{PBKDF2_SHA256}<iterations, 4 bytes; salt, 64; hash, 256; base64>",
        note: "389 Directory Server, FreeIPA",
        scheme: &Ds389,
        ..ROW
    },
    Format {
        name: "ldap-ns-mta-md5",
        example: "{NS-MTA-MD5}<hash, 32 hex digits><salt, 32>",
        note: "Netscape Mail Server",
        scheme: &NsMta,
        ..ROW
    },
    Format {
        name: "dovecot-blf-crypt",
        strength: Strength::Strong,
        example: "{BLF-CRYPT}<bcrypt hash>",
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &Braced { schemes: &["BLF-CRYPT"], shared: false, inner: "", scheme: &BCRYPT },
        ..ROW
    },
    Format {
        name: "dovecot-sha512-crypt",
        strength: Strength::Acceptable,
        example: "{SHA512-CRYPT}<sha512crypt hash>",
        note: "",
        ends_at_nul: true,
        scheme: &Braced {
            schemes: &["SHA512-CRYPT"],
            shared: false,
            inner: "",
            scheme: &ShaCrypt(Hash::Sha512),
        },
        ..ROW
    },
    Format {
        name: "dovecot-sha256-crypt",
        strength: Strength::Acceptable,
        example: "{SHA256-CRYPT}<sha256crypt hash>",
        note: "",
        ends_at_nul: true,
        scheme: &Braced {
            schemes: &["SHA256-CRYPT"],
            shared: false,
            inner: "",
            scheme: &ShaCrypt(Hash::Sha256),
        },
        ..ROW
    },
    Format {
        name: "dovecot-md5-crypt",
        example: "{MD5-CRYPT}<md5crypt hash>; also {MD5}<md5crypt hash>",
        note: "",
        ends_at_nul: true,
        scheme: &Braced {
            schemes: &["MD5-CRYPT", "MD5"],
            shared: true,
            inner: "",
            scheme: &Md5Crypt { magic: "$1$" },
        },
        ..ROW
    },
    Format {
        name: "dovecot-des-crypt",
        example: "{DES-CRYPT}<salt, 2><hash, 11>",
        note: "only the first 8 characters count",
        ends_at_nul: true,
        scheme: &Braced { schemes: &["DES-CRYPT"], shared: false, inner: "", scheme: &DES_CRYPT },
        ..ROW
    },
    Format {
        name: "dovecot-pbkdf2",
        strength: Strength::Acceptable,
        example: "{PBKDF2}$1$<salt, text>$<iterations>$<hash, 40 hex digits>",
        note: "SHA-1",
        scheme: &DovecotPbkdf2,
        ..ROW
    },
];

/// A scheme in braces, of any case, before a hash of another format.
pub(crate) struct Braced {
    /// The scheme's names, without braces.
    pub(crate) schemes: &'static [&'static str],
    /// Others use the name too, so that what follows must look right.
    pub(crate) shared: bool,
    /// What the other format has in place of the braces.
    pub(crate) inner: &'static str,
    pub(crate) scheme: &'static dyn Scheme,
}

impl Braced {
    fn inner(&self, hash: &str) -> Result<String, Error> {
        let (scheme, rest) = braced(hash).ok_or(Error::Malformed("ldap scheme"))?;
        match self.schemes.iter().any(|name| name.eq_ignore_ascii_case(scheme)) {
            true => Ok(format!("{}{rest}", self.inner)),
            false => Err(Error::Malformed("ldap scheme")),
        }
    }
}

impl Scheme for Braced {
    fn recognise(&self, hash: &str) -> bool {
        // In lower case these are ids of Spring's, which has the same hashes after the first two, and no dollar after
        // the third.
        let is_spring = ["{bcrypt}", "{argon2}"].iter().any(|id| hash.starts_with(id))
            || hash.strip_prefix("{pbkdf2}").is_some_and(|rest| !rest.contains('$'));
        !is_spring && self.inner(hash).is_ok_and(|inner| !self.shared || self.scheme.recognise(&inner))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.scheme.check(&self.inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let inner = self.inner(attempt.hash)?;
        self.scheme.verify(&mut attempt.over(attempt.password, &inner))
    }
}

/// The first scheme that recognises the hash.
pub(crate) struct AnyOf(&'static [&'static dyn Scheme]);

/// What crypt(3) may return.
pub(crate) const ANY_CRYPT: AnyOf = AnyOf(&[
    &BCRYPT,
    &Bcrypt { sign_extended: true },
    &ShaCrypt(Hash::Sha512),
    &ShaCrypt(Hash::Sha256),
    &Md5Crypt { magic: "$1$" },
    &Md5Crypt { magic: "$apr1$" },
    &YESCRYPT,
    &GOST_YESCRYPT,
    &SCRYPT_CRYPT,
    &Argon2(Variant::Id),
    &Argon2(Variant::I),
    &SUN_MD5,
    &SHA1_CRYPT,
    &BSDI_CRYPT,
    &BSD_NT,
    &DRAGONFLY_256,
    &DRAGONFLY_512,
    &DES_CRYPT,
    &BIG_CRYPT,
]);

impl AnyOf {
    fn of(&self, hash: &str) -> Result<&'static dyn Scheme, Error> {
        let found = self.0.iter().find(|scheme| scheme.recognise(hash));
        found.copied().ok_or(Error::Malformed("hash behind an ldap scheme"))
    }
}

impl Scheme for AnyOf {
    fn recognise(&self, hash: &str) -> bool {
        self.of(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.of(hash)?.check(hash, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.of(attempt.hash)?.verify(attempt)
    }
}

/// Iterations, salt and hash in one run of bytes.
pub(crate) struct Ds389;

struct Parsed {
    iterations: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Ds389 {
    const SCHEME: &str = "PBKDF2_SHA256";
    const SALT: usize = 64;
    const HASH: usize = 256;

    fn encoded<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, rest) = braced(hash)?;
        scheme.eq_ignore_ascii_case(Self::SCHEME).then_some(rest)
    }

    fn parse(&self, text: &str, limits: &Limits) -> Result<Parsed, Error> {
        let encoded = self.encoded(text).ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let mut salt = b64(encoded, "pbkdf2 hash")?;
        if salt.len() != 4 + Self::SALT + Self::HASH {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        let hash = salt.split_off(4 + Self::SALT);
        let iterations = salt.drain(..4).fold(0, |number, byte| number << 8 | u64::from(byte));
        check(Hash::Sha256, iterations, hash.len(), limits)?;
        Ok(Parsed { iterations, salt, hash })
    }
}

impl Scheme for Ds389 {
    fn recognise(&self, hash: &str) -> bool {
        self.encoded(hash).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        stored.verify(Hash::Sha256, attempt)
    }
}

impl Parsed {
    fn verify(&self, hash: Hash, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let len = self.hash.len();
        let key = pbkdf2(hash, attempt.password, &self.salt, self.iterations, len, attempt.tick)?;
        Ok(attempt.judge.same(&key, &self.hash))
    }
}

/// The salt is hashed as the text that it is.
pub(crate) struct DovecotPbkdf2;

impl DovecotPbkdf2 {
    fn rest<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, rest) = braced(hash)?;
        if scheme.eq_ignore_ascii_case("PBKDF2") { rest.strip_prefix("$1$") } else { None }
    }

    fn parse(&self, text: &str, limits: &Limits) -> Result<Parsed, Error> {
        let rest = self.rest(text).ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [salt, iterations, hash] = fields[..] else { return Err(Error::Malformed("pbkdf2 fields")) };
        let iterations = number(iterations, "pbkdf2 iterations")?;
        let hash = hex(hash, "pbkdf2 hash")?;
        if hash.len() != Hash::Sha1.len() {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        check(Hash::Sha1, iterations, hash.len(), limits)?;
        Ok(Parsed { iterations, salt: salt.as_bytes().to_vec(), hash })
    }
}

impl Scheme for DovecotPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        self.rest(hash).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        stored.verify(Hash::Sha1, attempt)
    }
}

/// The salt is hashed as the text that it is, before and behind the password, with a byte between them.
pub(crate) struct NsMta;

impl NsMta {
    fn rest<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, rest) = braced(hash)?;
        scheme.eq_ignore_ascii_case("NS-MTA-MD5").then_some(rest)
    }

    fn parse<'a>(&self, text: &'a str) -> Result<(Vec<u8>, &'a [u8]), Error> {
        let rest = self.rest(text).ok_or(Error::Malformed("ldap scheme"))?;
        let (hash, salt) = rest.split_at_checked(32).ok_or(Error::Malformed("ldap hash length"))?;
        if salt.len() != 32 {
            return Err(Error::Malformed("ldap salt length"));
        }
        Ok((hex(hash, "ldap hash")?, salt.as_bytes()))
    }
}

impl Scheme for NsMta {
    fn recognise(&self, hash: &str) -> bool {
        self.rest(hash).is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (hash, salt) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&Hash::Md5.of(&[salt, b"Y", attempt.password, b"\xf7", salt]), &hash))
    }
}

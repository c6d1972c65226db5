//! Django's salted digests of long ago, and the scrypt that a package brought before Django had its own.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::fields::{fields, is_hex};
use crate::kdf::digest::Hash;
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "django-sha1",
        example: "sha1$<salt, text>$<hash, hex>",
        note: "Django's default until 1.3",
        scheme: &Salted { prefix: "sha1$", hash: Hash::Sha1, by: Framework::Django },
        ..ROW
    },
    Format {
        name: "django-md5",
        example: "md5$<salt, text>$<hash, hex>",
        scheme: &Salted { prefix: "md5$", hash: Hash::Md5, by: Framework::Django },
        ..ROW
    },
    Format {
        name: "django-scrypt-old",
        strength: Strength::Strong,
        example: "scrypt$<salt, text>$<log2 N>$<r>$<p>$<length>$<hash, base64>",
        note: "the package django-scrypt, before Django 4; it trims the password",
        scheme: &OldScrypt,
        ..ROW
    },
];

/// `sha1$salt$hash`, perhaps without a salt: Django's, and Werkzeug's with a formula of its own.
pub(crate) struct Salted {
    pub(crate) prefix: &'static str,
    pub(crate) hash: Hash,
    pub(crate) by: Framework,
}

/// Who wrote it.
#[derive(Clone, Copy)]
pub(crate) enum Framework {
    Django,
    Werkzeug,
}

impl Framework {
    /// What of a string is malformed: the prefix, the number of fields, the hash.
    const fn parts(self) -> [&'static str; 3] {
        match self {
            Self::Django => ["django prefix", "django fields", "django hash"],
            Self::Werkzeug => ["werkzeug method", "werkzeug fields", "werkzeug hash"],
        }
    }

    /// The salt first; or an HMAC of the password under the salt as its key, but without a salt the digest itself.
    fn digest(self, hash: Hash, salt: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Werkzeug if !salt.is_empty() => hash.hmac(salt, &[password]),
            _ => hash.of(&[salt, password]),
        }
    }
}

impl Salted {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        let [prefix_part, fields_part, hash_part] = self.by.parts();
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed(prefix_part))?;
        let [salt, digest] = fields(rest, '$', fields_part)?;
        if !is_hex(digest, 2 * self.hash.len()) {
            return Err(Error::Malformed(hash_part));
        }
        Ok((salt, hex(digest, hash_part)?))
    }
}

impl Scheme for Salted {
    fn recognise(&self, hash: &str) -> bool {
        // Others have more fields after the same prefix.
        hash.starts_with(self.prefix) && hash.matches('$').count() <= 2
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, digest) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.by.digest(self.hash, salt.as_bytes(), attempt.password), &digest))
    }
}

/// `scrypt$salt$14$8$1$64$hash`: seven fields, where Django's own has six.
pub(crate) struct OldScrypt;

impl OldScrypt {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<(Cost, &'a str, Vec<u8>), Error> {
        const PART: &str = "scrypt parameters";
        let [name, salt, n, r, p, len, hash] = fields(text, '$', "scrypt fields")?;
        if name != "scrypt" {
            return Err(Error::Malformed("scrypt prefix"));
        }
        let (n, r, p) = (number(n, PART)?, number(r, PART)?, number(p, PART)?);
        // Its first releases wrote N itself. No logarithm within the limits is as large as 64.
        let cost = match u32::try_from(n) {
            Ok(log_n) if log_n < 64 => Cost { log_n, r, p },
            _ => Cost::from_n(n, r, p)?,
        };
        cost.check(limits)?;
        let hash = b64(hash, "scrypt hash")?;
        if hash.len() as u64 != number(len, PART)? || hash.len() < 16 {
            return Err(Error::Malformed("scrypt hash length"));
        }
        Ok((cost, salt, hash))
    }
}

impl Scheme for OldScrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("scrypt$") && hash.matches('$').count() == 6
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (cost, salt, hash) = self.parse(attempt.hash, attempt.limits)?;
        let password = match str::from_utf8(attempt.password) {
            Ok(text) => text.trim().as_bytes(),
            Err(_) => attempt.password,
        };
        let computed = scrypt(password, salt.as_bytes(), cost, hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

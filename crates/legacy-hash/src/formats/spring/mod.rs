//! Spring Security: its encoders' strings, bare or after the `{id}` by which DelegatingPasswordEncoder picks one.
//!
//! The ids are case-sensitive and mostly lower case, which tells them from the schemes of directories.

mod digest;
mod slow;

use crate::Error;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::{argon2, bcrypt::BCRYPT, ldap};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::policy::Produce;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "spring-bcrypt",
        strength: Strength::Strong,
        example: "{bcrypt}$2a$<cost>$<salt, 22><hash, 31>",
        can_produce: true,
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &Wrapped { ids: &["{bcrypt}", "{noop}"], inner: Inner::Bcrypt },
        ..ROW
    },
    Format {
        name: "spring-argon2",
        strength: Strength::Strong,
        example: "{argon2@SpringSecurity_v5_8}<argon2 hash>",
        can_produce: true,
        note: "also {argon2}",
        scheme: &Wrapped { ids: &["{argon2@SpringSecurity_v5_8}", "{argon2}"], inner: Inner::Argon2 },
        ..ROW
    },
    Format {
        name: "spring-ldap",
        example: "{ldap}{SSHA}<hash and salt, base64>",
        note: "",
        scheme: &Wrapped { ids: &["{ldap}"], inner: Inner::Ldap },
        ..ROW
    },
    Format {
        name: "spring-pbkdf2-v5_8",
        strength: Strength::Acceptable,
        example: "{pbkdf2@SpringSecurity_v5_8}<salt (16 bytes) and hash (32 bytes), hex>",
        can_produce: true,
        note: "SHA-256, 310,000 iterations; the encoder's secret is the pepper",
        scheme: &slow::V5_8,
        ..ROW
    },
    Format {
        name: "spring-pbkdf2-v5_5",
        strength: Strength::Acceptable,
        example: "{pbkdf2}<salt (8 bytes) and hash (32 bytes), hex>",
        note: "SHA-1, 185,000 iterations; the encoder's secret is the pepper",
        scheme: &slow::V5_5,
        ..ROW
    },
    Format {
        name: "spring-scrypt",
        strength: Strength::Strong,
        example: "{scrypt}$<log2 N, r and p, hex>$<salt, base64>$<hash, base64>",
        note: "also {scrypt@SpringSecurity_v5_8}, and $s0$ of other Java software",
        scheme: &slow::SpringScrypt,
        ..ROW
    },
    Format {
        name: "spring-standard-sha256",
        example: "{sha256}<salt (8 bytes) and hash (32 bytes), hex>",
        note: "StandardPasswordEncoder: 1024 rounds; its secret is the pepper",
        scheme: &digest::Standard,
        ..ROW
    },
    Format {
        name: "spring-messagedigest",
        example: "{MD5}{<salt>}<hash, hex>",
        note: "also {SHA-1} and {SHA-256}, base64, and without an id, the length of the hash telling which",
        scheme: &digest::MessageDigest { fixed: None, rounds: 1, named: false },
        ..ROW
    },
    Format {
        name: "spring-messagedigest-iter2",
        example: "{<salt>}<hash, hex>",
        must_name: true,
        note: "setIterations(2)",
        scheme: &digest::MessageDigest { fixed: None, rounds: 2, named: true },
        ..ROW
    },
    Format {
        name: "spring-md4",
        example: "{MD4}{<salt>}<hash, hex>",
        must_name: true,
        note: "",
        scheme: &digest::MessageDigest { fixed: Some(Hash::Md4), rounds: 1, named: true },
        ..ROW
    },
];

/// The rest after the first of these ids that the text begins with.
fn after_id<'a>(text: &'a str, ids: &[&str]) -> Option<&'a str> {
    ids.iter().find_map(|id| text.strip_prefix(id))
}

/// An id before a hash of another format.
pub(crate) struct Wrapped {
    ids: &'static [&'static str],
    inner: Inner,
}

enum Inner {
    Bcrypt,
    Argon2,
    Ldap,
}

impl Wrapped {
    fn inner<'a>(&self, text: &'a str) -> Result<(&'static dyn Scheme, &'a str), Error> {
        if text.starts_with("{noop}") {
            return Err(Error::Unsupported("plaintext passwords"));
        }
        let rest = after_id(text, self.ids).ok_or(Error::Malformed("spring id"))?;
        let among = |formats: &'static [Format]| {
            let fitting = formats.iter().find(|format| format.scheme.recognise(rest));
            fitting.map(|format| (format.scheme, rest)).ok_or(Error::Malformed("spring hash"))
        };
        match self.inner {
            Inner::Bcrypt => Ok((&BCRYPT, rest)),
            Inner::Argon2 => among(argon2::FORMATS),
            Inner::Ldap => among(ldap::FORMATS),
        }
    }
}

impl Scheme for Wrapped {
    fn recognise(&self, hash: &str) -> bool {
        after_id(hash, self.ids).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let (scheme, rest) = self.inner(hash)?;
        scheme.check(rest, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (scheme, rest) = self.inner(attempt.hash)?;
        scheme.verify(&mut attempt.over(attempt.password, rest))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        match self.inner {
            Inner::Bcrypt => Some(&slow::NEW_BCRYPT),
            Inner::Argon2 => Some(&slow::NEW_ARGON2),
            Inner::Ldap => None,
        }
    }
}

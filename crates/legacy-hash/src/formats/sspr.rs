//! Iterated digests with the salt before the password: NetIQ SSPR, Adobe AEM, Oracle Transportation Management,
//! BlackBerry; and SSPR's PBKDF2.

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::java::java_digest;
use crate::kdf::digest::Hash;
use crate::kdf::iterated::{self, iterated};
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sspr-md5",
        example: "$sspr$0$<rounds>$NONE$<hash, hex>",
        note: "NetIQ SSPR",
        scheme: &Sspr { kind: "0", hash: Hash::Md5, salted: false, of_aem: false },
        ..ROW
    },
    Format {
        name: "sspr-sha1",
        example: "$sspr$1$<rounds>$NONE$<hash, hex>",
        note: "NetIQ SSPR",
        scheme: &Sspr { kind: "1", hash: Hash::Sha1, salted: false, of_aem: false },
        ..ROW
    },
    Format {
        name: "sspr-sha1-salt",
        example: "$sspr$2$<rounds>$<salt, text>$<hash, hex>",
        note: "NetIQ SSPR",
        scheme: &Sspr { kind: "2", hash: Hash::Sha1, salted: true, of_aem: false },
        ..ROW
    },
    Format {
        name: "sspr-sha256-salt",
        example: "$sspr$3$<rounds>$<salt, text>$<hash, hex>",
        note: "NetIQ SSPR",
        scheme: &Sspr { kind: "3", hash: Hash::Sha256, salted: true, of_aem: false },
        ..ROW
    },
    Format {
        name: "sspr-sha512-salt",
        example: "$sspr$4$<rounds>$<salt, text>$<hash, hex>",
        note: "NetIQ SSPR",
        scheme: &Sspr { kind: "4", hash: Hash::Sha512, salted: true, of_aem: false },
        ..ROW
    },
    Format {
        name: "aem-sha256",
        example: "{SHA-256}<salt, text>-<rounds>-<hash, hex>; also $sspr$3$1000$<salt, 16 hex digits>$<hash, hex>",
        note: "Adobe AEM, Apache Jackrabbit Oak",
        scheme: &Sspr { kind: "3", hash: Hash::Sha256, salted: true, of_aem: true },
        ..ROW
    },
    Format {
        name: "aem-sha512",
        example: "$sspr$4$1000$<salt, 16 hex digits>$<hash, hex>; also {SHA-512}<salt, text>-<rounds>-<hash, hex>",
        note: "Adobe AEM, Apache Jackrabbit Oak",
        scheme: &Sspr { kind: "4", hash: Hash::Sha512, salted: true, of_aem: true },
        ..ROW
    },
    Format {
        name: "sspr-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-sha1$<iterations>$<salt, hex>$<hash, hex>",
        must_name: true,
        note: "NetIQ SSPR; the notation is John the Ripper's",
        scheme: &SsprPbkdf2 { prefix: "$pbkdf2-hmac-sha1$", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "sspr-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-sha512$<iterations>.<salt, hex>.<hash, hex>",
        must_name: true,
        note: "NetIQ SSPR; the notation is John the Ripper's",
        scheme: &SsprPbkdf2 { prefix: "$pbkdf2-hmac-sha512$", hash: Hash::Sha512 },
        ..ROW
    },
    Format {
        name: "oracle-otm-sha256",
        example: "otm_sha256:<rounds>:<salt, text>:<hash, base64>",
        note: "Oracle Transportation Management",
        scheme: &Otm,
        ..ROW
    },
    Format {
        name: "blackberry-es10",
        example: "$bbes10$<hash, hex>$<salt, text>",
        note: "BlackBerry Enterprise Server 10: SHA-512 over password and salt, 100 rounds",
        scheme: &Bes10,
        ..ROW
    },
];

/// The parts of all of them.
struct Parsed<'a> {
    hash: Hash,
    rounds: u64,
    /// Hashed as the text that it is.
    salt: &'a str,
    digest: Vec<u8>,
}

impl<'a> Parsed<'a> {
    fn new(hash: Hash, rounds: u64, salt: &'a str, digest: Vec<u8>) -> Result<Self, Error> {
        match digest.len() == hash.len() {
            true => Ok(Self { hash, rounds, salt, digest }),
            false => Err(Error::Malformed("digest length")),
        }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let parts = [self.salt.as_bytes(), attempt.password];
        let computed = iterated(self.hash, &parts, self.rounds, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.digest))
    }
}

/// `$sspr$kind$rounds$salt$hash`, and what AEM itself stores.
pub(crate) struct Sspr {
    kind: &'static str,
    hash: Hash,
    salted: bool,
    of_aem: bool,
}

impl Sspr {
    fn parse<'a>(&self, text: &'a str) -> Result<Parsed<'a>, Error> {
        if self.of_aem && text.starts_with('{') {
            return self.parse_oak(text);
        }
        let fields = sspr_fields(text).ok_or(Error::Malformed("sspr fields"))?;
        let [kind, rounds, salt, digest] = fields;
        if kind != self.kind {
            return Err(Error::Malformed("sspr kind"));
        }
        let salt = if self.salted { salt } else { "" };
        Parsed::new(self.hash, number(rounds, "sspr rounds")?, salt, hex(digest, "sspr hash")?)
    }

    /// Oak's PasswordUtil leaves a single round out.
    fn parse_oak<'a>(&self, text: &'a str) -> Result<Parsed<'a>, Error> {
        let (algorithm, rest) = oak_fields(text).ok_or(Error::Malformed("aem fields"))?;
        if java_digest(algorithm) != Some(self.hash) {
            return Err(Error::Malformed("aem algorithm"));
        }
        let fields: Vec<&str> = rest.split('-').collect();
        let (salt, rounds, digest) = match fields[..] {
            [salt, rounds, digest] => (salt, number(rounds, "aem rounds")?, digest),
            [salt, digest] => (salt, 1, digest),
            _ => return Err(Error::Malformed("aem fields")),
        };
        Parsed::new(self.hash, rounds, salt, hex(digest, "aem hash")?)
    }
}

fn sspr_fields(text: &str) -> Option<[&str; 4]> {
    let fields: Vec<&str> = text.strip_prefix("$sspr$")?.split('$').collect();
    fields.try_into().ok()
}

fn oak_fields(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('{')?.split_once('}').filter(|(_, rest)| !rest.starts_with('{') && rest.contains('-'))
}

/// AEM's rounds and salts, which NetIQ's products don't have.
fn is_aem(rounds: &str, salt: &str) -> bool {
    rounds == "1000" && salt.len() == 16 && salt.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Scheme for Sspr {
    fn recognise(&self, hash: &str) -> bool {
        match sspr_fields(hash) {
            Some([kind, rounds, salt, _]) => kind == self.kind && is_aem(rounds, salt) == self.of_aem,
            None => {
                let oak = oak_fields(hash).and_then(|(algorithm, _)| java_digest(algorithm));
                self.of_aem && oak == Some(self.hash)
            }
        }
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        iterated::check(self.parse(hash)?.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(attempt)
    }
}

/// `$pbkdf2-hmac-sha1$iterations$salt$hash`, with dots or dollars between.
pub(crate) struct SsprPbkdf2 {
    prefix: &'static str,
    hash: Hash,
}

impl SsprPbkdf2 {
    fn parse(&self, text: &str) -> Result<(u64, Vec<u8>, Vec<u8>), Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("sspr prefix"))?;
        let fields: Vec<&str> = rest.split(['$', '.']).collect();
        let [iterations, salt, hash] = fields[..] else { return Err(Error::Malformed("sspr fields")) };
        let hash = hex(hash, "sspr hash")?;
        // Other users of the notation cut the key.
        if hash.len() < 16 {
            return Err(Error::Malformed("sspr hash length"));
        }
        Ok((number(iterations, "sspr iterations")?, hex(salt, "sspr salt")?, hash))
    }
}

impl Scheme for SsprPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let (iterations, _, hash) = self.parse(hash)?;
        check(self.hash, iterations, hash.len(), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (iterations, salt, hash) = self.parse(attempt.hash)?;
        let computed = pbkdf2(self.hash, attempt.password, &salt, iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

/// `otm_sha256:rounds:salt:hash`
pub(crate) struct Otm;

impl Otm {
    fn parse(text: &str) -> Result<Parsed<'_>, Error> {
        let rest = text.strip_prefix("otm_sha256:").ok_or(Error::Malformed("otm prefix"))?;
        let fields: Vec<&str> = rest.split(':').collect();
        let [rounds, salt, digest] = fields[..] else { return Err(Error::Malformed("otm fields")) };
        Parsed::new(Hash::Sha256, number(rounds, "otm rounds")?, salt, b64(digest, "otm hash")?)
    }
}

impl Scheme for Otm {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("otm_sha256:")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        iterated::check(Self::parse(hash)?.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Self::parse(attempt.hash)?.verify(attempt)
    }
}

/// `$bbes10$hash$salt`
pub(crate) struct Bes10;

impl Bes10 {
    const ROUNDS: u64 = 100;

    fn parse(text: &str) -> Result<(Vec<u8>, &str), Error> {
        let rest = text.strip_prefix("$bbes10$").ok_or(Error::Malformed("bbes10 prefix"))?;
        let (digest, salt) = rest.split_once('$').ok_or(Error::Malformed("bbes10 fields"))?;
        let digest = hex(digest, "bbes10 hash")?;
        if digest.len() != Hash::Sha512.len() {
            return Err(Error::Malformed("bbes10 hash length"));
        }
        Ok((digest, salt))
    }
}

impl Scheme for Bes10 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$bbes10$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        iterated::check(Self::ROUNDS, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (digest, salt) = Self::parse(attempt.hash)?;
        let parts = [attempt.password, salt.as_bytes()];
        let computed = iterated(Hash::Sha512, &parts, Self::ROUNDS, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &digest))
    }
}

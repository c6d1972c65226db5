//! What Java software stores: Jasypt, Shiro, Tomcat, and Atlassian's and Elasticsearch's own encodings.

use crate::Error;
use crate::encoding::{b64, exactly, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::iterated::{self, iterated};
use crate::kdf::pbkdf2::{self, pbkdf2};
use crate::limits::Limits;
use crate::text::{characters, nfc};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "atlassian-pkcs5s2",
        strength: Strength::Acceptable,
        example: "{PKCS5S2}<salt (16 bytes) and hash (32 bytes), base64>",
        note: "Jira, Confluence, Crowd: PBKDF2-SHA1, 10,000 iterations",
        scheme: &Atlassian,
        ..ROW
    },
    Format {
        name: "elasticsearch-pbkdf2-stretch",
        strength: Strength::Acceptable,
        example: "{PBKDF2_STRETCH}<iterations>$<salt, base64>$<hash, base64>",
        note: "PBKDF2-SHA512 over the SHA-512 of the password in hex",
        scheme: &ElasticStretch,
        ..ROW
    },
    Format {
        name: "jasypt-basic-md5",
        example: "<salt (8 bytes) and hash (16 bytes), base64>",
        must_name: true,
        note: "BasicPasswordEncryptor: MD5 over salt and password, 1000 rounds",
        scheme: &Jasypt { hash: Hash::Md5, salt_len: 8, rounds: 1000 },
        ..ROW
    },
    Format {
        name: "jasypt-strong-sha256",
        strength: Strength::Acceptable,
        example: "<salt (16 bytes) and hash (32 bytes), base64>",
        must_name: true,
        note: "StrongPasswordEncryptor: SHA-256 over salt and password, 100,000 rounds",
        scheme: &Jasypt { hash: Hash::Sha256, salt_len: 16, rounds: 100_000 },
        ..ROW
    },
    Format {
        name: "shiro1",
        strength: Strength::Acceptable,
        example: "$shiro1$<SHA-256 or another>$<rounds>$<salt, base64>$<hash, base64>",
        note: "Apache Shiro's DefaultPasswordService",
        scheme: &Shiro,
        ..ROW
    },
    Format {
        name: "tomcat-digest",
        example: "<salt, hex>$<rounds>$<hash, hex>",
        note: "MessageDigestCredentialHandler; the length of the hash tells MD5, SHA-1 or SHA-2",
        scheme: &Tomcat(None),
        ..ROW
    },
    Format {
        name: "tomcat-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "<salt, hex>$<iterations>$<hash, hex>",
        must_name: true,
        note: "SecretKeyCredentialHandler's default",
        scheme: &Tomcat(Some(Hash::Sha1)),
        ..ROW
    },
    Format {
        name: "tomcat-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "<salt, hex>$<iterations>$<hash, hex>",
        must_name: true,
        note: "",
        scheme: &Tomcat(Some(Hash::Sha512)),
        ..ROW
    },
];

/// `{PKCS5S2}` and base64.
pub(crate) struct Atlassian;

impl Atlassian {
    const ITERATIONS: u64 = 10_000;

    fn encoded(text: &str) -> Option<&str> {
        let (scheme, rest) = text.split_at_checked("{PKCS5S2}".len())?;
        scheme.eq_ignore_ascii_case("{PKCS5S2}").then_some(rest)
    }

    fn parse(text: &str) -> Result<[u8; 48], Error> {
        let encoded = Self::encoded(text).ok_or(Error::Malformed("pkcs5s2 scheme"))?;
        exactly(b64(encoded, "pkcs5s2 hash")?, "pkcs5s2 hash length")
    }
}

impl Scheme for Atlassian {
    fn recognise(&self, hash: &str) -> bool {
        Self::encoded(hash).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?;
        pbkdf2::check(Hash::Sha1, Self::ITERATIONS, 32, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let stored = Self::parse(attempt.hash)?;
        let (salt, hash) = stored.split_at(16);
        let computed = pbkdf2(Hash::Sha1, attempt.password, salt, Self::ITERATIONS, 32, attempt.tick)?;
        Ok(attempt.judge.same(&computed, hash))
    }
}

/// `{PBKDF2_STRETCH}iterations$salt$hash`
pub(crate) struct ElasticStretch;

impl ElasticStretch {
    fn parse(text: &str) -> Result<(u64, Vec<u8>, [u8; 32]), Error> {
        let rest = text.strip_prefix("{PBKDF2_STRETCH}").ok_or(Error::Malformed("elasticsearch scheme"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [iterations, salt, hash] = fields[..] else {
            return Err(Error::Malformed("elasticsearch fields"));
        };
        let hash = exactly(b64(hash, "elasticsearch hash")?, "elasticsearch hash length")?;
        Ok((number(iterations, "elasticsearch iterations")?, b64(salt, "elasticsearch salt")?, hash))
    }
}

impl Scheme for ElasticStretch {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("{PBKDF2_STRETCH}")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        pbkdf2::check(Hash::Sha512, Self::parse(hash)?.0, 32, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (iterations, salt, hash) = Self::parse(attempt.hash)?;
        let stretched = zeroize::Zeroizing::new(hex::encode(Hash::Sha512.of(&[attempt.password])));
        let computed =
            pbkdf2(Hash::Sha512, stretched.as_bytes(), &salt, iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

/// The salt and the digest in one base64; the password in NFC.
pub(crate) struct Jasypt {
    pub(crate) hash: Hash,
    pub(crate) salt_len: usize,
    pub(crate) rounds: u64,
}

impl Jasypt {
    fn parse(&self, text: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut salt = b64(text, "jasypt hash")?;
        if salt.len() != self.salt_len + self.hash.len() {
            return Err(Error::Malformed("jasypt hash length"));
        }
        let hash = salt.split_off(self.salt_len);
        Ok((salt, hash))
    }
}

impl Scheme for Jasypt {
    fn recognise(&self, hash: &str) -> bool {
        // The hex of a digest has the length of this base64.
        self.parse(hash).is_ok() && !hash.bytes().all(|b| b.is_ascii_hexdigit())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        iterated::check(self.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        let password = zeroize::Zeroizing::new(nfc(&characters(attempt.password)));
        let parts = [&salt, password.as_bytes()];
        let computed = iterated(self.hash, &parts, self.rounds, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

/// `$shiro1$algorithm$rounds$salt$hash`
pub(crate) struct Shiro;

struct ShiroParts {
    hash: Hash,
    rounds: u64,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Shiro {
    fn parse(text: &str) -> Result<ShiroParts, Error> {
        let rest = text.strip_prefix("$shiro1$").ok_or(Error::Malformed("shiro prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [algorithm, rounds, salt, digest] = fields[..] else {
            return Err(Error::Malformed("shiro fields"));
        };
        let hash = java_digest(algorithm).ok_or(Error::Malformed("shiro algorithm"))?;
        let digest = b64(digest, "shiro hash")?;
        if digest.len() != hash.len() {
            return Err(Error::Malformed("shiro hash length"));
        }
        Ok(ShiroParts {
            hash,
            rounds: number(rounds, "shiro rounds")?,
            salt: b64(salt, "shiro salt")?,
            digest,
        })
    }
}

/// The digest of a name as the Java Cryptography Architecture writes it.
pub(crate) fn java_digest(name: &str) -> Option<Hash> {
    const NAMES: [(&str, Hash); 10] = [
        ("MD4", Hash::Md4),
        ("MD5", Hash::Md5),
        ("SHA", Hash::Sha1),
        ("SHA-1", Hash::Sha1),
        ("SHA-224", Hash::Sha224),
        ("SHA-256", Hash::Sha256),
        ("SHA-384", Hash::Sha384),
        ("SHA-512", Hash::Sha512),
        ("SHA1", Hash::Sha1),
        ("SHA3-256", Hash::Sha3_256),
    ];
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, hash)| hash)
}

impl Scheme for Shiro {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$shiro1$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        iterated::check(Self::parse(hash)?.rounds, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let parts = [&stored.salt, attempt.password];
        let computed = iterated(stored.hash, &parts, stored.rounds, attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &stored.digest))
    }
}

/// `salt$rounds$hash` in hex: of a digest, or PBKDF2 over one.
pub(crate) struct Tomcat(pub(crate) Option<Hash>);

struct TomcatParts {
    hash: Hash,
    rounds: u64,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// The digest whose output is so long, of those that applications choose.
pub(crate) fn digest_of_length(len: usize) -> Option<Hash> {
    const COMMON: [Hash; 6] = [Hash::Md5, Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512];
    COMMON.into_iter().find(|hash| hash.len() == len)
}

impl Tomcat {
    fn parse(&self, text: &str) -> Result<TomcatParts, Error> {
        let fields: Vec<&str> = text.split('$').collect();
        let (salt, rounds, digest) = match fields[..] {
            [salt, rounds, digest] => (salt, number(rounds, "tomcat rounds")?, digest),
            [digest] if self.0.is_none() => ("", 1, digest),
            _ => return Err(Error::Malformed("tomcat fields")),
        };
        let digest = hex(digest, "tomcat hash")?;
        let length = Error::Malformed("tomcat hash length");
        let hash = self.0.or_else(|| digest_of_length(digest.len())).ok_or(length)?;
        if digest.len() < 16 {
            return Err(length);
        }
        Ok(TomcatParts { hash, rounds, salt: hex(salt, "tomcat salt")?, digest })
    }

    fn check_parts(&self, parts: &TomcatParts, limits: &Limits) -> Result<(), Error> {
        match self.0 {
            None => iterated::check(parts.rounds, limits),
            Some(hash) => pbkdf2::check(hash, parts.rounds, parts.digest.len(), limits),
        }
    }
}

impl Scheme for Tomcat {
    fn recognise(&self, hash: &str) -> bool {
        hash.contains('$') && self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.check_parts(&self.parse(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        self.check_parts(&stored, attempt.limits)?;
        let TomcatParts { hash, rounds, salt, digest } = &stored;
        let computed = match self.0 {
            None => iterated(*hash, &[salt, attempt.password], *rounds, attempt.limits, attempt.tick)?,
            Some(hash) => pbkdf2(hash, attempt.password, salt, *rounds, digest.len(), attempt.tick)?,
        };
        Ok(attempt.judge.same(&computed, digest))
    }
}

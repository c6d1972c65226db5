//! Message brokers and coordinators: RabbitMQ, Mosquitto, ZooKeeper.

use crate::Error;
use crate::encoding::{b64, exactly, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "rabbitmq-sha256",
        example: "<salt, 4 bytes, and SHA-256, base64>",
        must_name: true,
        note: "RabbitMQ 3.6 and later: rabbit_password_hashing_sha256",
        scheme: &RabbitMq(Hash::Sha256),
        ..ROW
    },
    Format {
        name: "mosquitto-sha512",
        example: "$6$<salt, base64>$<hash, base64>",
        note: "Mosquitto before 2.0; not crypt(3)'s $6$",
        scheme: &MosquittoSha512,
        ..ROW
    },
    Format {
        name: "mosquitto-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "$7$<iterations>$<salt, base64>$<hash, base64>",
        note: "Mosquitto 2.0 and later, with 101 iterations unless told otherwise",
        scheme: &MosquittoPbkdf2,
        ..ROW
    },
    Format {
        name: "zookeeper-digest",
        example: "<login>:<SHA-1, base64>; also without the login",
        needs_login: true,
        must_name: true,
        note: "ACLs of ZooKeeper's scheme digest",
        scheme: &ZooKeeper,
        ..ROW
    },
];

/// The salt and the digest of salt and password.
pub(crate) struct RabbitMq(Hash);

impl RabbitMq {
    const SALT_BYTES: usize = 4;

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let bytes = b64(text, "rabbitmq hash")?;
        if bytes.len() == Self::SALT_BYTES + self.0.len() {
            Ok(bytes)
        } else {
            Err(Error::Malformed("rabbitmq hash length"))
        }
    }
}

impl Scheme for RabbitMq {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let (salt, digest) = stored.split_at(Self::SALT_BYTES);
        Ok(attempt.judge.same(&self.0.of(&[salt, attempt.password]), digest))
    }
}

/// SHA-512 of password and salt.
pub(crate) struct MosquittoSha512;

impl MosquittoSha512 {
    fn parse(text: &str) -> Result<(Vec<u8>, [u8; 64]), Error> {
        let rest = text.strip_prefix("$6$").ok_or(Error::Malformed("mosquitto prefix"))?;
        let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("mosquitto fields"))?;
        let hash = exactly(b64(hash, "mosquitto hash")?, "mosquitto hash length")?;
        Ok((b64(salt, "mosquitto salt")?, hash))
    }
}

impl Scheme for MosquittoSha512 {
    fn recognise(&self, hash: &str) -> bool {
        // The padding tells it from crypt(3)'s, whose alphabet has none.
        hash.starts_with("$6$") && hash.ends_with('=')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, digest) = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&Hash::Sha512.of(&[attempt.password, &salt]), &digest))
    }
}

/// PBKDF2 over HMAC-SHA-512.
pub(crate) struct MosquittoPbkdf2;

impl MosquittoPbkdf2 {
    fn parse(text: &str, limits: &Limits) -> Result<(u64, Vec<u8>, [u8; 64]), Error> {
        let rest = text.strip_prefix("$7$").ok_or(Error::Malformed("mosquitto prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [iterations, salt, hash] = fields[..] else { return Err(Error::Malformed("mosquitto fields")) };
        let iterations = number(iterations, "mosquitto iterations")?;
        let hash: [u8; 64] = exactly(b64(hash, "mosquitto hash")?, "mosquitto hash length")?;
        check(Hash::Sha512, iterations, hash.len(), limits)?;
        Ok((iterations, b64(salt, "mosquitto salt")?, hash))
    }
}

impl Scheme for MosquittoPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        // crypt(3)'s $7$ has neither a field of digits alone nor padding.
        let rest = hash.strip_prefix("$7$").and_then(|rest| rest.split_once('$'));
        rest.is_some_and(|(iterations, rest)| {
            !iterations.is_empty()
                && iterations.bytes().all(|b| b.is_ascii_digit())
                && rest.contains('$')
                && rest.ends_with('=')
        })
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (iterations, salt, stored) = Self::parse(attempt.hash, attempt.limits)?;
        let key = pbkdf2(Hash::Sha512, attempt.password, &salt, iterations, stored.len(), attempt.tick)?;
        Ok(attempt.judge.same(&key, &stored))
    }
}

/// SHA-1 of `login:password`.
pub(crate) struct ZooKeeper;

impl ZooKeeper {
    /// The login, if the string names it, and the hash.
    fn parse(text: &str) -> Result<(Option<&str>, [u8; 20]), Error> {
        let (login, hash) = match text.rsplit_once(':') {
            Some((login, hash)) => (Some(login), hash),
            None => (None, text),
        };
        Ok((login, exactly(b64(hash, "zookeeper hash")?, "zookeeper hash length")?))
    }
}

impl Scheme for ZooKeeper {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn carries_login(&self, hash: &str) -> bool {
        hash.contains(':')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (login, digest) = Self::parse(attempt.hash)?;
        let login = login.unwrap_or(attempt.login).as_bytes();
        Ok(attempt.judge.same(&Hash::Sha1.of(&[login, b":", attempt.password]), &digest))
    }
}

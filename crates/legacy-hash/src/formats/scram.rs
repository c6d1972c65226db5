//! SCRAM credentials (RFC 5802, RFC 7677): PostgreSQL's, Dovecot's, MongoDB's.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::ldap::braced;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "postgres-scram-sha256",
        strength: Strength::Acceptable,
        example: "SCRAM-SHA-256$<iterations>:<salt, base64>$<stored key>:<server key>",
        note: "PostgreSQL's roles, pgbouncer",
        scheme: &Scram { name: "SCRAM-SHA-256", hash: Hash::Sha256, braces: false },
        ..ROW
    },
    Format {
        name: "scram-sha256",
        strength: Strength::Acceptable,
        example: "{SCRAM-SHA-256}<iterations>,<salt, base64>,<stored key>,<server key>",
        note: "Dovecot",
        scheme: &Scram { name: "SCRAM-SHA-256", hash: Hash::Sha256, braces: true },
        ..ROW
    },
    Format {
        name: "scram-sha1",
        strength: Strength::Acceptable,
        example: "{SCRAM-SHA-1}<iterations>,<salt, base64>,<stored key>,<server key>",
        note: "Dovecot; in the notation of RFC 5803 too",
        scheme: &Scram { name: "SCRAM-SHA-1", hash: Hash::Sha1, braces: true },
        ..ROW
    },
    Format {
        name: "mongodb-scram-sha1",
        strength: Strength::Acceptable,
        example: "$mongodb-scram$*0*<login, base64>*<iterations>*<salt, base64>*<server key>",
        note: "also the JSON of the user's credentials (with the login), and John's $scram$<login>$…",
        scheme: &MongoDb { hash: Hash::Sha1, kind: "0", name: "SCRAM-SHA-1" },
        ..ROW
    },
    Format {
        name: "mongodb-scram-sha256",
        strength: Strength::Acceptable,
        example: "$mongodb-scram$*1*<login, base64>*<iterations>*<salt, base64>*<server key>",
        note: "also the JSON of the user's credentials",
        scheme: &MongoDb { hash: Hash::Sha256, kind: "1", name: "SCRAM-SHA-256" },
        ..ROW
    },
];

/// Which key the system stores.
#[derive(Clone, Copy)]
enum Key {
    /// The digest of the client's key.
    Stored,
    Server,
}

/// A credential. Its cost has not been compared with any limit.
struct Credential {
    hash: Hash,
    iterations: u64,
    salt: Vec<u8>,
    kind: Key,
    key: Vec<u8>,
}

impl Credential {
    fn new(hash: Hash, kind: Key, iterations: u64, salt: &str, key: &str) -> Result<Self, Error> {
        let key = b64(key, "scram key")?;
        if key.len() != hash.len() {
            return Err(Error::Malformed("scram key length"));
        }
        Ok(Self { hash, iterations, salt: b64(salt, "scram salt")?, kind, key })
    }

    fn check(&self, limits: &Limits) -> Result<(), Error> {
        check(self.hash, self.iterations, self.hash.len(), limits)
    }

    fn is_of(&self, password: &[u8], attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.limits)?;
        let len = self.hash.len();
        let salted = pbkdf2(self.hash, password, &self.salt, self.iterations, len, attempt.tick)?;
        let key = match self.kind {
            Key::Stored => self.hash.of(&[&self.hash.hmac(&salted, &[b"Client Key"])]),
            Key::Server => self.hash.hmac(&salted, &[b"Server Key"]),
        };
        Ok(attempt.judge.same(&key, &self.key))
    }

    /// Of the password as SASLprep makes it, or else as it is: not all servers prepare passwords.
    fn is_of_either(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let password = attempt.password;
        let prepared = saslprep(password);
        if self.is_of(&prepared, attempt)? {
            return Ok(true);
        }
        Ok(prepared[..] != *password && self.is_of(password, attempt)?)
    }
}

/// SASLprep (RFC 4013), or the password itself where that fails, as PostgreSQL does.
pub(crate) fn saslprep(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let prepared = std::str::from_utf8(password).ok().and_then(|text| stringprep::saslprep(text).ok());
    Zeroizing::new(prepared.map_or_else(|| password.to_vec(), |text| text.into_owned().into_bytes()))
}

/// `NAME$iterations:salt$stored:server`, `{NAME}iterations,salt,stored,server`
pub(crate) struct Scram {
    name: &'static str,
    hash: Hash,
    /// The format is the one in braces. SHA-1 has no other.
    braces: bool,
}

impl Scram {
    fn fields<'a>(&self, text: &'a str) -> Option<[&'a str; 4]> {
        self.rest(text)?.split([',', '$', ':']).collect::<Vec<_>>().try_into().ok()
    }

    fn rest<'a>(&self, text: &'a str) -> Option<&'a str> {
        if let Some((scheme, rest)) = braced(text) {
            return (self.braces && scheme.eq_ignore_ascii_case(self.name)).then_some(rest);
        }
        let (head, rest) = text.split_at_checked(self.name.len())?;
        let ours = head.eq_ignore_ascii_case(self.name) && (!self.braces || self.hash == Hash::Sha1);
        if ours { rest.strip_prefix('$') } else { None }
    }

    fn parse(&self, text: &str) -> Result<Credential, Error> {
        let [iterations, salt, stored, server] = self.fields(text).ok_or(Error::Malformed("scram fields"))?;
        if b64(server, "scram key")?.len() != self.hash.len() {
            return Err(Error::Malformed("scram key length"));
        }
        Credential::new(self.hash, Key::Stored, number(iterations, "scram iterations")?, salt, stored)
    }
}

impl Scheme for Scram {
    fn recognise(&self, hash: &str) -> bool {
        self.rest(hash).is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.is_of_either(attempt)
    }
}

/// SCRAM-SHA-1 over MongoDB's older digest of login and password; SCRAM-SHA-256 as the standard has it.
pub(crate) struct MongoDb {
    hash: Hash,
    kind: &'static str,
    name: &'static str,
}

impl MongoDb {
    /// The credential, and the login if the string has it.
    fn parse(&self, text: &str) -> Result<(Credential, Option<Vec<u8>>), Error> {
        if text.starts_with('{') {
            return Ok((self.json(text)?, None));
        }
        if let Some(rest) = text.strip_prefix("$scram$") {
            let fields: Vec<&str> = rest.split('$').collect();
            let [login, iterations, salt, key] = fields[..] else {
                return Err(Error::Malformed("scram fields"));
            };
            let iterations = number(iterations, "scram iterations")?;
            let credential = Credential::new(self.hash, Key::Stored, iterations, salt, key)?;
            return Ok((credential, Some(login.as_bytes().to_vec())));
        }
        let rest = text.strip_prefix("$mongodb-scram$*").ok_or(Error::Malformed("scram prefix"))?;
        let fields: Vec<&str> = rest.split('*').collect();
        let [kind, login, iterations, salt, key] = fields[..] else {
            return Err(Error::Malformed("scram fields"));
        };
        if kind != self.kind {
            return Err(Error::Malformed("scram prefix"));
        }
        let iterations = number(iterations, "scram iterations")?;
        let credential = Credential::new(self.hash, Key::Server, iterations, salt, key)?;
        Ok((credential, Some(b64(login, "scram login")?)))
    }

    fn json(&self, text: &str) -> Result<Credential, Error> {
        let whole: Value = serde_json::from_str(text).map_err(|_| Error::Malformed("scram json"))?;
        let value = [&whole["credentials"][self.name], &whole[self.name], &whole]
            .into_iter()
            .find(|value| value.get("storedKey").is_some())
            .ok_or(Error::Malformed("scram json"))?;
        let field = |name| value[name].as_str().ok_or(Error::Malformed("scram json"));
        let iterations = value["iterationCount"].as_u64().ok_or(Error::Malformed("scram iterations"))?;
        Credential::new(self.hash, Key::Stored, iterations, field("salt")?, field("storedKey")?)
    }
}

impl Scheme for MongoDb {
    fn recognise(&self, hash: &str) -> bool {
        if hash.starts_with('{') {
            // Where both are stored, the stronger one is taken.
            let stronger = hash.contains("\"SCRAM-SHA-256\"");
            return hash.contains(&format!("\"{}\"", self.name)) && stronger == (self.hash == Hash::Sha256);
        }
        let john = self.hash == Hash::Sha1 && hash.starts_with("$scram$") && hash.matches('$').count() == 5;
        john || hash.strip_prefix("$mongodb-scram$*").is_some_and(|rest| rest.starts_with(self.kind))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.0.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (credential, login) = self.parse(attempt.hash)?;
        if self.hash != Hash::Sha1 {
            return credential.is_of_either(attempt);
        }
        let login = login.unwrap_or_else(|| attempt.login.as_bytes().to_vec());
        if login.is_empty() {
            return Err(Error::MissingLogin);
        }
        let digest = Zeroizing::new(hex::encode(Hash::Md5.of(&[&login, b":mongo:", attempt.password])));
        credential.is_of(digest.as_bytes(), attempt)
    }
}

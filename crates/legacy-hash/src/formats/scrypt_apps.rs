//! scrypt as identity providers and libraries of their own write it.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::text::{characters, nfkc};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "better-auth-scrypt",
        aliases: &["oslo-scrypt", "lucia-scrypt"],
        strength: Strength::Strong,
        example: "<salt, 32 hex digits>:<hash, 128 hex digits>",
        note: "better-auth, oslo, Lucia (s2:…): over the salt's hex and the password in NFKC",
        scheme: &BetterAuth,
        ..ROW
    },
    Format {
        name: "stytch-scrypt",
        strength: Strength::Strong,
        example: "<hash, base64>",
        needs_salt: true,
        must_name: true,
        note: "N = 32768; the salt is hashed as the base64 text that it is",
        scheme: &Stytch,
        ..ROW
    },
    Format {
        name: "ruby-scrypt",
        strength: Strength::Strong,
        example: "<N, hex>$<r, hex>$<p, hex>$<salt, hex>$<hash, hex>",
        note: "the scrypt gem, Authlogic",
        scheme: &Ruby,
        ..ROW
    },
    Format {
        name: "hashcat-scrypt",
        strength: Strength::Strong,
        example: "SCRYPT:<N>:<r>:<p>:<salt, base64>:<hash, base64>",
        note: "Perl's Crypt::ScryptKDF",
        scheme: &Separated { prefix: "SCRYPT:", separator: ':' },
        ..ROW
    },
    Format {
        name: "scryptkdf-pm",
        strength: Strength::Strong,
        example: "$ScryptKDF.pm$<N>*<r>*<p>*<salt, base64>*<hash, base64>",
        note: "Crypt::ScryptKDF as John the Ripper writes it",
        scheme: &Separated { prefix: "$ScryptKDF.pm$", separator: '*' },
        ..ROW
    },
];

/// What all of them come down to.
struct Parsed {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn new(cost: Cost, salt: Vec<u8>, hash: Vec<u8>) -> Result<Self, Error> {
        // 64 bytes are usual, and what is shorter than 16 is a digest of nothing.
        if !(16..=256).contains(&hash.len()) {
            return Err(Error::Malformed("scrypt hash length"));
        }
        Ok(Self { cost, salt, hash })
    }

    fn verify(&self, password: &[u8], attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let computed =
            scrypt(password, &self.salt, self.cost, self.hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.hash))
    }
}

/// `salt:hash` in hex.
pub(crate) struct BetterAuth;

impl BetterAuth {
    const COST: Cost = Cost { log_n: 14, r: 16, p: 1 };

    fn parse(text: &str) -> Result<Parsed, Error> {
        let rest = text.strip_prefix("s2:").unwrap_or(text);
        let (salt, hash) = rest.split_once(':').ok_or(Error::Malformed("better-auth fields"))?;
        if salt.len() != 32 || hash.len() != 128 {
            return Err(Error::Malformed("better-auth length"));
        }
        hex(salt, "better-auth salt")?;
        Parsed::new(Self::COST, salt.as_bytes().to_vec(), hex(hash, "better-auth hash")?)
    }
}

impl Scheme for BetterAuth {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let password = Zeroizing::new(nfkc(&characters(attempt.password)));
        Self::parse(attempt.hash)?.verify(password.as_bytes(), attempt)
    }
}

/// The hash; the salt has a column.
pub(crate) struct Stytch;

impl Stytch {
    const COST: Cost = Cost { log_n: 15, r: 8, p: 1 };

    fn split(text: &str) -> (&str, Option<&str>) {
        match text.split_once(':') {
            Some((hash, salt)) => (hash, Some(salt)),
            None => (text, None),
        }
    }

    fn parse(text: &str, salt: &[u8]) -> Result<Parsed, Error> {
        let (hash, carried) = Self::split(text);
        let salt = carried.map_or(salt, str::as_bytes).to_vec();
        let hash = b64(hash, "stytch hash")?;
        if hash.len() != 32 {
            return Err(Error::Malformed("stytch hash length"));
        }
        Parsed::new(Self::COST, salt, hash)
    }
}

impl Scheme for Stytch {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash, &[]).is_ok()
    }

    fn carries_salt(&self, hash: &str) -> bool {
        Self::split(hash).1.is_some()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash, &[])?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Self::parse(attempt.hash, attempt.salt())?.verify(attempt.password, attempt)
    }
}

/// `400$8$1$salt$hash`, all in hex.
pub(crate) struct Ruby;

impl Ruby {
    fn fields(text: &str) -> Option<[&str; 5]> {
        let fields: Vec<&str> = text.split('$').collect();
        fields.try_into().ok()
    }

    fn parse(text: &str) -> Result<Parsed, Error> {
        let [n, r, p, salt, hash] = Self::fields(text).ok_or(Error::Malformed("ruby scrypt fields"))?;
        let number = |text: &str| match text.bytes().all(|b| b.is_ascii_hexdigit()) && !text.is_empty() {
            true => Ok(u64::from_str_radix(text, 16).unwrap_or(u64::MAX)),
            false => Err(Error::Malformed("ruby scrypt parameters")),
        };
        let cost = Cost::from_n(number(n)?, number(r)?, number(p)?)?;
        let mut salt = hex(salt, "ruby scrypt salt")?;
        // The gem drops zero bytes at the beginning of a salt.
        let zeros = salt.iter().take_while(|&&byte| byte == 0).count();
        salt.drain(..zeros);
        Parsed::new(cost, salt, hex(hash, "ruby scrypt hash")?)
    }
}

impl Scheme for Ruby {
    fn recognise(&self, hash: &str) -> bool {
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        Self::fields(hash).is_some_and(|fields| fields.iter().all(|field| is_hex(field)))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Self::parse(attempt.hash)?.verify(attempt.password, attempt)
    }
}

/// N, r, p, salt and hash, with something between.
pub(crate) struct Separated {
    pub(crate) prefix: &'static str,
    pub(crate) separator: char,
}

impl Separated {
    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        const PART: &str = "scrypt parameters";
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("scrypt prefix"))?;
        let fields: Vec<&str> = rest.split(self.separator).collect();
        let [n, r, p, salt, hash] = fields[..] else { return Err(Error::Malformed("scrypt fields")) };
        let cost = Cost::from_n(number(n, PART)?, number(r, PART)?, number(p, PART)?)?;
        Parsed::new(cost, b64(salt, "scrypt salt")?, b64(hash, "scrypt hash")?)
    }
}

impl Scheme for Separated {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(attempt.password, attempt)
    }
}

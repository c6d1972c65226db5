//! Pbkdf2PasswordEncoder, SCryptPasswordEncoder, and how the slow ones are made anew.

use crate::Error;
use crate::encoding::{b64, hex};
use crate::format::Scheme;
use crate::formats::argon2::{NewArgon2, lanes, memory, passes};
use crate::formats::bcrypt::NewBcrypt;
use crate::formats::spring::after_id;
use crate::kdf::Tick;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

/// Salt and hash in one hex, or base64; the salt and the encoder's secret are PBKDF2's salt.
pub(crate) struct Pbkdf2Encoder {
    id: &'static str,
    hash: Hash,
    salt_len: usize,
    iterations: u64,
}

pub(crate) const V5_5: Pbkdf2Encoder =
    Pbkdf2Encoder { id: "{pbkdf2}", hash: Hash::Sha1, salt_len: 8, iterations: 185_000 };
pub(crate) const V5_8: Pbkdf2Encoder = Pbkdf2Encoder {
    id: "{pbkdf2@SpringSecurity_v5_8}",
    hash: Hash::Sha256,
    salt_len: 16,
    iterations: 310_000,
};

/// Of either version.
const HASH_BYTES: usize = 32;

impl Pbkdf2Encoder {
    fn parse(&self, text: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let encoded = text.strip_prefix(self.id).unwrap_or(text);
        let len = self.salt_len + HASH_BYTES;
        let mut salt = match encoded.len() == 2 * len {
            true => hex(encoded, "spring hash")?,
            false => b64(encoded, "spring hash")?,
        };
        if salt.len() != len {
            return Err(Error::Malformed("spring hash length"));
        }
        let hash = salt.split_off(self.salt_len);
        Ok((salt, hash))
    }

    fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        tick: Tick<'_>,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
        pbkdf2(self.hash, password, salt, self.iterations, HASH_BYTES, tick)
    }
}

impl Scheme for Pbkdf2Encoder {
    fn recognise(&self, hash: &str) -> bool {
        match hash.strip_prefix(self.id) {
            // OpenLDAP and Dovecot have a number or a dollar next, and dollars later.
            Some(rest) => !rest.contains('$'),
            // SQL Server's 0x0100 is base64 too, if one likes.
            None => self.salt_len == V5_5.salt_len && !hash.starts_with("0x0") && self.parse(hash).is_ok(),
        }
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        check(self.hash, self.iterations, HASH_BYTES, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (salt, hash) = self.parse(attempt.hash)?;
        let salt = [&salt, attempt.pepper].concat();
        Ok(attempt.judge.same(&self.derive(attempt.password, &salt, attempt.tick)?, &hash))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        (self.salt_len == V5_8.salt_len).then_some(self)
    }
}

impl Produce for Pbkdf2Encoder {
    fn name(&self) -> &'static str {
        "spring-pbkdf2-v5_8"
    }

    /// None: the encoder has its iterations in its configuration, not in the string.
    fn knobs(&self) -> &'static [Knob] {
        &[]
    }

    fn produce(&self, password: &[u8], _: &[u32], limits: &Limits, tick: Tick<'_>) -> Result<String, Error> {
        check(self.hash, self.iterations, HASH_BYTES, limits)?;
        let salt: [u8; 16] = random::bytes()?;
        let hash = self.derive(password, &salt, tick)?;
        Ok(format!("{}{}{}", self.id, hex::encode(salt), hex::encode(&*hash)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        self.parse(hash).ok().map(|_| Measured { values: Vec::new(), current: true })
    }
}

/// `$e0801$salt$hash`: log2 N, r and p as one number in hex.
pub(crate) struct SpringScrypt;

impl SpringScrypt {
    const IDS: [&str; 3] = ["{scrypt}", "{scrypt@SpringSecurity_v5_8}", "$s0"];

    fn fields(text: &str) -> Option<[&str; 3]> {
        let rest = after_id(text, &Self::IDS).unwrap_or(text).strip_prefix('$')?;
        let fields: Vec<&str> = rest.split('$').collect();
        fields.try_into().ok()
    }

    fn parse(text: &str) -> Result<(Cost, Vec<u8>, Vec<u8>), Error> {
        let [params, salt, hash] = Self::fields(text).ok_or(Error::Malformed("spring scrypt fields"))?;
        let params =
            u32::from_str_radix(params, 16).map_err(|_| Error::Malformed("spring scrypt parameters"))?;
        let cost = Cost { log_n: params >> 16, r: (params >> 8 & 0xFF).into(), p: (params & 0xFF).into() };
        let hash = b64(hash, "spring scrypt hash")?;
        if !(16..=64).contains(&hash.len()) {
            return Err(Error::Malformed("spring scrypt hash length"));
        }
        Ok((cost, b64(salt, "spring scrypt salt")?, hash))
    }
}

impl Scheme for SpringScrypt {
    fn recognise(&self, hash: &str) -> bool {
        let is_params =
            |text: &str| (5..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        after_id(hash, &Self::IDS).is_some_and(|rest| rest.starts_with('$'))
            || Self::fields(hash).is_some_and(|[params, ..]| is_params(params)) && Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.0.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (cost, salt, hash) = Self::parse(attempt.hash)?;
        let computed = scrypt(attempt.password, &salt, cost, hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

/// New `{bcrypt}$2a$…`.
pub(crate) const NEW_BCRYPT: NewBcrypt =
    NewBcrypt { name: "spring-bcrypt", aliases: &[], wrapper: "{bcrypt}", prefix: "$2a$", is_strict: false };

/// New `{argon2@SpringSecurity_v5_8}$argon2id$…`, as Argon2PasswordEncoder.defaultsForSpringSecurity_v5_8 makes them.
pub(crate) const NEW_ARGON2: NewArgon2 = NewArgon2 {
    name: "spring-argon2",
    prefix: "{argon2@SpringSecurity_v5_8}",
    knobs: &[memory(16_384), passes(2), lanes(1)],
};

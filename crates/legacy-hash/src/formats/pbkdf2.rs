//! PBKDF2 as Django and passlib write it.

use crate::Error;
use crate::encoding::{ab64, b64, number, to_b64, to_b64_padded};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Tick;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::{Limits, PBKDF2_WORK_ABSOLUTE};
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "django-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "pbkdf2_sha256$<iterations>$<salt, text>$<hash, base64>",
        can_produce: true,
        note: "Django's default",
        scheme: &DjangoPbkdf2 { prefix: "pbkdf2_sha256$", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "django-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "pbkdf2_sha1$<iterations>$<salt, text>$<hash, base64>",
        note: "",
        scheme: &DjangoPbkdf2 { prefix: "pbkdf2_sha1$", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "$pbkdf2$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "ab64 is base64 with . for + and no padding",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2$", hash: Hash::Sha1 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha224",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha224$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha224$", hash: Hash::Sha224 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha384",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha384$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha384$", hash: Hash::Sha384 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha256$<iterations>$<salt, ab64>$<hash, ab64>",
        can_produce: true,
        note: "",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha256$", hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha512$<iterations>$<salt, ab64>$<hash, ab64>",
        can_produce: true,
        note: "Odoo, GitLab",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha512$", hash: Hash::Sha512 },
        ..ROW
    },
];

/// `pbkdf2_sha256$iterations$salt$hash`: the salt is hashed as the text that it is.
pub(crate) struct DjangoPbkdf2 {
    pub(crate) prefix: &'static str,
    pub(crate) hash: Hash,
}

impl DjangoPbkdf2 {
    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let (iterations, salt, hash) = split(text, self.prefix)?;
        Ok(Parsed { iterations, salt: salt.as_bytes().to_vec(), hash: b64(hash, "pbkdf2 hash")? })
    }
}

impl Scheme for DjangoPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.check(self.hash, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(self.hash, attempt)
    }

    fn producer(&self) -> Option<&dyn Produce> {
        (self.hash == Hash::Sha256).then_some(self)
    }
}

/// `$pbkdf2-sha256$iterations$salt$hash`: salt and hash in adapted base64. `$pbkdf2$` is SHA-1.
pub(crate) struct PasslibPbkdf2 {
    pub(crate) prefix: &'static str,
    pub(crate) hash: Hash,
}

impl PasslibPbkdf2 {
    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let (iterations, salt, hash) = split(text, self.prefix)?;
        Ok(Parsed { iterations, salt: ab64(salt, "pbkdf2 salt")?, hash: ab64(hash, "pbkdf2 hash")? })
    }
}

impl Scheme for PasslibPbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        // A number must follow: PHC strings with i= and l= share the prefix.
        hash.strip_prefix(self.prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.check(self.hash, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.parse(attempt.hash)?.verify(self.hash, attempt)
    }

    fn producer(&self) -> Option<&dyn Produce> {
        matches!(self.prefix, "$pbkdf2-sha256$" | "$pbkdf2-sha512$").then_some(self)
    }
}

impl Produce for PasslibPbkdf2 {
    fn name(&self) -> &'static str {
        if self.hash == Hash::Sha512 { "passlib-pbkdf2-sha512" } else { "passlib-pbkdf2-sha256" }
    }

    fn knobs(&self) -> &'static [Knob] {
        // OWASP's numbers; passlib's own, of 2017, are a tenth of them.
        const fn iterations(default: u32) -> Knob {
            let max = PBKDF2_WORK_ABSOLUTE as u32;
            Knob { name: "iterations", default, min: 1, max, strengthens: true }
        }
        match self.hash {
            Hash::Sha512 => const { &[iterations(210_000)] },
            _ => const { &[iterations(600_000)] },
        }
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let [iterations] = *values else { return Err(Error::BadPolicy("pbkdf2 has one parameter")) };
        check(self.hash, iterations.into(), self.hash.len(), limits)?;
        let salt: [u8; 16] = random::bytes()?;
        let hash = pbkdf2(self.hash, password, &salt, iterations.into(), self.hash.len(), tick)?;
        let ab64 = |bytes: &[u8]| to_b64(bytes).replace('+', ".");
        Ok(format!("{}{iterations}${}${}", self.prefix, ab64(&salt), ab64(&hash)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        Some(Measured { values: vec![self.parse(hash).ok()?.iterations], current: true })
    }
}

/// The parts of a PBKDF2 string. Its cost has not been compared with any limit.
struct Parsed {
    iterations: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn check(&self, hash: Hash, limits: &Limits) -> Result<(), Error> {
        check(hash, self.iterations, hash.len(), limits)?;
        // Both families always store the whole digest, no more and no less.
        if self.hash.len() != hash.len() {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        Ok(())
    }

    fn verify(&self, hash: Hash, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(hash, attempt.limits)?;
        let computed =
            pbkdf2(hash, attempt.password, &self.salt, self.iterations, self.hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.hash))
    }
}

/// Iterations, salt and hash after the prefix.
fn split<'a>(text: &'a str, prefix: &str) -> Result<(u64, &'a str, &'a str), Error> {
    let rest = text.strip_prefix(prefix).ok_or(Error::Malformed("pbkdf2 prefix"))?;
    let fields: Vec<&str> = rest.split('$').collect();
    let [iterations, salt, hash] = fields[..] else { return Err(Error::Malformed("pbkdf2 fields")) };
    Ok((number(iterations, "pbkdf2 iterations")?, salt, hash))
}

impl Produce for DjangoPbkdf2 {
    fn name(&self) -> &'static str {
        "django-pbkdf2-sha256"
    }

    fn knobs(&self) -> &'static [Knob] {
        // Django 6.0's own number; OWASP asks for 600,000.
        &[Knob {
            name: "iterations",
            default: 1_200_000,
            min: 1,
            max: PBKDF2_WORK_ABSOLUTE as u32,
            strengthens: true,
        }]
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let [iterations] = *values else { return Err(Error::BadPolicy("pbkdf2 has one parameter")) };
        check(self.hash, iterations.into(), self.hash.len(), limits)?;
        // Django's own salt: 22 letters and digits, 128 bits.
        let salt = random::alphanumerics(22)?;
        let hash = pbkdf2(self.hash, password, salt.as_bytes(), iterations.into(), self.hash.len(), tick)?;
        Ok(format!("{}{iterations}${salt}${}", self.prefix, to_b64_padded(&hash)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        Some(Measured { values: vec![self.parse(hash).ok()?.iterations], current: true })
    }
}

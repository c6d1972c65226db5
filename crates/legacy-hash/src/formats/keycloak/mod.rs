//! Keycloak's password credentials: the two JSON documents of its credential table, in whichever way an export put them
//! into one text, and the bare value of older tables.

mod document;

use argon2::{Algorithm, Version};

use crate::Error;
use crate::encoding::{b64, number, to_b64_padded};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::keycloak::document::Fields;
use crate::kdf::Tick;
use crate::kdf::argon2::{Cost, Input, argon2};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::{
    ARGON2_LANES, ARGON2_MEMORY_KIB_ABSOLUTE, ARGON2_PASSES_ABSOLUTE, Limits, PBKDF2_WORK_ABSOLUTE,
};
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "keycloak-json-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "{<credentialData with the algorithm pbkdf2-sha512, and secretData>}",
        can_produce: true,
        note: "the two documents merged, nested, as text in text, or one after the other; or secretData as the salt",
        scheme: &Json(Algorithmic::Pbkdf2("pbkdf2-sha512", Hash::Sha512)),
        ..ROW
    },
    Format {
        name: "keycloak-json-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "{<credentialData with the algorithm pbkdf2-sha256, and secretData>}",
        note: "Keycloak 4 to 23",
        scheme: &Json(Algorithmic::Pbkdf2("pbkdf2-sha256", Hash::Sha256)),
        ..ROW
    },
    Format {
        name: "keycloak-json-pbkdf2",
        strength: Strength::Acceptable,
        example: "{<algorithm pbkdf2, hashIterations, hashedSaltedValue and salt>}",
        note: "SHA-1; Keycloak before 4",
        scheme: &Json(Algorithmic::Pbkdf2("pbkdf2", Hash::Sha1)),
        ..ROW
    },
    Format {
        name: "keycloak-json-argon2",
        strength: Strength::Strong,
        example: "{<credentialData with the algorithm argon2, and secretData>}",
        can_produce: true,
        note: "Keycloak 24 and later",
        scheme: &Json(Algorithmic::Argon2),
        ..ROW
    },
    Format {
        name: "keycloak-pbkdf2",
        strength: Strength::Acceptable,
        example: "<value, base64>; also <algorithm>$<iterations>$<value>",
        needs_salt: true,
        must_name: true,
        note: "salt in base64 or decoded; a bare value is tried with what releases had as defaults",
        scheme: &Bare,
        ..ROW
    },
];

/// The two kinds of algorithms that the JSON names.
pub(crate) enum Algorithmic {
    Pbkdf2(&'static str, Hash),
    Argon2,
}

/// Both JSON documents.
pub(crate) struct Json(pub(crate) Algorithmic);

impl Json {
    const fn algorithm(&self) -> &'static str {
        match self.0 {
            Algorithmic::Pbkdf2(name, _) => name,
            Algorithmic::Argon2 => "argon2",
        }
    }

    fn fields(&self, text: &str) -> Result<Fields, Error> {
        let fields = Fields::parse(text)?;
        // Rows from before there was a choice have none.
        match fields.algorithm.as_deref().unwrap_or("pbkdf2") == self.algorithm() {
            true => Ok(fields),
            false => Err(Error::Malformed("keycloak algorithm")),
        }
    }

    fn check_fields(&self, fields: &Fields, limits: &Limits) -> Result<(), Error> {
        let salt = fields.salt()?.unwrap_or_default();
        match fields.value()? {
            Some(value) => self.check_value(fields, &salt, &value, limits),
            // The other document may be the salt: then it is the hash that tells what it costs, not how long it is.
            None => self.check_value(fields, &[0; 16], &[0; 32], limits),
        }
    }

    fn check_value(&self, fields: &Fields, salt: &[u8], value: &[u8], limits: &Limits) -> Result<(), Error> {
        match self.0 {
            Algorithmic::Pbkdf2(_, hash) => check(hash, fields.iterations()?, value.len(), limits),
            Algorithmic::Argon2 => input(fields, salt, value)?.check(limits),
        }
    }
}

fn input<'a>(fields: &Fields, salt: &'a [u8], value: &[u8]) -> Result<Input<'a>, Error> {
    const PART: &str = "keycloak argon2 parameters";
    let of = |text: &Option<String>| number(text.as_deref().ok_or(Error::Malformed(PART))?, PART);
    let algorithm = match fields.argon2_type.as_deref() {
        Some("id") | None => Algorithm::Argon2id,
        Some("i") => Algorithm::Argon2i,
        Some("d") => Algorithm::Argon2d,
        Some(_) => return Err(Error::Malformed(PART)),
    };
    let version = match fields.version.as_deref() {
        Some("1.3") | None => Version::V0x13,
        Some("1.0") => Version::V0x10,
        Some(_) => return Err(Error::Malformed(PART)),
    };
    let cost = Cost { m: of(&fields.memory)?, t: fields.iterations()?, p: of(&fields.parallelism)? };
    Ok(Input { algorithm, version, cost, salt, data: &[], len: value.len() })
}

impl Scheme for Json {
    fn recognise(&self, hash: &str) -> bool {
        document::names_algorithm(hash, self.algorithm())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.check_fields(&self.fields(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let mut fields = self.fields(attempt.hash)?;
        if let Some(column) = attempt.salt {
            fields.add_column(column);
        }
        let value = fields.value()?.ok_or(Error::Malformed("keycloak value"))?;
        let salt = fields.salt()?.ok_or(Error::MissingSalt)?;
        self.check_value(&fields, &salt, &value, attempt.limits)?;
        let computed = match self.0 {
            Algorithmic::Pbkdf2(_, hash) => {
                pbkdf2(hash, attempt.password, &salt, fields.iterations()?, value.len(), attempt.tick)?
            }
            Algorithmic::Argon2 => {
                argon2(attempt.password, &input(&fields, &salt, &value)?, attempt.limits, attempt.tick)?
            }
        };
        Ok(attempt.judge.same(&computed, &value))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        match self.0 {
            Algorithmic::Pbkdf2(_, Hash::Sha512) | Algorithmic::Argon2 => Some(self),
            Algorithmic::Pbkdf2(..) => None,
        }
    }
}

const PBKDF2_KNOBS: &[Knob] = &[
    // Keycloak's own number since version 24.
    Knob {
        name: "iterations",
        default: 210_000,
        min: 1,
        max: PBKDF2_WORK_ABSOLUTE as u32,
        strengthens: true,
    },
];

/// Keycloak's own numbers; lanes add no work.
const ARGON2_KNOBS: &[Knob] = &[
    Knob { name: "memory", default: 7168, min: 8, max: ARGON2_MEMORY_KIB_ABSOLUTE, strengthens: true },
    Knob { name: "iterations", default: 5, min: 1, max: ARGON2_PASSES_ABSOLUTE, strengthens: true },
    Knob { name: "parallelism", default: 1, min: 1, max: ARGON2_LANES, strengthens: false },
];

impl Produce for Json {
    fn name(&self) -> &'static str {
        match self.0 {
            Algorithmic::Pbkdf2(..) => "keycloak-json-pbkdf2-sha512",
            Algorithmic::Argon2 => "keycloak-json-argon2",
        }
    }

    fn knobs(&self) -> &'static [Knob] {
        match self.0 {
            Algorithmic::Pbkdf2(..) => PBKDF2_KNOBS,
            Algorithmic::Argon2 => ARGON2_KNOBS,
        }
    }

    fn refuse(&self, values: &[u32]) -> Result<(), Error> {
        match *values {
            [memory, _, lanes] if memory < 8 * lanes => {
                Err(Error::BadPolicy("argon2 needs memory of at least 8 times parallelism"))
            }
            _ => Ok(()),
        }
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let salt: [u8; 16] = random::bytes()?;
        let (value, credential) = match (&self.0, values) {
            (Algorithmic::Pbkdf2(name, hash), &[iterations]) => {
                check(*hash, iterations.into(), hash.len(), limits)?;
                let value = pbkdf2(*hash, password, &salt, iterations.into(), hash.len(), tick)?;
                (value, document::credential(name, iterations, None))
            }
            (Algorithmic::Argon2, &[m, t, p]) => {
                let cost = Cost { m: m.into(), t: t.into(), p: p.into() };
                let input = Input {
                    algorithm: Algorithm::Argon2id,
                    version: Version::V0x13,
                    cost,
                    salt: &salt,
                    data: &[],
                    len: 32,
                };
                (argon2(password, &input, limits, tick)?, document::credential("argon2", t, Some((m, p))))
            }
            _ => return Err(Error::BadPolicy("keycloak hashes have one parameter, or three")),
        };
        Ok(document::importable(&credential, &to_b64_padded(&value), &to_b64_padded(&salt)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        let fields = self.fields(hash).ok()?;
        let (salt, value) = (fields.salt().ok()?.unwrap_or_default(), fields.value().ok()??);
        Some(match self.0 {
            Algorithmic::Pbkdf2(..) => Measured { values: vec![fields.iterations().ok()?], current: true },
            Algorithmic::Argon2 => {
                let Input { algorithm, version, cost: Cost { m, t, p }, .. } =
                    input(&fields, &salt, &value).ok()?;
                let current = (algorithm, version) == (Algorithm::Argon2id, Version::V0x13);
                Measured { values: vec![m, t, p], current }
            }
        })
    }
}

/// A digest and the iterations.
type Method = (Hash, u64);

/// The value alone, or the algorithm, the iterations and the value with anything between that is in none of them.
pub(crate) struct Bare;

impl Bare {
    fn parse(text: &str) -> Result<(Vec<Method>, Vec<u8>), Error> {
        let fields: Vec<&str> = text.trim_matches('$').split(['$', ':', '|', ',', ';']).collect();
        let (methods, value) = match fields[..] {
            [value] => (None, value),
            [iterations, value] => (Some((Hash::Sha1, iterations)), value),
            ["pbkdf2", iterations, value] => (Some((Hash::Sha1, iterations)), value),
            ["pbkdf2-sha256", iterations, value] => (Some((Hash::Sha256, iterations)), value),
            ["pbkdf2-sha512", iterations, value] => (Some((Hash::Sha512, iterations)), value),
            _ => return Err(Error::Malformed("keycloak fields")),
        };
        let value = b64(value, "keycloak value")?;
        let methods = match methods {
            Some((hash, iterations)) => vec![(hash, number(iterations, "keycloak iterations")?)],
            None => defaults(value.len())?.to_vec(),
        };
        Ok((methods, value))
    }
}

/// What a value of this length was made with, if nobody chose another number: the hash and the iterations.
fn defaults(len: usize) -> Result<&'static [Method], Error> {
    match len {
        64 => Ok(&[
            (Hash::Sha256, 27_500),
            (Hash::Sha256, 20_000),
            (Hash::Sha1, 20_000),
            (Hash::Sha1, 1),
            (Hash::Sha512, 30_000),
            (Hash::Sha512, 210_000),
        ]),
        32 => Ok(&[(Hash::Sha256, 27_500), (Hash::Sha256, 600_000)]),
        20 => Ok(&[(Hash::Sha1, 20_000), (Hash::Sha1, 1_300_000)]),
        _ => Err(Error::Malformed("keycloak value length")),
    }
}

impl Scheme for Bare {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        if hash.trim_start().starts_with('{') {
            return Fields::parse(hash).map(drop);
        }
        let (methods, value) = Self::parse(hash)?;
        methods.iter().try_for_each(|&(hash, iterations)| check(hash, iterations, value.len(), limits))
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        if attempt.hash.trim_start().starts_with('{') {
            return json_of_any_algorithm(attempt);
        }
        self.check(attempt.hash, attempt.limits)?;
        let (methods, value) = Self::parse(attempt.hash)?;
        let salt = document::column_salt(attempt.salt());
        for (hash, iterations) in methods {
            let computed = pbkdf2(hash, attempt.password, &salt, iterations, value.len(), attempt.tick)?;
            if attempt.judge.same(&computed, &value) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// credential_data as the hash, and secret_data as the salt, of whichever algorithm.
fn json_of_any_algorithm(attempt: &mut Attempt<'_>) -> Result<bool, Error> {
    let named = FORMATS.iter().filter(|format| !format.must_name);
    let mut fitting = named.filter(|format| format.scheme.recognise(attempt.hash));
    fitting.next().ok_or(Error::Malformed("keycloak algorithm"))?.scheme.verify(attempt)
}

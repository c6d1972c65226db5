//! argon2 as PHC strings, bare or after other software's prefixes, such as Django's.

use argon2::{Algorithm, Version};

use crate::Error;
use crate::encoding::{b64, number, to_b64};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Tick;
use crate::kdf::argon2::{Cost, Input, argon2};
use crate::limits::{ARGON2_LANES, ARGON2_MEMORY_KIB_ABSOLUTE, ARGON2_PASSES_ABSOLUTE, Limits};
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "argon2id-phc",
        aliases: &["argon2id"],
        strength: Strength::Strong,
        example: "$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        can_produce: true,
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::Id),
        ..ROW
    },
    Format {
        name: "argon2i-phc",
        aliases: &["argon2i"],
        strength: Strength::Strong,
        example: "$argon2i$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::I),
        ..ROW
    },
    Format {
        name: "argon2d-phc",
        aliases: &["argon2d"],
        strength: Strength::Strong,
        example: "$argon2d$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::D),
        ..ROW
    },
    Format {
        name: "django-argon2",
        strength: Strength::Strong,
        example: "argon2<argon2 hash>",
        can_produce: true,
        note: "the prefix argon2 before a PHC string of any variant",
        scheme: &WrappedArgon2 {
            prefix: "argon2$",
            part: "argon2 prefix",
            producer: Some(&NEW_DJANGO_ARGON2),
        },
        ..ROW
    },
];

/// Salt and output of new hashes in bytes: what RFC 9106 recommends, and the library's own defaults.
const NEW_SALT_BYTES: usize = 16;
const NEW_HASH_BYTES: usize = 32;

/// The three ways in which argon2 addresses its memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Variant {
    D,
    I,
    Id,
}

impl Variant {
    const ALL: [Self; 3] = [Self::Id, Self::I, Self::D];

    const fn prefix(self) -> &'static str {
        match self {
            Self::D => "$argon2d$",
            Self::I => "$argon2i$",
            Self::Id => "$argon2id$",
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::D => Algorithm::Argon2d,
            Self::I => Algorithm::Argon2i,
            Self::Id => Algorithm::Argon2id,
        }
    }
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`
pub(crate) struct Argon2(pub(crate) Variant);

impl Argon2 {
    /// The variant that a PHC string names.
    pub(crate) fn of(phc: &str) -> Option<Self> {
        Variant::ALL.map(Self).into_iter().find(|scheme| scheme.recognise(phc))
    }
}

impl Scheme for Argon2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.0.prefix())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, self.0)?.input().check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, self.0)?;
        let computed = argon2(attempt.password, &stored.input(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &stored.hash))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        (self.0 == Variant::Id).then_some(&NEW_ARGON2ID)
    }
}

/// A prefix before a PHC string of any variant: `argon2$argon2id$…` of Django's Argon2PasswordHasher.
pub(crate) struct WrappedArgon2 {
    /// By which the format is known. A dollar at its end is the PHC string's own.
    pub(crate) prefix: &'static str,
    /// What is malformed where it lacks.
    pub(crate) part: &'static str,
    pub(crate) producer: Option<&'static NewArgon2>,
}

impl WrappedArgon2 {
    fn inner<'a>(&self, hash: &'a str) -> Result<(Argon2, &'a str), Error> {
        let prefix = self.prefix.trim_end_matches('$');
        let phc = hash.strip_prefix(prefix).ok_or(Error::Malformed(self.part))?;
        Ok((Argon2::of(phc).ok_or(Error::Malformed("argon2 prefix"))?, phc))
    }
}

impl Scheme for WrappedArgon2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let (scheme, phc) = self.inner(hash)?;
        scheme.check(phc, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (scheme, phc) = self.inner(attempt.hash)?;
        scheme.verify(&mut attempt.over(attempt.password, phc))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        self.producer.map(|producer| producer as &dyn Produce)
    }
}

/// The parts of a PHC string. Its cost has not been compared with any limit.
struct Parsed {
    variant: Variant,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn new(text: &str, variant: Variant) -> Result<Self, Error> {
        let rest = text.strip_prefix(variant.prefix()).ok_or(Error::Malformed("argon2 prefix"))?;
        let (version, rest) = split_version(rest)?;
        let mut fields = rest.split('$');
        let (Some(params), Some(salt), Some(hash), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Error::Malformed("argon2 fields"));
        };
        Ok(Self {
            variant,
            version,
            params: Params::new(params)?,
            salt: b64(salt, "argon2 salt")?,
            hash: b64(hash, "argon2 hash")?,
        })
    }

    fn input(&self) -> Input<'_> {
        Input {
            algorithm: self.variant.algorithm(),
            version: self.version,
            cost: self.params.cost,
            salt: &self.salt,
            data: &self.params.data,
            len: self.hash.len(),
        }
    }
}

/// Strings without a version are from before there was a second one.
fn split_version(rest: &str) -> Result<(Version, &str), Error> {
    let Some(versioned) = rest.strip_prefix("v=") else { return Ok((Version::V0x10, rest)) };
    match versioned.split_once('$').ok_or(Error::Malformed("argon2 fields"))? {
        ("16", rest) => Ok((Version::V0x10, rest)),
        ("19", rest) => Ok((Version::V0x13, rest)),
        _ => Err(Error::Unsupported("argon2 versions other than 16 and 19")),
    }
}

/// `m=…,t=…,p=…` in any order, and perhaps `keyid=` (a label, not hashed) and `data=` (hashed).
struct Params {
    cost: Cost,
    data: Vec<u8>,
}

impl Params {
    fn new(text: &str) -> Result<Self, Error> {
        const PART: &str = "argon2 parameters";
        let (mut m, mut t, mut p, mut keyid, mut data) = (None, None, None, None, None);
        for param in text.split(',') {
            let (name, value) = param.split_once('=').ok_or(Error::Malformed(PART))?;
            let taken = match name {
                "m" => m.replace(number(value, PART)?).is_some(),
                "t" => t.replace(number(value, PART)?).is_some(),
                "p" => p.replace(number(value, PART)?).is_some(),
                "keyid" => keyid.replace(b64(value, "argon2 keyid")?).is_some(),
                "data" => data.replace(b64(value, "argon2 data")?).is_some(),
                _ => return Err(Error::Malformed(PART)),
            };
            if taken {
                return Err(Error::Malformed(PART));
            }
        }
        let (Some(m), Some(t), Some(p)) = (m, t, p) else { return Err(Error::Malformed(PART)) };
        Ok(Self { cost: Cost { m, t, p }, data: data.unwrap_or_default() })
    }
}

pub(crate) const fn memory(default: u32) -> Knob {
    Knob { name: "m", default, min: 8, max: ARGON2_MEMORY_KIB_ABSOLUTE, strengthens: true }
}

pub(crate) const fn passes(default: u32) -> Knob {
    Knob { name: "t", default, min: 1, max: ARGON2_PASSES_ABSOLUTE, strengthens: true }
}

/// Lanes divide the memory between processors; they add no work.
pub(crate) const fn lanes(default: u32) -> Knob {
    Knob { name: "p", default, min: 1, max: ARGON2_LANES, strengthens: false }
}

/// New argon2id hashes, as PHC strings after a prefix.
pub(crate) struct NewArgon2 {
    pub(crate) name: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) knobs: &'static [Knob],
}

/// OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
const NEW_ARGON2ID: NewArgon2 =
    NewArgon2 { name: "argon2id", prefix: "", knobs: &[memory(19456), passes(2), lanes(1)] };

/// What Django's Argon2PasswordHasher sets.
const NEW_DJANGO_ARGON2: NewArgon2 =
    NewArgon2 { name: "django-argon2", prefix: "argon2", knobs: &[memory(102_400), passes(2), lanes(8)] };

impl Produce for NewArgon2 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn knobs(&self) -> &'static [Knob] {
        self.knobs
    }

    fn refuse(&self, values: &[u32]) -> Result<(), Error> {
        match *values {
            [m, _, p] if m < 8 * p => Err(Error::BadPolicy("argon2 needs m of at least 8 times p")),
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
        let [m, t, p] = *values else { return Err(Error::BadPolicy("argon2 has three parameters")) };
        let salt: [u8; NEW_SALT_BYTES] = random::bytes()?;
        let input = Input {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            cost: Cost { m: m.into(), t: t.into(), p: p.into() },
            salt: &salt,
            data: &[],
            len: NEW_HASH_BYTES,
        };
        let hash = argon2(password, &input, limits, tick)?;
        let (salt, hash) = (to_b64(&salt), to_b64(&hash));
        Ok(format!("{}$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}", self.prefix))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        let parsed = Parsed::new(hash.strip_prefix(self.prefix)?, Variant::Id).ok()?;
        let Cost { m, t, p } = parsed.params.cost;
        Some(Measured { values: vec![m, t, p], current: parsed.version == Version::V0x13 })
    }
}

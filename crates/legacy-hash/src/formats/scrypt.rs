//! scrypt as PHC strings and as Django writes it.

use crate::Error;
use crate::encoding::{b64, number, to_b64, to_b64_padded};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Tick;
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "scrypt-phc",
        aliases: &["scrypt"],
        strength: Strength::Strong,
        example: "$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt, base64>$<hash, base64>",
        can_produce: true,
        note: "passlib and Go; with N itself as ln it is kratos-scrypt",
        scheme: &ScryptPhc,
        ..ROW
    },
    Format {
        name: "django-scrypt",
        strength: Strength::Strong,
        example: "scrypt$<N>$<salt, text>$<r>$<p>$<hash, base64>",
        can_produce: true,
        note: "Django 4 and later; the order is N, salt, r, p",
        scheme: &DjangoScrypt,
        ..ROW
    },
    Format {
        name: "adonis-scrypt",
        strength: Strength::Strong,
        example: "$scrypt$n=<N>,r=<r>,p=<p>$<salt, base64>$<hash, base64>",
        note: "AdonisJS, and the npm package @phc/scrypt",
        scheme: &AdonisScrypt,
        ..ROW
    },
];

/// The longest output seen is 64 bytes; the hash is not the expensive part, so this is generous.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 10..=1024;

/// `$scrypt$ln=…,r=…,p=…$salt$hash`
pub(crate) struct ScryptPhc;

impl Scheme for ScryptPhc {
    fn recognise(&self, hash: &str) -> bool {
        // Other producers write n= or N under the same prefix.
        let params = hash.strip_prefix("$scrypt$").and_then(|rest| rest.split('$').next());
        params.is_some_and(|params| {
            params.split(',').any(|param| param.starts_with("ln=")) && !is_kratos(params)
        })
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::phc(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Parsed::phc(attempt.hash)?.verify(attempt)
    }

    fn producer(&self) -> Option<&dyn Produce> {
        Some(self)
    }
}

/// `$scrypt$n=…,r=…,p=…$salt$hash`: N itself, where others write its logarithm.
pub(crate) struct AdonisScrypt;

impl Scheme for AdonisScrypt {
    fn recognise(&self, hash: &str) -> bool {
        let params = hash.strip_prefix("$scrypt$").and_then(|rest| rest.split('$').next());
        params.is_some_and(|params| params.split(',').any(|param| param.starts_with("n=")))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::adonis(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Parsed::adonis(attempt.hash)?.verify(attempt)
    }
}

/// Whether ln is N itself: a power of two that no log2 can be.
pub(crate) fn is_kratos(params: &str) -> bool {
    let ln = params.split(',').find_map(|param| param.strip_prefix("ln="));
    ln.and_then(|ln| ln.parse::<u64>().ok()).is_some_and(|n| n >= 1024 && n.is_power_of_two())
}

/// `scrypt$N$salt$r$p$hash`: Django's ScryptPasswordHasher. The salt is hashed as the text that it is.
pub(crate) struct DjangoScrypt;

impl Scheme for DjangoScrypt {
    fn recognise(&self, hash: &str) -> bool {
        // Seven fields are another format's.
        hash.starts_with("scrypt$") && hash.matches('$').count() != 6
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::django(hash)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Parsed::django(attempt.hash)?.verify(attempt)
    }

    fn producer(&self) -> Option<&dyn Produce> {
        Some(self)
    }
}

/// The parts of a scrypt string. Its cost has not been compared with any limit.
struct Parsed {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn phc(text: &str) -> Result<Self, Error> {
        Self::dollars(text, phc_cost)
    }

    fn adonis(text: &str) -> Result<Self, Error> {
        Self::dollars(text, |params| {
            let [n, r, p] = named_numbers(params, "n")?;
            Cost::from_n(n, r, p)
        })
    }

    /// Parameters, salt and hash after the common prefix.
    fn dollars(text: &str, cost: impl FnOnce(&str) -> Result<Cost, Error>) -> Result<Self, Error> {
        let rest = text.strip_prefix("$scrypt$").ok_or(Error::Malformed("scrypt prefix"))?;
        let mut fields = rest.split('$');
        let (Some(params), Some(salt), Some(hash), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Error::Malformed("scrypt fields"));
        };
        let hash = exact_hash(b64(hash, "scrypt hash")?)?;
        Ok(Self { cost: cost(params)?, salt: b64(salt, "scrypt salt")?, hash })
    }

    fn django(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("scrypt$").ok_or(Error::Malformed("scrypt prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [n, salt, r, p, hash] = fields[..] else { return Err(Error::Malformed("scrypt fields")) };
        let hash = exact_hash(b64(hash, "scrypt hash")?)?;
        let part = "scrypt parameters";
        let cost = Cost::from_n(number(n, part)?, number(r, part)?, number(p, part)?)?;
        Ok(Self { cost, salt: salt.as_bytes().to_vec(), hash })
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let computed =
            scrypt(attempt.password, &self.salt, self.cost, self.hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &self.hash))
    }
}

fn exact_hash(hash: Vec<u8>) -> Result<Vec<u8>, Error> {
    if HASH_BYTES.contains(&hash.len()) { Ok(hash) } else { Err(Error::Malformed("scrypt hash length")) }
}

/// `ln=…,r=…,p=…`, in this order by every producer, but read in any.
fn phc_cost(text: &str) -> Result<Cost, Error> {
    let [ln, r, p] = named_numbers(text, "ln")?;
    Ok(Cost { log_n: u32::try_from(ln).unwrap_or(u32::MAX), r, p })
}

/// The numbers of a first name, `r`, and `p`, each once.
fn named_numbers(text: &str, first: &str) -> Result<[u64; 3], Error> {
    const PART: &str = "scrypt parameters";
    let (mut n, mut r, mut p) = (None, None, None);
    for param in text.split(',') {
        let (name, value) = param.split_once('=').ok_or(Error::Malformed(PART))?;
        let slot = match name {
            "r" => &mut r,
            "p" => &mut p,
            name if name == first => &mut n,
            _ => return Err(Error::Malformed(PART)),
        };
        if slot.replace(number(value, PART)?).is_some() {
            return Err(Error::Malformed(PART));
        }
    }
    let (Some(n), Some(r), Some(p)) = (n, r, p) else { return Err(Error::Malformed(PART)) };
    Ok([n, r, p])
}

/// log2 N, r, p: OWASP's first choice (128 MiB) by default, and no more than the absolute limits hold.
const PHC_KNOBS: &[Knob] = &[
    Knob { name: "ln", default: 17, min: 1, max: 23, strengthens: true },
    Knob { name: "r", default: 8, min: 1, max: 64, strengthens: true },
    Knob { name: "p", default: 1, min: 1, max: 64, strengthens: true },
];

/// The same; Django's own default is 2^14 with p = 5 since version 5.
const DJANGO_KNOBS: &[Knob] = &[
    Knob { name: "ln", default: 14, min: 1, max: 23, strengthens: true },
    Knob { name: "r", default: 8, min: 1, max: 64, strengthens: true },
    Knob { name: "p", default: 5, min: 1, max: 64, strengthens: true },
];

fn cost_of(values: &[u32]) -> Result<Cost, Error> {
    let [log_n, r, p] = *values else { return Err(Error::BadPolicy("scrypt has three parameters")) };
    Ok(Cost { log_n, r: r.into(), p: p.into() })
}

fn refuse(values: &[u32]) -> Result<(), Error> {
    let checked = cost_of(values)?.check(&Limits::ABSOLUTE);
    checked.map_err(|_| Error::BadPolicy("scrypt parameters are above the absolute limits"))
}

fn measure(parsed: Parsed) -> Measured {
    let Cost { log_n, r, p } = parsed.cost;
    Measured { values: vec![log_n.into(), r, p], current: true }
}

impl Produce for ScryptPhc {
    fn name(&self) -> &'static str {
        "scrypt"
    }

    fn knobs(&self) -> &'static [Knob] {
        PHC_KNOBS
    }

    fn refuse(&self, values: &[u32]) -> Result<(), Error> {
        refuse(values)
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let cost = cost_of(values)?;
        let salt: [u8; 16] = random::bytes()?;
        let hash = scrypt(password, &salt, cost, 32, limits, tick)?;
        let Cost { log_n, r, p } = cost;
        Ok(format!("$scrypt$ln={log_n},r={r},p={p}${}${}", to_b64(&salt), to_b64(&hash)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        Parsed::phc(hash).ok().map(measure)
    }
}

impl Produce for DjangoScrypt {
    fn name(&self) -> &'static str {
        "django-scrypt"
    }

    fn knobs(&self) -> &'static [Knob] {
        DJANGO_KNOBS
    }

    fn refuse(&self, values: &[u32]) -> Result<(), Error> {
        refuse(values)
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let cost = cost_of(values)?;
        let salt = random::alphanumerics(22)?;
        let hash = scrypt(password, salt.as_bytes(), cost, 64, limits, tick)?;
        let Cost { log_n, r, p } = cost;
        Ok(format!("scrypt${}${salt}${r}${p}${}", 1u64 << log_n, to_b64_padded(&hash)))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        Parsed::django(hash).ok().map(measure)
    }
}

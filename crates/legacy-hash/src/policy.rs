//! How new hashes are made, and whether a stored one is still good enough.

use std::fmt;
use std::ops::ControlFlow;

use crate::Error;
use crate::format::{Format, format, is_name};
use crate::formats::bcrypt::{NewBcrypt, STRICT};
use crate::formats::wrapped;
use crate::identify::{evident, is_locked};
use crate::kdf::Tick;
use crate::limits::{Limits, MAX_PASSWORD_BYTES};
use crate::method::Method;

/// A format and its cost parameters: `argon2id:m=19456,t=2,p=1`, `bcrypt:cost=12`,
/// `django-pbkdf2-sha256:iterations=1200000`.
///
/// Parameters that the text doesn't name have the format's defaults. [`Display`](fmt::Display) names them
/// all. The default policy is `argon2id:m=19456,t=2,p=1` (19 MiB, two passes), which OWASP's Password Storage
/// Cheat Sheet recommends.
#[derive(Clone, PartialEq, Eq)]
pub struct Policy {
    name: &'static str,
    values: Vec<u32>,
}

/// One cost parameter of a format.
pub(crate) struct Knob {
    pub(crate) name: &'static str,
    pub(crate) default: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// More of it makes a hash harder to guess.
    pub(crate) strengthens: bool,
}

/// The parameters of a stored hash, in the order of the knobs.
pub(crate) struct Measured {
    pub(crate) values: Vec<u64>,
    /// It is what would be written today, apart from the parameters: no outdated version of the format.
    pub(crate) current: bool,
}

/// How a format makes new hashes.
pub(crate) trait Produce: Sync {
    /// Its name in a policy.
    fn name(&self) -> &'static str;

    /// The name of the producer that the format of its hashes has: itself, where no other writes the format too.
    fn reads(&self) -> &'static str {
        self.name()
    }

    /// Its parameters, in the order in which a policy prints them.
    fn knobs(&self) -> &'static [Knob];

    /// Refuses values that are each in range but don't go together.
    fn refuse(&self, _values: &[u32]) -> Result<(), Error> {
        Ok(())
    }

    /// A new hash; `values` are those of the knobs.
    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error>;

    /// The parameters of a stored hash of this format, if it can be read.
    fn measure(&self, hash: &str) -> Option<Measured>;
}

impl Policy {
    /// Reads the text of a policy: `name` or `name:parameter=value,…`.
    ///
    /// # Errors
    ///
    /// [`Error::BadPolicy`], which says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, params) = match text.split_once(':') {
            Some((name, params)) => (name, Some(params)),
            None => (text, None),
        };
        let producer = producer(name)?;
        let mut values: Vec<Option<u32>> = producer.knobs().iter().map(|_| None).collect();
        for param in params.into_iter().flat_map(|params| params.split(',')) {
            let (index, value) = setting(producer.knobs(), param)?;
            if values[index].replace(value).is_some() {
                return Err(Error::BadPolicy("a parameter is named twice"));
            }
        }
        let values =
            values.iter().zip(producer.knobs()).map(|(value, knob)| value.unwrap_or(knob.default)).collect();
        let policy = Self { name: producer.name(), values };
        producer.refuse(&policy.values)?;
        Ok(policy)
    }

    /// A new hash of `password` with a random salt.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a password that the format would not hash whole (over 72 bytes or with a
    /// NUL for bcrypt, over [`MAX_PASSWORD_BYTES`] for all), [`Error::OverLimit`] if the policy costs more
    /// than `limits`, and [`Error::OutOfMemory`], [`Error::NoRandomness`], [`Error::Interrupted`].
    pub fn hash(
        &self,
        password: &[u8],
        limits: &Limits,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<String, Error> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Err(Error::Unsupported("passwords longer than 4096 bytes"));
        }
        producer(self.name)?.produce(password, &self.values, &limits.capped(), tick)
    }

    /// An argon2id hash of any bytes: with the parameters of this policy or, where it is of another format, of the default.
    pub(crate) fn argon2id(&self, bytes: &[u8], limits: &Limits, tick: Tick<'_>) -> Result<String, Error> {
        let usual = Self::default();
        let policy = if self.name == usual.name { self } else { &usual };
        producer(policy.name)?.produce(bytes, &policy.values, limits, tick)
    }

    /// The work of [`hash`](Self::hash) without its result: what an unknown login costs, so that it can't be
    /// told from a known one by its time. A password that could not be hashed costs the same.
    ///
    /// # Errors
    ///
    /// As `hash`, but never [`Error::Unsupported`].
    pub fn spend(
        &self,
        password: &[u8],
        limits: &Limits,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(), Error> {
        match self.hash(password, limits, tick) {
            Err(Error::Unsupported(_)) => {
                self.hash(b"a password of the usual length", limits, tick).map(drop)
            }
            spent => spent.map(drop),
        }
    }

    /// Whether `hash` should be replaced at the next chance: it is of another format, of an outdated version
    /// of this one, or any parameter that makes hashes stronger is lower than the policy's. One that is
    /// stronger than the policy stays.
    ///
    /// argon2's lanes make nothing stronger. A lock marker needs no rehash: there is no password to hash.
    pub fn needs_rehash(&self, hash: &str) -> bool {
        !is_locked(hash) && !self.measure(hash).is_some_and(|found| found.current && self.is_met_by(&found))
    }

    /// Whether a hash of a format is as strong as the policy asks for; `None` where the two can't be compared, since the
    /// policy is of another format.
    pub(crate) fn is_met_by_hash(&self, hash: &str, format: &Format) -> Option<bool> {
        self.measure_as(hash, format).map(|found| self.is_met_by(&found))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        self.measure_as(hash, evident(hash).ok()?)
    }

    fn measure_as(&self, hash: &str, format: &Format) -> Option<Measured> {
        let producer = producer(self.name).ok()?;
        if format.scheme.producer()?.name() == producer.reads() { producer.measure(hash) } else { None }
    }

    fn is_met_by(&self, found: &Measured) -> bool {
        let Ok(producer) = producer(self.name) else { return false };
        let mut pairs = producer.knobs().iter().zip(&found.values).zip(&self.values);
        pairs.all(|((knob, &has), &wanted)| !knob.strengthens || has >= wanted.into())
    }
}

/// Whether verifying `hash` is about as much work as hashing by `policy`, or more: it is of the same format
/// with the same parameters or higher ones, or wrapped in such a one. The caller of [`verify`](crate::verify) adds [`Policy::spend`]
/// where it isn't.
pub fn costs_at_least(hash: &str, policy: &Policy) -> bool {
    let is_met = |found| policy.is_met_by(&found);
    policy.measure(hash).is_some_and(is_met)
        || policy.name == Policy::default().name && wrapped::measure(hash).is_some_and(is_met)
}

/// The cost parameters of a stored hash, as a policy prints them, such as `m=19456,t=2,p=1`; `None` for formats whose
/// strings name none, or that no policy can ask for.
pub fn parameters(hash: &str, method: &Method) -> Option<String> {
    let Method::Format(format) = method else { return None };
    if let Some(parameters) = format.scheme.parameters(hash) {
        return Some(parameters);
    }
    let producer = format.scheme.producer()?;
    let measured = producer.measure(hash)?;
    let pairs = producer.knobs().iter().zip(measured.values);
    let pairs: Vec<String> = pairs.map(|(knob, value)| format!("{}={value}", knob.name)).collect();
    Some(pairs.join(",")).filter(|text| !text.is_empty())
}

impl Default for Policy {
    fn default() -> Self {
        // The OWASP default, spelled out: `parse` can fail, and this can't. A test holds the two together.
        Self { name: "argon2id", values: vec![19456, 2, 1] }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let knobs = producer(self.name).map(Produce::knobs).unwrap_or_default();
        for (i, (knob, value)) in knobs.iter().zip(&self.values).enumerate() {
            write!(f, "{}{}={value}", if i == 0 { ':' } else { ',' }, knob.name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}

/// The producer of a policy's name, or of a format's.
fn producer(name: &str) -> Result<&'static dyn Produce, Error> {
    let names = |producer: &&NewBcrypt| {
        is_name(name, producer.name()) || producer.aliases.iter().any(|alias| is_name(name, alias))
    };
    if let Some(producer) = STRICT.iter().find(names) {
        return Ok(producer);
    }
    let format = format(name).ok_or(Error::BadPolicy("no format has this name"))?;
    format.scheme.producer().ok_or(Error::BadPolicy("new hashes of this format cannot be made"))
}

fn setting(knobs: &[Knob], param: &str) -> Result<(usize, u32), Error> {
    let (name, value) = param.split_once('=').ok_or(Error::BadPolicy("a parameter must be name=value"))?;
    let index = knobs.iter().position(|knob| knob.name == name.trim());
    let index = index.ok_or(Error::BadPolicy("the format has no parameter of this name"))?;
    let value = value.trim().parse().map_err(|_| Error::BadPolicy("a value must be a whole number"))?;
    if !(knobs[index].min..=knobs[index].max).contains(&value) {
        return Err(Error::BadPolicy("a value is out of range"));
    }
    Ok((index, value))
}

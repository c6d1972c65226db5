//! The onion: a hash at rest is put inside argon2id, without its password.
//!
//! What a format compares at the end, the *digest*, is hashed by argon2id and then blanked in the stored string: of the
//! same string with zeros where the digest was, nothing is left that a guess could be tested against but argon2id. At a
//! login the legacy function runs over the blanked string, and what it computed goes through argon2id.
//!
//! That is exact only where the digest is one part of the string, and what is computed doesn't depend on it. Nothing
//! here is told that of a format: each hash is tried (see [`wrap`]), and refused where it is not so.

mod blank;

use std::cell::RefCell;
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::Error;
use crate::format::Strength;
use crate::formats::wrapped::{MOST_ANSWERS, NAME, Wrapped};
use crate::limits::{Limits, MAX_HASH_BYTES};
use crate::method::Method;
use crate::policy::Policy;
use crate::verify::{Attempt, Judge, Stored, check, require};

/// Any password will do to learn what is compared: short enough for all formats, and of both cases.
const ANY_PASSWORD: &[u8] = b"Password";

/// What a string holds beside the digest that is compared, if it has one of these parts: SCRAM has two keys, and macOS a
/// verifier of SRP in the same property list.
const REVEALING: [&str; 2] = ["scram", "<key>"];

/// SQL Server 2000 stored a digest of the password in upper case, which is compared, and one of the password.
const REVEALING_FORMAT: &str = "mssql2000";

/// The hash of `stored` inside argon2id, as a string of the format `ferry-wrapped`. It is verified together with the
/// same salt, login and pepper as before.
///
/// `policy` says what the argon2id costs; one of another format stands for the default. Hashes take twice the time of
/// the legacy function here, and that of argon2id: the legacy function runs with any password over the hash, to learn
/// what it compares, and over the blanked one, to prove that it computes the same from it.
///
/// # Errors
///
/// [`Error::NotWrapped`] where it would not be exact, or of no use; all errors of [`verify`](crate::verify()), and
/// [`Error::NoRandomness`].
pub fn wrap(
    stored: &Stored<'_>,
    method: Option<&Method>,
    policy: &Policy,
    limits: &Limits,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<String, Error> {
    let method = check(stored.hash, method, limits)?;
    require(&method, stored)?;
    let limits = &limits.capped();
    let mut rehearsal = Rehearsal { method: &method, stored, limits, tick };
    let not = |why| Error::NotWrapped(method_name(&method), why);
    if let Some(why) = reason_against(&method, stored.hash) {
        return Err(not(why));
    }
    let original = rehearsal.compare(stored.hash, None)?;
    let digest = original.digest().ok_or_else(|| not("it does not compare one digest"))?;
    let blank =
        blank::blanked(stored.hash, digest, |blank, is_zero| rehearsal.is_exact(blank, &original, is_zero))?;
    let blank = blank.ok_or_else(|| not("its digest is not a part of the string"))?;
    let wrapped = Wrapped::seal(&method, &blank, digest, policy, limits, rehearsal.tick)?;
    if wrapped.len() > MAX_HASH_BYTES { Err(not("it would be too long")) } else { Ok(wrapped) }
}

/// Whether a hash is worth wrapping. One of the policy's own format is, if it costs less than the policy asks for. Any
/// other is, if its format isn't strong, or if it is bcrypt of a cost under 10, the least that the OWASP Password Storage
/// Cheat Sheet allows.
pub fn is_weak(hash: &str, method: &Method, policy: &Policy) -> bool {
    const BCRYPT_COST: u64 = 10;
    let Method::Format(format) = method else { return true };
    if format.name == NAME {
        return false;
    }
    if let Some(is_met) = policy.is_met_by_hash(hash, format) {
        return !is_met;
    }
    let producer =
        format.scheme.producer().filter(|producer| producer.knobs().iter().any(|k| k.name == "cost"));
    let cost = producer.and_then(|producer| producer.measure(hash)?.values.first().copied());
    format.strength != Strength::Strong || cost.is_some_and(|cost| cost < BCRYPT_COST)
}

/// The format or recipe of a wrapped hash; `None` for any other string.
pub fn wrapped(hash: &str) -> Option<Method> {
    Some(Wrapped::open(hash)?.ok()?.method)
}

fn reason_against(method: &Method, hash: &str) -> Option<&'static str> {
    let is = |name: &str| matches!(method, Method::Format(format) if format.name == name);
    let hash = hash.to_ascii_lowercase();
    if is(NAME) {
        Some("it is wrapped already")
    } else if is(REVEALING_FORMAT) || REVEALING.iter().any(|part| hash.contains(part)) {
        Some("the string holds a second digest of the same password")
    } else {
        None
    }
}

fn method_name(method: &Method) -> &'static str {
    match method {
        Method::Format(format) => format.name,
        Method::Recipe(_) => "recipe",
    }
}

/// A format at work on a password that is nobody's.
struct Rehearsal<'a> {
    method: &'a Method,
    stored: &'a Stored<'a>,
    limits: &'a Limits,
    tick: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Rehearsal<'_> {
    /// What is compared if `hash` is the stored one, and all comparisons say no but that of this number.
    fn compare(&mut self, hash: &str, yes: Option<usize>) -> Result<Compared, Error> {
        let judge = Judge::Notes(Notes::new(yes));
        let mut attempt = Attempt {
            password: ANY_PASSWORD,
            hash,
            salt: self.stored.salt,
            login: self.stored.login.unwrap_or_default(),
            pepper: self.stored.pepper.unwrap_or_default(),
            limits: self.limits,
            judge: &judge,
            tick: &mut *self.tick,
        };
        let is_right = self.method.scheme().verify(&mut attempt)?;
        Ok(Compared { list: judge.into_notes(), is_right })
    }

    /// Whether the format computes the same from a blanked string, and says yes as soon as one comparison does; perhaps
    /// also whether it reads the digest as zeros.
    fn is_exact(&mut self, blank: &str, original: &Compared, is_zero: bool) -> Result<bool, Error> {
        let hash = Stored { hash: blank, ..*self.stored };
        if self.method.scheme().check(blank, self.limits).is_err() || require(self.method, &hash).is_err() {
            return Ok(false);
        }
        for number in 0..original.list.len() {
            let found = match self.compare(blank, Some(number)) {
                Err(Error::Malformed(_) | Error::Unsupported(_) | Error::OverLimit(_)) => return Ok(false),
                found => found?,
            };
            let is_blank = |stored: &[u8]| !is_zero || stored.iter().all(|&byte| byte == 0);
            let is_same = |(now, before): (&Comparison, &Comparison)| {
                now.computed == before.computed && now.stored != before.stored && is_blank(&now.stored)
            };
            let all_same = found.list.len() > number && found.list.iter().zip(&original.list).all(is_same);
            if !found.is_right || !all_same {
                return Ok(false);
            }
        }
        Ok(!original.is_right)
    }
}

/// What a format compared.
struct Compared {
    list: Vec<Comparison>,
    is_right: bool,
}

impl Compared {
    /// What is stored, if all comparisons are with the same.
    fn digest(&self) -> Option<&[u8]> {
        let (first, others) = self.list.split_first()?;
        let is_one =
            self.list.len() <= MOST_ANSWERS && others.iter().all(|other| other.stored == first.stored);
        (is_one && !first.stored.is_empty()).then_some(&first.stored)
    }
}

/// One question to a [`Judge`].
pub(crate) struct Comparison {
    pub(crate) computed: Zeroizing<Vec<u8>>,
    stored: Zeroizing<Vec<u8>>,
}

/// A judge's notes, who says no to all but at most one question.
pub(crate) struct Notes {
    list: RefCell<Vec<Comparison>>,
    yes: Option<usize>,
}

impl Notes {
    pub(crate) fn new(yes: Option<usize>) -> Self {
        Self { list: RefCell::default(), yes }
    }

    pub(crate) fn take(&self, computed: &[u8], stored: &[u8]) -> bool {
        let kept = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        let mut list = self.list.borrow_mut();
        list.push(Comparison { computed: kept(computed), stored: kept(stored) });
        self.yes == Some(list.len() - 1)
    }

    pub(crate) fn into_list(self) -> Vec<Comparison> {
        self.list.into_inner()
    }
}

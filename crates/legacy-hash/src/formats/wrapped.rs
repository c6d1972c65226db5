//! Hashes inside argon2id, as [`wrap`](crate::wrap()) makes them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::Error;
use crate::format::{Format, ROW, Scheme, Strength, format};
use crate::formats::argon2::{Argon2, Variant};
use crate::kdf::Tick;
use crate::limits::Limits;
use crate::method::Method;
use crate::policy::{Measured, Policy};
use crate::recipe::Recipe;
use crate::verify::{Attempt, Judge};
use crate::wrap::Notes;

/// The name of the format.
pub(crate) const NAME: &str = "ferry-wrapped";

pub(crate) const FORMATS: &[Format] = &[Format {
    name: NAME,
    strength: Strength::Strong,
    example: "$ferry-wrapped$v=1$<format, base64>$<hash without digest, base64>$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
    note: "a hash of another format inside argon2id; takes the salt, login and pepper that the other takes",
    scheme: &FerryWrapped,
    ..ROW
}];

/// How many comparisons a format may make: one for each way in which it may have hashed a password. Each is one argon2id.
pub(crate) const MOST_ANSWERS: usize = 8;

const PREFIX: &str = "$ferry-wrapped$v=1$";
const PART: &str = "wrapped hash";
const ARGON2ID: Argon2 = Argon2(Variant::Id);

/// What comes before the text of a recipe: many formats have the name of one, and compare otherwise.
const RECIPE: &str = "recipe:";

/// So that no argon2id hash of a password is one of a digest, and none of one format's digest is one of another's.
const DOMAIN: &[u8] = b"pg_ferry wrapped hash v1\0";

/// `$ferry-wrapped$v=1$method$blank$argon2id$…`
struct FerryWrapped;

/// The parts of a wrapped hash.
pub(crate) struct Wrapped<'a> {
    /// By which the hash was made.
    pub(crate) method: Method,
    name: String,
    /// The hash with zeros for its digest.
    pub(crate) blank: String,
    /// The argon2id hash of the digest, a PHC string.
    phc: &'a str,
}

impl<'a> Wrapped<'a> {
    /// Takes a wrapped hash apart; anything else is `None`.
    pub(crate) fn open(text: &'a str) -> Option<Result<Self, Error>> {
        text.starts_with("$ferry-wrapped$").then(|| Self::parse(text))
    }

    fn parse(text: &'a str) -> Result<Self, Error> {
        const BROKEN: Error = Error::Malformed(PART);
        let rest =
            text.strip_prefix(PREFIX).ok_or(Error::Unsupported("wrapped hashes of another version"))?;
        let (method, rest) = rest.split_once('$').ok_or(BROKEN)?;
        let at = rest.find('$').ok_or(BROKEN)?;
        let (blank, phc) = rest.split_at(at);
        let decode = |text| String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let (name, blank) = (decode(method).ok_or(BROKEN)?, decode(blank).ok_or(BROKEN)?);
        let method = match name.strip_prefix(RECIPE) {
            Some(recipe) => Method::Recipe(Arc::new(Recipe::parse(recipe)?)),
            None => Method::Format(format(&name).filter(|format| format.name != NAME).ok_or(BROKEN)?),
        };
        Ok(Self { method, name, blank, phc })
    }

    fn check(&self, limits: &Limits) -> Result<(), Error> {
        ARGON2ID.check(self.phc, limits)?;
        self.method.scheme().check(&self.blank, limits)
    }

    /// Puts a digest inside argon2id.
    pub(crate) fn seal(
        method: &Method,
        blank: &str,
        digest: &[u8],
        policy: &Policy,
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let name = match method {
            Method::Format(format) => format.name.to_owned(),
            Method::Recipe(recipe) => format!("{RECIPE}{recipe}"),
        };
        let phc = policy.argon2id(&input(&name, digest), limits, tick)?;
        let (name, blank) = (URL_SAFE_NO_PAD.encode(name), URL_SAFE_NO_PAD.encode(blank));
        Ok(format!("{PREFIX}{name}${blank}{phc}"))
    }
}

/// What argon2id hashes.
fn input(name: &str, digest: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([DOMAIN, name.as_bytes(), b"\0", digest].concat())
}

/// The cost of the argon2id of a wrapped hash.
pub(crate) fn measure(hash: &str) -> Option<Measured> {
    let wrapped = Wrapped::open(hash)?.ok()?;
    ARGON2ID.producer()?.measure(wrapped.phc)
}

impl Scheme for FerryWrapped {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$ferry-wrapped$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Wrapped::parse(hash)?.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let wrapped = Wrapped::parse(attempt.hash)?;
        wrapped.check(attempt.limits)?;
        let is_possible = !(wrapped.method.ends_at_nul() && attempt.password.contains(&0));
        let password = if is_possible { attempt.password } else { b"a password of the usual length" };
        let judge = Judge::Notes(Notes::new(None));
        let mut inner = attempt.over(password, &wrapped.blank);
        inner.judge = &judge;
        wrapped.method.scheme().verify(&mut inner)?;
        let mut computed: Vec<_> = judge.into_notes().into_iter().map(|one| one.computed).collect();
        computed.dedup();
        if computed.len() > MOST_ANSWERS {
            return Err(Error::Malformed(PART));
        }
        // A password that the format does not take costs as much as any.
        let is_compared = !computed.is_empty();
        if !is_compared {
            computed.push(Zeroizing::new(Vec::new()));
        }
        let mut is_right = false;
        for digest in computed {
            is_right |= ARGON2ID.verify(&mut attempt.over(&input(&wrapped.name, &digest), wrapped.phc))?;
        }
        Ok(is_right && is_compared && is_possible)
    }
}

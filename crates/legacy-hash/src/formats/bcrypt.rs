//! bcrypt in all its prefixes, and Django's two wrappings of it.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{bcrypt64, exactly, to_bcrypt64};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::Tick;
use crate::kdf::bcrypt::{KEY_BYTES, Key, Variant, bcrypt, check};
use crate::kdf::digest::Hash;
use crate::limits::{BCRYPT_COST_ABSOLUTE, Limits};
use crate::policy::{Knob, Measured, Produce};
use crate::random;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "bcrypt",
        strength: Strength::Strong,
        example: "$2b$<cost, 2 digits>$<salt, 22><hash, 31>; also $2$, $2a$, $2y$",
        can_produce: true,
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &BCRYPT,
        ..ROW
    },
    Format {
        name: "bcrypt-2x",
        strength: Strength::Acceptable,
        example: "$2x$<cost>$<salt, 22><hash, 31>",
        note: "the bug of crypt_blowfish before 2011: bytes above 127 weaken the bytes before them",
        ends_at_nul: true,
        scheme: &Bcrypt { sign_extended: true },
        ..ROW
    },
    Format {
        name: "django-bcrypt",
        strength: Strength::Strong,
        example: "bcrypt$<bcrypt hash>",
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &DjangoBcrypt,
        ..ROW
    },
    Format {
        name: "django-bcrypt-sha256",
        strength: Strength::Strong,
        example: "bcrypt_sha256$<bcrypt hash>",
        can_produce: true,
        note: "bcrypt over the SHA-256 of the password in hex",
        scheme: &DjangoBcryptSha256,
        ..ROW
    },
];

/// `$2$`, `$2a$`, `$2b$`, `$2y$`, or `$2x$`.
pub(crate) struct Bcrypt {
    /// Only `$2x$`, and only here: a hash by the old bug is another format.
    pub(crate) sign_extended: bool,
}

/// What others wrap.
pub(crate) const BCRYPT: Bcrypt = Bcrypt { sign_extended: false };

impl Scheme for Bcrypt {
    fn recognise(&self, hash: &str) -> bool {
        split_prefix(hash).is_some_and(|(variant, _)| self.covers(variant))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        let key = Key::new(attempt.password, stored.variant);
        if is_key_of(&key, &stored, attempt)? {
            return Ok(true);
        }
        match Key::evasive(attempt.password) {
            Some(key) if stored.variant == Variant::A => is_key_of(&key, &stored, attempt),
            _ => Ok(false),
        }
    }

    fn producer(&self) -> Option<&dyn Produce> {
        (!self.sign_extended).then_some(&NEW_BCRYPT)
    }
}

impl Bcrypt {
    /// What crypt(3) returns for a password and a bcrypt string as its setting: for formats that hash the string
    /// itself again.
    pub(crate) fn crypt(&self, attempt: &mut Attempt<'_>) -> Result<Zeroizing<String>, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        let key = Key::new(attempt.password, stored.variant);
        let computed = bcrypt(&key, &stored.salt, stored.cost, attempt.limits, attempt.tick)?;
        let (salt, hash) = (to_bcrypt64(&stored.salt), to_bcrypt64(&computed[..]));
        // The prefix and the cost, up to and with the last dollar.
        let setting = attempt.hash.rfind('$').and_then(|end| attempt.hash.get(..=end)).unwrap_or_default();
        Ok(Zeroizing::new(format!("{setting}{salt}{hash}")))
    }

    fn covers(&self, variant: Variant) -> bool {
        self.sign_extended == (variant == Variant::SignExtended)
    }

    fn parse(&self, text: &str, limits: &Limits) -> Result<Parsed, Error> {
        let (variant, rest) = split_prefix(text).ok_or(Error::Malformed("bcrypt prefix"))?;
        if !self.covers(variant) {
            return Err(Error::Malformed("bcrypt prefix"));
        }
        Parsed::new(variant, rest, limits)
    }
}

fn is_key_of(key: &Key, stored: &Parsed, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
    let computed = bcrypt(key, &stored.salt, stored.cost, attempt.limits, attempt.tick)?;
    Ok(attempt.judge.same(&computed[..], &stored.hash))
}

/// `bcrypt$$2b$…`: Django's BCryptPasswordHasher.
pub(crate) struct DjangoBcrypt;

impl Scheme for DjangoBcrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("bcrypt$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(inner(hash, "bcrypt$")?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = inner(attempt.hash, "bcrypt$")?;
        BCRYPT.verify(&mut attempt.over(attempt.password, hash))
    }
}

/// `bcrypt_sha256$$2b$…`: Django's BCryptSHA256PasswordHasher, which hashes the password's SHA-256 in hex.
pub(crate) struct DjangoBcryptSha256;

impl Scheme for DjangoBcryptSha256 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("bcrypt_sha256$")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(inner(hash, "bcrypt_sha256$")?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = inner(attempt.hash, "bcrypt_sha256$")?;
        let digest = Zeroizing::new(hex::encode(Hash::Sha256.of(&[attempt.password])));
        BCRYPT.verify(&mut attempt.over(digest.as_bytes(), hash))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        Some(self)
    }
}

fn inner<'a>(hash: &'a str, prefix: &str) -> Result<&'a str, Error> {
    hash.strip_prefix(prefix).ok_or(Error::Malformed("bcrypt prefix"))
}

/// The parts of a bcrypt string, its cost within the limits.
struct Parsed {
    variant: Variant,
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl Parsed {
    fn new(variant: Variant, rest: &str, limits: &Limits) -> Result<Self, Error> {
        let (cost, encoded) = rest.split_once('$').ok_or(Error::Malformed("bcrypt cost"))?;
        let cost = two_digits(cost)?;
        check(cost, limits)?;
        // 22 and 31 characters: the last of each carries bits that are not used, and that producers fill as
        // they like.
        let (salt, hash) = encoded.split_at_checked(22).ok_or(Error::Malformed("bcrypt salt"))?;
        if hash.len() != 31 {
            return Err(Error::Malformed("bcrypt hash"));
        }
        Ok(Self {
            variant,
            cost,
            salt: exactly(bcrypt64(salt, "bcrypt salt")?, "bcrypt salt")?,
            hash: exactly(bcrypt64(hash, "bcrypt hash")?, "bcrypt hash")?,
        })
    }
}

fn split_prefix(hash: &str) -> Option<(Variant, &str)> {
    const PREFIXES: [(&str, Variant); 5] = [
        ("$2b$", Variant::Correct),
        ("$2y$", Variant::Correct),
        ("$2a$", Variant::A),
        ("$2x$", Variant::SignExtended),
        ("$2$", Variant::NoNul),
    ];
    PREFIXES.iter().find_map(|&(prefix, variant)| Some((variant, hash.strip_prefix(prefix)?)))
}

fn two_digits(text: &str) -> Result<u32, Error> {
    match text.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Ok(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => Err(Error::Malformed("bcrypt cost")),
    }
}

/// 12 is the current default of PHP and of Python's bcrypt.
const COST_KNOB: &[Knob] =
    &[Knob { name: "cost", default: 12, min: 4, max: BCRYPT_COST_ABSOLUTE, strengthens: true }];

/// A new hash with this prefix.
pub(crate) fn new_bcrypt(
    prefix: &str,
    password: &[u8],
    values: &[u32],
    limits: &Limits,
    tick: Tick<'_>,
) -> Result<String, Error> {
    if password.len() > KEY_BYTES {
        return Err(Error::Unsupported("bcrypt takes at most 72 bytes of password"));
    }
    if password.contains(&0) {
        return Err(Error::Unsupported("bcrypt takes no NUL byte in a password"));
    }
    let [cost] = *values else { return Err(Error::BadPolicy("bcrypt has one parameter")) };
    let salt = random::bytes()?;
    let hash = bcrypt(&Key::new(password, Variant::Correct), &salt, cost, limits, tick)?;
    Ok(format!("{prefix}{cost:02}${}{}", to_bcrypt64(&salt), to_bcrypt64(&hash[..])))
}

/// The cost of a bcrypt string, whatever its prefix.
pub(crate) fn measure(hash: &str) -> Option<Measured> {
    let parsed = BCRYPT.parse(hash, &Limits::ABSOLUTE).ok()?;
    Some(Measured { values: vec![parsed.cost.into()], current: parsed.variant != Variant::NoNul })
}

/// New bcrypt strings, perhaps after another system's prefix.
pub(crate) struct NewBcrypt {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    /// What stands before the bcrypt string.
    pub(crate) wrapper: &'static str,
    pub(crate) prefix: &'static str,
    /// It is for software that takes no other prefix; the format is bcrypt's all the same.
    pub(crate) is_strict: bool,
}

const NEW_BCRYPT: NewBcrypt =
    NewBcrypt { name: "bcrypt", aliases: &[], wrapper: "", prefix: "$2b$", is_strict: false };

/// PHP's password_get_info, and Laravel after it, know `$2y$` only; Ruby's bcrypt, and Devise after it, write `$2a$`.
pub(crate) const STRICT: &[NewBcrypt] = &[
    NewBcrypt {
        name: "bcrypt-2y",
        aliases: &["php", "laravel"],
        prefix: "$2y$",
        is_strict: true,
        ..NEW_BCRYPT
    },
    NewBcrypt { name: "bcrypt-2a", aliases: &["devise"], prefix: "$2a$", is_strict: true, ..NEW_BCRYPT },
];

impl Produce for NewBcrypt {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reads(&self) -> &'static str {
        if self.is_strict { NEW_BCRYPT.name } else { self.name }
    }

    fn knobs(&self) -> &'static [Knob] {
        COST_KNOB
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        Ok(format!("{}{}", self.wrapper, new_bcrypt(self.prefix, password, values, limits, tick)?))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        let hash = hash.strip_prefix(self.wrapper)?;
        let Measured { values, current } = measure(hash)?;
        Some(Measured { values, current: current && (!self.is_strict || hash.starts_with(self.prefix)) })
    }
}

const DJANGO_SHA256_PREFIX: &str = "bcrypt_sha256$";

impl Produce for DjangoBcryptSha256 {
    fn name(&self) -> &'static str {
        "django-bcrypt-sha256"
    }

    fn knobs(&self) -> &'static [Knob] {
        COST_KNOB
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let digest = Zeroizing::new(hex::encode(Hash::Sha256.of(&[password])));
        Ok(format!("{DJANGO_SHA256_PREFIX}{}", new_bcrypt("$2b$", digest.as_bytes(), values, limits, tick)?))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        measure(hash.strip_prefix(DJANGO_SHA256_PREFIX)?)
    }
}

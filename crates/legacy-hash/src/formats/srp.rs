//! Verifiers of the SRP protocol: a number that the password is the logarithm of.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::kdf::srp::{NUMBER_BYTES, Number, power};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "wow-srp",
        example: "$WoWSRP$<verifier, hex>$<salt, hex>",
        needs_login: true,
        note: "Battle.net, World of Warcraft servers: login and password in upper case",
        scheme: &Wow,
        ..ROW
    },
    Format {
        name: "clipperz-srp",
        example: "$clipperz$<verifier, hex>$<salt, text>*<login>",
        note: "Clipperz",
        scheme: &Clipperz,
        ..ROW
    },
];

/// A verifier; zeros at its start may be missing.
fn verifier(text: &str) -> Result<Number, Error> {
    const DIGITS: usize = 2 * NUMBER_BYTES;
    if text.is_empty() || text.len() > DIGITS {
        return Err(Error::Malformed("srp verifier"));
    }
    let bytes = hex(&format!("{text:0>DIGITS$}"), "srp verifier")?;
    Number::new(&bytes).ok_or(Error::Malformed("srp verifier"))
}

/// 47^x modulo 112624315653284427036559548610503669920632123929604336254260115573677366691719, x being SHA-1 of the
/// salt and SHA-1 of `LOGIN:PASSWORD`.
struct Wow;

const WOW_MODULUS: Number =
    Number([0x1216_f665_8523_c787, 0x7e97_6c78_c732_12d9, 0x2186_b68c_a092_b555, 0xf8ff_1a8b_6199_1803, 0]);

struct WowParts<'a> {
    verifier: Number,
    salt: Vec<u8>,
    /// Crackers append it.
    login: Option<&'a str>,
}

impl Wow {
    fn parse<'a>(&self, text: &'a str) -> Result<WowParts<'a>, Error> {
        let rest = text.strip_prefix("$WoWSRP$").ok_or(Error::Malformed("srp prefix"))?;
        let (verified, rest) = rest.split_once('$').ok_or(Error::Malformed("srp fields"))?;
        let (salt, login) = match rest.split_once('*') {
            Some((salt, login)) => (salt, Some(login)),
            None => (rest, None),
        };
        Ok(WowParts { verifier: verifier(verified)?, salt: hex(salt, "srp salt")?, login })
    }
}

impl Scheme for Wow {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$WoWSRP$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let login = stored.login.unwrap_or(attempt.login).to_uppercase();
        let password = Zeroizing::new(match str::from_utf8(attempt.password) {
            Ok(text) => text.to_uppercase().into_bytes(),
            Err(_) => attempt.password.to_ascii_uppercase(),
        });
        let inner = Hash::Sha1.of(&[login.as_bytes(), b":", &password]);
        let x = Hash::Sha1.of(&[&stored.salt, &inner]);
        Ok(attempt.judge.same(&power(47, &x, WOW_MODULUS).bytes(), &stored.verifier.bytes()))
    }
}

/// 2^x modulo 125617018995153554710546479714086468244499594888726646874671447258204721048803, x being SHA-256, twice, of
/// the salt and the same of password and login in hex.
struct Clipperz;

const CLIPPERZ_MODULUS: Number =
    Number([0x65f8_7db5_b2a2_ece3, 0xa5a9_e8a9_e7ed_56c9, 0x2cf2_80b4_3673_5c77, 0x15b8_b692_e0e0_4569, 1]);

impl Clipperz {
    fn parse<'a>(&self, text: &'a str) -> Result<(Number, &'a str, &'a str), Error> {
        let rest = text.strip_prefix("$clipperz$").ok_or(Error::Malformed("srp prefix"))?;
        let (verified, rest) = rest.split_once('$').ok_or(Error::Malformed("srp fields"))?;
        let (salt, login) = rest.split_once('*').ok_or(Error::Malformed("srp fields"))?;
        Ok((verifier(verified)?, salt, login))
    }
}

impl Scheme for Clipperz {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$clipperz$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, salt, login) = self.parse(attempt.hash)?;
        let twice = |parts: &[&[u8]]| Hash::Sha256.of(&[&Hash::Sha256.of(parts)]);
        let secret = Zeroizing::new(hex::encode(twice(&[attempt.password, login.as_bytes()])));
        let x = twice(&[salt.as_bytes(), secret.as_bytes()]);
        Ok(attempt.judge.same(&power(2, &x, CLIPPERZ_MODULUS).bytes(), &stored.bytes()))
    }
}

//! The memory-hard formats of crypt(3): yescrypt, its Russian wrapping, and scrypt in the same notation.

use crate::Error;
use crate::encoding::{exactly, h64, h64_number, h64_value};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::scrypt::{self, scrypt};
use crate::kdf::yescrypt::{Cost, yescrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "yescrypt",
        strength: Strength::Strong,
        example: "$y$<parameters>$<salt>$<hash, 43>",
        note: "Debian, Ubuntu, Fedora",
        ends_at_nul: true,
        scheme: &YESCRYPT,
        ..ROW
    },
    Format {
        name: "gost-yescrypt",
        strength: Strength::Strong,
        example: "$gy$<parameters>$<salt>$<hash, 43>",
        note: "ALT Linux: yescrypt under two HMACs of Streebog",
        ends_at_nul: true,
        scheme: &GOST_YESCRYPT,
        ..ROW
    },
    Format {
        name: "scrypt-crypt7",
        aliases: &["scrypt-crypt"],
        strength: Strength::Strong,
        example: "$7$<log2 N, 1><r, 5><p, 5><salt>$<hash, 43>",
        note: "libsodium's scrypt, libxcrypt; the salt is hashed as the text that it is",
        ends_at_nul: true,
        scheme: &SCRYPT_CRYPT,
        ..ROW
    },
];

/// `$y$params$salt$hash`, `$gy$…`
pub(crate) struct Yescrypt {
    prefix: &'static str,
    gost: bool,
}

pub(crate) const YESCRYPT: Yescrypt = Yescrypt { prefix: "$y$", gost: false };
pub(crate) const GOST_YESCRYPT: Yescrypt = Yescrypt { prefix: "$gy$", gost: true };

impl Scheme for Yescrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, self.prefix)?.cost.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, self.prefix)?;
        let hash = yescrypt(attempt.password, &stored.salt, stored.cost, attempt.limits, attempt.tick)?;
        if !self.gost {
            return Ok(attempt.judge.same(&hash[..], &stored.hash));
        }
        let key = Hash::Streebog256.of(&[attempt.password]);
        let key = Hash::Streebog256.hmac(&key, &[stored.setting.as_bytes()]);
        Ok(attempt.judge.same(&Hash::Streebog256.hmac(&key, &[&hash[..]]), &stored.hash))
    }
}

/// The parts of a yescrypt string. Its cost has not been compared with any limit.
struct Parsed<'a> {
    cost: Cost,
    salt: Vec<u8>,
    hash: [u8; 32],
    /// All that stands before the hash and its `$`.
    setting: &'a str,
}

/// The longest salt that libxcrypt decodes.
const SALT_BYTES: usize = 64;

impl<'a> Parsed<'a> {
    fn new(text: &'a str, prefix: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix(prefix).ok_or(Error::Malformed("yescrypt prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [params, salt, hash] = fields[..] else { return Err(Error::Malformed("yescrypt fields")) };
        let setting = text.get(..text.len() - hash.len() - 1).unwrap_or_default();
        let hash = exactly(h64(hash, "yescrypt hash")?, "yescrypt hash length")?;
        let salt = h64(salt, "yescrypt salt")?;
        if salt.len() > SALT_BYTES {
            return Err(Error::Malformed("yescrypt salt"));
        }
        Ok(Self { cost: cost(params)?, salt, hash, setting })
    }
}

fn cost(params: &str) -> Result<Cost, Error> {
    const PART: &str = "yescrypt parameters";
    let mut rest = params.as_bytes();
    let flavor = varint(&mut rest, 0)?;
    let mode = u32::try_from(flavor).ok().and_then(|flavor| flavor.try_into().ok());
    let mode = mode.ok_or(Error::Unsupported("this flavor of yescrypt"))?;
    let log_n = u32::try_from(varint(&mut rest, 1)?).unwrap_or(u32::MAX);
    let r = varint(&mut rest, 1)?;
    let have = if rest.is_empty() { 0 } else { varint(&mut rest, 1)? };
    let p = if have & 1 != 0 { varint(&mut rest, 2)? } else { 1 };
    let t = if have & 2 != 0 { varint(&mut rest, 1)? } else { 0 };
    if have & !3 != 0 {
        return Err(Error::Unsupported("yescrypt with upgrades or a ROM"));
    }
    if !rest.is_empty() {
        return Err(Error::Malformed(PART));
    }
    Ok(Cost { mode, log_n, r, p, t })
}

/// One number of the parameters, not below `min`: the first character says how many follow, in ranges of 48,
/// 8, 4, 2 and 1 of its values.
fn varint(rest: &mut &[u8], min: u64) -> Result<u64, Error> {
    const PART: Error = Error::Malformed("yescrypt parameters");
    let mut next = || {
        let (first, tail) = rest.split_first().ok_or(PART)?;
        *rest = tail;
        h64_value(*first).map(u64::from).ok_or(PART)
    };
    let first = next()?;
    let (mut start, mut end, mut bits, mut number) = (0u64, 47u64, 0u32, min);
    while first > end {
        number += (end + 1 - start) << bits;
        start = end + 1;
        end = start + (62 - end) / 2;
        bits += 6;
    }
    number += (first - start) << bits;
    while bits > 0 {
        bits -= 6;
        number += next()? << bits;
    }
    Ok(number)
}

/// `$7$Nrrrrrppppp` and the salt, which may hold any character, up to the last `$`.
pub(crate) struct ScryptCrypt;

pub(crate) const SCRYPT_CRYPT: ScryptCrypt = ScryptCrypt;

/// The characters of N, r and p.
const PARAMS: usize = 11;

impl ScryptCrypt {
    fn parse<'a>(&self, text: &'a str) -> Result<(scrypt::Cost, &'a str, [u8; 32]), Error> {
        const PART: &str = "scrypt parameters";
        let rest = text.strip_prefix("$7$").ok_or(Error::Malformed("scrypt prefix"))?;
        let (params, rest) = rest.split_at_checked(PARAMS).ok_or(Error::Malformed(PART))?;
        let number = |from, to| h64_number(params.get(from..to).ok_or(Error::Malformed(PART))?, PART);
        let cost = scrypt::Cost { log_n: number(0, 1)? as u32, r: number(1, 6)?, p: number(6, 11)? };
        let (salt, hash) = rest.rsplit_once('$').ok_or(Error::Malformed("scrypt fields"))?;
        Ok((cost, salt, exactly(h64(hash, "scrypt hash")?, "scrypt hash length")?))
    }
}

impl Scheme for ScryptCrypt {
    fn recognise(&self, hash: &str) -> bool {
        // Mosquitto's `$7$` has a number of iterations there, which is shorter, and padding at the end.
        let first = hash.strip_prefix("$7$").and_then(|rest| rest.split('$').next());
        first.is_some_and(|field| field.len() >= PARAMS) && !hash.ends_with('=')
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?.0.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (cost, salt, hash) = self.parse(attempt.hash)?;
        let computed =
            scrypt(attempt.password, salt.as_bytes(), cost, hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

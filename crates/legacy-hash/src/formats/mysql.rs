//! The three password hashes of MySQL and MariaDB.

use crate::Error;
use crate::encoding::{exactly, h64, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::sha_crypt::sha256_ordered;
use crate::kdf::digest::Hash;
use crate::limits::{Limits, SHA_CRYPT_WORK};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "mysql323",
        aliases: &["mysql-old-password"],
        example: "<hash, 16 hex digits>",
        must_name: true,
        note: "OLD_PASSWORD(), before MySQL 4.1; spaces and tabs of a password don't count",
        scheme: &MySql323,
        ..ROW
    },
    Format {
        name: "mysql41",
        aliases: &["mysql-native-password"],
        example: "*<hash, 40 hex digits>",
        note: "PASSWORD(), mysql_native_password; named, the star may be missing",
        scheme: &MySql41,
        ..ROW
    },
    Format {
        name: "mysql8-caching-sha2",
        strength: Strength::Acceptable,
        example: "$A$005$<salt, 20 bytes><hash, 43>; also $mysql$A$005*<salt, hex>*<hash, hex>",
        note: "sha256crypt with a salt of 20 bytes; the three digits are thousands of rounds in hex",
        scheme: &MySql8,
        ..ROW
    },
];

/// Two words of 31 bits that each byte of the password is mixed into.
pub(crate) struct MySql323;

impl MySql323 {
    fn parse(hash: &str) -> Result<[u8; 8], Error> {
        exactly(hex(hash, "mysql hash")?, "mysql hash length")
    }
}

impl Scheme for MySql323 {
    fn recognise(&self, hash: &str) -> bool {
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let (mut a, mut b, mut sum) = (0x5030_5735u32, 0x1234_5671u32, 7u32);
        for byte in attempt.password.iter().filter(|&&byte| byte != b' ' && byte != b'\t') {
            let byte = u32::from(*byte);
            a ^= (a & 63).wrapping_add(sum).wrapping_mul(byte).wrapping_add(a << 8);
            b = b.wrapping_add((b << 8) ^ a);
            sum = sum.wrapping_add(byte);
        }
        let words = u64::from(a & 0x7fff_ffff) << 32 | u64::from(b & 0x7fff_ffff);
        Ok(attempt.judge.same(&words.to_be_bytes(), &stored))
    }
}

/// SHA-1 of the SHA-1.
pub(crate) struct MySql41;

impl MySql41 {
    fn parse(hash: &str) -> Result<[u8; 20], Error> {
        exactly(hex(hash.strip_prefix('*').unwrap_or(hash), "mysql hash")?, "mysql hash length")
    }
}

impl Scheme for MySql41 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with('*') && Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Self::parse(attempt.hash)?;
        let once = Hash::Sha1.of(&[attempt.password]);
        Ok(attempt.judge.same(&Hash::Sha1.of(&[&once]), &stored))
    }
}

/// What `authentication_string` holds, in hex, or as hashcat writes it.
pub(crate) struct MySql8;

const SALT_BYTES: usize = 20;

struct Parsed {
    rounds: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parsed {
    fn new(text: &str, limits: &Limits) -> Result<Self, Error> {
        let (thousands, salt, hash) = match (text.strip_prefix("$mysql$A$"), unhex(text)) {
            (Some(rest), _) => by_hashcat(rest)?,
            (None, Some(bytes)) => by_mysql(&bytes)?,
            (None, None) => by_mysql(text.as_bytes())?,
        };
        if thousands == 0 {
            return Err(Error::Malformed("mysql rounds"));
        }
        let rounds = thousands.saturating_mul(1000);
        if rounds > limits.sha_crypt_rounds {
            return Err(Error::OverLimit("mysql rounds"));
        }
        let hash = str::from_utf8(&hash).map_err(|_| Error::Malformed("mysql hash"))?;
        let hash = h64(hash, "mysql hash")?;
        if hash.len() != Hash::Sha256.len() {
            return Err(Error::Malformed("mysql hash length"));
        }
        Ok(Self { rounds, salt, hash })
    }
}

/// Thousands of rounds, salt, and the characters of the hash.
type Fields = (u64, Vec<u8>, Vec<u8>);

fn by_hashcat(rest: &str) -> Result<Fields, Error> {
    let fields: Vec<&str> = rest.split('*').collect();
    let [thousands, salt, hash] = fields[..] else { return Err(Error::Malformed("mysql fields")) };
    // Its query turns MySQL's hexadecimal number into a decimal one.
    let thousands = crate::encoding::number(thousands, "mysql rounds")?;
    let salt: [u8; SALT_BYTES] = exactly(hex(salt, "mysql salt")?, "mysql salt")?;
    Ok((thousands, salt.to_vec(), hex(hash, "mysql hash")?))
}

fn by_mysql(bytes: &[u8]) -> Result<Fields, Error> {
    let rest = bytes.strip_prefix(b"$A$").ok_or(Error::Malformed("mysql prefix"))?;
    let (digits, rest) = rest.split_at_checked(3).ok_or(Error::Malformed("mysql rounds"))?;
    let thousands =
        str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let thousands = thousands.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let rest = rest.strip_prefix(b"$").ok_or(Error::Malformed("mysql fields"))?;
    let (salt, hash) = rest.split_at_checked(SALT_BYTES).ok_or(Error::Malformed("mysql salt"))?;
    Ok((thousands.ok_or(Error::Malformed("mysql rounds"))?, salt.to_vec(), hash.to_vec()))
}

/// The bytes of `HEX(authentication_string)`, with or without 0x: the salt has control characters, so that
/// this is how rows are usually copied.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    text.starts_with("244124").then(|| hex(text, "mysql hash").ok()).flatten()
}

impl Scheme for MySql8 {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$A$") || hash.starts_with("$mysql$A$") || hash.starts_with("0x244124")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = Parsed::new(attempt.hash, attempt.limits)?;
        if stored.rounds.saturating_mul(attempt.password.len() as u64) > SHA_CRYPT_WORK {
            return Ok(false);
        }
        let digest = sha256_ordered(attempt.password, &stored.salt, stored.rounds, attempt.tick)?;
        Ok(attempt.judge.same(&digest, &stored.hash))
    }
}

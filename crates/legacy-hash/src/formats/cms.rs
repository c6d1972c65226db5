//! Small content management systems that mixed salt and digest in ways of their own.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::formats::fields::is_hex;
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "koobi-kmd5",
        example: "<16 hex digits><salt, 2><16 hex digits>",
        note: "Koobi CMS, DokuWiki's kmd5",
        scheme: &Koobi,
        ..ROW
    },
    Format {
        name: "nukedclan",
        example: "$nk$*<site key, 40 hex digits>*#<offset><hash, 32 hex digits>; also #<offset><hash> with a pepper",
        note: "Nuked-Klan CMS: the site key is HASHKEY of its conf.inc.php",
        scheme: &NukedClan,
        ..ROW
    },
    Format {
        name: "leet-cc",
        example: "<salt, text>$<hash, 128 hex digits>",
        must_name: true,
        note: "SHA-512 and Whirlpool xored; the salt is the login, and may be given as such",
        scheme: &LeetCc,
        ..ROW
    },
];

/// MD5 of a short salt and the password's MD5, the salt in the middle of the digits.
struct Koobi;

impl Koobi {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        const PART: &str = "koobi hash";
        let (head, rest) = text.split_at_checked(16).ok_or(Error::Malformed(PART))?;
        let (salt, tail) = rest.split_at_checked(2).ok_or(Error::Malformed(PART))?;
        if !is_hex(head, 16) || !is_hex(tail, 16) {
            return Err(Error::Malformed(PART));
        }
        Ok((salt, hex(&[head, tail].concat(), PART)?))
    }
}

impl Scheme for Koobi {
    fn recognise(&self, hash: &str) -> bool {
        hash.bytes().all(|b| b.is_ascii_alphanumeric()) && self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, stored) = self.parse(attempt.hash)?;
        let inner = Zeroizing::new(hex::encode(Hash::Md5.of(&[attempt.password])));
        Ok(attempt.judge.same(&Hash::Md5.of(&[salt.as_bytes(), inner.as_bytes()]), &stored))
    }
}

/// The password's SHA-1 in hex, each digit followed by a byte of the site key from an offset on, hashed with MD5.
struct NukedClan;

const SITE_KEY_BYTES: usize = 20;

struct NukedClanParts {
    /// The site key, if the string has it.
    key: Option<Vec<u8>>,
    offset: usize,
    hash: Vec<u8>,
}

impl NukedClan {
    fn parse(&self, text: &str) -> Result<NukedClanParts, Error> {
        const PART: &str = "nuked-klan hash";
        let (key, rest) = match text.strip_prefix("$nk$*") {
            Some(rest) => {
                let (key, rest) = rest.split_once('*').ok_or(Error::Malformed(PART))?;
                if !is_hex(key, 2 * SITE_KEY_BYTES) {
                    return Err(Error::Malformed("nuked-klan site key"));
                }
                (Some(hex(key, "nuked-klan site key")?), rest)
            }
            None => (None, text),
        };
        let rest = rest.strip_prefix('#').filter(|rest| is_hex(rest, 33)).ok_or(Error::Malformed(PART))?;
        let offset = rest.get(..1).and_then(|digit| usize::from_str_radix(digit, 16).ok());
        let offset = offset.ok_or(Error::Malformed(PART))?;
        Ok(NukedClanParts { key, offset, hash: hex(rest.get(1..).unwrap_or_default(), PART)? })
    }
}

impl Scheme for NukedClan {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$nk$*") || hash.starts_with('#') && self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let key = stored.key.unwrap_or_else(|| attempt.pepper.to_vec());
        if key.is_empty() {
            return Err(Error::MissingPepper);
        }
        let digest = Zeroizing::new(hex::encode(Hash::Sha1.of(&[attempt.password])));
        let mut mixed = Zeroizing::new(Vec::with_capacity(2 * digest.len()));
        // From the offset to the end of the key, and then the whole key again and again.
        let keys = key.iter().skip(stored.offset).chain(key.iter().cycle());
        for (digit, byte) in digest.bytes().zip(keys) {
            mixed.extend([digit, *byte]);
        }
        Ok(attempt.judge.same(&Hash::Md5.of(&[&mixed]), &stored.hash))
    }
}

/// `salt$hash`; alone, the hash is of the login as its salt.
struct LeetCc;

impl LeetCc {
    fn parse<'a>(&self, text: &'a str) -> Result<(Option<&'a str>, Vec<u8>), Error> {
        let (salt, hash) = match text.rsplit_once('$') {
            Some((salt, hash)) => (Some(salt), hash),
            None => (None, text),
        };
        if salt == Some("") || !is_hex(hash, 2 * Hash::Sha512.len()) {
            return Err(Error::Malformed("leet.cc hash"));
        }
        Ok((salt, hex(hash, "leet.cc hash")?))
    }
}

impl Scheme for LeetCc {
    fn recognise(&self, hash: &str) -> bool {
        // More dollars are others' formats.
        hash.matches('$').count() <= 1 && self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, stored) = self.parse(attempt.hash)?;
        let salt = match (salt, attempt.salt, attempt.login) {
            (Some(salt), ..) => salt.as_bytes(),
            (None, Some(salt), _) => salt,
            (None, None, "") => return Err(Error::MissingLogin),
            (None, None, login) => login.as_bytes(),
        };
        let sha512 = Hash::Sha512.of(&[attempt.password, salt]);
        let whirlpool = Hash::Whirlpool.of(&[salt, attempt.password]);
        let xored: Zeroizing<Vec<u8>> =
            Zeroizing::new(sha512.iter().zip(whirlpool.iter()).map(|(a, b)| a ^ b).collect());
        Ok(attempt.judge.same(&xored, &stored))
    }
}

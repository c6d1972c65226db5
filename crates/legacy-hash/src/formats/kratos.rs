//! The strings by which Ory Kratos takes over hashes of other systems. What they wrap is ordinary; where Kratos reads
//! it in a way of its own, so does this.

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::md5_crypt::Md5Crypt;
use crate::formats::scrypt::is_kratos;
use crate::formats::sha_crypt::ShaCrypt;
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::kdf::scrypt::{Cost, scrypt};
use crate::limits::Limits;
use crate::verify::Attempt;

/// The rows that differ by a digest only.
macro_rules! digests {
    (
        pf: $($pf:literal, $pf_prefix:literal, $pf_hash:ident;)*
        hmac: $($hmac:literal, $hmac_prefix:literal, $hmac_hash:ident;)*
        pbkdf2: $($pbkdf2:literal, $pbkdf2_prefix:literal, $pbkdf2_hash:ident;)*
    ) => {
        pub(crate) const FORMATS: &[Format] = &[
            $(Format {
                name: $pf,
                example: concat!($pf_prefix, "pf=<template, base64>$<salt, base64>$<hash, base64>"),
                note: "the template has {SALT} and {PASSWORD}",
                scheme: &Template { prefix: $pf_prefix, hash: Hash::$pf_hash },
                ..ROW
            },)*
            Format {
                name: "kratos-md5",
                example: "$md5$<hash, base64>",
                scheme: &PlainMd5,
                ..ROW
            },
            $(Format {
                name: $hmac,
                example: concat!($hmac_prefix, "<hash, hex in base64>$<key, base64>"),
                scheme: &Hmac { prefix: $hmac_prefix, hash: Hash::$hmac_hash },
                ..ROW
            },)*
            $(Format {
                name: $pbkdf2,
                strength: Strength::Acceptable,
                example: concat!($pbkdf2_prefix, "i=<iterations>,l=<length>$<salt, base64>$<hash, base64>"),
                scheme: &Pbkdf2 { prefix: $pbkdf2_prefix, hash: Hash::$pbkdf2_hash },
                ..ROW
            },)*
            Format {
                name: "kratos-md5-crypt",
                example: "$md5-crypt$<salt>$<hash, 22>",
                note: "md5crypt",
                ends_at_nul: true,
                scheme: &Crypt { prefix: "$md5-crypt$", magic: "$1$", inner: &Md5Crypt { magic: "$1$" } },
                ..ROW
            },
            Format {
                name: "kratos-sha256-crypt",
                strength: Strength::Acceptable,
                example: "$sha256-crypt$rounds=<rounds>$<salt>$<hash, 43>",
                note: "sha256crypt",
                ends_at_nul: true,
                scheme: &Crypt { prefix: "$sha256-crypt$", magic: "$5$", inner: &ShaCrypt(Hash::Sha256) },
                ..ROW
            },
            Format {
                name: "kratos-sha512-crypt",
                strength: Strength::Acceptable,
                example: "$sha512-crypt$rounds=<rounds>$<salt>$<hash, 86>",
                note: "sha512crypt",
                ends_at_nul: true,
                scheme: &Crypt { prefix: "$sha512-crypt$", magic: "$6$", inner: &ShaCrypt(Hash::Sha512) },
                ..ROW
            },
            Format {
                name: "kratos-scrypt",
                strength: Strength::Strong,
                example: "$scrypt$ln=<N>,r=<r>,p=<p>$<salt, base64>$<hash, base64>",
                note: "scrypt-phc, but for ln, which is N itself",
                scheme: &Scrypt,
                ..ROW
            },
        ];
    };
}

digests! {
    pf:
        "kratos-md5-pf", "$md5$", Md5;
        "kratos-sha1-pf", "$sha1$", Sha1;
        "kratos-sha256-pf", "$sha256$", Sha256;
        "kratos-sha512-pf", "$sha512$", Sha512;
    hmac:
        "kratos-hmac-md4", "$hmac-md4$", Md4;
        "kratos-hmac-md5", "$hmac-md5$", Md5;
        "kratos-hmac-sha1", "$hmac-sha1$", Sha1;
        "kratos-hmac-sha224", "$hmac-sha224$", Sha224;
        "kratos-hmac-sha256", "$hmac-sha256$", Sha256;
        "kratos-hmac-sha384", "$hmac-sha384$", Sha384;
        "kratos-hmac-sha512", "$hmac-sha512$", Sha512;
    pbkdf2:
        "kratos-pbkdf2-sha256", "$pbkdf2-sha256$", Sha256;
        "kratos-pbkdf2-sha512", "$pbkdf2-sha512$", Sha512;
}

/// The fields after a prefix, as many as there must be.
fn fields<'a, const N: usize>(text: &'a str, prefix: &str) -> Result<[&'a str; N], Error> {
    let rest = text.strip_prefix(prefix).ok_or(Error::Malformed("kratos prefix"))?;
    let fields: Vec<&str> = rest.split('$').collect();
    fields.try_into().map_err(|_| Error::Malformed("kratos fields"))
}

fn digest(text: &str, hash: Hash) -> Result<Vec<u8>, Error> {
    let digest = b64(text, "kratos hash")?;
    if digest.len() == hash.len() { Ok(digest) } else { Err(Error::Malformed("kratos hash length")) }
}

/// `$sha1$pf=…$salt$hash`: a digest over a template in which salt and password have been put.
pub(crate) struct Template {
    prefix: &'static str,
    hash: Hash,
}

impl Template {
    /// Template, salt and hash.
    fn parse(&self, text: &str) -> Result<[Vec<u8>; 3], Error> {
        let [template, salt, hash] = fields(text, self.prefix)?;
        let template = template.strip_prefix("pf=").ok_or(Error::Malformed("kratos template"))?;
        let template = b64(template, "kratos template")?;
        if template.is_empty() {
            return Err(Error::Malformed("kratos template"));
        }
        Ok([template, b64(salt, "kratos salt")?, digest(hash, self.hash)?])
    }
}

/// The template with the salt for each `{SALT}` and the password for each `{PASSWORD}`, in one pass: what they hold is
/// not looked at again.
fn filled(template: &[u8], salt: &[u8], password: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let mut out = zeroize::Zeroizing::new(Vec::new());
    let mut rest = template;
    while let Some((&first, tail)) = rest.split_first() {
        let (piece, after) = match (rest.strip_prefix(b"{SALT}"), rest.strip_prefix(b"{PASSWORD}")) {
            (Some(after), _) => (salt, after),
            (_, Some(after)) => (password, after),
            _ => (std::slice::from_ref(&first), tail),
        };
        out.extend_from_slice(piece);
        rest = after;
        // A template of placeholders only could make megabytes of a long salt.
        if out.len() > MAX_FILLED_BYTES {
            return Err(Error::OverLimit("the length of a filled template"));
        }
    }
    Ok(out)
}

/// Room for several long salts and passwords.
const MAX_FILLED_BYTES: usize = 64 << 10;

impl Scheme for Template {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix(self.prefix).is_some_and(|rest| rest.starts_with("pf="))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let [template, salt, hash] = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.hash.of(&[&filled(&template, &salt, attempt.password)?]), &hash))
    }
}

/// `$md5$hash`
pub(crate) struct PlainMd5;

impl PlainMd5 {
    fn parse(text: &str) -> Result<Vec<u8>, Error> {
        let [hash] = fields(text, "$md5$")?;
        digest(hash, Hash::Md5)
    }
}

impl Scheme for PlainMd5 {
    fn recognise(&self, hash: &str) -> bool {
        // SunMD5 has a salt and a dollar.
        Self::parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Ok(attempt.judge.same(&Hash::Md5.of(&[attempt.password]), &Self::parse(attempt.hash)?))
    }
}

/// `$hmac-sha256$hash$key`: the hash is base64 of hex.
pub(crate) struct Hmac {
    prefix: &'static str,
    hash: Hash,
}

impl Hmac {
    fn parse(&self, text: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let [hash, key] = fields(text, self.prefix)?;
        let hash = b64(hash, "kratos hash")?;
        let hash = str::from_utf8(&hash).map_err(|_| Error::Malformed("kratos hash"))?;
        let hash = hex(hash, "kratos hash")?;
        if hash.len() != self.hash.len() {
            return Err(Error::Malformed("kratos hash length"));
        }
        Ok((hash, b64(key, "kratos key")?))
    }
}

impl Scheme for Hmac {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (hash, key) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&self.hash.hmac(&key, &[attempt.password]), &hash))
    }
}

/// `$pbkdf2-sha256$i=…,l=…$salt$hash`
pub(crate) struct Pbkdf2 {
    prefix: &'static str,
    hash: Hash,
}

impl Pbkdf2 {
    fn parse(&self, text: &str) -> Result<(u64, Vec<u8>, Vec<u8>), Error> {
        const PART: &str = "kratos pbkdf2 parameters";
        let [params, salt, hash] = fields(text, self.prefix)?;
        let (iterations, len) = params.split_once(',').ok_or(Error::Malformed(PART))?;
        let value = |text: &str, name| number(text.strip_prefix(name).ok_or(Error::Malformed(PART))?, PART);
        let (iterations, len) = (value(iterations, "i=")?, value(len, "l=")?);
        let hash = b64(hash, "kratos hash")?;
        if hash.len() as u64 != len {
            return Err(Error::Malformed("kratos hash length"));
        }
        Ok((iterations, b64(salt, "kratos salt")?, hash))
    }
}

impl Scheme for Pbkdf2 {
    fn recognise(&self, hash: &str) -> bool {
        hash.strip_prefix(self.prefix).is_some_and(|rest| rest.starts_with("i=") && rest.contains(",l="))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        let (iterations, _, hash) = self.parse(hash)?;
        check(self.hash, iterations, hash.len(), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (iterations, salt, hash) = self.parse(attempt.hash)?;
        let computed = pbkdf2(self.hash, attempt.password, &salt, iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

/// A crypt(3) string whose magic has a longer name.
pub(crate) struct Crypt {
    prefix: &'static str,
    magic: &'static str,
    inner: &'static dyn Scheme,
}

impl Crypt {
    fn inner(&self, text: &str) -> Result<String, Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("kratos prefix"))?;
        Ok(format!("{}{rest}", self.magic))
    }
}

impl Scheme for Crypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.inner.check(&self.inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = self.inner(attempt.hash)?;
        self.inner.verify(&mut attempt.over(attempt.password, &hash))
    }
}

/// `$scrypt$ln=16384,…`
pub(crate) struct Scrypt;

impl Scrypt {
    fn parse(text: &str) -> Result<(Cost, Vec<u8>, Vec<u8>), Error> {
        const PART: &str = "kratos scrypt parameters";
        let [params, salt, hash] = fields(text, "$scrypt$")?;
        let params: Vec<&str> = params.split(',').collect();
        let [n, r, p] = params[..] else { return Err(Error::Malformed(PART)) };
        let value = |text: &str, name| number(text.strip_prefix(name).ok_or(Error::Malformed(PART))?, PART);
        let cost = Cost::from_n(value(n, "ln=")?, value(r, "r=")?, value(p, "p=")?)?;
        let hash = b64(hash, "kratos hash")?;
        if !(16..=64).contains(&hash.len()) {
            return Err(Error::Malformed("kratos hash length"));
        }
        Ok((cost, b64(salt, "kratos salt")?, hash))
    }
}

impl Scheme for Scrypt {
    fn recognise(&self, hash: &str) -> bool {
        let params = hash.strip_prefix("$scrypt$").and_then(|rest| rest.split('$').next());
        params.is_some_and(is_kratos)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Self::parse(hash)?.0.check(limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (cost, salt, hash) = Self::parse(attempt.hash)?;
        let computed = scrypt(attempt.password, &salt, cost, hash.len(), attempt.limits, attempt.tick)?;
        Ok(attempt.judge.same(&computed, &hash))
    }
}

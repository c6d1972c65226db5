//! IBM's z/OS (RACF) and IBM i (AS/400): DES of a name under the password, both in EBCDIC, and what came after
//! it.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, hex};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::racf::{Cost, des_hash, field, kdfaes, xor};
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "racf",
        example: "$racf$*<login>*<hash, 16 hex digits>",
        note: "z/OS; 8 characters of a password count, its case only where it is mixed",
        ends_at_nul: true,
        scheme: &Des { prefix: "$racf$*", kind: Kind::Racf },
        ..ROW
    },
    Format {
        name: "racf-rvary",
        example: "$rvary$*<hash, 16 hex digits>",
        note: "the passwords of RACF's RVARY command; 8 characters of them count",
        ends_at_nul: true,
        scheme: &Des { prefix: "$rvary$*", kind: Kind::Rvary },
        ..ROW
    },
    Format {
        name: "racf-kdfaes",
        strength: Strength::Strong,
        example: "$racf$*<login>*E7D7E66D00018000<costs, 16 hex digits><salt, 32><hash, 32>",
        note: "z/OS 1.12 and later; 8 characters of a password count",
        ends_at_nul: true,
        scheme: &KdfAes,
        ..ROW
    },
    Format {
        name: "as400-des",
        example: "$as400des$<login>*<hash, 16 hex digits>",
        note: "IBM i with QPWDLVL 0 or 1; 10 characters of a password count",
        ends_at_nul: true,
        scheme: &Des { prefix: "$as400des$", kind: Kind::As400 },
        ..ROW
    },
    Format {
        name: "as400-ssha1",
        example: "$as400ssha1$<hash, 40 hex digits>$<login>; also $as400$ssha1$*<login>*<hash>",
        note: "IBM i with QPWDLVL 2 or 3",
        scheme: &As400Sha1,
        ..ROW
    },
];

/// How many bytes of a password and of a name count, and what is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Racf,
    Rvary,
    As400,
}

/// DES of the name under the password.
pub(crate) struct Des {
    prefix: &'static str,
    kind: Kind,
}

impl Des {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, [u8; 8]), Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("racf prefix"))?;
        let (name, hash) = match self.kind {
            Kind::Rvary => ("", rest.trim_start_matches('*')),
            // Some tools put a star before the name.
            _ => rest.trim_start_matches('*').rsplit_once('*').ok_or(Error::Malformed("racf fields"))?,
        };
        Ok((name, exactly(hex(hash, "racf hash")?, "racf hash length")?))
    }

    fn compute(&self, password: &str, name: &str) -> Zeroizing<[u8; 8]> {
        match self.kind {
            Kind::Racf => des_hash(&field(password, 0), &field(name, 0)),
            Kind::Rvary => des_hash(&field(password, 0), &field(password, 0)),
            Kind::As400 => {
                let name = folded(name);
                let first = des_hash(&field(password, 0), &name);
                match password.chars().count() {
                    0..=8 => first,
                    _ => xor(
                        first,
                        &des_hash(&field(&password.chars().take(10).collect::<String>(), 8), &name),
                    ),
                }
            }
        }
    }
}

fn without_spaces(mut password: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = password {
        password = rest;
    }
    password
}

/// The name of a user of IBM i in 8 bytes: the bits of the ninth and tenth are spread over the others.
fn folded(name: &str) -> [u8; 8] {
    let mut head = field(name, 0);
    if name.chars().count() > 8 {
        let [ninth, tenth, ..] = field(name, 8);
        for (i, byte) in head.iter_mut().enumerate() {
            let tail = if i < 4 { ninth } else { tenth };
            *byte ^= (tail << (2 * (i % 4))) & 0xc0;
        }
    }
    head
}

impl Scheme for Des {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with(self.prefix) && (self.kind != Kind::Racf || !KdfAes.recognise(hash))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (name, stored) = self.parse(attempt.hash)?;
        // Spaces fill the field of the password: they are none of it.
        let password = text::decode(without_spaces(attempt.password));
        // Systems without mixed case fold a password before they hash it.
        let upper = text::upper_each(&password);
        Ok(attempt.judge.same(&self.compute(&password, name)[..], &stored)
            | attempt.judge.same(&self.compute(&upper, name)[..], &stored))
    }
}

/// A memory-hard derivation from RACF's DES hash, whose key encrypts the name under AES.
pub(crate) struct KdfAes;

struct Parsed<'a> {
    name: &'a str,
    cost: Cost,
    salt: [u8; 16],
    hash: [u8; 16],
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        let rest = text.strip_prefix("$racf$*").ok_or(Error::Malformed("racf prefix"))?;
        let (name, digits) = rest.rsplit_once('*').ok_or(Error::Malformed("racf fields"))?;
        let bytes: [u8; 48] = exactly(hex(digits, "racf hash")?, "racf hash length")?;
        let (head, salt_and_hash) = bytes.split_at(16);
        let [0xe7, 0xd7, 0xe6, 0x6d, 0, 1, 0x80, 0, memory_high, memory_low, rounds_high, rounds_low, ..] =
            *head
        else {
            return Err(Error::Malformed("racf header"));
        };
        let cost = Cost::new(
            u16::from_be_bytes([memory_high, memory_low]),
            u16::from_be_bytes([rounds_high, rounds_low]),
            limits,
        )?;
        let (salt, hash) = salt_and_hash.split_at(16);
        Ok(Self {
            name,
            cost,
            salt: exactly(salt.to_vec(), "racf salt")?,
            hash: exactly(hash.to_vec(), "racf hash")?,
        })
    }
}

impl Scheme for KdfAes {
    fn recognise(&self, hash: &str) -> bool {
        let digits = hash.strip_prefix("$racf$*").and_then(|rest| rest.rsplit_once('*'));
        digits.is_some_and(|(_, digits)| digits.len() > 16)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        Parsed::new(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let Parsed { name, cost, salt, hash } = Parsed::new(attempt.hash, attempt.limits)?;
        let password = text::decode(attempt.password);
        let name = field(name, 0);
        let computed = kdfaes(&field(&password, 0), &name, &salt, cost, attempt.tick)?;
        if attempt.judge.same(&computed[..], &hash) {
            return Ok(true);
        }
        let upper = text::upper_each(&password);
        if upper == password {
            return Ok(false);
        }
        let computed = kdfaes(&field(&upper, 0), &name, &salt, cost, attempt.tick)?;
        Ok(attempt.judge.same(&computed[..], &hash))
    }
}

/// SHA-1 of the name, filled with spaces to ten characters, and the password, in UTF-16.
pub(crate) struct As400Sha1;

impl As400Sha1 {
    /// John the Ripper's prefix, and hashcat's.
    const PREFIXES: [&str; 2] = ["$as400ssha1$", "$as400$ssha1$*"];

    fn parse(text: &str) -> Result<(&str, [u8; 20]), Error> {
        let fields = match Self::PREFIXES.map(|prefix| text.strip_prefix(prefix)) {
            [Some(rest), _] => rest.split_once('$').map(|(hash, name)| (name, hash)),
            [None, Some(rest)] => rest.rsplit_once('*'),
            [None, None] => return Err(Error::Malformed("as400 prefix")),
        };
        let (name, hash) = fields.ok_or(Error::Malformed("as400 fields"))?;
        Ok((name, exactly(hex(hash, "as400 hash")?, "as400 hash length")?))
    }
}

impl Scheme for As400Sha1 {
    fn recognise(&self, hash: &str) -> bool {
        Self::PREFIXES.iter().any(|prefix| hash.starts_with(prefix))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (name, stored) = Self::parse(attempt.hash)?;
        let name = text::utf16be(&format!("{:<10}", &**text::upper_each(name)));
        let password = text::utf16be(&text::decode(attempt.password));
        Ok(attempt.judge.same(&Hash::Sha1.of(&[&name, &password]), &stored))
    }
}

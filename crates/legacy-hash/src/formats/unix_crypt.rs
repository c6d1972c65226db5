//! The rarer digests of crypt(3): NetBSD's `$sha1$`, and DragonFly's two.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{h64_reversed, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sha1crypt",
        strength: Strength::Acceptable,
        example: "$sha1$<rounds>$<salt>$<hash, 28>",
        note: "NetBSD, JunOS",
        ends_at_nul: true,
        scheme: &SHA1_CRYPT,
        ..ROW
    },
    Format {
        name: "dragonfly3",
        example: "$3$<salt, up to 8>$<hash, 44>",
        note: "DragonFly BSD 2.10, SHA-256",
        ends_at_nul: true,
        scheme: &DRAGONFLY_256,
        ..ROW
    },
    Format {
        name: "dragonfly4",
        example: "$4$<salt, up to 8>$<hash, 84>",
        note: "DragonFly BSD 2.10, SHA-512; its strings lack the last 16 bits",
        ends_at_nul: true,
        scheme: &DRAGONFLY_512,
        ..ROW
    },
];

/// Rounds between two ticks: about 2 ms.
const PACE: u32 = 4096;

/// `$sha1$rounds$salt$hash`: HMAC-SHA1 under the password, over and over.
pub(crate) struct Sha1Crypt;

pub(crate) const SHA1_CRYPT: Sha1Crypt = Sha1Crypt;

impl Sha1Crypt {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<(u64, &'a str, Vec<u8>), Error> {
        let rest = text.strip_prefix("$sha1$").ok_or(Error::Malformed("sha1crypt prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [rounds, salt, hash] = fields[..] else { return Err(Error::Malformed("sha1crypt fields")) };
        let rounds = number(rounds, "sha1crypt rounds")?;
        if rounds == 0 {
            return Err(Error::Malformed("sha1crypt rounds"));
        }
        if rounds > limits.digest_rounds {
            return Err(Error::OverLimit("sha1crypt rounds"));
        }
        if hash.len() != 28 {
            return Err(Error::Malformed("sha1crypt hash length"));
        }
        let mut bytes = h64_reversed(hash, "sha1crypt hash")?;
        // The 21st byte is filler, which producers take from different places.
        bytes.truncate(20);
        Ok((rounds, salt, bytes))
    }
}

impl Scheme for Sha1Crypt {
    fn recognise(&self, hash: &str) -> bool {
        // A number must follow: Kratos writes pf= under the same prefix.
        hash.strip_prefix("$sha1$").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (rounds, salt, hash) = self.parse(attempt.hash, attempt.limits)?;
        let first = format!("{salt}$sha1${rounds}");
        Ok(attempt.judge.same(&sha1_crypt(attempt.password, first.as_bytes(), rounds, attempt.tick)?, &hash))
    }
}

fn sha1_crypt(
    password: &[u8],
    first: &[u8],
    rounds: u64,
    tick: Tick<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    // HMAC's own first step, so that a long password is hashed once, not in every round.
    let key = match password.len() > Hash::Sha1.block_len() {
        true => Hash::Sha1.of(&[password]),
        false => Zeroizing::new(password.to_vec()),
    };
    let mut digest = Hash::Sha1.hmac(&key, &[first]);
    for _ in 1..rounds {
        pacer.step()?;
        digest = Hash::Sha1.hmac(&key, &[&digest]);
    }
    Ok(digest)
}

/// `$3$salt$hash`, `$4$salt$hash`: one digest over password, magic and salt, where the magic has the size of a
/// pointer by mistake, and so depends on the machine.
pub(crate) struct Dragonfly {
    prefix: &'static str,
    hash: Hash,
    /// The magic on machines of 32 and of 64 bits.
    magics: [&'static [u8]; 2],
    /// The bytes of the digest that go into a group of four characters, and those of the last group.
    groups: usize,
    stride: [usize; 2],
    last: [usize; 2],
    chars: usize,
}

pub(crate) const DRAGONFLY_256: Dragonfly = Dragonfly {
    prefix: "$3$",
    hash: Hash::Sha256,
    magics: [b"$3$\0", b"$3$\0sha5"],
    groups: 10,
    stride: [11, 21],
    last: [10, 31],
    chars: 44,
};

pub(crate) const DRAGONFLY_512: Dragonfly = Dragonfly {
    prefix: "$4$",
    hash: Hash::Sha512,
    magics: [b"$4$\0", b"$4$\0/etc"],
    groups: 20,
    stride: [21, 42],
    last: [20, 41],
    chars: 84,
};

impl Dragonfly {
    fn parse<'a>(&self, text: &'a str) -> Result<(&'a str, Vec<u8>), Error> {
        let rest = text.strip_prefix(self.prefix).ok_or(Error::Malformed("dragonfly prefix"))?;
        let (salt, hash) = rest.split_once('$').ok_or(Error::Malformed("dragonfly fields"))?;
        if salt.len() > 8 {
            return Err(Error::Malformed("dragonfly salt"));
        }
        if hash.len() != self.chars {
            return Err(Error::Malformed("dragonfly hash length"));
        }
        let mut bytes = h64_reversed(hash, "dragonfly hash")?;
        // The last group has only two bytes of the digest.
        bytes.truncate(3 * self.groups + 2);
        Ok((salt, bytes))
    }

    /// The digest in the order of the string.
    fn ordered(&self, digest: &[u8]) -> Zeroizing<Vec<u8>> {
        let [second, third] = self.stride;
        let triples = (0..self.groups).flat_map(|i| [i, i + second, i + third]);
        Zeroizing::new(triples.chain(self.last).filter_map(|i| digest.get(i).copied()).collect())
    }
}

impl Scheme for Dragonfly {
    fn recognise(&self, hash: &str) -> bool {
        // FreeBSD's `$3$$` is the NT hash in hex.
        hash.starts_with(self.prefix) && !super::nt::is_bsd(hash)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, hash) = self.parse(attempt.hash)?;
        let right = self.magics.map(|magic| {
            let digest = self.hash.of(&[attempt.password, magic, salt.as_bytes()]);
            attempt.judge.same(&self.ordered(&digest), &hash)
        });
        Ok(right.contains(&true))
    }
}

//! Solaris' MD5 crypt (Alec Muffett's), the one with Hamlet in it.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, h64, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::{Pacer, Tick};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "sunmd5",
    strength: Strength::Acceptable,
    example: "$md5,rounds=<rounds>$<salt>$$<hash, 22>; also $md5$<salt>$<hash>",
    note: "Solaris; 4096 rounds more than the string names",
    ends_at_nul: true,
    scheme: &SUN_MD5,
    ..ROW
}];

/// Rounds that are always done, to which those of the string are added.
const BASIC_ROUNDS: u64 = 4096;

/// Rounds between two ticks: about 2 ms.
const PACE: u32 = 1024;

/// `$md5$salt$$hash`, `$md5,rounds=n$salt$$hash`. All that stands before the hash is the salt: the prefix, the
/// rounds, and the first of two `$` that end it.
pub(crate) struct SunMd5;

pub(crate) const SUN_MD5: SunMd5 = SunMd5;

impl SunMd5 {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<Parsed<'a>, Error> {
        let rest = text.strip_prefix("$md5").ok_or(Error::Malformed("sunmd5 prefix"))?;
        if !rest.starts_with([',', '$']) {
            return Err(Error::Malformed("sunmd5 prefix"));
        }
        let rounds = match rest.get(1..).and_then(|rest| rest.strip_prefix("rounds=")) {
            Some(named) => number(named.split('$').next().unwrap_or_default(), "sunmd5 rounds")?,
            None if rest.starts_with(',') => return Err(Error::Malformed("sunmd5 rounds")),
            None => 0,
        };
        let rounds = rounds.saturating_add(BASIC_ROUNDS);
        if rounds > limits.digest_rounds.saturating_add(BASIC_ROUNDS) {
            return Err(Error::OverLimit("sunmd5 rounds"));
        }
        let (salt, hash) = text.rsplit_once('$').ok_or(Error::Malformed("sunmd5 fields"))?;
        if salt == "$md5" || hash.len() != 22 {
            return Err(Error::Malformed("sunmd5 hash length"));
        }
        let hash = exactly(h64(hash, "sunmd5 hash")?, "sunmd5 hash")?;
        Ok(Parsed { rounds, salt, hash })
    }
}

impl Scheme for SunMd5 {
    fn recognise(&self, hash: &str) -> bool {
        // Kratos writes pf= and bare digests under the same prefix.
        hash.starts_with("$md5,")
            || hash.strip_prefix("$md5$").is_some_and(|rest| rest.contains('$') && !rest.starts_with("pf="))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        let digest = sun_md5(attempt.password, stored.salt.as_bytes(), stored.rounds, attempt.tick)?;
        let permuted = Zeroizing::new(ORDER.map(|i| digest[i]));
        Ok(attempt.judge.same(&permuted[..], &stored.hash))
    }
}

struct Parsed<'a> {
    rounds: u64,
    salt: &'a str,
    hash: [u8; 16],
}

/// Which byte of the digest stands where in the string: md5crypt's order.
const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];

fn sun_md5(password: &[u8], salt: &[u8], rounds: u64, tick: Tick<'_>) -> Result<Zeroizing<[u8; 16]>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    let mut digest: Zeroizing<[u8; 16]> =
        Zeroizing::new(Md5::new().chain_update(password).chain_update(salt).finalize().into());
    for round in 0..rounds {
        pacer.step()?;
        let mut next = Md5::new().chain_update(&digest[..]);
        if coin(&digest, round as usize) {
            next.update(HAMLET);
        }
        next.update(round.to_string());
        *digest = next.finalize().into();
    }
    Ok(digest)
}

/// Tosses Muffett's coin: one bit of the digest against another, where the digest and the round say which.
fn coin(digest: &[u8; 16], round: usize) -> bool {
    let side = |first: usize, round: usize| {
        let eight = (0..8).fold(0, |eight, i| eight | usize::from(pick(digest, first + i)) << i);
        // Seven of the eight, by a bit that the round chooses.
        bit(digest, eight >> usize::from(bit(digest, round)) & 127)
    };
    side(0, round) ^ side(8, round + 64)
}

/// One of the bits that make an index.
fn pick(digest: &[u8; 16], i: usize) -> bool {
    let a = usize::from(digest[i & 15]);
    let b = usize::from(digest[(i + 3) & 15]);
    bit(digest, usize::from(digest[a >> (b % 5) & 15] >> (b >> (a & 7) & 1)))
}

/// Bit `at` of the 128.
fn bit(digest: &[u8; 16], at: usize) -> bool {
    digest[at >> 3 & 15] >> (at & 7) & 1 == 1
}

/// Hamlet, act III, scene 1, as Project Gutenberg had it, with the NUL that ends it in C.
const HAMLET: &[u8] = b"\
To be, or not to be,--that is the question:--\n\
Whether 'tis nobler in the mind to suffer\n\
The slings and arrows of outrageous fortune\n\
Or to take arms against a sea of troubles,\n\
And by opposing end them?--To die,--to sleep,--\n\
No more; and by a sleep to say we end\n\
The heartache, and the thousand natural shocks\n\
That flesh is heir to,--'tis a consummation\n\
Devoutly to be wish'd. To die,--to sleep;--\n\
To sleep! perchance to dream:--ay, there's the rub;\n\
For in that sleep of death what dreams may come,\n\
When we have shuffled off this mortal coil,\n\
Must give us pause: there's the respect\n\
That makes calamity of so long life;\n\
For who would bear the whips and scorns of time,\n\
The oppressor's wrong, the proud man's contumely,\n\
The pangs of despis'd love, the law's delay,\n\
The insolence of office, and the spurns\n\
That patient merit of the unworthy takes,\n\
When he himself might his quietus make\n\
With a bare bodkin? who would these fardels bear,\n\
To grunt and sweat under a weary life,\n\
But that the dread of something after death,--\n\
The undiscover'd country, from whose bourn\n\
No traveller returns,--puzzles the will,\n\
And makes us rather bear those ills we have\n\
Than fly to others that we know not of?\n\
Thus conscience does make cowards of us all;\n\
And thus the native hue of resolution\n\
Is sicklied o'er with the pale cast of thought;\n\
And enterprises of great pith and moment,\n\
With this regard, their currents turn awry,\n\
And lose the name of action.--Soft you now!\n\
The fair Ophelia!--Nymph, in thy orisons\n\
Be all my sins remember'd.\n\
\0";

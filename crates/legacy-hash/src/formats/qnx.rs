//! QNX's /etc/shadow: a digest over the salt and the password a thousand times, with the bug of its SHA-512;
//! and the PBKDF2 of QNX 7.

use crate::Error;
use crate::encoding::{b64, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::kdf::{Pacer, Tick};
use crate::limits::{DIGEST_WORK, Limits};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "qnx-md5",
        example: "@m@<hash, 32 hex digits>@<salt>",
        note: "1000 rounds unless the string names them, as in @m,2000@",
        ends_at_nul: true,
        scheme: &Qnx { kind: 'm', hash: Hash::Md5 },
        ..ROW
    },
    Format {
        name: "qnx-sha256",
        example: "@s@<hash, 64 hex digits>@<salt>",
        note: "",
        ends_at_nul: true,
        scheme: &Qnx { kind: 's', hash: Hash::Sha256 },
        ..ROW
    },
    Format {
        name: "qnx-sha512",
        example: "@S@<hash, 128 hex digits>@<salt>",
        note: "with the bug that QNX's SHA-512 had, or without",
        ends_at_nul: true,
        scheme: &Qnx { kind: 'S', hash: Hash::Sha512 },
        ..ROW
    },
    Format {
        name: "qnx7-sha512",
        strength: Strength::Acceptable,
        example: "@S@<hash, base64>@<salt, base64>",
        note: "PBKDF2 of 4096 iterations",
        ends_at_nul: true,
        scheme: &Qnx7,
        ..ROW
    },
];

const ROUNDS: u64 = 1000;
const ITERATIONS: u64 = 4096;

/// Passwords between two ticks: less than 2 ms.
const PACE: u32 = 1024;

/// `@kind@hash@salt`, `@kind,rounds@hash@salt`
fn split(text: &str, kind: char) -> Option<(Option<&str>, &str, &str)> {
    let rest = text.strip_prefix('@')?.strip_prefix(kind)?;
    let (rounds, rest) = rest.split_once('@')?;
    let rounds = match rounds.strip_prefix(',') {
        Some(rounds) => Some(rounds),
        None if rounds.is_empty() => None,
        None => return None,
    };
    let (hash, salt) = rest.split_once('@')?;
    Some((rounds, hash, salt))
}

/// One digest over the salt and `rounds` + 1 times the password.
pub(crate) struct Qnx {
    kind: char,
    hash: Hash,
}

impl Qnx {
    fn parse<'a>(&self, text: &'a str, limits: &Limits) -> Result<(u64, Vec<u8>, &'a str), Error> {
        let (rounds, hash, salt) = split(text, self.kind).ok_or(Error::Malformed("qnx fields"))?;
        let rounds = rounds.map_or(Ok(ROUNDS), |rounds| number(rounds, "qnx rounds"))?;
        if rounds > limits.digest_rounds {
            return Err(Error::OverLimit("qnx rounds"));
        }
        let hash = hex(hash, "qnx hash")?;
        if hash.len() != self.hash.len() {
            return Err(Error::Malformed("qnx hash length"));
        }
        Ok((rounds, hash, salt))
    }
}

impl Scheme for Qnx {
    fn recognise(&self, hash: &str) -> bool {
        split(hash, self.kind).is_some_and(|_| !(self.hash == Hash::Sha512 && Qnx7.recognise(hash)))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (rounds, hash, salt) = self.parse(attempt.hash, attempt.limits)?;
        // No system ever hashed so long a password so often.
        if rounds.saturating_mul(attempt.password.len() as u64) > DIGEST_WORK {
            return Ok(false);
        }
        let times = rounds.saturating_add(1);
        let right = attempt
            .judge
            .same(&digest(self.hash, salt.as_bytes(), attempt.password, times, attempt.tick)?, &hash);
        if right || self.hash != Hash::Sha512 {
            return Ok(right);
        }
        Ok(attempt.judge.same(&buggy_sha512(salt.as_bytes(), attempt.password, times, attempt.tick)?, &hash))
    }
}

fn digest(hash: Hash, salt: &[u8], password: &[u8], times: u64, tick: Tick<'_>) -> Result<Vec<u8>, Error> {
    use sha2::Digest as _;
    match hash {
        Hash::Md5 => repeated(md5::Md5::new(), salt, password, times, tick),
        Hash::Sha256 => repeated(sha2::Sha256::new(), salt, password, times, tick),
        _ => repeated(sha2::Sha512::new(), salt, password, times, tick),
    }
}

fn repeated<D: sha2::Digest>(
    mut digest: D,
    salt: &[u8],
    password: &[u8],
    times: u64,
    tick: Tick<'_>,
) -> Result<Vec<u8>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    digest.update(salt);
    for _ in 0..times {
        pacer.step()?;
        digest.update(password);
    }
    Ok(digest.finalize().to_vec())
}

/// SHA-512 as QNX computed it: of the 16 bytes at the end of the last block that are the length of the message,
/// only 12 were written, so that four of those before keep what the block before it had there.
///
/// Sources: the comments on it in John the Ripper and hashcat.
fn buggy_sha512(salt: &[u8], password: &[u8], times: u64, tick: Tick<'_>) -> Result<Vec<u8>, Error> {
    let mut pacer = Pacer::new(tick, PACE);
    let mut state = Buffer::new();
    state.update(salt);
    for _ in 0..times {
        pacer.step()?;
        state.update(password);
    }
    Ok(state.finish())
}

struct Buffer {
    state: [u64; 8],
    block: [u8; 128],
    filled: usize,
    len: u64,
    /// Bytes 116 to 119 of the block that was taken in last.
    kept: [u8; 4],
}

const KEPT: std::ops::Range<usize> = 116..120;

impl Buffer {
    fn new() -> Self {
        // FIPS 180-4.
        let state = [
            0x6a09_e667_f3bc_c908,
            0xbb67_ae85_84ca_a73b,
            0x3c6e_f372_fe94_f82b,
            0xa54f_f53a_5f1d_36f1,
            0x510e_527f_ade6_82d1,
            0x9b05_688c_2b3e_6c1f,
            0x1f83_d9ab_fb41_bd6b,
            0x5be0_cd19_137e_2179,
        ];
        Self { state, block: [0; 128], filled: 0, len: 0, kept: [0; 4] }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len() as u64);
        for &byte in bytes {
            self.block[self.filled] = byte;
            self.filled += 1;
            if self.filled == self.block.len() {
                self.compress();
            }
        }
    }

    fn compress(&mut self) {
        self.kept.copy_from_slice(&self.block[KEPT]);
        sha2::block_api::compress512(&mut self.state, &[self.block]);
        self.block = [0; 128];
        self.filled = 0;
    }

    fn finish(mut self) -> Vec<u8> {
        self.block[self.filled] = 0x80;
        if self.filled >= 112 {
            self.compress();
        }
        self.block[KEPT].copy_from_slice(&self.kept);
        self.block[120..].copy_from_slice(&self.len.saturating_mul(8).to_be_bytes());
        self.compress();
        self.state.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

/// Hash and salt in base64: what of `@S@` is too short for hex.
pub(crate) struct Qnx7;

impl Qnx7 {
    fn parse(&self, text: &str, limits: &Limits) -> Result<(u64, Vec<u8>, Vec<u8>), Error> {
        let (iterations, hash, salt) = split(text, 'S').ok_or(Error::Malformed("qnx fields"))?;
        let iterations = iterations.map_or(Ok(ITERATIONS), |n| number(n, "qnx iterations"))?;
        let hash = b64(hash, "qnx hash")?;
        if hash.len() != Hash::Sha512.len() {
            return Err(Error::Malformed("qnx hash length"));
        }
        check(Hash::Sha512, iterations, hash.len(), limits)?;
        Ok((iterations, hash, b64(salt, "qnx salt")?))
    }
}

impl Scheme for Qnx7 {
    fn recognise(&self, hash: &str) -> bool {
        split(hash, 'S').is_some_and(|(_, hash, _)| (85..=88).contains(&hash.len()))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (iterations, hash, salt) = self.parse(attempt.hash, attempt.limits)?;
        let key = pbkdf2(Hash::Sha512, attempt.password, &salt, iterations, hash.len(), attempt.tick)?;
        Ok(attempt.judge.same(&key, &hash))
    }
}

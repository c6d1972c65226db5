//! Servers and devices whose hashes are of their own making: IRC services and bots, remote desktops, cameras.

use blowfish::Blowfish;
use sha2::block_api::compress256;
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{exactly, hex};
use crate::format::{Format, ROW, Scheme};
use crate::formats::fields::{fields, is_hex};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "anope-sha256",
        example: "sha256:<hash, 64 hex digits>:<initial state, 64 hex digits>",
        note: "Anope IRC services: SHA-256 that starts from a random state",
        scheme: &Anope,
        ..ROW
    },
    Format {
        name: "eggdrop-blowfish",
        example: "+<hash, 12>",
        note: "Eggdrop IRC bots; only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &Eggdrop,
        ..ROW
    },
    Format {
        name: "radmin2",
        example: "<hash, 32 hex digits>; also $radmin2$<hash>",
        must_name: true,
        note: "Radmin 2: MD5 of the password filled to 100 bytes",
        ends_at_nul: true,
        scheme: &Radmin,
        ..ROW
    },
    Format {
        name: "dahua-md5",
        example: "<hash, 8 letters and digits>; also $dahua$<hash>",
        must_name: true,
        note: "Dahua video recorders: MD5 folded to 8 characters",
        scheme: &Dahua,
        ..ROW
    },
];

/// `sha256:hash:state`
struct Anope;

impl Anope {
    fn parse(&self, text: &str) -> Result<([u8; 32], [u8; 32]), Error> {
        let ["sha256", hash, state] = fields(text, ':', "anope fields")? else {
            return Err(Error::Malformed("anope prefix"));
        };
        let state = exactly(hex(state, "anope initial state")?, "anope initial state")?;
        Ok((exactly(hex(hash, "anope hash")?, "anope hash")?, state))
    }
}

impl Scheme for Anope {
    fn recognise(&self, hash: &str) -> bool {
        let Some((hash, state)) = hash.strip_prefix("sha256:").and_then(|rest| rest.split_once(':')) else {
            return false;
        };
        is_hex(hash, 2 * Hash::Sha256.len()) && !state.contains(':')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, state) = self.parse(attempt.hash)?;
        Ok(attempt.judge.same(&sha256_from(&state, attempt.password)[..], &stored))
    }
}

/// SHA-256 (FIPS 180-4, section 6.2) from another initial state.
fn sha256_from(state: &[u8; 32], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut words = [0u32; 8];
    for (word, bytes) in words.iter_mut().zip(state.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
    }
    let mut padded = Zeroizing::new(message.to_vec());
    padded.push(0x80);
    let len = (padded.len() + 8).next_multiple_of(64) - 8;
    padded.resize(len, 0);
    padded.extend((8 * message.len() as u64).to_be_bytes());
    for chunk in padded.chunks_exact(64) {
        let mut block = [0; 64];
        block.copy_from_slice(chunk);
        compress256(&mut words, &[block]);
    }
    let mut out = Zeroizing::new([0; 32]);
    for (bytes, word) in out.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// A constant encrypted by Blowfish under the password, in a base64 that takes both words apart by themselves.
struct Eggdrop;

const EGGDROP_64: &[u8; 64] = b"./0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The two words that `blowfish_encrypt_pass` encrypts.
const EGGDROP_BLOCK: [u32; 2] = [0xdead_d061, 0x23f6_b095];

impl Eggdrop {
    fn parse<'a>(&self, text: &'a str) -> Result<&'a str, Error> {
        let encoded = text.strip_prefix('+').ok_or(Error::Malformed("eggdrop prefix"))?;
        if encoded.len() != 12 || !encoded.bytes().all(|b| EGGDROP_64.contains(&b)) {
            return Err(Error::Malformed("eggdrop hash"));
        }
        Ok(encoded)
    }
}

impl Scheme for Eggdrop {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        // Blowfish has no empty key.
        if attempt.password.is_empty() {
            return Ok(false);
        }
        let mut state = Blowfish::bc_init_state();
        state.bc_expand_key(attempt.password);
        let [left, right] = state.bc_encrypt(EGGDROP_BLOCK);
        let encoded: Vec<u8> = [right, left]
            .iter()
            .flat_map(|word| (0..6).map(move |i| EGGDROP_64[(word >> (6 * i) & 63) as usize]))
            .collect();
        Ok(attempt.judge.same(&encoded, stored.as_bytes()))
    }
}

/// MD5 of the password and so many NULs that there are 100 bytes.
struct Radmin;

const RADMIN_BYTES: usize = 100;

impl Radmin {
    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let digest = text.strip_prefix("$radmin2$").unwrap_or(text);
        if is_hex(digest, 32) { hex(digest, "radmin hash") } else { Err(Error::Malformed("radmin hash")) }
    }
}

impl Scheme for Radmin {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$radmin2$") || is_hex(hash, 32)
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let Some(missing) = RADMIN_BYTES.checked_sub(attempt.password.len()) else { return Ok(false) };
        let padding = [0; RADMIN_BYTES];
        Ok(attempt.judge.same(&Hash::Md5.of(&[attempt.password, &padding[..missing]]), &stored))
    }
}

/// The sums of each two bytes of an MD5, as letters and digits.
struct Dahua;

impl Dahua {
    fn parse<'a>(&self, text: &'a str) -> Result<&'a str, Error> {
        let hash = text.strip_prefix("$dahua$").unwrap_or(text);
        if hash.len() != 8 || !hash.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::Malformed("dahua hash"));
        }
        Ok(hash)
    }
}

impl Scheme for Dahua {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$dahua$") || self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let stored = self.parse(attempt.hash)?;
        let digest = Hash::Md5.of(&[attempt.password]);
        // The device adds in 32 bits and divides then.
        let folded: Vec<u8> = digest
            .chunks_exact(2)
            .map(|pair| DIGITS[pair.iter().map(|&b| usize::from(b)).sum::<usize>() % DIGITS.len()])
            .collect();
        Ok(attempt.judge.same(&folded, stored.as_bytes()))
    }
}

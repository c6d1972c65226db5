//! Sybase ASE: FEAL until 15.0.1, salted SHA-256 since 15.0.2.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::kdf::feal::Feal;
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sybase-ase",
        example: "0xc007<salt, 16 hex digits><hash, 64 hex digits>",
        note: "Sybase ASE 15.0.2 and later",
        ends_at_nul: true,
        scheme: &SybaseAse,
        ..ROW
    },
    Format {
        name: "sybase-prop",
        example: "0x<salt, 2 hex digits>05<hash, 56 hex digits>",
        note: "Sybase ASE before 15.0.2; 57 bytes of a password count",
        ends_at_nul: true,
        scheme: &SybaseProp,
        ..ROW
    },
];

/// SHA-256 over 510 bytes of the password in UTF-16, filled with NULs, and the salt.
pub(crate) struct SybaseAse;

const SALT_BYTES: usize = 8;
const PASSWORD_BYTES: usize = 510;

fn digits(text: &str) -> Option<&str> {
    let (prefix, rest) = text.split_at_checked("0xc007".len())?;
    prefix.eq_ignore_ascii_case("0xc007").then_some(rest)
}

fn parse(text: &str) -> Result<Vec<u8>, Error> {
    let bytes = hex(digits(text).ok_or(Error::Malformed("sybase prefix"))?, "sybase hash")?;
    if bytes.len() == SALT_BYTES + Hash::Sha256.len() {
        Ok(bytes)
    } else {
        Err(Error::Malformed("sybase hash length"))
    }
}

impl Scheme for SybaseAse {
    fn recognise(&self, hash: &str) -> bool {
        digits(hash).is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = parse(attempt.hash)?;
        let (salt, digest) = stored.split_at(SALT_BYTES);
        let password = text::utf16be(&text::decode(attempt.password));
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let mut field = Zeroizing::new([0; PASSWORD_BYTES]);
        field[..password.len()].copy_from_slice(&password);
        Ok(attempt.judge.same(&Hash::Sha256.of(&[&field[..], salt]), digest))
    }
}

/// FEAL over a fixed text, chained, under keys woven of the password and random numbers that the salt seeds.
pub(crate) struct SybaseProp;

impl SybaseProp {
    const TEXT: &[u8; 64] = b"Q:Whydidtheflydanceonthejar?A:Becausethelidsaidtwisttoopen.HaHa!";
    const HASH_BYTES: usize = 28;

    /// The salt and the hash.
    fn parse(text: &str) -> Result<(u8, Vec<u8>), Error> {
        let digits = text.strip_prefix("0x").ok_or(Error::Malformed("sybase prefix"))?;
        let bytes = hex(digits, "sybase hash")?;
        match bytes.as_slice() {
            [salt, 5, hash @ ..] if hash.len() == Self::HASH_BYTES => Ok((*salt, hash.to_vec())),
            _ => Err(Error::Malformed("sybase hash length")),
        }
    }

    fn compute(password: &[u8], salt: u8) -> Zeroizing<Vec<u8>> {
        let keys = keys(password, salt);
        let mut hash = Zeroizing::new(Vec::with_capacity(Self::TEXT.len()));
        let mut last = [0; 8];
        for (key, text) in keys.iter().zip(Self::TEXT.as_chunks::<8>().0) {
            last = Feal::new(key).encrypt(&xor(text, &last));
            hash.extend_from_slice(&last);
        }
        hash.drain(..Self::TEXT.len() - Self::HASH_BYTES);
        hash
    }
}

/// The eight keys. Each comes of the one before and of eight bytes of the password: those from the first, the
/// second, the tenth, the 18th and so on. The first two are encrypted themselves.
fn keys(password: &[u8], salt: u8) -> Zeroizing<[[u8; 8]; 8]> {
    let mut field = Zeroizing::new([0x1d; 64]);
    field.iter_mut().zip(password).for_each(|(out, byte)| *out = *byte);
    let mut random = Random(u32::from(salt));
    let start = usize::from(salt % 0x30);
    let mut keys = Zeroizing::new([[0; 8]; 8]);
    let mut last = [0; 8];
    for (n, key) in keys.iter_mut().enumerate() {
        let from = (8 * n).saturating_sub(7);
        last = spread(random.byte(), &xor(&eight(&field[..], from), &last));
        if n < 2 {
            last = Feal::new(&last).encrypt(&eight(SybaseProp::TEXT, start + n));
        }
        *key = last;
    }
    keys
}

/// A random byte XORed into the first, and the first two into the others.
fn spread(random: u8, block: &[u8; 8]) -> [u8; 8] {
    let first = random ^ block[0];
    let second = first ^ block[1];
    let mut out = block.map(|byte| byte ^ second);
    (out[0], out[1]) = (first, second);
    out
}

/// Eight bytes from this one on.
fn eight(bytes: &[u8], from: usize) -> [u8; 8] {
    let mut out = [0; 8];
    out.iter_mut().zip(bytes.iter().skip(from)).for_each(|(out, byte)| *out = *byte);
    out
}

fn xor(a: &[u8; 8], b: &[u8; 8]) -> [u8; 8] {
    let mut out = *a;
    out.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
    out
}

/// The generator of Microsoft's C library.
struct Random(u32);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(0x343fd).wrapping_add(0x26_9ec3);
        let number = (self.0 >> 16) & 0x7fff;
        // At most 127: the remainder of the original, by 255, changes nothing.
        (number >> 8) as u8
    }
}

impl Scheme for SybaseProp {
    fn recognise(&self, hash: &str) -> bool {
        // Other strings begin with 0x too: the mark must be there, and about the right length.
        let digits = hash.strip_prefix("0x");
        digits.is_some_and(|digits| digits.len() == 60 && digits.get(2..4) == Some("05"))
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        Self::parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (salt, stored) = Self::parse(attempt.hash)?;
        Ok(attempt.judge.same(&Self::compute(attempt.password, salt), &stored))
    }
}

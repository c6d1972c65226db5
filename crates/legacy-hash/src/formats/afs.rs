//! AFS: the DES key that its Kerberos made of a password and the name of the cell.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::formats::des_crypt::{key, salt_bits, traditional};
use crate::kdf::des::Des;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "afs",
    example: "$K4$<key, 16 hex digits>,<cell>",
    note: "Kerberos 4 of AFS; 7 bits of each character count",
    ends_at_nul: true,
    scheme: &Afs,
    ..ROW
}];

/// `$K4$key,cell`
pub(crate) struct Afs;

impl Afs {
    /// The key without its parity bits, and the cell.
    fn parse<'a>(&self, text: &'a str) -> Result<([u8; 8], &'a str), Error> {
        let rest = text.strip_prefix("$K4$").ok_or(Error::Malformed("afs prefix"))?;
        let (digits, cell) = rest.split_once(',').ok_or(Error::Malformed("afs cell"))?;
        let bytes: [u8; 8] = crate::encoding::exactly(hex(digits, "afs key")?, "afs key length")?;
        Ok((bytes.map(|byte| byte & 0xfe), cell))
    }
}

impl Scheme for Afs {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$K4$")
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (stored, cell) = self.parse(attempt.hash)?;
        let cell = cell.to_ascii_lowercase();
        let key = match attempt.password.len() > 8 {
            true => long_key(attempt.password, cell.as_bytes()),
            false => short_key(attempt.password, cell.as_bytes(), attempt)?,
        };
        Ok(attempt.judge.same(&key.map(|byte| byte & 0xfe), &stored))
    }
}

/// Eight characters of what crypt(3) makes of the password XORed with the cell.
fn short_key(password: &[u8], cell: &[u8], attempt: &mut Attempt<'_>) -> Result<[u8; 8], Error> {
    let mut mixed = Zeroizing::new([0; 8]);
    mixed.iter_mut().zip(cell).for_each(|(out, byte)| *out = *byte);
    mixed.iter_mut().zip(password).for_each(|(out, byte)| *out ^= byte);
    mixed.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'X');
    let salt = salt_bits(b'#') | salt_bits(b'~') << 6;
    let block = traditional(*key(&mixed[..]), salt, attempt.tick)?;
    Ok(std::array::from_fn(|i| H64[(block >> (58 - 6 * i) & 63) as usize] << 1))
}

/// The alphabet of crypt(3).
const H64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The checksum of password and cell under a key that is their checksum under one known to all.
fn long_key(password: &[u8], cell: &[u8]) -> [u8; 8] {
    let text = Zeroizing::new([password, cell].concat());
    let first = checksum(&text, *b"kerberos", *b"kerberos");
    checksum(&text, first, first)
}

/// The last block of the text in CBC mode.
fn checksum(text: &[u8], key: [u8; 8], start: [u8; 8]) -> [u8; 8] {
    let des = Des::new(key);
    let mut sum = u64::from_be_bytes(start);
    for part in text.chunks(8) {
        let mut block = [0; 8];
        block.iter_mut().zip(part).for_each(|(out, byte)| *out = *byte);
        sum = des.encrypt(sum ^ u64::from_be_bytes(block));
    }
    sum.to_be_bytes()
}

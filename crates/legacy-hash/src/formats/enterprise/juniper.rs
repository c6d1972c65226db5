//! Juniper IVE: md5crypt, encrypted.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt as _, KeyInit as _};

use crate::Error;
use crate::encoding::{b64, exactly};
use crate::format::Scheme;
use crate::formats::md5_crypt::Md5Crypt;
use crate::limits::Limits;
use crate::verify::Attempt;

/// 12 bytes of IV, to which four zeros are added, and 64 of AES-128-CBC over an md5crypt string and zeros.
///
/// Source: hashcat's mode 501.
pub(crate) struct Ive;

/// The same in every device.
const KEY: [u8; 16] =
    [0xa6, 0x70, 0x7a, 0x7e, 0x8d, 0xf9, 0x10, 0x59, 0xde, 0xa7, 0x0a, 0xe5, 0x2f, 0x9c, 0x24, 0x42];

const INNER: Md5Crypt = Md5Crypt { magic: "$1$" };

impl Ive {
    fn blob(text: &str) -> Result<[u8; 76], Error> {
        exactly(b64(text, "juniper hash")?, "juniper hash length")
    }

    /// The md5crypt string.
    fn parse(text: &str) -> Result<String, Error> {
        let blob = Self::blob(text)?;
        let (iv, text) = blob.split_at(12);
        let mut previous = [0; 16];
        previous[..12].copy_from_slice(iv);
        let cipher = Aes128::new(&KEY.into());
        let mut out = Vec::with_capacity(text.len());
        for block in text.chunks_exact(16) {
            let block: [u8; 16] = block.try_into().map_err(|_| Error::Malformed("juniper hash length"))?;
            let mut plain = block.into();
            cipher.decrypt_block(&mut plain);
            out.extend(plain.iter().zip(previous).map(|(byte, mask)| byte ^ mask));
            previous = block;
        }
        out.truncate(out.iter().position(|&byte| byte == 0).unwrap_or(out.len()));
        String::from_utf8(out).map_err(|_| Error::Malformed("juniper plaintext"))
    }
}

impl Scheme for Ive {
    fn recognise(&self, hash: &str) -> bool {
        Self::blob(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        INNER.check(&Self::parse(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = Self::parse(attempt.hash)?;
        INNER.verify(&mut attempt.over(attempt.password, &hash))
    }
}

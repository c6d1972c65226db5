//! What mail servers store for challenge-response logins: CRAM-MD5 and DIGEST-MD5.

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::formats::ldap::braced;
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "dovecot-cram-md5",
        example: "{CRAM-MD5}<states of HMAC-MD5, 64 hex digits>",
        note: "both states of HMAC-MD5 after the key; also {HMAC-MD5}",
        scheme: &CramMd5,
        ..ROW
    },
    Format {
        name: "dovecot-digest-md5",
        example: "{DIGEST-MD5}<hash, 32 hex digits>",
        needs_login: true,
        note: "MD5 of user:realm:password, where the login is user@realm",
        scheme: &DigestMd5,
        ..ROW
    },
];

/// The states that MD5 has after one block of the key with the outer padding, and with the inner one.
pub(crate) struct CramMd5;

impl CramMd5 {
    fn digits<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, digits) = braced(hash)?;
        let ours = ["CRAM-MD5", "HMAC-MD5"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
        ours.then_some(digits)
    }

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let states = hex(self.digits(text).ok_or(Error::Malformed("cram-md5 scheme"))?, "cram-md5 hash")?;
        if states.len() == 32 { Ok(states) } else { Err(Error::Malformed("cram-md5 hash length")) }
    }
}

impl Scheme for CramMd5 {
    fn recognise(&self, hash: &str) -> bool {
        self.digits(hash).is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let computed = [state(attempt.password, 0x5c), state(attempt.password, 0x36)].concat();
        Ok(attempt.judge.same(&computed, &stored))
    }
}

/// The state of MD5 after the key, padded and XORed as HMAC has it.
fn state(password: &[u8], pad: u8) -> [u8; 16] {
    // RFC 1321, where each word is written from its lowest byte.
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut block = [pad; 64];
    let digest;
    let key = match password.len() > block.len() {
        true => {
            digest = Hash::Md5.of(&[password]);
            &digest[..]
        }
        false => password,
    };
    block.iter_mut().zip(key).for_each(|(out, byte)| *out ^= byte);
    md5::block_api::compress(&mut state, &[block]);
    let mut bytes = [0; 16];
    bytes.chunks_exact_mut(4).zip(state).for_each(|(out, word)| out.copy_from_slice(&word.to_le_bytes()));
    bytes
}

/// What HTTP and SASL digests call A1.
pub(crate) struct DigestMd5;

impl DigestMd5 {
    fn digits<'a>(&self, hash: &'a str) -> Option<&'a str> {
        let (scheme, digits) = braced(hash)?;
        scheme.eq_ignore_ascii_case("DIGEST-MD5").then_some(digits)
    }

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let hash = hex(self.digits(text).ok_or(Error::Malformed("digest-md5 scheme"))?, "digest-md5 hash")?;
        if hash.len() == 16 { Ok(hash) } else { Err(Error::Malformed("digest-md5 hash length")) }
    }
}

impl Scheme for DigestMd5 {
    fn recognise(&self, hash: &str) -> bool {
        self.digits(hash).is_some()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash)?;
        let (user, realm) = attempt.login.split_once('@').unwrap_or((attempt.login, ""));
        let parts = [user.as_bytes(), b":", realm.as_bytes(), b":", attempt.password];
        Ok(attempt.judge.same(&Hash::Md5.of(&parts), &stored))
    }
}

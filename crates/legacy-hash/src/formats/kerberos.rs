//! The AES keys of a Kerberos database (RFC 3962), which Active Directory keeps beside the NT hash.

use aes::{Aes128, Aes256};
use des::cipher::{Array, BlockCipherEncrypt, KeyInit, consts::U16};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "kerberos-aes128",
        aliases: &["krb5-17"],
        strength: Strength::Acceptable,
        example: "$krb5db$17$<user>$<REALM>$<key, 32 hex digits>; also $krb17$<REALM><user>$<key>",
        note: "etype 17 of a Kerberos database or of Active Directory",
        scheme: &Kerberos { etype: "17", key_bytes: 16 },
        ..ROW
    },
    Format {
        name: "kerberos-aes256",
        aliases: &["krb5-18"],
        strength: Strength::Acceptable,
        example: "$krb5db$18$<user>$<REALM>$<key, 64 hex digits>; also $krb18$<REALM><user>$<key>",
        note: "etype 18 of a Kerberos database or of Active Directory",
        scheme: &Kerberos { etype: "18", key_bytes: 32 },
        ..ROW
    },
];

/// PBKDF2 with 4096 iterations, and a key derived from the result.
pub(crate) struct Kerberos {
    etype: &'static str,
    key_bytes: usize,
}

impl Kerberos {
    const ITERATIONS: u64 = 4096;

    /// What follows hashcat's prefix, or John the Ripper's.
    fn fields<'a>(&self, text: &'a str) -> (Option<&'a str>, Option<&'a str>) {
        let after = |prefix: &str| text.strip_prefix(prefix)?.strip_prefix(self.etype)?.strip_prefix('$');
        (after("$krb5db$"), after("$krb"))
    }

    /// The salt and the key.
    fn parse(&self, text: &str) -> Result<(String, Vec<u8>), Error> {
        let (salt, key) = match self.fields(text) {
            (Some(rest), _) => {
                let (names, key) = rest.rsplit_once('$').ok_or(Error::Malformed("kerberos fields"))?;
                let (user, realm) = names.rsplit_once('$').ok_or(Error::Malformed("kerberos fields"))?;
                (format!("{}{user}", realm.to_uppercase()), key)
            }
            (None, Some(rest)) => {
                let (salt, key) = rest.rsplit_once('$').ok_or(Error::Malformed("kerberos fields"))?;
                (salt.to_owned(), key)
            }
            (None, None) => return Err(Error::Malformed("kerberos prefix")),
        };
        let key = hex(key, "kerberos key")?;
        if key.len() == self.key_bytes {
            Ok((salt, key))
        } else {
            Err(Error::Malformed("kerberos key length"))
        }
    }
}

impl Scheme for Kerberos {
    fn recognise(&self, hash: &str) -> bool {
        self.fields(hash) != (None, None)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash)?;
        check(Hash::Sha1, Self::ITERATIONS, self.key_bytes, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        self.check(attempt.hash, attempt.limits)?;
        let (salt, stored) = self.parse(attempt.hash)?;
        let (password, tick) = (attempt.password, &mut *attempt.tick);
        let seed = pbkdf2(Hash::Sha1, password, salt.as_bytes(), Self::ITERATIONS, self.key_bytes, tick)?;
        let key = match self.key_bytes {
            16 => Aes128::new_from_slice(&seed).map(|cipher| derived(&cipher, 1)),
            _ => Aes256::new_from_slice(&seed).map(|cipher| derived(&cipher, 2)),
        };
        Ok(attempt.judge.same(&key.map_err(|_| Error::Malformed("kerberos key length"))?, &stored))
    }
}

/// RFC 3961's derived key for the constant "kerberos", which is here as its n-fold to a block.
fn derived<C: BlockCipherEncrypt<BlockSize = U16>>(cipher: &C, blocks: usize) -> Zeroizing<Vec<u8>> {
    let mut block: Array<u8, U16> = Array::from(*b"kerberos{\x9b[+\x93\x13+\x93");
    let mut key = Zeroizing::new(Vec::with_capacity(blocks * block.len()));
    for _ in 0..blocks {
        cipher.encrypt_block(&mut block);
        key.extend_from_slice(&block);
    }
    key
}

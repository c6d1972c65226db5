//! SAP's BCODE and PASSCODE (code versions B, and F or G): a digest whose bytes choose what the second digest
//! takes in. Each is also stored cut to half, for remote calls, with zeros for the rest.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::hex;
use crate::format::{Format, ROW, Scheme};
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::text;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "sap-codvn-b",
        aliases: &["sap-bcode"],
        example: "<hash, 16 hex digits>; also <login>$<hash>",
        needs_login: true,
        must_name: true,
        note: "8 characters of a password count, in upper case",
        ends_at_nul: true,
        scheme: &Sap { code: Code::B, half: false },
        ..ROW
    },
    Format {
        name: "sap-codvn-b-rfc",
        example: "<hash, 8 hex digits>00000000; also <login>$<hash>",
        needs_login: true,
        must_name: true,
        note: "half of sap-codvn-b",
        ends_at_nul: true,
        scheme: &Sap { code: Code::B, half: true },
        ..ROW
    },
    Format {
        name: "sap-codvn-g",
        aliases: &["sap-passcode", "sap-codvn-f"],
        example: "<hash, 40 hex digits>; also <login>$<hash>",
        needs_login: true,
        must_name: true,
        note: "SAP NetWeaver 7; spaces at the end of a password don't count",
        ends_at_nul: true,
        scheme: &Sap { code: Code::G, half: false },
        ..ROW
    },
    Format {
        name: "sap-codvn-g-rfc",
        example: "<hash, 20 hex digits>00000000000000000000; also <login>$<hash>",
        needs_login: true,
        must_name: true,
        note: "half of sap-codvn-g",
        ends_at_nul: true,
        scheme: &Sap { code: Code::G, half: true },
        ..ROW
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    B,
    G,
}

/// A code version, whole or cut to half.
pub(crate) struct Sap {
    code: Code,
    half: bool,
}

impl Sap {
    fn len(&self) -> usize {
        match self.code {
            Code::B => 8,
            Code::G => 20,
        }
    }

    /// The login, if the string names it, and the bytes of the hash that count.
    fn parse<'a>(&self, text: &'a str) -> Result<(Option<&'a str>, Vec<u8>), Error> {
        let (login, digits) = match text.rsplit_once('$') {
            Some((login, digits)) => (Some(login), digits),
            None => (None, text),
        };
        let mut hash = hex(digits, "sap hash")?;
        if hash.len() != self.len() {
            return Err(Error::Malformed("sap hash length"));
        }
        if self.half && hash.split_off(self.len() / 2).iter().any(|&byte| byte != 0) {
            return Err(Error::Malformed("sap hash"));
        }
        Ok((login, hash))
    }
}

impl Scheme for Sap {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn carries_login(&self, hash: &str) -> bool {
        hash.contains('$')
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (login, stored) = self.parse(attempt.hash)?;
        let password = text::decode(attempt.password);
        // Names are stored in upper case, and as fields filled with spaces.
        let login = text::upper_each(login.unwrap_or(attempt.login).trim_end_matches(' '));
        let computed = match self.code {
            Code::B => bcode(&password, &login).to_vec(),
            Code::G => passcode(&password, &login).to_vec(),
        };
        Ok(attempt.judge.same(&computed[..stored.len()], &stored))
    }
}

/// The characters of a password that count for code version B.
const BCODE_CHARACTERS: usize = 8;

/// MD5 of the codes of password and login, then MD5 of a text woven of them, folded.
fn bcode(password: &str, login: &str) -> Zeroizing<[u8; 8]> {
    let cut: String = password.chars().take(BCODE_CHARACTERS).collect();
    let password = codes(Zeroizing::new(cut).trim_end_matches(' '));
    let login = codes(login);
    let first = Hash::Md5.of(&[&password, &login]);
    let digest = Hash::Md5.of(&[&woven(&first, &password, &login)]);
    let mut folded = Zeroizing::new([0; 8]);
    for (out, (a, b)) in folded.iter_mut().zip(digest.iter().zip(digest.iter().skip(8))) {
        *out = a ^ b;
    }
    folded
}

/// SAP's own code of each character; what has none is 255. Letters have the same code in both cases.
fn codes(text: &str) -> Zeroizing<Vec<u8>> {
    let code = |c: char| (c as usize).checked_sub(0x20).and_then(|i| CODES.get(i)).copied().unwrap_or(0xff);
    Zeroizing::new(text.chars().map(code).collect())
}

/// A byte of the password, maybe after one of the table, a byte of the login, one of the table, and a zero;
/// and so on, as long as the first digest says.
fn woven(first: &[u8], password: &[u8], login: &[u8]) -> Zeroizing<Vec<u8>> {
    let low_bits: u8 =
        [0, 1, 2, 3, 5].iter().filter_map(|&i: &usize| first.get(i)).map(|byte| byte & 3).sum();
    let len = usize::from(low_bits | 0x20);
    let mut text = Zeroizing::new(Vec::with_capacity(len + 5));
    let (mut password, mut login) = (password.iter().enumerate(), login.iter());
    let mut taken = 0;
    while text.len() < len {
        if let Some((i, &byte)) = password.next() {
            if first.iter().rev().nth(i).is_some_and(|byte| byte & 1 == 1) {
                text.extend(WEFT.iter().rev().nth(i));
            }
            text.push(byte);
            taken += 1;
        }
        if let Some(&byte) = login.next() {
            text.push(byte);
            taken += 1;
        }
        let at = text.len() - taken;
        text.extend(WEFT.get(at));
        text.push(0);
    }
    text.truncate(len);
    text
}

/// SHA-1 of password and login, then SHA-1 of password, a piece of a table that the first digest chooses, and
/// login.
fn passcode(password: &str, login: &str) -> Zeroizing<Vec<u8>> {
    let (password, login) = (password.trim_end_matches(' ').as_bytes(), login.as_bytes());
    let first = Hash::Sha1.of(&[password, login]);
    let (head, tail) = first.split_at(10);
    let len = 0x20 + head.iter().map(|&byte| usize::from(byte % 6)).sum::<usize>();
    let start = tail.iter().map(|&byte| usize::from(byte % 8)).sum::<usize>();
    let piece = PIECES.get(start..start + len).unwrap_or_default();
    Hash::Sha1.of(&[password, piece, login])
}

/// The codes of the characters from U+0020 to U+007E.
#[rustfmt::skip]
const CODES: [u8; 95] = [
    0x3f, 0x40, 0x41, 0x50, 0x43, 0x44, 0x45, 0x4b, 0x47, 0x48, 0x4d, 0x4e, 0x54, 0x51, 0x53, 0x46,
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x56, 0x55, 0x5c, 0x49, 0x5d, 0x4a,
    0x42, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x58, 0x5b, 0x59, 0xff, 0x52,
    0x4c, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x57, 0x5e, 0x5a, 0x4f,
];

/// What is woven in.
#[rustfmt::skip]
const WEFT: [u8; 48] = [
    0x14, 0x77, 0xf3, 0xd4, 0xbb, 0x71, 0x23, 0xd0, 0x03, 0xff, 0x47, 0x93, 0x55, 0xaa, 0x66, 0x91,
    0xf2, 0x88, 0x6b, 0x99, 0xbf, 0xcb, 0x32, 0x1a, 0x19, 0xd9, 0xa7, 0x82, 0x22, 0x49, 0xa2, 0x51,
    0xe2, 0xb7, 0x33, 0x71, 0x8b, 0x9f, 0x5d, 0x01, 0x44, 0x70, 0xae, 0x11, 0xef, 0x28, 0xf0, 0x0d,
];

/// What the pieces are taken of.
#[rustfmt::skip]
const PIECES: [u8; 160] = [
    0x91, 0xac, 0x51, 0x14, 0x9f, 0x67, 0x54, 0x43, 0x24, 0xe7, 0x3b, 0xe0, 0x28, 0x74, 0x7b, 0xc2,
    0x86, 0x33, 0x13, 0xeb, 0x5a, 0x4f, 0xcb, 0x5c, 0x08, 0x0a, 0x73, 0x37, 0x0e, 0x5d, 0x1c, 0x2f,
    0x33, 0x8f, 0xe6, 0xe5, 0xf8, 0x9b, 0xae, 0xdd, 0x16, 0xf2, 0x4b, 0x8d, 0x2c, 0xe1, 0xd4, 0xdc,
    0xb0, 0xcb, 0xdf, 0x9d, 0xd4, 0x70, 0x6d, 0x17, 0xf9, 0x4d, 0x42, 0x3f, 0x9b, 0x1b, 0x11, 0x94,
    0x9f, 0x5b, 0xc1, 0x9b, 0x06, 0x05, 0x9d, 0x03, 0x9d, 0x5e, 0x13, 0x8a, 0x1e, 0x9a, 0x6a, 0xe8,
    0xd9, 0x7c, 0x14, 0x17, 0x58, 0xc7, 0x2a, 0xf6, 0xa1, 0x99, 0x63, 0x0a, 0xd7, 0xfd, 0x70, 0xc3,
    0xf6, 0x5e, 0x74, 0x13, 0x03, 0xc9, 0x0b, 0x04, 0x26, 0x98, 0xf7, 0x26, 0x8a, 0x92, 0x93, 0x25,
    0xb0, 0xa2, 0x0d, 0x23, 0xed, 0x63, 0x79, 0x6d, 0x13, 0x32, 0xfa, 0x3c, 0x35, 0x02, 0x9a, 0xa3,
    0xb3, 0xdd, 0x8e, 0x0a, 0x24, 0xbf, 0x51, 0xc3, 0x7c, 0xcd, 0x55, 0x9f, 0x37, 0xaf, 0x94, 0x4c,
    0x29, 0x08, 0x52, 0x82, 0xb2, 0x3b, 0x4e, 0x37, 0x9f, 0x17, 0x07, 0x91, 0x11, 0x3b, 0xfd, 0xcd,
];

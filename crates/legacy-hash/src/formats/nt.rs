//! The hashes of Windows, and those who store them: LM, NT, FreeBSD, FreeIPA, Dovecot.

use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{b64_either, hex};
use crate::format::{Format, ROW, Scheme};
use crate::kdf::des::Des;
use crate::kdf::digest::Hash;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "lm",
        aliases: &["lmhash"],
        example: "<hash, 32 hex digits>",
        must_name: true,
        note: "LAN Manager: 14 characters in capitals, by code page 437",
        ends_at_nul: true,
        scheme: &Windows { prefixes: &["$LM$"], bare: true, hash: WindowsHash::Lm },
        ..ROW
    },
    Format {
        name: "ntlm",
        aliases: &["nthash", "nt"],
        example: "<hash, 32 hex digits>",
        must_name: true,
        note: "Active Directory, Samba: MD4 of the password in UTF-16",
        ends_at_nul: true,
        scheme: &Windows { prefixes: &["$NT$"], bare: true, hash: WindowsHash::Nt },
        ..ROW
    },
    Format {
        name: "ntlm-latin1",
        example: "<hash, 32 hex digits>",
        must_name: true,
        note: "made by tools that take each byte for a character",
        ends_at_nul: true,
        scheme: &Windows { prefixes: &["$NT$"], bare: true, hash: WindowsHash::NtOfBytes },
        ..ROW
    },
    Format {
        name: "bsd-nthash",
        example: "$3$$<hash, 32 hex digits>",
        note: "FreeBSD; of text beyond ASCII either reading is right: as UTF-8, or byte by byte as libxcrypt does",
        ends_at_nul: true,
        scheme: &BSD_NT,
        ..ROW
    },
    Format {
        name: "ipa-nthash",
        example: "<hash, base64>; also ipaNTHash: <hash>",
        must_name: true,
        note: "FreeIPA's attribute ipaNTHash, in base64 of either alphabet",
        ends_at_nul: true,
        scheme: &IpaNt,
        ..ROW
    },
    Format {
        name: "dovecot-ntlm",
        example: "{NTLM}<hash, 32 hex digits>",
        note: "",
        ends_at_nul: true,
        scheme: &Windows { prefixes: &["{NTLM}", "{NT}"], bare: false, hash: WindowsHash::Nt },
        ..ROW
    },
    Format {
        name: "dovecot-lanman",
        example: "{LANMAN}<hash, 32 hex digits>",
        note: "14 characters in capitals",
        ends_at_nul: true,
        scheme: &Windows { prefixes: &["{LANMAN}", "{LM}"], bare: false, hash: WindowsHash::Lm },
        ..ROW
    },
];

#[derive(Clone, Copy)]
pub(crate) enum WindowsHash {
    Lm,
    Nt,
    /// Each byte taken for a character.
    NtOfBytes,
    /// Either of the two above.
    NtOfEither,
}

impl WindowsHash {
    fn is_of(self, hash: &[u8], attempt: &Attempt<'_>) -> bool {
        let (password, judge) = (attempt.password, attempt.judge);
        match self {
            Self::Lm => lm(password).is_some_and(|computed| judge.same(&computed[..], hash)),
            Self::Nt => judge.same(&nt(password), hash),
            Self::NtOfBytes => judge.same(&nt_of_bytes(password), hash),
            Self::NtOfEither => judge.same(&nt(password), hash) | judge.same(&nt_of_bytes(password), hash),
        }
    }
}

/// 32 hex digits, after one of the prefixes of any case or bare.
pub(crate) struct Windows {
    prefixes: &'static [&'static str],
    bare: bool,
    hash: WindowsHash,
}

/// What `{CRYPT}` may hold.
pub(crate) const BSD_NT: Windows =
    Windows { prefixes: &["$3$$"], bare: false, hash: WindowsHash::NtOfEither };

impl Windows {
    fn digits<'a>(&self, text: &'a str) -> Option<&'a str> {
        let after = |prefix: &&str| {
            let (head, rest) = text.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then_some(rest)
        };
        self.prefixes.iter().find_map(after).or(self.bare.then_some(text))
    }

    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        let hash = hex(self.digits(text).ok_or(Error::Malformed("nt hash prefix"))?, "nt hash")?;
        if hash.len() == 16 { Ok(hash) } else { Err(Error::Malformed("nt hash length")) }
    }
}

impl Scheme for Windows {
    fn recognise(&self, hash: &str) -> bool {
        match self.bare {
            true => self.parse(hash).is_ok(),
            // DragonFly's `$3$` may have no salt.
            false => self.digits(hash).is_some_and(|digits| !hash.starts_with('$') || digits.len() != 44),
        }
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Ok(self.hash.is_of(&self.parse(attempt.hash)?, attempt))
    }
}

/// Whether it is FreeBSD's `$3$`.
pub(crate) fn is_bsd(hash: &str) -> bool {
    BSD_NT.recognise(hash)
}

/// Base64 of the 16 bytes, with or without the name of the attribute.
pub(crate) struct IpaNt;

impl IpaNt {
    fn parse(&self, text: &str) -> Result<Vec<u8>, Error> {
        const ATTRIBUTE: &str = "ipaNTHash:";
        let encoded = match text.split_at_checked(ATTRIBUTE.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(ATTRIBUTE) => rest.trim_start_matches([':', ' ']),
            _ => text,
        };
        let hash = b64_either(encoded, "nt hash")?;
        if hash.len() == 16 { Ok(hash) } else { Err(Error::Malformed("nt hash length")) }
    }
}

impl Scheme for IpaNt {
    fn recognise(&self, hash: &str) -> bool {
        self.parse(hash).is_ok()
    }

    fn check(&self, hash: &str, _: &Limits) -> Result<(), Error> {
        self.parse(hash).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Ok(WindowsHash::Nt.is_of(&self.parse(attempt.hash)?, attempt))
    }
}

/// MD4 of the password in UTF-16. What is no UTF-8 is read byte by byte.
pub(crate) fn nt(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(password) else { return nt_of_bytes(password) };
    let utf16: Zeroizing<Vec<u8>> = Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    Hash::Md4.of(&[&utf16])
}

fn nt_of_bytes(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let utf16: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().flat_map(|&byte| [byte, 0]).collect());
    Hash::Md4.of(&[&utf16])
}

/// LM: a text known to all, encrypted under either half of the password. `None` if the code page lacks a
/// character.
pub(crate) fn lm(password: &[u8]) -> Option<Zeroizing<[u8; 16]>> {
    let mut key = Zeroizing::new([0; 14]);
    let capitals = Zeroizing::new(oem_capitals(password)?);
    key.iter_mut().zip(capitals.iter()).for_each(|(out, byte)| *out = *byte);
    let mut hash = Zeroizing::new([0; 16]);
    for (out, half) in hash.chunks_exact_mut(8).zip(key.chunks_exact(7)) {
        let block = Des::new(spread(half)).encrypt(u64::from_be_bytes(*b"KGS!@#$%"));
        out.copy_from_slice(&block.to_be_bytes());
    }
    Some(hash)
}

/// Seven bytes as eight of seven bits, the lowest bit of each being for parity.
fn spread(half: &[u8]) -> [u8; 8] {
    let bits = half.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    std::array::from_fn(|i| (bits >> (49 - 7 * i) << 1 & 0xfe) as u8)
}

/// The password in capitals of code page 437, which the first Windows of the West had.
fn oem_capitals(password: &[u8]) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(password) else { return Some(password.to_ascii_uppercase()) };
    // In Unicode, as the servers do; ß stays what it is, since it has no capital of one character.
    let capital = |c: char| {
        let mut upper = c.to_uppercase();
        if upper.len() == 1 { upper.next().unwrap_or(c) } else { c }
    };
    text.chars().map(|c| oem_byte(capital(c)).or_else(|| oem_byte(c))).collect()
}

fn oem_byte(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    CODE_PAGE_437.chars().position(|known| known == c).and_then(|i| u8::try_from(i + 128).ok())
}

/// The upper half of code page 437.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

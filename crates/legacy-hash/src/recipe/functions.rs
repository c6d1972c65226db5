//! The functions of recipes, once: name, arguments, what they give, what they cost, and what they do.

use crate::Error;
use crate::encoding;
use crate::kdf::argon2::{Cost as Argon2Cost, Input as Argon2Input, argon2};
use crate::kdf::digest::Hash;
use crate::kdf::scrypt::{Cost as ScryptCost, scrypt};
use crate::kdf::{Tick, pbkdf2};
use crate::limits::{ARGON2_OUTPUT_BYTES, Limits, PBKDF2_KEY_BYTES};
use crate::recipe::bytes;
use crate::recipe::cost::{Cost, Span, VALUE_BYTES, blocks, moved};
use crate::text::{self, Bytes};
use argon2::{Algorithm, Version};

/// A function, or one for each digest where its name has a `*`.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// What crackers' manuals and PHP call it.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) takes: &'static [Takes],
    pub(crate) gives: Gives,
    /// For the manual.
    pub(crate) about: &'static str,
    /// The lengths of the result.
    pub(crate) size: fn(&Sizes<'_>) -> Span,
    /// The price, once the parameters are known to be defined and within the limits.
    pub(crate) cost: fn(&Sizes<'_>, &Limits) -> Result<Cost, Error>,
    pub(crate) run: fn(&mut Given<'_>) -> Result<Bytes, Error>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// An argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    Bytes,
    /// A number that the recipe itself must have: one, at least.
    Number,
    /// A number that the recipe itself must have, or none at all: 0.
    Offset,
    /// A number, or `$rounds`.
    Count,
}

/// What the bytes of a result are, so that they can be compared with what a column holds of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gives {
    Raw,
    Text,
    Hex,
    Base64,
    Base64Url,
    Ab64,
    H64,
    /// Hex or raw bytes as its first argument is, else text.
    AsFirst,
}

/// Lengths and numbers of the arguments, for computing size and cost.
pub(crate) struct Sizes<'a> {
    pub(crate) hash: Hash,
    pub(crate) spans: &'a [Span],
    pub(crate) numbers: &'a [u64],
}

impl Sizes<'_> {
    fn span(&self, i: usize) -> Span {
        self.spans.get(i).copied().unwrap_or(Span::exactly(0))
    }

    fn max(&self, i: usize) -> usize {
        self.span(i).max
    }

    fn number(&self, i: usize) -> u64 {
        self.numbers.get(i).copied().unwrap_or_default()
    }

    fn length(&self, i: usize) -> usize {
        usize::try_from(self.number(i)).unwrap_or(usize::MAX)
    }
}

/// The arguments.
pub(crate) struct Given<'a> {
    pub(crate) hash: Hash,
    pub(crate) bytes: &'a [&'a [u8]],
    pub(crate) numbers: &'a [u64],
    pub(crate) limits: &'a Limits,
    pub(crate) tick: Tick<'a>,
}

impl<'a> Given<'a> {
    fn bytes(&self, i: usize) -> &'a [u8] {
        self.bytes.get(i).copied().unwrap_or_default()
    }

    fn number(&self, i: usize) -> u64 {
        self.numbers.get(i).copied().unwrap_or_default()
    }

    fn length(&self, i: usize) -> usize {
        usize::try_from(self.number(i)).unwrap_or(usize::MAX)
    }
}

use Gives::{Ab64, AsFirst, Base64, Base64Url, H64, Hex, Raw, Text};
use Takes::{Bytes as B, Count as C, Number as N, Offset as O};

/// What most functions have in common.
const PLAIN: Function = Function {
    name: "",
    aliases: &[],
    takes: &[B],
    gives: Text,
    about: "",
    size: |s| s.span(0),
    cost: |s, _| Ok(Cost::work(1 + moved(s.max(0)))),
    run: |g| Ok(bytes::owned(g.bytes(0))),
};

/// All functions but `iter` and `loop`, whose arguments are no values.
pub(crate) static FUNCTIONS: &[Function] = &[
    // digests
    Function {
        name: "*",
        aliases: &["*_hex"],
        gives: Hex,
        about: "the digest as lower-case hex",
        size: |s| Span::exactly(2 * s.hash.len()),
        cost: |s, _| Ok(Cost::work(blocks(s.hash, s.max(0)))),
        run: |g| Ok(bytes::hex(&g.hash.of(&[g.bytes(0)]))),
        ..PLAIN
    },
    Function {
        name: "*_raw",
        aliases: &["*_bin"],
        gives: Raw,
        about: "the digest as bytes",
        size: |s| Span::exactly(s.hash.len()),
        cost: |s, _| Ok(Cost::work(blocks(s.hash, s.max(0)))),
        run: |g| Ok(g.hash.of(&[g.bytes(0)])),
        ..PLAIN
    },
    Function {
        name: "hmac_*",
        aliases: &["hmac_*_hex"],
        takes: &[B, B],
        gives: Hex,
        about: "`(key, message)`: the HMAC as lower-case hex",
        size: |s| Span::exactly(2 * s.hash.len()),
        cost: hmac_cost,
        run: |g| Ok(bytes::hex(&g.hash.hmac(g.bytes(0), &[g.bytes(1)]))),
    },
    Function {
        name: "hmac_*_raw",
        aliases: &["hmac_*_bin"],
        takes: &[B, B],
        gives: Raw,
        about: "`(key, message)`: the HMAC as bytes",
        size: |s| Span::exactly(s.hash.len()),
        cost: hmac_cost,
        run: |g| Ok(g.hash.hmac(g.bytes(0), &[g.bytes(1)])),
    },
    // key derivation
    Function {
        name: "pbkdf2_*",
        aliases: &["pbkdf2_hmac_*"],
        takes: &[B, B, C, N],
        gives: Raw,
        about: "`(password, salt, rounds, length)`: the first bytes of the key of PBKDF2",
        size: |s| Span::exactly(s.length(1).min(PBKDF2_KEY_BYTES)),
        cost: pbkdf2_cost,
        run: |g| {
            pbkdf2::check(g.hash, g.number(0), g.length(1), g.limits)?;
            pbkdf2::pbkdf2(g.hash, g.bytes(0), g.bytes(1), g.number(0), g.length(1), g.tick)
        },
    },
    Function {
        name: "scrypt",
        takes: &[B, B, C, N, N, N],
        gives: Raw,
        about: "`(password, salt, N, r, p, length)`: the first bytes of the key of scrypt",
        size: |s| Span::exactly(s.length(3).min(PBKDF2_KEY_BYTES)),
        cost: scrypt_cost,
        run: |g| {
            let cost = ScryptCost::from_n(g.number(0), g.number(1), g.number(2))?;
            scrypt(g.bytes(0), g.bytes(1), cost, g.length(3), g.limits, g.tick)
        },
        ..PLAIN
    },
    Function {
        name: "argon2id",
        about: "`(password, salt, KiB, passes, lanes, length)`: argon2id, version 19",
        run: |g| argon2_of(g, Algorithm::Argon2id),
        ..ARGON2
    },
    Function {
        name: "argon2i",
        about: "`(password, salt, KiB, passes, lanes, length)`: argon2i, version 19",
        run: |g| argon2_of(g, Algorithm::Argon2i),
        ..ARGON2
    },
    Function {
        name: "argon2d",
        about: "`(password, salt, KiB, passes, lanes, length)`: argon2d, version 19",
        run: |g| argon2_of(g, Algorithm::Argon2d),
        ..ARGON2
    },
    // encodings
    Function {
        name: "hex",
        aliases: &["bin2hex"],
        gives: Hex,
        about: "lower-case hex",
        size: |s| s.span(0).map(|n| n.saturating_mul(2)),
        run: |g| Ok(bytes::hex(g.bytes(0))),
        ..PLAIN
    },
    Function {
        name: "unhex",
        aliases: &["hex2bin"],
        gives: Raw,
        about: "the bytes of hex of either case",
        size: |s| Span::up_to(s.max(0).div_ceil(2)),
        run: |g| decoded(g, encoding::hex),
        ..PLAIN
    },
    Function {
        name: "b64",
        aliases: &["base64", "base64_encode"],
        gives: Base64,
        about: "base64 with padding",
        size: |s| s.span(0).map(padded),
        run: |g| Ok(bytes::from_text(encoding::to_b64_padded(g.bytes(0)))),
        ..PLAIN
    },
    Function {
        name: "unb64",
        aliases: &["base64_decode"],
        gives: Raw,
        about: "the bytes of base64, padded or not",
        size: |s| Span::up_to(s.max(0)),
        run: |g| decoded(g, encoding::b64),
        ..PLAIN
    },
    Function {
        name: "b64url",
        gives: Base64Url,
        about: "base64 with `-` and `_`, without padding",
        size: |s| s.span(0).map(unpadded),
        run: |g| {
            Ok(bytes::b64(g.bytes(0), |c| match c {
                b'+' => b'-',
                b'/' => b'_',
                other => other,
            }))
        },
        ..PLAIN
    },
    Function {
        name: "unb64url",
        gives: Raw,
        about: "the bytes of base64 with `-` and `_`, padded or not",
        size: |s| Span::up_to(s.max(0)),
        run: |g| decoded(g, encoding::b64url),
        ..PLAIN
    },
    Function {
        name: "ab64",
        gives: Ab64,
        about: "passlib's base64 with `.` for `+`, without padding",
        size: |s| s.span(0).map(unpadded),
        run: |g| Ok(bytes::b64(g.bytes(0), |c| if c == b'+' { b'.' } else { c })),
        ..PLAIN
    },
    Function {
        name: "unab64",
        gives: Raw,
        about: "the bytes of passlib's base64",
        size: |s| Span::up_to(s.max(0)),
        run: |g| decoded(g, encoding::ab64),
        ..PLAIN
    },
    Function {
        name: "h64",
        gives: H64,
        about: "the base64 of crypt(3), least significant bits first",
        size: |s| s.span(0).map(unpadded),
        run: |g| Ok(bytes::h64(g.bytes(0))),
        ..PLAIN
    },
    Function {
        name: "unh64",
        gives: Raw,
        about: "the bytes of the base64 of crypt(3)",
        size: |s| Span::up_to(s.max(0)),
        run: |g| decoded(g, encoding::h64),
        ..PLAIN
    },
    // case and cuts
    Function {
        name: "upper",
        aliases: &["uc"],
        gives: AsFirst,
        about: "upper case of all of Unicode",
        size: |s| Span { min: s.span(0).min / 3, max: s.max(0).saturating_mul(3) },
        cost: |s, _| Ok(Cost::work(1 + s.max(0) as u64 / 16)),
        run: |g| Ok(bytes::upper(g.bytes(0))),
        ..PLAIN
    },
    Function {
        name: "lower",
        aliases: &["lc"],
        gives: AsFirst,
        about: "lower case of all of Unicode",
        size: |s| Span { min: s.span(0).min / 3, max: s.max(0).saturating_mul(3) },
        cost: |s, _| Ok(Cost::work(1 + s.max(0) as u64 / 16)),
        run: |g| Ok(bytes::lower(g.bytes(0))),
        ..PLAIN
    },
    Function {
        name: "ascii_upper",
        aliases: &["strtoupper"],
        gives: AsFirst,
        about: "upper case of A to Z, as PHP has it",
        run: |g| Ok(bytes::mapped(g.bytes(0), |b| b.to_ascii_uppercase())),
        ..PLAIN
    },
    Function {
        name: "ascii_lower",
        aliases: &["strtolower"],
        gives: AsFirst,
        about: "lower case of A to Z, as PHP has it",
        run: |g| Ok(bytes::mapped(g.bytes(0), |b| b.to_ascii_lowercase())),
        ..PLAIN
    },
    Function {
        name: "trim",
        about: "without space, tab, line feed, carriage return, NUL and vertical tab at both ends, as PHP has it",
        size: |s| Span::up_to(s.max(0)),
        run: |g| Ok(bytes::owned(bytes::trim(g.bytes(0)))),
        ..PLAIN
    },
    Function {
        name: "left",
        aliases: &["truncate", "cut"],
        takes: &[B, N],
        gives: AsFirst,
        about: "`(x, n)`: the first n bytes",
        size: |s| s.span(0).map(|len| len.min(s.length(0))),
        run: |g| Ok(bytes::owned(bytes::first(g.bytes(0), g.length(0)))),
        ..PLAIN
    },
    Function {
        name: "right",
        takes: &[B, N],
        gives: AsFirst,
        about: "`(x, n)`: the last n bytes",
        size: |s| s.span(0).map(|len| len.min(s.length(0))),
        run: |g| Ok(bytes::owned(bytes::last(g.bytes(0), g.length(0)))),
        ..PLAIN
    },
    Function {
        name: "mid",
        aliases: &["substr"],
        takes: &[B, O, N],
        gives: AsFirst,
        about: "`(x, from, n)`: n bytes after the first `from` ones, as PHP's `substr`",
        size: |s| s.span(0).map(|len| len.saturating_sub(s.length(0)).min(s.length(1))),
        run: |g| Ok(bytes::owned(bytes::first(bytes::after(g.bytes(0), g.length(0)), g.length(1)))),
        ..PLAIN
    },
    Function {
        name: "pad",
        takes: &[B, N, B],
        gives: Raw,
        about: "`(x, n, byte)`: filled up to n bytes with the byte; longer ones stay",
        size: |s| s.span(0).map(|len| len.max(s.length(0))),
        cost: |s, _| Ok(Cost::work(1 + moved(s.max(0).max(s.length(0))))),
        run: |g| Ok(bytes::pad(g.bytes(0), g.length(0), g.bytes(1))),
        ..PLAIN
    },
    Function {
        name: "repeat",
        aliases: &["str_repeat"],
        takes: &[B, N],
        gives: Raw,
        about: "`(x, n)`: n times x",
        size: |s| s.span(0).map(|len| len.saturating_mul(s.length(0))),
        cost: |s, _| Ok(Cost::work(1 + moved(s.max(0).saturating_mul(s.length(0))))),
        run: |g| Ok(bytes::repeat(g.bytes(0), g.length(0))),
    },
    Function {
        name: "xor",
        takes: &[B, B],
        gives: Raw,
        about: "`(x, y)`: each byte of x with one of y, which begins again when it ends",
        run: |g| Ok(bytes::xor(g.bytes(0), g.bytes(1))),
        ..PLAIN
    },
    Function {
        name: "reverse",
        aliases: &["strrev", "rev"],
        gives: AsFirst,
        about: "the last byte first",
        run: |g| Ok(bytes::reversed(g.bytes(0))),
        ..PLAIN
    },
    // characters
    Function {
        name: "utf16le",
        aliases: &["utf16", "unicode", "utf_16le"],
        gives: Raw,
        about: "UTF-16, least significant byte first, as Windows has it",
        size: |s| Span::up_to(s.max(0).saturating_mul(2)),
        run: |g| Ok(text::utf16le(&bytes::text(g.bytes(0)))),
        ..PLAIN
    },
    Function {
        name: "utf16be",
        aliases: &["utf_16be"],
        gives: Raw,
        about: "UTF-16, most significant byte first",
        size: |s| Span::up_to(s.max(0).saturating_mul(2)),
        run: |g| Ok(text::utf16be(&bytes::text(g.bytes(0)))),
        ..PLAIN
    },
    Function {
        name: "latin1",
        aliases: &["utf8_decode", "iso8859_1"],
        about: "ISO 8859-1, with `?` for what it lacks, as PHP's `utf8_decode`",
        size: |s| Span::up_to(s.max(0)),
        run: |g| Ok(bytes::latin1(g.bytes(0))),
        ..PLAIN
    },
    Function {
        name: "cp1252",
        aliases: &["windows_1252"],
        about: "Windows-1252, with `&#8364;` and the like for what it lacks, as browsers send it",
        size: |s| Span::up_to(s.max(0).saturating_mul(6)),
        run: |g| Ok(text::cp1252(&bytes::text(g.bytes(0)))),
        ..PLAIN
    },
    Function {
        name: "nfc",
        about: "Unicode's form NFC",
        run: |g| Ok(bytes::on_text(g.bytes(0), text::nfc)),
        ..FORM
    },
    Function {
        name: "nfkc",
        about: "Unicode's form NFKC",
        run: |g| Ok(bytes::on_text(g.bytes(0), text::nfkc)),
        ..FORM
    },
    Function {
        name: "saslprep",
        about: "SASLprep (RFC 4013); text that it prohibits stays as it is",
        run: |g| Ok(bytes::on_text(g.bytes(0), text::saslprep)),
        ..FORM
    },
    Function {
        name: "html",
        aliases: &["htmlspecialchars"],
        about: "`&amp;`, `&lt;`, `&gt;`, `&quot;` and `&#039;`, as PHP's `htmlspecialchars` with ENT_QUOTES",
        size: |s| Span { min: s.span(0).min, max: s.max(0).saturating_mul(6) },
        run: |g| Ok(bytes::on_text(g.bytes(0), text::html)),
        ..PLAIN
    },
    Function {
        name: "addslashes",
        about: "a backslash before quotes, backslashes and NUL, as PHP's `addslashes`",
        size: |s| Span { min: s.span(0).min, max: s.max(0).saturating_mul(2) },
        run: |g| Ok(bytes::on_text(g.bytes(0), text::addslashes)),
        ..PLAIN
    },
];

/// What the forms of Unicode have in common: U+FDFA becomes 11 times as long.
const FORM: Function = Function {
    size: |s| Span::up_to(s.max(0).saturating_mul(11)),
    cost: |s, _| Ok(Cost::work(1 + s.max(0) as u64 / 4)),
    ..PLAIN
};

const ARGON2: Function = Function {
    takes: &[B, B, N, C, N, N],
    gives: Raw,
    size: |s| Span::exactly(s.length(3).min(*ARGON2_OUTPUT_BYTES.end())),
    cost: argon2_cost,
    ..PLAIN
};

/// The function of this name, in lower case and with `_` for `-`.
pub(crate) fn function(name: &str) -> Option<(&'static Function, Hash)> {
    FUNCTIONS.iter().find_map(|function| {
        let mut names = function.aliases.iter().chain([&function.name]);
        names.find_map(|pattern| Some((function, matched(pattern, name)?)))
    })
}

/// The digest that stands where the pattern has its `*`; any where it has none.
fn matched(pattern: &str, name: &str) -> Option<Hash> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(Hash::Md5),
        Some((before, after)) => digest(name.strip_prefix(before)?.strip_suffix(after)?),
    }
}

/// The digest of this name, whether it is written `sha256`, `sha_256` or `sha2_256`.
pub(crate) fn digest(name: &str) -> Option<Hash> {
    const OTHERS: [(&str, &str); 8] = [
        ("blake2b", "blake2b512"),
        ("blake2s", "blake2s256"),
        ("gost", "gost94"),
        ("gostcrypto", "gost94cp"),
        ("sha2224", "sha224"),
        ("sha2256", "sha256"),
        ("sha2384", "sha384"),
        ("sha2512", "sha512"),
    ];
    let bare = |name: &str| name.replace('_', "");
    let name = bare(name);
    let name = OTHERS.iter().find(|(other, _)| *other == name).map_or(name.as_str(), |&(_, name)| name);
    Hash::ALL.iter().copied().find(|hash| bare(hash.name()) == name)
}

fn hmac_cost(sizes: &Sizes<'_>, _: &Limits) -> Result<Cost, Error> {
    let hash = sizes.hash;
    // Two keys, the message, and the digest of both; a long key is digested first.
    Ok(Cost::work(3 + blocks(hash, sizes.max(0)) + blocks(hash, sizes.max(1))))
}

fn pbkdf2_cost(sizes: &Sizes<'_>, limits: &Limits) -> Result<Cost, Error> {
    let (rounds, len) = (sizes.number(0), sizes.length(1));
    pbkdf2::check(sizes.hash, rounds, len, limits)?;
    let parts = len.div_ceil(sizes.hash.len()) as u64;
    let salts = blocks(sizes.hash, sizes.max(1)).saturating_mul(parts);
    let work = salts.saturating_add(blocks(sizes.hash, sizes.max(0)));
    Ok(Cost { pbkdf2: rounds.saturating_mul(parts), ..Cost::work(work) })
}

fn scrypt_cost(sizes: &Sizes<'_>, limits: &Limits) -> Result<Cost, Error> {
    let cost = ScryptCost::from_n(sizes.number(0), sizes.number(1), sizes.number(2))?;
    cost.check(limits)?;
    if !(1..=PBKDF2_KEY_BYTES).contains(&sizes.length(3)) {
        return Err(Error::OverLimit("the length of a scrypt key"));
    }
    let work = sizes.number(0).saturating_mul(sizes.number(1)).saturating_mul(sizes.number(2));
    Ok(Cost { scrypt: work, ..Cost::work(2 + moved(sizes.max(0)) + moved(sizes.max(1))) })
}

fn argon2_cost(sizes: &Sizes<'_>, limits: &Limits) -> Result<Cost, Error> {
    let (m, t, p) = (sizes.number(0), sizes.number(1), sizes.number(2));
    Argon2Cost { m, t, p }.check(limits)?;
    if !ARGON2_OUTPUT_BYTES.contains(&sizes.length(3)) {
        return Err(Error::Malformed("argon2 hash length"));
    }
    Ok(Cost { argon2_kib: m.saturating_mul(t), ..Cost::work(2 + moved(sizes.max(0)) + moved(sizes.max(1))) })
}

fn argon2_of(given: &mut Given<'_>, algorithm: Algorithm) -> Result<Bytes, Error> {
    let input = Argon2Input {
        algorithm,
        version: Version::V0x13,
        cost: Argon2Cost { m: given.number(0), t: given.number(1), p: given.number(2) },
        salt: given.bytes(1),
        data: &[],
        len: given.length(3),
    };
    argon2(given.bytes(0), &input, given.limits, given.tick)
}

/// What a decoder of text makes of the first argument.
fn decoded(
    given: &Given<'_>,
    decode: fn(&str, &'static str) -> Result<Vec<u8>, Error>,
) -> Result<Bytes, Error> {
    const PART: &str = "an encoded part of a recipe";
    let text = str::from_utf8(given.bytes(0)).map_err(|_| Error::Malformed(PART))?;
    decode(text, PART).map(Bytes::new)
}

/// The length of so many bytes in base64 with padding.
pub(crate) fn padded(len: usize) -> usize {
    len.div_ceil(3).saturating_mul(4)
}

/// The length of so many bytes in base64 without padding.
pub(crate) fn unpadded(len: usize) -> usize {
    len.min(VALUE_BYTES * 2).saturating_mul(4).div_ceil(3)
}

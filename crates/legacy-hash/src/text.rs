//! What legacy applications do to text before they hash it: characters into bytes, and the forms of Unicode.

use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Bytes that may be a password.
pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// One byte a character, if all of them are below U+0100 (ISO 8859-1).
pub(crate) fn latin1(text: &str) -> Option<Bytes> {
    text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

/// Windows-1252 as browsers send it, who write `&#8364;` for what it lacks. What they call ISO 8859-1 is this too.
pub(crate) fn cp1252(text: &str) -> Bytes {
    Zeroizing::new(WINDOWS_1252.encode(text).0.into_owned())
}

/// UTF-16, least significant byte first.
pub(crate) fn utf16le(text: &str) -> Bytes {
    Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

/// UTF-16, most significant byte first.
pub(crate) fn utf16be(text: &str) -> Bytes {
    Zeroizing::new(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// Text of any bytes: UTF-8, or one character a byte where they are none.
pub(crate) fn decode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    })
}

/// Upper case, character by character: one that has no single upper case letter, such as ß, stays as it is.
pub(crate) fn upper_each(text: &str) -> Zeroizing<String> {
    let upper = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    Zeroizing::new(text.chars().map(upper).collect())
}

/// UTF-8 whose bytes were taken for ISO 8859-1 and encoded again, as PHP's `utf8_encode` does to UTF-8.
pub(crate) fn utf8_twice(text: &str) -> Bytes {
    Zeroizing::new(text.bytes().map(char::from).collect::<String>().into_bytes())
}

/// Unicode's canonical composition.
pub(crate) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Unicode's canonical decomposition.
pub(crate) fn nfd(text: &str) -> String {
    text.nfd().collect()
}

/// Unicode's compatibility composition.
pub(crate) fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// Unicode's compatibility decomposition.
pub(crate) fn nfkd(text: &str) -> String {
    text.nfkd().collect()
}

/// SASLprep (RFC 4013); text that it prohibits stays as it is, as PostgreSQL has it.
pub(crate) fn saslprep(text: &str) -> String {
    stringprep::saslprep(text).map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// The five characters that PHP's `htmlspecialchars` escapes with ENT_QUOTES.
pub(crate) fn html(text: &str) -> String {
    escaped(text, "&#039;")
}

/// The four that it escapes with ENT_COMPAT, its default before PHP 8.1: single quotes stay.
pub(crate) fn html_compat(text: &str) -> String {
    escaped(text, "'")
}

fn escaped(text: &str, single_quote: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str(single_quote),
            other => out.push(other),
        }
    }
    out
}

/// A backslash before quotes, backslashes and NUL, as PHP's `addslashes` and magic quotes did.
pub(crate) fn addslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => out.extend(['\\', c]),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out
}

/// Without the bytes at both ends that PHP's `trim` takes off.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b'])
}

/// The characters of a password: its UTF-8, or one a byte (ISO 8859-1) where it is none.
pub(crate) fn characters(password: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(match str::from_utf8(password) {
        Ok(text) => text.to_owned(),
        Err(_) => password.iter().copied().map(char::from).collect(),
    })
}

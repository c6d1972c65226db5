//! Bytes that a column, an argument or a file holds as text: salts and peppers.

use crate::Error;
use crate::encoding::{ab64, b64, b64url, hex};

/// How bytes are written as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteEncoding {
    /// The text's own UTF-8.
    Text,
    /// Hex of either case.
    Hex,
    /// Standard base64, padded or not.
    Base64,
    /// Base64 with `-` and `_`, padded or not.
    Base64Url,
    /// passlib's base64 with `.` for `+`.
    Ab64,
}

impl ByteEncoding {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Hex, Self::Base64, Self::Base64Url, Self::Ab64];

    /// Its name in config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Ab64 => "ab64",
        }
    }

    /// The encoding of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] with `part` as the text.
    pub fn decode(self, text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
        match self {
            Self::Text => Ok(text.as_bytes().to_vec()),
            Self::Hex => hex(text, part),
            Self::Base64 => b64(text, part),
            Self::Base64Url => b64url(text, part),
            Self::Ab64 => ab64(text, part),
        }
    }
}

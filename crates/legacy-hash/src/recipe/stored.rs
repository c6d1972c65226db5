//! The stored hash, decoded, and compared with the value of the expression.

use crate::Error;
use crate::bytes::ByteEncoding;
use crate::recipe::bytes;
use crate::recipe::check::Facts;
use crate::recipe::cost::{Span, VALUE_BYTES};
use crate::recipe::functions::{Gives, padded, unpadded};
use crate::recipe::template::Encoding;
use crate::verify::Judge;

const HASH: &str = "the hash of a recipe";

/// The bytes that are stored, and what must be done to a value before the two are compared.
pub(crate) struct Target {
    bytes: Vec<u8>,
    value: Form,
}

/// How a value is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    AsIs,
    /// A text of hex, of either case.
    LowerHex,
    /// A text of this encoding, decoded.
    Decoded(Encoding),
}

impl Target {
    /// Reads a stored hash. `facts` are those of the value that it is compared with.
    pub(crate) fn read(text: &str, written: Encoding, facts: &Facts) -> Result<Self, Error> {
        match written {
            Encoding::Plain => Self::plain(text, facts),
            written => {
                let raw = raw(facts);
                let bytes = written.decode(text, HASH)?;
                if !raw.0.holds(bytes.len()) {
                    return Err(Error::Malformed("the length of the hash of a recipe"));
                }
                Ok(Self { bytes, value: raw.1 })
            }
        }
    }

    /// A hash as the expression gives it, or as bytes are usually written.
    fn plain(text: &str, facts: &Facts) -> Result<Self, Error> {
        if facts.gives == Gives::Text {
            let bytes = text.as_bytes().to_vec();
            return if facts.span.holds(bytes.len()) {
                Ok(Self { bytes, value: Form::AsIs })
            } else {
                Err(Error::Malformed("the length of the hash of a recipe"))
            };
        }
        if facts.gives == Gives::Hex && facts.span.holds(text.len()) && is_hex(text) {
            return Ok(Self { bytes: text.to_ascii_lowercase().into_bytes(), value: Form::LowerHex });
        }
        let (span, value) = raw(facts);
        let fits = |bytes: &Vec<u8>| span.holds(bytes.len());
        let own = match facts.gives {
            Gives::H64 => [Encoding::Of(ByteEncoding::Hex), Encoding::H64],
            Gives::Ab64 => [Encoding::Of(ByteEncoding::Hex), Encoding::Of(ByteEncoding::Ab64)],
            _ => [Encoding::Of(ByteEncoding::Hex), Encoding::Of(ByteEncoding::Base64Url)],
        };
        // No text is both, where the length is known: the hex of bytes, read as base64, has another one.
        let mut read = own.iter().filter_map(|encoding| encoding.decode(text, HASH).ok());
        let bytes = read.find(fits).ok_or(Error::Malformed(HASH))?;
        Ok(Self { bytes, value })
    }

    /// Whether it is this value. In constant time.
    pub(crate) fn is(&self, value: &[u8], judge: &Judge) -> bool {
        match self.value {
            Form::AsIs => judge.same(value, &self.bytes),
            Form::LowerHex => judge.same(&bytes::lower(value), &self.bytes),
            Form::Decoded(encoding) => {
                let text = bytes::text(value);
                encoding
                    .decode(&text, HASH)
                    .is_ok_and(|bytes| judge.same(&zeroize::Zeroizing::new(bytes), &self.bytes))
            }
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The lengths of the bytes that a value stands for, and how they are had from it.
fn raw(facts: &Facts) -> (Span, Form) {
    // An odd number of digits is no bytes.
    let halved = Span { min: facts.span.min.div_ceil(2), max: facts.span.max / 2 };
    let decoded = |encoding, len: fn(usize) -> usize| (inverse(facts.span, len), Form::Decoded(encoding));
    match facts.gives {
        Gives::Hex => (halved, Form::Decoded(Encoding::Of(ByteEncoding::Hex))),
        Gives::Base64 => decoded(Encoding::Of(ByteEncoding::Base64), padded),
        Gives::Base64Url => decoded(Encoding::Of(ByteEncoding::Base64Url), unpadded),
        Gives::Ab64 => decoded(Encoding::Of(ByteEncoding::Ab64), unpadded),
        Gives::H64 => decoded(Encoding::H64, unpadded),
        Gives::Raw | Gives::Text | Gives::AsFirst => (facts.span, Form::AsIs),
    }
}

/// The lengths whose encoded lengths are within the span.
fn inverse(span: Span, encoded: fn(usize) -> usize) -> Span {
    let min = (span.min / 2..=span.min).find(|&len| encoded(len) >= span.min).unwrap_or(span.min);
    let max = span.max.min(VALUE_BYTES);
    let max = (max / 2..=max).rev().find(|&len| encoded(len) <= span.max).unwrap_or(max);
    Span { min, max }
}

/// The length of a hash as a template has it written, where it can have only one.
pub(crate) fn written_span(written: Encoding, facts: &Facts) -> Option<Span> {
    match written {
        Encoding::Of(ByteEncoding::Hex) => Some(raw(facts).0.map(|len| 2 * len)),
        _ => None,
    }
}

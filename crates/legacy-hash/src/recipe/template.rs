//! How a stored string is laid out: literal text with `{hash}`, `{salt}`, `{rounds}` and the like.

use crate::Error;
use crate::bytes::ByteEncoding;
use crate::encoding::{h64, number};
use crate::recipe::cost::Span;

/// The parts of a stored string, in order.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug)]
pub(crate) enum Part {
    Literal(String),
    Field(Placeholder),
}

/// A `{…}`, and where in the text it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placeholder {
    pub(crate) at: usize,
    pub(crate) field: Field,
    pub(crate) encoding: Encoding,
}

/// What a part of a stored string is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    Hash,
    Salt,
    Salt2,
    Rounds,
    User,
}

impl Field {
    pub(crate) const NAMES: [(Self, &'static str); 5] = [
        (Self::Hash, "hash"),
        (Self::Salt, "salt"),
        (Self::Salt2, "salt2"),
        (Self::Rounds, "rounds"),
        (Self::User, "user"),
    ];

    fn index(self) -> usize {
        Self::NAMES.iter().position(|(field, _)| *field == self).unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self.index()].1
    }
}

/// How a part of a stored string is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    /// As it is; a hash as the expression gives it.
    Plain,
    Of(ByteEncoding),
    H64,
}

impl Encoding {
    pub(crate) const NAMES: [(Self, &'static str); 5] = [
        (Self::Of(ByteEncoding::Hex), "hex"),
        (Self::Of(ByteEncoding::Base64), "b64"),
        (Self::Of(ByteEncoding::Base64Url), "b64url"),
        (Self::Of(ByteEncoding::Ab64), "ab64"),
        (Self::H64, "h64"),
    ];

    pub(crate) fn decode(self, text: &str, part: &'static str) -> Result<Vec<u8>, Error> {
        match self {
            Self::Plain => Ok(text.as_bytes().to_vec()),
            Self::Of(encoding) => encoding.decode(text, part),
            Self::H64 => h64(text, part),
        }
    }
}

/// The parts of a string, by the index of their field.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields<'a>([Option<&'a str>; 5]);

impl<'a> Fields<'a> {
    /// A string that is all hash.
    pub(crate) fn hash_only(hash: &'a str) -> Self {
        Self([Some(hash), None, None, None, None])
    }

    pub(crate) fn get(&self, field: Field) -> Option<&'a str> {
        self.0[field.index()]
    }

    /// The number of rounds; one where the template has none.
    pub(crate) fn rounds(&self) -> Result<u64, Error> {
        match self.get(Field::Rounds).map(|text| number(text, "the rounds of a recipe")).transpose()? {
            Some(0) => Err(Error::Malformed("the rounds of a recipe")),
            rounds => Ok(rounds.unwrap_or(1)),
        }
    }
}

impl Template {
    pub(crate) fn field(&self, field: Field) -> Option<Placeholder> {
        self.fields().find(|placeholder| placeholder.field == field)
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(placeholder) => Some(*placeholder),
            Part::Literal(_) => None,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a string begins as the template does, for one that begins with literal text.
    pub(crate) fn begins(&self, text: &str) -> Option<bool> {
        match self.parts.first() {
            Some(Part::Literal(literal)) => Some(text.starts_with(literal.as_str())),
            _ => None,
        }
    }

    /// Takes a string apart. A part ends where what follows it must begin if that has a known length, else at the
    /// first occurrence of the literal after it. `hash` is the lengths of the hash as it is written.
    pub(crate) fn split<'a>(&self, text: &'a str, hash: Option<Span>) -> Option<Fields<'a>> {
        let mut fields = Fields::default();
        let mut rest = text;
        for (i, part) in self.parts.iter().enumerate() {
            let after = &self.parts[i + 1..];
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Field(placeholder) => {
                    let len = field_len(part, hash)
                        .or_else(|| rest.len().checked_sub(total_len(after, hash)?))
                        .or_else(|| next_literal(rest, after))?;
                    let (value, remainder) = rest.split_at_checked(len)?;
                    // Right beside another part, an empty one would be none at all.
                    if value.is_empty() && self.is_beside_another(i) {
                        return None;
                    }
                    fields.0[placeholder.field.index()] = Some(value);
                    rest = remainder;
                }
            }
        }
        rest.is_empty().then_some(fields)
    }
}

impl Template {
    fn is_beside_another(&self, i: usize) -> bool {
        let is_field = |i: usize| matches!(self.parts.get(i), Some(Part::Field(_)));
        is_field(i + 1) || i.checked_sub(1).is_some_and(is_field)
    }
}

/// The length of a part, where it can only have one.
fn field_len(part: &Part, hash: Option<Span>) -> Option<usize> {
    match part {
        Part::Literal(literal) => Some(literal.len()),
        Part::Field(placeholder) if placeholder.field == Field::Hash => hash?.fixed(),
        Part::Field(_) => None,
    }
}

fn total_len(parts: &[Part], hash: Option<Span>) -> Option<usize> {
    parts.iter().map(|part| field_len(part, hash)).sum()
}

fn next_literal(text: &str, after: &[Part]) -> Option<usize> {
    match after.first() {
        Some(Part::Literal(literal)) => text.find(literal.as_str()),
        _ => None,
    }
}

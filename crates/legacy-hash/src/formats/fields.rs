//! Taking a stored string apart at its separators.

use crate::Error;

/// Exactly `N` fields between the separators, or a malformed part.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    separator: char,
    part: &'static str,
) -> Result<[&'a str; N], Error> {
    let fields: Vec<&str> = text.split(separator).collect();
    fields.try_into().map_err(|_| Error::Malformed(part))
}

/// Whether the text is that many hex digits, of either case.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The text after a prefix that is compared without case.
pub(super) fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

//! Putting statements together: identifiers are quoted by one type, values are parameters.

use std::fmt;

/// An identifier; displays quoted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ident(pub(crate) String);

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A schema-qualified name; displays quoted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Name {
    pub(crate) schema: Ident,
    pub(crate) name: Ident,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A piece of config SQL that was checked to be one expression; displays in parentheses, on lines
/// of its own so that a trailing `--` comment ends before them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Expression(pub(crate) String);

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(\n{}\n)", self.0)
    }
}

/// A piece of config SQL that was checked to be one query; displays as a subquery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Query(pub(crate) String);

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(\n{}\n)", self.0)
    }
}

/// `a, b, c`
pub(crate) fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

//! A recipe taken apart: the tree of its expression.

use crate::kdf::digest::Hash;
use crate::recipe::functions::Function;

/// A part of an expression, and where in the text it begins: characters, counted from 1.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

/// What a part of an expression is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Bytes that come from outside, or from the last turn of a loop.
    Input(Input),
    /// Bytes as the recipe has them, and whether it has them as `0x…`.
    Literal(Vec<u8>, Written),
    /// A number as the recipe has it.
    Number(u64),
    /// The number that the stored string holds.
    Rounds,
    /// One after the other.
    Concat(Vec<Node>),
    /// A function of the table.
    Call { function: &'static Function, hash: Hash, args: Vec<Node> },
    /// The digest so many times.
    Iter { times: Box<Node>, hash: Hash, raw: bool, of: Box<Node> },
    /// A step so many times.
    Loop { times: Box<Node>, init: Box<Node>, step: Box<Node> },
}

/// How a literal is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    Text,
    Hex,
}

/// Where bytes come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Input {
    Pass,
    Salt,
    Salt2,
    User,
    Pepper,
    Prev,
}

impl Input {
    /// The name that it is printed as, then the other ones, without the dollar sign.
    pub(crate) const NAMES: [(Self, &'static [&'static str]); 6] = [
        (Self::Pass, &["pass", "p", "password", "plain", "pwd"]),
        (Self::Salt, &["salt", "s", "salt1", "s1"]),
        (Self::Salt2, &["salt2", "s2"]),
        (Self::User, &["user", "u", "username", "login"]),
        (Self::Pepper, &["pepper", "key", "secret"]),
        (Self::Prev, &["prev"]),
    ];

    /// The input of this name, in lower case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, names)| names.contains(&name)).map(|&(input, _)| input)
    }

    /// Its name, without the dollar sign.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(input, _)| *input == self)
            .and_then(|(_, names)| names.first())
            .map_or("", |n| n)
    }
}

impl Node {
    /// Whether it is a number and no bytes.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number(_) | Kind::Rounds)
    }

    /// The parts right under it.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Input(_) | Kind::Literal(..) | Kind::Number(_) | Kind::Rounds => Vec::new(),
            Kind::Concat(parts) => parts.iter().collect(),
            Kind::Call { args, .. } => args.iter().collect(),
            Kind::Iter { times, of, .. } => vec![times, of],
            Kind::Loop { times, init, step } => vec![times, init, step],
        }
    }

    /// Whether an input occurs in it.
    pub(crate) fn uses(&self, input: Input) -> bool {
        matches!(self.kind, Kind::Input(found) if found == input)
            || self.children().iter().any(|child| child.uses(input))
    }

    /// Whether the number of the stored string occurs in it.
    pub(crate) fn uses_rounds(&self) -> bool {
        matches!(self.kind, Kind::Rounds) || self.children().iter().any(|child| child.uses_rounds())
    }

    /// Whether its value depends on the password, where `prev` says whether that of the last turn does.
    pub(crate) fn depends_on_pass(&self, prev: bool) -> bool {
        match &self.kind {
            Kind::Input(Input::Pass) => true,
            Kind::Input(Input::Prev) => prev,
            Kind::Loop { init, step, .. } => step.depends_on_pass(init.depends_on_pass(prev)),
            _ => self.children().iter().any(|child| child.depends_on_pass(prev)),
        }
    }
}

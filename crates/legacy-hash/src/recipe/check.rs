//! What can be said of an expression before there is a password: the lengths and the kind of its value, and its price.

use crate::Error;
use crate::kdf::digest::Hash;
use crate::limits::{Limits, MAX_HASH_BYTES, MAX_PASSWORD_BYTES};
use crate::recipe::ast::{Input, Kind, Node, Written};
use crate::recipe::cost::{Cost, Span, VALUE_BYTES, blocks, moved};
use crate::recipe::functions::{Function, Gives, Sizes};

/// What is known of the inputs.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) pass: Span,
    pub(crate) salt: Span,
    pub(crate) salt2: Span,
    pub(crate) user: Span,
    pub(crate) pepper: Span,
    pub(crate) rounds: u64,
}

impl Known {
    /// Nothing: any lengths, and no more rounds than there must be.
    pub(crate) const NOTHING: Self = {
        let column = Span::up_to(MAX_HASH_BYTES);
        let pass = Span::up_to(MAX_PASSWORD_BYTES);
        Self { pass, salt: column, salt2: column, user: column, pepper: column, rounds: 1 }
    };

    /// The cheapest case, whatever the rounds.
    pub(crate) const EMPTY: Self = {
        let empty = Span::exactly(0);
        Self { pass: empty, salt: empty, salt2: empty, user: empty, pepper: empty, rounds: 1 }
    };

    fn span(&self, input: Input, prev: &Prev) -> Span {
        match input {
            Input::Pass => self.pass,
            Input::Salt => self.salt,
            Input::Salt2 => self.salt2,
            Input::User => self.user,
            Input::Pepper => self.pepper,
            Input::Prev => prev.span,
        }
    }
}

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    pub(crate) span: Span,
    pub(crate) gives: Gives,
    pub(crate) cost: Cost,
}

/// What is known of the value of the last turn.
#[derive(Clone, Copy)]
struct Prev {
    span: Span,
    gives: Gives,
}

/// An error, and the character that it is about.
pub(crate) type Located = (usize, Error);

/// What is known of an expression's value under these inputs.
pub(crate) fn facts(node: &Node, known: &Known, limits: &Limits) -> Result<Facts, Located> {
    Check { known, limits }.facts(node, &Prev { span: Span::exactly(0), gives: Gives::Text })
}

struct Check<'a> {
    known: &'a Known,
    limits: &'a Limits,
}

impl Check<'_> {
    fn facts(&self, node: &Node, prev: &Prev) -> Result<Facts, Located> {
        let plain = |span, gives| Ok(Facts { span, gives, cost: Cost::default() });
        let found = match &node.kind {
            Kind::Input(Input::Prev) => plain(prev.span, prev.gives),
            Kind::Input(input) => plain(self.known.span(*input, prev), Gives::Text),
            Kind::Literal(bytes, Written::Hex) => plain(Span::exactly(bytes.len()), Gives::Raw),
            Kind::Literal(bytes, Written::Text) => plain(Span::exactly(bytes.len()), Gives::Text),
            // Numbers are no values; where one stands, its reader takes it from the tree.
            Kind::Number(_) | Kind::Rounds => plain(Span::exactly(0), Gives::Text),
            Kind::Concat(parts) => self.concat(parts, prev),
            Kind::Call { function, hash, args } => self.call(node.at, function, *hash, args, prev),
            Kind::Iter { times, hash, raw, of } => {
                let of = self.facts(of, prev)?;
                let len = if *raw { hash.len() } else { 2 * hash.len() };
                let rest = Cost::work(blocks(*hash, len)).times(self.number(times).saturating_sub(1));
                let first = Cost::work(blocks(*hash, of.span.max));
                Ok(Facts {
                    span: Span::exactly(len),
                    gives: if *raw { Gives::Raw } else { Gives::Hex },
                    cost: of.cost.plus(first).plus(rest),
                })
            }
            Kind::Loop { times, init, step } => self.turns(self.number(times), init, step, prev),
        }?;
        found.cost.check(self.limits).map_err(|error| (node.at, error))?;
        if found.span.min > VALUE_BYTES {
            return Err((node.at, Error::OverLimit(TOO_LONG)));
        }
        Ok(Facts { span: found.span.map(|len| len.min(VALUE_BYTES)), ..found })
    }

    fn concat(&self, parts: &[Node], prev: &Prev) -> Result<Facts, Located> {
        let parts = parts.iter().map(|part| self.facts(part, prev)).collect::<Result<Vec<_>, _>>()?;
        let span = parts.iter().fold(Span::exactly(0), |sum, part| sum.plus(part.span));
        let cost = parts.iter().fold(joining(parts.len(), span.max), |sum, part| sum.plus(part.cost));
        let all = |gives| parts.iter().all(|part| part.gives == gives);
        let gives = match () {
            () if all(Gives::Hex) => Gives::Hex,
            () if parts.iter().any(|part| part.gives == Gives::Raw) => Gives::Raw,
            () => Gives::Text,
        };
        Ok(Facts { span, gives, cost })
    }

    fn call(
        &self,
        at: usize,
        function: &Function,
        hash: Hash,
        args: &[Node],
        prev: &Prev,
    ) -> Result<Facts, Located> {
        let values = args.iter().filter(|arg| !arg.is_number());
        let values = values.map(|arg| self.facts(arg, prev)).collect::<Result<Vec<_>, _>>()?;
        let spans: Vec<Span> = values.iter().map(|value| value.span).collect();
        let numbers: Vec<u64> =
            args.iter().filter(|arg| arg.is_number()).map(|arg| self.number(arg)).collect();
        let sizes = Sizes { hash, spans: &spans, numbers: &numbers };
        let own = (function.cost)(&sizes, self.limits).map_err(|error| (at, error))?;
        let gives = match (function.gives, values.first().map(|value| value.gives)) {
            (Gives::AsFirst, Some(first @ (Gives::Hex | Gives::Raw))) => first,
            (Gives::AsFirst, _) => Gives::Text,
            (gives, _) => gives,
        };
        Ok(Facts {
            span: (function.size)(&sizes),
            gives,
            cost: values.iter().fold(own, |sum, value| sum.plus(value.cost)),
        })
    }

    /// The lengths of the last value are found by trying: a step mostly gives the same for whatever it gets.
    fn turns(&self, times: u64, init: &Node, step: &Node, prev: &Prev) -> Result<Facts, Located> {
        let init = self.facts(init, prev)?;
        let first = self.facts(step, &Prev { span: init.span, gives: init.gives })?;
        let span = if times == 1 { init.span } else { init.span.hull(first.span) };
        let mut turn = self.facts(step, &Prev { span, gives: first.gives })?;
        if span.hull(turn.span) != span && times > 1 {
            turn = self.facts(step, &Prev { span: Span::up_to(VALUE_BYTES), gives: turn.gives })?;
        }
        let cost = turn.cost.plus(Cost::work(1)).times(times);
        Ok(Facts { cost: init.cost.plus(cost), ..turn })
    }

    fn number(&self, node: &Node) -> u64 {
        match node.kind {
            Kind::Number(n) => n,
            _ => self.known.rounds,
        }
    }
}

/// What the limits call a value of more than [`VALUE_BYTES`].
pub(crate) const TOO_LONG: &str = "the length of a value in a recipe";

/// The price of putting values one after the other.
pub(crate) fn joining(parts: usize, bytes: usize) -> Cost {
    Cost::work(parts as u64 / 8 + moved(bytes))
}

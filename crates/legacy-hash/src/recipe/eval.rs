//! Computing the value of an expression, paying for each step before it is taken.

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::digest::Hash;
use crate::kdf::{Tick, tick};
use crate::limits::Limits;
use crate::recipe::ast::{Input, Kind, Node};
use crate::recipe::bytes;
use crate::recipe::check::{TOO_LONG, joining};
use crate::recipe::cost::{Cost, Span, VALUE_BYTES, blocks};
use crate::recipe::functions::{Function, Given, Sizes};
use crate::text::Bytes;

/// What a recipe is computed from.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) pass: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) salt2: &'a [u8],
    pub(crate) user: &'a [u8],
    pub(crate) pepper: &'a [u8],
    pub(crate) rounds: u64,
}

/// The value of the expression.
pub(crate) fn value(
    node: &Node,
    inputs: &Inputs<'_>,
    limits: &Limits,
    tick: Tick<'_>,
) -> Result<Bytes, Error> {
    let mut machine = Machine { inputs, limits, spent: Cost::default(), unticked: PACE, tick };
    machine.value(node, &[]).map(Value::into_owned)
}

/// Work between two ticks: 1 to 3 ms.
const PACE: u64 = 4096;

/// Bytes that belong to the inputs, or to the computation.
enum Value<'a> {
    Given(&'a [u8]),
    Made(Bytes),
}

impl Value<'_> {
    fn into_owned(self) -> Bytes {
        match self {
            Self::Given(bytes) => bytes::owned(bytes),
            Self::Made(bytes) => bytes,
        }
    }
}

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Given(bytes) => bytes,
            Self::Made(bytes) => bytes,
        }
    }
}

struct Machine<'a> {
    inputs: &'a Inputs<'a>,
    limits: &'a Limits,
    spent: Cost,
    unticked: u64,
    tick: Tick<'a>,
}

impl<'a> Machine<'a> {
    /// The value of a part, where `prev` is that of the last turn.
    fn value<'v>(&mut self, node: &'v Node, prev: &'v [u8]) -> Result<Value<'v>, Error>
    where
        'a: 'v,
    {
        Ok(match &node.kind {
            Kind::Input(input) => Value::Given(self.input(*input, prev)),
            Kind::Literal(bytes, _) => Value::Given(bytes),
            // Numbers are no values; the functions take them from the tree.
            Kind::Number(_) | Kind::Rounds => Value::Given(&[]),
            Kind::Concat(parts) => Value::Made(self.concat(parts, prev)?),
            Kind::Call { function, hash, args } => Value::Made(self.call(function, *hash, args, prev)?),
            Kind::Iter { times, hash, raw, of } => {
                let of = self.value(of, prev)?;
                let times = self.number(times);
                Value::Made(self.iter(times, *hash, *raw, &of)?)
            }
            Kind::Loop { times, init, step } => {
                let mut last = self.value(init, prev)?.into_owned();
                for _ in 0..self.number(times) {
                    self.charge(Cost::work(1))?;
                    let next = self.value(step, &last)?.into_owned();
                    last = next;
                }
                Value::Made(last)
            }
        })
    }

    fn input<'v>(&self, input: Input, prev: &'v [u8]) -> &'v [u8]
    where
        'a: 'v,
    {
        match input {
            Input::Pass => self.inputs.pass,
            Input::Salt => self.inputs.salt,
            Input::Salt2 => self.inputs.salt2,
            Input::User => self.inputs.user,
            Input::Pepper => self.inputs.pepper,
            Input::Prev => prev,
        }
    }

    fn number(&self, node: &Node) -> u64 {
        match node.kind {
            Kind::Number(n) => n,
            _ => self.inputs.rounds,
        }
    }

    fn concat(&mut self, parts: &[Node], prev: &[u8]) -> Result<Bytes, Error> {
        let values = parts.iter().map(|part| self.value(part, prev)).collect::<Result<Vec<_>, _>>()?;
        let len = values.iter().map(|value| value.len()).sum();
        at_most(len)?;
        self.charge(joining(values.len(), len))?;
        // At once, since a buffer that grows leaves copies behind.
        let mut whole = Zeroizing::new(Vec::with_capacity(len));
        values.iter().for_each(|value| whole.extend_from_slice(value));
        Ok(whole)
    }

    fn call(&mut self, function: &Function, hash: Hash, args: &[Node], prev: &[u8]) -> Result<Bytes, Error> {
        let mut values = Vec::new();
        let mut numbers = Vec::new();
        for arg in args {
            match arg.is_number() {
                true => numbers.push(self.number(arg)),
                false => values.push(self.value(arg, prev)?),
            }
        }
        let spans: Vec<Span> = values.iter().map(|value| Span::exactly(value.len())).collect();
        let sizes = Sizes { hash, spans: &spans, numbers: &numbers };
        at_most((function.size)(&sizes).min)?;
        self.charge((function.cost)(&sizes, self.limits)?)?;
        let bytes: Vec<&[u8]> = values.iter().map(|value| &**value).collect();
        let made = (function.run)(&mut Given {
            hash,
            bytes: &bytes,
            numbers: &numbers,
            limits: self.limits,
            tick: &mut *self.tick,
        })?;
        at_most(made.len())?;
        Ok(made)
    }

    fn iter(&mut self, times: u64, hash: Hash, raw: bool, of: &[u8]) -> Result<Bytes, Error> {
        let mut last = bytes::owned(of);
        for _ in 0..times {
            self.charge(Cost::work(blocks(hash, last.len())))?;
            let digest = hash.of(&[&last]);
            last = if raw { digest } else { bytes::hex(&digest) };
        }
        Ok(last)
    }

    /// Pays, and lets the caller interrupt now and then.
    fn charge(&mut self, cost: Cost) -> Result<(), Error> {
        self.spent = self.spent.plus(cost);
        self.unticked = self.unticked.saturating_add(cost.work);
        self.spent.check(self.limits)?;
        if self.unticked >= PACE {
            self.unticked = 0;
            tick(self.tick)?;
        }
        Ok(())
    }
}

fn at_most(len: usize) -> Result<(), Error> {
    if len > VALUE_BYTES { Err(Error::OverLimit(TOO_LONG)) } else { Ok(()) }
}

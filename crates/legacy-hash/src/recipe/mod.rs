//! Formulas for home-made hashes.
#![doc = include_str!("notation.md")]

mod alias;
mod ast;
mod bytes;
mod check;
mod common;
mod cost;
mod eval;
mod functions;
mod parse;
mod print;
mod stored;
mod template;
mod verifier;

pub use alias::aliases;
pub use common::common_recipes;

use crate::Error;
use crate::format::Scheme;
use crate::limits::Limits;
use crate::method::Needs;
use crate::recipe::ast::{Input, Node};
use crate::recipe::check::{Facts, Known, facts};
use crate::recipe::cost::Span;
use crate::recipe::eval::Inputs;
use crate::recipe::stored::{Target, written_span};
use crate::recipe::template::{Encoding, Field, Fields, Template};
use crate::recipe::verifier::Verifier;
use crate::verify::Attempt;

/// A formula for home-made hashes, such as `md5(md5($pass).$salt)`.
#[derive(Debug)]
pub struct Recipe {
    template: Template,
    expr: Node,
    verifier: Option<Verifier>,
    /// What is known of its value, whatever the inputs.
    facts: Facts,
}

/// The functions of recipes: the name, other names, and what it does. A `*` stands for the name of a digest.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    functions::FUNCTIONS.iter().map(|function| (function.name, function.aliases, function.about))
}

/// The names of the digests.
pub fn digests() -> impl Iterator<Item = &'static str> {
    crate::kdf::digest::Hash::ALL.iter().map(|hash| hash.name())
}

impl Recipe {
    /// Reads a recipe, or the name that a cracker has for one, such as `hashcat:2611` or `dynamic_1034`.
    ///
    /// # Errors
    ///
    /// [`Error::BadRecipe`] with the character that is wrong, and [`Error::UnknownName`] for a text that doesn't look
    /// like a recipe.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(recipe) = alias::recipe(text) {
            return Self::read(recipe);
        }
        if !text.contains(['$', '(']) && !text.contains("<-") {
            return Err(Error::UnknownName);
        }
        Self::read(text)
    }

    fn read(text: &str) -> Result<Self, Error> {
        let parsed = parse::parse(text)?;
        // What is too much for the longest inputs may do for usual ones: the stored hash will tell. What is too much
        // for empty ones never will.
        facts(&parsed.expr, &Known::EMPTY, &Limits::ABSOLUTE).map_err(bad)?;
        let unpriced = Limits { recipe_work: u64::MAX, ..Limits::ABSOLUTE };
        let facts = facts(&parsed.expr, &Known::NOTHING, &unpriced).map_err(bad)?;
        let recipe = Self { template: parsed.template, expr: parsed.expr, verifier: parsed.verifier, facts };
        recipe.bound()?;
        // As it is printed it must be a recipe too: escapes make a text longer.
        parse::check_length(&recipe.to_string())?;
        Ok(recipe)
    }

    /// Refuses a recipe that leaves out what it must use, or uses what it can't have.
    fn bound(&self) -> Result<(), Error> {
        if !self.expr.depends_on_pass(false) {
            return Err(Error::BadRecipe(self.expr.at, "the value doesn't depend on $pass"));
        }
        for placeholder in self.template.fields() {
            let used = match placeholder.field {
                Field::Hash if self.verifier.is_some() && placeholder.encoding != Encoding::Plain => {
                    return Err(Error::BadRecipe(placeholder.at, "what is verified after | has no encoding"));
                }
                Field::Hash => true,
                Field::Salt => self.expr.uses(Input::Salt),
                Field::Salt2 => self.expr.uses(Input::Salt2),
                Field::User => true,
                Field::Rounds => self.expr.uses_rounds(),
            };
            if !used {
                return Err(Error::BadRecipe(placeholder.at, "the expression doesn't use this"));
            }
        }
        for (used, field, why) in [
            (self.expr.uses(Input::Salt2), Field::Salt2, "$salt2 needs {salt2} in a template"),
            (self.expr.uses_rounds(), Field::Rounds, "$rounds needs {rounds} in a template"),
        ] {
            if used && self.template.field(field).is_none() {
                return Err(Error::BadRecipe(self.expr.at, why));
            }
        }
        let mut fields = self.template.parts.windows(2);
        let adjacent = fields.find_map(|pair| match pair {
            [template::Part::Field(a), template::Part::Field(b)] => Some((a, b)),
            _ => None,
        });
        match adjacent {
            Some((a, b))
                if ![a, b].iter().any(|p| p.field == Field::Hash && self.written(p.encoding).is_some()) =>
            {
                Err(Error::BadRecipe(b.at, "nothing tells where this begins"))
            }
            _ => Ok(()),
        }
    }

    /// What it needs besides the hash.
    pub fn needs(&self) -> Needs {
        let outside = |input, field| self.expr.uses(input) && self.template.field(field).is_none();
        Needs {
            salt: outside(Input::Salt, Field::Salt),
            login: outside(Input::User, Field::User),
            pepper: self.expr.uses(Input::Pepper),
        }
    }

    /// The lengths of the hash as the template has it written.
    fn written(&self, encoding: Encoding) -> Option<Span> {
        match self.verifier {
            Some(_) => None,
            None => written_span(encoding, &self.facts).filter(|span| span.fixed().is_some()),
        }
    }

    fn hash_encoding(&self) -> Encoding {
        self.template.field(Field::Hash).map_or(Encoding::Plain, |placeholder| placeholder.encoding)
    }

    /// The parts of a stored string. Without a template it is all hash.
    fn split<'a>(&self, hash: &'a str) -> Result<Fields<'a>, Error> {
        if self.template.is_empty() {
            return Ok(Fields::hash_only(hash));
        }
        let fields = self.template.split(hash, self.written(self.hash_encoding()));
        fields.ok_or(Error::Malformed("the layout of a recipe"))
    }

    /// A hash and the salt after its first colon (or dollar sign, as John the Ripper has it), where the recipe takes its
    /// salt from elsewhere.
    fn split_joined<'a>(&self, hash: &'a str) -> Option<(&'a str, &'a str)> {
        if !self.template.is_empty() || !self.needs().salt {
            return None;
        }
        match self.verifier {
            Some(_) => hash.split_once(':'),
            None => hash.split_once([':', '$']),
        }
    }

    /// Reads the stored hash alone.
    fn read_hash<'a>(&self, hash: &'a str, limits: &Limits) -> Result<Read<'a>, Error> {
        match self.verifier {
            Some(verifier) => {
                let format = verifier.format(hash)?;
                format.scheme.check(hash, limits)?;
                Ok(Read::Inner(format.scheme, hash))
            }
            None => Target::read(hash, self.hash_encoding(), &self.facts).map(Read::Target),
        }
    }

    fn read_all<'a>(&self, hash: &'a str, limits: &Limits) -> Result<(Fields<'a>, Read<'a>), Error> {
        let fields = self.split(hash)?;
        let read = self.read_hash(fields.get(Field::Hash).unwrap_or_default(), limits)?;
        for field in [Field::Salt, Field::Salt2, Field::User] {
            self.decoded(&fields, field)?;
        }
        let known = Known { rounds: fields.rounds()?, ..Known::EMPTY };
        if self.expr.uses_rounds() && known.rounds > limits.recipe_work.max(limits.pbkdf2_work) {
            return Err(Error::OverLimit("the rounds of a recipe"));
        }
        facts(&self.expr, &known, limits).map_err(|(_, error)| error)?;
        Ok((fields, read))
    }

    /// A part of the stored string in bytes.
    fn decoded(&self, fields: &Fields<'_>, field: Field) -> Result<Option<Vec<u8>>, Error> {
        let encoding = self.template.field(field).map_or(Encoding::Plain, |placeholder| placeholder.encoding);
        fields.get(field).map(|text| encoding.decode(text, "the salt of a recipe")).transpose()
    }

    fn judge(&self, attempt: &mut Attempt<'_>, fields: &Fields<'_>, read: &Read<'_>) -> Result<bool, Error> {
        let decoded = |field| self.decoded(fields, field);
        let (salt, salt2, user) = (decoded(Field::Salt)?, decoded(Field::Salt2)?, decoded(Field::User)?);
        let inputs = Inputs {
            pass: attempt.password,
            salt: salt.as_deref().unwrap_or(attempt.salt()),
            salt2: salt2.as_deref().unwrap_or_default(),
            user: user.as_deref().unwrap_or(attempt.login.as_bytes()),
            pepper: attempt.pepper,
            rounds: fields.rounds()?,
        };
        if !self.is_affordable(&inputs, attempt.limits)? {
            return Ok(false);
        }
        let value = eval::value(&self.expr, &inputs, attempt.limits, attempt.tick)?;
        match read {
            Read::Target(target) => Ok(target.is(&value, attempt.judge)),
            Read::Inner(scheme, hash) => scheme.verify(&mut attempt.over(&value, hash)),
        }
    }

    /// Whether the cost is within the limits. No system ever hashed so long a password so often, if only the password
    /// makes it too much.
    fn is_affordable(&self, inputs: &Inputs<'_>, limits: &Limits) -> Result<bool, Error> {
        let known = Known {
            pass: Span::exactly(0),
            salt: Span::exactly(inputs.salt.len()),
            salt2: Span::exactly(inputs.salt2.len()),
            user: Span::exactly(inputs.user.len()),
            pepper: Span::exactly(inputs.pepper.len()),
            rounds: inputs.rounds,
        };
        facts(&self.expr, &known, limits).map_err(|(_, error)| error)?;
        let known = Known { pass: Span::exactly(inputs.pass.len()), ..known };
        Ok(facts(&self.expr, &known, limits).is_ok())
    }
}

/// The stored hash, read.
enum Read<'a> {
    Target(Target),
    /// A hash that describes itself, of this scheme.
    Inner(&'static dyn Scheme, &'a str),
}

/// What is wrong with a recipe that costs too much, or that gives a function what it doesn't take.
fn bad((at, error): check::Located) -> Error {
    Error::BadRecipe(
        at,
        match error {
            Error::OverLimit(_) => "this is over the highest limit, whatever the password",
            _ => "these numbers are not defined for this function",
        },
    )
}

impl Scheme for Recipe {
    fn recognise(&self, hash: &str) -> bool {
        match self.template.begins(hash) {
            Some(begins) => begins,
            None => self.check(hash, &Limits::ABSOLUTE).is_ok(),
        }
    }

    fn carries_salt(&self, hash: &str) -> bool {
        self.split_joined(hash).is_some_and(|(hash, _)| self.read_hash(hash, &Limits::ABSOLUTE).is_ok())
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        match (self.read_all(hash, limits), self.split_joined(hash)) {
            (Err(error), Some((hash, _))) => self.read_all(hash, limits).map(drop).map_err(|_| error),
            (read, _) => read.map(drop),
        }
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        if let (None, Some((hash, salt))) = (attempt.salt, self.split_joined(attempt.hash)) {
            let (fields, read) = self.read_all(hash, attempt.limits)?;
            let mut joined = attempt.over(attempt.password, hash);
            joined.salt = Some(salt.as_bytes());
            return self.judge(&mut joined, &fields, &read);
        }
        let (fields, read) = self.read_all(attempt.hash, attempt.limits)?;
        self.judge(attempt, &fields, &read)
    }
}

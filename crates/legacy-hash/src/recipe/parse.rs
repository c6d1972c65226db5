//! Reading the text of a recipe. Every error names the character that it is about, counted from 1.

use crate::Error;
use crate::kdf::digest::Hash;
use crate::recipe::ast::{Input, Kind, Node, Written};
use crate::recipe::cost::VALUE_BYTES;
use crate::recipe::functions::{Takes, digest, function};
use crate::recipe::template::{Encoding, Field, Part, Placeholder, Template};
use crate::recipe::verifier::Verifier;

/// The longest text of a recipe.
const SOURCE_BYTES: usize = 4096;
/// How deep calls may be within calls.
const DEPTH: usize = 32;
/// How deep loops may be within loops, each of which is looked at three times when it is checked.
const LOOPS: usize = 4;

/// What a recipe consists of.
pub(crate) struct Parsed {
    pub(crate) template: Template,
    pub(crate) expr: Node,
    pub(crate) verifier: Option<Verifier>,
}

/// Refuses a text that is too long for a recipe, at the character where it is.
pub(crate) fn check_length(text: &str) -> Result<(), Error> {
    if text.len() <= SOURCE_BYTES {
        return Ok(());
    }
    let at = text.char_indices().filter(|&(i, _)| i <= SOURCE_BYTES).count();
    Err(Error::BadRecipe(at, "a recipe has at most 4096 bytes"))
}

/// Reads all of a recipe: `[template <-] expression [| verifier]`.
pub(crate) fn parse(text: &str) -> Result<Parsed, Error> {
    check_length(text)?;
    let chars: Vec<char> = text.chars().collect();
    let (template, start) = match arrow(&chars) {
        Some(at) => (parse_template(&chars[..at])?, at + 2),
        None => (Template::default(), 0),
    };
    let mut parser = Parser { chars: &chars, pos: start, depth: 0, loops: 0 };
    let (expr, verifier) = parser.recipe()?;
    Ok(Parsed { template, expr, verifier })
}

/// Where the `<-` after the template is. One within quotes belongs to the expression, unless a template comes before
/// it, in which quotes mean nothing.
fn arrow(chars: &[char]) -> Option<usize> {
    let at = chars.windows(2).position(|pair| pair == ['<', '-'])?;
    let before: String = chars[..at].iter().collect();
    let quoted = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
    (before.contains("{hash") || !quoted).then_some(at)
}

/// Literal text with placeholders. Braces that hold no placeholder's name are literal.
fn parse_template(chars: &[char]) -> Result<Template, Error> {
    let begin = chars.iter().position(|c| !c.is_whitespace()).unwrap_or(chars.len());
    let end = chars.iter().rposition(|c| !c.is_whitespace()).map_or(begin, |at| at + 1);
    let mut template = Template::default();
    let mut literal = String::new();
    let mut pos = begin;
    while pos < end {
        match placeholder(&chars[pos..end], pos + 1)? {
            Some((found, len)) => {
                if !literal.is_empty() {
                    template.parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                if template.field(found.field).is_some() {
                    return Err(Error::BadRecipe(found.at, "the template has this twice"));
                }
                template.parts.push(Part::Field(found));
                pos += len;
            }
            None => {
                literal.push(chars[pos]);
                pos += 1;
            }
        }
    }
    if !literal.is_empty() {
        template.parts.push(Part::Literal(literal));
    }
    if template.field(Field::Hash).is_none() {
        return Err(Error::BadRecipe(begin + 1, "the template has no {hash}"));
    }
    Ok(template)
}

/// The placeholder that the text begins with, and its length.
fn placeholder(chars: &[char], at: usize) -> Result<Option<(Placeholder, usize)>, Error> {
    let ['{', inner @ ..] = chars else { return Ok(None) };
    let Some(len) = inner.iter().position(|&c| c == '}') else { return Ok(None) };
    let inner: String = inner[..len].iter().collect();
    let (name, encoding) =
        inner.split_once(':').map_or((inner.as_str(), None), |(name, enc)| (name, Some(enc)));
    let Some(&(field, _)) = Field::NAMES.iter().find(|(_, known)| *known == name.trim()) else {
        return Ok(None);
    };
    let encoding = match encoding {
        None => Encoding::Plain,
        Some(_) if matches!(field, Field::Rounds) => {
            return Err(Error::BadRecipe(at + name.chars().count() + 2, "rounds are decimal"));
        }
        Some(encoding) => {
            let known = Encoding::NAMES.iter().find(|(_, known)| *known == encoding.trim());
            let unknown = "the encodings are hex, b64, b64url, ab64 and h64";
            known.ok_or(Error::BadRecipe(at + name.chars().count() + 2, unknown))?.0
        }
    };
    Ok(Some((Placeholder { at, field, encoding }, len + 2)))
}

struct Parser<'a> {
    chars: &'a [char],
    pos: usize,
    depth: usize,
    loops: usize,
}

impl Parser<'_> {
    fn recipe(&mut self) -> Result<(Node, Option<Verifier>), Error> {
        self.spaces();
        let (expr, mut verifier) = match self.verifier_call()? {
            Some((expr, verifier)) => (expr, Some(verifier)),
            None => (self.expr()?, None),
        };
        if expr.is_number() {
            return Err(Error::BadRecipe(expr.at, "a recipe gives bytes, not a number"));
        }
        self.spaces();
        if self.peek() == Some('|') && verifier.is_none() {
            self.pos += 1;
            self.spaces();
            let at = self.at();
            let named = Verifier::named(&self.name());
            verifier =
                Some(named.ok_or(Error::BadRecipe(at, "after | comes bcrypt, crypt, phc, phpass or any"))?);
            self.spaces();
        }
        match self.peek() {
            None => Ok((expr, verifier)),
            Some(_) => Err(Error::BadRecipe(self.at(), "the recipe should end here")),
        }
    }

    /// `bcrypt(…)` around all of the expression: how crackers write `…|bcrypt`.
    fn verifier_call(&mut self) -> Result<Option<(Node, Verifier)>, Error> {
        let start = self.pos;
        let verifier = Verifier::named(&self.name());
        self.spaces();
        let (Some(verifier), Some('(')) = (verifier, self.peek()) else {
            self.pos = start;
            return Ok(None);
        };
        self.pos += 1;
        let expr = self.expr()?;
        self.need(')', "a ) is missing here")?;
        Ok(Some((expr, verifier)))
    }

    fn expr(&mut self) -> Result<Node, Error> {
        self.spaces();
        let at = self.at();
        let mut parts = vec![self.term()?];
        loop {
            self.spaces();
            if self.peek() != Some('.') {
                break;
            }
            self.pos += 1;
            self.spaces();
            parts.push(self.term()?);
        }
        match <[Node; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) => match parts.iter().find(|part| part.is_number()) {
                Some(number) => Err(Error::BadRecipe(number.at, BYTES)),
                None => Ok(Node { at, kind: Kind::Concat(parts) }),
            },
        }
    }

    fn term(&mut self) -> Result<Node, Error> {
        let at = self.at();
        let kind = match self.peek() {
            Some('$') => self.input()?,
            Some(quote @ ('"' | '\'')) => Kind::Literal(self.literal(quote)?, Written::Text),
            Some('0') if matches!(self.chars.get(self.pos + 1), Some('x' | 'X')) => {
                Kind::Literal(self.hex_literal()?, Written::Hex)
            }
            Some(c) if c.is_ascii_digit() => Kind::Number(self.number()?),
            Some(c) if c.is_ascii_alphabetic() => return self.call(),
            Some(_) => return Err(Error::BadRecipe(at, "a value should be here")),
            None => return Err(Error::BadRecipe(at, "the recipe ends too early")),
        };
        Ok(Node { at, kind })
    }

    fn input(&mut self) -> Result<Kind, Error> {
        let at = self.at();
        self.pos += 1;
        let name = self.name();
        if name == "rounds" {
            return Ok(Kind::Rounds);
        }
        match Input::named(&name) {
            Some(Input::Prev) if self.loops == 0 => {
                Err(Error::BadRecipe(at, "only the step of a loop has $prev"))
            }
            Some(input) => Ok(Kind::Input(input)),
            None => {
                Err(Error::BadRecipe(at, "there is $pass, $salt, $salt2, $user, $pepper, $prev and $rounds"))
            }
        }
    }

    /// Text in quotes of either kind. A backslash takes n, r, t, 0, xHH, or the character after it.
    fn literal(&mut self, quote: char) -> Result<Vec<u8>, Error> {
        let begin = self.at();
        self.pos += 1;
        let mut bytes = Vec::new();
        loop {
            let at = self.at();
            let c = self.next().ok_or(Error::BadRecipe(begin, "this quote is never closed"))?;
            match c {
                _ if c == quote => return Ok(bytes),
                '\\' => bytes.push(self.escape(at)?),
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<u8, Error> {
        match self.next() {
            Some('n') => Ok(b'\n'),
            Some('r') => Ok(b'\r'),
            Some('t') => Ok(b'\t'),
            Some('0') => Ok(0),
            Some(c @ ('\\' | '"' | '\'')) => Ok(c as u8),
            Some('x') => {
                let high = self.next().and_then(|c| c.to_digit(16));
                let low = self.next().and_then(|c| c.to_digit(16));
                let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                byte.ok_or(Error::BadRecipe(at, "\\x takes two hex digits"))
            }
            _ => Err(Error::BadRecipe(at, "the escapes are \\n \\r \\t \\0 \\xHH \\\\ \\\" \\'")),
        }
    }

    fn hex_literal(&mut self) -> Result<Vec<u8>, Error> {
        let at = self.at();
        self.pos += 2;
        let digits: String = self.take_while(|c| c.is_ascii_alphanumeric());
        match hex::decode(&digits) {
            Ok(bytes) if !bytes.is_empty() => Ok(bytes),
            _ => Err(Error::BadRecipe(at, "0x takes pairs of hex digits")),
        }
    }

    fn number(&mut self) -> Result<u64, Error> {
        let at = self.at();
        let digits = self.take_while(|c| c.is_ascii_digit());
        let number = digits.parse().ok().filter(|&n| n <= u64::from(u32::MAX));
        number.ok_or(Error::BadRecipe(at, "this number is too large"))
    }

    fn call(&mut self) -> Result<Node, Error> {
        let at = self.at();
        let name = self.name();
        self.spaces();
        if self.peek() != Some('(') {
            return Err(match function(&name).is_some() || matches!(name.as_str(), "iter" | "loop") {
                true => Error::BadRecipe(self.at(), "a ( is missing here"),
                false => Error::BadRecipe(at, "a value should be here"),
            });
        }
        if self.depth == DEPTH {
            return Err(Error::BadRecipe(at, "calls are too deep within each other"));
        }
        self.pos += 1;
        self.depth += 1;
        let kind = match name.as_str() {
            "iter" => self.iter()?,
            "loop" => self.turns()?,
            _ => self.arguments(at, &name)?,
        };
        self.depth -= 1;
        Ok(Node { at, kind })
    }

    fn arguments(&mut self, at: usize, name: &str) -> Result<Kind, Error> {
        let (function, hash) =
            function(name).ok_or(Error::BadRecipe(at, "there is no function of this name"))?;
        if let Some(key) = self.cracker_hmac(function.name)? {
            return Ok(Kind::Call { function, hash, args: key });
        }
        let mut args = Vec::new();
        for (i, takes) in function.takes.iter().enumerate() {
            if i > 0 {
                self.comma()?;
            }
            args.push(self.argument(*takes)?);
        }
        self.close()?;
        Ok(Kind::Call { function, hash, args })
    }

    fn argument(&mut self, takes: Takes) -> Result<Node, Error> {
        self.spaces();
        if self.peek() == Some(')') {
            return Err(Error::BadRecipe(self.at(), "too few arguments"));
        }
        let node = self.expr()?;
        match (takes, &node.kind) {
            (Takes::Bytes, Kind::Number(_) | Kind::Rounds) => Err(Error::BadRecipe(node.at, BYTES)),
            (Takes::Bytes, _) | (Takes::Count, Kind::Rounds) => Ok(node),
            (Takes::Number | Takes::Count, Kind::Number(0)) => Err(Error::BadRecipe(node.at, "at least 1")),
            (Takes::Number | Takes::Offset, Kind::Rounds) => {
                Err(Error::BadRecipe(node.at, "the recipe itself must have this number"))
            }
            (Takes::Offset, Kind::Number(n)) if *n > VALUE_BYTES as u64 => {
                Err(Error::BadRecipe(node.at, "this number is too large"))
            }
            (_, Kind::Number(_)) => Ok(node),
            _ => Err(Error::BadRecipe(node.at, "a number is needed here, not bytes")),
        }
    }

    /// `(key = $pass)`, as hashcat prints its HMACs: the message is the other one of password and salt.
    fn cracker_hmac(&mut self, function: &str) -> Result<Option<Vec<Node>>, Error> {
        let start = self.pos;
        self.spaces();
        let named = function.starts_with("hmac_") && self.name() == "key";
        self.spaces();
        if !named || self.peek() != Some('=') {
            self.pos = start;
            return Ok(None);
        }
        self.pos += 1;
        let key = self.argument(Takes::Bytes)?;
        let other = match key.kind {
            Kind::Input(Input::Pass) => Input::Salt,
            Kind::Input(Input::Salt) => Input::Pass,
            _ => return Err(Error::BadRecipe(key.at, "the key is $pass or $salt in this notation")),
        };
        let message = Node { at: key.at, kind: Kind::Input(other) };
        self.close()?;
        Ok(Some(vec![key, message]))
    }

    /// `iter(n, digest, x)`.
    fn iter(&mut self) -> Result<Kind, Error> {
        let times = Box::new(self.argument(Takes::Count)?);
        self.comma()?;
        self.spaces();
        let at = self.at();
        let (hash, raw) =
            bare_digest(&self.name()).ok_or(Error::BadRecipe(at, "the name of a digest is needed here"))?;
        self.comma()?;
        let of = Box::new(self.argument(Takes::Bytes)?);
        self.close()?;
        Ok(Kind::Iter { times, hash, raw, of })
    }

    /// `loop(n, init, step)`.
    fn turns(&mut self) -> Result<Kind, Error> {
        if self.loops == LOOPS {
            return Err(Error::BadRecipe(self.at(), "loops are too deep within each other"));
        }
        let times = Box::new(self.argument(Takes::Count)?);
        self.comma()?;
        let init = Box::new(self.argument(Takes::Bytes)?);
        self.comma()?;
        self.loops += 1;
        let step = Box::new(self.argument(Takes::Bytes)?);
        self.loops -= 1;
        self.close()?;
        Ok(Kind::Loop { times, init, step })
    }

    fn comma(&mut self) -> Result<(), Error> {
        self.spaces();
        match self.peek() {
            Some(')') => Err(Error::BadRecipe(self.at(), "too few arguments")),
            _ => self.need(',', "a comma is missing here"),
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        self.spaces();
        match self.peek() {
            Some(',') => Err(Error::BadRecipe(self.at(), "too many arguments")),
            _ => self.need(')', "a ) is missing here"),
        }
    }

    fn need(&mut self, c: char, why: &'static str) -> Result<(), Error> {
        self.spaces();
        match self.peek() {
            Some(found) if found == c => {
                self.pos += 1;
                Ok(())
            }
            _ => Err(Error::BadRecipe(self.at(), why)),
        }
    }

    /// A name in lower case, with `_` for `-`.
    fn name(&mut self) -> String {
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        name.to_ascii_lowercase().replace('-', "_")
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars[self.pos..].iter().take_while(|&&c| wanted(c)).collect();
        self.pos += taken.chars().count();
        taken
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.pos += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.pos).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += 1;
        Some(c)
    }

    /// Where the parser is, counted from 1.
    fn at(&self) -> usize {
        self.pos + 1
    }
}

const BYTES: &str = "bytes are needed here, not a number";

/// The digest by the name of its function, and whether it is the function of bytes.
fn bare_digest(name: &str) -> Option<(Hash, bool)> {
    let raw = name.strip_suffix("_raw").or_else(|| name.strip_suffix("_bin"));
    match raw {
        Some(name) => Some((digest(name)?, true)),
        None => Some((digest(name.strip_suffix("_hex").unwrap_or(name))?, false)),
    }
}

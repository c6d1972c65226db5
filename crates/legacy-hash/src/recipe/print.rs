//! The canonical text of a recipe: what it was read from, in one spelling.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::recipe::Recipe;
use crate::recipe::ast::{Kind, Node, Written};
use crate::recipe::template::{Encoding, Part, Template};

impl Display for Recipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.template.is_empty() {
            write!(f, "{} <- ", self.template)?;
        }
        self.expr.fmt(f)?;
        match self.verifier {
            Some(verifier) => write!(f, "|{}", verifier.name()),
            None => Ok(()),
        }
    }
}

impl Display for Template {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Field(placeholder) => {
                    let name = placeholder.field.name();
                    match Encoding::NAMES.iter().find(|(encoding, _)| *encoding == placeholder.encoding) {
                        Some((_, encoding)) => write!(f, "{{{name}:{encoding}}}")?,
                        None => write!(f, "{{{name}}}")?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Input(input) => write!(f, "${}", input.name()),
            Kind::Literal(bytes, Written::Hex) => write!(f, "0x{}", hex::encode(bytes)),
            Kind::Literal(bytes, Written::Text) => text(f, bytes),
            Kind::Number(n) => n.fmt(f),
            Kind::Rounds => f.write_str("$rounds"),
            Kind::Concat(parts) => joined(f, parts, "."),
            Kind::Call { function, hash, args } => {
                f.write_str(&function.name.replace('*', hash.name()))?;
                f.write_char('(')?;
                joined(f, args, ",")?;
                f.write_char(')')
            }
            Kind::Iter { times, hash, raw, of } => {
                write!(f, "iter({times},{}{},{of})", hash.name(), if *raw { "_raw" } else { "" })
            }
            Kind::Loop { times, init, step } => write!(f, "loop({times},{init},{step})"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, nodes: &[Node], separator: &str) -> fmt::Result {
    for (i, node) in nodes.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        node.fmt(f)?;
    }
    Ok(())
}

/// Text in quotes; what is no printable ASCII as an escape.
fn text(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for &byte in bytes {
        match byte {
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
            // Before a dash it would look like the arrow after a template.
            b'<' => f.write_str("\\x3c")?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    f.write_char('"')
}

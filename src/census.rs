//! What a stored legacy hash is and whether any password could open it, in words that hold nothing of it.

use crate::envelope;
use crate::source::{Person, Verifier};
use legacy_hash::{Error, Identified, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Of the formats that a hash may be in, so many are named in a sentence.
const MAX_SHOWN: usize = 5;

/// And so many in the name of a kind of hashes.
const MAX_NAMED: usize = 2;

/// A hash among others of its kind.
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) detail: Value,
    pub(crate) hint: Option<&'static str>,
    /// Whether a password could be right.
    pub(crate) opens: Opens,
}

/// Whether a login can succeed.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opens {
    Yes,
    /// No password was ever set, or the account is locked.
    Never,
    /// It cannot be verified as things are.
    NotYet,
}

/// Looks at a person's hash as a login would, short of hashing.
pub(crate) fn kind(verifier: &Verifier, person: &Person) -> Kind {
    let Some(hash) = &person.hash else { return locked("no hash") };
    match verifier.inspect(hash, person) {
        Ok(method) => readable(hash, &method),
        Err(Error::Locked) => locked("a lock marker"),
        Err(Error::Ambiguous) => ambiguous(hash),
        Err(error) => unverifiable(error.to_string(), json!({}), error),
    }
}

fn readable(hash: &str, method: &Method) -> Kind {
    let parameters = legacy_hash::parameters(hash, method);
    let strength = match method {
        Method::Format(format) => Some(format.strength.to_string()),
        Method::Recipe(_) => None,
    };
    let name = match &parameters {
        Some(parameters) => format!("{method} {parameters}"),
        None => method.to_string(),
    };
    let detail = json!({
        "format": method.to_string(),
        "parameters": parameters,
        "strength": strength,
        "opens": Opens::Yes,
    });
    Kind { name, detail, hint: None, opens: Opens::Yes }
}

fn locked(name: &str) -> Kind {
    let hint = "No password opens it: these users come in by a reset only (ferry.prepare_reset).";
    let detail = json!({ "opens": Opens::Never });
    Kind { name: name.to_string(), detail, hint: Some(hint), opens: Opens::Never }
}

fn ambiguous(hash: &str) -> Kind {
    let Identified::Candidates(formats) = legacy_hash::identify(hash) else { return locked("a lock marker") };
    let names: Vec<&str> = formats.iter().map(|format| format.name).collect();
    let shown = names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > MAX_NAMED { ", …" } else { "" };
    unverifiable(format!("ambiguous: {shown}{more}"), json!({ "may_be": names }), Error::Ambiguous)
}

fn unverifiable(name: String, mut detail: Value, error: Error) -> Kind {
    detail["opens"] = json!(Opens::NotYet);
    Kind { name, detail, hint: hint(error), opens: Opens::NotYet }
}

fn hint(error: Error) -> Option<&'static str> {
    Some(match error {
        Error::Ambiguous => {
            "Name the format in ferry.source; ferry.calibrate finds it with a test account's password."
        }
        Error::UnknownFormat => {
            "Try ferry.calibrate with a test account's password; a recipe can be named in format of ferry.source."
        }
        Error::Malformed(_) => "Nobody can log in with it: was it cut or converted on its way here?",
        Error::OverLimit(_) => {
            "Raise the setting ferry.max_… of this cost if the legacy system really uses it."
        }
        Error::MissingSalt => "Give the salt in salt of ferry.source, such as l.salt; here it is null.",
        Error::MissingLogin => "Give the login under which it was hashed in hash_login of ferry.source.",
        Error::MissingPepper => "Name the pepper in pepper of ferry.source.",
        _ => return None,
    })
}

/// The format of a hash that nobody has named.
pub(crate) fn identified(hash: &str) -> String {
    if envelope::is_envelope(hash) {
        return match envelope::open(hash) {
            Ok(envelope) => format!("came in bulk and is taken as {}", envelope.method()),
            Err(_) => "is a malformed envelope".to_string(),
        };
    }
    if let Some(method) = legacy_hash::wrapped(hash) {
        return format!("is of {method}, wrapped");
    }
    if let Ok(format) = legacy_hash::evident(hash) {
        return format!("is {}", format.name);
    }
    match legacy_hash::identify(hash) {
        Identified::Locked => "is a lock marker".to_string(),
        Identified::Candidates(formats) if formats.is_empty() => "is of no known format".to_string(),
        Identified::Candidates(formats) => {
            let shown = formats.iter().take(MAX_SHOWN).map(|format| format.name);
            let names: Vec<&str> = shown.collect();
            let more = if formats.len() > MAX_SHOWN { ", …" } else { "" };
            format!("may be {}{more}: the source must name its format", names.join(", "))
        }
    }
}

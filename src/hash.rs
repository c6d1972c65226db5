//! SQL tools for password hashes, over the pure crate.

use crate::envelope::{self, Envelope};
use crate::error::{OrRaise, Refusal};
use crate::kdf;
use crate::secret::Password;
use crate::source::{Unverifiable, parse_encoding, parse_method};
use legacy_hash::{Format, Identified, Policy, Stored, Verdict};

/// The name that stands for a hash which never verifies.
pub(crate) const LOCKED: &str = "locked";

/// The name that stands for what says itself, in pg_ferry's own way, how it is verified.
pub(crate) const ENVELOPE: &str = "envelope";

/// A row of `identify_hash`: the format, what it needs, what to know of it.
pub(crate) type Candidate = (String, Vec<String>, String);

pub(crate) fn identify(hash: &str) -> Vec<Candidate> {
    if envelope::is_envelope(hash) {
        return envelope::open(hash).iter().map(sealed).collect();
    }
    match legacy_hash::identify(hash) {
        Identified::Locked => {
            vec![(LOCKED.to_string(), Vec::new(), "a lock marker: no password opens it".to_string())]
        }
        Identified::Candidates(formats) => formats.into_iter().map(candidate).collect(),
    }
}

fn sealed(envelope: &Envelope) -> Candidate {
    let note = format!("a legacy hash that ferry.import has moved as it was, taken as {}", envelope.method());
    (ENVELOPE.to_string(), Vec::new(), note)
}

fn candidate(format: &Format) -> Candidate {
    let needs = [
        ("format", format.must_name),
        ("salt", format.needs_salt),
        ("login", format.needs_login),
        ("pepper", format.needs_pepper),
    ];
    let needs = needs.into_iter().filter(|need| need.1).map(|need| need.0.to_string()).collect();
    (format.name.to_string(), needs, format.note.to_string())
}

/// Whether the password is that of the hash; errors are raised.
pub(crate) fn verify(password: &Password, stored: &Stored<'_>, format: Option<&str>) -> bool {
    if format.is_none() && envelope::is_envelope(stored.hash) {
        let verdict = envelope::open(stored.hash).map_err(Unverifiable::Hash);
        let verdict = verdict.and_then(|envelope| envelope.verify(password));
        return verdict.map_err(Refusal::from).or_raise() == Verdict::Right;
    }
    let method = format.map(|text| parse_method(text).or_raise());
    kdf::verify(password.bytes(), stored, method.as_ref()).map_err(Refusal::from).or_raise() == Verdict::Right
}

/// The bytes of an argument that is text in a stated encoding; errors are raised.
pub(crate) fn decode(text: &str, encoding: &str, part: &'static str) -> Vec<u8> {
    let encoding = parse_encoding(encoding).or_raise();
    encoding.decode(text, part).map_err(Refusal::from).or_raise()
}

/// A new hash of the password under a policy's text; errors are raised.
pub(crate) fn make(password: &Password, text: &str) -> String {
    kdf::hash(password, &policy(text)).map_err(Refusal::from).or_raise()
}

pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse(text).map_err(Refusal::from).or_raise()
}

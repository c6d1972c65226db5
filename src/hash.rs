//! SQL tools for password hashes, over the pure crate.

use crate::error::{OrRaise, Refusal};
use crate::kdf;
use crate::secret::Password;
use legacy_hash::{Format, Identified, Policy, Stored, Verdict};

/// The name that stands for a hash which never verifies.
pub(crate) const LOCKED: &str = "locked";

/// Whether no password opens a hash.
pub(crate) fn is_locked(hash: &str) -> bool {
    matches!(legacy_hash::identify(hash), Identified::Locked)
}

/// A row of `identify_hash`: the format, what it needs, what to know of it.
pub(crate) type Candidate = (String, Vec<String>, String);

pub(crate) fn identify(hash: &str) -> Vec<Candidate> {
    match legacy_hash::identify(hash) {
        Identified::Locked => {
            vec![(LOCKED.to_string(), Vec::new(), "a lock marker: no password opens it".to_string())]
        }
        Identified::Candidates(formats) => formats.into_iter().map(candidate).collect(),
    }
}

fn candidate(format: &Format) -> Candidate {
    let needs = [("salt", format.needs_salt), ("login", format.needs_login), ("pepper", format.needs_pepper)];
    let needs = needs.into_iter().filter(|need| need.1).map(|need| need.0.to_string()).collect();
    (format.name.to_string(), needs, format.note.to_string())
}

/// Whether the password is that of the hash; errors are raised.
pub(crate) fn verify(password: &Password, stored: &Stored<'_>, format: Option<&str>) -> bool {
    kdf::verify(password, stored, format).map_err(Refusal::from).or_raise() == Verdict::Right
}

/// A new hash of the password under a policy's text; errors are raised.
pub(crate) fn make(password: &Password, text: &str) -> String {
    kdf::hash(password, &policy(text)).map_err(Refusal::from).or_raise()
}

pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse(text).map_err(Refusal::from).or_raise()
}

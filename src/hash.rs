//! SQL tools for password hashes, over the pure crate; and what config and arguments name of them.

use crate::envelope::{self, Envelope};
use crate::error::{Kind, OrRaise, Refusal};
use crate::kdf;
use crate::secret::Password;
use crate::source::Unverifiable;
use crate::sql::list;
use legacy_hash::{
    ByteEncoding, Charset, Format, Identified, Method, Policy, Stored, Transform, UnicodeForm, Verdict,
};

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

/// The format or recipe that config or an argument names.
pub(crate) fn parse_method(text: &str) -> Result<Method, Refusal> {
    Method::parse(text).map_err(|error| Refusal::of_method(text, error))
}

/// The encoding that config or an argument names.
pub(crate) fn parse_encoding(name: &str) -> Result<ByteEncoding, Refusal> {
    let known = ByteEncoding::ALL.map(ByteEncoding::name);
    ByteEncoding::parse(name).ok_or_else(|| unknown("encoding", name, &known))
}

/// The form of Unicode that config names.
pub(crate) fn parse_form(name: &str) -> Result<UnicodeForm, Refusal> {
    let known = UnicodeForm::ALL.map(UnicodeForm::name);
    UnicodeForm::parse(name).ok_or_else(|| unknown("Unicode form", name, &known))
}

/// The charset that config names.
pub(crate) fn parse_charset(name: &str) -> Result<Charset, Refusal> {
    Charset::parse(name).ok_or_else(|| unknown("charset", name, &Charset::ALL.map(Charset::name)))
}

/// The transform that config names.
pub(crate) fn parse_transform(name: &str) -> Result<Transform, Refusal> {
    Transform::parse(name).ok_or_else(|| {
        let cut = format!("{}:72", Transform::Truncate(72).name());
        let plain = Transform::PLAIN.map(Transform::name);
        unknown("transform", name, &[&plain[..], &[&cut]].concat())
    })
}

/// Refuses a name that is none of a list's.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Refusal {
    Refusal::new(Kind::Invalid, format!("there is no {what} \"{name}\""))
        .hint(format!("The {what}s are {}.", list(known)))
}

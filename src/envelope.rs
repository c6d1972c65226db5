//! How legacy hashes travel in bulk: as they are where they say themselves what they are, or in an envelope that says
//! it for them.
//!
//! An envelope is the text `$ferry$v=1$DATA$HASH`: both parts are base64url, so that nothing in them can be taken for
//! a separator or for another format; DATA is a JSON object of all that verifies the hash besides the password, its
//! method always, the rest where it differs from what is usual. A pepper goes by its name. So a hash that must be
//! named, such as plain MD5, is never taken for right by its shape alone.

use crate::config::SourceRow;
use crate::secret::Password;
use crate::source::{Unverifiable, Verifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use legacy_hash::{ByteEncoding, Error, Method, Policy, Verdict};
use serde::{Deserialize, Serialize};

const TAG: &str = "$ferry$";
const VERSION: &str = "v=1";

/// The format of hashes inside argon2id.
const WRAPPED: &str = "ferry-wrapped";

/// Longer than any that is made here of a hash, a salt and a recipe of the greatest lengths that are verified.
const MAX_BYTES: usize = 64 << 10;

/// What verifies the hash in an envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    /// A format's name, or a recipe.
    #[serde(rename = "m")]
    pub(crate) method: String,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<String>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(crate) salt_encoding: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(crate) login: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) pepper: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub(crate) unicode_forms: Option<Vec<String>>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) transforms: Option<Vec<String>>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) charsets: Option<Vec<String>>,
}

/// An envelope that was opened.
pub(crate) struct Envelope {
    data: Data,
    hash: String,
}

/// Whether a stored text means to be an envelope.
pub(crate) fn is_envelope(text: &str) -> bool {
    text.starts_with(TAG)
}

/// The hash in an envelope, which is most of what verifying it costs.
pub(crate) fn hash_inside(text: &str) -> Option<String> {
    is_envelope(text).then(|| open(text).ok().map(|envelope| envelope.hash)).flatten()
}

/// Reads an envelope.
pub(crate) fn open(text: &str) -> Result<Envelope, Error> {
    const BROKEN: Error = Error::Malformed("envelope");
    if text.len() > MAX_BYTES {
        return Err(Error::OverLimit("the length of an envelope"));
    }
    let mut parts = text.strip_prefix(TAG).ok_or(BROKEN)?.split('$');
    if parts.next() != Some(VERSION) {
        return Err(Error::Unsupported("envelopes of another version"));
    }
    let mut decoded = || URL_SAFE_NO_PAD.decode(parts.next()?).ok();
    let (Some(data), Some(hash)) = (decoded(), decoded()) else { return Err(BROKEN) };
    if parts.next().is_some() {
        return Err(BROKEN);
    }
    let data = serde_json::from_slice(&data).map_err(|_| BROKEN)?;
    Ok(Envelope { data, hash: String::from_utf8(hash).map_err(|_| BROKEN)? })
}

impl Envelope {
    /// The format or recipe of the hash inside.
    pub(crate) fn method(&self) -> String {
        match legacy_hash::wrapped(&self.hash).filter(|_| self.is_wrapped()) {
            Some(method) => format!("{method}, wrapped"),
            None => self.data.method.clone(),
        }
    }

    /// Whether a password could be right, given the pepper.
    pub(crate) fn inspect(&self) -> Result<(), Error> {
        let verifier = Verifier::of_envelope(&self.data)?;
        verifier.inspect_parts(&self.hash, self.data.salt.as_deref(), self.data.login.as_deref()).map(drop)
    }

    /// The name of the pepper that goes into it.
    pub(crate) fn pepper(&self) -> Option<&str> {
        self.data.pepper.as_deref()
    }

    pub(crate) fn is_wrapped(&self) -> bool {
        self.data.method == WRAPPED
    }

    /// Whether the hash inside should be wrapped.
    pub(crate) fn is_weak(&self) -> Result<bool, Error> {
        Ok(legacy_hash::is_weak(&self.hash, &Method::parse(&self.data.method)?))
    }

    /// The same envelope with the hash inside argon2id of the policy's cost.
    pub(crate) fn wrap(mut self, policy: &Policy) -> Result<String, Error> {
        let verifier = Verifier::of_envelope(&self.data)?;
        self.hash =
            verifier.wrap_parts(&self.hash, self.data.salt.as_deref(), self.data.login.as_deref(), policy)?;
        self.data.method = WRAPPED.to_string();
        text(&self.data, &self.hash)
    }

    /// As the source verifies it from which it came.
    pub(crate) fn verify(&self, password: &Password) -> Result<Verdict, Unverifiable> {
        let verifier = Verifier::of_envelope(&self.data)?;
        verifier.verify_parts(&self.hash, self.data.salt.as_deref(), self.data.login.as_deref(), password)
    }
}

/// What the legacy system stored about one user's password.
#[derive(Clone, Copy)]
pub(crate) struct Luggage<'a> {
    pub(crate) hash: Option<&'a str>,
    pub(crate) salt: Option<&'a str>,
    pub(crate) login: Option<&'a str>,
}

/// What goes into the hash column for a legacy user: the hash as it is, or an envelope; `None` where no password opens
/// it. Refuses what could not be verified afterwards.
pub(crate) fn pack(
    source: &SourceRow,
    verifier: &Verifier,
    luggage: &Luggage<'_>,
) -> Result<Option<String>, Error> {
    let Some(hash) = luggage.hash else { return Ok(None) };
    match verifier.inspect_parts(hash, luggage.salt, luggage.login) {
        Err(Error::Locked) => Ok(None),
        Err(error) => Err(error),
        Ok(method) if speaks_for_itself(hash, &method, verifier) => Ok(Some(hash.to_string())),
        Ok(method) => seal(source, hash, &method, luggage).map(Some),
    }
}

/// Whether everybody who sees the hash knows how to verify it, and it is the same as the source would.
fn speaks_for_itself(hash: &str, method: &Method, verifier: &Verifier) -> bool {
    let is_evident = match method {
        // Identified, not named.
        Method::Format(_) if verifier.method.is_none() => true,
        Method::Format(format) => legacy_hash::evident(hash).is_ok_and(|evident| evident.name == format.name),
        Method::Recipe(_) => false,
    };
    is_evident && !must_seal(method, verifier)
}

fn must_seal(method: &Method, verifier: &Verifier) -> bool {
    let needs = method.needs();
    let must_name = match method {
        Method::Format(format) => format.must_name,
        Method::Recipe(_) => true,
    };
    must_name
        || needs.salt
        || needs.login
        || needs.pepper
        || verifier.pepper.is_some()
        || !verifier.takes_passwords_as_typed()
}

fn seal(source: &SourceRow, hash: &str, method: &Method, luggage: &Luggage<'_>) -> Result<String, Error> {
    let needs = method.needs();
    let owned = |text: Option<&str>, is_needed: bool| text.filter(|_| is_needed).map(str::to_string);
    let unusual = |list: &[String], usual: &[&str]| (list != usual).then(|| list.to_vec());
    let is_unusual = needs.salt && source.salt_encoding != ByteEncoding::Text.name();
    let data = Data {
        method: method.to_string(),
        salt: owned(luggage.salt, needs.salt),
        salt_encoding: owned(Some(&source.salt_encoding), is_unusual),
        login: owned(luggage.login, needs.login),
        pepper: source.pepper.clone(),
        unicode_forms: unusual(&source.unicode_forms, &["none"]),
        transforms: unusual(&source.transforms, &[]),
        charsets: unusual(&source.charsets, &["utf-8"]),
    };
    text(&data, hash)
}

fn text(data: &Data, hash: &str) -> Result<String, Error> {
    let data = serde_json::to_vec(data).map_err(|_| Error::Malformed("envelope"))?;
    let (data, hash) = (URL_SAFE_NO_PAD.encode(data), URL_SAFE_NO_PAD.encode(hash));
    let text = format!("{TAG}{VERSION}${data}${hash}");
    if text.len() > MAX_BYTES { Err(Error::OverLimit("the length of an envelope")) } else { Ok(text) }
}

//! How the hashes of one source are verified: their format, and what goes into them besides the password.

use super::Person;
use crate::config::SourceRow;
use crate::envelope;
use crate::error::{Kind, Refusal};
use crate::guc;
use crate::hash::{parse_charset, parse_encoding, parse_form, parse_method, parse_transform};
use crate::kdf;
use crate::pepper;
use crate::secret::Password;
use legacy_hash::{ByteEncoding, Error, Method, Policy, Preparation, Stored, Verdict};

pub(crate) struct Verifier {
    /// None: each hash says itself.
    pub(crate) method: Option<Method>,
    salt_encoding: ByteEncoding,
    pub(crate) pepper: Option<String>,
    preparation: Preparation,
}

/// Why a hash can't be verified.
pub(crate) enum Unverifiable {
    Hash(legacy_hash::Error),
    /// The pepper can't be had.
    Pepper(Refusal),
}

impl From<legacy_hash::Error> for Unverifiable {
    fn from(error: legacy_hash::Error) -> Self {
        Self::Hash(error)
    }
}

impl From<Unverifiable> for Refusal {
    fn from(error: Unverifiable) -> Self {
        match error {
            Unverifiable::Hash(error) => Refusal::from(error),
            Unverifiable::Pepper(refusal) => refusal,
        }
    }
}

impl Verifier {
    /// Checks what the row says of its hashes.
    pub(super) fn open(row: &SourceRow, place: &str) -> Result<Verifier, Refusal> {
        let at = |column: &str, refusal: Refusal| refusal.within(&format!("{place}, {column}"));
        let method =
            row.format.as_deref().map(|text| parse_method(text).map_err(|error| at("format", error)));
        let verifier = Verifier {
            method: method.transpose()?,
            salt_encoding: parse_encoding(&row.salt_encoding).map_err(|error| at("salt_encoding", error))?,
            pepper: row.pepper.clone(),
            preparation: open_preparation(row, place)?,
        };
        verifier.check_needs(row, place)?;
        if let Some(name) = &verifier.pepper {
            pepper::named(name).map_err(|error| at("pepper", error))?;
        }
        Ok(verifier)
    }

    /// The same as that of the source from which the hash in an envelope came.
    pub(crate) fn of_envelope(data: &envelope::Data) -> Result<Verifier, Error> {
        let usual = |list: &Option<Vec<String>>, usual: &[&str]| match list {
            Some(list) => list.clone(),
            None => usual.iter().map(ToString::to_string).collect(),
        };
        let encoding = data.salt_encoding.as_deref().map_or(Some(ByteEncoding::Text), ByteEncoding::parse);
        Ok(Verifier {
            method: Some(Method::parse(&data.method)?),
            salt_encoding: encoding.ok_or(Error::Malformed("envelope"))?,
            pepper: data.pepper.clone(),
            preparation: Preparation::parse(
                &usual(&data.unicode_forms, &["none"]),
                &usual(&data.transforms, &[]),
                &usual(&data.charsets, &["utf-8"]),
            )?,
        })
    }

    /// Whether the legacy system hashed the bytes that were typed.
    pub(crate) fn takes_passwords_as_typed(&self) -> bool {
        self.preparation == Preparation::default()
    }

    fn check_needs(&self, row: &SourceRow, place: &str) -> Result<(), Refusal> {
        let Some(method) = &self.method else { return Ok(()) };
        let needs = method.needs();
        let lacks =
            |what: &str| Refusal::new(Kind::Invalid, format!("{place}, {what}: format {method} needs one"));
        if needs.salt && row.salt.is_none() {
            return Err(lacks("salt").hint(
                "Set salt to an expression over l, such as l.salt. Where hash and salt share a column, say so in a \
                 recipe, such as {hash}:{salt} <- md5($pass.$salt).",
            ));
        }
        if needs.pepper && row.pepper.is_none() {
            return Err(lacks("pepper").hint("Name one of the peppers in the file of ferry.pepper_file."));
        }
        Ok(())
    }

    /// By which format or recipe a password would be checked, and whether all that it needs is there.
    pub(crate) fn inspect(&self, hash: &str, person: &Person) -> Result<Method, Error> {
        self.inspect_parts(hash, person.salt.as_deref(), person.hash_login.as_deref())
    }

    pub(crate) fn inspect_parts(
        &self,
        hash: &str,
        salt: Option<&str>,
        login: Option<&str>,
    ) -> Result<Method, Error> {
        let salt = self.decode_salt(salt)?;
        let stored = Stored {
            hash,
            salt: salt.as_deref(),
            login,
            // That it is there was checked when the source was opened; what it is does not matter.
            pepper: self.pepper.as_ref().map(|_| [].as_slice()),
        };
        legacy_hash::inspect(&stored, self.method.as_ref(), &guc::limits())
    }

    /// The hash inside argon2id, to be verified as it was before.
    pub(crate) fn wrap_parts(
        &self,
        hash: &str,
        salt: Option<&str>,
        login: Option<&str>,
        policy: &Policy,
    ) -> Result<String, Error> {
        let salt = self.decode_salt(salt)?;
        // Any pepper does: nothing of it is kept.
        let pepper = self.pepper.as_ref().map(|_| b"pepper".as_slice());
        let method = self.method.as_ref().ok_or(Error::Malformed("envelope"))?;
        kdf::wrap(&Stored { hash, salt: salt.as_deref(), login, pepper }, method, policy)
    }

    fn decode_salt(&self, salt: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
        salt.map(|salt| self.salt_encoding.decode(salt, "salt encoding")).transpose()
    }

    /// Tries each way in which the password may have been written, until one is right.
    pub(crate) fn verify(
        &self,
        hash: &str,
        person: &Person,
        password: &Password,
    ) -> Result<Verdict, Unverifiable> {
        self.verify_parts(hash, person.salt.as_deref(), person.hash_login.as_deref(), password)
    }

    pub(crate) fn verify_parts(
        &self,
        hash: &str,
        salt: Option<&str>,
        login: Option<&str>,
        password: &Password,
    ) -> Result<Verdict, Unverifiable> {
        let salt = self.decode_salt(salt)?;
        let pepper = self.pepper.as_deref().map(pepper::named).transpose().map_err(Unverifiable::Pepper)?;
        let stored = Stored {
            hash,
            salt: salt.as_deref(),
            login,
            pepper: pepper.as_ref().map(|pepper| pepper.as_slice()),
        };
        self.preparation
            .verify(password.bytes(), |spelling| Ok(kdf::verify(spelling, &stored, self.method.as_ref())?))
    }
}

/// What the application did to passwords; a wrong name is told with its column.
fn open_preparation(row: &SourceRow, place: &str) -> Result<Preparation, Refusal> {
    let at = |column: &str, refusal: Refusal| refusal.within(&format!("{place}, {column}"));
    for name in &row.unicode_forms {
        parse_form(name).map_err(|error| at("unicode_forms", error))?;
    }
    for name in &row.transforms {
        parse_transform(name).map_err(|error| at("transforms", error))?;
    }
    for name in &row.charsets {
        parse_charset(name).map_err(|error| at("charsets", error))?;
    }
    Preparation::parse(&row.unicode_forms, &row.transforms, &row.charsets)
        .map_err(|error| at("unicode_forms and charsets", Refusal::from(error)))
}

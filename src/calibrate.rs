//! `ferry.calibrate`: by which format, and by which settings of a source, the hash of a known account verifies.

use crate::kdf;
use crate::secret::Password;
use legacy_hash::{ByteEncoding, Charset, Error, Method, Preparation, Stored, Transform, UnicodeForm};
use zeroize::Zeroizing;

/// What to write into `ferry.source`, in the words of its columns.
#[derive(Clone)]
pub(crate) struct Fit {
    pub(crate) format: String,
    pub(crate) salt_encoding: &'static str,
    pub(crate) unicode_form: &'static str,
    pub(crate) transform: Option<&'static str>,
    pub(crate) charset: &'static str,
}

/// What is known of the account.
pub(crate) struct Account<'a> {
    pub(crate) hash: &'a str,
    pub(crate) salt: Option<&'a str>,
    /// None: every encoding is tried.
    pub(crate) salt_encoding: Option<&'a str>,
    pub(crate) login: Option<&'a str>,
    pub(crate) pepper: Option<&'a [u8]>,
}

/// The fits of the most ordinary settings that have any.
pub(crate) fn calibrate(password: &Password, account: &Account<'_>) -> Result<Vec<Fit>, Error> {
    let salts = salts(account);
    for way in ways(password) {
        let mut fits = Vec::new();
        for (encoding, salt) in &salts {
            let stored = Stored {
                hash: account.hash,
                salt: salt.as_deref(),
                login: account.login,
                pepper: account.pepper,
            };
            let found = kdf::calibrate(&way.bytes, &stored)?;
            fits.extend(found.iter().map(|method| way.fit(method, encoding.name())));
        }
        if !fits.is_empty() {
            return Ok(fits);
        }
    }
    Ok(Vec::new())
}

/// The bytes that the salt may stand for, each once. Without a salt: nothing, as text.
fn salts(account: &Account<'_>) -> Vec<(ByteEncoding, Option<Vec<u8>>)> {
    let Some(text) = account.salt else { return vec![(ByteEncoding::Text, None)] };
    let mut found: Vec<(ByteEncoding, Option<Vec<u8>>)> = Vec::new();
    for encoding in ByteEncoding::ALL {
        let is_wanted = account.salt_encoding.is_none_or(|name| name == encoding.name());
        let Ok(bytes) = encoding.decode(text, "salt") else { continue };
        if is_wanted && found.iter().all(|(_, known)| known.as_ref() != Some(&bytes)) {
            found.push((encoding, Some(bytes)));
        }
    }
    found
}

/// One way in which the legacy application may have written the password.
struct Way {
    form: UnicodeForm,
    transform: Option<Transform>,
    charset: Charset,
    bytes: Zeroizing<Vec<u8>>,
}

impl Way {
    fn fit(&self, method: &Method, salt_encoding: &'static str) -> Fit {
        Fit {
            format: method.to_string(),
            salt_encoding,
            unicode_form: self.form.name(),
            transform: self.transform.map(Transform::name),
            charset: self.charset.name(),
        }
    }
}

/// From as it was typed to the rarer ones, those that write other bytes.
fn ways(password: &Password) -> Vec<Way> {
    let charsets = Charset::ALL.map(|charset| (UnicodeForm::None, None, charset));
    let forms = UnicodeForm::ALL.map(|form| (form, None, Charset::Utf8));
    let transforms = Transform::PLAIN.map(|transform| (UnicodeForm::None, Some(transform), Charset::Utf8));
    let mut ways: Vec<Way> = Vec::new();
    for (form, transform, charset) in charsets.into_iter().chain(forms).chain(transforms) {
        let transforms: Vec<&str> = transform.into_iter().map(Transform::name).collect();
        let Ok(preparation) = Preparation::parse(&[form.name()], &transforms, &[charset.name()]) else {
            continue;
        };
        for bytes in preparation.spellings(password.bytes()) {
            if ways.iter().all(|way| way.bytes != bytes) {
                ways.push(Way { form, transform, charset, bytes });
            }
        }
    }
    ways
}

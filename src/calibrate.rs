//! `ferry.calibrate`: by which format, and by which settings of a source, the hash of a known account verifies.

use crate::kdf;
use crate::secret::Password;
use legacy_hash::{Charset, Error, Method, Preparation, Stored, Transform, UnicodeForm};
use zeroize::Zeroizing;

/// What to write into `ferry.source`, in the words of its columns.
#[derive(Clone)]
pub(crate) struct Fit {
    pub(crate) format: String,
    pub(crate) unicode_form: &'static str,
    pub(crate) transform: Option<&'static str>,
    pub(crate) charset: &'static str,
}

/// What is known of the account.
pub(crate) struct Account<'a> {
    pub(crate) hash: &'a str,
    pub(crate) salt: Option<&'a [u8]>,
    pub(crate) login: Option<&'a str>,
    pub(crate) pepper: Option<&'a [u8]>,
}

/// The fits of the most ordinary way to write the password that has any.
pub(crate) fn calibrate(password: &Password, account: &Account<'_>) -> Result<Vec<Fit>, Error> {
    let stored =
        Stored { hash: account.hash, salt: account.salt, login: account.login, pepper: account.pepper };
    for way in ways(password) {
        let found = match kdf::calibrate(&way.bytes, &stored) {
            Err(Error::Locked) => return Ok(Vec::new()),
            found => found?,
        };
        if !found.is_empty() {
            return Ok(found.iter().map(|method| way.fit(method)).collect());
        }
    }
    Ok(Vec::new())
}

/// One way in which the legacy application may have written the password.
struct Way {
    form: UnicodeForm,
    transform: Option<Transform>,
    charset: Charset,
    bytes: Zeroizing<Vec<u8>>,
}

impl Way {
    fn fit(&self, method: &Method) -> Fit {
        Fit {
            format: method.to_string(),
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

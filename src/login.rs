//! A login as typed and as compared.

use crate::spi::text;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

/// Longer logins than this are nobody's: an e-mail address has at most 254 octets.
pub(crate) const MAX_LOGIN_BYTES: usize = 1024;

/// How logins are normalised before they are compared (`ferry.target.login_form`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginForm {
    Lower,
    Exact,
    Casefold,
    LowerNfkc,
    CasefoldNfkc,
}

impl LoginForm {
    pub(crate) fn apply(self, login: &str) -> String {
        match self {
            LoginForm::Exact => login.to_string(),
            // Most are, and all forms are the same for them.
            _ if login.is_ascii() => login.to_ascii_lowercase(),
            LoginForm::Lower => lower(login).nfc().collect(),
            LoginForm::Casefold => fold(login).nfc().collect(),
            LoginForm::LowerNfkc => lower(&nfkc(login)).nfkc().collect(),
            LoginForm::CasefoldNfkc => fold(&nfkc(login)).nfkc().collect(),
        }
    }

    /// Whether a fetched login is the one asked for. Remote collations match more than they should
    /// (`ü` for `u`, trailing spaces), so the answer of the far end is not believed.
    pub(crate) fn is_same(self, fetched: &str, normalised: &str, ignores_case: bool) -> bool {
        let form = match self {
            LoginForm::Exact if ignores_case => LoginForm::Lower,
            form => form,
        };
        form.apply(fetched) == form.apply(normalised)
    }
}

fn lower(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

fn fold(text: &str) -> String {
    caseless::default_case_fold_str(&text.nfc().collect::<String>())
}

fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// The login of one call.
pub(crate) struct Login {
    pub(crate) normalised: String,
    typed: String,
}

impl Login {
    /// Where the database's encoding lacks a character of the normal form, nobody has it stored: then
    /// the login counts as typed.
    pub(crate) fn new(typed: &str, form: LoginForm) -> Self {
        let normalised = Some(form.apply(typed)).filter(|normalised| text::fits(normalised));
        Login { normalised: normalised.unwrap_or_else(|| typed.to_string()), typed: typed.to_string() }
    }

    /// What to look up: the normalised login and, where it differs, what was typed, which is what a
    /// legacy system that does not fold case has stored.
    pub(crate) fn spellings(&self) -> Vec<&str> {
        let mut spellings = vec![self.normalised.as_str()];
        if self.typed != self.normalised {
            spellings.push(&self.typed);
        }
        spellings
    }
}

//! The hash tools.

use super::secret;
use crate::calibrate::{self, Account};
use crate::error::{OrRaise, Refusal};
use crate::hash;
use crate::spi::text::Text;
use legacy_hash::{ByteEncoding, Stored};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use zeroize::Zeroizing;

#[pg_extern(sql = false)]
fn hash_formats() -> TableIterator<
    'static,
    (
        name!(name, Text),
        name!(strength, Text),
        name!(example, Text),
        name!(needs_salt, bool),
        name!(needs_login, bool),
        name!(needs_pepper, bool),
        name!(must_name, bool),
        name!(can_produce, bool),
        name!(note, Text),
    ),
> {
    let text = |text: &str| Text(text.to_string());
    TableIterator::new(legacy_hash::formats().map(move |format| {
        (
            text(format.name),
            Text(format.strength.to_string()),
            text(format.example),
            format.needs_salt,
            format.needs_login,
            format.needs_pepper,
            format.must_name,
            format.can_produce,
            text(format.note),
        )
    }))
}

#[pg_extern(sql = false)]
fn identify_hash(
    hash: Option<Text>,
) -> TableIterator<'static, (name!(format, Text), name!(needs, Vec<Option<String>>), name!(note, Text))> {
    let hash = hash.map_or_else(String::new, |hash| hash.0);
    TableIterator::new(
        hash::identify(&hash)
            .into_iter()
            .map(|(name, needs, note)| (Text(name), needs.into_iter().map(Some).collect(), Text(note))),
    )
}

/// The bytes of a salt or pepper; a null encoding is text.
fn bytes_of(text: Option<Text>, encoding: Option<Text>, part: &'static str) -> Option<Zeroizing<Vec<u8>>> {
    let encoding = encoding.map_or_else(|| ByteEncoding::Text.name().to_string(), |encoding| encoding.0);
    text.map(|text| Zeroizing::new(hash::decode(&text.0, &encoding, part)))
}

#[pg_extern(sql = false)]
fn verify_hash(
    password: Option<Text>,
    hash: Option<Text>,
    format: Option<Text>,
    salt: Option<Text>,
    login: Option<Text>,
    pepper: Option<Text>,
    salt_encoding: Option<Text>,
    pepper_encoding: Option<Text>,
) -> Option<bool> {
    let (password, hash) = (secret(password?), hash?);
    let salt = bytes_of(salt, salt_encoding, "salt");
    let pepper = bytes_of(pepper, pepper_encoding, "pepper");
    let stored = Stored {
        hash: &hash.0,
        salt: salt.as_ref().map(|salt| salt.as_slice()),
        login: login.as_ref().map(|login| login.0.as_str()),
        pepper: pepper.as_ref().map(|pepper| pepper.as_slice()),
    };
    Some(hash::verify(&password, &stored, format.as_ref().map(|format| format.0.as_str())))
}

#[pg_extern(sql = false)]
fn calibrate(
    hash: Option<Text>,
    password: Option<Text>,
    salt: Option<Text>,
    login: Option<Text>,
    pepper: Option<Text>,
    salt_encoding: Option<Text>,
    pepper_encoding: Option<Text>,
) -> TableIterator<
    'static,
    (name!(format, Text), name!(unicode_form, Text), name!(transform, Option<Text>), name!(charset, Text)),
> {
    let (Some(hash), Some(password)) = (hash, password.map(secret)) else { return TableIterator::empty() };
    let salt = bytes_of(salt, salt_encoding, "salt");
    let pepper = bytes_of(pepper, pepper_encoding, "pepper");
    let account = Account {
        hash: &hash.0,
        salt: salt.as_ref().map(|salt| salt.as_slice()),
        login: login.as_ref().map(|login| login.0.as_str()),
        pepper: pepper.as_ref().map(|pepper| pepper.as_slice()),
    };
    let fits = calibrate::calibrate(&password, &account).map_err(Refusal::from).or_raise();
    let text = |text: &str| Text(text.to_string());
    TableIterator::new(fits.into_iter().map(move |fit| {
        let transform = fit.transform.map(text);
        (Text(fit.format), text(fit.unicode_form), transform, text(fit.charset))
    }))
}

#[pg_extern(sql = false)]
fn hash_password(password: Text, policy: Text) -> Text {
    Text(hash::make(&secret(password), &policy.0))
}

#[pg_extern(sql = false)]
fn needs_rehash(hash: Text, policy: Text) -> bool {
    hash::policy(&policy.0).needs_rehash(&hash.0)
}

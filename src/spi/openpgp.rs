//! A file of OpenPGP, made by functions that are known by their oids: a name could be somebody else's by the time it is
//! resolved.

use super::text::{Text, array_datum, datum};
use super::types::Oid;
use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::pg_sys;

/// Encrypts a document by `pgp_sym_encrypt_bytea(bytea, text, text)`, and makes text of it by
/// `armor(bytea, text[], text[])`, with one header.
pub(crate) fn seal(
    (encrypt, armor): (Oid, Oid),
    document: &[u8],
    passphrase: &str,
    options: &str,
    header: (&str, &str),
) -> Option<Text> {
    let document = document.into_datum()?;
    let one = |text: &str| array_datum(&[Some(text.to_string())]);
    // SAFETY: the SQL that calls this has found the functions by these signatures in pgcrypto's library. They return no
    // null; an oid that has gone since is an ERROR.
    unsafe {
        let none = pg_sys::InvalidOid;
        let sealed = pg_sys::OidFunctionCall3Coll(encrypt, none, document, datum(passphrase), datum(options));
        let armored = pg_sys::OidFunctionCall3Coll(armor, none, sealed, one(header.0), one(header.1));
        Text::from_datum(armored, false)
    }
}

//! Text at the boundary: UTF-8 inside, the database's encoding outside.
//!
//! pgrx maps `text` to `&str` only where the database is UTF-8; here every string is converted, so
//! that a LATIN1 database hashes the same bytes as the legacy application did.

use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::pgrx_sql_entity_graph::impl_sql_translatable;
use pgrx::{pg_sys, varlena};
use std::ffi::{CStr, CString, c_char};

/// SQL `text` as an owned UTF-8 string.
pub(crate) struct Text(pub(crate) String);

impl FromDatum for Text {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _type: pg_sys::Oid,
    ) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: the SQL declaration says `text`, so a non-null datum is a varlena.
        unsafe {
            let packed = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
            Some(Text(from_server(varlena::varlena_to_byte_slice(packed))))
        }
    }
}

impl IntoDatum for Text {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(datum(&self.0))
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::TEXTOID
    }
}

// SAFETY: `text` datums are unboxed by `FromDatum` above, which copies.
unsafe impl<'fcx> ArgAbi<'fcx> for Text {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: the argument is declared `text`; null never gets here (Option unboxes it).
        unsafe { arg.unbox_arg_using_from_datum().unwrap_or(Text(String::new())) }
    }
}

// SAFETY: returns a palloc'd `text` or null.
unsafe impl BoxRet for Text {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: `datum` allocates in the current context, which outlives the result.
        unsafe { fcinfo.return_raw_datum(datum(&self.0)) }
    }
}

impl_sql_translatable!(Text, "text");

/// A palloc'd `text` datum in the database's encoding.
pub(super) fn datum(value: &str) -> pg_sys::Datum {
    let bytes = to_server(value);
    // SAFETY: pointer and length describe `bytes`, which the callee copies.
    unsafe {
        pg_sys::Datum::from(pg_sys::cstring_to_text_with_len(
            bytes.as_ptr().cast::<c_char>(),
            i32::try_from(bytes.len()).unwrap_or(i32::MAX),
        ))
    }
}

/// A palloc'd `text[]` datum.
pub(super) fn array_datum(items: &[Option<String>]) -> pg_sys::Datum {
    let mut values: Vec<pg_sys::Datum> =
        items.iter().map(|item| item.as_deref().map_or(pg_sys::Datum::null(), datum)).collect();
    let mut nulls: Vec<bool> = items.iter().map(Option::is_none).collect();
    let (mut length, mut lower) = (i32::try_from(items.len()).unwrap_or(i32::MAX), 1);
    // SAFETY: as many values and nulls as the one dimension says; text is a varlena aligned like an int.
    unsafe {
        pg_sys::Datum::from(pg_sys::construct_md_array(
            values.as_mut_ptr(),
            nulls.as_mut_ptr(),
            1,
            &raw mut length,
            &raw mut lower,
            pg_sys::TEXTOID,
            -1,
            false,
            pg_sys::TYPALIGN_INT as c_char,
        ))
    }
}

/// A value of type text.
///
/// # Safety
/// `datum` is a non-null value of type text.
pub(super) unsafe fn from_datum(datum: pg_sys::Datum) -> String {
    // SAFETY: promised by the caller; what had to be detoasted is a copy of its own, freed once.
    unsafe {
        let stored = datum.cast_mut_ptr();
        let packed = pg_sys::pg_detoast_datum_packed(stored);
        let text = from_server(varlena::varlena_to_byte_slice(packed));
        if !std::ptr::eq(packed, stored) {
            pg_sys::pfree(packed.cast());
        }
        text
    }
}

/// Bytes in the database's encoding, as UTF-8. SQL_ASCII databases are refused at install.
pub(super) fn from_server(bytes: &[u8]) -> String {
    if bytes.is_ascii() {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // SAFETY: the callee reads `len` bytes; a converted result is NUL-terminated and palloc'd.
    unsafe {
        let source = bytes.as_ptr().cast::<c_char>();
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        let converted = pg_sys::pg_server_to_any(source, length, pg_sys::pg_enc::PG_UTF8 as i32);
        if std::ptr::eq(converted, source) {
            return String::from_utf8_lossy(bytes).into_owned();
        }
        owned(converted)
    }
}

/// A UTF-8 string in the database's encoding; 22P05 where a character has no equivalent there.
pub(super) fn to_server(value: &str) -> Vec<u8> {
    if value.is_ascii() {
        return value.as_bytes().to_vec();
    }
    // SAFETY: as in `from_server`.
    unsafe {
        let source = value.as_ptr().cast::<c_char>();
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        let converted = pg_sys::pg_any_to_server(source, length, pg_sys::pg_enc::PG_UTF8 as i32);
        if std::ptr::eq(converted, source) {
            return value.as_bytes().to_vec();
        }
        CStr::from_ptr(converted).to_bytes().to_vec()
    }
}

/// Whether the database's encoding has all characters of a text.
pub(crate) fn fits(value: &str) -> bool {
    value.is_ascii() || super::guard::attempt(|| to_server(value)).is_ok()
}

/// As [`to_server`], NUL-terminated. Text from SQL never holds a NUL; one from elsewhere ends it.
pub(super) fn c_string(value: &str) -> CString {
    let mut bytes = to_server(value);
    if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(nul);
    }
    CString::new(bytes).unwrap_or_default()
}

/// A C string in the database's encoding as an owned UTF-8 string.
///
/// # Safety
/// `value` is a valid NUL-terminated string.
pub(super) unsafe fn owned_from_server(value: *const c_char) -> String {
    // SAFETY: promised by the caller.
    unsafe { from_server(CStr::from_ptr(value).to_bytes()) }
}

/// # Safety
/// `value` is a valid NUL-terminated UTF-8 string.
unsafe fn owned(value: *const c_char) -> String {
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(value).to_string_lossy().into_owned() }
}

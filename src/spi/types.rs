//! Types: names, equality operators, and casting text to them.

use super::plan::Value;
use super::text::{c_string, owned_from_server};
use super::{guard, in_call_context};
use crate::sql::Ident;
use pgrx::pg_sys;

pub(crate) use pgrx::pg_sys::Oid;

pub(crate) const BOOL: Oid = pg_sys::BOOLOID;
pub(crate) const JSONB: Oid = pg_sys::JSONBOID;
pub(crate) const LONG: Oid = pg_sys::INT8OID;
pub(crate) const TEXT: Oid = pg_sys::TEXTOID;
pub(crate) const TIMESTAMP: Oid = pg_sys::TIMESTAMPTZOID;
pub(crate) const TEXTS: Oid = pg_sys::TEXTARRAYOID;
pub(crate) const RECORD: Oid = pg_sys::RECORDOID;
pub(crate) const RECORDS: Oid = pg_sys::RECORDARRAYOID;
pub(crate) const VOID: Oid = pg_sys::VOIDOID;

/// What it takes to compare a column with a login or a key: both in the column's own type.
#[derive(Clone)]
pub(crate) struct KeyType {
    /// The type under any domains: a parameter of a domain type would run its checks.
    pub(crate) oid: Oid,
    /// Its equality, schema-qualified, as `OPERATOR(pg_catalog.=)`.
    pub(crate) equals: String,
    /// The operator of its default order, such as `OPERATOR(pg_catalog.>)`, where it has one.
    pub(crate) greater: Option<String>,
    /// It has the same order on every system: a number, a date or a timestamp.
    pub(crate) is_number_or_time: bool,
    /// A string type: any text is a value of it.
    pub(crate) is_text: bool,
    /// Strings that compare without case, whatever the login form says.
    pub(crate) is_citext: bool,
}

/// Whether values of a type that are equal have the same text: not so of numeric (1.0 and 1.00), citext or interval.
pub(crate) fn is_written_one_way(oid: Oid) -> bool {
    let one_way = [
        pg_sys::BOOLOID,
        pg_sys::BYTEAOID,
        pg_sys::INT2OID,
        pg_sys::INT4OID,
        pg_sys::INT8OID,
        pg_sys::OIDOID,
        pg_sys::UUIDOID,
        pg_sys::DATEOID,
        pg_sys::TIMESTAMPOID,
        pg_sys::TIMESTAMPTZOID,
    ];
    one_way.contains(&oid)
}

/// Describes a type as a key; `None` where it has no equality.
pub(crate) fn key_type(type_oid: Oid) -> Option<KeyType> {
    // SAFETY: catalogue look-ups; the cache entry is valid until the next cache flush, and only one
    // field is read from it at once.
    unsafe {
        let oid = pg_sys::getBaseType(type_oid);
        let operator = (*pg_sys::lookup_type_cache(oid, pg_sys::TYPECACHE_EQ_OPR as i32)).eq_opr;
        let greater = (*pg_sys::lookup_type_cache(oid, pg_sys::TYPECACHE_GT_OPR as i32)).gt_opr;
        if operator == pg_sys::InvalidOid {
            return None;
        }
        let (mut category, mut preferred) = (0, false);
        pg_sys::get_type_category_preferred(oid, &raw mut category, &raw mut preferred);
        Some(KeyType {
            oid,
            equals: operator_name(operator),
            greater: (greater != pg_sys::InvalidOid).then(|| operator_name(greater)),
            is_number_or_time: [pg_sys::TYPCATEGORY_NUMERIC, pg_sys::TYPCATEGORY_DATETIME]
                .contains(&(category as u8)),
            is_text: category as u8 == pg_sys::TYPCATEGORY_STRING,
            is_citext: type_name(oid).rsplit('.').next() == Some("citext"),
        })
    }
}

/// Whether it is jsonb, or a domain over it.
pub(crate) fn is_jsonb(type_oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::getBaseType(type_oid) == pg_sys::JSONBOID }
}

/// Whether it is `name`, whose values are cut to 63 bytes.
pub(crate) fn is_name(base_type: Oid) -> bool {
    base_type == pg_sys::NAMEOID
}

/// Whether it is a date or a timestamp.
pub(crate) fn is_time(type_oid: Oid) -> bool {
    // SAFETY: as above.
    let base = unsafe { pg_sys::getBaseType(type_oid) };
    [pg_sys::DATEOID, pg_sys::TIMESTAMPOID, pg_sys::TIMESTAMPTZOID].contains(&base)
}

/// Whether it is a number that can be summed up.
pub(crate) fn is_number(type_oid: Oid) -> bool {
    [
        pg_sys::INT2OID,
        pg_sys::INT4OID,
        pg_sys::INT8OID,
        pg_sys::FLOAT4OID,
        pg_sys::FLOAT8OID,
        pg_sys::NUMERICOID,
    ]
    .contains(&base_type(type_oid))
}

/// The type of arrays of a type.
pub(crate) fn array_of(type_oid: Oid) -> Oid {
    // SAFETY: catalogue look-up.
    unsafe { pg_sys::get_array_type(type_oid) }
}

/// Whether there are arrays of a type: of arrays there are none.
pub(crate) fn has_arrays(type_oid: Oid) -> bool {
    array_of(type_oid) != pg_sys::InvalidOid
}

/// The schema-qualified name of a type. "Given" means that -1 is said on purpose: any length, where
/// plain `character` would be of one.
pub(crate) fn type_name(type_oid: Oid) -> String {
    let flags = pg_sys::FORMAT_TYPE_FORCE_QUALIFY | pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN;
    // SAFETY: the result is a palloc'd C string; unknown types are named "???".
    unsafe { owned_from_server(pg_sys::format_type_extended(type_oid, -1, flags as u16)) }
}

/// The name of a type as people write it.
pub(crate) fn type_title(type_oid: Oid) -> String {
    // SAFETY: as above.
    unsafe { owned_from_server(pg_sys::format_type_be(type_oid)) }
}

/// The type under any domains.
pub(crate) fn base_type(type_oid: Oid) -> Oid {
    // SAFETY: syscache look-ups.
    unsafe { pg_sys::getBaseType(type_oid) }
}

/// The length or precision of a column, also where one of the domains over each other has it.
pub(crate) fn typmod_under(type_oid: Oid, mut typmod: i32) -> i32 {
    if base_type(type_oid) != type_oid {
        typmod = -1;
        // SAFETY: syscache look-ups; it is -1 before, as is asked for.
        unsafe { pg_sys::getBaseTypeAndTypmod(type_oid, &raw mut typmod) };
    }
    typmod
}

/// The type that a function returns; `None` where there is no such function any more.
pub(crate) fn result_of_function(function: Oid) -> Option<Oid> {
    // SAFETY: syscache look-up; the field is copied before the tuple is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            pg_sys::Datum::from(function),
        );
        if tuple.is_null() {
            return None;
        }
        let result = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>()).prorettype;
        pg_sys::ReleaseSysCache(tuple);
        Some(result)
    }
}

fn operator_name(operator: Oid) -> String {
    // SAFETY: syscache look-up of an operator that the type cache has just named.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::OPEROID as i32,
            pg_sys::Datum::from(operator),
        );
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_operator>();
        let schema = pg_sys::get_namespace_name((*form).oprnamespace);
        let name = pg_sys::name_data_to_str(&(*form).oprname).to_string();
        pg_sys::ReleaseSysCache(tuple);
        format!("OPERATOR({}.{})", Ident(owned_from_server(schema)), name)
    }
}

/// Casts text to a type once; `None` where the type refuses it.
pub(crate) fn cast(text: &str, key: &KeyType) -> Option<Value> {
    if is_name(key.oid) && c_string(text).as_bytes().len() >= pg_sys::NAMEDATALEN as usize {
        // Its input function would cut it, to somebody else's name.
        return None;
    }
    if key.is_text {
        // Any other string type's input function takes anything.
        return Some(input(text, key.oid));
    }
    guard::attempt(|| input(text, key.oid)).ok()
}

/// A point in time, as PostgreSQL prints `timestamptz`.
pub(crate) fn timestamp(text: &str) -> Value {
    input(text, TIMESTAMP)
}

/// A text as a value.
pub(crate) fn text(text: &str) -> Value {
    // SAFETY: allocates in the call's memory context.
    Value::new(unsafe { in_call_context(|| super::text::datum(text)) }, TEXT)
}

fn input(text: &str, type_oid: Oid) -> Value {
    let text = c_string(text);
    // SAFETY: the input function gets a NUL-terminated string; the result is allocated in the
    // call's memory context.
    unsafe {
        let (mut function, mut io_param) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::getTypeInputInfo(type_oid, &raw mut function, &raw mut io_param);
        let datum = in_call_context(|| {
            pg_sys::OidInputFunctionCall(function, text.as_ptr().cast_mut(), io_param, -1)
        });
        Value::new(datum, type_oid)
    }
}

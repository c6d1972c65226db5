//! Acting as another role, under settings that the caller cannot bend.

use super::list;
use super::text::{c_string, owned_from_server};
use pgrx::{PgLogLevel, pg_sys};

/// How far config SQL may go.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reach {
    /// Reads and evaluates: security-restricted, so it cannot queue deferred triggers, change
    /// roles or leave temporary objects behind.
    Evaluate,
    /// Writes the target: deferred triggers must work, so only the user id is locked.
    Write,
}

/// Settings under which config SQL, and the text of a key, mean the same in every session, whatever the
/// application set: a key written differently would be somebody else's. And a plan that is printed
/// shows the values in it, hashes among them.
const PINNED: [(&str, &str); 15] = [
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("transform_null_equals", "off"),
    ("row_security", "on"),
    ("array_nulls", "on"),
    ("quote_all_identifiers", "off"),
    ("plan_cache_mode", "auto"),
    ("debug_print_parse", "off"),
    ("debug_print_rewritten", "off"),
    ("debug_print_plan", "off"),
    ("bytea_output", "hex"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
];

/// Runs `body` as `role` with `search_path`; `pg_temp` is searched last, so that no temporary
/// object of the caller shadows a name. Both are put back when `body` returns; when it raises, the
/// (sub)transaction's abort puts them back.
pub(crate) fn act_as<T>(role: pg_sys::Oid, path: &str, reach: Reach, body: impl FnOnce() -> T) -> T {
    // SAFETY: the same sequence as fmgr_security_definer in PostgreSQL.
    unsafe {
        let (mut user, mut flags) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut flags);
        let nest = pg_sys::NewGUCNestLevel();
        let mut locked = flags | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
        if reach == Reach::Evaluate {
            locked |= pg_sys::SECURITY_RESTRICTED_OPERATION as i32;
        }
        pg_sys::SetUserIdAndSecContext(role, locked);
        set("search_path", &with_temp_last(path));
        for (name, value) in PINNED {
            set(name, value);
        }
        let result = body();
        pg_sys::AtEOXact_GUC(false, nest);
        pg_sys::SetUserIdAndSecContext(user, flags);
        result
    }
}

/// Runs `body` as the owner of pg_ferry's schema, for its own tables, with nothing of the caller's
/// search path in sight.
pub(crate) fn as_ferry<T>(body: impl FnOnce() -> T) -> T {
    act_as(ferry_owner(), "pg_catalog", Reach::Write, body)
}

/// Runs `body`, which looks thousands of values up, with plans that ask an index for each. The usual settings take each page
/// of an index for one that must be read, and would rather read a table of a million users for each batch.
pub(crate) fn probing<T>(body: impl FnOnce() -> T) -> T {
    with_setting("random_page_cost", "0.1", body)
}

/// Runs `body` with a setting that is put back afterwards.
pub(crate) fn with_setting<T>(name: &str, value: &str, body: impl FnOnce() -> T) -> T {
    // SAFETY: as in `act_as`.
    unsafe {
        let nest = pg_sys::NewGUCNestLevel();
        set(name, value);
        let result = body();
        pg_sys::AtEOXact_GUC(false, nest);
        result
    }
}

fn with_temp_last(path: &str) -> String {
    if path.is_empty() { "pg_temp".to_string() } else { format!("{path}, pg_temp") }
}

fn set(name: &str, value: &str) {
    let (name, value) = (c_string(name), c_string(value));
    // SAFETY: both strings outlive the call. GUC_ACTION_SAVE belongs to the nest level opened by
    // the caller.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            PgLogLevel::ERROR as i32,
            false,
        );
    }
}

/// The owner of schema `ferry`: who installed the extension.
fn ferry_owner() -> pg_sys::Oid {
    // SAFETY: syscache look-up; the tuple is released before its copy is used.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"ferry".as_ptr(), false);
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as i32,
            pg_sys::Datum::from(schema),
        );
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_namespace>();
        let owner = (*form).nspowner;
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// The oid of a role by name.
pub(crate) fn role(name: &str) -> Option<pg_sys::Oid> {
    let name = c_string(name);
    // SAFETY: syscache look-up with missing_ok.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

pub(crate) fn is_superuser(role: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-up.
    unsafe { pg_sys::superuser_arg(role) }
}

/// Whether the current user may act as `role`.
pub(crate) fn current_user_is_member_of(role: pg_sys::Oid) -> bool {
    // SAFETY: reads role membership; superusers are members of every role.
    unsafe { pg_sys::is_member_of_role(pg_sys::GetUserId(), role) }
}

pub(crate) fn current_user_is_superuser() -> bool {
    // SAFETY: as above.
    unsafe { pg_sys::superuser() }
}

/// The name of the current user.
pub(crate) fn current_user() -> String {
    // SAFETY: returns a palloc'd C string; the current user exists.
    unsafe { owned_from_server(pg_sys::GetUserNameFromId(pg_sys::GetUserId(), false)) }
}

/// An identifier as people write it: quoted only where it must be.
pub(crate) fn quoted(name: &str) -> String {
    let name = c_string(name);
    // SAFETY: returns its argument or a palloc'd C string.
    unsafe { owned_from_server(pg_sys::quote_identifier(name.as_ptr())) }
}

/// The search path in force, with `"$user"` resolved and schemas that do not exist left out.
pub(crate) fn current_search_path() -> String {
    // SAFETY: the list is a palloc'd copy of schema oids.
    unsafe {
        list::oids(pg_sys::fetch_search_path(false))
            .into_iter()
            .filter_map(|schema| {
                let name = pg_sys::get_namespace_name(schema);
                (!name.is_null()).then(|| owned_from_server(name))
            })
            .filter(|name| !name.starts_with("pg_temp"))
            .map(|name| quoted(&name))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

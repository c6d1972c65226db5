//! PostgreSQL's lists as vectors.

use pgrx::pg_sys;
use std::ffi::c_void;

/// The items of a list of pointers.
///
/// # Safety
/// `list` is null (PostgreSQL's empty list) or a list of pointers.
pub(super) unsafe fn pointers(list: *mut pg_sys::List) -> Vec<*mut c_void> {
    // SAFETY: promised by the caller.
    unsafe { cells(list).map(|cell| (*cell).ptr_value).collect() }
}

/// The items of a list of oids.
///
/// # Safety
/// `list` is null or a list of oids.
pub(super) unsafe fn oids(list: *mut pg_sys::List) -> Vec<pg_sys::Oid> {
    // SAFETY: promised by the caller.
    unsafe { cells(list).map(|cell| (*cell).oid_value).collect() }
}

/// # Safety
/// `list` is null or a list.
unsafe fn cells(list: *mut pg_sys::List) -> impl Iterator<Item = *const pg_sys::ListCell> {
    // SAFETY: a list has `length` cells.
    let cells = unsafe {
        if list.is_null() {
            &[]
        } else {
            std::slice::from_raw_parts((*list).elements, (*list).length as usize)
        }
    };
    cells.iter().map(std::ptr::from_ref)
}

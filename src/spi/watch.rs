//! The generation counter: it moves when a config table or a watched relation changes.

use pgrx::pg_sys;
use std::cell::{Cell, RefCell};

thread_local! {
    static GENERATION: Cell<u64> = const { Cell::new(1) };
    static WATCHED: RefCell<Vec<pg_sys::Oid>> = const { RefCell::new(Vec::new()) };
}

/// Called once per backend, from `_PG_init`.
pub(crate) fn install() {
    // SAFETY: the callback stays for the life of the backend.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_invalidation), pg_sys::Datum::null());
    }
}

/// Called by PostgreSQL at any moment at which it absorbs invalidation messages: it must not raise.
/// Until something is watched everything counts: the first reading of config must not miss a change.
unsafe extern "C-unwind" fn on_invalidation(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    let concerned = relation == pg_sys::InvalidOid
        || WATCHED.with(|watched| {
            watched.try_borrow().map_or(true, |watched| watched.is_empty() || watched.contains(&relation))
        });
    if concerned {
        GENERATION.set(GENERATION.get() + 1);
    }
}

/// Absorbs what other sessions have changed up to now: inside a transaction that has its locks
/// already, nothing else would.
pub(crate) fn catch_up() {
    // SAFETY: allowed wherever a transaction is; costs a look at shared memory.
    unsafe { pg_sys::AcceptInvalidationMessages() };
}

pub(crate) fn generation() -> u64 {
    GENERATION.get()
}

/// Has everything read anew, though nothing was heard of a change.
pub(crate) fn distrust() {
    GENERATION.set(GENERATION.get() + 1);
}

/// Replaces the set of relations whose changes move the generation.
pub(crate) fn watch(relations: Vec<pg_sys::Oid>) {
    WATCHED.set(relations);
}

/// Adds one relation to the set.
pub(crate) fn watch_also(relation: pg_sys::Oid) {
    WATCHED.with_borrow_mut(|watched| {
        if !watched.contains(&relation) {
            watched.push(relation);
        }
    });
}

/// Tells every session, at commit, that config has changed: by a message about one of its tables,
/// all of which every session with a snapshot watches.
pub(crate) fn invalidate_config() {
    // SAFETY: syscache look-ups; the message is queued only for a relation that is there.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"ferry".as_ptr(), false);
        let relation = pg_sys::get_relname_relid(c"target".as_ptr(), schema);
        if relation != pg_sys::InvalidOid {
            pg_sys::CacheInvalidateRelcacheByRelid(relation);
        }
    }
}

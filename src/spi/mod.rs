//! The room where Rust meets PostgreSQL's C: the only one with `unsafe` and raw SPI.
//!
//! Everything here is offered to the rest of the crate as safe functions over owned values. A
//! PostgreSQL ERROR raised below this line arrives in Rust as an unwinding panic (pgrx does that);
//! [`guard::attempt`] is the one place that may stop it.
#![allow(unsafe_code)]

pub(crate) mod cursor;
pub(crate) mod guard;
pub(crate) mod identity;
mod list;
pub(crate) mod lock;
pub(crate) mod openpgp;
pub(crate) mod parse;
pub(crate) mod plan;
pub(crate) mod session;
pub(crate) mod text;
pub(crate) mod timer;
pub(crate) mod types;
pub(crate) mod watch;

use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    /// Where values that outlive one query are kept: the memory context of the running call.
    static CALL_CONTEXT: Cell<pg_sys::MemoryContext> = const { Cell::new(std::ptr::null_mut()) };
}

/// Runs `body` with an SPI connection. Values handed out by [`plan`] live until the enclosing
/// SQL function call ends.
pub(crate) fn connect<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: CurrentMemoryContext is always valid in a backend. An ERROR inside `body` unwinds
    // past SPI_finish on purpose: (sub)transaction abort closes the SPI level, as for C callers.
    unsafe {
        let outer = CallContext::enter(pg_sys::CurrentMemoryContext);
        pg_sys::SPI_connect();
        let result = body();
        pg_sys::SPI_finish();
        drop(outer);
        result
    }
}

/// Restores the previous call context when the call ends, by return or by unwinding.
struct CallContext(pg_sys::MemoryContext);

impl CallContext {
    fn enter(context: pg_sys::MemoryContext) -> Self {
        CallContext(CALL_CONTEXT.replace(context))
    }
}

impl Drop for CallContext {
    fn drop(&mut self) {
        CALL_CONTEXT.set(self.0);
    }
}

/// Runs `body` with allocations going to the call's memory context.
///
/// # Safety
/// Must be called inside [`connect`].
unsafe fn in_call_context<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: `connect` set the context and it outlives the call. On an ERROR the context is
    // reset by whoever catches it.
    unsafe {
        let previous = pg_sys::MemoryContextSwitchTo(CALL_CONTEXT.get());
        let result = body();
        pg_sys::MemoryContextSwitchTo(previous);
        result
    }
}

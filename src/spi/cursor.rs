//! Reading a long result piece by piece, so that it never has to fit into memory.

use super::plan::{self, Arg, Plan, Row, Value};
use super::text::c_string;
use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// An open cursor. It outlives the SPI connection that opened it, and is closed by [`Cursor::close`] or with the
/// transaction. It is known by its name: one that an abort has closed is simply not found any more.
pub(crate) struct Cursor {
    name: String,
}

impl Cursor {
    /// Opens a cursor over a statement without parameters.
    pub(crate) fn open(plan: &Plan) -> Cursor {
        Cursor::open_with(plan, &[])
    }

    /// Opens a cursor over a statement with these.
    pub(crate) fn open_with(plan: &Plan, arguments: &[Arg<'_>]) -> Cursor {
        COUNT.set(COUNT.get() + 1);
        let name = format!("pg_ferry {}", COUNT.get());
        let portal = c_string(&name);
        let (mut values, nulls) = plan::bound(arguments);
        // SAFETY: inside `connect`; as many values and nulls as the plan has parameters; SPI copies name, plan and values.
        unsafe {
            pg_sys::SPI_cursor_open(portal.as_ptr(), plan.0, values.as_mut_ptr(), nulls.as_ptr(), false);
        }
        Cursor { name }
    }

    /// The first column, of a composite type, of the next rows; none at the end.
    pub(crate) fn fetch(&self, count: i64) -> Vec<Value> {
        self.with_portal(|portal| {
            // SAFETY: a portal that was just found; its rows are in SPI_tuptable.
            unsafe { pg_sys::SPI_cursor_fetch(portal, true, count) };
            plan::collect_values()
        })
        .unwrap_or_default()
    }

    /// The next rows as text; none at the end.
    pub(crate) fn fetch_rows(&self, count: i64) -> Vec<Row> {
        self.with_portal(|portal| {
            // SAFETY: as above.
            unsafe { pg_sys::SPI_cursor_fetch(portal, true, count) };
            plan::collect_rows()
        })
        .unwrap_or_default()
    }

    pub(crate) fn close(&self) {
        // SAFETY: a portal that was just found and is not running.
        self.with_portal(|portal| unsafe { pg_sys::SPI_cursor_close(portal) });
    }

    fn with_portal<T>(&self, body: impl FnOnce(pg_sys::Portal) -> T) -> Option<T> {
        let name = c_string(&self.name);
        // SAFETY: inside `connect`; returns null where there is no portal of the name.
        let portal = unsafe { pg_sys::SPI_cursor_find(name.as_ptr()) };
        (!portal.is_null()).then(|| body(portal))
    }
}

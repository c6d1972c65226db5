//! Catching PostgreSQL errors: the one wrapper that may stop an ERROR, always in a subtransaction.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport};
use pgrx::{PgLogLevel, PgSqlErrorCode};
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::AssertUnwindSafe;

/// An ERROR that [`attempt`] caught. It can be raised again unchanged; what it may tell others is
/// only the SQLSTATE and the names, since messages and details quote rows.
pub(crate) struct SqlError {
    // Boxed: it is large, and rides in many results.
    caught: Box<CaughtError>,
    names: Box<Names>,
}

/// What PostgreSQL says of an error in codes and names.
#[derive(Default, Clone)]
struct Names {
    /// The SQLSTATE, packed. pgrx knows only PostgreSQL's own list and takes any other, such as one that
    /// a trigger chose, for an internal error.
    state: i32,
    column: Option<String>,
    constraint: Option<String>,
}

thread_local! {
    /// The last ERROR raised below an [`attempt`], or by [`SqlError::raise`] or [`raise`], with its
    /// message to know it again; pgrx's own report drops the names.
    static LAST: RefCell<(String, Names)> = RefCell::default();
}

impl SqlError {
    /// The five characters, such as `23505`.
    pub(crate) fn sqlstate(&self) -> String {
        unpack(self.names.state)
    }

    /// Whether it is that of a unique index.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.sqlstate() == "23505"
    }

    /// The same, packed.
    pub(crate) fn state(&self) -> i32 {
        self.names.state
    }

    pub(crate) fn column(&self) -> Option<&str> {
        self.names.column.as_deref()
    }

    pub(crate) fn constraint(&self) -> Option<&str> {
        self.names.constraint.as_deref()
    }

    /// PostgreSQL's own words. They may quote rows: only for errors in what the DBA is writing.
    pub(crate) fn message(&self) -> String {
        self.report().map_or_else(String::new, |report| report.message().to_string())
    }

    pub(crate) fn hint(&self) -> Option<String> {
        self.report().and_then(|report| report.hint().map(str::to_string))
    }

    /// Raises it again, as if nobody had looked.
    pub(crate) fn raise(self) -> ! {
        announce(self.message(), *self.names);
        self.caught.rethrow()
    }

    /// Whether the far end of a foreign connection said it, rather than this server.
    pub(crate) fn is_remote(&self) -> bool {
        self.report().and_then(|report| report.function_name()).is_some_and(|function| {
            function.contains("fdw") || function.contains("dblink") || function.contains("mysql")
        })
    }

    fn code(&self) -> PgSqlErrorCode {
        self.report().map_or(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, |report| report.sql_error_code())
    }

    fn report(&self) -> Option<&pg_sys::panic::ErrorReportWithLevel> {
        match &*self.caught {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => Some(report),
            CaughtError::RustPanic { ereport, .. } => Some(ereport),
        }
    }
}

/// Runs `body` in a subtransaction: kept when it returns, undone when it raises.
///
/// A Rust panic (a bug) is not swallowed: the subtransaction is undone and the panic goes on.
///
/// # SAFETY
/// A PostgreSQL error leaves locks, buffer pins, SPI levels, snapshots, GUCs, the user id and
/// foreign transactions half-done; only (sub)transaction abort puts them right, so catching one
/// without aborting a subtransaction corrupts the backend. The order here is the one that PL/pgSQL
/// uses for its exception blocks: begin, return to the caller's memory context, run; then either
/// release, or roll back and release; then restore memory context and resource owner. Parallel
/// workers cannot begin subtransactions: every function that gets here is PARALLEL UNSAFE.
pub(crate) fn attempt<T>(body: impl FnOnce() -> T) -> Result<T, SqlError> {
    attempt_if(|_| true, body)
}

/// As [`attempt`], but what `body` did is kept only if its result says so.
pub(crate) fn attempt_if<T>(keep: impl FnOnce(&T) -> bool, body: impl FnOnce() -> T) -> Result<T, SqlError> {
    run(body, keep, Writes::Allowed)
}

/// As [`attempt`], but what `body` did is always undone and nothing it does may write: for trying.
pub(crate) fn rehearse<T>(body: impl FnOnce() -> T) -> Result<T, SqlError> {
    run(body, |_| false, Writes::Forbidden)
}

/// As [`attempt`], but nothing that `body` does may write: for looking.
pub(crate) fn only_reading<T>(body: impl FnOnce() -> T) -> Result<T, SqlError> {
    run(body, |_| true, Writes::Forbidden)
}

#[derive(Clone, Copy, PartialEq)]
enum Writes {
    Allowed,
    Forbidden,
}

fn run<T>(body: impl FnOnce() -> T, keep: impl FnOnce(&T) -> bool, writes: Writes) -> Result<T, SqlError> {
    // SAFETY: see `attempt`.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        if writes == Writes::Forbidden {
            // The subtransaction's end puts the previous value back.
            pg_sys::XactReadOnly = true;
        }
        let result = watch_names(|| catch(body));
        if result.as_ref().is_ok_and(keep) {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        result.map_err(sql_error)
    }
}

/// Stops the unwinding of an ERROR or of a panic.
fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Box<CaughtError>> {
    pgrx::PgTryBuilder::new(AssertUnwindSafe(|| Ok(body())))
        .catch_others(|error| Err(Box::new(error)))
        .catch_rust_panic(|error| Err(Box::new(error)))
        .execute()
}

fn sql_error(caught: Box<CaughtError>) -> SqlError {
    if matches!(*caught, CaughtError::RustPanic { .. }) {
        caught.rethrow();
    }
    let (message, names) = LAST.take();
    let mut error = SqlError { caught, names: Box::new(names) };
    // An error of our own has not been through PostgreSQL yet; and one that the body itself caught
    // and dealt with is not this one.
    if error.message() != message {
        *error.names = Names { state: error.code() as i32, ..Names::default() };
    }
    error
}

/// Runs `body` with an error context callback that notes the names of each ERROR as it is raised.
///
/// # Safety
/// Must run on the backend's main thread; `body` must not unwind (it is [`catch`]).
unsafe fn watch_names<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: the callback lives on this frame and is unlinked before the frame ends.
    unsafe {
        LAST.take();
        let mut callback = pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(note_names),
            arg: std::ptr::null_mut(),
        };
        pg_sys::error_context_stack = &raw mut callback;
        let result = body();
        pg_sys::error_context_stack = callback.previous;
        result
    }
}

/// Called by `errfinish` with the error under construction on top of the error stack.
unsafe extern "C-unwind" fn note_names(_arg: *mut c_void) {
    // SAFETY: inside errfinish there is a current error; CopyErrorData must not allocate in
    // ErrorContext, so it goes to the top context and is freed at once.
    unsafe {
        let previous = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        let error = pg_sys::CopyErrorData();
        if (*error).elevel >= PgLogLevel::ERROR as i32 {
            let names = Names {
                state: (*error).sqlerrcode,
                column: name((*error).column_name),
                constraint: name((*error).constraint_name),
            };
            LAST.with(|last| {
                if let Ok(mut last) = last.try_borrow_mut() {
                    *last = (name((*error).message).unwrap_or_default(), names);
                }
            });
        }
        pg_sys::FreeErrorData(error);
        pg_sys::MemoryContextSwitchTo(previous);
    }
}

/// # Safety
/// `value` is null or a valid C string.
unsafe fn name(value: *const c_char) -> Option<String> {
    // SAFETY: promised by the caller. No conversion here: that could raise inside errfinish.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value).to_string_lossy().into_owned() })
}

/// Raises an ERROR under a packed SQLSTATE, whichever that is.
pub(crate) fn raise(report: ErrorReport, state: i32) -> ! {
    announce(report.message().to_string(), Names { state, ..Names::default() });
    report.report(PgLogLevel::ERROR);
    unreachable!("reporting an ERROR does not return")
}

/// Says what pgrx cannot carry of an ERROR that is about to be raised: an [`attempt`] around it finds
/// the names noted, and PostgreSQL is told a SQLSTATE that pgrx does not know.
fn announce(message: String, names: Names) {
    let state = names.state;
    LAST.set((message, names));
    if PgSqlErrorCode::from(state) as i32 != state {
        insist_on(state);
    }
}

/// Gives the ERROR that is raised next its SQLSTATE, by the callback that PostgreSQL calls for each
/// error before it is sent.
fn insist_on(state: i32) {
    // SAFETY: nothing but the unwinding of that ERROR happens while the callback is linked: whoever
    // catches it, here or in PostgreSQL, puts the stack of callbacks back as it was before the call. Its
    // memory lives until the transaction ends, which is later.
    unsafe {
        let size = size_of::<pg_sys::ErrorContextCallback>();
        let callback: *mut pg_sys::ErrorContextCallback =
            pg_sys::MemoryContextAlloc(pg_sys::TopTransactionContext, size).cast();
        callback.write(pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(set_state),
            arg: std::ptr::without_provenance_mut(state as usize),
        });
        pg_sys::error_context_stack = callback;
    }
}

unsafe extern "C-unwind" {
    /// PostgreSQL's own; pgrx has no binding.
    fn errcode(state: c_int) -> c_int;
}

/// Called by `errfinish`; the SQLSTATE is the argument.
unsafe extern "C-unwind" fn set_state(state: *mut c_void) {
    // SAFETY: inside errfinish there is a current error, whose code may be set; pgrx has made an
    // internal error of it.
    unsafe {
        if pg_sys::geterrcode() == PgSqlErrorCode::ERRCODE_INTERNAL_ERROR as i32 {
            errcode(state.addr() as c_int);
        }
    }
}

/// PostgreSQL packs a SQLSTATE six bits a character (`MAKE_SQLSTATE` in elog.h).
fn unpack(code: i32) -> String {
    (0..5).map(|place| char::from((((code >> (6 * place)) & 0x3f) as u8) + b'0')).collect()
}

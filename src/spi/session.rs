//! What the current transaction is and may do.

use pgrx::pg_sys;

/// Whether nothing can be written: a read-only transaction or a standby.
pub(crate) fn is_read_only() -> bool {
    // SAFETY: reads backend-local state.
    unsafe { pg_sys::XactReadOnly || pg_sys::RecoveryInProgress() }
}

/// Whether one snapshot serves the whole transaction (REPEATABLE READ and SERIALIZABLE).
pub(crate) fn has_fixed_snapshot() -> bool {
    // SAFETY: reads backend-local state.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Whether a COMMIT is the caller's business: inside BEGIN, or one of several statements sent at once.
pub(crate) fn is_in_transaction_block() -> bool {
    // SAFETY: reads backend-local state.
    unsafe { pg_sys::IsTransactionBlock() }
}

/// Where relative file names of settings begin.
pub(crate) fn data_directory() -> String {
    // SAFETY: set at server start, never changed after.
    unsafe { std::ffi::CStr::from_ptr(pg_sys::DataDir).to_string_lossy().into_owned() }
}

/// Lets a cancel, `statement_timeout` or a shutdown stop a long computation.
pub(crate) fn check_interrupts() {
    pgrx::check_for_interrupts!();
}

/// Whether semantic checks apply: pg_dump's scripts switch them off while they load config before
/// the things that it names.
pub(crate) fn checks_are_on() -> bool {
    // SAFETY: reads a setting.
    unsafe { pg_sys::check_function_bodies }
}

/// Sleeps, but wakes for a cancel or a shutdown.
pub(crate) fn sleep(duration: std::time::Duration) {
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).max(1);
    // SAFETY: the process latch is valid in a backend; interrupts are looked at right after.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            (pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH) as i32,
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_interrupts();
}

/// Sleeps for a whole duration, in pieces that a cancel can end.
pub(crate) fn sleep_for(duration: std::time::Duration) {
    let started = std::time::Instant::now();
    while let Some(rest) = duration.checked_sub(started.elapsed()).filter(|rest| !rest.is_zero()) {
        sleep(rest);
    }
}

/// Whether a moment, as PostgreSQL prints `timestamptz`, is still to come.
pub(crate) fn is_before(moment: &str) -> bool {
    use super::plan::{self, Arg};
    let sql = "SELECT pg_catalog.clock_timestamp() OPERATOR(pg_catalog.<) $1::pg_catalog.timestamptz";
    let rows = plan::query(sql, &[pg_sys::TEXTOID], &[Arg::Text(moment)]);
    plan::is_true(rows)
}

/// Refuses settings of our prefix that nobody has defined: a typo must not go unnoticed.
pub(crate) fn reserve_settings(prefix: &std::ffi::CStr) {
    // SAFETY: called from _PG_init, after the settings were defined; the name is copied.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) };
}

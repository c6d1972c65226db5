//! A time limit on what asks a legacy system.

use pgrx::pg_sys;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

// utils/timeout.h is not among pgrx's bindings. The three functions have had these signatures since
// PostgreSQL 9.3; TimeoutId is a C enum.
unsafe extern "C-unwind" {
    fn RegisterTimeout(id: c_int, handler: extern "C-unwind" fn()) -> c_int;
    fn enable_timeout_after(id: c_int, delay_ms: c_int);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// `USER_TIMEOUT` of the running server: RegisterTimeout takes it as "give me a free one". Its
/// number is the count of built-in reasons, which grew between majors.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const USER_TIMEOUT: c_int = 12;
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
const USER_TIMEOUT: c_int = 13;

static EXPIRED: AtomicBool = AtomicBool::new(false);

/// Runs in the SIGALRM handler, which has already set the latch: only flags may be touched.
extern "C-unwind" fn on_expiry() {
    EXPIRED.store(true, Ordering::Relaxed);
    // SAFETY: plain stores to sig_atomic_t variables, as PostgreSQL's own handlers do.
    unsafe {
        pg_sys::QueryCancelPending = 1;
        pg_sys::InterruptPending = 1;
    }
}

fn timeout_id() -> c_int {
    static ID: OnceLock<c_int> = OnceLock::new();
    // SAFETY: registering is allowed at any time after backend start.
    *ID.get_or_init(|| unsafe { RegisterTimeout(USER_TIMEOUT, on_expiry) })
}

/// What became of a limited piece of work.
pub(crate) enum Timed<T> {
    InTime(T),
    Expired,
}

/// Runs `body`, which must catch its own errors, with a limit of `milliseconds`: when it is over,
/// the running query is cancelled. Tells a cancel of ours from one by the user or by
/// `statement_timeout`.
pub(crate) fn limited<T, E>(milliseconds: i32, body: impl FnOnce() -> Result<T, E>) -> Timed<Result<T, E>> {
    let id = timeout_id();
    EXPIRED.store(false, Ordering::Relaxed);
    // SAFETY: the id was registered; the timer is disarmed when this frame is left, in any way.
    unsafe { enable_timeout_after(id, milliseconds.max(1)) };
    let timer = Armed(id);
    let result = body();
    drop(timer);
    let expired = EXPIRED.swap(false, Ordering::Relaxed);
    if expired && result.is_ok() {
        // It fired after the work was done: the cancel must not hit whatever comes next.
        // SAFETY: plain store, as above.
        unsafe { pg_sys::QueryCancelPending = 0 };
    }
    if expired && result.is_err() { Timed::Expired } else { Timed::InTime(result) }
}

struct Armed(c_int);

impl Drop for Armed {
    fn drop(&mut self) {
        // SAFETY: disarming is allowed at any time and does not raise.
        unsafe { disable_timeout(self.0, false) };
    }
}

//! A time limit on what asks a legacy system, and on hooks.

use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

thread_local! {
    /// When the innermost limit ends: a hook may call what has limits of its own.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

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
    let timer = Armed::until(milliseconds);
    let result = body();
    let expired = timer.stop();
    if expired && result.is_ok() {
        // It fired after the work was done: the cancel must not hit whatever comes next.
        // SAFETY: plain store, as above.
        unsafe { pg_sys::QueryCancelPending = 0 };
    }
    if expired && result.is_err() { Timed::Expired } else { Timed::InTime(result) }
}

/// The timer, armed until this is dropped; the limit around it then goes on.
struct Armed {
    outer: Option<Instant>,
}

impl Armed {
    fn until(milliseconds: i32) -> Armed {
        let outer = DEADLINE.get();
        let own = Instant::now() + Duration::from_millis(milliseconds.max(1).unsigned_abs().into());
        EXPIRED.store(false, Ordering::Relaxed);
        arm(outer.map_or(own, |outer| outer.min(own)));
        Armed { outer }
    }

    /// Disarms it, and tells whether it has gone off.
    fn stop(&self) -> bool {
        // SAFETY: disarming is allowed at any time and does not raise.
        unsafe { disable_timeout(timeout_id(), false) };
        EXPIRED.swap(false, Ordering::Relaxed)
    }
}

/// Sets the timer.
fn arm(deadline: Instant) {
    DEADLINE.set(Some(deadline));
    let rest = deadline.saturating_duration_since(Instant::now()).as_millis();
    // SAFETY: the id was registered; a timer that is armed already is armed anew.
    unsafe { enable_timeout_after(timeout_id(), i32::try_from(rest).unwrap_or(i32::MAX).max(1)) };
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.stop();
        DEADLINE.set(None);
        if let Some(outer) = self.outer {
            arm(outer);
        }
    }
}

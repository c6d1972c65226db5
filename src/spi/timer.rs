//! A time limit on what asks a legacy system, and on hooks.

use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

// utils/timeout.h is not among pgrx's bindings. The three functions have had these signatures since
// PostgreSQL 15; TimeoutId is a C enum.
unsafe extern "C-unwind" {
    fn RegisterTimeout(id: c_int, handler: extern "C-unwind" fn()) -> c_int;
    fn enable_timeout_every(id: c_int, fin_time: pg_sys::TimestampTz, delay_ms: c_int);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// `USER_TIMEOUT` of the running server: RegisterTimeout takes it as "give me a free one". Its
/// number is the count of built-in reasons, which grew between majors.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const USER_TIMEOUT: c_int = 12;
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
const USER_TIMEOUT: c_int = 13;

static EXPIRED: AtomicBool = AtomicBool::new(false);

/// Milliseconds until what has swallowed a cancel, and goes on, is cancelled again: enough to tidy up.
const AGAIN: c_int = 100;

#[derive(Clone, Copy)]
struct Limit {
    ends: Instant,
    /// Milliseconds from one cancel to the next; 0 = there is only one.
    again: c_int,
}

thread_local! {
    /// The innermost limit: a hook may call what has limits of its own.
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
}

/// Runs in the SIGALRM handler, which has already set the latch: only flags may be touched.
extern "C-unwind" fn on_expiry() {
    EXPIRED.store(true, Ordering::Relaxed);
    cancel();
}

/// Cancels the running query.
fn cancel() {
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
/// the running query is cancelled, once. Tells a cancel of ours from one by the user or by
/// `statement_timeout`. An answer that comes all the same is in time.
pub(crate) fn limited<T, E>(milliseconds: i32, body: impl FnOnce() -> Result<T, E>) -> Timed<Result<T, E>> {
    run(milliseconds, 0, body)
}

/// As [`limited`], but for a body that may catch the cancel: as long as it goes on it is cancelled again,
/// and no answer is in time that comes later. It must end with [`in_time`].
pub(crate) fn strictly_limited<T, E>(
    milliseconds: i32,
    body: impl FnOnce() -> Result<T, E>,
) -> Timed<Result<T, E>> {
    run(milliseconds, AGAIN, body)
}

/// Passes on what was made within a strict limit, which ends here; raises the cancel that was swallowed if
/// it is late. Called inside whatever undoes the work when it fails.
pub(crate) fn in_time<T>(made: T) -> T {
    disarm();
    if is_over() {
        cancel();
        pgrx::check_for_interrupts!();
    }
    made
}

fn run<T, E>(milliseconds: i32, again: c_int, body: impl FnOnce() -> Result<T, E>) -> Timed<Result<T, E>> {
    let timer = Armed::until(milliseconds, again);
    let result = body();
    if timer.stop() && result.is_err() { Timed::Expired } else { Timed::InTime(result) }
}

/// The timer, armed until this is dropped; the limit around it then goes on.
struct Armed {
    outer: Option<Limit>,
}

impl Armed {
    fn until(milliseconds: i32, again: c_int) -> Armed {
        let outer = LIMIT.get();
        let own = Instant::now() + Duration::from_millis(milliseconds.max(1).unsigned_abs().into());
        EXPIRED.store(false, Ordering::Relaxed);
        arm(Limit { ends: outer.map_or(own, |outer| outer.ends.min(own)), again });
        Armed { outer }
    }

    /// Disarms it, and tells whether the limit is over.
    fn stop(&self) -> bool {
        disarm();
        let is_over = is_over();
        if EXPIRED.swap(false, Ordering::Relaxed) {
            // It may have fired after the work was done: the cancel must not hit whatever comes next.
            // SAFETY: plain store, as above.
            unsafe { pg_sys::QueryCancelPending = 0 };
        }
        is_over
    }
}

/// Sets the timer.
fn arm(limit: Limit) {
    LIMIT.set(Some(limit));
    let rest = limit.ends.saturating_duration_since(Instant::now()).as_micros();
    // SAFETY: the id was registered; a timer that is armed already is armed anew.
    unsafe {
        let ends = pg_sys::GetCurrentTimestamp().saturating_add(i64::try_from(rest).unwrap_or(i64::MAX));
        enable_timeout_every(timeout_id(), ends, limit.again);
    }
}

/// Whether the innermost limit is over. A limit within it has cleared the flag, if there was one.
fn is_over() -> bool {
    EXPIRED.load(Ordering::Relaxed) || LIMIT.get().is_some_and(|limit| limit.ends <= Instant::now())
}

fn disarm() {
    // SAFETY: disarming is allowed at any time and does not raise.
    unsafe { disable_timeout(timeout_id(), false) };
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.stop();
        LIMIT.set(None);
        if let Some(outer) = self.outer {
            arm(outer);
        }
    }
}

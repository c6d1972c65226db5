//! The settings, each with its reason. The README's table is checked against `pg_settings`.

use crate::spi::session;
use legacy_hash::{Bound, Limits};
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::{CStr, CString};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Milliseconds that an answer other than success takes at least.
static FAILURE_FLOOR: GucSetting<i32> = GucSetting::<i32>::new(250);

/// Refusals kept in the audit trail per minute.
static REFUSALS_PER_MINUTE: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// The file of peppers; empty where there is none.
static PEPPER_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));

/// The cost bounds, in the order of [`Limits::BOUNDS`].
static BOUNDS: OnceLock<Vec<&'static GucSetting<i32>>> = OnceLock::new();

/// Whether rows of the outbox are announced. It is SQL that asks.
static NOTIFY: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Interval text after which `purge_events` deletes.
static EVENT_RETENTION: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"1 year"));

/// Interval text after which a run of an import expires.
static HISTORY_RETENTION: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"1 year"));

pub(crate) fn register() {
    // Superuser-only: an application that could lower it would take the protection away.
    GucRegistry::define_int_guc(
        c"ferry.failure_floor",
        c"Time that an answer other than success takes at least.",
        c"Hides how much work a refusal was. Successes are never delayed.",
        &FAILURE_FLOOR,
        0,
        60_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"ferry.refusals_per_minute",
        c"Refused logins per minute that the audit trail keeps.",
        c"Anybody who reaches the login form can cause refusals; more than this are not written.",
        &REFUSALS_PER_MINUTE,
        0,
        1_000_000,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"ferry.event_retention",
        c"Age at which ferry.purge_events() deletes events.",
        c"An interval, such as 1 year or 90 days, or infinity.",
        &EVENT_RETENTION,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"ferry.history_retention",
        c"Time after which the run of an import expires, with its log and its refusals.",
        c"An interval, such as 1 year or 90 days, or infinity; ferry.purge_history() deletes what has expired.",
        &HISTORY_RETENTION,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"ferry.notify",
        c"Whether NOTIFY ferry announces what is put into ferry.outbox.",
        c"Off for those who look by themselves, and for PREPARE TRANSACTION, which refuses a transaction that has notified.",
        &NOTIFY,
        GucContext::Suset,
        GucFlags::default(),
    );
    // Its value is a secret's place: only superusers and pg_read_all_settings see it.
    GucRegistry::define_string_guc(
        c"ferry.pepper_file",
        c"File that holds the peppers of legacy hashes.",
        c"Lines of name = encoding:value; relative to the data directory; nobody else may read it.",
        &PEPPER_FILE,
        GucContext::Suset,
        GucFlags::SUPERUSER_ONLY,
    );
    BOUNDS.get_or_init(|| Limits::BOUNDS.iter().map(define_bound).collect());
    session::reserve_settings(c"ferry");
}

/// The setting of one cost bound. It can't be lifted above the absolute cap.
fn define_bound(bound: &Bound) -> &'static GucSetting<i32> {
    // Settings live as long as the process.
    let text = |text: String| -> &'static CStr {
        Box::leak(CString::new(text).unwrap_or_default().into_boxed_c_str())
    };
    let clamp = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
    let setting: &'static GucSetting<i32> = Box::leak(Box::new(GucSetting::<i32>::new(clamp(bound.default))));
    let (name, flags) = match bound.name.strip_suffix("_kib") {
        Some(name) => (name, GucFlags::UNIT_KB),
        None if bound.name.ends_with("_memory") => (bound.name, GucFlags::UNIT_BYTE),
        None => (bound.name, GucFlags::default()),
    };
    GucRegistry::define_int_guc(
        text(format!("ferry.max_{name}")),
        text(bound.about.trim().to_string()),
        c"A hash that asks for more is refused before any work is done.",
        setting,
        1,
        clamp(bound.absolute),
        GucContext::Suset,
        flags,
    );
    setting
}

/// The cost bounds that are in force.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    for (bound, setting) in Limits::BOUNDS.iter().zip(BOUNDS.get().into_iter().flatten()) {
        (bound.set)(&mut limits, setting.get().unsigned_abs().into());
    }
    limits
}

/// The file of peppers, as the setting names it.
pub(crate) fn pepper_file() -> String {
    PEPPER_FILE.get().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Sleeps for what is left of `ferry.failure_floor`.
pub(crate) fn wait_for_floor(started: Instant) {
    let floor = Duration::from_millis(FAILURE_FLOOR.get().unsigned_abs().into());
    session::sleep_for(floor.saturating_sub(started.elapsed()));
}

/// The text of an interval.
pub(crate) fn event_retention() -> String {
    EVENT_RETENTION.get().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The text of an interval, or `infinity`.
pub(crate) fn history_retention() -> String {
    HISTORY_RETENTION.get().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(crate) fn refusals_per_minute() -> i64 {
    REFUSALS_PER_MINUTE.get().into()
}

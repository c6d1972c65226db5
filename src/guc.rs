//! The settings, each with its reason. The README's table is checked against `pg_settings`.

use crate::spi::session;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CString;
use std::time::{Duration, Instant};

/// Milliseconds that an answer other than success takes at least.
static FAILURE_FLOOR: GucSetting<i32> = GucSetting::<i32>::new(250);

/// Refusals kept in the audit trail per minute.
static REFUSALS_PER_MINUTE: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// Interval text after which `purge_events` deletes.
static EVENT_RETENTION: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"1 year"));

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
        c"An interval, such as 1 year or 90 days.",
        &EVENT_RETENTION,
        GucContext::Suset,
        GucFlags::default(),
    );
    session::reserve_settings(c"ferry");
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

pub(crate) fn refusals_per_minute() -> i64 {
    REFUSALS_PER_MINUTE.get().into()
}

//! How many hashes went each way, and what a call says of that.

use super::{cure_of_other_checks, cure_of_width};
use crate::event::Detail;
use crate::target::Target;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const WRAPPED: &str = "wrapped";
pub(super) const KEPT: &str = "kept";
pub(super) const REFUSED: &str = "refused";

/// What stands in the way of wrapping a weak hash, or one that may be weak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Obstacle {
    OtherChecks,
    Format,
    Unreadable,
    Limit,
    Width,
    InUse,
    Altered,
    Swallowed,
    Write,
}

/// How many hashes went each way: by what was done, and by format or reason.
#[derive(Clone, Default)]
pub(super) struct Tally {
    counts: BTreeMap<&'static str, BTreeMap<String, u64>>,
    obstacles: BTreeSet<Obstacle>,
}

impl Tally {
    pub(super) fn count(&mut self, what: &'static str, why: &str) {
        *self.counts.entry(what).or_default().entry(why.to_string()).or_default() += 1;
    }

    pub(super) fn stumble(&mut self, obstacle: Obstacle) {
        self.obstacles.insert(obstacle);
    }

    pub(super) fn has_wrapped(&self) -> bool {
        self.counts.contains_key(WRAPPED)
    }

    /// `3 wrapped (md5crypt 2, phpass 1), 1 left as they are (locked 1), 0 not wrapped`
    pub(super) fn report(&self) -> String {
        let group = |(what, told): (&str, &str)| {
            let counts = self.counts.get(what);
            let total: u64 = counts.map_or(0, |counts| counts.values().sum());
            let parts: Vec<String> =
                counts.into_iter().flatten().map(|(why, count)| format!("{why} {count}")).collect();
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
            format!("{total} {told}{parts}")
        };
        [(WRAPPED, "wrapped"), (KEPT, "left as they are"), (REFUSED, "not wrapped")].map(group).join(", ")
    }

    pub(super) fn to_detail(&self) -> Detail {
        let mut detail = Detail::default();
        for what in [WRAPPED, KEPT, REFUSED] {
            let counts = self.counts.get(what).cloned().unwrap_or_default();
            detail.set(what, serde_json::json!(counts));
        }
        detail
    }

    /// What to do about those that were not wrapped.
    pub(super) fn hint(&self, target: &Target) -> String {
        let cure = |obstacle: &Obstacle| {
            match obstacle {
            Obstacle::OtherChecks => cure_of_other_checks(target),
            Obstacle::Format => "Of a format that does not wrap: the next login replaces such a hash, or a \
                                 \"forgot password\" (ferry.prepare_reset, ferry.set_password)."
                .to_string(),
            Obstacle::Unreadable => "Of no format that is known for sure: no login can check such a hash either. \
                                     ferry.identify_hash tells what it may be; ferry.import brings hashes together \
                                     with what verifies them."
                .to_string(),
            Obstacle::Limit => "Over a limit: a superuser can raise the setting ferry.max_… of that name.".to_string(),
            Obstacle::Width => cure_of_width(target),
            Obstacle::InUse => "In use: other transactions have locked these users; call it again, from the start."
                .to_string(),
            Obstacle::Altered => format!(
                "Altered: a trigger, a rule or the view stores something else in column \"{}\" of {} than was written, \
                 so nothing was. Drop what hashes passwords there: pg_ferry does.",
                target.row.hash_column, target.relation.title
            ),
            Obstacle::Swallowed => format!(
                "Swallowed: a trigger or a row security policy of {} keeps role \"{}\" of run_as from changing these.",
                target.relation.title, target.actor.role_name
            ),
            Obstacle::Write => "Not written: see what raises this SQLSTATE, such as a trigger or a constraint of the \
                                users table."
                .to_string(),
        }
        };
        self.obstacles.iter().map(cure).collect::<Vec<_>>().join(" ")
    }
}

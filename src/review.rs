//! Users about whom somebody must decide whether they are the same person (`ferry.review`).

use crate::spi::identity;
use crate::spi::plan::{self, Arg};
use crate::spi::types::TEXT;

/// What somebody has decided.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Adopt,
    Insert,
    Refuse,
}

/// What was decided of a legacy user and a user here; `None` where nothing was yet.
pub(crate) fn ruling(source: &str, key: &str, user_id: &str) -> Option<Ruling> {
    let sql = "SELECT decision FROM ferry.review WHERE source = $1 AND legacy_key = $2 AND user_id = $3";
    let arguments = [Arg::Text(source), Arg::Text(key), Arg::Text(user_id)];
    let rows = identity::as_ferry(|| plan::query(sql, &[TEXT; 3], &arguments));
    match plan::first(rows)?.as_str() {
        "adopt" => Some(Ruling::Adopt),
        "insert" => Some(Ruling::Insert),
        _ => Some(Ruling::Refuse),
    }
}

/// Asks for a decision, unless that was done before.
pub(crate) fn send(source: &str, key: &str, target: &str, user_id: &str, found_by: &str, reason: &str) {
    let sql = "INSERT INTO ferry.review AS r (source, legacy_key, target, user_id, found_by, reason) \
               VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (source, legacy_key) DO UPDATE \
               SET target = excluded.target, user_id = excluded.user_id, found_by = excluded.found_by, \
                   reason = excluded.reason, noted_at = excluded.noted_at, decision = NULL \
               WHERE r.user_id <> excluded.user_id";
    let arguments = [source, key, target, user_id, found_by, reason].map(Arg::Text);
    identity::as_ferry(|| plan::query(sql, &[TEXT; 6], &arguments));
}

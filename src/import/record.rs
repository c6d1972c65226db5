//! What an import keeps of those whom it refused (`ferry.import_reject`).

use super::{Batch, Import};
use crate::flow::Why;
use crate::link;
use crate::spi::identity;
use crate::spi::plan::{self, Arg, Plan};
use crate::spi::types::{BOOL, LONG, TEXT, TEXTS};
use serde_json::{Value, json};
use std::cell::OnceCell;

/// A legacy user who was not moved, and why.
pub(crate) struct Reject {
    key: String,
    why: Why,
}

impl Reject {
    pub(super) fn new(key: &str, why: Why) -> Reject {
        Reject { key: key.to_string(), why }
    }

    /// Of somebody whose key no index takes.
    pub(super) fn long_key(key: &str, source: &str) -> Reject {
        Reject::new(&link::noted_key(key), Why::of("long_key").source(source))
    }

    /// Whether this may be the matter of config rather than of the row: something is not there, or not allowed, or of
    /// another type.
    pub(super) fn blames_config(&self) -> bool {
        let state = self.why.sqlstate().unwrap_or_default();
        state.starts_with("42") || state == "0A000"
    }
}

/// Writes down who was refused and who no longer is.
pub(super) fn keep(batch: &Batch, import: &Import) {
    if import.rejects.is_empty() && (import.settled.is_empty() || batch.dry_run) {
        return;
    }
    let rejects: Vec<Value> = import.rejects.iter().map(document).collect();
    let document = Value::Array(rejects).to_string();
    let arguments = [
        Arg::Long(batch.run),
        Arg::Text(&batch.source),
        Arg::Bool(batch.dry_run),
        Arg::Text(&document),
        Arg::Texts(&import.settled),
    ];
    identity::as_ferry(|| {
        let sql = "SELECT ferry._import_note($1, $2, $3, $4::jsonb, $5)";
        plan::query(sql, &[LONG, TEXT, BOOL, TEXT, TEXTS], &arguments)
    });
}

fn document(reject: &Reject) -> Value {
    json!({ "legacy_key": reject.key, "user_id": reject.why.user_id, "detail": reject.why.to_json() })
}

/// Settles whom a run could not delete or deactivate, and who need not be any more.
pub(super) fn settle_partings(source: &str, keys: &[Option<String>]) {
    let sql = "UPDATE ferry.import_reject i SET settled_at = clock_timestamp() FROM ferry.import_run r \
               WHERE i.source = $1 AND i.legacy_key = ANY ($2) AND i.settled_at IS NULL \
                 AND r.id = i.run AND r.operation IN ('delete', 'deactivate')";
    identity::as_ferry(|| plan::query(sql, &[TEXT, TEXTS], &[Arg::Text(source), Arg::Texts(keys)]));
}

thread_local! {
    static SETTLE_MOVED: OnceCell<Plan> = const { OnceCell::new() };
}

/// Settles what was refused of somebody who has been moved by a login.
pub(crate) fn settle_moved(source: &str, key: &str) {
    let sql = "UPDATE ferry.import_reject SET settled_at = clock_timestamp() \
               WHERE source = $1 AND legacy_key = $2 AND settled_at IS NULL";
    plan::kept(&SETTLE_MOVED, sql, &[TEXT; 2], |plan| plan.count(&[Arg::Text(source), Arg::Text(key)]));
}

/// The next keys of those who were refused before a run.
pub(super) fn refused_keys(source: &str, run: i64, after: Option<&str>, rows: i64) -> Vec<Option<String>> {
    let arguments = [Arg::Text(source), Arg::Long(run), Arg::from(after), Arg::Long(rows)];
    let found = identity::as_ferry(|| {
        let sql = "SELECT legacy_key FROM ferry._import_refused($1, $2, $3, $4)";
        plan::query(sql, &[TEXT, LONG, TEXT, LONG], &arguments)
    });
    found.into_iter().map(|row| row.into_iter().flatten().next()).collect()
}

//! What an import keeps of those whom it refused (`ferry.import_reject`).

use super::{Batch, Import};
use crate::flow::Why;
use crate::spi::identity;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{BOOL, LONG, TEXT, TEXTS};
use serde_json::{Value, json};

/// A legacy user who was not moved, and why.
pub(crate) struct Reject {
    key: String,
    why: Why,
}

impl Reject {
    pub(super) fn new(key: &str, why: Why) -> Reject {
        Reject { key: key.to_string(), why }
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

/// The next keys of those who are refused.
pub(super) fn refused_keys(source: &str, batch: &Batch, rows: i64) -> Vec<Option<String>> {
    let range = &batch.range;
    let arguments =
        [Arg::Text(source), Arg::Long(batch.run), Arg::from(range.after.as_deref()), Arg::Long(rows)];
    let found = identity::as_ferry(|| {
        let sql = "SELECT legacy_key FROM ferry._import_refused($1, $2, $3, $4)";
        plan::query(sql, &[TEXT, LONG, TEXT, LONG], &arguments)
    });
    found.into_iter().map(|row| row.into_iter().flatten().next()).collect()
}

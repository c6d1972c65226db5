//! What can be said once all rows of the source were read: about the password, about columns, and how long a move takes.

use super::wording::{rule_detail, rule_name};
use super::{Assessment, Line};
use crate::check::Finding;
use crate::config::{self, Point};
use crate::lint::index;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg};
use crate::spi::types::TEXT;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// What writing one user takes beside making its values, in milliseconds: from a table without much on it, on a fast disk,
/// to one with indexes and triggers.
const WRITE_MS: (f64, f64) = (0.1, 2.0);

impl Assessment {
    /// What can be said once all rows were read.
    pub(super) fn conclude(&mut self) {
        let rows = self.tally.rows("row", "read");
        self.ready.extend(std::mem::take(&mut self.tally).into_lines());
        if rows == 0 {
            self.ready.push_back(Line::of("row", "read").counted(0));
        }
        let (_, about_password) = self.source.rules.by_need();
        for rule in about_password {
            let line = Line::of("rule", rule_name(rule)).detailed(rule_detail(rule));
            self.ready.push_back(line.hinted("It is about the password: only a login can tell."));
        }
        self.tell_columns();
        self.estimate(rows);
    }

    fn tell_columns(&mut self) {
        let legacy = self.source.row.relation.clone().unwrap_or_default();
        for column in self.source.unread_columns() {
            let line = Line::of("column", format!("{column} of {legacy} is read by nothing"));
            self.ready.push_back(line.hinted("Map it if it is to be kept: the legacy system will be gone."));
        }
        let users = &self.target.relation.title;
        for column in &self.judge.constraints.unfilled {
            let line = Line::of("column", format!("{column} of {users} is filled by nothing"));
            self.ready.push_back(line.hinted("Map it in ferry.mapping, or give it a default."));
        }
        let of_adopted = self.judge.changed.get().map(|changed| &changed.unforeseen[..]).unwrap_or_default();
        let unforeseen = self.judge.constraints.unforeseen.iter().chain(of_adopted);
        for what in unforeseen.collect::<BTreeSet<_>>() {
            let line = Line::of("constraint", format!("{what}: not foreseen"));
            self.ready.push_back(line.hinted("It depends on what only a real INSERT or UPDATE knows."));
        }
        self.tell_company();
        let unindexed = index::of_source(&self.source).into_iter().chain(index::of_target(&self.target));
        for Finding { object, problem, hint, .. } in unindexed {
            let line = Line::of("index", problem).detailed(json!({ "object": object }));
            self.ready.push_back(Line { hint, ..line });
        }
    }

    /// What comes with a user and is not tried here.
    fn tell_company(&mut self) {
        let rows = config::rows();
        let (source, target) = (&self.source.row.name, &self.target.row.name);
        let children = rows.children.iter().filter(|child| child.source == *source);
        let children = children.map(|child| format!("child {}", child.name));
        let hooks = rows.hooks.iter().filter(|hook| {
            hook.enabled && hook.target == *target && hook.is_about(source) && hook.point != Point::OnFailure
        });
        let hooks = hooks.map(|hook| format!("hook {}", hook.name));
        for what in children.chain(hooks) {
            let line = Line::of("constraint", format!("{what}: not foreseen"));
            self.ready.push_back(
                line.hinted("It is tried for one person by ferry.explain_login, as far as it can be."),
            );
        }
    }

    /// How long moving all at once would take, and what each first login costs.
    fn estimate(&mut self, rows: i64) {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let each = milliseconds(self.spent) / (rows.max(1) as f64);
        let total = self.known_total(rows);
        let takes = |write: f64| (each + write) * total as f64 / 1000.0;
        let detail = json!({
            "rows": total,
            "seconds_at_least": rounded(takes(WRITE_MS.0)),
            "seconds_at_most": rounded(takes(WRITE_MS.1)),
            "measured_ms_per_row": rounded(each),
            "assumed_ms_to_write": [WRITE_MS.0, WRITE_MS.1],
        });
        let line = Line::of("estimate", "moving all rows at once, without hashing").detailed(detail);
        self.ready.push_back(line.counted(total));
        let detail = json!({ "policy": self.target.policy.to_string(), "measured_ms": rounded(milliseconds(self.hashing)) });
        self.ready.push_back(Line::of("estimate", "the new hash at each first login").detailed(detail));
    }

    /// The rows of all of the source, where only some were read and its statistics tell.
    fn known_total(&self, rows: i64) -> i64 {
        if self.limit.is_none_or(|limit| rows < limit) {
            return rows;
        }
        let sql = "SELECT reltuples::pg_catalog.int8 FROM pg_catalog.pg_class \
                   WHERE oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)";
        let relation = self.source.row.relation.as_deref().unwrap_or_default();
        let found = self
            .source
            .actor()
            .attempt(Reach::Evaluate, || plan::query(sql, &[TEXT], &[Arg::Text(relation)]))
            .unwrap_or_default();
        let known = plan::first(found).and_then(|text| text.parse::<i64>().ok());
        known.unwrap_or(rows).max(rows)
    }
}

/// Three digits are all that an estimate is worth.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

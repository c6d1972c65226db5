//! What a source's statements would meet, found by EXPLAIN: it plans and starts them but runs nothing. No server is
//! contacted: what would be planned by asking one is not explained.

use super::{Source, Store};
use crate::catalog::{Actor, Relation};
use crate::config_sql::{self, Lookup, Scope};
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning};
use crate::spi::types::{self, KeyType, LONG, Oid, TEXT};
use crate::sql::{Expression, list};
use serde_json::Value;

/// What the far end is not asked to do, although it looks as if it were.
pub(crate) enum Unpushed {
    /// The look-up itself: every login fetches the whole table.
    Login(String),
    /// The filter: rows that it leaves out are fetched first.
    Filter,
}

impl Source {
    /// Starts what it evaluates on each row: a function that may not be executed is an error only then.
    pub(crate) fn may_run(&self) -> Result<(), SqlError> {
        let scope = Scope::of_row(self.rows.row_type, "l");
        let from = scope.checked_from + &config_sql::unknown_password();
        let filter = self.row.filter.as_ref().map(|filter| Expression(filter.clone()).to_string());
        let others =
            self.transfer.expressions().chain(self.rules.expressions()).chain(self.particulars.all());
        let others = others.map(ToString::to_string);
        let further = list(filter.into_iter().chain(others));
        let described = self.describe_sql(&from);
        let sql = match further.is_empty() {
            true => described,
            false => described.replacen("SELECT ", &format!("SELECT {further}, "), 1),
        };
        self.actor.attempt(Reach::Evaluate, || {
            explain(&sql, &[], &[]);
        })?;
        let Some(scope) = &self.scope else { return Ok(()) };
        let sql = format!("SELECT {scope} {}", Scope::of_login().checked_from);
        self.actor.attempt(Reach::Evaluate, || {
            explain(&sql, &[], &[]);
        })
    }

    /// The expressions of its mappings and rules, to be searched.
    pub(crate) fn config_text(&self) -> String {
        self.transfer.expressions().chain(self.rules.expressions()).map(ToString::to_string).collect()
    }

    /// What postgres_fdw evaluates here. Of other wrappers nothing is known without asking their servers.
    pub(crate) fn unpushed(&self) -> Vec<Unpushed> {
        let Store::Relation(store) = &self.store else { return Vec::new() };
        if !self.is_planned_here() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for lookup in &self.lookups {
            let is_filtered_here = |sql: &str| {
                let explained = self.actor.attempt(Reach::Evaluate, || explain_as_json(sql, &lookup.key));
                explained.is_ok_and(|document| filters_a_foreign_scan(&document))
            };
            let (login, filtered) = store.statements(lookup);
            if is_filtered_here(&login) {
                found.push(Unpushed::Login(lookup.sql.clone()));
            } else if filtered.is_some_and(|sql| is_filtered_here(&sql)) {
                found.push(Unpushed::Filter);
                break;
            }
        }
        found
    }

    /// A foreign table of postgres_fdw that is planned without remote estimates.
    fn is_planned_here(&self) -> bool {
        let sql = "SELECT FROM pg_foreign_table f \
             JOIN pg_foreign_server s ON s.oid = f.ftserver \
             JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'postgres_fdw' \
             JOIN pg_class c ON c.oid = f.ftrelid AND c.reltype = $1::oid \
             WHERE NOT EXISTS (SELECT FROM unnest(s.srvoptions || f.ftoptions) o \
                               WHERE o LIKE 'use_remote_estimate=%' AND o NOT SIMILAR TO '%=(false|off|no|0)')";
        let row_type = Arg::Long(i64::from(self.rows.row_type.to_u32()));
        !identity::as_ferry(|| plan::query(sql, &[LONG], &[row_type])).is_empty()
    }
}

/// Explains a statement that reads no foreign table; others are left alone.
pub(crate) fn explain(sql: &str, types: &[Oid], arguments: &[Arg<'_>]) {
    if !Plan::prepare(sql, types, Planning::Auto).reads_foreign_tables() {
        plan::query(&format!("EXPLAIN (COSTS OFF) {sql}"), types, arguments);
    }
}

fn explain_as_json(sql: &str, key: &KeyType) -> Value {
    // A value of whatever type: for null the planner would ask nobody.
    const ANY: [&str; 3] = ["1", "2000-01-01", "00000000-0000-0000-0000-000000000000"];
    let value = ANY.iter().find_map(|text| types::cast(text, key)).map_or(Arg::Null, Arg::Value);
    let rows = plan::query(&format!("EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) {sql}"), &[key.oid], &[value]);
    let text = plan::first(rows).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn filters_a_foreign_scan(document: &Value) -> bool {
    match document {
        Value::Array(items) => items.iter().any(filters_a_foreign_scan),
        Value::Object(node) => {
            node.get("Node Type").is_some_and(|kind| kind == "Foreign Scan") && node.contains_key("Filter")
                || node.values().any(filters_a_foreign_scan)
        }
        _ => false,
    }
}

/// Whether all of a table of this database is read to look one row up.
pub(crate) fn reads_all(relation: &Relation, lookup: &Lookup, alias: &str, actor: &Actor) -> bool {
    let sql = format!("SELECT FROM ONLY {} AS {alias} WHERE {}", relation.name, lookup.is_parameter());
    let explained = actor.attempt(Reach::Evaluate, || {
        identity::with_setting("enable_seqscan", "off", || explain_as_json(&sql, &lookup.key))
    });
    explained.is_ok_and(|document| filters_whole_tables(&document))
}

fn filters_whole_tables(document: &Value) -> bool {
    match document {
        Value::Array(items) => items.iter().any(filters_whole_tables),
        Value::Object(node) => {
            node.contains_key("Filter")
                && !["Index Cond", "Recheck Cond"].iter().any(|key| node.contains_key(*key))
                || node.values().any(filters_whole_tables)
        }
        _ => false,
    }
}

/// The functions that a role may not execute and that a piece of config SQL names.
pub(crate) fn forbidden_functions(role: &str, text: &str) -> Vec<String> {
    let sql = "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles r ON r.rolname = $1 \
               WHERE NOT has_function_privilege(r.oid, p.oid, 'EXECUTE') AND position(p.proname in lower($2)) > 0 \
               ORDER BY 1";
    let rows = identity::as_ferry(|| plan::query(sql, &[TEXT, TEXT], &[Arg::Text(role), Arg::Text(text)]));
    rows.into_iter().flatten().flatten().collect()
}

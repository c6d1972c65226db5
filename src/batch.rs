//! Config SQL over many rows at once: as one query and, where that fails, over halves of them, down to the row that fails.

use crate::catalog::Actor;
use crate::error::must_reach_caller;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{Arg, Plan, Planning, Row, Value};
use crate::spi::types::{self, Oid, TEXTS};
use std::cell::OnceCell;

/// A query with one line of results for each row: `$1` is the array of rows, and `$2` may be one of as many texts.
pub(crate) struct Batch {
    sql: String,
    row_type: Oid,
    has_texts: bool,
    plan: OnceCell<Plan>,
}

impl Batch {
    pub(crate) fn new(sql: String, row_type: Oid) -> Batch {
        Batch { sql, row_type, has_texts: false, plan: OnceCell::new() }
    }

    pub(crate) fn with_texts(self) -> Batch {
        Batch { has_texts: true, ..self }
    }

    /// What the query says of each row, in their order.
    pub(crate) fn evaluate(&self, rows: &[Value], actor: &Actor) -> Vec<Result<Row, SqlError>> {
        self.evaluate_with(rows, &[], actor)
    }

    /// The same with a text for each row.
    pub(crate) fn evaluate_with(
        &self,
        rows: &[Value],
        texts: &[Option<String>],
        actor: &Actor,
    ) -> Vec<Result<Row, SqlError>> {
        if rows.is_empty() {
            return Vec::new();
        }
        match self.evaluate_all(rows, texts, actor) {
            Ok(lines) => lines.into_iter().map(Ok).collect(),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) if rows.len() == 1 => vec![Err(error)],
            Err(_) => {
                let (left, right) = rows.split_at(rows.len() / 2);
                let (first, second) = texts.split_at(left.len().min(texts.len()));
                let mut lines = self.evaluate_with(left, first, actor);
                lines.extend(self.evaluate_with(right, second, actor));
                lines
            }
        }
    }

    /// The same, or the error that any of the rows raises.
    pub(crate) fn evaluate_all(
        &self,
        rows: &[Value],
        texts: &[Option<String>],
        actor: &Actor,
    ) -> Result<Vec<Row>, SqlError> {
        actor.attempt(Reach::Evaluate, || {
            let plan = self.plan.get_or_init(|| self.prepare());
            let array = Arg::Value(Value::array(rows, self.row_type));
            if self.has_texts { plan.rows(&[array, Arg::Texts(texts)]) } else { plan.rows(&[array]) }
        })
    }

    /// Raises what is wrong with the query.
    pub(crate) fn prepare(&self) -> Plan {
        let array = types::array_of(self.row_type);
        let types = [array, TEXTS];
        Plan::prepare(&self.sql, &types[..1 + usize::from(self.has_texts)], Planning::Auto)
    }
}

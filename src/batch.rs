//! Config SQL over many rows at once: as one query and, where that fails, over halves of them, down to the row that fails.

use crate::catalog::Actor;
use crate::error::must_reach_caller;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{Arg, Plan, Planning, Row, Value};
use crate::spi::types::{self, Oid, TEXT};
use std::cell::OnceCell;

/// A query with one line of results for each row: `$1` is the array of rows, and there may be a text in `$2`.
pub(crate) struct Batch {
    sql: String,
    row_type: Oid,
    text: Option<String>,
    plan: OnceCell<Plan>,
}

impl Batch {
    pub(crate) fn new(sql: String, row_type: Oid) -> Batch {
        Batch { sql, row_type, text: None, plan: OnceCell::new() }
    }

    pub(crate) fn with_text(self, text: String) -> Batch {
        Batch { text: Some(text), ..self }
    }

    /// What the query says of each row, in their order.
    pub(crate) fn evaluate(&self, rows: &[Value], actor: &Actor) -> Vec<Result<Row, SqlError>> {
        if rows.is_empty() {
            return Vec::new();
        }
        let evaluated = actor.attempt(Reach::Evaluate, || {
            let plan = self.plan.get_or_init(|| self.prepare());
            let array = Arg::Value(Value::array(rows, self.row_type));
            match &self.text {
                Some(text) => plan.rows(&[array, Arg::Text(text)]),
                None => plan.rows(&[array]),
            }
        });
        match evaluated {
            Ok(lines) => lines.into_iter().map(Ok).collect(),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) if rows.len() == 1 => vec![Err(error)],
            Err(_) => {
                let (left, right) = rows.split_at(rows.len() / 2);
                let mut lines = self.evaluate(left, actor);
                lines.extend(self.evaluate(right, actor));
                lines
            }
        }
    }

    /// Raises what is wrong with the query.
    pub(crate) fn prepare(&self) -> Plan {
        let array = types::array_of(self.row_type);
        let types = [array, TEXT];
        Plan::prepare(&self.sql, &types[..1 + usize::from(self.text.is_some())], Planning::Auto)
    }
}

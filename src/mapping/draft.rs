//! The row that is about to be written, as a value: hooks may change it before it is.

use super::{Mapped, Transfer, Written, made, nothing, returning, set_clause, written};
use crate::catalog::Column;
use crate::config_sql::{self, Scope};
use crate::spi::identity::Reach;
use crate::spi::plan::{Arg, Plan, Planning, Value};
use crate::spi::types::{self, TEXT};
use crate::sql::{Ident, list};
use crate::target::{Target, User};

/// A user's row, and the columns of it that will be written.
pub(crate) struct Draft {
    pub(crate) row: Value,
    pub(crate) columns: Vec<String>,
}

impl Transfer {
    /// The row as the mappings make it: of a new user only what is mapped, of one who is adopted all that will be
    /// there. Runs as [`Transfer::insert`] does. `None` where the user is gone.
    pub(crate) fn draft(&self, target: &Target, row: Value, adopting: Option<&User>) -> Option<Draft> {
        let writes = |mapped: &Mapped| {
            let value = match adopting {
                Some(_) => mapped.adopted.clone()?,
                None => mapped.expression.to_string(),
            };
            Some((mapped.column.name.clone(), config_sql::assigned(&value, &mapped.column)))
        };
        let written: Vec<Field> = self.mapped.iter().filter_map(writes).collect();
        let draft = draft_sql(target, &written, adopting.is_some());
        let row = target.actor.act(Reach::Write, || match adopting {
            None => {
                let sql = format!("{draft} {}", Scope::of_row(self.row_type, "l").from);
                Plan::prepare(&sql, &[self.row_type], Planning::Auto).values(&[Arg::Value(row)]).pop()
            }
            Some(user) => {
                let id = types::cast(&user.id, &target.id_lookup().key)?;
                let lookup = target.id_lookup();
                let made = self.made(self.mapped.iter().filter(|mapped| mapped.adopted.is_some()));
                // What is seen here is still so when it is written. Views may not be lockable.
                let lock =
                    if matches!(target.relation.kind, 'r' | 'p') { "FOR NO KEY UPDATE OF u" } else { "" };
                let sql = format!(
                    "{draft} {made}, {} AS u WHERE {} {} $2 {lock}",
                    target.relation.name, lookup.sql, lookup.key.equals
                );
                let plan = Plan::prepare(&sql, &[self.row_type, lookup.key.oid], Planning::Auto);
                plan.values(&[Arg::Value(row), Arg::Value(id)]).pop()
            }
        })?;
        Some(Draft { row, columns: written.into_iter().map(|(name, _)| name).collect() })
    }

    /// Writes the user as the draft says, as [`Transfer::insert`] and [`Transfer::adopt`] do.
    pub(crate) fn write_draft(
        &self,
        target: &Target,
        draft: &Draft,
        hash: &str,
        adopting: Option<&User>,
    ) -> Option<Written> {
        let row_type = target.relation.row_type;
        let from = Scope::of_row(row_type, "r").from;
        let hash_column = Ident(target.row.hash_column.clone());
        let columns = draft.columns.iter().filter_map(|name| target.relation.column(name));
        let columns: Vec<&Column> = columns.collect();
        target.actor.act(Reach::Write, || {
            let row = Arg::Value(draft.row);
            let Some(user) = adopting else {
                let names = || columns.iter().map(|column| Ident(column.name.clone()));
                let sql = format!(
                    "INSERT INTO {} AS u ({}) SELECT {} {from} RETURNING {}",
                    target.relation.name,
                    list(names().chain([hash_column])),
                    list(names().map(|column| format!("r.{column}")).chain(["$2".to_string()])),
                    returning(target)
                );
                let plan = Plan::prepare(&sql, &[row_type, TEXT], Planning::Auto);
                return written(plan.rows(&[row, Arg::Text(hash)]));
            };
            let lookup = target.id_lookup();
            let id = types::cast(&user.id, &lookup.key)?;
            let sets = columns.iter().filter_map(|column| set_clause(column, Some(&made::value(column))));
            let sql = format!(
                "UPDATE {} AS u SET {} {} WHERE {} {} $4 AND {} RETURNING {}",
                target.relation.name,
                list([format!("{hash_column} = $2")].into_iter().chain(sets)),
                made::from_draft(&columns, &from),
                lookup.sql,
                lookup.key.equals,
                target.hash_is("$3"),
                returning(target)
            );
            let plan = Plan::prepare(&sql, &[row_type, TEXT, TEXT, lookup.key.oid], Planning::Auto);
            written(plan.rows(&[row, Arg::Text(hash), Arg::from(user.hash.as_deref()), Arg::Value(id)]))
        })
    }
}

/// A column's name, and the SQL of its value.
type Field = (String, String);

/// Each mapping is evaluated once, and is what an assignment makes of it: what a hook sees is what is written, and what it
/// leaves alone is what it would be without it.
fn draft_sql(target: &Target, written: &[Field], is_here: bool) -> String {
    let value = |column: &Column| match written.iter().find(|(name, _)| *name == column.name) {
        Some((_, value)) => value.clone(),
        None if is_here => format!("u.{}", Ident(column.name.clone())),
        None => nothing(column, target),
    };
    format!("SELECT ROW({})::{}", list(target.relation.columns.iter().map(value)), target.relation.name)
}

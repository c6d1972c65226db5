//! What mappings come to, one by one: for whoever wants to see them, or to know which of them fails. Nothing is written.

use super::{Change, Field, Mapped, Transfer, differs};
use crate::catalog::Column;
use crate::config_sql::{self, Scope};
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value};
use crate::spi::types;
use crate::target::{Target, User};

impl Transfer {
    /// The values that would be written, as column and text: for a new user, or for the one who would
    /// be adopted. Nothing is written.
    pub(crate) fn preview(
        &self,
        target: &Target,
        row: Value,
        adopting: Option<&User>,
    ) -> Result<Vec<Field>, (String, SqlError)> {
        let Some(user) = adopting else {
            return self.mapped.iter().map(|mapped| self.evaluate(target, mapped, row)).collect();
        };
        let adopted = self.changed_by(Change::Adopt);
        adopted.map(|(mapped, value)| self.evaluate_for(target, mapped, value, row, user)).collect()
    }

    /// The values that would be brought up to date: those that differ from what is there.
    pub(crate) fn preview_refresh(
        &self,
        target: &Target,
        row: Value,
        user: &User,
    ) -> Result<Vec<Field>, (String, SqlError)> {
        let mut fields = Vec::new();
        for (mapped, value) in self.changed_by(Change::Refresh) {
            let field = self.evaluate_for(target, mapped, value, row, user)?;
            let differs = differs(&mapped.column, value);
            if self.ask_for(target, mapped, &differs, row, user)?.1.as_deref() == Some("true") {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// The first column that cannot be brought up to date.
    pub(crate) fn failing_refresh(&self, target: &Target, row: Value, user: &User) -> Option<String> {
        let refreshed = self.changed_by(Change::Refresh);
        let mut values = refreshed.map(|(mapped, value)| self.evaluate_for(target, mapped, value, row, user));
        values.find_map(Result::err).map(|(column, _)| column)
    }

    /// Evaluates one mapping alone, and casts its value as the column would.
    fn evaluate(&self, target: &Target, mapped: &Mapped, row: Value) -> Result<Field, (String, SqlError)> {
        let value = config_sql::assigned(&mapped.expression, &mapped.column);
        let sql = format!("SELECT ({value})::pg_catalog.text {}", Scope::of_row(self.row_type, "l").from);
        field(target, &mapped.column, || plan::query(&sql, &[self.row_type], &[Arg::Value(row)]))
    }

    /// The same of what a user who is here would get.
    fn evaluate_for(
        &self,
        target: &Target,
        mapped: &Mapped,
        value: &str,
        row: Value,
        user: &User,
    ) -> Result<Field, (String, SqlError)> {
        self.ask_for(target, mapped, &config_sql::assigned(&value, &mapped.column), row, user)
    }

    /// What something over the user and what the mapping makes comes to.
    fn ask_for(
        &self,
        target: &Target,
        mapped: &Mapped,
        value: &str,
        row: Value,
        user: &User,
    ) -> Result<Field, (String, SqlError)> {
        let id = target.id_lookup();
        let sql = format!(
            "SELECT ({value})::pg_catalog.text {}, {} AS u WHERE {} {} $2",
            self.made([mapped]),
            target.relation.name,
            id.sql,
            id.key.equals
        );
        field(target, &mapped.column, || {
            let user_id = types::cast(&user.id, &id.key).map_or(Arg::Null, Arg::Value);
            plan::query(&sql, &[self.row_type, id.key.oid], &[Arg::Value(row), user_id])
        })
    }
}

/// What evaluating a column came to.
fn field(
    target: &Target,
    column: &Column,
    evaluate: impl FnOnce() -> Vec<plan::Row>,
) -> Result<Field, (String, SqlError)> {
    let values = target.actor.attempt(Reach::Evaluate, evaluate);
    match values {
        Ok(values) => Ok((column.name.clone(), plan::first(values))),
        Err(error) => Err((column.name.clone(), error)),
    }
}

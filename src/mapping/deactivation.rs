//! Putting a user out of use who is gone from the source: what `deactivate` of `ferry.source` writes, over the user's own
//! row.

use super::Opening;
use crate::catalog::{Column, Relation};
use crate::config::SourceRow;
use crate::config_sql::{self, Scope};
use crate::error::Refusal;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan, Planning};
use crate::spi::types;
use crate::sql::{Expression, Ident, list};
use crate::target::Target;

/// The columns that are written, each with its value as SQL over `u`.
pub(crate) struct Deactivation(Vec<(Column, Expression)>);

impl Deactivation {
    /// Checks each column and expression, and that the one fits the other.
    pub(crate) fn open(
        source: &SourceRow,
        from: &Relation,
        target: &Target,
    ) -> Result<Option<Deactivation>, Refusal> {
        let Some(written) = &source.deactivate else { return Ok(None) };
        let scope = Scope::of_row(target.relation.row_type, "u");
        let opening = Opening { source, from, target, scope };
        let place = format!("source {}, deactivate", source.name);
        let open = |(name, text): (&String, &String)| opening.deactivated(name, text, &place);
        written.iter().map(open).collect::<Result<_, _>>().map(Deactivation).map(Some)
    }

    /// Writes them; tells how many users that were. Runs with the actor's rights and without a net: the caller has one.
    pub(crate) fn write(&self, target: &Target, user_id: &str) -> u64 {
        let lookup = target.id_lookup();
        let Some(id) = types::cast(user_id, &lookup.key) else { return 0 };
        let sets = self.0.iter().map(|(column, value)| format!("{} = {value}", Ident(column.name.clone())));
        let sql = format!(
            "UPDATE {} AS u SET {} WHERE {}",
            target.relation.name,
            list(sets),
            lookup.is_parameter()
        );
        target.actor.act(Reach::Write, || {
            Plan::prepare(&sql, &[lookup.key.oid], Planning::Auto).count(&[Arg::Value(id)])
        })
    }

    /// The first column whose value cannot be computed for a user.
    pub(crate) fn failing(&self, target: &Target, user_id: &str) -> Option<&str> {
        let fails = |(column, value): &&(Column, Expression)| {
            self.evaluate(target, &config_sql::assigned(value, column), user_id).is_err()
        };
        self.0.iter().find(fails).map(|(column, _)| column.name.as_str())
    }

    fn evaluate(&self, target: &Target, value: &str, user_id: &str) -> Result<(), SqlError> {
        let lookup = target.id_lookup();
        let Some(id) = types::cast(user_id, &lookup.key) else { return Ok(()) };
        let sql =
            format!("SELECT {value} FROM {} AS u WHERE {}", target.relation.name, lookup.is_parameter());
        target.actor.attempt(Reach::Evaluate, || {
            plan::query(&sql, &[lookup.key.oid], &[Arg::Value(id)]);
        })
    }
}

impl Opening<'_> {
    fn deactivated(&self, name: &str, text: &str, place: &str) -> Result<(Column, Expression), Refusal> {
        let column = self.writable_column(name, place)?;
        let place = format!("{place}, {name}");
        let (expression, type_oid) =
            config_sql::typed_expression(text, &place, &self.scope, &self.target.actor)?;
        let table = &self.target.relation.name;
        let update = format!("UPDATE {table} AS u SET {} = {expression}", Ident(name.to_string()));
        let fits = self.target.actor.attempt(Reach::Evaluate, || {
            drop(Plan::prepare(&update, &[], Planning::Auto));
        });
        fits.map_err(|error| self.misfit(&place, error, type_oid, &column))?;
        Ok((column, expression))
    }
}

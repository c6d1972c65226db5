//! Turning a legacy row into a user: the mappings of one source as one statement.

use crate::catalog::{self, Column, Relation, Scope};
use crate::config::{MappingRow, OnConflict};
use crate::error::{Kind, Refusal};
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::parse;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types::{self, Oid, TEXT};
use crate::sql::{Expression, Ident, list};
use crate::target::{Target, User};
use std::cell::OnceCell;

/// One mapped column.
struct Mapped {
    column: Column,
    expression: Expression,
    on_conflict: OnConflict,
}

/// All that moving a row of one source takes.
pub(crate) struct Transfer {
    mapped: Vec<Mapped>,
    row_type: Oid,
    insert: OnceCell<Plan>,
    adopt: OnceCell<Plan>,
}

/// A column and the text of its value.
pub(crate) type Field = (String, Option<String>);

/// What a write returned.
pub(crate) struct Written {
    pub(crate) user_id: String,
    pub(crate) is_allowed: bool,
    pub(crate) must_change: bool,
}

impl Transfer {
    /// Checks each mapping: its column, its expression, and that the one fits the other.
    pub(crate) fn open(
        source: &str,
        rows: Vec<MappingRow>,
        from: &Relation,
        target: &Target,
    ) -> Result<Transfer, Refusal> {
        let scope = Scope::of_row(from.row_type, "l");
        let mapped = rows
            .into_iter()
            .map(|row| open_mapping(source, row, &scope, target))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Transfer { mapped, row_type: from.row_type, insert: OnceCell::new(), adopt: OnceCell::new() })
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.mapped.iter().map(|mapped| &mapped.expression)
    }

    /// Writes the user. `None` where no row came back: a trigger or a policy swallowed it. Runs with
    /// the actor's rights and without a net: the caller has one.
    pub(crate) fn insert(&self, target: &Target, row: Value, hash: &str) -> Option<Written> {
        target.actor.act(Reach::Write, || {
            let plan = self.insert.get_or_init(|| {
                Plan::prepare(&self.insert_sql(target), &[self.row_type, TEXT], Planning::Auto)
            });
            written(plan.rows(&[Arg::Value(row), Arg::Text(hash)]))
        })
    }

    /// Gives an existing user the legacy password and what the mappings say, if the hash is still
    /// the one seen.
    pub(crate) fn adopt(&self, target: &Target, row: Value, hash: &str, user: &User) -> Option<Written> {
        let id = types::cast(&user.id, &target.id_lookup().key)?;
        target.actor.act(Reach::Write, || {
            let plan = self.adopt.get_or_init(|| {
                let types = [self.row_type, TEXT, TEXT, target.id_lookup().key.oid];
                Plan::prepare(&self.adopt_sql(target), &types, Planning::Auto)
            });
            let seen = Arg::from(user.hash.as_deref());
            written(plan.rows(&[Arg::Value(row), Arg::Text(hash), seen, Arg::Value(id)]))
        })
    }

    /// What adopting is about to overwrite in a user, as a JSON object of columns; `None` where it is nothing.
    pub(crate) fn will_replace(&self, target: &Target, user: &User) -> Option<String> {
        let replacing = self.mapped.iter().filter(|mapped| mapped.on_conflict != OnConflict::Keep);
        let pairs: Vec<String> = replacing
            .map(|mapped| {
                let name = &mapped.column.name;
                format!("{}, u.{}", parse::quote_literal(name), Ident(name.clone()))
            })
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let id = types::cast(&user.id, &target.id_lookup().key)?;
        let sql = format!(
            "SELECT pg_catalog.jsonb_build_object({})::pg_catalog.text FROM {} AS u WHERE {}",
            pairs.join(", "),
            target.relation.name,
            target.id_lookup().is_parameter()
        );
        let types = [target.id_lookup().key.oid];
        let rows = target.actor.act(Reach::Evaluate, || plan::query(&sql, &types, &[Arg::Value(id)]));
        rows.into_iter().flatten().flatten().next()
    }

    /// The values that would be written, as column and text: for a new user, or for the one who would
    /// be adopted. Nothing is written.
    pub(crate) fn preview(
        &self,
        target: &Target,
        row: Value,
        adopting: Option<&User>,
    ) -> Result<Vec<Field>, (String, SqlError)> {
        self.mapped
            .iter()
            .filter(|mapped| adopting.is_none() || mapped.on_conflict != OnConflict::Keep)
            .map(|mapped| {
                let name = mapped.column.name.clone();
                match self.evaluate(target, mapped, row, adopting) {
                    Ok(value) => Ok((name, value)),
                    Err(error) => Err((name, error)),
                }
            })
            .collect()
    }

    /// Evaluates one mapping alone, and casts its value as the column would.
    fn evaluate(
        &self,
        target: &Target,
        mapped: &Mapped,
        row: Value,
        adopting: Option<&User>,
    ) -> Result<Option<String>, SqlError> {
        if mapped.on_conflict == OnConflict::Fill
            && let Some(user) = adopting
            && let Some(present) = target.column_of(user, &mapped.column.name)?
        {
            return Ok(Some(present));
        }
        target.actor.attempt(Reach::Evaluate, || {
            let from = Scope::of_row(self.row_type, "l").from;
            let sql = format!("SELECT {}::pg_catalog.text {from}", mapped.expression);
            let value = plan::query(&sql, &[self.row_type], &[Arg::Value(row)])
                .into_iter()
                .flatten()
                .flatten()
                .next();
            if let Some(text) = &value {
                types::try_input(text, mapped.column.type_oid, mapped.column.typmod);
            }
            value
        })
    }

    fn insert_sql(&self, target: &Target) -> String {
        let columns = self.mapped.iter().map(|mapped| Ident(mapped.column.name.clone()).to_string());
        let values = self.mapped.iter().map(|mapped| mapped.expression.to_string());
        format!(
            "INSERT INTO {} AS u ({}) SELECT {} {} RETURNING {}",
            target.relation.name,
            list(columns.chain([Ident(target.row.hash_column.clone()).to_string()])),
            list(values.chain(["$2".to_string()])),
            Scope::of_row(self.row_type, "l").from,
            returning(target)
        )
    }

    fn adopt_sql(&self, target: &Target) -> String {
        let hash = format!("{} = $2", Ident(target.row.hash_column.clone()));
        let sets = self
            .mapped
            .iter()
            .filter_map(|mapped| set_clause(&mapped.column.name, &mapped.expression, mapped.on_conflict));
        format!(
            "UPDATE {} AS u SET {} {} WHERE {} {} $4 AND {} RETURNING {}",
            target.relation.name,
            list([hash].into_iter().chain(sets)),
            Scope::of_row(self.row_type, "l").from,
            target.id_lookup().sql,
            target.id_lookup().key.equals,
            target.hash_is("$3"),
            returning(target)
        )
    }
}

/// What adopting does to a column; `None` where it is kept.
fn set_clause(column: &str, expression: &Expression, on_conflict: OnConflict) -> Option<String> {
    let column = Ident(column.to_string());
    match on_conflict {
        OnConflict::Keep => None,
        OnConflict::Overwrite => Some(format!("{column} = {expression}")),
        OnConflict::Fill => Some(format!("{column} = COALESCE(u.{column}, {expression})")),
    }
}

fn returning(target: &Target) -> String {
    list([format!("{}::pg_catalog.text", target.id_lookup().sql), target.state_of_user()])
}

fn written(rows: Vec<Vec<Option<String>>>) -> Option<Written> {
    let mut fields = rows.into_iter().next()?.into_iter();
    let user_id = fields.next()??;
    let mut is_true = || fields.next().flatten().as_deref() == Some("t");
    Some(Written { user_id, is_allowed: is_true(), must_change: is_true() })
}

fn open_mapping(source: &str, row: MappingRow, scope: &Scope, target: &Target) -> Result<Mapped, Refusal> {
    let place = format!("mapping {source}.{}", row.target_column);
    let column = target.relation.need_column(&row.target_column, &place)?.clone();
    if row.target_column == target.row.hash_column {
        return Err(Refusal::new(Kind::Invalid, format!("{place}: the hash column takes no mapping"))
            .hint("pg_ferry writes it; the legacy hash is named in ferry.source.hash."));
    }
    if column.is_generated {
        return Err(Refusal::new(Kind::Invalid, format!("{place}: the column is generated always"))
            .hint("Leave it to PostgreSQL, or make it GENERATED BY DEFAULT."));
    }
    let (expression, type_oid) = catalog::typed_expression(&row.expression, &place, scope, &target.actor)?;
    check_fit(&place, &column, &expression, type_oid, row.on_conflict, scope, target)?;
    Ok(Mapped { column, expression, on_conflict: row.on_conflict })
}

/// Lets PostgreSQL say whether the expression can be assigned to the column.
fn check_fit(
    place: &str,
    column: &Column,
    expression: &Expression,
    type_oid: Oid,
    on_conflict: OnConflict,
    scope: &Scope,
    target: &Target,
) -> Result<(), Refusal> {
    let (table, name, from) = (&target.relation.name, Ident(column.name.clone()), &scope.checked_from);
    let insert = format!("INSERT INTO {table} ({name}) SELECT {expression} {from}");
    let update = set_clause(&column.name, expression, on_conflict)
        .map(|set| format!("UPDATE {table} AS u SET {set} {from}"));
    let fits = target.actor.attempt(Reach::Evaluate, || {
        for sql in [Some(insert), update].into_iter().flatten() {
            drop(Plan::prepare(&sql, &[], Planning::Auto));
        }
    });
    fits.map_err(|error| {
        Refusal::in_config(place, error).or_grant_to(&target.actor.role_name).or_hint(format!(
            "The expression is of type {}, the column of type {}: cast it, or write it as that type is written.",
            types::type_title(type_oid),
            column.type_name
        ))
    })
}

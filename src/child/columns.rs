//! What the query of a child returns, and the columns that it fills.

use super::table::Table;
use crate::catalog::Column;
use crate::config::ChildRow;
use crate::config_sql::Scope;
use crate::error::{Kind, Refusal};
use crate::spi::identity::Reach;
use crate::spi::parse;
use crate::spi::types::{self, Oid, RECORD};
use crate::sql::{Ident, Query};
use crate::target::Target;

/// A column that the query fills, and the type that its values have there.
pub(super) struct Filled {
    pub(super) column: Column,
    pub(super) type_oid: Oid,
}

impl Filled {
    /// The condition that the column of `t` holds what `value` would become in it. What has no
    /// equality, such as json, is compared as text.
    pub(super) fn is_same(&self, value: &str) -> String {
        let column = format!("t.{}", Ident(self.column.name.clone()));
        let value = format!("{value}::{}", self.column.type_name);
        let equal = match types::key_type(self.column.type_oid) {
            Some(key) => format!("{column} {} {value}", key.equals),
            None => {
                format!("{column}::pg_catalog.text OPERATOR(pg_catalog.=) {value}::pg_catalog.text")
            }
        };
        format!("({equal} OR ({column} IS NULL AND {value} IS NULL))")
    }
}

/// The names and types of what a query returns.
pub(super) fn returned(
    query: &Query,
    place: &str,
    scope: &Scope,
    target: &Target,
) -> Result<Vec<(String, Oid)>, Refusal> {
    let place = format!("{place}, rows");
    let sql = format!("SELECT c.* {}, LATERAL {query} AS c", scope.checked_from);
    let analysis = target.actor.attempt(Reach::Evaluate, || parse::analyse(&sql)).map_err(|error| {
        Refusal::in_config(&place, error)
            .or_hint("It is a query over l, with the rights and search path of the target.")
    })?;
    if analysis.types.contains(&RECORD) {
        return Err(Refusal::new(Kind::Type, format!("{place}: a column is a whole record")).hint(
            "SELECT the fields of it, such as SELECT e.key, e.value FROM jsonb_each_text(l.settings) e.",
        ));
    }
    Ok(analysis.names.into_iter().zip(analysis.types).collect())
}

/// The columns that a query fills, by the names in `columns` or by its own.
pub(super) fn filled(
    row: &ChildRow,
    returned: Vec<(String, Oid)>,
    table: &Table,
    place: &str,
) -> Result<Vec<Filled>, Refusal> {
    let count = returned.len();
    let (own_names, types): (Vec<_>, Vec<_>) = returned.into_iter().unzip();
    let names = row.columns.as_ref().unwrap_or(&own_names);
    if names.len() != count {
        return Err(Refusal::new(
            Kind::Invalid,
            format!("{place}, columns: {} are named, but the query returns {count}", names.len()),
        )
        .hint("Name one column for each that the query returns, in their order; the id of the user is not among them."));
    }
    let open = |(number, type_oid): (usize, Oid)| {
        let name = &names[number];
        if names[..number].contains(name) {
            return Err(Refusal::new(Kind::Invalid, format!("{place}: column \"{name}\" is filled twice"))
                .hint("Name each column once, with AS in the query or in columns."));
        }
        let column = table.column_to_fill(name, place).map_err(|refusal| match row.columns {
            Some(_) => refusal,
            None => refusal.more_hint("Name what the query returns with AS, or in columns."),
        });
        Ok(Filled { column: column?.clone(), type_oid })
    };
    types.into_iter().enumerate().map(open).collect()
}

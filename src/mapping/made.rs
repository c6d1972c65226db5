//! What the mappings make of a legacy row, as an item of FROM beside the users table. Its names are such as no column
//! has: expressions may name columns without `l` and `u`, and each is to see one row only, as where it was checked.

use super::Mapped;
use crate::catalog::Column;
use crate::spi::types::{self, Oid};
use crate::sql::{Expression, Ident, list};

const MADE: &str = "\"ferry made\"";
const CHANGED_AT: &str = "\"ferry changed\"";
const KEY: &str = "\"ferry legacy key\"";

/// What a mapping makes for a column.
pub(super) fn value(column: &Column) -> String {
    format!("{MADE}.\"ferry {}\"", column.number)
}

/// When the legacy row was changed last.
pub(super) fn changed_at() -> String {
    format!("{MADE}.{CHANGED_AT}")
}

/// The key of the legacy row, as a further item for [`from`].
pub(super) fn as_key(key: &str) -> String {
    format!("{key}::pg_catalog.text AS {KEY}")
}

/// The same where it is used.
pub(super) fn key() -> String {
    format!("{MADE}.{KEY}")
}

/// `also` is a further SELECT item over `l`, and `rows` the FROM clause that `l` is in.
pub(super) fn from<'a>(
    mapped: impl IntoIterator<Item = &'a Mapped>,
    changed_at: Option<&Expression>,
    also: Option<String>,
    rows: &str,
) -> String {
    let values = mapped.into_iter().map(|mapped| {
        let Mapped { column, expression, .. } = mapped;
        format!("{} AS \"ferry {}\"", as_column(expression, column.type_oid), column.number)
    });
    let changed_at = changed_at.map(|expression| format!("{expression} AS {CHANGED_AT}"));
    format!("FROM (SELECT {} {rows}) AS {MADE}", list(values.chain(changed_at).chain(also)))
}

/// The same of a row that is written as it is, `r`.
pub(super) fn from_draft(columns: &[&Column], rows: &str) -> String {
    let values = columns
        .iter()
        .map(|column| format!("r.{} AS \"ferry {}\"", Ident(column.name.clone()), column.number));
    format!("FROM (SELECT {} {rows}) AS {MADE}", list(values))
}

/// A value as the column's type, but of no length and outside its domain: those are the assignment's to check, which
/// refuses what a cast would cut.
fn as_column(value: &impl std::fmt::Display, column_type: Oid) -> String {
    format!("({value})::{}", types::type_name(types::base_type(column_type)))
}

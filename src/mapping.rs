//! Turning a legacy row into a user: the mappings of one source as one statement.

mod draft;

use crate::catalog::{Column, Relation};
use crate::config::{MappingRow, OnConflict, SourceRow};
use crate::config_sql::{self, Scope};
use crate::error::{Kind, Refusal, is_not_written_to};
use crate::source::explain;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::parse;
use crate::spi::plan::{Arg, Plan, Planning, Value};
use crate::spi::types::{self, Oid, TEXT};
use crate::sql::{Expression, Ident, list};
use crate::target::{Target, User};
use std::cell::OnceCell;

mod bulk;
mod change;
mod deactivation;
mod made;
mod preview;

pub(crate) use bulk::Hashes;
pub(crate) use change::Change;
pub(crate) use deactivation::Deactivation;
pub(crate) use draft::Draft;

/// One mapped column.
struct Mapped {
    column: Column,
    expression: Expression,
    /// What adopting puts there, as SQL over `u` and what is [`made`]; `None` where what is there is kept.
    adopted: Option<String>,
    /// What a later login puts there; `None` where it doesn't.
    refreshed: Option<String>,
    /// What an import that updates puts there: as `on_conflict` says, or `refresh`.
    renewed: Option<String>,
}

/// All that moving a row of one source takes.
pub(crate) struct Transfer {
    mapped: Vec<Mapped>,
    changed_at: Option<Expression>,
    /// There is a column for what nothing else reads, but nothing is left for it.
    pub(crate) keeps_nothing: bool,
    row_type: Oid,
    insert: OnceCell<Plan>,
    adopt: OnceCell<Plan>,
    refresh: OnceCell<Plan>,
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
    /// Checks each mapping: its column, its expression, and that the one fits the other. `elsewhere` is what
    /// has a place of its own and is not copied: secrets, and the queries for child rows.
    pub(crate) fn open(
        source: &SourceRow,
        rows: Vec<MappingRow>,
        from: &Relation,
        elsewhere: &[String],
        target: &Target,
    ) -> Result<Transfer, Refusal> {
        let opening = Opening { source, from, target, scope: Scope::of_row(from.row_type, "l") };
        let changed_at = source.changed_at.as_deref().map(|text| {
            config_sql::timestamp(
                text,
                &format!("source {}, changed_at", source.name),
                &opening.scope,
                &target.actor,
            )
        });
        let changed_at = changed_at.transpose()?;
        let open = |row| opening.mapping(row, changed_at.as_ref());
        let mut mapped = rows.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let mut keeps_nothing = false;
        if let Some(column) = &source.unmapped {
            let (unmapped, is_empty) = opening.unmapped(column, &mapped, elsewhere)?;
            mapped.push(unmapped);
            keeps_nothing = is_empty;
        }
        Ok(Transfer {
            mapped,
            changed_at,
            keeps_nothing,
            row_type: from.row_type,
            insert: OnceCell::new(),
            adopt: OnceCell::new(),
            refresh: OnceCell::new(),
        })
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.mapped.iter().map(|mapped| &mapped.expression).chain(&self.changed_at)
    }

    /// Each mapped column, and what fills it.
    pub(crate) fn mappings(&self) -> impl Iterator<Item = (&Column, &Expression)> {
        self.mapped.iter().map(|mapped| (&mapped.column, &mapped.expression))
    }

    /// When a legacy row was changed last.
    pub(crate) fn changed_at(&self) -> Option<&Expression> {
        self.changed_at.as_ref()
    }

    /// Each mapped column, and the SQL over `l` of the value that it would get.
    pub(crate) fn assigned(&self) -> impl Iterator<Item = (&Column, String)> {
        self.mapped
            .iter()
            .map(|mapped| (&mapped.column, config_sql::assigned(&mapped.expression, &mapped.column)))
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

    /// Whether the actor may insert users at all: a privilege is asked for when the statement starts.
    pub(crate) fn may_insert(&self, target: &Target) -> Result<(), SqlError> {
        target.actor.attempt(Reach::Write, || {
            explain(&self.insert_sql(target), &[self.row_type, TEXT], &[Arg::Null, Arg::Null]);
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

    /// Whether later logins bring columns up to date.
    pub(crate) fn refreshes(&self) -> bool {
        self.mapped.iter().any(|mapped| mapped.refreshed.is_some())
    }

    /// Brings the columns up to date that are to be. `None` where none of them differs. Runs as
    /// [`Transfer::insert`] does.
    pub(crate) fn refresh(&self, target: &Target, row: Value, user: &User) -> Option<Written> {
        let id = types::cast(&user.id, &target.id_lookup().key).filter(|_| self.refreshes())?;
        target.actor.act(Reach::Write, || {
            let plan = self.refresh.get_or_init(|| {
                let types = [self.row_type, target.id_lookup().key.oid];
                Plan::prepare(&self.refresh_sql(target), &types, Planning::Auto)
            });
            written(plan.rows(&[Arg::Value(row), Arg::Value(id)]))
        })
    }

    /// The user that would be made, as a value of the users table's row type: null where nothing is mapped.
    pub(crate) fn new_user(&self, target: &Target, row: Value) -> Result<Option<Value>, SqlError> {
        let sql = format!("SELECT {} {}", self.new_user_sql(target), Scope::of_row(self.row_type, "l").from);
        target.actor.attempt(Reach::Evaluate, || {
            let plan = Plan::prepare(&sql, &[self.row_type], Planning::Auto);
            plan.values(&[Arg::Value(row)]).pop()
        })
    }

    fn new_user_sql(&self, target: &Target) -> String {
        let value_of = |column: &Column| {
            let mapped = self.mapped.iter().find(|mapped| mapped.column.number == column.number);
            mapped.map_or_else(|| nothing(column, target), |mapped| mapped.expression.to_string())
        };
        format!("ROW({})::{}", list(target.relation.columns.iter().map(value_of)), target.relation.name)
    }

    /// The columns that adopting a user writes, beside the hash.
    pub(crate) fn adopted_columns(&self) -> Vec<String> {
        let written = self.mapped.iter().filter(|mapped| mapped.adopted.is_some());
        written.map(|mapped| mapped.column.name.clone()).collect()
    }

    /// The columns that later logins write.
    pub(crate) fn refreshed_columns(&self) -> impl Iterator<Item = String> {
        let written = self.mapped.iter().filter(|mapped| mapped.refreshed.is_some());
        written.map(|mapped| mapped.column.name.clone())
    }

    /// What mappings make of the row in `$1`, as a FROM clause. Only those that are asked for: one that is volatile is
    /// evaluated even where nothing looks at it.
    fn made<'a>(&self, mapped: impl IntoIterator<Item = &'a Mapped>) -> String {
        made::from(mapped, self.changed_at.as_ref(), None, &Scope::of_row(self.row_type, "l").from)
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
        let sets =
            self.mapped.iter().filter_map(|mapped| set_clause(&mapped.column, mapped.adopted.as_deref()));
        format!(
            "UPDATE {} AS u SET {} {} WHERE {} {} $4 AND {} RETURNING {}",
            target.relation.name,
            list([hash].into_iter().chain(sets)),
            self.made(self.mapped.iter().filter(|mapped| mapped.adopted.is_some())),
            target.id_lookup().sql,
            target.id_lookup().key.equals,
            target.hash_is("$3"),
            returning(target)
        )
    }

    /// Touches no row where nothing differs: a login that changes nothing writes nothing.
    fn refresh_sql(&self, target: &Target) -> String {
        let refreshed =
            || self.mapped.iter().filter_map(|mapped| Some((&mapped.column, mapped.refreshed.as_deref()?)));
        let sets = refreshed().filter_map(|(column, value)| set_clause(column, Some(value)));
        let differs = refreshed().map(|(column, value)| differs(column, value));
        format!(
            "UPDATE {} AS u SET {} {} WHERE {} {} $2 AND ({}) RETURNING {}",
            target.relation.name,
            list(sets),
            self.made(self.mapped.iter().filter(|mapped| mapped.refreshed.is_some())),
            target.id_lookup().sql,
            target.id_lookup().key.equals,
            differs.collect::<Vec<_>>().join(" OR "),
            returning(target)
        )
    }
}

/// A null for a column, also where its domain refuses it, as one with a default may.
fn nothing(column: &Column, target: &Target) -> String {
    if types::base_type(column.type_oid) == column.type_oid {
        return "NULL".to_string();
    }
    let (table, name) = (&target.relation.name, Ident(column.name.clone()));
    format!("(SELECT n.{name} FROM (SELECT) AS one LEFT JOIN {table} AS n ON false)")
}

/// Whether a value differs from the one there: as text, since not every type can be compared, and as the column would
/// store it.
fn differs(column: &Column, value: &str) -> String {
    let (name, type_name) = (Ident(column.name.clone()), &column.type_name);
    format!("u.{name}::pg_catalog.text IS DISTINCT FROM ({value})::{type_name}::pg_catalog.text")
}

fn set_clause(column: &Column, value: Option<&str>) -> Option<String> {
    value.map(|value| format!("{} = {value}", Ident(column.name.clone())))
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

/// What mappings are checked against.
struct Opening<'a> {
    source: &'a SourceRow,
    from: &'a Relation,
    target: &'a Target,
    scope: Scope,
}

impl Opening<'_> {
    fn mapping(&self, row: MappingRow, changed_at: Option<&Expression>) -> Result<Mapped, Refusal> {
        let place = format!("mapping {}.{}", self.source.name, row.target_column);
        let column = self.writable_column(&row.target_column, &place)?;
        let (expression, type_oid) =
            config_sql::typed_expression(&row.expression, &place, &self.scope, &self.target.actor)?;
        let value = |on_conflict| self.merged(&column, on_conflict, changed_at.is_some(), &place);
        let refreshing = match row.on_conflict {
            OnConflict::Keep => OnConflict::Overwrite,
            other => other,
        };
        let is_id = row.target_column == self.target.row.id_column;
        if is_id && row.refresh {
            return Err(Refusal::new(Kind::Invalid, format!("{place}, refresh: it is the id of the user"))
                .hint("Set refresh to false: links, and your application, know users by their ids."));
        }
        let adopted = value(row.on_conflict)?;
        let refreshed = if row.refresh { value(refreshing)? } else { None };
        let renewed = adopted.clone().or_else(|| refreshed.clone()).filter(|_| !is_id);
        let mapped = Mapped { column, expression, adopted, refreshed, renewed };
        self.check_fit(&place, &mapped, type_oid, changed_at)?;
        Ok(mapped)
    }

    fn writable_column(&self, name: &str, place: &str) -> Result<Column, Refusal> {
        let column = self.target.relation.need_column(name, place)?.clone();
        if name == self.target.row.hash_column {
            return Err(Refusal::new(Kind::Invalid, format!("{place}: the hash column takes no mapping"))
                .hint("pg_ferry writes it; the legacy hash is named in ferry.source.hash."));
        }
        if column.is_generated {
            return Err(Refusal::new(
                Kind::Invalid,
                format!("{place}: column \"{name}\" is generated always"),
            )
            .hint("Leave it to PostgreSQL, or make it GENERATED BY DEFAULT."));
        }
        Ok(column)
    }

    /// What a column of an existing user gets, over `u` and what is [`made`]; `None` where it keeps what it has.
    fn merged(
        &self,
        column: &Column,
        on_conflict: OnConflict,
        has_changed_at: bool,
        place: &str,
    ) -> Result<Option<String>, Refusal> {
        let (present, legacy) = (format!("u.{}", Ident(column.name.clone())), made::value(column));
        Ok(match on_conflict {
            OnConflict::Keep => None,
            OnConflict::Overwrite => Some(legacy),
            OnConflict::Fill => Some(format!("COALESCE({present}, {legacy})")),
            OnConflict::Merge => {
                let place = format!("{place}, on_conflict");
                need_jsonb(column, &place, "Only jsonb can be merged: say keep, overwrite or fill.")?;
                Some(merge(&present, &legacy))
            }
            OnConflict::Newer => {
                let here = self.changed_here(has_changed_at, place)?;
                let there = made::changed_at();
                Some(format!(
                    "CASE WHEN {there} IS NOT NULL AND ({here} IS NULL OR {there} > {here}) \
                     THEN {legacy} ELSE {present} END"
                ))
            }
        })
    }

    /// When a user was changed last here, where both sides say that.
    fn changed_here(&self, has_changed_at: bool, place: &str) -> Result<&Expression, Refusal> {
        match &self.target.changed_at {
            Some(here) if has_changed_at => Ok(here),
            here => {
                let (table, name, alias) = match here {
                    None => ("target", &self.target.row.name, "u"),
                    Some(_) => ("source", &self.source.name, "l"),
                };
                let message =
                    format!("{place}, on_conflict: {table} {name} does not say when a row was changed");
                let hint = format!(
                    "Set changed_at of ferry.{table} to a timestamp expression, such as {alias}.updated_at."
                );
                Err(Refusal::new(Kind::Invalid, message).hint(hint))
            }
        }
    }

    /// The legacy columns that no mapping reads and nothing `elsewhere`, in one jsonb column; and whether there are none.
    fn unmapped(
        &self,
        name: &str,
        mapped: &[Mapped],
        elsewhere: &[String],
    ) -> Result<(Mapped, bool), Refusal> {
        let place = format!("source {}, unmapped", self.source.name);
        let column = self.writable_column(name, &place)?;
        need_jsonb(&column, &place, "Name a column of type jsonb.")?;
        if mapped.iter().any(|mapped| mapped.column.number == column.number) {
            return Err(Refusal::new(Kind::Invalid, format!("{place}: column \"{name}\" has a mapping"))
                .hint("Delete that mapping, or name another column."));
        }
        let mappings = mapped.iter().map(|mapped| mapped.expression.to_string());
        let reading = elsewhere.iter().cloned().chain(mappings);
        let known = config_sql::columns_read(reading, self.from, &place, &self.target.actor)?;
        let is_empty = known.len() == self.from.columns.len();
        let names = list(known.iter().map(|name| parse::quote_literal(name)));
        let expression = Expression(format!("pg_catalog.to_jsonb(l.*) - ARRAY[{names}]::pg_catalog.text[]"));
        let adopted = Some(merge(&format!("u.{}", Ident(name.to_string())), &made::value(&column)));
        Ok((Mapped { column, expression, renewed: adopted.clone(), adopted, refreshed: None }, is_empty))
    }

    /// Lets PostgreSQL say whether the values can be assigned to the column.
    fn check_fit(
        &self,
        place: &str,
        mapped: &Mapped,
        type_oid: Oid,
        changed_at: Option<&Expression>,
    ) -> Result<(), Refusal> {
        let (table, from) = (&self.target.relation.name, &self.scope.checked_from);
        let made = made::from([mapped], changed_at, None, from);
        let Mapped { column, expression, .. } = mapped;
        let insert =
            format!("INSERT INTO {table} ({}) SELECT {expression} {from}", Ident(column.name.clone()));
        let updates = [&mapped.adopted, &mapped.refreshed].into_iter().filter_map(|value| {
            let set = set_clause(column, value.as_deref())?;
            Some(format!("UPDATE {table} AS u SET {set} {made}"))
        });
        let fits = self.target.actor.attempt(Reach::Evaluate, || {
            for sql in [insert].into_iter().chain(updates) {
                drop(Plan::prepare(&sql, &[], Planning::Auto));
            }
        });
        fits.map_err(|error| self.misfit(place, error, type_oid, column))
    }

    /// A value that cannot be assigned to a column.
    fn misfit(&self, place: &str, error: SqlError, type_oid: Oid, column: &Column) -> Refusal {
        let hint = if is_not_written_to(&error) {
            "Name a column that the view passes on, or give the view INSTEAD OF triggers.".to_string()
        } else {
            format!(
                "The expression is of type {}, the column of type {}: cast it, or write it as that type is written.",
                types::type_title(type_oid),
                column.type_name
            )
        };
        Refusal::in_config(place, error).or_grant_to(&self.target.actor.role_name).or_hint(hint)
    }
}

/// Two jsonb objects as one, in which what is present counts; anything else is only filled.
fn merge(present: &str, legacy: &str) -> String {
    let is_object = |value: &str| format!("pg_catalog.jsonb_typeof({value}) OPERATOR(pg_catalog.=) 'object'");
    format!(
        "CASE WHEN {} AND {} THEN {legacy} OPERATOR(pg_catalog.||) {present} ELSE COALESCE({present}, {legacy}) END",
        is_object(present),
        is_object(legacy)
    )
}

fn need_jsonb(column: &Column, place: &str, hint: &str) -> Result<(), Refusal> {
    if types::is_jsonb(column.type_oid) {
        return Ok(());
    }
    let message = format!("{place}: column \"{}\" is of type {}, not jsonb", column.name, column.type_name);
    Err(Refusal::new(Kind::Type, message).hint(hint))
}

//! Config SQL: that it is one expression, condition or query, what it is about, and of which type it is.

use crate::catalog::{Actor, Column, Relation};
use crate::error::{Kind, Refusal};
use crate::spi::guard::{self, SqlError};
use crate::spi::identity::{self, Reach};
use crate::spi::parse::{self, NotOne, NotQuery};
use crate::spi::plan::{self, Arg};
use crate::spi::types::{self, KeyType, LONG, Oid, TEXT};
use crate::sql::{Expression, Ident, Query, list};

/// Checks that a piece of config SQL is one expression, read under the same settings as when it runs.
fn expression(text: &str, place: &str, actor: &Actor) -> Result<Expression, Refusal> {
    let parsed = actor.attempt(Reach::Evaluate, || parse::single_expression(text));
    one_expression(parsed, place).map(|()| Expression(text.to_string()))
}

/// The same before it is known as whom it will run.
pub(crate) fn parse_alone(text: &str, place: &str) -> Result<(), Refusal> {
    one_expression(guard::attempt(|| parse::single_expression(text)), place)
}

fn one_expression(parsed: Result<Result<(), NotOne>, SqlError>, place: &str) -> Result<(), Refusal> {
    let hint = "Give one SQL expression, such as lower(l.email): no column list, alias, FROM or semicolon.";
    match parsed {
        Ok(Ok(())) => Ok(()),
        Ok(Err(NotOne::Star)) => Err(Refusal::new(
            Kind::Syntax,
            format!("{place}: the expression stands for all columns, not for one value"),
        )
        .hint(hint)),
        Ok(Err(NotOne::Statements | NotOne::Clauses)) => {
            Err(Refusal::new(Kind::Syntax, format!("{place}: not one expression")).hint(hint))
        }
        Err(error) => Err(Refusal::in_config(place, error).or_hint(hint)),
    }
}

/// Checks that a piece of config SQL is one query, or one expression that stands for a query of it.
pub(crate) fn query(text: &str, place: &str, actor: &Actor) -> Result<Query, Refusal> {
    let text = text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    let parsed = actor.attempt(Reach::Evaluate, || parse::single_query(text));
    if matches!(parsed, Ok(Ok(()))) {
        return Ok(Query(text.to_string()));
    }
    if let Ok(expression) = expression(text, place, actor) {
        return Ok(Query(format!("SELECT {expression}")));
    }
    let hint = "Give one query over l, such as SELECT r.id AS role_id FROM roles r WHERE r.name = ANY (l.roles), \
                or one expression, such as unnest(l.roles).";
    Err(match parsed {
        Ok(Err(NotQuery::Writes)) => {
            Refusal::new(Kind::Syntax, format!("{place}: the query writes, or locks rows"))
                .hint("Leave out INTO, FOR UPDATE and FOR SHARE, and have nothing but SELECT in its WITH.")
        }
        Err(error) => Refusal::in_config(place, error).or_hint(hint),
        Ok(_) => Refusal::new(Kind::Syntax, format!("{place}: not one query")).hint(hint),
    })
}

/// Where the row that an expression is about comes from: a value, never a table.
pub(crate) struct Scope {
    /// With the value as `$1`, such as `FROM pg_catalog.unnest(ARRAY[$1]) AS l`.
    pub(crate) from: String,
    /// The same without the parameter, for checking: config SQL has no business with `$1`.
    pub(crate) checked_from: String,
    /// For hints: a value and a condition over it.
    examples: (String, String),
}

impl Scope {
    /// The columns of one value of a row type, under `alias`.
    pub(crate) fn of_row(row_type: Oid, alias: &str) -> Scope {
        let value = if alias == "u" { "u.email" } else { "lower(l.email)" };
        Scope::of_value(row_type, alias, value, &format!("{alias}.active"))
    }

    /// The columns of many values of a row type, in their order: `$1` is an array of them.
    pub(crate) fn of_rows(row_type: Oid, alias: &str) -> Scope {
        let row = Scope::of_row(row_type, alias);
        Scope { from: format!("FROM pg_catalog.unnest($1) AS {alias}"), ..row }
    }

    /// The same under `l`, and what may be told of a password under `p`, as `$2` to `$4`.
    pub(crate) fn of_row_and_password(row_type: Oid) -> Scope {
        let row = Scope::of_value(row_type, "l", "l.active", "p.length >= 8 AND NOT l.is_deleted");
        Scope {
            from: row.from + &password_facts("$2", "$3", "$4"),
            checked_from: row.checked_from + &unknown_password(),
            ..row
        }
    }

    /// Only what may be told of a password, as `$2` to `$4` there, too.
    pub(crate) fn of_password() -> Scope {
        let nothing = Scope::of_nothing();
        Scope {
            from: nothing.from + &password_facts("$2", "$3", "$4"),
            checked_from: nothing.checked_from + &unknown_password(),
            examples: nothing.examples,
        }
    }

    /// For what needs no row at all.
    pub(crate) fn of_nothing() -> Scope {
        let from = "FROM (SELECT) AS nothing".to_string();
        Scope { from: from.clone(), checked_from: from, examples: Default::default() }
    }

    /// A text under the name `login`.
    pub(crate) fn of_login() -> Scope {
        Scope::of_value(TEXT, "login_row(login)", "login", "login LIKE '%@example.com'")
    }

    /// Many such texts, in their order: `$1` is an array of them.
    pub(crate) fn of_logins() -> Scope {
        Scope { from: "FROM pg_catalog.unnest($1) AS login_row(login)".to_string(), ..Scope::of_login() }
    }

    fn of_value(type_oid: Oid, alias: &str, value: &str, condition: &str) -> Scope {
        let type_name = types::type_name(type_oid);
        Scope {
            from: format!("FROM pg_catalog.unnest(ARRAY[$1]) AS {alias}"),
            checked_from: format!("FROM pg_catalog.unnest(ARRAY[NULL::{type_name}]) AS {alias}"),
            examples: (value.to_string(), condition.to_string()),
        }
    }
}

/// One more item of a FROM clause: what may be told of a password.
fn password_facts(length: &str, sha1: &str, sha256: &str) -> String {
    format!(
        ", LATERAL (SELECT {length}::pg_catalog.int8 AS length, {sha1}::pg_catalog.text AS sha1, \
         {sha256}::pg_catalog.text AS sha256) AS p"
    )
}

/// The same, of no password.
pub(crate) fn unknown_password() -> String {
    password_facts("NULL", "NULL", "NULL")
}

/// An expression as a column takes it in an assignment: cast to its type, and what is too long for it refused, where an
/// explicit cast would cut it.
pub(crate) fn assigned(expression: &impl std::fmt::Display, column: &Column) -> String {
    let (type_oid, typmod) = (i64::from(column.type_oid.to_u32()), i64::from(column.typmod));
    let sql = "SELECT * FROM ferry._assignment($1::oid, $2::int4)";
    let rows =
        identity::as_ferry(|| plan::query(sql, &[LONG, LONG], &[Arg::Long(type_oid), Arg::Long(typmod)]));
    let mut fields = rows.into_iter().flatten().map(Option::unwrap_or_default);
    let (before, after) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    format!("{before}{expression}{after}")
}

/// Parses, analyses and plans an expression with the actor's rights; returns it and its type.
pub(crate) fn typed_expression(
    text: &str,
    place: &str,
    scope: &Scope,
    actor: &Actor,
) -> Result<(Expression, Oid), Refusal> {
    let expression = expression(text, place, actor)?;
    let sql = format!("SELECT {expression} {}", scope.checked_from);
    let analysed = actor.attempt(Reach::Evaluate, || {
        let analysis = parse::analyse(&sql);
        plan::Plan::prepare(&sql, &[], plan::Planning::Auto).plan_once();
        analysis
    });
    match analysed {
        Ok(analysis) if analysis.is_not_scalar => Err(Refusal::new(
            Kind::Invalid,
            format!("{place}: the expression aggregates or returns a set, not one value per row"),
        )
        .hint("Put it into a subquery that returns one value.")),
        Ok(analysis) => Ok((expression, analysis.types.first().copied().unwrap_or(TEXT))),
        Err(error) => Err(Refusal::in_config(place, error).or_grant_to(&actor.role_name).or_hint(format!(
            "It is one SQL expression, such as {}, with the rights and search path of the target.",
            scope.examples.0
        ))),
    }
}

/// As [`typed_expression`], for a condition.
pub(crate) fn condition(
    text: &str,
    place: &str,
    scope: &Scope,
    actor: &Actor,
) -> Result<Expression, Refusal> {
    let (expression, type_oid) = typed_expression(text, place, scope, actor)?;
    if type_oid == types::BOOL {
        return Ok(expression);
    }
    Err(Refusal::new(
        Kind::Type,
        format!("{place}: the expression is of type {}, not boolean", types::type_title(type_oid)),
    )
    .hint(format!("Give a condition, such as {}.", scope.examples.1)))
}

/// As [`typed_expression`], for a point in time.
pub(crate) fn timestamp(
    text: &str,
    place: &str,
    scope: &Scope,
    actor: &Actor,
) -> Result<Expression, Refusal> {
    let (expression, type_oid) = typed_expression(text, place, scope, actor)?;
    if types::is_time(type_oid) {
        return Ok(expression);
    }
    let message =
        format!("{place}: the expression is of type {}, not a timestamp", types::type_title(type_oid));
    let (row, _) = scope.examples.1.split_once('.').unwrap_or(("l", ""));
    Err(Refusal::new(Kind::Type, message).hint(format!(
        "Cast it, such as {row}.updated::timestamptz; for seconds since 1970, to_timestamp({row}.updated)."
    )))
}

/// As [`typed_expression`], for a number.
pub(crate) fn number(text: &str, place: &str, scope: &Scope, actor: &Actor) -> Result<Expression, Refusal> {
    let (expression, type_oid) = typed_expression(text, place, scope, actor)?;
    if types::is_number(type_oid) {
        return Ok(expression);
    }
    let message = format!("{place}: the expression is of type {}, not a number", types::type_title(type_oid));
    Err(Refusal::new(Kind::Type, message).hint("Cast it, such as l.revenue::numeric."))
}

/// The columns of a row type that values over it read.
pub(crate) fn columns_read<'a, T: std::fmt::Display>(
    values: impl IntoIterator<Item = T>,
    relation: &'a Relation,
    place: &str,
    actor: &Actor,
) -> Result<Vec<&'a str>, Refusal> {
    let sql = format!("SELECT {} {}", list(values), Scope::of_row(relation.row_type, "l").checked_from);
    let numbers = actor
        .attempt(Reach::Evaluate, || parse::columns_of_first(&sql))
        .map_err(|error| Refusal::in_config(place, error))?;
    let is_read = |column: &&Column| numbers.contains(&0) || numbers.contains(&column.number);
    Ok(relation.columns.iter().filter(is_read).map(|column| column.name.as_str()).collect())
}

/// A place where logins or keys are looked up: a column, or an expression over the row.
#[derive(Clone)]
pub(crate) struct Lookup {
    /// SQL over the alias, such as `u."email"`.
    pub(crate) sql: String,
    pub(crate) key: KeyType,
}

impl Lookup {
    /// The condition that it equals parameter `$1`.
    pub(crate) fn is_parameter(&self) -> String {
        format!("{} {} $1", self.sql, self.key.equals)
    }
}

/// The look-up for one entry of `login_columns`, or for a key column.
pub(crate) fn lookup(
    entry: &str,
    place: &str,
    relation: &Relation,
    alias: &str,
    actor: &Actor,
) -> Result<Lookup, Refusal> {
    let (sql, type_oid) = match relation.column(entry) {
        Some(column) => (format!("{alias}.{}", Ident(entry.to_string())), column.type_oid),
        None if is_name(entry) => return Err(relation.missing_column(entry, place)),
        None => {
            let scope = Scope::of_row(relation.row_type, alias);
            let (expression, type_oid) = typed_expression(entry, place, &scope, actor)?;
            (expression.to_string(), type_oid)
        }
    };
    let key = actor.act(Reach::Evaluate, || types::key_type(type_oid)).ok_or_else(|| {
        Refusal::new(
            Kind::Type,
            format!("{place}: type {} has no equality operator", types::type_title(type_oid)),
        )
        .hint("Look logins and keys up in a column of a type such as text, uuid or bigint.")
    })?;
    Ok(Lookup { sql, key })
}

/// Whether an entry can only be meant as a column's name.
fn is_name(entry: &str) -> bool {
    entry.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

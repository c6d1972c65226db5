//! Asking a source for many rows at once: pages in the order of the legacy key, and what their rows say.
//!
//! A page must never skip a row, so that what is compared with the last key and what is ordered by must be one order on
//! one side. Numbers and times have the same order everywhere. Strings do not: those of another system are compared and
//! ordered here, byte by byte, at the price of reading the whole relation for each page.

use super::key_order::Order;
use super::{Person, Source, Store};
use crate::config_sql::{self, Scope};
use crate::envelope::Luggage;
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::login::Login;
use crate::rule::Broken;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types::{self, Oid, TEXT, TEXTS, TIMESTAMP};
use crate::sql::{Expression, list};
use std::collections::HashSet;

/// Where a page reads the whole relation, it has at least so many rows.
const COSTLY_PAGE: i64 = 10_000;

/// Foreign data wrappers that let the far end look for keys.
const ASKING_WRAPPERS: [&str; 6] =
    ["postgres_fdw", "mysql_fdw", "tds_fdw", "oracle_fdw", "sqlite_fdw", "db2_fdw"];

/// Which rows are wanted. Keys are their texts; `from` is within, `to` is not.
#[derive(Default)]
pub(crate) struct Range {
    pub(crate) after: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) changed_since: Option<String>,
    /// The run for which the rows were staged: they are then read from there.
    pub(crate) staged: Option<i64>,
}

/// Rows, as an array of the row type. None of their keys has more of them elsewhere in the range.
pub(crate) struct Page {
    pub(crate) rows: Value,
    /// Nothing comes behind them.
    pub(crate) is_last: bool,
}

/// One row of a page.
pub(crate) struct Listed {
    /// From 1.
    pub(crate) place: i64,
    pub(crate) key: String,
    /// It is not the first row of its key.
    pub(crate) is_again: bool,
    /// `None` where an expression fails for this row: asked alone, it says which.
    pub(crate) facts: Option<Facts>,
}

/// What a row says.
pub(crate) struct Facts {
    pub(crate) hash: Option<String>,
    pub(crate) salt: Option<String>,
    pub(crate) hash_login: Option<String>,
    pub(crate) logins: Vec<String>,
    pub(crate) broken: Broken,
}

impl Facts {
    pub(crate) fn luggage(&self) -> Luggage<'_> {
        Luggage { hash: self.hash.as_deref(), salt: self.salt.as_deref(), login: self.hash_login.as_deref() }
    }
}

/// The statement that reads a page: the fields of a row, and all from FROM on.
pub(super) struct Ordered {
    pub(super) fields: String,
    pub(super) from: String,
}

impl Source {
    /// From here on the relation is not altered until the transaction ends.
    pub(crate) fn hold(&self) -> Result<(), Refusal> {
        let sql = format!("SELECT FROM {} WHERE false", self.rows.name);
        self.ask(|| plan::query(&sql, &[], &[])).map(|_| ())
    }

    /// Whether there is anybody at all.
    pub(crate) fn has_rows(&self) -> Result<bool, Refusal> {
        let filter = &self.store_of_rows()?.filter;
        let sql = format!(
            "SELECT true FROM {} AS l WHERE {} IS NOT NULL{filter} LIMIT 1",
            self.rows.name, self.key.sql
        );
        self.ask(|| plan::query(&sql, &[], &[])).map(|rows| !rows.is_empty())
    }

    /// How many legacy users there are, each once whose key several rows have, and how many rows are in the range.
    pub(crate) fn count(&self, range: &Range) -> Result<(i64, i64), Refusal> {
        let order = self.order();
        let mut arguments = Arguments::default();
        let within = self.within(range, &order, &mut arguments)?;
        let sql = format!(
            "SELECT pg_catalog.count(DISTINCT {}), pg_catalog.count(*) FILTER (WHERE {within}) FROM {} AS l \
             WHERE {} IS NOT NULL{}",
            order.sql,
            self.rows.name,
            self.key.sql,
            self.store_of_rows()?.filter
        );
        let counted =
            self.ask(|| Plan::prepare(&sql, &arguments.types, Planning::Custom).rows(&arguments.args()));
        let counts: Vec<i64> =
            counted?.into_iter().flatten().filter_map(|count| count?.parse().ok()).collect();
        Ok((counts.first().copied().unwrap_or(0), counts.get(1).copied().unwrap_or(0)))
    }

    /// How many rows a page has that is asked for `wanted`.
    pub(crate) fn page_size(&self, wanted: i64, range: &Range) -> i64 {
        if range.staged.is_none() && self.is_read_whole() { wanted.max(COSTLY_PAGE) } else { wanted }
    }

    /// The first rows of a range, in the order of the key. They are a few more than wanted where the last key has more:
    /// the next page begins behind it.
    pub(crate) fn page(&self, range: &Range, wanted: i64) -> Result<Option<Page>, Refusal> {
        let mut more = 1;
        loop {
            let Some(rows) = self.first_rows(range, wanted + more)? else { return Ok(None) };
            let all = rows.elements();
            let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
            if count <= wanted {
                return Ok(Some(Page { rows, is_last: count < wanted }));
            }
            let end = wanted + self.more_of_key(rows, wanted)?;
            if count == end && count < wanted + more {
                return Ok(Some(Page { rows, is_last: false }));
            }
            if end < count {
                let whole = all.get(..usize::try_from(end).unwrap_or(0)).unwrap_or_default();
                return Ok(Some(Page { rows: Value::array(whole, self.rows.row_type), is_last: false }));
            }
            more *= 10;
        }
    }

    /// How many rows of an array behind a place, from 1, have the same key as the one there.
    pub(crate) fn more_of_key(&self, rows: Value, place: i64) -> Result<i64, Refusal> {
        let Order { sql: key, greater, .. } = self.order();
        let sql = format!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.unnest(($1)[{}:]) AS l \
             WHERE NOT {key} {greater} (SELECT {key} FROM pg_catalog.unnest(($1)[{place}:{place}]) AS l)",
            place + 1
        );
        let counted = self.ask(|| plan::query(&sql, &[rows.type_oid()], &[Arg::Value(rows)]))?;
        Ok(plan::first(counted).and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// So many rows of a range at most, in the order of the key: an array of the row type.
    fn first_rows(&self, range: &Range, rows: i64) -> Result<Option<Value>, Refusal> {
        if let Some(run) = range.staged {
            return self.staged_page(run, range.after.as_deref(), rows);
        }
        let mut arguments = Arguments::default();
        let Ordered { fields, from } = self.ordered(range, &mut arguments)?;
        let sql = format!("SELECT ARRAY(SELECT ROW({fields})::{} {from} LIMIT {rows})", self.rows.name);
        let page =
            self.ask(|| Plan::prepare(&sql, &arguments.types, Planning::Custom).values(&arguments.args()));
        Ok(page?.pop())
    }

    /// The rows of a range, in the order of the key.
    pub(super) fn ordered(&self, range: &Range, arguments: &mut Arguments) -> Result<Ordered, Refusal> {
        let order = self.order();
        let store = self.store_of_rows()?;
        let within = self.within(range, &order, arguments)?;
        let (fields, from, filter) = if order.is_here {
            (store.all_fields(), store.fenced(), String::new())
        } else {
            (store.fields.clone(), format!("{} AS l", self.rows.name), store.filter.clone())
        };
        let from = format!("FROM {from} WHERE {within}{filter} ORDER BY {}", order.sql);
        Ok(Ordered { fields, from })
    }

    /// What each row of an array says, in its order. An expression that fails is the matter of its row alone: the
    /// array is halved until that is found.
    pub(crate) fn list(&self, rows: Value) -> Result<Vec<Listed>, Refusal> {
        let said = match self.facts(rows, "$1") {
            Ok(facts) => facts.into_iter().map(|(key, facts)| (key, Some(facts))).collect(),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) => {
                let keys = self.keys_of(rows)?;
                let mut said = Vec::with_capacity(keys.len());
                self.list_part(rows, &keys, &mut said);
                said
            }
        };
        let mut listed = listed(said);
        if listed.iter().any(|row| row.is_again) {
            self.tell_first(rows, &mut listed)?;
        }
        Ok(listed)
    }

    /// Rows of one key come in any order. Whichever it is, the first of them is the one whose text is the least.
    fn tell_first(&self, rows: Value, listed: &mut [Listed]) -> Result<(), Refusal> {
        let sql = "SELECT (l.*)::pg_catalog.text FROM pg_catalog.unnest($1) AS l";
        let texts = self.ask(|| plan::query(sql, &[rows.type_oid()], &[Arg::Value(rows)]))?;
        let mut by_text: Vec<_> = texts.into_iter().zip(listed).collect();
        by_text.sort_by(|(text, _), (other, _)| text.cmp(other));
        let mut seen = HashSet::new();
        for (_, Listed { key, is_again, .. }) in by_text {
            *is_again = !seen.insert(key.as_str());
        }
        Ok(())
    }

    /// One row of an array.
    pub(crate) fn row(&self, rows: Value, place: i64) -> Option<Value> {
        let sql = format!("SELECT ($1)[{place}]");
        self.actor.act(Reach::Evaluate, || {
            Plan::prepare(&sql, &[rows.type_oid()], Planning::Auto).values(&[Arg::Value(rows)]).pop()
        })
    }

    /// Some rows of an array, by their places in ascending order.
    pub(crate) fn rows_at(&self, rows: Value, places: &[i64]) -> Vec<Value> {
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Vec::new() };
        let sql = format!("SELECT l FROM pg_catalog.unnest(($1)[{first}:{last}]) AS l");
        let part = self.actor.act(Reach::Evaluate, || {
            Plan::prepare(&sql, &[rows.type_oid()], Planning::Auto).values(&[Arg::Value(rows)])
        });
        let at = |place: &i64| part.get(usize::try_from(place - first).ok()?).copied();
        places.iter().filter_map(at).collect()
    }

    /// The person of one row.
    pub(crate) fn person(&self, row: Value) -> Result<Option<Person>, SqlError> {
        Ok(self.describe_all(vec![row])?.pop())
    }

    /// Whether the source is to be asked about any of these logins.
    pub(crate) fn covers_any(&self, logins: &[Login]) -> Result<bool, SqlError> {
        for login in logins {
            if self.covers(login)? {
                return Ok(true);
            }
        }
        Ok(logins.is_empty())
    }

    pub(crate) fn has_scope(&self) -> bool {
        self.scope.is_some()
    }

    /// The same of many: the numbers of those of whom the source is to be asked about any login.
    pub(crate) fn covered(&self, logins: &[(usize, &str)]) -> Result<HashSet<usize>, SqlError> {
        let (numbers, texts): (Vec<usize>, Vec<_>) =
            logins.iter().map(|(number, login)| (number, Some((*login).to_string()))).unzip();
        let Some(scope) = &self.scope else { return Ok(numbers.into_iter().collect()) };
        let sql = format!("SELECT {scope} {}", Scope::of_logins().from);
        let covers =
            self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[TEXTS], &[Arg::Texts(&texts)]))?;
        let covers =
            covers.into_iter().map(|row| row.first().is_some_and(|said| said.as_deref() == Some("t")));
        Ok(numbers.into_iter().zip(covers).filter_map(|(number, covers)| covers.then_some(number)).collect())
    }

    /// The legacy hash as SQL over `l`.
    pub(crate) fn hash_sql(&self) -> &Expression {
        &self.hash
    }

    /// The legacy key as SQL over `l`.
    pub(crate) fn key_sql(&self) -> &str {
        &self.key.sql
    }

    /// Rows of a source that can be asked for more than one login.
    pub(super) fn store_of_rows(&self) -> Result<&super::relation::Store, Refusal> {
        match &self.store {
            Store::Relation(store) => Ok(store),
            Store::Dblink(_) => Err(self.asked_by_login_only()),
        }
    }

    pub(crate) fn asked_by_login_only(&self) -> Refusal {
        let message =
            format!("source {}: a source of kind dblink can only be asked for a login", self.row.name);
        Refusal::new(Kind::Unsupported, message)
            .hint("Make a foreign table of the same server with postgres_fdw, and a source of kind relation.")
    }

    /// Whether all foreign tables that it reads let the far end look for keys.
    pub(super) fn asks_for_keys(&self) -> bool {
        let sql = "SELECT ferry._wrappers(typrelid) FROM pg_type WHERE oid = $1::text::oid";
        let row_type = self.rows.row_type.to_u32().to_string();
        let wrappers = identity::as_ferry(|| plan::query(sql, &[TEXT], &[Arg::Text(&row_type)]));
        wrappers.into_iter().flatten().flatten().all(|wrapper| ASKING_WRAPPERS.contains(&wrapper.as_str()))
    }

    /// The conditions of a range.
    fn within(&self, range: &Range, order: &Order, arguments: &mut Arguments) -> Result<String, Refusal> {
        let mut conditions = vec![format!("{} IS NOT NULL", self.key.sql)];
        let (key, greater) = (&order.sql, &order.greater);
        if let Some(after) = &range.after {
            let at = arguments.add(self.key_value(after, order, "last_key")?, order.oid);
            conditions.push(format!("{key} {greater} {at}"));
        }
        if let Some(from) = &range.from {
            let at = arguments.add(self.key_value(from, order, "key_from")?, order.oid);
            conditions.push(format!("NOT {at} {greater} {key}"));
        }
        if let Some(to) = &range.to {
            let at = arguments.add(self.key_value(to, order, "key_to")?, order.oid);
            conditions.push(format!("{at} {greater} {key}"));
        }
        if let Some(since) = &range.changed_since {
            let changed_at = self.transfer.changed_at().ok_or_else(|| self.no_changed_at())?;
            let at = arguments.add(types::timestamp(since), TIMESTAMP);
            conditions.push(format!("NOT {at} OPERATOR(pg_catalog.>) {changed_at}"));
        }
        Ok(conditions.join(" AND "))
    }

    fn no_changed_at(&self) -> Refusal {
        let message = format!("source {} does not say when a row was changed", self.row.name);
        Refusal::new(Kind::Invalid, message)
            .hint("Set changed_at of ferry.source to a timestamp expression, such as l.updated_at.")
    }

    fn key_value(&self, text: &str, order: &Order, what: &str) -> Result<Value, Refusal> {
        let value =
            if order.oid == TEXT { Some(types::text(text)) } else { types::cast(text, &self.key.key) };
        value.ok_or_else(|| {
            let message = format!(
                "{what}: \"{text}\" is no value of type {}, which the legacy key of source {} has",
                types::type_title(self.key.key.oid),
                self.row.name
            );
            Refusal::new(Kind::Invalid, message).hint("Give the text of a legacy key.")
        })
    }

    fn keys_of(&self, rows: Value) -> Result<Vec<String>, Refusal> {
        let sql = format!("SELECT {}::pg_catalog.text FROM pg_catalog.unnest($1) AS l", self.key.sql);
        let keys = self.ask(|| plan::query(&sql, &[rows.type_oid()], &[Arg::Value(rows)]))?;
        Ok(keys.into_iter().map(|row| row.into_iter().flatten().next().unwrap_or_default()).collect())
    }

    /// The same for the rows behind those that are listed.
    fn list_part(&self, rows: Value, keys: &[String], done: &mut Vec<(String, Option<Facts>)>) {
        let (before, last) = (done.len(), done.len() + keys.len());
        match self.facts(rows, &format!("($1)[{}:{last}]", before + 1)) {
            Ok(facts) => done.extend(facts.into_iter().map(|(key, facts)| (key, Some(facts)))),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) if keys.len() > 1 => {
                let (first, second) = keys.split_at(keys.len() / 2);
                self.list_part(rows, first, done);
                self.list_part(rows, second, done);
            }
            Err(_) => done.extend(keys.iter().map(|key| (key.clone(), None))),
        }
    }

    /// The key of each row of a part of an array, and what else the row says.
    fn facts(&self, rows: Value, part: &str) -> Result<Vec<(String, Facts)>, SqlError> {
        let said = self.said_of_a_row().into_iter().chain(self.rules.expressions().map(ToString::to_string));
        let sql = format!(
            "SELECT {} FROM pg_catalog.unnest({part}) AS l{}",
            list(said),
            config_sql::unknown_password()
        );
        let rows = self
            .actor
            .attempt(Reach::Evaluate, || plan::query(&sql, &[rows.type_oid()], &[Arg::Value(rows)]))?;
        Ok(rows.into_iter().map(|row| self.facts_of(row)).collect())
    }

    fn facts_of(&self, row: plan::Row) -> (String, Facts) {
        let mut fields = row.into_iter();
        let mut next = || fields.next().flatten();
        let key = next().unwrap_or_default();
        let (hash, salt, hash_login) = (next(), next(), next());
        let logins =
            (0..self.lookups.len()).filter_map(|_| next()).filter(|login| !login.is_empty()).collect();
        let broken = self.rules.broken(fields.map(|value| value.as_deref() == Some("t")), false);
        (key, Facts { hash, salt, hash_login, logins, broken })
    }

    /// Asks the store. What it says of a row is for nobody's eyes.
    pub(super) fn ask<T>(&self, body: impl FnOnce() -> T) -> Result<T, Refusal> {
        let place = format!("source {}", self.row.name);
        self.actor.attempt(Reach::Evaluate, body).map_err(|error| {
            let state = error.sqlstate();
            if must_reach_caller(&error) {
                error.raise();
            }
            if ["08", "0A", "28", "42", "HV"].iter().any(|class| state.starts_with(class)) {
                return Refusal::in_config(&place, error)
                    .or_hint("See what ferry.check_config() says of the source.");
            }
            Refusal::new(Kind::State, format!("{place}: its rows could not be read (SQLSTATE {state})")).hint(
                format!(
                    "Read {} as role {} to see which value it is; text columns take any.",
                    self.rows.title,
                    identity::quoted(&self.actor.role_name)
                ),
            )
        })
    }
}

impl Person {
    pub(crate) fn luggage(&self) -> Luggage<'_> {
        Luggage { hash: self.hash.as_deref(), salt: self.salt.as_deref(), login: self.hash_login.as_deref() }
    }

    /// The logins that the person has, in the order of `login_columns`.
    pub(crate) fn logins(&self) -> impl Iterator<Item = &str> {
        self.logins.iter().flatten().map(String::as_str).filter(|login| !login.is_empty())
    }
}

/// Rows with their places.
fn listed(rows: Vec<(String, Option<Facts>)>) -> Vec<Listed> {
    let mut seen = HashSet::with_capacity(rows.len());
    let again: Vec<bool> = rows.iter().map(|(key, _)| !seen.insert(key.as_str())).collect();
    let row = |((place, (key, facts)), is_again)| Listed { place, key, is_again, facts };
    (1..).zip(rows).zip(again).map(row).collect()
}

/// The parameters of a statement.
#[derive(Default)]
pub(super) struct Arguments {
    values: Vec<Value>,
    pub(super) types: Vec<Oid>,
}

impl Arguments {
    fn add(&mut self, value: Value, type_oid: Oid) -> String {
        self.values.push(value);
        self.types.push(type_oid);
        format!("${}", self.values.len())
    }

    pub(super) fn args(&self) -> Vec<Arg<'static>> {
        self.values.iter().map(|value| Arg::Value(*value)).collect()
    }
}

//! Reading a source from beginning to end, for those who want to know before they do. Whoever calls sees to it that nothing
//! can be written meanwhile ([`guard::only_reading`](crate::spi::guard::only_reading)).

use super::{Person, Source, Store, person};
use crate::batch::Batch;
use crate::catalog::Actor;
use crate::config_sql::Scope;
use crate::error::{Refusal, must_reach_caller_from_source};
use crate::spi::cursor::Cursor;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{Plan, Planning, Value};
use crate::spi::types::{self, TEXT};

/// Which rows are read: all of them in the order in which they come, or the first by key.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    AsItComes,
    ByKey,
}

/// The rows of a source, being read.
pub(crate) struct Scan {
    cursor: Cursor,
    actor: Actor,
    /// For errors: the source and its relation.
    place: String,
    relation: String,
}

impl Source {
    /// Begins to read the rows that may be moved.
    pub(crate) fn scan(&self, order: Order, limit: Option<i64>) -> Result<Scan, Refusal> {
        let store = self.store_of_rows().map_err(|refusal| {
            refusal.hint(
                "Look at one person with ferry.explain_login(login), or make the legacy table a foreign table of \
                 postgres_fdw and a source of kind relation over it.",
            )
        })?;
        let order = matches!(order, Order::ByKey).then_some(&self.key);
        let sql = store.select_all(order, limit);
        let (place, relation) = (format!("source {}", self.row.name), self.rows.title.clone());
        let opened =
            self.actor.attempt(Reach::Evaluate, || Cursor::open(&Plan::prepare(&sql, &[], Planning::Custom)));
        match opened {
            Ok(cursor) => Ok(Scan { cursor, actor: self.actor.clone(), place, relation }),
            Err(error) => Err(unreadable(error, &place, &relation, &self.actor)),
        }
    }

    /// The columns of its relation that no expression reads.
    pub(crate) fn unread_columns(&self) -> &[String] {
        match &self.store {
            Store::Relation(store) => &store.unread,
            Store::Dblink(_) => &[],
        }
    }

    /// Describes many rows at once.
    pub(crate) fn surveyor(&self) -> Surveyor {
        let from = Scope::of_rows(self.rows.row_type, "l").from;
        Surveyor(Batch::new(self.describe_sql(&from), self.rows.row_type))
    }

    /// The login in a column of a person, and whether the source, in whichever column, has it in its normal form.
    pub(crate) fn logins<'a>(&self, person: &'a Person) -> impl Iterator<Item = StoredLogin<'a>> {
        let keys = self.lookups.iter().map(|lookup| lookup.key.is_text && !lookup.key.is_citext);
        let form = self.form;
        person.logins.iter().zip(keys).enumerate().filter_map(move |(place, (login, is_plain_text))| {
            let login = login.as_deref().filter(|login| !login.is_empty())?;
            let normalised = form.apply(login);
            let is_found = !is_plain_text || person.logins.iter().flatten().any(|other| *other == normalised);
            Some(StoredLogin { place, login, normalised, is_found })
        })
    }

    /// Whether the source is asked about each of these logins, which are in their normal form.
    pub(crate) fn covers_each(&self, logins: &[String]) -> Vec<bool> {
        let Some(scope) = &self.scope else { return vec![true; logins.len()] };
        let sql = format!("SELECT {scope} FROM pg_catalog.unnest($1) AS login_row(login)");
        let logins: Vec<Value> = logins.iter().map(|login| types::text(login)).collect();
        let answers = Batch::new(sql, TEXT).evaluate(&logins, &self.actor).into_iter();
        answers
            .map(|answer| answer.is_ok_and(|row| matches!(row.first(), Some(Some(text)) if text == "t")))
            .collect()
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn row_type(&self) -> crate::spi::types::Oid {
        self.rows.row_type
    }
}

/// A login as a source has it.
pub(crate) struct StoredLogin<'a> {
    /// Which of the login columns it is in.
    pub(crate) place: usize,
    pub(crate) login: &'a str,
    pub(crate) normalised: String,
    /// Whoever types it in another case finds it too.
    pub(crate) is_found: bool,
}

/// What a row turned out to be.
pub(crate) enum Described {
    Person(Person),
    WithoutKey,
    /// An expression for key, login, hash or salt fails on it.
    Failed(SqlError),
}

/// Describes rows of one source.
pub(crate) struct Surveyor(Batch);

impl Surveyor {
    pub(crate) fn describe(&self, rows: &[Value], actor: &Actor) -> Vec<Described> {
        let described = self.0.evaluate(rows, actor).into_iter();
        let described = described.zip(rows).map(|(fields, row)| match fields {
            Ok(fields) => person(*row, fields).map_or(Described::WithoutKey, Described::Person),
            Err(error) => Described::Failed(error),
        });
        described.collect()
    }
}

impl Scan {
    /// The next rows; none at the end.
    pub(crate) fn next(&self, count: i64) -> Result<Vec<Value>, Refusal> {
        let fetched = self.actor.attempt(Reach::Evaluate, || self.cursor.fetch(count));
        fetched.map_err(|error| unreadable(error, &self.place, &self.relation, &self.actor))
    }

    pub(crate) fn close(&self) {
        self.cursor.close();
    }
}

/// The far end is away, or a row cannot be read as its column's type. What was in the row is not told.
fn unreadable(error: SqlError, place: &str, relation: &str, actor: &Actor) -> Refusal {
    if must_reach_caller_from_source(&error) {
        error.raise();
    }
    let role = identity::quoted(&actor.role_name);
    let try_it = format!("SET ROLE {role}; SELECT * FROM {relation} LIMIT 1; shows what stands in the way.");
    Refusal::unreadable(place, relation, &error).hint(try_it)
}

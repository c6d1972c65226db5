//! Rows of other tables that come with a user: roles, second factors, consents, addresses.
//!
//! They are fetched before anything is locked, since they may come from far away, kept as a value,
//! and written with the user.

mod columns;
mod table;

use crate::catalog::{self, Relation, Rights};
use crate::config::{ChildRow, OnChildConflict, SourceRow};
use crate::config_sql::{self, Scope};
use crate::error::{Refusal, is_silence, must_reach_caller_from_source};
use crate::mapping::Field;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan, Planning, Row, Value};
use crate::spi::timer::{self, Timed};
use crate::spi::types::{self, Oid, RECORDS};
use crate::spi::watch;
use crate::sql::{Ident, Query, list};
use crate::target::{Target, User};
use serde_json::Map;
use std::cell::{Cell, OnceCell};

use columns::{Filled, filled, returned};
use table::Table;
pub(crate) use table::Tables;

/// The children of one source.
pub(crate) struct Children {
    children: Vec<Child>,
    timeout_ms: i32,
    generation: u64,
}

/// One child table, and the query for its rows.
struct Child {
    row: ChildRow,
    query: Query,
    row_type: Oid,
    table: Table,
    filled: Vec<Filled>,
    fetch: OnceCell<Plan>,
    delete: OnceCell<Plan>,
    insert: OnceCell<Plan>,
}

/// When children are asked for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// A user is moved: all of them.
    Move,
    /// A user who was moved logs in: those with `refresh`.
    Login,
}

/// The rows that were fetched for one user. No `Debug`: they may be secrets of second factors.
pub(crate) struct Fetched {
    /// By the number of the child in [`Children`].
    rows: Vec<(usize, Value)>,
    /// The child that is being looked at or written.
    in_hand: Cell<Option<usize>>,
}

impl Fetched {
    /// The rows of each child, noting whose turn it is till all are done.
    fn one_by_one(&self) -> impl Iterator<Item = (usize, Value)> {
        let mut rows = self.rows.iter().copied();
        std::iter::from_fn(move || {
            let next = rows.next();
            self.in_hand.set(next.map(|(number, _)| number));
            next
        })
    }
}

/// Why rows could not be fetched.
pub(crate) enum Unfetched {
    /// What they come from could not be asked, with the SQLSTATE, or `timeout`.
    Silent {
        child: String,
        state: String,
    },
    Failed {
        child: String,
        error: SqlError,
    },
    /// A relation was altered since the source was opened: it must be opened anew.
    Stale,
}

/// How many rows a child has written, or deleted.
pub(crate) type Count = (String, u64);

/// Counts as a JSON object.
pub(crate) fn object(counts: impl IntoIterator<Item = Count>) -> Map<String, serde_json::Value> {
    counts.into_iter().map(|(child, count)| (child, count.into())).collect()
}

/// What would be written into a child table.
pub(crate) struct Preview {
    pub(crate) child: String,
    pub(crate) table: String,
    pub(crate) rows: Vec<Vec<Field>>,
    /// How many rows would be deleted.
    pub(crate) deleted: usize,
}

impl Children {
    /// Checks each child: its table, its query, and that the one fits the other.
    pub(crate) fn open(
        source: &SourceRow,
        rows: Vec<ChildRow>,
        from: &Relation,
        target: &Target,
    ) -> Result<Children, Refusal> {
        let generation = watch::generation();
        let children = rows.into_iter().map(|row| Child::open(&source.name, row, from, target));
        Ok(Children {
            children: children.collect::<Result<_, _>>()?,
            timeout_ms: source.timeout_ms,
            generation,
        })
    }

    /// Whether later logins, too, ask for any.
    pub(crate) fn refreshes(&self) -> bool {
        self.children.iter().any(|child| child.row.refresh)
    }

    /// Each child table, and the columns of it that are filled.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, Vec<Option<String>>)> {
        self.children.iter().map(|child| {
            let filled = child.filled.iter().map(|filled| Some(filled.column.name.clone()));
            let user_column = Some(child.table.user_column.0.clone());
            (child.table.relation.title.as_str(), filled.chain([user_column]).collect())
        })
    }

    /// Values that read of the legacy row what the queries do.
    pub(crate) fn reads(&self) -> impl Iterator<Item = String> {
        self.queries().map(|(_, query)| query)
    }

    /// The same of each child by its name.
    pub(crate) fn queries(&self) -> impl Iterator<Item = (&str, String)> {
        self.children.iter().map(|child| (child.row.name.as_str(), format!("EXISTS {}", child.query)))
    }

    /// Asks for the rows of a legacy user, each child within the time limit of the source.
    pub(crate) fn fetch(&self, target: &Target, row: Value, moment: Moment) -> Result<Fetched, Unfetched> {
        let mut rows = Vec::new();
        for (number, child) in self.children.iter().enumerate() {
            if moment == Moment::Move || child.row.refresh {
                let fetched = timer::limited(self.timeout_ms, || child.fetch(target, row));
                rows.extend(self.understood(child, fetched)?.map(|value| (number, value)));
            }
        }
        Ok(Fetched { rows, in_hand: Cell::new(None) })
    }

    fn understood<T>(&self, child: &Child, fetched: Timed<Result<T, SqlError>>) -> Result<T, Unfetched> {
        let name = || child.row.name.clone();
        match fetched {
            Timed::InTime(Ok(value)) => Ok(value),
            Timed::InTime(Err(error)) if must_reach_caller_from_source(&error) => error.raise(),
            _ if watch::generation() != self.generation => Err(Unfetched::Stale),
            Timed::Expired => Err(Unfetched::Silent { child: name(), state: "timeout".to_string() }),
            Timed::InTime(Err(error)) if is_silence(&error) => {
                Err(Unfetched::Silent { child: name(), state: error.sqlstate() })
            }
            Timed::InTime(Err(error)) => Err(Unfetched::Failed { child: name(), error }),
        }
    }

    /// Whether writing the rows would change nothing. Runs as [`Children::write`] does.
    pub(crate) fn is_current(&self, target: &Target, user_id: &str, fetched: &Fetched) -> bool {
        let Some(id) = types::cast(user_id, &target.id_lookup().key) else { return true };
        fetched.one_by_one().all(|(number, rows)| self.children[number].is_current(target, id, rows))
    }

    /// Writes the rows, as `on_conflict` says. Runs with the actor's rights and without a net: the
    /// caller has one, and learns from [`Children::failing`] which child an error is about.
    pub(crate) fn write(&self, target: &Target, user_id: &str, fetched: &Fetched) -> Vec<Count> {
        let Some(id) = types::cast(user_id, &target.id_lookup().key) else { return Vec::new() };
        let write = |(number, rows): (usize, Value)| {
            let child = &self.children[number];
            (child.row.name.clone(), child.write(target, id, rows))
        };
        fetched.one_by_one().map(write).collect()
    }

    /// The child whose rows were being looked at or written when an error came.
    pub(crate) fn failing(&self, fetched: &Fetched) -> Option<&str> {
        fetched.in_hand.get().map(|number| self.children[number].row.name.as_str())
    }

    /// The rows that would be written for a new user, or for the one who would be adopted. Nothing is written.
    pub(crate) fn preview(
        &self,
        target: &Target,
        adopting: Option<&User>,
        fetched: &Fetched,
    ) -> Result<Vec<Preview>, (String, SqlError)> {
        let id = adopting.and_then(|user| types::cast(&user.id, &target.id_lookup().key));
        let previewed = fetched.rows.iter().map(|(number, rows)| {
            let child = &self.children[*number];
            child.preview(target, id, *rows).map_err(|error| (child.row.name.clone(), error))
        });
        previewed.collect()
    }
}

impl Child {
    fn open(source: &str, row: ChildRow, from: &Relation, target: &Target) -> Result<Child, Refusal> {
        let place = format!("child {source}.{}", row.name);
        let table = Table::open(&row, &place, target)?;
        let rights = if row.on_conflict == OnChildConflict::Replace { Rights::Replace } else { Rights::Add };
        catalog::check_rights(&table.relation, &target.actor, rights, &place)?;
        table.check_id(&place, target)?;
        let query = config_sql::query(&row.rows, &format!("{place}, rows"), &target.actor)?;
        let scope = Scope::of_row(from.row_type, "l");
        let returned = returned(&query, &place, &scope, target)?;
        let filled = filled(&row, returned, &table, &place)?;
        let row_type = from.row_type;
        let (fetch, delete, insert) = Default::default();
        let child = Child { row, query, row_type, table, filled, fetch, delete, insert };
        child.check(&place, &scope, target)?;
        Ok(child)
    }

    /// Plans the query as it will be asked, and lets PostgreSQL say whether its values can be
    /// assigned to the columns.
    fn check(&self, place: &str, scope: &Scope, target: &Target) -> Result<(), Refusal> {
        let checked = target.actor.attempt(Reach::Evaluate, || {
            Plan::prepare(&self.fetch_sql(&scope.checked_from), &[], Planning::Auto).plan_once();
            if self.row.on_conflict == OnChildConflict::Replace {
                drop(self.prepare_delete(target));
            }
            drop(self.prepare_insert(target));
        });
        checked.map_err(|error| {
            Refusal::in_config(place, error)
                .or_hint("Cast what the query returns to the types of the columns.")
        })
    }

    fn fetch(&self, target: &Target, row: Value) -> Result<Option<Value>, SqlError> {
        target.actor.attempt(Reach::Evaluate, || {
            let prepare = || {
                let from = Scope::of_row(self.row_type, "l").from;
                Plan::prepare(&self.fetch_sql(&from), &[self.row_type], Planning::Auto)
            };
            self.fetch.get_or_init(prepare).values(&[Arg::Value(row)]).into_iter().next()
        })
    }

    fn write(&self, target: &Target, id: Value, rows: Value) -> u64 {
        let arguments = [Arg::Value(id), Arg::Value(rows)];
        target.actor.act(Reach::Write, || {
            if self.row.on_conflict == OnChildConflict::Replace {
                self.delete.get_or_init(|| self.prepare_delete(target)).count(&arguments);
            }
            self.insert.get_or_init(|| self.prepare_insert(target)).count(&arguments)
        })
    }

    fn is_current(&self, target: &Target, id: Value, rows: Value) -> bool {
        let (inserted, deleted) = (self.to_insert(), self.to_delete());
        let sql = format!("SELECT NOT EXISTS (SELECT {inserted}) AND NOT EXISTS (SELECT {deleted})");
        let answer = target.actor.act(Reach::Evaluate, || {
            plan::query(&sql, &self.parameters(target), &[Arg::Value(id), Arg::Value(rows)])
        });
        plan::is_true(answer)
    }

    fn preview(&self, target: &Target, id: Option<Value>, rows: Value) -> Result<Preview, SqlError> {
        // Raises what the columns would say of the values.
        let values = self.values().zip(&self.filled).map(|(value, filled)| {
            format!("({})::pg_catalog.text", config_sql::assigned(&value, &filled.column))
        });
        let (inserted, deleted) =
            (format!("SELECT {} {}", list(values), self.to_insert()), format!("SELECT {}", self.to_delete()));
        let (types, arguments) =
            (self.parameters(target), [id.map_or(Arg::Null, Arg::Value), Arg::Value(rows)]);
        target.actor.attempt(Reach::Evaluate, || {
            let rows = plan::query(&inserted, &types, &arguments);
            let names = || self.filled.iter().map(|filled| filled.column.name.clone());
            let taken = |row: Row| names().zip(row).collect();
            Preview {
                child: self.row.name.clone(),
                table: self.table.relation.title.clone(),
                rows: rows.into_iter().map(taken).collect(),
                deleted: plan::query(&deleted, &types, &arguments).len(),
            }
        })
    }

    /// An array of the rows, as records. A subquery in the list rather than a join, for only so is a
    /// foreign server told the values of `l`. Each record begins with one field of ours, for the
    /// query may return rows without columns.
    fn fetch_sql(&self, from: &str) -> String {
        let names = (1..=self.filled.len()).map(|number| format!("c{number}"));
        let alias = if self.filled.is_empty() { String::new() } else { format!("({})", list(names)) };
        let fields = ["true".to_string()].into_iter().chain(self.values());
        format!("SELECT ARRAY(SELECT ROW({}) FROM {} AS c{alias}) {from}", list(fields), self.query)
    }

    fn prepare_insert(&self, target: &Target) -> Plan {
        let columns = self.filled.iter().map(|filled| Ident(filled.column.name.clone()));
        let sql = format!(
            "INSERT INTO {} ({}) SELECT {} {}",
            self.table.relation.name,
            list([self.table.user_column.clone()].into_iter().chain(columns)),
            list(["$1".to_string()].into_iter().chain(self.values())),
            self.to_insert()
        );
        Plan::prepare(&sql, &self.parameters(target), Planning::Auto)
    }

    fn prepare_delete(&self, target: &Target) -> Plan {
        Plan::prepare(&format!("DELETE {}", self.to_delete()), &self.parameters(target), Planning::Auto)
    }

    /// The user's id, and the fetched rows.
    fn parameters(&self, target: &Target) -> [Oid; 2] {
        [target.id_lookup().key.oid, RECORDS]
    }

    /// The fields of a fetched row, in the order of the columns.
    fn values(&self) -> impl Iterator<Item = String> {
        (1..=self.filled.len()).map(|number| format!("c.c{number}"))
    }

    /// The fetched rows in `$2`.
    fn fetched(&self) -> String {
        let types = self.filled.iter().map(|filled| types::type_name(filled.type_oid));
        let types = (1..).zip(types).map(|(number, name)| format!("c{number} {name}"));
        let fields = ["c0 pg_catalog.bool".to_string()].into_iter().chain(types);
        format!("pg_catalog.unnest($2) AS c({})", list(fields))
    }

    /// From the fetched rows, those that are to be inserted for user `$1`.
    fn to_insert(&self) -> String {
        let rows = match self.row.on_conflict {
            OnChildConflict::Keep => self.table.rows_of_user(),
            OnChildConflict::Add | OnChildConflict::Replace => {
                format!("{} AND {}", self.table.rows_of_user(), self.is_same())
            }
        };
        format!("FROM {} WHERE NOT EXISTS (SELECT {rows})", self.fetched())
    }

    /// From the rows of user `$1`, those that are to be deleted: what is the same stays as it is.
    fn to_delete(&self) -> String {
        let stale = match self.row.on_conflict {
            OnChildConflict::Add | OnChildConflict::Keep => "false".to_string(),
            OnChildConflict::Replace => {
                format!("NOT EXISTS (SELECT FROM {} WHERE {})", self.fetched(), self.is_same())
            }
        };
        format!("{} AND {stale}", self.table.rows_of_user())
    }

    /// The condition that row `t` of the table is what fetched row `c` would become in it.
    fn is_same(&self) -> String {
        let fields = self.filled.iter().zip(self.values()).map(|(filled, value)| filled.is_same(&value));
        ["true".to_string()].into_iter().chain(fields).collect::<Vec<_>>().join(" AND ")
    }
}

//! What the users table would say of a user who is here, were the mappings to change them: by adopting them, or by bringing
//! them up to date.

use super::shape::{Shape, read};
use super::{Broken, Builder, THERE};
use crate::config_sql;
use crate::error::must_reach_caller;
use crate::mapping::Change;
use crate::source::{Source, explain};
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value};
use crate::spi::types::{self, Oid, TEXT};
use crate::sql::{Ident, list};
use crate::target::{Target, User};
use std::collections::BTreeMap;

/// What must hold for users whom the rows of one source change.
pub(crate) struct Changed {
    /// `None` where the users table cannot be asked.
    sql: Option<String>,
    types: [Oid; 3],
    hash: Option<String>,
    conditions: Vec<Broken>,
    /// What may still go wrong, and cannot be told.
    pub(crate) unforeseen: Vec<String>,
    /// A trigger may change the row before anything is asked of it.
    pub(crate) may_be_mended: bool,
}

/// What would become of a user; where that is not known, nothing is broken.
#[derive(Default)]
pub(crate) struct Foreseen {
    pub(crate) broken: Vec<Broken>,
    pub(crate) is_allowed: Option<bool>,
    pub(crate) must_change: Option<bool>,
}

impl Changed {
    /// `hash` stands for the hash that would be written, if any.
    pub(crate) fn open(source: &Source, target: &Target, change: Change, hash: Option<String>) -> Changed {
        let shape = read(target);
        let builder = Builder::of_changed(source, target, &shape, change);
        let types = [source.row_type(), TEXT, target.id_lookup().key.oid];
        let probe = |values: &[&str]| {
            target.actor.attempt(Reach::Evaluate, || {
                explain(&builder.query(values), &types, &[Arg::Null, Arg::Null, Arg::Null]);
            })
        };
        let mut unforeseen = shape.on_update.unforeseen.clone();
        let mut conditions = Vec::new();
        let sql = match probe(&[]) {
            Ok(()) => {
                conditions = builder.askable(probe, &mut unforeseen);
                let states = target.states_of_user().map(|value| builder.of_whole_user(&value));
                let values = conditions.iter().map(|condition| condition.sql.as_str());
                Some(builder.query(&values.chain(states.iter().map(String::as_str)).collect::<Vec<_>>()))
            }
            Err(error) => {
                unforeseen.push(format!("the constraints of the users table ({})", error.sqlstate()));
                None
            }
        };
        Changed {
            sql,
            types,
            hash,
            conditions: conditions.into_iter().map(|condition| condition.broken).collect(),
            unforeseen,
            may_be_mended: shape.on_update.has_before_trigger,
        }
    }

    /// What the user would break, or the error that making the values raises.
    pub(crate) fn judge(&self, row: Value, user: &User, target: &Target) -> Result<Foreseen, SqlError> {
        let id = types::cast(&user.id, &target.id_lookup().key);
        let (Some(sql), Some(id)) = (&self.sql, id) else { return Ok(Foreseen::default()) };
        let arguments = [Arg::Value(row), Arg::from(self.hash.as_deref()), Arg::Value(id)];
        let ask = || plan::query(sql, &self.types, &arguments).pop();
        match target.actor.attempt(Reach::Evaluate, ask) {
            Ok(fields) => Ok(fields.map(|fields| self.read_fields(fields)).unwrap_or_default()),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => Err(error),
        }
    }

    fn read_fields(&self, fields: Vec<Option<String>>) -> Foreseen {
        let mut flags = fields.into_iter().map(|flag| flag.as_deref() == Some("t"));
        let broken = self.conditions.iter().zip(flags.by_ref());
        let broken = broken.filter(|(_, is_broken)| *is_broken).map(|(broken, _)| broken.clone()).collect();
        Foreseen { broken, is_allowed: flags.next(), must_change: flags.next() }
    }
}

impl<'a> Builder<'a> {
    /// `$1` is the legacy row, `$2` the hash and `$3` the user's id.
    fn of_changed(source: &'a Source, target: &'a Target, shape: &'a Shape, change: Change) -> Builder<'a> {
        let hash = target.relation.column(&target.row.hash_column).filter(|_| change == Change::Adopt);
        let hash = hash.map(|column| (column.name.clone(), config_sql::assigned(&"$2", column)));
        let (changed, made) = source.transfer.change(change);
        let changed = changed.into_iter().map(|(column, sql)| (column.name.clone(), sql));
        let values: BTreeMap<String, String> = changed.chain(hash).collect();
        let row = shape.columns.iter().map(|column| {
            let name = Ident(column.name.clone());
            let value = values.get(&column.name).cloned().unwrap_or_else(|| format!("u.{name}"));
            format!("{value} AS {name}")
        });
        let (table, id) = (&target.relation.name, target.id_lookup());
        let is_user = format!("{} {} $3", id.sql, id.key.equals);
        let row = format!("SELECT {} {made}, {table} AS u WHERE {is_user} OFFSET 0", list(row));
        let is_other = format!("NOT (SELECT {is_user} FROM pg_catalog.unnest(ARRAY[{THERE}]) AS u)");
        let mapped = values.into_keys().collect();
        Builder { target, shape, mapped, row, is_other: Some(is_other) }.generating()
    }

    /// A value over the row to be written as `u`, which is of the type of the users table.
    fn of_whole_user(&self, value: &str) -> String {
        let columns = self.shape.columns.iter().map(|column| self.of_row(&column.name));
        let (columns, table) = (list(columns), &self.target.relation.name);
        format!("(SELECT {value} FROM pg_catalog.unnest(ARRAY[ROW({columns})::{table}]) AS u)")
    }
}

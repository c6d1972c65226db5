//! What the users table would say of rows that nobody has written yet: its NOT NULLs, checks, foreign keys, unique
//! indexes and exclusion constraints, asked in one query over the values that the mappings give. No INSERT: that would
//! use up sequences and fire triggers. What cannot be known before (the values of defaults that are computed, of
//! identities) is not judged. [`change`] asks the same about users who are here.

mod change;
mod shape;

use crate::batch::Batch;
use crate::config_sql::{self, Scope};
use crate::mapping::Change;
use crate::source::{Source, explain};
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value};
use crate::spi::types::{self, TEXT, TEXTS};
use crate::sql::{Ident, list};
use crate::target::Target;
use shape::{Column, Parent, Shape, Unique};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use change::{Changed, Foreseen};

/// One thing that must hold, and the SQL that is true where it does not.
struct Condition {
    broken: Broken,
    sql: String,
}

/// What a row would break.
#[derive(Clone)]
pub(crate) struct Broken {
    /// The constraint, or the column that may not be null.
    pub(crate) name: String,
    pub(crate) is_column: bool,
    pub(crate) sqlstate: &'static str,
    /// It is asked at COMMIT.
    pub(crate) is_deferred: bool,
}

impl Broken {
    /// What it is, and its name.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", if self.is_column { "column" } else { "constraint" }, self.name)
    }
}

/// What must hold for the users that one source makes.
pub(crate) struct Constraints {
    batch: Batch,
    conditions: Vec<Broken>,
    uniques: Vec<String>,
    hash: String,
    /// What may still go wrong, and cannot be told.
    pub(crate) unforeseen: Vec<String>,
    /// The columns that get null in every row: not filled, and without a default.
    pub(crate) unfilled: Vec<String>,
    /// A trigger may change the row before anything is asked of it.
    pub(crate) may_be_mended: bool,
}

/// What would become of one row.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) broken: Vec<Broken>,
    /// By unique index: a digest of its key, equal where the keys are.
    pub(crate) keys: Vec<(String, String)>,
    /// What else was asked.
    pub(crate) also: Vec<Option<String>>,
}

/// The name of the row of legacy values in the query below, which no column can shadow.
const THERE: &str = "ferry_there";

impl Constraints {
    /// `hash` stands for the hash that would be written; `also` are further values over the new user's row `u`.
    pub(crate) fn open(source: &Source, target: &Target, hash: String, also: &[String]) -> Constraints {
        let shape = shape::read(target);
        let builder = Builder::new(source, target, &shape);
        let (mut keys, mut unforeseen) = (Vec::new(), shape.on_insert.unforeseen.clone());
        // Started, not only planned: a table that may not be read is an error only then.
        let probe = |values: &[&str]| {
            let types = [types::array_of(source.row_type()), TEXTS];
            target.actor.attempt(Reach::Evaluate, || {
                explain(&builder.query(values), &types, &[Arg::Null, Arg::Null]);
            })
        };
        let conditions = builder.askable(probe, &mut unforeseen);
        for (name, sql) in builder.unique_keys() {
            if probe(&[&sql]).is_ok() {
                keys.push((name, sql));
            }
        }
        unforeseen.extend(builder.unjudged());
        let flags = conditions.iter().map(|condition| condition.sql.as_str());
        let also: Vec<String> = also.iter().map(|value| builder.of_user(value)).collect();
        let values: Vec<&str> = flags
            .chain(keys.iter().map(|(_, sql)| sql.as_str()))
            .chain(also.iter().map(String::as_str))
            .collect();
        Constraints {
            batch: Batch::new(builder.query(&values), source.row_type()).with_texts(),
            hash,
            unfilled: builder.unfilled(),
            conditions: conditions.into_iter().map(|condition| condition.broken).collect(),
            uniques: keys.into_iter().map(|(name, _)| name).collect(),
            unforeseen,
            may_be_mended: shape.on_insert.has_before_trigger,
        }
    }

    /// What each of the rows would break, or the error that making its values raises.
    pub(crate) fn judge(&self, rows: &[Value], target: &Target) -> Vec<Result<Judged, SqlError>> {
        self.judge_with(rows, &vec![Some(self.hash.clone()); rows.len()], target)
    }

    /// The same where each row has a hash of its own.
    pub(crate) fn judge_with(
        &self,
        rows: &[Value],
        hashes: &[Option<String>],
        target: &Target,
    ) -> Vec<Result<Judged, SqlError>> {
        let judged = self.batch.evaluate_with(rows, hashes, &target.actor).into_iter();
        judged.map(|line| line.map(|fields| self.read(fields))).collect()
    }

    /// The same, or the error that any of the rows raises.
    pub(crate) fn judge_all(
        &self,
        rows: &[Value],
        hashes: &[Option<String>],
        target: &Target,
    ) -> Result<Vec<Judged>, SqlError> {
        let judged = self.batch.evaluate_all(rows, hashes, &target.actor)?;
        Ok(judged.into_iter().map(|fields| self.read(fields)).collect())
    }

    /// The same of users who are here, and would be adopted.
    pub(crate) fn of_adopted(&self, source: &Source, target: &Target) -> Changed {
        Changed::open(source, target, Change::Adopt, Some(self.hash.clone()))
    }

    /// Whether the hash, by itself, fits its column.
    pub(crate) fn hash_fits(&self, target: &Target) -> bool {
        let Some(column) = target.relation.column(&target.row.hash_column) else { return true };
        let sql = format!("SELECT {}", config_sql::assigned(&"$1", column));
        let cast = || plan::query(&sql, &[TEXT], &[Arg::Text(&self.hash)]);
        target.actor.attempt(Reach::Evaluate, cast).is_ok()
    }

    fn read(&self, fields: Vec<Option<String>>) -> Judged {
        let mut fields = fields.into_iter();
        let flags = self.conditions.iter().zip(fields.by_ref());
        let broken = flags.filter(|(_, flag)| flag.as_deref() == Some("t"));
        let broken = broken.map(|(broken, _)| broken.clone()).collect();
        let keys = self.uniques.iter().zip(fields.by_ref());
        let keys = keys.filter_map(|(name, digest)| Some((name.clone(), digest?))).collect();
        Judged { broken, keys, also: fields.collect() }
    }
}

/// Puts the query together.
struct Builder<'a> {
    target: &'a Target,
    shape: &'a Shape,
    mapped: BTreeSet<String>,
    /// The row that would be written, as far as it is known: a query.
    row: String,
    /// Of a user who is here, whose columns are all known: what tells others from them.
    is_other: Option<String>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source, target: &'a Target, shape: &'a Shape) -> Builder<'a> {
        let hash = target.relation.column(&target.row.hash_column);
        // Each row has a hash of its own in `$2`, in the order of the rows in `$1`.
        let own_hash = "($2)[pg_catalog.row_number() OVER ()]";
        let hash = hash.map(|column| (column.name.clone(), config_sql::assigned(&own_hash, column)));
        let mapped = source.transfer.assigned().map(|(column, sql)| (column.name.clone(), sql));
        let values: BTreeMap<String, String> = mapped.chain(hash).collect();
        // In the order of an INSERT: of several values that cannot be made, the first is told.
        let row = shape.columns.iter().map(|column| {
            let value = values.get(&column.name).cloned().unwrap_or_else(|| column.unmapped());
            format!("{value} AS {}", Ident(column.name.clone()))
        });
        let row = format!("SELECT {} {} OFFSET 0", list(row), Scope::of_rows(source.row_type(), "l").from);
        Builder { target, shape, mapped: values.into_keys().collect(), row, is_other: None }.generating()
    }

    fn generating(self) -> Builder<'a> {
        Builder { row: self.with_generated(), ..self }
    }

    /// The row with the columns that PostgreSQL makes of the others.
    fn with_generated(&self) -> String {
        let columns = self.shape.columns.iter().map(|column| {
            let name = Ident(column.name.clone());
            let generated = column.generated.as_ref().filter(|_| self.is_known(&column.name));
            match generated.zip(self.target.relation.column(&column.name)) {
                Some((sql, known)) => format!("{} AS {name}", config_sql::assigned(sql, known)),
                None => self.of_row(&column.name),
            }
        });
        format!("SELECT {} FROM ({}) AS {} OFFSET 0", list(columns), self.row, self.alias())
    }

    /// Its values are over the row to be written, under the name of the users table, as constraints are written. The last
    /// one takes the whole row: the planner leaves out what nothing asks for, and every value is to be made.
    fn query(&self, values: &[&str]) -> String {
        let whole = format!("pg_catalog.num_nulls(ROW({}.*))", self.alias());
        let values = list(values.iter().map(ToString::to_string).chain([whole]));
        format!(
            "SELECT {values} FROM (SELECT {0}.*{1} FROM ({2}) AS {0} OFFSET 0) AS {0}",
            self.alias(),
            self.key_columns(),
            self.row
        )
    }

    fn alias(&self) -> &Ident {
        &self.target.relation.name.name
    }

    /// The keys of unique indexes, as further columns.
    fn key_columns(&self) -> String {
        let mut columns = String::new();
        for (number, unique) in self.judged_uniques() {
            for (place, key) in unique.keys.iter().flatten().enumerate() {
                columns += &format!(", {} AS {}", key.expression, key_name(number, place));
            }
            let predicate = unique.predicate.as_deref().unwrap_or("true");
            columns += &format!(", {predicate} AS {}", predicate_name(number));
        }
        columns
    }

    /// The conditions that can be asked; the others are added to what is not foreseen.
    fn askable(
        &self,
        probe: impl Fn(&[&str]) -> Result<(), SqlError>,
        unforeseen: &mut Vec<String>,
    ) -> Vec<Condition> {
        let mut conditions = self.conditions();
        conditions.retain(|condition| match probe(&[&condition.sql]) {
            Ok(()) => true,
            Err(error) => {
                unforeseen.push(format!("{} ({})", condition.broken.name, error.sqlstate()));
                false
            }
        });
        conditions
    }

    fn conditions(&self) -> Vec<Condition> {
        let shape = self.shape;
        let condition = |name: &str, is_column: bool, sqlstate: &'static str, sql: String| Condition {
            broken: Broken { name: name.to_string(), is_column, sqlstate, is_deferred: false },
            sql,
        };
        let deferred = |is_deferred: bool, condition: Condition| Condition {
            broken: Broken { is_deferred, ..condition.broken },
            ..condition
        };
        let not_null = shape.columns.iter().filter(|column| column.not_null && self.is_known(&column.name));
        let not_null = not_null.map(|column| {
            condition(&column.name, true, "23502", format!("{} IS NULL", self.of_row(&column.name)))
        });
        let checks = shape.checks.iter().filter(|check| self.are_known(check.columns.as_deref()));
        let checks = checks
            .map(|check| condition(&check.name, false, "23514", format!("({}) IS FALSE", check.expression)));
        let parents = shape.parents.iter().filter(|parent| self.are_known(Some(&parent.columns)));
        let parents = parents.filter(|parent| self.is_other.is_none() || self.writes(&parent.columns));
        let parents = parents.map(|parent| {
            deferred(parent.is_deferred, condition(&parent.name, false, "23503", self.lacks_parent(parent)))
        });
        let taken = |(number, unique): (usize, &Unique)| {
            let sqlstate = if unique.is_exclusion { "23P01" } else { "23505" };
            deferred(
                unique.is_deferred,
                condition(&unique.name, false, sqlstate, self.is_taken(number, unique)),
            )
        };
        // In the order in which PostgreSQL checks them: foreign keys last.
        not_null.chain(checks).chain(self.judged_uniques().map(taken)).chain(parents).collect()
    }

    fn lacks_parent(&self, parent: &Parent) -> String {
        let pairs = || parent.columns.iter().zip(&parent.keys);
        let given = pairs().map(|(column, _)| format!("{} IS NOT NULL", self.of_row(column)));
        let equal = pairs().map(|(column, key)| {
            format!("{THERE}.{} {} {}", Ident(key.column.clone()), key.equals, self.of_row(column))
        });
        format!(
            "{} AND NOT EXISTS (SELECT FROM {} AS {THERE} WHERE {})",
            and(given),
            parent.relation,
            and(equal)
        )
    }

    /// Unqualified names in an index are columns of the innermost relation: the users table.
    fn is_taken(&self, number: usize, unique: &Unique) -> String {
        let keys = unique.keys.iter().flatten().enumerate();
        let equal = keys.map(|(place, key)| {
            let (there, here) =
                (format!("({})", key.expression), format!("{}.{}", self.alias(), key_name(number, place)));
            let equal = format!("{there} {} {here}", key.equals);
            if unique.nulls_are_equal {
                format!("({equal} OR ({there} IS NULL AND {here} IS NULL))")
            } else {
                equal
            }
        });
        let predicate = unique.predicate.iter().map(|predicate| format!("({predicate})"));
        format!(
            "{} AND EXISTS (SELECT FROM {} AS {THERE} WHERE {})",
            predicate_name(number),
            self.target.relation.name,
            and(equal.chain(predicate).chain(self.is_other.clone()))
        )
    }

    /// By unique index, the digest of a key without nulls: of what its operators take for equal, where the types tell.
    fn unique_keys(&self) -> Vec<(String, String)> {
        let digest = |(number, unique): (usize, &Unique)| {
            let keys = || unique.keys.iter().flatten().enumerate();
            let given = keys().filter(|_| !unique.nulls_are_equal);
            let given = given.map(|(place, _)| format!("{} IS NOT NULL", key_name(number, place)));
            let texts = keys().flat_map(|(place, key)| {
                let name = key_name(number, place);
                // One hash of 64 bits would be too few.
                let hash = |seed| format!("pg_catalog.hash_record_extended(ROW({name}), {seed})");
                let text = format!("{name}::pg_catalog.text");
                match (key.has_hash, key.ignores_case) {
                    (true, _) => vec![hash(0), hash(1)],
                    (false, true) => vec![format!("pg_catalog.lower({text} COLLATE pg_catalog.\"default\")")],
                    (false, false) => vec![text],
                }
            });
            let sql = format!(
                "CASE WHEN {} THEN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(\
                 ROW({})::pg_catalog.text, 'UTF8')), 'hex') END",
                and(given.chain([predicate_name(number)])),
                list(texts)
            );
            (unique.name.clone(), sql)
        };
        // Values that are not equal can exclude each other, too: that shows only in the table.
        self.judged_uniques().filter(|(_, unique)| !unique.is_exclusion).map(digest).collect()
    }

    fn judged_uniques(&self) -> impl Iterator<Item = (usize, &'a Unique)> {
        let known = self.uniques_of_mapped().filter(|unique| self.are_known(unique.columns.as_deref()));
        known.enumerate().collect::<Vec<_>>().into_iter()
    }

    /// An index over columns that no mapping fills says nothing of the legacy rows.
    fn uniques_of_mapped(&self) -> impl Iterator<Item = &'a Unique> {
        let is_mapped =
            |unique: &&Unique| unique.columns.as_ref().is_some_and(|columns| self.writes(columns));
        self.shape.uniques.iter().filter(is_mapped)
    }

    /// Whether any of the columns is written, or generated from one that is.
    fn writes(&self, columns: &[String]) -> bool {
        let is_mapped = |name: &String| {
            let reads = self.column(name).map_or(&[][..], |column| &column.reads);
            self.mapped.contains(name) || reads.iter().any(|read| self.mapped.contains(read))
        };
        columns.iter().any(is_mapped)
    }

    /// What depends on values that only an INSERT would make.
    fn unjudged(&self) -> Vec<String> {
        let checks = self.shape.checks.iter().map(|check| (&check.name, check.columns.as_deref()));
        let parents = self.shape.parents.iter().map(|parent| (&parent.name, Some(parent.columns.as_slice())));
        let uniques = self.uniques_of_mapped().map(|unique| (&unique.name, unique.columns.as_deref()));
        let unknown = checks.chain(parents).chain(uniques).filter(|(_, columns)| !self.are_known(*columns));
        unknown.map(|(name, _)| format!("constraint {name}")).collect()
    }

    fn unfilled(&self) -> Vec<String> {
        let is_unfilled = |column: &&Column| {
            !column.is_made
                && column.default.is_none()
                && column.generated.is_none()
                && !self.mapped.contains(&column.name)
        };
        self.shape.columns.iter().filter(is_unfilled).map(|column| column.name.clone()).collect()
    }

    fn are_known(&self, columns: Option<&[String]>) -> bool {
        columns.is_some_and(|columns| columns.iter().all(|column| self.is_known(column)))
    }

    fn is_known(&self, name: &str) -> bool {
        let is_known = |column: &Column| match column.generated {
            Some(_) => column.reads.iter().all(|read| self.is_known(read)),
            None => self.is_other.is_some() || !column.is_made,
        };
        self.mapped.contains(name) || self.column(name).is_some_and(is_known)
    }

    fn column(&self, name: &str) -> Option<&'a Column> {
        self.shape.columns.iter().find(|column| column.name == name)
    }

    /// A value over the row to be written as `u`.
    fn of_user(&self, value: &str) -> String {
        format!("(SELECT {value}::pg_catalog.text FROM (SELECT {}.*) AS u)", self.alias())
    }

    fn of_row(&self, column: &str) -> String {
        format!("{}.{}", self.alias(), Ident(column.to_string()))
    }
}

fn key_name(number: usize, place: usize) -> String {
    format!("ferry_key_{number}_{place}")
}

fn predicate_name(number: usize) -> String {
    format!("ferry_predicate_{number}")
}

fn and(conditions: impl Iterator<Item = String>) -> String {
    conditions.collect::<Vec<_>>().join(" AND ")
}

//! A copy of a source's rows for the time of an import (`ferry._import_row`). A file, or a key that is ordered here, is
//! read as a whole for each page: staged, it is read once.
//!
//! The rows are kept as text, made and read again with the actor's rights, in a table of pg_ferry's own: they hold
//! hashes, and nobody else is to see them.

use super::Source;
use super::bulk::{Arguments, Range};
use crate::error::Refusal;
use crate::link::noted_key;
use crate::spi::cursor::Cursor;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning, Row, Value};
use crate::spi::types::{LONG, TEXT, TEXTS};
use crate::sql::list;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// So many rows are copied at once.
const PIECE: i64 = 1000;

/// What is kept of the rows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kept {
    Rows,
    /// Only the keys: to see who is there.
    Keys,
    /// The rows of those who are refused.
    Refused,
}

/// How the rows of a run were read when they were staged: [`Source::reading`] of then.
pub(crate) fn reading_of_run(run: i64) -> Option<String> {
    let sql = "SELECT document FROM ferry._import_row WHERE run = $1 AND place = 0";
    plan::first(identity::as_ferry(|| plan::query(sql, &[LONG], &[Arg::Long(run)])))
}

impl Source {
    /// Tells whether a row that was staged is what would be read now. Its text has neither names nor the columns that
    /// nothing needed: with others it would say something else.
    pub(crate) fn reading(&self) -> Result<String, Refusal> {
        let store = self.store_of_rows()?;
        let columns = self.rows.columns.iter();
        let columns = columns.map(|column| format!("{} {}", column.number, column.type_name));
        let changed_at = self.transfer.changed_at().map_or_else(String::new, ToString::to_string);
        let relation = format!("{} {}", self.rows.name, self.rows.row_type.to_u32());
        let reader = format!("{} {}", self.actor.role_name, self.actor.search_path);
        let of_rows = [store.fields.clone(), store.filter.clone(), self.key.sql.clone(), changed_at];
        let read = [relation, reader, list(columns)].into_iter().chain(of_rows).collect::<Vec<_>>();
        Ok(hex::encode(Sha256::digest(read.join("\n"))))
    }

    /// Whether looking for a few keys, or for the next page, reads everything.
    pub(crate) fn is_read_whole(&self) -> bool {
        self.order().is_here || !self.asks_for_keys()
    }

    /// Copies the rows of a range, in the order of their pages, in place of what was staged before; tells how many they
    /// are.
    pub(crate) fn stage(&self, run: i64, range: &Range, kept: Kept) -> Result<i64, Refusal> {
        let mut arguments = Arguments::default();
        let page = self.ordered(range, &mut arguments)?;
        let row = match kept {
            Kept::Keys => "NULL".to_string(),
            _ => format!("ROW({})::{}", page.fields, self.rows.name),
        };
        let sql = format!("SELECT {}::pg_catalog.text, {row}::pg_catalog.text {}", self.key.sql, page.from);
        let cursor = self.ask(|| {
            let plan = Plan::prepare(&sql, &arguments.types, Planning::Custom);
            Cursor::open_with(&plan, &arguments.args())
        })?;
        let drop = "DELETE FROM ferry._import_row WHERE run = $1";
        identity::as_ferry(|| plan::query(drop, &[LONG], &[Arg::Long(run)]));
        // The mark of a run whose rows are all there: a crash empties the table, and takes the mark with it.
        let mark = vec![Some(String::new()), Some(self.reading()?)];
        keep(run, -1, &self.row.name, vec![mark], Kept::Rows);
        let mut staged = 0;
        loop {
            let rows = self.ask(|| cursor.fetch_rows(PIECE))?;
            if rows.is_empty() {
                cursor.close();
                return Ok(staged);
            }
            let count = i64::try_from(rows.len()).unwrap_or(PIECE);
            keep(run, staged, &self.row.name, rows, kept);
            staged += count;
        }
    }

    /// The first staged rows behind a key: an array of the row type.
    pub(super) fn staged_page(
        &self,
        run: i64,
        after: Option<&str>,
        rows: i64,
    ) -> Result<Option<Value>, Refusal> {
        // Places have no gaps: the end of a page is known, whatever the planner thinks of a table that was just filled.
        let sql = "SELECT r.document \
                   FROM (SELECT coalesce(max(k.place), 0) AS place FROM ferry._import_row k \
                         WHERE k.run = $1 AND k.legacy_key = $2) AS last \
                   JOIN ferry._import_row r ON r.run = $1 AND r.place > last.place AND r.place <= last.place + $3 \
                   ORDER BY r.place";
        let after = after.map(noted_key);
        let arguments = [Arg::Long(run), Arg::from(after.as_deref()), Arg::Long(rows)];
        let found = identity::as_ferry(|| plan::query(sql, &[LONG, TEXT, LONG], &arguments));
        self.unpacked(found)
    }

    pub(super) fn staged_rows(&self, run: i64, keys: &[Option<String>]) -> Result<Option<Value>, Refusal> {
        let sql = "SELECT r.document FROM ferry._import_row r \
                   WHERE r.run = $1 AND r.legacy_key = ANY ($2) AND r.place > 0 ORDER BY r.place";
        self.unpacked(ask_stage(sql, run, keys))
    }

    /// Those of these keys that are staged, as they are written here.
    pub(super) fn staged_keys(&self, run: i64, keys: &[Option<String>]) -> HashSet<String> {
        let sql = "SELECT r.legacy_key FROM ferry._import_row r \
                   WHERE r.run = $1 AND r.legacy_key = ANY ($2) AND r.place > 0";
        let found: HashSet<String> = ask_stage(sql, run, keys).into_iter().flatten().flatten().collect();
        keys.iter().flatten().filter(|key| found.contains(&*noted_key(key))).cloned().collect()
    }

    /// Rows from their texts.
    fn unpacked(&self, rows: Vec<Row>) -> Result<Option<Value>, Refusal> {
        let texts: Vec<Option<String>> = rows.into_iter().flatten().collect();
        let sql = format!(
            "SELECT ARRAY(SELECT t.document::{} FROM pg_catalog.unnest($1) WITH ORDINALITY AS t (document, place) \
             ORDER BY t.place)",
            self.rows.name
        );
        let unpacked = self.actor.attempt(Reach::Evaluate, || {
            Plan::prepare(&sql, &[TEXTS], Planning::Auto).values(&[Arg::Texts(&texts)]).pop()
        });
        unpacked.map_err(|error| {
            Refusal::unreadable(&format!("source {}", self.row.name), &self.rows.title, &error)
                .hint("Call ferry.import again: it copies the rows anew.")
        })
    }
}

fn ask_stage(sql: &str, run: i64, keys: &[Option<String>]) -> Vec<Row> {
    let keys: Vec<_> = keys.iter().map(noted).collect();
    identity::as_ferry(|| plan::query(sql, &[LONG, TEXTS], &[Arg::Long(run), Arg::Texts(&keys)]))
}

/// A key as it is staged: an index must take it.
fn noted(key: &Option<String>) -> Option<String> {
    key.as_deref().map(|key| noted_key(key).into_owned())
}

fn keep(run: i64, before: i64, source: &str, rows: Vec<Row>, kept: Kept) {
    let sql = "INSERT INTO ferry._import_row (run, place, legacy_key, document) \
               SELECT $1, $2 + s.place, s.key, s.document \
               FROM unnest($3, $4) WITH ORDINALITY AS s (key, document, place) \
               WHERE $5 IS NULL OR EXISTS (SELECT FROM ferry.import_reject i \
                     WHERE i.source = $5 AND i.legacy_key = s.key AND i.settled_at IS NULL)";
    let (mut keys, mut documents) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let mut fields = row.into_iter();
        keys.push(noted(&fields.next().flatten()));
        documents.push(fields.next().flatten());
    }
    let refused_of = Some(source).filter(|_| kept == Kept::Refused);
    let arguments =
        [Arg::Long(run), Arg::Long(before), Arg::Texts(&keys), Arg::Texts(&documents), Arg::from(refused_of)];
    identity::as_ferry(|| plan::query(sql, &[LONG, LONG, TEXTS, TEXTS, TEXT], &arguments));
}

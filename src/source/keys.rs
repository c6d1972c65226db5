//! Asking a source by keys. A link keeps the text of a key, and the same key may be written otherwise in the source: the
//! type of the column says which keys are equal.

use super::Source;
use crate::error::Refusal;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types::{self, TEXTS};
use std::collections::HashSet;

impl Source {
    /// The rows of these keys, as far as they are there.
    pub(crate) fn rows_of_keys(
        &self,
        keys: &[Option<String>],
        staged: Option<i64>,
    ) -> Result<Option<Value>, Refusal> {
        if let Some(run) = staged {
            return self.staged_rows(run, keys);
        }
        let store = self.store_of_rows()?;
        let sql = format!(
            "SELECT ARRAY(SELECT ROW({})::{} FROM {} AS l WHERE {}{})",
            store.fields,
            self.rows.name,
            self.rows.name,
            self.is_any(),
            store.filter
        );
        self.ask(|| {
            let keys = self.keys(keys)?;
            Plan::prepare(&sql, &[keys.type_oid()], Planning::Custom).values(&[Arg::Value(keys)]).pop()
        })
    }

    /// Those of these keys that are there.
    pub(crate) fn present_keys(
        &self,
        keys: &[Option<String>],
        staged: Option<i64>,
    ) -> Result<HashSet<String>, Refusal> {
        match staged {
            Some(run) => self.present_in_stage(run, keys),
            None => self.present_in_source(keys),
        }
    }

    /// Where a key may be written in several ways, the source itself has the last word.
    fn present_in_stage(&self, run: i64, keys: &[Option<String>]) -> Result<HashSet<String>, Refusal> {
        let mut present = self.staged_keys(run, keys);
        let is_missing = |key: &&Option<String>| key.as_ref().is_some_and(|key| !present.contains(key));
        let missing: Vec<Option<String>> = keys.iter().filter(is_missing).cloned().collect();
        if missing.is_empty() || self.is_key_its_text() {
            return Ok(present);
        }
        if !self.is_written_one_way() {
            present.extend(self.present_in_source(&missing)?);
            return Ok(present);
        }
        // In a link it may be written as the type of former times did.
        let written = self.written(&missing)?;
        let staged = self.staged_keys(run, &written);
        let is_staged = |key: &Option<String>| key.as_ref().is_some_and(|key| staged.contains(key));
        let found = missing.into_iter().zip(&written).filter(|(_, written)| is_staged(written));
        present.extend(found.filter_map(|(key, _)| key));
        Ok(present)
    }

    /// Whether a key has only one text.
    pub(crate) fn is_written_one_way(&self) -> bool {
        self.is_key_its_text() || types::is_written_one_way(self.key.key.oid)
    }

    /// Keys as their type writes them.
    fn written(&self, keys: &[Option<String>]) -> Result<Vec<Option<String>>, Refusal> {
        let sql = format!(
            "SELECT k.text::{}::pg_catalog.text FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (text, place) ORDER BY k.place",
            self.type_name()
        );
        let rows = self.ask(|| plan::query(&sql, &[TEXTS], &[Arg::Texts(keys)]))?;
        Ok(rows.into_iter().flatten().collect())
    }

    fn present_in_source(&self, keys: &[Option<String>]) -> Result<HashSet<String>, Refusal> {
        // The far end is asked for the keys alone. Which of them it has found is told here.
        let sql = format!(
            "WITH found AS MATERIALIZED (SELECT {} AS key FROM {} AS l WHERE {}{}) \
             SELECT k.text FROM pg_catalog.unnest($2) AS k (text) \
             WHERE EXISTS (SELECT FROM found AS f WHERE f.key {} k.text::{})",
            self.key.sql,
            self.rows.name,
            self.is_any(),
            self.store_of_rows()?.filter,
            self.key.key.equals,
            self.type_name()
        );
        let present = self.ask(|| {
            let Some(array) = self.keys(keys) else { return Vec::new() };
            Plan::prepare(&sql, &[array.type_oid(), TEXTS], Planning::Custom)
                .rows(&[Arg::Value(array), Arg::Texts(keys)])
        });
        Ok(present?.into_iter().flatten().flatten().collect())
    }

    /// The condition that a key is one of `$1`, which is [`Source::keys`].
    fn is_any(&self) -> String {
        let any = match self.array_of_keys() {
            Some(_) => "$1".to_string(),
            None => format!("SELECT k.text::{} FROM pg_catalog.unnest($1) AS k (text)", self.type_name()),
        };
        format!("{} {} ANY ({any})", self.key.sql, self.key.key.equals)
    }

    /// Keys as an array of their own type, or else as texts.
    fn keys(&self, keys: &[Option<String>]) -> Option<Value> {
        let sql = format!("SELECT $1::{}", self.array_of_keys().as_deref().unwrap_or("pg_catalog.text[]"));
        Plan::prepare(&sql, &[TEXTS], Planning::Auto).values(&[Arg::Texts(keys)]).pop()
    }

    /// The type of arrays of keys. There are no arrays of arrays.
    fn array_of_keys(&self) -> Option<String> {
        types::has_arrays(self.key.key.oid).then(|| format!("{}[]", self.type_name()))
    }

    fn type_name(&self) -> String {
        types::type_name(self.key.key.oid)
    }
}

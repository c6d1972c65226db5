//! The mappings of one source over many rows at once.

use super::{Mapped, Transfer, set_clause};
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types::{self, TEXTS};
use crate::sql::{Ident, list};
use crate::target::Target;

/// Pairs of texts as an item of FROM. Its names are such as no column has: expressions may name columns without `l`.
const PAIRS: &str = "ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY \
                     AS \"ferry import\" (\"ferry key\", \"ferry value\", \"ferry place\")";
const KEY: &str = "\"ferry import\".\"ferry key\"";
const VALUE: &str = "\"ferry import\".\"ferry value\"";
const PLACE: &str = "\"ferry import\".\"ferry place\"";

impl Transfer {
    /// Writes those rows of an array as users whose keys are given, each with its hash; returns ids and hashes as they
    /// were written. In the order of the keys, so that two imports do not wait for each other crosswise. Runs with the actor's rights and without a net: the caller has one.
    pub(crate) fn insert_many(
        &self,
        target: &Target,
        key: &str,
        rows: Value,
        keys: &[Option<String>],
        hashes: &[Option<String>],
    ) -> Vec<(String, String)> {
        let hash = Ident(target.row.hash_column.clone());
        let columns = self.mapped.iter().map(|mapped| Ident(mapped.column.name.clone()).to_string());
        let values = self.mapped.iter().map(|mapped| mapped.expression.to_string());
        let sql = format!(
            "INSERT INTO {} AS u ({}) SELECT {} FROM pg_catalog.unnest($1) AS l JOIN {PAIRS} \
             ON {key}::pg_catalog.text OPERATOR(pg_catalog.=) {KEY} ORDER BY {PLACE} \
             RETURNING {}::pg_catalog.text, u.{hash}::pg_catalog.text",
            target.relation.name,
            list(columns.chain([hash.to_string()])),
            list(values.chain([VALUE.to_string()])),
            target.id_lookup().sql
        );
        let written = target.actor.act(Reach::Write, || {
            let arguments = [Arg::Value(rows), Arg::Texts(keys), Arg::Texts(hashes)];
            plan::query(&sql, &[rows.type_oid(), TEXTS, TEXTS], &arguments)
        });
        written
            .into_iter()
            .filter_map(|row| {
                let mut fields = row.into_iter();
                Some((fields.next()??, fields.next()??))
            })
            .collect()
    }

    /// Whether an import that updates would change anything.
    pub(crate) fn renews(&self) -> bool {
        self.mapped.iter().any(|mapped| mapped.renewed().is_some())
    }

    /// Brings the users up to date to whom rows of an array belong, by key and id; returns how many differed. Runs as
    /// [`Transfer::insert_many`] does.
    pub(crate) fn renew_many(
        &self,
        target: &Target,
        key: &str,
        rows: Value,
        keys: &[Option<String>],
        ids: &[Option<String>],
    ) -> u64 {
        if !self.renews() {
            return 0;
        }
        let renewed = || self.mapped.iter().filter_map(|mapped| Some((&mapped.column, mapped.renewed()?)));
        let sets = renewed().filter_map(|(column, value)| set_clause(column, Some(value)));
        let differs = renewed().map(|(column, value)| super::differs(column, value));
        let id = target.id_lookup();
        let sql = format!(
            "UPDATE {} AS u SET {} FROM pg_catalog.unnest($1) AS l JOIN {PAIRS} \
             ON {key}::pg_catalog.text OPERATOR(pg_catalog.=) {KEY} \
             WHERE {} {} {VALUE}::{} AND ({})",
            target.relation.name,
            list(sets),
            id.sql,
            id.key.equals,
            types::type_name(id.key.oid),
            differs.collect::<Vec<_>>().join(" OR ")
        );
        target.actor.act(Reach::Write, || {
            let plan = Plan::prepare(&sql, &[rows.type_oid(), TEXTS, TEXTS], Planning::Auto);
            plan.count(&[Arg::Value(rows), Arg::Texts(keys), Arg::Texts(ids)])
        })
    }
}

impl Mapped {
    /// What an import that updates puts into the column: as `on_conflict` says, or `refresh`.
    fn renewed(&self) -> Option<&str> {
        self.adopted.as_deref().or(self.refreshed.as_deref())
    }
}

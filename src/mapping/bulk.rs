//! The mappings of one source over many rows at once.

use super::{Transfer, made, set_clause};
use crate::batch::Batch;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan, Planning, Row, Value};
use crate::spi::types::{self, TEXTS};
use crate::sql::{Expression, Ident, list};
use crate::target::Target;

/// Pairs of texts as an item of FROM. Its names are such as no column has: expressions may name columns without `l`.
const PAIRS: &str = "ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY \
                     AS \"ferry import\" (\"ferry key\", \"ferry value\", \"ferry place\")";
const KEY: &str = "\"ferry import\".\"ferry key\"";
const VALUE: &str = "\"ferry import\".\"ferry value\"";
const PLACE: &str = "\"ferry import\".\"ferry place\"";

/// What goes into the hash column.
pub(crate) enum Hashes<'a> {
    /// What the source says, as SQL over `l`.
    OfSource(&'a Expression),
    /// Texts by legacy key.
    Packed { key: &'a str, keys: &'a [Option<String>], hashes: &'a [Option<String>] },
}

impl Transfer {
    /// Writes the rows of an array as users. Of each, in the order of the array, it returns the id and the hash as they
    /// were written, and what `also` says. In the order of the keys, so that two imports do not wait for each other
    /// crosswise. Runs with the actor's rights and without a net: the caller has one.
    pub(crate) fn insert_many(
        &self,
        target: &Target,
        rows: Value,
        hashes: &Hashes<'_>,
        also: &[String],
    ) -> Vec<Row> {
        let hash = Ident(target.row.hash_column.clone());
        let columns = self.mapped.iter().map(|mapped| Ident(mapped.column.name.clone()).to_string());
        let values = self.mapped.iter().map(|mapped| mapped.expression.to_string());
        let (value, and_from) = match hashes {
            Hashes::OfSource(hash) => (format!("{hash}::pg_catalog.text"), String::new()),
            Hashes::Packed { key, .. } => (
                VALUE.to_string(),
                format!(
                    " JOIN {PAIRS} ON {key}::pg_catalog.text OPERATOR(pg_catalog.=) {KEY} ORDER BY {PLACE}"
                ),
            ),
        };
        let returned = [target.id_lookup().sql.clone(), format!("u.{hash}")].into_iter().chain(also.to_vec());
        let sql = format!(
            "INSERT INTO {} AS u ({}) SELECT {} FROM pg_catalog.unnest($1) AS l{and_from} RETURNING {}",
            target.relation.name,
            list(columns.chain([hash.to_string()])),
            list(values.chain([value])),
            list(returned.map(|value| format!("{value}::pg_catalog.text")))
        );
        target.actor.act(Reach::Write, || match hashes {
            Hashes::OfSource(_) => plan::query(&sql, &[rows.type_oid()], &[Arg::Value(rows)]),
            Hashes::Packed { keys, hashes, .. } => {
                let arguments = [Arg::Value(rows), Arg::Texts(keys), Arg::Texts(hashes)];
                plan::query(&sql, &[rows.type_oid(), TEXTS, TEXTS], &arguments)
            }
        })
    }

    /// Whether an import that updates would change anything.
    pub(crate) fn renews(&self) -> bool {
        self.mapped.iter().any(|mapped| mapped.renewed.is_some())
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
        let mapped = || self.mapped.iter().filter(|mapped| mapped.renewed.is_some());
        let renewed = || mapped().filter_map(|mapped| Some((&mapped.column, mapped.renewed.as_deref()?)));
        let sets = renewed().filter_map(|(column, value)| set_clause(column, Some(value)));
        let differs = renewed().map(|(column, value)| super::differs(column, value));
        let id = target.id_lookup();
        let key = made::as_key(key);
        let made =
            made::from(mapped(), self.changed_at.as_ref(), Some(key), "FROM pg_catalog.unnest($1) AS l");
        let sql = format!(
            "UPDATE {} AS u SET {} {made} JOIN {PAIRS} ON {} OPERATOR(pg_catalog.=) {KEY} \
             WHERE {} {} {VALUE}::{} AND ({})",
            target.relation.name,
            list(sets),
            made::key(),
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

    /// What each entry of the target's `lookup` says of the users that would be made of the rows of an array.
    pub(crate) fn identities(&self, target: &Target) -> Batch {
        let sql = format!(
            "SELECT {} FROM (SELECT {} AS \"ferry user\" FROM pg_catalog.unnest($1) AS l) AS n, \
             LATERAL pg_catalog.unnest(ARRAY[n.\"ferry user\"]) AS u",
            target.entries_sql(),
            self.new_user_sql(target)
        );
        Batch::new(sql, self.row_type)
    }
}

//! Look-ups that no index serves, told by EXPLAIN: all of the table would be read, however much indexes are preferred.
//! Login columns that are looked up as they are, `ferry._unindexed` tells from the catalogues.

use crate::catalog::{Actor, Relation};
use crate::check::Finding;
use crate::config_sql;
use crate::source::{Source, reads_all};
use crate::spi::identity;
use crate::target::Target;

/// What `login_columns` and `lookup` of a target lack.
pub(crate) fn of_target(target: &Target) -> Vec<Finding> {
    let row = &target.row;
    let place = Place {
        object: format!("target {}", row.name),
        relation: &target.relation,
        alias: "u",
        actor: &target.actor,
    };
    let logins = row.login_columns.iter().filter_map(|entry| place.look("login", entry, "UNIQUE INDEX"));
    let lookups = row.lookup.iter().filter(|entry| !row.login_columns.contains(entry));
    logins.chain(lookups.filter_map(|entry| place.unserved("lookup", entry, "INDEX"))).collect()
}

/// What `login_columns` of a source lack.
pub(crate) fn of_source(source: &Source) -> Vec<Finding> {
    let place = Place {
        object: format!("source {}", source.row.name),
        relation: &source.rows,
        alias: "l",
        actor: source.actor(),
    };
    source.row.login_columns.iter().filter_map(|entry| place.look("login", entry, "INDEX")).collect()
}

/// A table of this database that is looked into.
struct Place<'a> {
    object: String,
    relation: &'a Relation,
    alias: &'a str,
    actor: &'a Actor,
}

impl Place<'_> {
    /// Where it is an expression.
    fn look(&self, what: &str, entry: &str, kind: &str) -> Option<Finding> {
        if self.relation.column(entry).is_some() { None } else { self.unserved(what, entry, kind) }
    }

    fn unserved(&self, what: &str, entry: &str, kind: &str) -> Option<Finding> {
        // A partition may be a foreign table, and planning would ask its server.
        if self.relation.kind != 'r' {
            return None;
        }
        let lookup = config_sql::lookup(entry, &self.object, self.relation, self.alias, self.actor).ok()?;
        let table = &self.relation.title;
        let key = match self.relation.column(entry) {
            Some(column) => identity::quoted(&column.name),
            None => format!("({})", unqualified(entry, self.alias)),
        };
        reads_all(self.relation, &lookup, self.alias, self.actor).then(|| Finding {
            object: self.object.clone(),
            severity: "warning",
            problem: format!("no index serves the {what} {entry} of {table}: all of it is read each time"),
            hint: Some(format!("CREATE {kind} ON {table} ({key});")),
        })
    }
}

/// An expression over a row as one of its index: the columns by their names alone.
fn unqualified(text: &str, alias: &str) -> String {
    let prefix = format!("{alias}.");
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    let (mut is_inside, mut is_literal) = (false, false);
    while let Some(next) = rest.chars().next() {
        let after = rest.strip_prefix(&prefix).filter(|_| !is_inside && !is_literal);
        if after.is_none() {
            plain.push(next);
        }
        is_literal ^= next == '\'';
        is_inside = after.is_none() && (next.is_alphanumeric() || "_$.\"".contains(next));
        rest = after.unwrap_or(&rest[next.len_utf8()..]);
    }
    plain
}

//! What is never shown of the rows of a source: the legacy hash and salt, and what is made of the columns that they are
//! made of.

use super::{Person, Source};
use crate::config_sql;
use crate::spi::types::BOOL;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What is shown in their place.
const HIDDEN: &str = "(may hold the legacy hash or salt)";

/// The columns of the users table, and the children, that are not shown.
pub(crate) struct Secrecy {
    columns: BTreeSet<String>,
    children: BTreeSet<String>,
}

impl Source {
    pub(crate) fn secrecy(&self) -> Secrecy {
        let secret = self.secret_columns();
        let reads_secret = |sql: &str| self.read_by(sql).iter().any(|column| secret.contains(column));
        // `unmapped` leaves out what hash and salt read.
        let is_unmapped = |name: &str| self.row.unmapped.as_deref() == Some(name);
        let columns = self
            .transfer
            .mappings()
            .filter(|(column, _)| column.type_oid != BOOL && !is_unmapped(&column.name))
            .filter(|(_, expression)| reads_secret(&expression.to_string()));
        let children = self.children.queries().filter(|(_, query)| reads_secret(query));
        Secrecy {
            columns: columns.map(|(column, _)| column.name.clone()).collect(),
            children: children.map(|(name, _)| name.to_string()).collect(),
        }
    }

    /// The columns of which hash and salt are made, but for keys and logins, which salts are often made of, and what can
    /// hold no more than yes or no.
    fn secret_columns(&self) -> BTreeSet<&str> {
        let names = self.lookups.iter().chain([&self.key]);
        let names = names.map(|lookup| self.read_by(&lookup.sql)).filter(|columns| columns.len() == 1);
        let public: BTreeSet<&str> = names.flatten().collect();
        let of_hash = self.read_by(&self.hash.to_string());
        let of_salt = self.salt.as_ref().map(|salt| self.read_by(&salt.to_string())).unwrap_or_default();
        // A function has the hash from elsewhere: what else is made of the key can be made of that.
        let is_elsewhere = of_hash.iter().all(|column| public.contains(column));
        let of_hash = of_hash.into_iter().filter(|column| is_elsewhere || !public.contains(column));
        let of_salt = of_salt.into_iter().filter(|column| !public.contains(column));
        of_hash.chain(of_salt).filter(|column| !self.is_yes_or_no(column)).collect()
    }

    /// The columns that an expression reads: all of them, where that cannot be told.
    fn read_by(&self, sql: &str) -> Vec<&str> {
        let read = config_sql::columns_read([sql], &self.rows, &self.row.name, &self.actor);
        read.unwrap_or_else(|_| self.rows.columns.iter().map(|column| column.name.as_str()).collect())
    }

    fn is_yes_or_no(&self, column: &str) -> bool {
        self.rows.column(column).is_some_and(|column| column.type_oid == BOOL)
    }
}

impl Secrecy {
    /// A user's values as they may be shown.
    pub(crate) fn row(
        &self,
        fields: impl IntoIterator<Item = (String, Option<String>)>,
        person: &Person,
    ) -> Value {
        shown(fields, person, |column| self.columns.contains(column))
    }

    /// The same of a row of a child.
    pub(crate) fn child_row(
        &self,
        child: &str,
        fields: impl IntoIterator<Item = (String, Option<String>)>,
        person: &Person,
    ) -> Value {
        shown(fields, person, |_| self.children.contains(child))
    }
}

fn shown(
    fields: impl IntoIterator<Item = (String, Option<String>)>,
    person: &Person,
    is_hidden: impl Fn(&str) -> bool,
) -> Value {
    let show = |(column, value): (String, Option<String>)| {
        let is_hidden = is_hidden(&column);
        let show = |text: String| if is_hidden || holds_secret(&text, person) { HIDDEN.into() } else { text };
        (column, value.map(show).map_or(Value::Null, Value::String))
    };
    Value::Object(fields.into_iter().map(show).collect::<Map<_, _>>())
}

/// Whichever way it got there.
fn holds_secret(text: &str, person: &Person) -> bool {
    let salt = person.salt.as_ref().filter(|salt| !is_public(salt, person));
    let secrets = [person.hash.as_ref(), salt].into_iter().flatten();
    secrets.filter(|secret| !secret.is_empty()).any(|secret| text.contains(secret.as_str()))
}

/// A salt that is the legacy key, or a login.
fn is_public(salt: &str, person: &Person) -> bool {
    let known = person.logins.iter().flatten().chain([&person.key]);
    let salt = salt.to_lowercase();
    known.into_iter().any(|known| known.to_lowercase() == salt)
}

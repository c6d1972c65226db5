//! Who is here already under another login: the entries of `lookup`, and who is verified.

use super::{Found, Target, User};
use crate::config_sql::Scope;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value, View};
use crate::spi::types;
use crate::sql::list;
use std::collections::HashSet;

impl Target {
    /// Whether users are looked for under other logins, too.
    pub(crate) fn has_lookup(&self) -> bool {
        !self.finders.is_empty()
    }

    /// An entry of `lookup` as it is written.
    pub(crate) fn entry(&self, place: usize) -> &str {
        self.row.lookup.get(place).map_or("", String::as_str)
    }

    /// What each entry of `lookup` says of a user about to be made, a value of the users table's row type.
    pub(crate) fn identities(&self, new_user: Value) -> Result<Vec<Option<String>>, SqlError> {
        let sql =
            format!("SELECT {} {}", self.entries_sql(), Scope::of_row(self.relation.row_type, "u").from);
        let rows = self.actor.attempt(Reach::Evaluate, || {
            plan::query(&sql, &[self.relation.row_type], &[Arg::Value(new_user)])
        })?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// A SELECT list over `u`: the text of each entry of `lookup`.
    pub(crate) fn entries_sql(&self) -> String {
        list(self.finders.iter().map(|(lookup, _)| format!("{}::pg_catalog.text", lookup.sql)))
    }

    /// The users for whom an entry of `lookup` has a value.
    pub(crate) fn find_by_identity(&self, entry: usize, value: &str, view: View) -> Result<Found, SqlError> {
        let Some((lookup, plan)) = self.finders.get(entry) else { return Ok(Found::Nobody) };
        let mut users = self.find(lookup, plan, value, view)?;
        Ok(match (users.pop(), users.is_empty()) {
            (None, _) => Found::Nobody,
            (Some(user), true) => Found::One(user),
            (Some(_), false) => Found::Several,
        })
    }

    /// What `verified` says of a user; `None` where the target has no such condition.
    pub(crate) fn is_verified(&self, user: &User) -> Result<Option<bool>, SqlError> {
        let Some(verified) = &self.verified else { return Ok(None) };
        let Some(id) = types::cast(&user.id, &self.id.key) else { return Ok(Some(false)) };
        let (table, condition) = (&self.relation.name, self.id.is_parameter());
        let sql = format!("SELECT {verified} FROM {table} AS u WHERE {condition}");
        let rows = self
            .actor
            .attempt(Reach::Evaluate, || plan::query(&sql, &[self.id.key.oid], &[Arg::Value(id)]))?;
        Ok(Some(plan::is_true(rows)))
    }

    /// Which of some users to be made anybody here is by an entry of `lookup`, by their places. Of each, what
    /// [`Target::entries_sql`] says.
    pub(crate) fn who_is_identified(&self, users: &[&[Option<String>]]) -> Result<HashSet<usize>, SqlError> {
        let mut found = HashSet::new();
        for (entry, (lookup, _)) in self.finders.iter().enumerate() {
            let values: Vec<Option<String>> =
                users.iter().map(|user| user.get(entry).cloned().flatten()).collect();
            found.extend(self.who_has(lookup, &values)?);
        }
        Ok(found)
    }
}

//! The hash column: hashes at rest, and replacing them.

use super::find::user;
use super::{MustChange, Target, User};
use crate::envelope;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning, Row};
use crate::spi::types::{self, LONG, TEXT, TEXTS};
use crate::sql::Ident;
use std::collections::HashMap;

impl Target {
    /// The next users after an id, in the order of ids, who have a hash that is not wrapped. Whether they are allowed is
    /// not asked.
    pub(crate) fn with_unwrapped_hash(&self, after: Option<&str>, rows: i64) -> Result<Vec<User>, SqlError> {
        let after = after.and_then(|id| types::cast(id, &self.id.key));
        let (id, type_oid) = (&self.id.sql, self.id.key.oid);
        let greater = self.id.key.greater.as_deref().unwrap_or_default();
        let is_next = if after.is_some() { format!("{id} {greater} $2") } else { "true".to_string() };
        let sql = format!(
            "SELECT {id}::pg_catalog.text, u.{}::pg_catalog.text, true, false FROM {} AS u \
             WHERE {is_next} AND {} ORDER BY {id} LIMIT $1",
            Ident(self.row.hash_column.clone()),
            self.relation.name,
            self.has_unwrapped_hash()
        );
        let (mut types, mut arguments) = (vec![LONG], vec![Arg::Long(rows)]);
        if let Some(after) = after {
            types.push(type_oid);
            arguments.push(Arg::Value(after));
        }
        let rows = self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &types, &arguments))?;
        Ok(rows.into_iter().filter_map(user).collect())
    }

    /// How many users have a hash that is not wrapped.
    pub(crate) fn count_unwrapped(&self) -> Result<i64, SqlError> {
        self.count_of(&self.has_unwrapped_hash())
    }

    /// How many users have a hash in an envelope.
    pub(crate) fn count_enveloped(&self) -> Result<i64, SqlError> {
        self.count_of(&self.hash_begins_with(envelope::TAG))
    }

    fn count_of(&self, condition: &str) -> Result<i64, SqlError> {
        let sql = format!("SELECT pg_catalog.count(*) FROM {} AS u WHERE {condition}", self.relation.name);
        let rows = self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[], &[]))?;
        Ok(plan::first(rows).and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// True for hashes of users of the alias `u` who may have something to wrap.
    fn has_unwrapped_hash(&self) -> String {
        format!("NOT {}", self.hash_begins_with("$ferry-wrapped$"))
    }

    fn hash_begins_with(&self, tag: &str) -> String {
        let hash = Ident(self.row.hash_column.clone());
        format!("pg_catalog.starts_with(u.{hash}::pg_catalog.text, '{tag}')")
    }

    /// The hashes of the users of some ids, as links keep those, who have any.
    pub(crate) fn hashes_of(&self, ids: &[Option<String>]) -> Result<HashMap<String, String>, SqlError> {
        let sql = format!(
            "SELECT {}::pg_catalog.text, u.{}::pg_catalog.text FROM {} AS u WHERE {} {} ANY ($1::{}[])",
            self.id.sql,
            Ident(self.row.hash_column.clone()),
            self.relation.name,
            self.id.sql,
            self.id.key.equals,
            types::type_name(self.id.key.oid)
        );
        let ask = || identity::probing(|| plan::query(&sql, &[TEXTS], &[Arg::Texts(ids)]));
        let rows = self.actor.attempt(Reach::Evaluate, ask)?;
        let pair = |row: Row| {
            let mut fields = row.into_iter();
            Some((fields.next()??, fields.next()??))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// Replaces a user's hash if it is still `old`; tells whether it was. Runs with the rights of
    /// the actor and without a net: the caller has one.
    pub(crate) fn replace_hash(&self, user: &User, new: &str, must_change: MustChange) -> bool {
        let Some(id) = types::cast(&user.id, &self.id.key) else { return false };
        self.actor.act(Reach::Write, || {
            let plan = self.replace_hash[usize::from(must_change == MustChange::Cleared)]
                .get_or_init(|| self.prepare_replace(must_change));
            plan.count(&[Arg::Value(id), Arg::Text(new), Arg::from(user.hash.as_deref())]) == 1
        })
    }

    fn prepare_replace(&self, must_change: MustChange) -> Plan {
        let hash = Ident(self.row.hash_column.clone());
        let cleared = match (&self.row.must_change, must_change) {
            (Some(column), MustChange::Cleared) => format!(", {} = false", Ident(column.clone())),
            _ => String::new(),
        };
        let sql = format!(
            "UPDATE {} AS u SET {hash} = $2{cleared} WHERE {} AND {}",
            self.relation.name,
            self.id.is_parameter(),
            self.hash_is("$3")
        );
        Plan::prepare(&sql, &[self.id.key.oid, TEXT, TEXT], Planning::Auto)
    }

    /// The condition that the hash of `u` is still the one in `parameter`.
    pub(crate) fn hash_is(&self, parameter: &str) -> String {
        let hash = Ident(self.row.hash_column.clone());
        format!(
            "(u.{hash}::pg_catalog.text OPERATOR(pg_catalog.=) {parameter} \
             OR (u.{hash} IS NULL AND {parameter} IS NULL))"
        )
    }
}

//! The hash column: hashes at rest, and replacing them.

use super::find::user;
use super::{MustChange, Target, User};
use crate::envelope;
use crate::error::is_lock_refused;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning, View};
use crate::spi::types::{self, LONG, TEXT, TEXTS};
use crate::sql::Ident;
use std::collections::{HashMap, HashSet};

/// What replacing a hash has come to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Replaced {
    Done,
    /// Somebody else was first, or a trigger or a policy has swallowed it.
    Untouched,
    /// Something else is stored than what was written: the caller undoes it.
    Altered,
}

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

    /// Replaces a user's hash if it is still the one that was seen. Runs with the rights of the actor and without a net: the
    /// caller has one.
    pub(crate) fn replace_hash(&self, user: &User, new: &str, must_change: MustChange) -> Replaced {
        let Some(id) = types::cast(&user.id, &self.id.key) else { return Replaced::Untouched };
        let is_touched = self.actor.act(Reach::Write, || {
            let plan = self.replace_hash[usize::from(must_change == MustChange::Cleared)]
                .get_or_init(|| self.prepare_replace(must_change));
            plan.count(&[Arg::Value(id), Arg::Text(new), Arg::from(user.hash.as_deref())]) == 1
        });
        match is_touched {
            false => Replaced::Untouched,
            true if self.has_altered(&user.id, new) => Replaced::Altered,
            true => Replaced::Done,
        }
    }

    /// Whether something else is stored than the hash that was written: by a trigger, a rule or a view, whose RETURNING shows
    /// what it was sent. Of a user who is not seen any more nothing can be said. Runs as [`Target::replace_hash`] does.
    pub(crate) fn has_altered(&self, user_id: &str, written: &str) -> bool {
        self.stored_hash(user_id).is_some_and(|hash| hash.as_deref() != Some(written))
    }

    /// The hash of a user as of now, if there is such a user. Runs as [`Target::replace_hash`] does.
    pub(crate) fn stored_hash(&self, user_id: &str) -> Option<Option<String>> {
        let id = types::cast(user_id, &self.id.key)?;
        let rows = self.actor.act(Reach::Evaluate, || {
            let prepare = || {
                let sql = format!("{} WHERE {}", self.select_hash(), self.id.is_parameter());
                Plan::prepare(&sql, &[self.id.key.oid], Planning::Auto)
            };
            self.stored_hash.get_or_init(prepare).rows_seen(&[Arg::Value(id)], View::Latest)
        });
        rows.into_iter().next().map(|row| row.into_iter().nth(1).flatten())
    }

    /// The hashes of many users, by their ids. Runs as [`Target::replace_hash`] does.
    pub(crate) fn stored_hashes(&self, ids: &[Option<String>]) -> HashMap<String, Option<String>> {
        let sql = format!("{} WHERE {}", self.select_hash(), self.id_is_one_of());
        let ask = || identity::probing(|| plan::query(&sql, &[TEXTS], &[Arg::Texts(ids)]));
        let rows = self.actor.act(Reach::Evaluate, ask);
        let pair = |row: plan::Row| {
            let mut fields = row.into_iter();
            Some((fields.next()??, fields.next()?))
        };
        rows.into_iter().filter_map(pair).collect()
    }

    /// Whether rows may become others after `RETURNING` has shown them.
    pub(crate) fn may_alter_later(&self) -> bool {
        let row_type = i64::from(self.relation.row_type.to_u32());
        let sql = "SELECT ferry._may_alter_later($1::oid)";
        plan::is_true(identity::as_ferry(|| plan::query(sql, &[LONG], &[Arg::Long(row_type)])))
    }

    fn select_hash(&self) -> String {
        let hash = Ident(self.row.hash_column.clone());
        format!(
            "SELECT {}::pg_catalog.text, u.{hash}::pg_catalog.text FROM {} AS u",
            self.id.sql, self.relation.name
        )
    }

    /// Locks users as writing them would, until the transaction ends, but waits for nobody: returns the ids of those whom
    /// other transactions have locked. What cannot be locked (the users of a view, those whom a policy keeps from being
    /// written) is as free as any.
    pub(crate) fn lock(&self, ids: &[Option<String>]) -> Result<HashSet<String>, SqlError> {
        let mut in_use = HashSet::new();
        if !matches!(self.relation.kind, 'r' | 'p') {
            return Ok(in_use);
        }
        let locked = self.try_lock(ids, "SKIP LOCKED")?;
        for id in ids.iter().flatten().filter(|id| !locked.contains(*id)) {
            match self.try_lock(&[Some(id.clone())], "NOWAIT") {
                Ok(_) => {}
                Err(error) if is_lock_refused(&error) => {
                    in_use.insert(id.clone());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(in_use)
    }

    fn try_lock(&self, ids: &[Option<String>], unless_free: &str) -> Result<HashSet<String>, SqlError> {
        let sql = format!(
            "SELECT {}::pg_catalog.text FROM {} AS u WHERE {} FOR NO KEY UPDATE OF u {unless_free}",
            self.id.sql,
            self.relation.name,
            self.id_is_one_of()
        );
        let ask = || identity::probing(|| plan::query(&sql, &[TEXTS], &[Arg::Texts(ids)]));
        let rows = self.actor.attempt(Reach::Write, ask)?;
        Ok(rows.into_iter().flatten().flatten().collect())
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

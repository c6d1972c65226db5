//! The users table. [`open`] checks the config row, [`find`] looks users up, [`identity`] those who are here under another
//! login, [`hash`] is the hash column, [`write`] all else that is changed in one user.

mod find;
mod hash;
mod identity;
mod open;
mod write;

pub(crate) use hash::Replaced;
pub(crate) use open::check_kind;

use crate::catalog::{self, Actor, Relation, Rights};
use crate::config::{Adopt, HookRow, TargetRow};
use crate::config_sql::{self, Lookup, Scope};
use crate::error::Refusal;
use crate::guc;
use crate::hash::parse_form;
use crate::hook::Hooks;
use crate::kdf;
use crate::mapping::Field;
use crate::outbox;
use crate::secret::Password;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan};
use crate::spi::types::TEXT;
use crate::sql::Expression;
use legacy_hash::{Policy, Stored, UnicodeForm};
use open::{check_columns, open_actor, open_policy, open_relation};
use serde_json::json;
use std::cell::OnceCell;
use std::collections::HashMap;

/// A target whose config was checked against the catalogues.
pub(crate) struct Target {
    pub(crate) row: TargetRow,
    pub(crate) actor: Actor,
    pub(crate) relation: Relation,
    pub(crate) policy: Policy,
    pub(crate) unicode_form: UnicodeForm,
    /// What other systems are told.
    pub(crate) notices: Vec<outbox::Kind>,
    pub(crate) hooks: Hooks,
    id: Lookup,
    lookups: Vec<Lookup>,
    allowed: Option<Expression>,
    /// How users who are here under another login are found, each with its plan.
    finders: Vec<(Lookup, OnceCell<Plan>)>,
    verified: Option<Expression>,
    pub(crate) changed_at: Option<Expression>,
    by_login: Vec<OnceCell<Plan>>,
    by_id: OnceCell<Plan>,
    replace_hash: [OnceCell<Plan>; 2],
    stored_hash: OnceCell<Plan>,
}

/// A row of the users table, as far as a login needs it. No `Debug`: it holds the hash.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) hash: Option<String>,
    pub(crate) is_allowed: bool,
    pub(crate) must_change: bool,
}

impl User {
    /// Whether any password could be right here.
    pub(crate) fn has_password(&self) -> bool {
        self.hash.as_deref().is_some_and(|hash| !legacy_hash::is_locked(hash))
    }
}

/// How many users have a login.
pub(crate) enum Found {
    Nobody,
    One(User),
    Several,
}

/// Whether replacing a hash also answers "must change".
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum MustChange {
    Untouched,
    Cleared,
}

impl Target {
    /// Checks the row against the catalogues.
    pub(crate) fn open(row: &TargetRow) -> Result<Target, Refusal> {
        let place = format!("target {}", row.name);
        let role_name = row.run_as.clone().unwrap_or_default();
        let relation = open_relation(&row.relation, &role_name, &place)?;
        let actor = open_actor(row, role_name, &place)?;
        catalog::check_rights(&relation, &actor, Rights::Write, &place)?;
        check_columns(row, &relation, &place)?;
        let lookup = |entry: &String, what: &str| {
            config_sql::lookup(entry, &format!("{place}, {what}"), &relation, "u", &actor)
        };
        let lookups = row.login_columns.iter().map(|entry| lookup(entry, "login_columns"));
        let lookups = lookups.collect::<Result<Vec<_>, _>>()?;
        let finders = row.lookup.iter().map(|entry| lookup(entry, "lookup"));
        let finders = finders.collect::<Result<Vec<_>, _>>()?;
        let user = Scope::of_row(relation.row_type, "u");
        let condition = |text: Option<&str>, what: &str| {
            text.map(|text| config_sql::condition(text, &format!("{place}, {what}"), &user, &actor))
                .transpose()
        };
        let changed_at = row
            .changed_at
            .as_deref()
            .map(|text| config_sql::timestamp(text, &format!("{place}, changed_at"), &user, &actor));
        Ok(Target {
            policy: open_policy(&row.hash_policy, &place)?,
            unicode_form: parse_form(&row.unicode_form)
                .map_err(|refusal| refusal.within(&format!("{place}, unicode_form")))?,
            notices: outbox::parse_kinds(&row.outbox)
                .map_err(|refusal| refusal.within(&format!("{place}, outbox")))?,
            id: lookup(&row.id_column, "id_column")?,
            allowed: condition(row.allowed.as_deref(), "allowed")?,
            verified: condition(row.verified.as_deref(), "verified")?,
            changed_at: changed_at.transpose()?,
            finders: finders.into_iter().map(|lookup| (lookup, OnceCell::new())).collect(),
            by_login: lookups.iter().map(|_| OnceCell::new()).collect(),
            by_id: OnceCell::new(),
            replace_hash: Default::default(),
            stored_hash: OnceCell::new(),
            hooks: Hooks::none(),
            row: row.clone(),
            lookups,
            relation,
            actor,
        })
    }

    /// With the hooks that are about its users.
    pub(crate) fn with_hooks(mut self, rows: Vec<HookRow>) -> Target {
        self.hooks = Hooks::about(&self.relation, vec![self.row.hash_column.clone()], rows);
        self
    }

    /// Whether a user whom pg_ferry did not move is tied to the legacy user of their login, once the legacy password was
    /// verified.
    pub(crate) fn lets_adopt(&self, user: &User) -> bool {
        user.is_allowed && self.row.adopt != Adopt::Review && self.asks_sources_about(user)
    }

    /// Whether the sources are asked about the login of such a user at all, where their password is not that of the hash
    /// here. A hash that cannot be read ends a login before anybody else is asked.
    pub(crate) fn asks_sources_about(&self, user: &User) -> bool {
        let is_readable = |hash: &str| {
            let stored = Stored { hash, salt: None, login: Some(""), pepper: None };
            legacy_hash::inspect(&stored, None, &guc::limits()).is_ok()
        };
        match self.row.adopt {
            Adopt::Refuse => false,
            Adopt::Locked => !user.has_password(),
            Adopt::Any | Adopt::Review => {
                !user.has_password() || user.hash.as_deref().is_some_and(is_readable)
            }
        }
    }

    /// A new hash of a password, in the target's Unicode form.
    pub(crate) fn hash(&self, password: &Password) -> Result<String, legacy_hash::Error> {
        kdf::hash(&password.in_form(self.unicode_form), &self.policy)
    }

    pub(crate) fn id_lookup(&self) -> &Lookup {
        &self.id
    }

    /// What `allowed` says of a user who would have these values and nothing else; `None` where that
    /// depends on more, such as a default.
    pub(crate) fn would_allow(&self, values: &[Field]) -> Result<Option<bool>, SqlError> {
        let Some(allowed) = &self.allowed else { return Ok(Some(true)) };
        let values: HashMap<&String, &Option<String>> =
            values.iter().map(|field| (&field.0, &field.1)).collect();
        let values = json!(values).to_string();
        let sql = format!(
            "SELECT {allowed} FROM pg_catalog.jsonb_populate_record(NULL::{}, $1::pg_catalog.jsonb) AS u",
            self.relation.name
        );
        let rows =
            self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[TEXT], &[Arg::Text(&values)]))?;
        Ok(plan::first(rows).map(|value| value == "t"))
    }
}

//! The users table: looking users up, and replacing their hashes.

use crate::catalog::{self, Actor, Lookup, Relation, Rights, Scope};
use crate::config::{Adopt, HookRow, TargetRow};
use crate::envelope;
use crate::error::{Kind, Refusal};
use crate::guc;
use crate::hash::parse_form;
use crate::hook::Hooks;
use crate::kdf;
use crate::login::Login;
use crate::outbox;
use crate::secret::Password;
use crate::source::explain;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Plan, Planning, Row, Value, View};
use crate::spi::types::{self, BOOL, LONG, Oid, TEXT, TEXTS};
use crate::sql::{Expression, Ident, list};
use legacy_hash::{Policy, Stored, UnicodeForm};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

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
            catalog::lookup(entry, &format!("{place}, {what}"), &relation, "u", &actor)
        };
        let lookups = row.login_columns.iter().map(|entry| lookup(entry, "login_columns"));
        let lookups = lookups.collect::<Result<Vec<_>, _>>()?;
        let finders = row.lookup.iter().map(|entry| lookup(entry, "lookup"));
        let finders = finders.collect::<Result<Vec<_>, _>>()?;
        let user = Scope::of_row(relation.row_type, "u");
        let condition = |text: Option<&str>, what: &str| {
            text.map(|text| catalog::condition(text, &format!("{place}, {what}"), &user, &actor)).transpose()
        };
        let changed_at = row
            .changed_at
            .as_deref()
            .map(|text| catalog::timestamp(text, &format!("{place}, changed_at"), &user, &actor));
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

    /// The user of a login: the first login column with a match decides.
    pub(crate) fn find_by_login(&self, login: &Login, view: View) -> Result<Found, SqlError> {
        for (lookup, plan) in self.lookups.iter().zip(&self.by_login) {
            let mut users: Vec<User> = Vec::new();
            for spelling in login.spellings() {
                for user in self.find(lookup, plan, spelling, view)? {
                    if users.iter().all(|known| known.id != user.id) {
                        users.push(user);
                    }
                }
            }
            match (users.pop(), users.is_empty()) {
                (None, _) => {}
                (Some(user), true) => return Ok(Found::One(user)),
                (Some(_), false) => return Ok(Found::Several),
            }
        }
        Ok(Found::Nobody)
    }

    /// The users of many logins, each with the place of its login in the list; a login may have several.
    pub(crate) fn find_all(&self, logins: &[&str]) -> Result<Vec<(usize, User)>, SqlError> {
        let mut found = Vec::new();
        for lookup in &self.lookups {
            let cast = logins.iter().enumerate();
            let cast = cast.filter_map(|(place, text)| Some((place, types::cast(text, &lookup.key)?)));
            let (places, values): (Vec<usize>, Vec<_>) = cast.unzip();
            let sql = format!(
                "SELECT w.place::pg_catalog.text, {} FROM pg_catalog.unnest($1) WITH ORDINALITY AS w (login, place), \
                 {} AS u WHERE {} {} w.login",
                self.columns_of_user(),
                self.relation.name,
                lookup.sql,
                lookup.key.equals
            );
            let array = plan::Value::array(&values, lookup.key.oid);
            let rows = self.actor.attempt(Reach::Evaluate, || {
                plan::query(&sql, &[types::array_of(lookup.key.oid)], &[Arg::Value(array)])
            })?;
            for mut row in rows {
                let number = row.remove(0).and_then(|number| number.parse::<usize>().ok()).unwrap_or(1);
                if let (Some(place), Some(user)) = (places.get(number - 1), user(row)) {
                    found.push((*place, user));
                }
            }
        }
        Ok(found)
    }

    /// The users of many ids, as links keep them.
    pub(crate) fn find_by_ids(&self, ids: &[Option<String>]) -> Result<HashMap<String, User>, SqlError> {
        let sql = format!(
            "SELECT {} FROM {} AS u WHERE {} {} ANY ($1::{}[])",
            self.columns_of_user(),
            self.relation.name,
            self.id.sql,
            self.id.key.equals,
            types::type_name(self.id.key.oid)
        );
        let rows = self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[TEXTS], &[Arg::Texts(ids)]))?;
        Ok(rows.into_iter().filter_map(user).map(|user| (user.id.clone(), user)).collect())
    }

    /// The user of an id, as links keep it.
    pub(crate) fn find_by_id(&self, id: &str, view: View) -> Result<Option<User>, SqlError> {
        Ok(self.find(&self.id, &self.by_id, id, view)?.pop())
    }

    fn find(
        &self,
        lookup: &Lookup,
        plan: &OnceCell<Plan>,
        text: &str,
        view: View,
    ) -> Result<Vec<User>, SqlError> {
        let Some(value) = types::cast(text, &lookup.key) else { return Ok(Vec::new()) };
        let rows = self.actor.attempt(Reach::Evaluate, || {
            let prepare = || Plan::prepare(&self.select_user(lookup), &[lookup.key.oid], Planning::Auto);
            plan.get_or_init(prepare).rows_seen(&[Arg::Value(value)], view)
        })?;
        Ok(rows.into_iter().filter_map(user).collect())
    }

    /// Which of some logins anybody has here, by their places.
    pub(crate) fn who_is_here(&self, logins: &[Option<String>]) -> Result<HashSet<usize>, SqlError> {
        let mut found = HashSet::new();
        for lookup in &self.lookups {
            found.extend(self.who_has(lookup, logins)?);
        }
        Ok(found)
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

    /// Which of some values of a look-up anybody has here, by their places.
    fn who_has(&self, lookup: &Lookup, values: &[Option<String>]) -> Result<HashSet<usize>, SqlError> {
        let is_value = |value: &String| lookup.key.is_text || types::cast(value, &lookup.key).is_some();
        // What is no value of the column's type is nobody's: null.
        let values: Vec<Option<String>> = values.iter().map(|value| value.clone().filter(is_value)).collect();
        let sql = format!(
            "SELECT f.\"ferry place\" FROM ROWS FROM (pg_catalog.unnest($1::{}[])) WITH ORDINALITY \
             AS f (\"ferry value\", \"ferry place\") \
             WHERE EXISTS (SELECT FROM {} AS u WHERE {} {} f.\"ferry value\")",
            types::type_name(lookup.key.oid),
            self.relation.name,
            lookup.sql,
            lookup.key.equals
        );
        let ask = || identity::probing(|| plan::query(&sql, &[TEXTS], &[Arg::Texts(&values)]));
        let places = self.actor.attempt(Reach::Evaluate, ask)?;
        let places = places.into_iter().flatten().flatten();
        Ok(places.filter_map(|place| place.parse::<usize>().ok()?.checked_sub(1)).collect())
    }

    /// The login columns, as SQL over `u`.
    pub(crate) fn logins_sql(&self) -> Vec<String> {
        self.lookups.iter().map(|lookup| lookup.sql.clone()).collect()
    }

    /// The whole row of a user, as it is now.
    pub(crate) fn row_of(&self, user_id: &str) -> Result<Option<plan::Value>, SqlError> {
        let Some(id) = types::cast(user_id, &self.id.key) else { return Ok(None) };
        let sql = format!(
            "SELECT ROW(u.*)::{0} FROM {0} AS u WHERE {1}",
            self.relation.name,
            self.id.is_parameter()
        );
        self.actor.attempt(Reach::Evaluate, || {
            Plan::prepare(&sql, &[self.id.key.oid], Planning::Auto).values(&[Arg::Value(id)]).pop()
        })
    }

    /// What columns of a user hold, as a JSON object to which `also` is added; `None` where there is nothing.
    pub(crate) fn columns_of(
        &self,
        user: &User,
        columns: &[String],
        also: Option<serde_json::Value>,
    ) -> Option<String> {
        let also = also.map(|also| also.to_string());
        if columns.is_empty() {
            return also;
        }
        let id = types::cast(&user.id, &self.id.key)?;
        let columns = list(columns.iter().map(|column| format!("u.{}", Ident(column.clone()))));
        let sql = format!(
            "SELECT (pg_catalog.to_jsonb(r.*) OPERATOR(pg_catalog.||) $2::pg_catalog.jsonb)::pg_catalog.text \
             FROM (SELECT {columns} FROM {} AS u WHERE {}) AS r",
            self.relation.name,
            self.id.is_parameter()
        );
        let (types, also) = ([self.id.key.oid, TEXT], also.as_deref().unwrap_or("{}"));
        let arguments = [Arg::Value(id), Arg::Text(also)];
        plan::first(self.actor.act(Reach::Evaluate, || plan::query(&sql, &types, &arguments)))
    }

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

    /// What `allowed` says of a user who would have these values and nothing else; `None` where that
    /// depends on more, such as a default.
    pub(crate) fn would_allow(&self, values: &str) -> Result<Option<bool>, SqlError> {
        let Some(allowed) = &self.allowed else { return Ok(Some(true)) };
        let sql = format!(
            "SELECT {allowed} FROM pg_catalog.jsonb_populate_record(NULL::{}, $1::pg_catalog.jsonb) AS u",
            self.relation.name
        );
        let rows =
            self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[TEXT], &[Arg::Text(values)]))?;
        Ok(plan::first(rows).map(|value| value == "t"))
    }

    /// More than one match is all that needs knowing.
    fn select_user(&self, lookup: &Lookup) -> String {
        format!(
            "SELECT {} FROM {} AS u WHERE {} LIMIT 2",
            self.columns_of_user(),
            self.relation.name,
            lookup.is_parameter()
        )
    }

    /// What a user is found by at a login, as SQL over `u`.
    pub(crate) fn login_values(&self) -> Vec<String> {
        self.lookups.iter().map(|lookup| lookup.sql.clone()).collect()
    }

    /// Starts the look-up of a user without running it: a function that may not be executed is an error only then.
    pub(crate) fn may_run(&self) -> Result<(), SqlError> {
        for lookup in &self.lookups {
            self.actor.attempt(Reach::Evaluate, || {
                explain(&self.select_user(lookup), &[lookup.key.oid], &[Arg::Null]);
            })?;
        }
        Ok(())
    }

    /// What a [`User`] is made of.
    fn columns_of_user(&self) -> String {
        format!(
            "{}::pg_catalog.text, u.{}::pg_catalog.text, {}",
            self.id.sql,
            Ident(self.row.hash_column.clone()),
            self.state_of_user()
        )
    }

    /// Two SQL values over `u`: whether the user is allowed, and must change the password.
    pub(crate) fn state_of_user(&self) -> String {
        let allowed = self.allowed.as_ref().map_or("true".to_string(), ToString::to_string);
        let must_change = self
            .row
            .must_change
            .as_ref()
            .map_or("false".to_string(), |column| format!("u.{}", Ident(column.clone())));
        format!("{allowed}, {must_change}")
    }

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

    /// Makes a user change the password at the next chance. Runs as [`Target::replace_hash`] does.
    pub(crate) fn demand_change(&self, user_id: &str) {
        let Some(column) = &self.row.must_change else { return };
        let column = Ident(column.clone());
        let sql = format!(
            "UPDATE {} AS u SET {column} = true WHERE {}",
            self.relation.name,
            self.id.is_parameter()
        );
        self.write_one(&sql, user_id, &[]);
    }

    /// Deletes a user. Runs as [`Target::replace_hash`] does.
    pub(crate) fn delete(&self, user_id: &str) {
        let sql = format!("DELETE FROM {} AS u WHERE {}", self.relation.name, self.id.is_parameter());
        self.write_one(&sql, user_id, &[]);
    }

    /// Lets deferred constraints and triggers speak now, so that an error in one is that of the user just written and not
    /// of a whole COMMIT. Runs as [`Target::replace_hash`] does.
    pub(crate) fn check_deferred(&self) {
        self.actor.act(Reach::Write, || {
            for when in ["IMMEDIATE", "DEFERRED"] {
                plan::query(&format!("SET CONSTRAINTS ALL {when}"), &[], &[]);
            }
        });
    }

    /// Writes back what adopting a user has overwritten: those columns of a JSON object. Tells how many users that were.
    pub(crate) fn restore(&self, user_id: &str, columns: &[String], replaced: Option<&str>) -> u64 {
        let columns = list(columns.iter().map(|name| Ident(name.clone())));
        let sql = format!(
            "UPDATE {0} AS u SET ({columns}) = (SELECT {columns} \
             FROM pg_catalog.jsonb_populate_record(ROW(u.*)::{0}, $2::pg_catalog.jsonb)) WHERE {1}",
            self.relation.name,
            self.id.is_parameter()
        );
        self.write_one(&sql, user_id, &[Arg::from(replaced)])
    }

    /// Runs a statement about one user, whose id is `$1`; the other arguments are texts.
    fn write_one(&self, sql: &str, user_id: &str, others: &[Arg<'_>]) -> u64 {
        let Some(id) = types::cast(user_id, &self.id.key) else { return 0 };
        let types: Vec<Oid> = [self.id.key.oid].into_iter().chain(others.iter().map(|_| TEXT)).collect();
        self.actor.act(Reach::Write, || {
            let plan = Plan::prepare(sql, &types, Planning::Auto);
            let arguments: Vec<Arg<'_>> =
                [Arg::Value(id)].into_iter().chain(others.iter().copied()).collect();
            plan.count(&arguments)
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

    /// Whether a user whom pg_ferry did not move is tied to the legacy user of their login, once the legacy password was
    /// verified. A hash here that cannot be read ends a login before anybody else is asked.
    pub(crate) fn lets_adopt(&self, user: &User) -> bool {
        let is_readable = |hash: &str| {
            let stored = Stored { hash, salt: None, login: Some(""), pepper: None };
            legacy_hash::inspect(&stored, None, &guc::limits()).is_ok()
        };
        user.is_allowed
            && match self.row.adopt {
                Adopt::Refuse | Adopt::Review => false,
                Adopt::Locked => !user.has_password(),
                Adopt::Any => !user.has_password() || user.hash.as_deref().is_some_and(is_readable),
            }
    }

    /// A new hash of a password, in the target's Unicode form.
    pub(crate) fn hash(&self, password: &Password) -> Result<String, legacy_hash::Error> {
        kdf::hash(&password.in_form(self.unicode_form), &self.policy)
    }

    pub(crate) fn id_lookup(&self) -> &Lookup {
        &self.id
    }
}

fn user(row: Row) -> Option<User> {
    let mut fields = row.into_iter();
    Some(User {
        id: fields.next()??,
        hash: fields.next()?,
        is_allowed: fields.next()?.as_deref() == Some("t"),
        must_change: fields.next()?.as_deref() == Some("t"),
    })
}

fn open_relation(name: &str, role: &str, place: &str) -> Result<Relation, Refusal> {
    let relation = catalog::relation_oid(name)
        .map_err(|error| Refusal::in_config(place, error).or_hint(catalog::NAME_WITH_SCHEMA))?
        .and_then(|oid| catalog::describe(oid, role))
        .ok_or_else(|| {
            Refusal::new(Kind::Relation, format!("{place}: relation \"{name}\" does not exist"))
                .hint("Create the users table first, and name it with its schema, such as public.users.")
        })?;
    check_kind(&relation, place).map(|()| relation)
}

/// Whether users can be written to it at all.
pub(crate) fn check_kind(relation: &Relation, place: &str) -> Result<(), Refusal> {
    if relation.takes_rows {
        return Ok(());
    }
    let (what, hint) = match relation.kind {
        'v' => {
            ("is a view that takes no rows", "Name the table under it, or give the view INSTEAD OF triggers.")
        }
        _ => (
            "is not a table of this database",
            "A target is a table, a partitioned table or an updatable view.",
        ),
    };
    Err(Refusal::new(Kind::Invalid, format!("{place}: {} {what}", relation.title)).hint(hint))
}

fn open_policy(text: &str, place: &str) -> Result<Policy, Refusal> {
    Policy::parse(text).map_err(|error| {
        Refusal::new(Kind::Invalid, format!("{place}, hash_policy: \"{text}\": {error}"))
            .hint("For example argon2id, argon2id:m=19456,t=2,p=1 or bcrypt:cost=12; ferry.hash_format says what can be produced.")
    })
}

fn open_actor(row: &TargetRow, role_name: String, place: &str) -> Result<Actor, Refusal> {
    let role = identity::role(&role_name).ok_or_else(|| {
        Refusal::new(Kind::Object, format!("{place}: role \"{role_name}\" of run_as does not exist"))
            .hint("Create the role, or name another in run_as.")
    })?;
    let search_path = row.search_path.clone().unwrap_or_default();
    Ok(Actor { role, role_name, search_path })
}

fn check_columns(row: &TargetRow, relation: &Relation, place: &str) -> Result<(), Refusal> {
    let hash = relation.need_column(&row.hash_column, &format!("{place}, hash_column"))?;
    if !types::key_type(hash.type_oid).is_some_and(|key| key.is_text) {
        return Err(Refusal::new(
            Kind::Type,
            format!("{place}, hash_column: type {} is not a text type", hash.type_name),
        )
        .hint("Hashes are text of up to some 200 characters: use a column of type text."));
    }
    let Some(must_change) = &row.must_change else { return Ok(()) };
    let column = relation.need_column(must_change, &format!("{place}, must_change"))?;
    if column.type_oid == BOOL {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::Type,
        format!(
            "{place}, must_change: column \"{must_change}\" is of type {}, not boolean",
            column.type_name
        ),
    )
    .hint("Name a boolean column, or leave must_change null."))
}

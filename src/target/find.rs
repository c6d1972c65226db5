//! Finding users by their logins and ids: one, or many at once.

use super::{Found, Target, User};
use crate::config_sql::Lookup;
use crate::login::Login;
use crate::source::explain;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::parse;
use crate::spi::plan::{self, Arg, Plan, Planning, Row, View};
use crate::spi::types::{self, TEXT, TEXTS};
use crate::sql::{Ident, list};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

impl Target {
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
                "SELECT w.\"ferry place\"::pg_catalog.text, {} \
                 FROM pg_catalog.unnest($1) WITH ORDINALITY AS w (\"ferry login\", \"ferry place\"), \
                 {} AS u WHERE {} {} w.\"ferry login\"",
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
            "SELECT {} FROM {} AS u WHERE {}",
            self.columns_of_user(),
            self.relation.name,
            self.id_is_one_of()
        );
        let rows = self.actor.attempt(Reach::Evaluate, || plan::query(&sql, &[TEXTS], &[Arg::Texts(ids)]))?;
        Ok(rows.into_iter().filter_map(user).map(|user| (user.id.clone(), user)).collect())
    }

    /// True for users of the alias `u` whose id is in `$1`, an array of texts.
    pub(super) fn id_is_one_of(&self) -> String {
        format!("{} {} ANY ($1::{}[])", self.id.sql, self.id.key.equals, types::type_name(self.id.key.oid))
    }

    /// The user of an id, as links keep it.
    pub(crate) fn find_by_id(&self, id: &str, view: View) -> Result<Option<User>, SqlError> {
        Ok(self.find(&self.id, &self.by_id, id, view)?.pop())
    }

    pub(super) fn find(
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

    /// Which of some values of a look-up anybody has here, by their places.
    pub(super) fn who_has(
        &self,
        lookup: &Lookup,
        values: &[Option<String>],
    ) -> Result<HashSet<usize>, SqlError> {
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

    /// Starts the look-up of a user without running it: a function that may not be executed is an error only then.
    pub(crate) fn may_run(&self) -> Result<(), SqlError> {
        for lookup in &self.lookups {
            self.actor.attempt(Reach::Evaluate, || {
                explain(&self.select_user(lookup), &[lookup.key.oid], &[Arg::Null]);
            })?;
        }
        Ok(())
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
        list(self.states_of_user())
    }

    /// The same one by one.
    pub(crate) fn states_of_user(&self) -> [String; 2] {
        let allowed = self.allowed.as_ref().map_or("true".to_string(), ToString::to_string);
        let must_change = self
            .row
            .must_change
            .as_ref()
            .map_or("false".to_string(), |column| format!("u.{}", Ident(column.clone())));
        [allowed, must_change]
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

    /// What columns of a user hold, as a JSON object of texts to which `also` is added; `None` where there is nothing. As
    /// texts, for not every value has a JSON form that can be read back.
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
        let names = list(columns.iter().map(|column| parse::quote_literal(column)));
        let texts =
            list(columns.iter().map(|column| format!("u.{}::pg_catalog.text", Ident(column.clone()))));
        let sql = format!(
            "SELECT (pg_catalog.jsonb_object(ARRAY[{names}], ARRAY[{texts}]) \
             OPERATOR(pg_catalog.||) $2::pg_catalog.jsonb)::pg_catalog.text FROM {} AS u WHERE {}",
            self.relation.name,
            self.id.is_parameter()
        );
        let (types, also) = ([self.id.key.oid, TEXT], also.as_deref().unwrap_or("{}"));
        let arguments = [Arg::Value(id), Arg::Text(also)];
        plan::first(self.actor.act(Reach::Evaluate, || plan::query(&sql, &types, &arguments)))
    }
}

pub(super) fn user(row: Row) -> Option<User> {
    let mut fields = row.into_iter();
    Some(User {
        id: fields.next()??,
        hash: fields.next()?,
        is_allowed: fields.next()?.as_deref() == Some("t"),
        must_change: fields.next()?.as_deref() == Some("t"),
    })
}

//! What the hooks of each point mean to a login, in the order of the login.

use super::{Call, Failure, Said, error_or_raise};
use crate::config::Point;
use crate::event::Kind;
use crate::flow::{Decision, Flow, Why};
use crate::link::{self, Via};
use crate::mapping::Draft;
use crate::outcome::Outcome;
use crate::source::{Person, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value};
use crate::spi::session;
use crate::sql::list;
use crate::target::User;
use crate::write::Move;
use serde_json::{Map, Value as Json};
use std::rc::Rc;

/// Of what a hook says to people, so much is kept in the event.
const MAX_MESSAGE: usize = 200;

/// What the login is about, as far as it is known at a point.
#[derive(Default, Clone, Copy)]
struct About<'a> {
    source: Option<&'a str>,
    legacy_key: Option<&'a str>,
    user_id: Option<&'a str>,
    via: Option<Via>,
    outcome: Option<Outcome>,
    reason: Option<&'a str>,
}

impl<'a> About<'a> {
    fn source(source: &'a Source) -> Self {
        About { source: Some(&source.row.name), ..About::default() }
    }

    fn person(source: &'a Source, person: &'a Person) -> Self {
        About { legacy_key: Some(&person.key), ..About::source(source) }
    }

    fn moving(what: &Move<'a>) -> Self {
        let user_id = what.adopting.map(|user| user.id.as_str());
        About { user_id, via: Some(what.via), ..About::person(what.source, what.person) }
    }
}

impl Flow<'_> {
    /// `before_source`: whether a hook wants the source left out for this login.
    pub(crate) fn skips(&mut self, source: &Source) -> Result<bool, Failure> {
        for call in source.hooks.at(Point::BeforeSource, Some(&source.row.name)) {
            if let Said::Json(said) = self.call(call, About::source(source), None)?
                && call.flag(&said, "skip")?
            {
                self.note("hook", &format!("{} leaves source {} out", call.name(), source.row.name));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `after_fetch`: the person as the hooks want them; `None` where they change nothing.
    pub(crate) fn after_fetch(
        &mut self,
        source: &Source,
        fetched: &Person,
    ) -> Result<Option<Person>, Failure> {
        let mut changed = None;
        for call in source.hooks.at(Point::AfterFetch, Some(&source.row.name)) {
            let person = changed.as_ref().unwrap_or(fetched);
            let row = match self.call(call, About::person(source, person), Some(person.row))? {
                Said::Nothing => continue,
                Said::Row(row) => row,
                Said::Json(said) => call.change(&self.target.actor, &source.rows, person.row, &said)?.0,
            };
            let described =
                source.with_row(fetched, row).map_err(|error| call.fails(&error_or_raise(error)))?;
            changed = Some(described.ok_or_else(|| call.misbehaves("it changes the legacy key or a login"))?);
        }
        Ok(changed)
    }

    /// `after_verify`: the names of the hooks that demand a new password, unless one keeps the user out.
    pub(crate) fn after_verify(
        &mut self,
        source: &Source,
        person: &Person,
        moved: Option<&User>,
    ) -> Result<Vec<String>, Decision> {
        let mut must_change = Vec::new();
        for call in source.hooks.at(Point::AfterVerify, Some(&source.row.name)) {
            match self.verdict(call, source, person) {
                Ok(Verdict::Passes) => {}
                Ok(Verdict::MustChange) => must_change.push(call.name().to_string()),
                Ok(Verdict::Rejected(message)) => {
                    let why = Why::of("hook").source(&source.row.name).maybe_user(moved);
                    let why = why.with("hook", call.name()).with("message", &message);
                    return Err(self.conclude(Outcome::Rejected, why));
                }
                Err(failure) => {
                    let why = Why::of_hook(failure).source(&source.row.name).maybe_user(moved);
                    return Err(self.conclude(Outcome::Failed, why));
                }
            }
        }
        Ok(must_change)
    }

    fn verdict(&mut self, call: Call<'_>, source: &Source, person: &Person) -> Result<Verdict, Failure> {
        let said = self.call(call, About::person(source, person), Some(person.row))?;
        let Said::Json(said) = said else { return Ok(Verdict::Passes) };
        let must_change = call.flag(&said, "must_change")?;
        match said.fields.get("reject") {
            Some(Json::String(message)) => {
                self.note("hook", &format!("{} rejects this user", call.name()));
                Ok(Verdict::Rejected(message.chars().take(MAX_MESSAGE).collect()))
            }
            Some(other) if !other.is_null() => Err(call.misbehaves("\"reject\" of its result is not a text")),
            _ if must_change && self.target.row.must_change.is_none() => {
                Err(call.misbehaves("target has no must_change column"))
            }
            _ if must_change => {
                self.note("hook", &format!("{} makes the user change the password", call.name()));
                Ok(Verdict::MustChange)
            }
            _ => Ok(Verdict::Passes),
        }
    }

    /// `before_write`: the row that is about to be written, as the hooks want it; `None` where there are none, or
    /// where the user to be adopted is gone. Runs inside the subtransaction that writes.
    pub(crate) fn before_write(&mut self, what: &Move<'_>) -> Result<Option<Draft>, Failure> {
        let target = Rc::clone(&self.target);
        let source = what.source.row.name.as_str();
        if target.hooks.at(Point::BeforeWrite, Some(source)).next().is_none() {
            return Ok(None);
        }
        let draft = what.source.transfer.draft(&target, what.person.row, what.adopting);
        let Some(mut draft) = draft else { return Ok(None) };
        let before = draft.row;
        for call in target.hooks.at(Point::BeforeWrite, Some(source)) {
            let columns = match self.call(call, About::moving(what), Some(draft.row))? {
                Said::Nothing => continue,
                Said::Row(row) => {
                    draft.row = row;
                    self.changed_columns(before, row).map_err(|error| call.fails(&error_or_raise(error)))?
                }
                Said::Json(said) => {
                    let (row, columns) = call.change(&target.actor, &target.relation, draft.row, &said)?;
                    draft.row = row;
                    columns
                }
            };
            self.check_writable(call, &columns)?;
            draft.columns.extend(columns);
        }
        draft.columns.sort();
        draft.columns.dedup();
        Ok(Some(draft))
    }

    /// The columns in which two rows of the users table differ.
    fn changed_columns(&self, before: Value, after: Value) -> Result<Vec<String>, SqlError> {
        const SQL: &str = "SELECT a.key FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb($1)) AS b \
             JOIN pg_catalog.jsonb_each(pg_catalog.to_jsonb($2)) AS a ON a.key OPERATOR(pg_catalog.=) b.key \
             WHERE NOT a.value OPERATOR(pg_catalog.=) b.value";
        let types = [before.type_oid(), after.type_oid()];
        let rows = self.target.actor.attempt(Reach::Evaluate, || {
            plan::query(SQL, &types, &[Arg::Value(before), Arg::Value(after)])
        })?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// The hash is pg_ferry's own, and what is generated nobody writes.
    fn check_writable(&self, call: Call<'_>, columns: &[String]) -> Result<(), Failure> {
        let relation = &self.target.relation;
        let is_closed = |name: &&String| {
            **name == self.target.row.hash_column
                || relation.column(name).is_some_and(|column| column.is_generated)
        };
        let closed: Vec<&String> = columns.iter().filter(is_closed).collect();
        if closed.is_empty() {
            return Ok(());
        }
        Err(call.misbehaves(&format!("it sets what is not a hook's to set: {}", list(closed))))
    }

    /// `after_write`: inside the subtransaction that writes.
    pub(crate) fn after_write(&mut self, what: &Move<'_>, user_id: &str) -> Result<(), Failure> {
        let about = About { user_id: Some(user_id), ..About::moving(what) };
        self.tell(Point::AfterWrite, about)
    }

    /// `after_login` of a user who was moved by it: the last thing inside the subtransaction that writes.
    pub(crate) fn after_first_login(&mut self, what: &Move<'_>, user_id: &str) -> Result<(), Failure> {
        if !self.is_login() {
            return Ok(());
        }
        let about = About { user_id: Some(user_id), outcome: Some(Outcome::Migrated), ..About::moving(what) };
        self.tell(Point::AfterLogin, about)
    }

    /// `after_login` of a user who is here, in a subtransaction of its own. `Err` keeps the user out.
    pub(crate) fn after_login(&mut self, user_id: &str) -> Result<(), Decision> {
        if !self.target.hooks.has(Point::AfterLogin) {
            return Ok(());
        }
        match guard::attempt_if(Result::is_ok, || self.after_later_login(user_id)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(self.conclude(Outcome::Failed, Why::of_hook(failure).user(user_id))),
            Err(error) => error.raise(),
        }
    }

    /// The same without a net. Where the transaction cannot write, nothing is called.
    pub(crate) fn after_later_login(&mut self, user_id: &str) -> Result<(), Failure> {
        let is_called = self.target.hooks.has(Point::AfterLogin) && self.is_login();
        if !is_called || session::is_read_only() && self.trace.is_none() {
            return Ok(());
        }
        let link = link::of_user(&self.target.row.name, user_id, None);
        let about = About {
            source: link.as_ref().map(|link| link.source.as_str()),
            legacy_key: link.as_ref().map(|link| link.legacy_key.as_str()),
            user_id: Some(user_id),
            outcome: Some(Outcome::Ok),
            ..About::default()
        };
        self.tell(Point::AfterLogin, about)
    }

    /// Calls the hooks of a point that are told the user's row and whose results do not matter.
    fn tell(&mut self, point: Point, about: About<'_>) -> Result<(), Failure> {
        let target = Rc::clone(&self.target);
        for call in target.hooks.at(point, about.source) {
            if self.only_notes(call) {
                continue;
            }
            let row = target.row_of(about.user_id.unwrap_or_default());
            let row = row.map_err(|error| call.fails(&error_or_raise(error)))?;
            self.call(call, about, row)?;
        }
        Ok(())
    }

    /// `on_failure`: after somebody who has shown the right password was kept out. An error changes nothing; it is
    /// returned to be noted.
    pub(crate) fn on_failure(&mut self, outcome: Outcome, why: &Why) -> Option<Failure> {
        let is_told = matches!(outcome, Outcome::Rejected | Outcome::Blocked | Outcome::Failed);
        // Of those whom a retired source has left behind nobody asks the password.
        if !is_told
            || why.reason == "source_retired"
            || !self.is_login()
            || !self.target.hooks.has(Point::OnFailure)
        {
            return None;
        }
        if session::is_read_only() && self.trace.is_none() {
            return None;
        }
        let target = Rc::clone(&self.target);
        let link = match (&self.candidate, &why.user_id) {
            (None, Some(user_id)) => link::of_user(&target.row.name, user_id, None),
            _ => None,
        };
        let about = About {
            source: why.source.as_deref().or(link.as_ref().map(|link| link.source.as_str())),
            legacy_key: link.as_ref().map(|link| link.legacy_key.as_str()),
            user_id: why.user_id.as_deref(),
            outcome: Some(outcome),
            reason: Some(why.reason),
            ..About::default()
        };
        let failures = target
            .hooks
            .at(Point::OnFailure, about.source)
            .filter_map(|call| if self.only_notes(call) { None } else { self.call(call, about, None).err() });
        failures.last()
    }

    /// Notes what writing the user would call.
    pub(crate) fn note_write_hooks(&mut self, source: &Source) {
        let target = Rc::clone(&self.target);
        for point in [Point::BeforeWrite, Point::AfterWrite, Point::AfterLogin] {
            for call in target.hooks.at(point, Some(&source.row.name)) {
                self.only_notes(call);
            }
        }
    }

    /// While a login is explained, nothing that may write is called.
    fn only_notes(&mut self, call: Call<'_>) -> bool {
        let (name, point) = (call.name(), call.hook.row.point.name());
        if self.trace.is_some() {
            self.note("hook", &format!("{name} would be called, {point}"));
        }
        self.trace.is_some()
    }

    fn call(&mut self, call: Call<'_>, about: About<'_>, row: Option<Value>) -> Result<Said, Failure> {
        if self.trace.is_some() {
            self.note("hook", &format!("{} is called, {}", call.name(), call.hook.row.point.name()));
        }
        let context = self.context(call.hook.row.point, about);
        call.run(&self.target.actor, &context, row)
    }

    /// What a hook is told beside the row.
    fn context(&self, point: Point, about: About<'_>) -> Map<String, Json> {
        let known = [
            ("point", Some(point.name())),
            ("kind", Some(self.kind.name())),
            ("target", Some(self.target.row.name.as_str())),
            ("login", Some(self.login.normalised.as_str())),
            ("client", self.client),
            ("source", about.source),
            ("legacy_key", about.legacy_key),
            ("user_id", about.user_id),
            ("via", about.via.map(Via::name)),
            ("outcome", about.outcome.map(Outcome::name)),
            ("reason", about.reason),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?.into())));
        known.collect()
    }

    /// Whether somebody logs in, rather than is moved by others.
    fn is_login(&self) -> bool {
        matches!(self.kind, Kind::Login | Kind::ChangePassword)
    }

    /// A hook that fails keeps the user out.
    pub(crate) fn hook_failed(
        &mut self,
        outcome: Outcome,
        source: Option<&Source>,
        failure: Failure,
    ) -> Decision {
        self.conclude(outcome, Why::of_hook(failure).maybe_source(source))
    }
}

/// What a hook at `after_verify` comes to.
enum Verdict {
    Passes,
    MustChange,
    Rejected(String),
}

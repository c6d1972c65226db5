//! `ferry.explain_login`: the flow of a login, rehearsed. It is the same code as the login itself,
//! in a subtransaction that may not write and is always undone.

use crate::census;
use crate::child::{Fetched, Preview};
use crate::config::{self, HookRow, Point};
use crate::constraint::{Constraints, Judged};
use crate::event::Detail;
use crate::flow::{Decision, Flow, Request};
use crate::mapping::Field;
use crate::outcome::{Answer, Outcome};
use crate::rule::Broken;
use crate::secret::Password;
use crate::source::{Person, Source};
use crate::spi::guard;
use crate::target::User;
use crate::trace::{Note, Trace};
use legacy_hash::Method;
use serde_json::{Map, Value, json};

/// The steps of a login. Without a password, those of a login with the right one.
pub(crate) fn explain(request: &Request<'_>) -> Vec<Note> {
    // Admission wants a password: it stands for the right one, and is put away again.
    let stand_in = Password::new(b"any".to_vec());
    let admitted = Request { password: Some(request.password.unwrap_or(&stand_in)), ..*request };
    let rehearsed = guard::rehearse(|| rehearse(&admitted, request.password));
    match rehearsed {
        Ok(notes) => notes,
        Err(error) => error.raise(),
    }
}

fn rehearse(request: &Request<'_>, password: Option<&Password>) -> Vec<Note> {
    let Ok(mut flow) = Flow::admit(request) else {
        return vec![Note {
            action: "admit".into(),
            result: "nobody can have this login".into(),
            detail: None,
        }];
    };
    flow.explain_with(password);
    let mut trace = Trace::default();
    trace.note("admit", &format!("the login is looked up as \"{}\"", flow.login.normalised));
    if password.is_none() {
        trace.note("admit", "no password was given: the right one is assumed");
    }
    flow.trace = Some(trace);
    flow.run();
    flow.trace.take().map(|trace| trace.notes).unwrap_or_default()
}

impl<'a> Flow<'a> {
    fn explain_with(&mut self, password: Option<&Password>) {
        if password.is_none() {
            self.assume_right_password();
        }
    }

    /// Notes a step, where steps are noted.
    pub(crate) fn note(&mut self, action: &str, result: &str) {
        if let Some(trace) = &mut self.trace {
            trace.note(action, result);
        }
    }

    fn note_with(&mut self, action: &str, result: &str, detail: Value) {
        if let Some(trace) = &mut self.trace {
            trace.note_with(action, result, detail);
        }
    }

    /// Notes the rules that are broken and don't keep the user out.
    pub(crate) fn note_rules(&mut self, broken: &Broken) {
        for (rules, meaning) in
            [(&broken.must_change, "must change the password"), (&broken.warnings, "is warned of")]
        {
            for rule in rules {
                self.note("rule", &format!("{rule} is broken: the user {meaning}"));
            }
        }
    }

    /// Notes the format of a hash, never the hash.
    pub(crate) fn note_hash(&mut self, hash: &str, method: Option<&Method>) {
        if self.trace.is_some() {
            let named =
                method.map_or_else(|| census::identified(hash), |method| format!("is taken as {method}"));
            self.note("verify", &format!("the hash {named}"));
        }
    }

    /// The last step of a first login, without the writing.
    pub(crate) fn explain_move(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
    ) -> Decision {
        let children = match self.fetch_children(source, person) {
            Ok(children) => children,
            Err(decision) => return decision,
        };
        let verb = if adopting.is_some() { "adopted" } else { "inserted" };
        let previewed = source.transfer.preview(&self.target, person.row, adopting);
        let (result, detail, mut outcome) = match previewed {
            Ok(values) => {
                let outcome = self.explain_allowed(&values, adopting);
                let hash = (self.target.row.hash_column.clone(), Some(self.target.policy.to_string()));
                let row = object(values.into_iter().chain([hash]), |text| shown(text, person));
                (format!("this row would be {verb}, with a new hash"), row, outcome)
            }
            Err((column, error)) => {
                let mut detail = Detail::of_error(&error);
                detail.set("column", column);
                ("the mapping of a column fails".to_string(), detail.to_json(), Outcome::Failed)
            }
        };
        self.note_write_hooks(source);
        self.note_with("write", &result, detail);
        if adopting.is_none()
            && let Err(error) = source.transfer.may_insert(&self.target)
        {
            let detail = Detail::of_error(&error).to_json();
            self.note_with("write", "run_as may not insert into the users table", detail);
            outcome = Outcome::Failed;
        }
        if outcome != Outcome::Failed && adopting.is_none() && !self.explain_constraints(source, person) {
            outcome = Outcome::Failed;
        }
        if outcome != Outcome::Failed && !self.explain_children(source, person, adopting, &children) {
            outcome = Outcome::Failed;
        }
        self.note("answer", outcome.name());
        Decision::Answered(Answer::of(outcome))
    }

    /// What the users table would say of a row that is inserted; tells whether it would take it, or may: a hook or a trigger
    /// can change the row.
    fn explain_constraints(&mut self, source: &Source, person: &Person) -> bool {
        let may_change = |hook: &HookRow| {
            hook.enabled
                && hook.point == Point::BeforeWrite
                && hook.target == self.target.row.name
                && hook.is_about(&source.row.name)
        };
        if config::rows().hooks.iter().any(may_change) {
            return true;
        }
        let Ok(hash) = self.target.hash(&Password::new(b"any".to_vec())) else { return true };
        let constraints = Constraints::open(source, &self.target, hash, &[]);
        if !constraints.unforeseen.is_empty() {
            self.note("write", &format!("not foreseen: {}", constraints.unforeseen.join(", ")));
        }
        let is_taken = match constraints.judge(&[person.row], &self.target).pop() {
            Some(Ok(Judged { broken, .. })) => {
                for broken in &broken {
                    let result = format!("the users table refuses the row: {}", broken.title());
                    self.note_with("write", &result, json!({ "sqlstate": broken.sqlstate }));
                }
                broken.is_empty()
            }
            Some(Err(error)) => {
                let detail = Detail::of_error(&error).to_json();
                self.note_with("write", "the users table refuses the row", detail);
                false
            }
            None => true,
        };
        is_taken || constraints.may_be_mended
    }

    /// The rows of other tables that would come with the user; tells whether they fit their columns.
    fn explain_children(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
        children: &Fetched,
    ) -> bool {
        match source.children.preview(&self.target, adopting, children) {
            Ok(previews) => {
                for Preview { child, table, rows, deleted } in previews {
                    let rows =
                        rows.into_iter().map(|row| object(row.into_iter(), |text| shown(text, person)));
                    let deleted = match deleted {
                        0 => String::new(),
                        count => format!(", and {count} that are there deleted"),
                    };
                    let result = format!("{child}: these rows would be inserted into {table}{deleted}");
                    self.note_with("child", &result, Value::Array(rows.collect()));
                }
                true
            }
            Err((child, error)) => {
                let result = format!("{child}: its rows do not fit the columns");
                self.note_with("child", &result, Detail::of_error(&error).to_json());
                false
            }
        }
    }

    /// What `allowed` would make of the new row. One who is adopted has been asked already.
    fn explain_allowed(&mut self, values: &[Field], adopting: Option<&User>) -> Outcome {
        if adopting.is_some() {
            return Outcome::Migrated;
        }
        let row = object(values.iter().cloned(), Value::String).to_string();
        match self.target.would_allow(&row) {
            Ok(Some(true)) => Outcome::Migrated,
            Ok(Some(false)) => {
                self.note("allowed", "the new row would not be allowed to log in");
                Outcome::Blocked
            }
            _ => {
                self.note("allowed", "depends on columns without a mapping");
                Outcome::Migrated
            }
        }
    }
}

/// Columns and values as a JSON object.
pub(crate) fn object(fields: impl Iterator<Item = Field>, show: impl Fn(String) -> Value) -> Value {
    let row: Map<String, Value> =
        fields.map(|(column, value)| (column, value.map_or(Value::Null, &show))).collect();
    Value::Object(row)
}

/// A value as it may be shown: a mapping may copy the legacy hash or salt.
pub(crate) fn shown(text: String, person: &Person) -> Value {
    let secrets = [&person.hash, &person.salt];
    let is_secret = secrets.into_iter().flatten().any(|secret| !secret.is_empty() && text.contains(secret));
    Value::String(if is_secret { "(holds the legacy hash or salt)".to_string() } else { text })
}

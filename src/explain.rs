//! `ferry.explain_login`: the flow of a login, rehearsed. It is the same code as the login itself,
//! in a subtransaction that may not write and is always undone.

mod refresh;

use crate::census;
use crate::child::{Fetched, Preview};
use crate::config;
use crate::constraint::{Broken, Changed, Constraints, Foreseen, Judged};
use crate::event::Detail;
use crate::flow::{Decision, Flow, Request};
use crate::mapping::{Change, Field};
use crate::outcome::{Answer, Outcome};
use crate::rule::Broken as BrokenRules;
use crate::secret::Password;
use crate::source::{Person, Secrecy, Source};
use crate::spi::guard::{self, SqlError};
use crate::target::User;
use crate::trace::{Note, Trace};
use legacy_hash::Method;
use serde_json::{Value, json};

const REFUSED: &str = "the users table refuses the row";

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
    pub(crate) fn note_rules(&mut self, broken: &BrokenRules) {
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
        let secrecy = source.secrecy();
        let previewed = source.transfer.preview(&self.target, person.row, adopting);
        let (result, detail, mut outcome) = match previewed {
            Ok(values) => {
                let outcome = self.explain_allowed(&values, adopting);
                let hash = (self.target.row.hash_column.clone(), Some(self.target.policy.to_string()));
                let row = secrecy.row(values.into_iter().chain([hash]), person);
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
        if outcome != Outcome::Failed {
            outcome = self.explain_constraints(source, person, adopting, outcome);
        }
        if outcome != Outcome::Failed && !self.explain_children(source, person, adopting, &children, &secrecy)
        {
            outcome = Outcome::Failed;
        }
        self.note("answer", outcome.name());
        Decision::Answered(Answer::of(outcome))
    }

    /// What the users table would say of the row; what is `expected` if it takes it, or may: a hook or a trigger can change
    /// the row.
    fn explain_constraints(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
        expected: Outcome,
    ) -> Outcome {
        if config::rows().may_change_rows(&source.row) {
            return expected;
        }
        let Ok(hash) = self.target.hash(&Password::new(b"any".to_vec())) else { return expected };
        match adopting {
            Some(user) => {
                let changed = Changed::open(source, &self.target, Change::Adopt, Some(hash));
                self.explain_changed(&changed, person, user, expected)
            }
            None => {
                let constraints = Constraints::open(source, &self.target, hash, &[]);
                self.note_unforeseen("write", &constraints.unforeseen);
                let judged = constraints.judge(&[person.row], &self.target).pop();
                let broken = judged.unwrap_or(Ok(Judged::default())).map(|judged| judged.broken);
                let is_taken = self.note_judged("write", broken.as_deref());
                if is_taken || constraints.may_be_mended { expected } else { Outcome::Failed }
            }
        }
    }

    fn explain_changed(
        &mut self,
        changed: &Changed,
        person: &Person,
        user: &User,
        expected: Outcome,
    ) -> Outcome {
        self.note_unforeseen("write", &changed.unforeseen);
        let judged = changed.judge(person.row, user, &self.target);
        let is_taken = self.note_judged("write", judged.as_ref().map(|then| &then.broken[..]));
        if !is_taken && !changed.may_be_mended {
            return Outcome::Failed;
        }
        if matches!(judged, Ok(Foreseen { is_allowed: Some(false), .. })) {
            self.note("allowed", "the user would not be allowed to log in then");
            return Outcome::Blocked;
        }
        expected
    }

    fn note_unforeseen(&mut self, action: &str, unforeseen: &[String]) {
        if !unforeseen.is_empty() {
            self.note(action, &format!("not foreseen: {}", unforeseen.join(", ")));
        }
    }

    /// Notes what the users table says of a row; tells whether it takes it.
    fn note_judged(&mut self, action: &str, broken: Result<&[Broken], &SqlError>) -> bool {
        let broken = match broken {
            Ok(broken) => broken,
            Err(error) => {
                self.note_with(action, REFUSED, Detail::of_error(error).to_json());
                return false;
            }
        };
        for broken in broken {
            let verdict =
                if broken.is_deferred { "COMMIT would fail, unless it holds by then" } else { REFUSED };
            let result = format!("{verdict}: {}", broken.title());
            self.note_with(action, &result, json!({ "sqlstate": broken.sqlstate }));
        }
        broken.iter().all(|broken| broken.is_deferred)
    }

    /// The rows of other tables that would come with the user; tells whether they fit their columns.
    fn explain_children(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
        children: &Fetched,
        secrecy: &Secrecy,
    ) -> bool {
        match source.children.preview(&self.target, adopting, children) {
            Ok(previews) => {
                for child in previews {
                    self.note_child(child, person, secrecy);
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

    fn note_child(&mut self, preview: Preview, person: &Person, secrecy: &Secrecy) {
        let Preview { child, table, rows, deleted } = preview;
        let rows = rows.into_iter().map(|row| secrecy.child_row(&child, row, person)).collect();
        let deleted = match deleted {
            0 => String::new(),
            count => format!(", and {count} that are there deleted"),
        };
        let result = format!("{child}: these rows would be inserted into {table}{deleted}");
        self.note_with("child", &result, Value::Array(rows));
    }

    /// What `allowed` would make of the new row. Of one who is adopted the users table is asked.
    fn explain_allowed(&mut self, values: &[Field], adopting: Option<&User>) -> Outcome {
        if adopting.is_some() {
            return Outcome::Migrated;
        }
        match self.target.would_allow(values) {
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

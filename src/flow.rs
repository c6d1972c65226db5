//! One call on its way: what it carries, how a hash is checked, and how an answer is given and
//! noted. The order of the steps is told in [`crate::authenticate`].

use crate::child::{self, Count};
use crate::config::{self, RuleRow, SourceRow};
use crate::envelope;
use crate::error::{Refusal, must_reach_caller};
use crate::event::{self, Detail, Event, Kind};
use crate::guc;
use crate::hook::Failure;
use crate::import::Rehearsal;
use crate::kdf;
use crate::login::Login;
use crate::outcome::{Answer, Outcome};
use crate::pepper;
use crate::rule::Broken;
use crate::secret::Password;
use crate::source::{Person, Source, Unverifiable};
use crate::spi::guard::SqlError;
use crate::target::{Target, User};
use crate::trace::Trace;
use legacy_hash::{Method, Stored, Verdict, costs_at_least};
use std::rc::Rc;

/// What was asked, as it came.
pub(crate) struct Request<'a> {
    pub(crate) kind: Kind,
    pub(crate) login: Option<&'a str>,
    pub(crate) password: Option<&'a Password>,
    pub(crate) target: &'a str,
    pub(crate) client: Option<&'a str>,
}

/// One call on its way.
pub(crate) struct Flow<'a> {
    pub(crate) kind: Kind,
    pub(crate) target: Rc<Target>,
    pub(crate) login: Login,
    /// None while a login is explained without one: any hash that a password can open is taken to match.
    pub(crate) password: Option<&'a Password>,
    pub(crate) client: Option<&'a str>,
    /// Somebody has this login.
    pub(crate) is_known: bool,
    /// A hash of the policy's cost was computed: a refusal need not do it for show.
    pub(crate) has_spent: bool,
    /// The legacy user who has shown the right password, or need not, and is about to be moved.
    pub(crate) candidate: Option<Candidate>,
    /// Of an import: the run.
    pub(crate) run: Option<i64>,
    /// Of an import: why the last user was refused. It keeps a record of its own.
    pub(crate) refusal: Option<Why>,
    /// Nothing may be written, and each step is noted.
    pub(crate) trace: Option<Trace>,
    /// Of a dry run of an import.
    pub(crate) rehearsal: Option<Rc<Rehearsal>>,
}

/// A legacy user about to be moved.
pub(crate) struct Candidate {
    pub(crate) source: String,
    pub(crate) legacy_key: String,
}

/// What a decision came to.
pub(crate) enum Decision {
    Answered(Answer),
    /// Another session wrote first: look again.
    Raced,
}

/// Why an answer is what it is, for the audit trail.
#[derive(Default, Clone)]
pub(crate) struct Why {
    pub(crate) reason: &'static str,
    pub(crate) source: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) detail: Detail,
}

/// What a hash says of a password.
pub(crate) enum Checked {
    Right,
    Wrong,
    /// No hash, or a lock marker.
    Nothing,
    Broken(Unverifiable),
}

impl Flow<'_> {
    pub(crate) fn check_target_hash(&mut self, user: &User) -> Checked {
        let Some(hash) = &user.hash else { return Checked::Nothing };
        let inspect = |flow: &Self| flow.inspect_own_hash(hash);
        self.check(hash, None, inspect, |flow, password| flow.verify_own_hash(hash, password))
    }

    /// As verifying it would, short of hashing.
    fn inspect_own_hash(&self, hash: &str) -> Result<(), Unverifiable> {
        if !envelope::is_envelope(hash) {
            legacy_hash::inspect(&self.own(hash), None, &guc::limits())?;
            return Ok(());
        }
        let envelope = envelope::open(hash)?;
        envelope.inspect()?;
        envelope.pepper().map(pepper::named).transpose().map(drop).map_err(Unverifiable::Pepper)
    }

    fn own<'a>(&'a self, hash: &'a str) -> Stored<'a> {
        Stored { hash, salt: None, login: Some(&self.login.normalised), pepper: None }
    }

    /// In the target's Unicode form, and as it was typed: the application may have hashed it before pg_ferry.
    fn verify_own_hash(&self, hash: &str, password: &Password) -> Result<Verdict, Unverifiable> {
        if envelope::is_envelope(hash) {
            return envelope::open(hash)?.verify(password);
        }
        let stored = self.own(hash);
        let formed = password.in_form(self.target.unicode_form);
        let verdict = kdf::verify(formed.bytes(), &stored, None)?;
        if verdict == Verdict::Wrong && formed.bytes() != password.bytes() {
            return Ok(kdf::verify(password.bytes(), &stored, None)?);
        }
        Ok(verdict)
    }

    pub(crate) fn check_legacy_hash(&mut self, source: &Source, person: &Person) -> Checked {
        let Some(hash) = &person.hash else { return Checked::Nothing };
        let verifier = &source.verifier;
        let inspect = |_: &Self| Ok(verifier.inspect(hash, person).map(drop)?);
        let verify = |_: &Self, password: &Password| verifier.verify(hash, person, password);
        self.check(hash, verifier.method.as_ref(), inspect, verify)
    }

    fn check(
        &mut self,
        hash: &str,
        method: Option<&Method>,
        inspect: impl FnOnce(&Self) -> Result<(), Unverifiable>,
        verify: impl FnOnce(&Self, &Password) -> Result<Verdict, Unverifiable>,
    ) -> Checked {
        self.note_hash(hash, method);
        let Some(password) = self.password else { return assume_right(inspect(self)) };
        let verdict = verify(self, password);
        let inside = envelope::hash_inside(hash);
        self.has_spent |=
            verdict.is_ok() && costs_at_least(inside.as_deref().unwrap_or(hash), &self.target.policy);
        match verdict {
            Ok(Verdict::Right) => Checked::Right,
            Ok(Verdict::Wrong) => Checked::Wrong,
            Ok(Verdict::Locked) => Checked::Nothing,
            Err(error) => Checked::Broken(error),
        }
    }

    pub(crate) fn new_hash(&self) -> Result<String, legacy_hash::Error> {
        let empty = Password::new(Vec::new());
        self.target.hash(self.password.unwrap_or(&empty))
    }

    /// Makes a refusal cost what a check costs.
    pub(crate) fn spend(&mut self) {
        if !self.has_spent && self.trace.is_none() {
            let dummy = Password::new(b"nobody".to_vec());
            // A policy that cannot be computed has been reported where it is used for real.
            let _ = kdf::spend(&dummy, &self.target.policy);
        }
    }

    pub(crate) fn open_source(&self, row: &SourceRow) -> Result<Rc<Source>, Refusal> {
        config::source(row, &self.target)
    }

    pub(crate) fn open_source_named(&self, name: &str) -> Option<Result<Rc<Source>, Refusal>> {
        let rows = config::rows();
        let row = rows.live_sources_of(&self.target.row.name).find(|row| row.name == name && row.enabled)?;
        Some(self.open_source(row))
    }

    /// Config that fails on this row, met before a right password was shown.
    pub(crate) fn config_error(
        &mut self,
        reason: &'static str,
        source: Option<&Source>,
        error: SqlError,
    ) -> Decision {
        if must_reach_caller(&error) {
            error.raise();
        }
        let why = Why::of(reason).error(&error);
        self.conclude(Outcome::Invalid, why.maybe_source(source))
    }

    pub(crate) fn broken_hash(
        &mut self,
        reason: &'static str,
        source: Option<&Source>,
        user_id: Option<String>,
        error: Unverifiable,
    ) -> Decision {
        let (why, error) = match error {
            Unverifiable::Hash(error) if error == legacy_hash::Error::OutOfMemory => {
                Refusal::from(error).raise()
            }
            Unverifiable::Hash(error) => (Why::of(reason), error.to_string()),
            Unverifiable::Pepper(refusal) => (Why::of("pepper"), refusal.message().to_string()),
        };
        let why = Why { user_id, ..why };
        self.conclude(Outcome::Invalid, why.maybe_source(source).with("error", &error))
    }

    /// The password was right, but the policy cannot hash it (bcrypt takes 72 bytes).
    pub(crate) fn policy_failed(&mut self, source: &Source, error: legacy_hash::Error) -> Decision {
        let why = Why::of("hash_policy").source(&source.row.name).with("error", &error.to_string());
        self.conclude(Outcome::Failed, why)
    }

    pub(crate) fn refused(&mut self, reason: &'static str) -> Decision {
        Decision::Answered(self.refuse(reason))
    }

    pub(crate) fn refuse(&mut self, reason: &'static str) -> Answer {
        self.answer_with(Outcome::Invalid, &Why::of(reason))
    }

    pub(crate) fn conclude(&mut self, outcome: Outcome, why: Why) -> Decision {
        Decision::Answered(self.answer_with(outcome, &why))
    }

    /// Every answer other than a success leaves an event.
    pub(crate) fn answer_with(&mut self, outcome: Outcome, why: &Why) -> Answer {
        let failure = self.on_failure(outcome, why);
        if self.kind == Kind::Import {
            self.refusal = Some(match failure {
                Some(failure) => why.clone().after_failure(&failure),
                None => why.clone(),
            });
        } else if let Some(trace) = &mut self.trace {
            trace.note_with("answer", outcome.name(), why.to_json());
        } else {
            self.notice_refused(outcome, why);
            match failure {
                Some(failure) => self.log(self.kind, outcome, &why.clone().after_failure(&failure)),
                None => self.log(self.kind, outcome, why),
            }
        }
        let told = matches!(outcome, Outcome::Blocked).then(|| why.user_id.clone()).flatten();
        Answer { user_id: told, ..Answer::of(outcome) }
    }

    /// From here on an answer other than success keeps somebody out who may come. Who asks for a reset has shown nothing.
    pub(crate) fn is_about_to_move(&mut self, source: &Source, person: &Person) {
        if self.kind != Kind::PrepareReset {
            self.candidate =
                Some(Candidate { source: source.row.name.clone(), legacy_key: person.key.clone() });
        }
    }

    /// Somebody, here or in a source, has this login.
    pub(crate) fn has_owner(&mut self) {
        self.is_known = true;
    }

    pub(crate) fn assume_right_password(&mut self) {
        self.password = None;
    }

    pub(crate) fn log(&self, kind: Kind, outcome: Outcome, why: &Why) {
        event::write(&Event {
            kind,
            outcome,
            target: &self.target.row.name,
            source: why.source.as_deref(),
            login: Some(&self.login.normalised),
            is_known: self.is_known,
            user_id: why.user_id.as_deref(),
            reason: Some(why.reason),
            client: self.client,
            detail: &why.detail,
        });
        self.notice_done(kind, outcome, why);
    }
}

/// While a login is explained without a password, the right one is assumed to have been given, if there is one.
fn assume_right(inspected: Result<(), Unverifiable>) -> Checked {
    match inspected {
        Ok(()) => Checked::Right,
        Err(Unverifiable::Hash(legacy_hash::Error::Locked)) => Checked::Nothing,
        Err(error) => Checked::Broken(error),
    }
}

impl Why {
    pub(crate) fn of(reason: &'static str) -> Why {
        Why { reason, ..Why::default() }
    }

    pub(crate) fn of_hook(failure: Failure) -> Why {
        Why { detail: failure.detail, ..Why::of("hook_failed") }
    }

    pub(crate) fn user(self, id: &str) -> Why {
        Why { user_id: Some(id.to_string()), ..self }
    }

    pub(crate) fn maybe_user(self, user: Option<&User>) -> Why {
        match user {
            Some(user) => self.user(&user.id),
            None => self,
        }
    }

    pub(crate) fn source(self, name: &str) -> Why {
        Why { source: Some(name.to_string()), ..self }
    }

    pub(crate) fn maybe_source(self, source: Option<&Source>) -> Why {
        match source {
            Some(source) => self.source(&source.row.name),
            None => self,
        }
    }

    /// The SQLSTATE of the error that is the reason.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        self.detail.text("sqlstate")
    }

    pub(crate) fn is_of(&self, reasons: &[&str]) -> bool {
        reasons.contains(&self.reason)
    }

    pub(crate) fn error(self, error: &SqlError) -> Why {
        Why { detail: Detail::of_error(error), ..self }
    }

    /// With the hook that failed after the answer was decided.
    fn after_failure(mut self, failure: &Failure) -> Why {
        self.detail.set("on_failure", failure.detail.to_json());
        self
    }

    /// The rule that keeps a user out, in the words of the config.
    pub(crate) fn rule(mut self, rule: &RuleRow) -> Why {
        self.detail.set("rule", rule.name.as_str());
        for (name, text) in [("code", &rule.code), ("message", &rule.message)] {
            if let Some(text) = text {
                self.detail.set(name, text.as_str());
            }
        }
        self
    }

    /// The rules that do not.
    pub(crate) fn broken(mut self, broken: &Broken) -> Why {
        for (name, rules) in [("must_change", &broken.must_change), ("warnings", &broken.warnings)] {
            if !rules.is_empty() {
                self.detail.set(name, rules.clone());
            }
        }
        self
    }

    /// How many rows of other tables were written with the user.
    pub(crate) fn children(mut self, counts: Vec<Count>) -> Why {
        if !counts.is_empty() {
            self.detail.set("children", child::object(counts));
        }
        self
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Why {
        self.detail.set(name, value);
        self
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut all = self.detail.clone();
        all.set("reason", self.reason);
        if let Some(source) = &self.source {
            all.set("source", source.as_str());
        }
        all.to_json()
    }
}

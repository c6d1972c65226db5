//! One user of an import, by the code of a login: the same rules, the same adoption, the same writing.

use super::Fate;
use super::record::Reject;
use crate::envelope;
use crate::error::must_reach_caller;
use crate::flow::{Decision, Flow, Why};
use crate::link::{self, MAX_KEY_BYTES, Via};
use crate::login::{Login, MAX_LOGIN_BYTES};
use crate::outcome::{Answer, Outcome};
use crate::source::{Listed, Person, Source};
use crate::spi::plan::{Value, View};
use crate::target::{Found, User};
use crate::write::Move;
use std::rc::Rc;

impl Flow<'_> {
    /// Moves the user of one row of an array, or says why not.
    pub(super) fn move_one(&mut self, source: &Rc<Source>, rows: Value, row: &Listed) -> Fate {
        if row.key.len() > MAX_KEY_BYTES {
            return Fate::Refused(Reject::long_key(&row.key, &source.row.name));
        }
        let refused = |why| Fate::Refused(Reject::new(&row.key, why));
        let person = match person_of(source, rows, row) {
            Ok(person) => person,
            Err(why) => return refused(why),
        };
        self.refusal = None;
        let answer = self.rounds(|flow| flow.move_imported(source, &person));
        match answer.outcome {
            Outcome::Migrated => Fate::Moved,
            Outcome::Ok => Fate::Skipped,
            _ => refused(self.refusal.take().unwrap_or_default()),
        }
    }

    fn move_imported(&mut self, source: &Rc<Source>, person: &Person) -> Decision {
        if link::of_key(&source.row.name, &person.key, View::Transaction).is_some() {
            return Decision::Answered(Answer::of(Outcome::Ok));
        }
        let changed = match self.after_fetch(source, person) {
            Ok(changed) => changed,
            Err(failure) => return self.hook_failed(Outcome::Failed, Some(source), failure),
        };
        let (Ok(decision) | Err(decision)) = self.try_move(source, changed.as_ref().unwrap_or(person));
        let is_refused = matches!(&decision, Decision::Answered(answer) if !answer.outcome.is_success());
        if is_refused && link::of_key(&source.row.name, &person.key, View::Latest).is_some() {
            // A login has moved them since the first look, and was what stood in the way.
            return Decision::Answered(Answer::of(Outcome::Ok));
        }
        decision
    }

    fn try_move(&mut self, source: &Source, person: &Person) -> Result<Decision, Decision> {
        // What the DBA has said of a row comes before what its login and hash say.
        let broken = self.judge(source, person, None, None)?;
        let logins = self.logins_of(source, person)?;
        let packed = envelope::pack(&source.row, &source.verifier, &person.luggage()).map_err(|error| {
            let why = Why::of("legacy_hash").source(&source.row.name).with("error", &error.to_string());
            self.conclude(Outcome::Invalid, why)
        })?;
        let owner = self.owner(source, logins)?;
        let here = self.settle(source, person, owner.as_ref())?;
        let adopting = owner.as_ref().or(here.user.as_ref());
        if let Some(user) = adopting.filter(|user| !user.is_allowed) {
            return Err(self.conclude(Outcome::Blocked, Why::of("not_allowed").user(&user.id)));
        }
        // Nobody has shown the legacy password: who has one here keeps it.
        let own = adopting.filter(|user| user.has_password()).and_then(|user| user.hash.clone());
        let keeps_legacy_password = own.is_none();
        let hash = own.or(packed).unwrap_or_else(legacy_hash::locked_marker);
        if self.trace.is_some() {
            return Err(self.rehearse_move(source, person, &hash, adopting, &here.identities));
        }
        Ok(self.write(&Move {
            source,
            person,
            adopting,
            identities: &here.identities,
            hash: &hash,
            via: if adopting.is_some() { Via::Adopt } else { Via::Import },
            keeps_legacy_password,
            broken: &broken,
        }))
    }

    /// The logins of a person, by one of which at least they could log in.
    fn logins_of(&mut self, source: &Source, person: &Person) -> Result<Vec<Login>, Decision> {
        let why = |reason| Why::of(reason).source(&source.row.name);
        let form = self.target.row.login_form;
        if person.logins().any(|login| login.len() > MAX_LOGIN_BYTES) {
            return Err(self.conclude(Outcome::Invalid, why("bad_request")));
        }
        let logins: Vec<Login> = person.logins().map(|login| Login::new(login, form)).collect();
        if logins.is_empty() {
            return Err(self.conclude(Outcome::Invalid, why("no_login")));
        }
        match source.covers_any(&logins) {
            Ok(true) => Ok(logins),
            Ok(false) => Err(self.conclude(Outcome::Invalid, why("out_of_scope"))),
            Err(error) => Err(self.config_error("scope", Some(source), error)),
        }
    }

    /// Who has any of the logins here. One who is tied to a legacy user already is not this one.
    fn owner(&mut self, source: &Source, logins: Vec<Login>) -> Result<Option<User>, Decision> {
        let why = |reason| Why::of(reason).source(&source.row.name);
        let mut owner: Option<User> = None;
        let mut free = Vec::new();
        for login in &logins {
            let found = match self.target.find_by_login(login, View::Transaction) {
                Ok(found) => found,
                Err(error) => return Err(self.config_error("target_lookup", Some(source), error)),
            };
            match (found, &owner) {
                (Found::Nobody, _) => free.push(login),
                (Found::One(user), Some(known)) if user.id == known.id => {}
                (Found::One(user), None) => owner = Some(user),
                _ => return Err(self.conclude(Outcome::Rejected, why("ambiguous"))),
            }
        }
        let is_claimed = self.is_claimed(&free);
        if is_claimed && owner.is_some() {
            return Err(self.conclude(Outcome::Rejected, why("ambiguous")));
        }
        if let Some(first) = logins.into_iter().next() {
            self.login = first;
        }
        if is_claimed {
            return Err(self.conclude(Outcome::Rejected, why("exists").with("found_by", "login")));
        }
        if let Some(user) = owner.as_ref().filter(|user| self.is_tied(user)) {
            let why = why("exists").user(&user.id).with("found_by", "login");
            return Err(self.conclude(Outcome::Rejected, why));
        }
        Ok(owner)
    }
}

/// The person of one row of an array, or why it is nobody.
pub(super) fn person_of(source: &Source, rows: Value, row: &Listed) -> Result<Person, Why> {
    let why = Why::of("source_row").source(&source.row.name);
    match source.row(rows, row.place).map(|row| source.person(row)) {
        Some(Ok(Some(person))) => Ok(person),
        Some(Err(error)) if must_reach_caller(&error) => error.raise(),
        Some(Err(error)) => Err(why.error(&error)),
        _ => Err(why),
    }
}

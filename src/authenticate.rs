//! One login, from top to bottom (`ferry.authenticate`).
//!
//! The order of the functions is the order of the flow: admit, look in the target, ask the sources,
//! verify the legacy hash, answer; [`crate::write`] is the step that writes. Nothing here knows SQL.

use crate::config::{self, Adopt, Ending, OnMismatch, OnWrong, SourceRow};
use crate::error::{self, OrRaise, Refusal, must_reach_caller};
use crate::flow::{Checked, Decision, Flow, Request, Why};
use crate::guc;
use crate::link::{self, Link, MAX_KEY_BYTES, Via};
use crate::login::{Login, MAX_LOGIN_BYTES};
use crate::outcome::{Answer, Outcome};
use crate::rule::{Broken, Unjudged};
use crate::secret::Password;
use crate::source::{Asked, Person, Source};
use crate::spi::plan::View;
use crate::spi::session;
use crate::target::{Found, User};
use crate::write::Move;
use legacy_hash::MAX_PASSWORD_BYTES;
use std::rc::Rc;
use std::time::Instant;

/// How often a decision is made anew because another session moved the user, or altered a relation,
/// in between. Each time that session has committed, so one more look is enough, and a second is
/// spare.
const MAX_ROUNDS: usize = 3;

/// Answers one login.
pub(crate) fn authenticate(request: &Request<'_>) -> Answer {
    let started = Instant::now();
    let answer = answer(request);
    if !answer.outcome.is_success() {
        guc::wait_for_floor(started);
    }
    answer
}

fn answer(request: &Request<'_>) -> Answer {
    let mut flow = match Flow::admit(request) {
        Ok(flow) => flow,
        Err(answer) => return answer,
    };
    let answer = flow.run();
    if answer.outcome == Outcome::Invalid {
        flow.spend();
    }
    answer
}

impl<'a> Flow<'a> {
    /// Step 1: what can be nobody's login or password goes no further; but it costs the same.
    pub(crate) fn admit(request: &Request<'a>) -> Result<Flow<'a>, Answer> {
        let target = config::target(request.target).or_raise();
        let login = Login::new(request.login.unwrap_or_default(), target.row.login_form);
        let mut flow = Flow {
            kind: request.kind,
            login,
            password: request.password,
            client: request.client,
            is_known: false,
            has_spent: false,
            candidate: None,
            run: None,
            refusal: None,
            trace: None,
            rehearsal: None,
            target,
        };
        let is_bad_login =
            request.login.is_none_or(|login| login.is_empty() || login.len() > MAX_LOGIN_BYTES);
        let is_bad_password =
            request.password.is_none_or(|password| password.bytes().len() > MAX_PASSWORD_BYTES);
        if is_bad_login || is_bad_password {
            let answer = flow.refuse("bad_request");
            flow.spend();
            return Err(answer);
        }
        Ok(flow)
    }

    /// Decides, and decides again where another session was quicker.
    pub(crate) fn run(&mut self) -> Answer {
        self.rounds(Flow::look_in_target)
    }

    pub(crate) fn rounds(&mut self, mut decide: impl FnMut(&mut Self) -> Decision) -> Answer {
        for _ in 0..MAX_ROUNDS {
            self.candidate = None;
            if let Decision::Answered(answer) = decide(self) {
                return answer;
            }
            self.note("race", "another session was first: looking again");
            self.target = config::target(&self.target.row.name).or_raise();
        }
        error::lost_the_race().raise()
    }

    /// Step 2: the target decides about those it knows.
    fn look_in_target(&mut self) -> Decision {
        match self.target.find_by_login(&self.login, View::Transaction) {
            Ok(Found::Nobody) => {
                self.note("target", "no user has this login");
                self.ask_sources(None)
            }
            Ok(Found::One(user)) => {
                self.has_owner();
                self.note("target", &format!("user {} has this login", user.id));
                self.known_user(user)
            }
            Ok(Found::Several) => self.refused("ambiguous"),
            Err(error) => self.config_error("target_lookup", None, error),
        }
    }

    fn known_user(&mut self, user: User) -> Decision {
        match self.check_target_hash(&user) {
            Checked::Right => self.welcome(user),
            Checked::Wrong => self.wrong_in_target(user),
            Checked::Nothing => self.no_password_in_target(user),
            Checked::Broken(error) => self.broken_hash("target_hash", None, Some(user.id), error),
        }
    }

    /// The password is right: only the account's state and a stale hash stand in between.
    fn welcome(&mut self, user: User) -> Decision {
        let user = self.bring_up_to_date(user);
        if !user.is_allowed {
            return self.conclude(Outcome::Blocked, Why::of("not_allowed").user(&user.id));
        }
        if let Err(decision) = self.after_login(&user.id) {
            return decision;
        }
        let must_change = self.rehash(&user) || user.must_change;
        self.note("answer", Outcome::Ok.name());
        Decision::Answered(Answer { outcome: Outcome::Ok, user_id: Some(user.id), must_change })
    }

    /// Wrong here; but the password may have been changed in the legacy system since the move, or
    /// the row may be a sign-up that pg_ferry has never touched.
    fn wrong_in_target(&mut self, user: User) -> Decision {
        let row = &self.target.row;
        match link::of_user(&row.name, &user.id, user.hash.as_deref()) {
            Some(link)
                if row.on_mismatch == OnMismatch::Source
                    && link.hash_is_ours()
                    && !link.is_gone
                    && self.mismatch_window()
                    && !config::rows().is_retired(&link.source) =>
            {
                self.note("on_mismatch", &format!("source {} is asked for this user", link.source));
                self.refresh(user, &link, Outcome::Invalid)
            }
            None if matches!(row.adopt, Adopt::Any | Adopt::Review) => {
                self.note("adopt", "the user was not moved by pg_ferry: the sources are asked");
                self.ask_sources(Some(user))
            }
            // Whom another session has moved since the first look: with this very password, perhaps.
            Some(_) if !self.is_unchanged(&user) => Decision::Raced,
            _ => self.conclude(Outcome::Invalid, Why::of("wrong_password").user(&user.id)),
        }
    }

    /// No password was ever set here: a user moved by `prepare_reset` or `migrate_login`, or one made in advance.
    fn no_password_in_target(&mut self, user: User) -> Decision {
        let row = &self.target.row;
        match link::of_user(&row.name, &user.id, user.hash.as_deref()) {
            Some(link) if link.is_pending() => {
                self.note("reset", &format!("no password was set yet: source {} still decides", link.source));
                self.refresh(user, &link, Outcome::Unavailable)
            }
            None if row.adopt != Adopt::Refuse => {
                self.note("adopt", "the user has no password: the sources are asked");
                self.ask_sources(Some(user))
            }
            Some(_) if !self.is_unchanged(&user) => Decision::Raced,
            _ => self.conclude(Outcome::Invalid, Why::of("locked").user(&user.id)),
        }
    }

    /// Step 3: the sources in order; the first that knows the login decides. `adopting` is the
    /// target user who is to be tied to whoever is found.
    fn ask_sources(&mut self, adopting: Option<User>) -> Decision {
        let rows = config::rows();
        let target = self.target.row.name.clone();
        let mut passed_over = None;
        for row in rows.sources_of(&target).filter(|row| row.enabled) {
            let step = match row.retired {
                None => self.ask_source(row, adopting.as_ref()),
                Some(ending) => self.pass_retired(row, ending, adopting.as_ref()),
            };
            match step {
                Step::NotMine => {}
                Step::PassOver(outcome, why) => passed_over = worse(passed_over, (outcome, why)),
                Step::Decided(decision) => return decision,
            }
        }
        match (passed_over, adopting) {
            (Some((outcome, why)), None) => self.conclude(outcome, why),
            (Some((Outcome::Unavailable, why)), Some(user)) if !user.has_password() => {
                self.conclude(Outcome::Unavailable, why.user(&user.id))
            }
            (_, Some(user)) => self.conclude(Outcome::Invalid, Why::of("wrong_password").user(&user.id)),
            (None, None) => self.refused("unknown_login"),
        }
    }

    /// A source that is asked no more decides about those whom it left behind, in its place among the others. Somebody
    /// who is here has signed up since.
    fn pass_retired(&mut self, row: &SourceRow, ending: Ending, adopting: Option<&User>) -> Step {
        if adopting.is_some() || !self.is_left_behind(row) {
            self.note("source", &format!("{}: is retired, and not asked", row.name));
            return Step::NotMine;
        }
        self.has_owner();
        self.note("source", &format!("{}: is retired, and has left the user of this login behind", row.name));
        let outcome = match ending {
            Ending::Invalid => Outcome::Invalid,
            Ending::Rejected => Outcome::Rejected,
            Ending::Unavailable => Outcome::Unavailable,
        };
        self.refuse_or_pass_over(row, outcome, Why::of("source_retired").source(&row.name))
    }

    /// Whether the login is one of those that were kept when a source was retired.
    pub(crate) fn is_left_behind(&self, row: &SourceRow) -> bool {
        row.retired.is_some_and(|ending| ending != Ending::Invalid)
            && link::is_left_behind(&row.name, &self.login.normalised)
    }

    fn ask_source(&mut self, row: &SourceRow, adopting: Option<&User>) -> Step {
        let source = match self.open_source(row) {
            Ok(source) => source,
            Err(refusal) => return self.source_misconfigured(row, &refusal),
        };
        match source.covers(&self.login) {
            Ok(true) => {}
            Ok(false) => {
                self.note("source", &format!("{}: its scope does not cover this login", row.name));
                return Step::NotMine;
            }
            Err(error) => return Step::Decided(self.config_error("scope", Some(&source), error)),
        }
        match self.skips(&source) {
            Ok(false) => {}
            Ok(true) => return Step::NotMine,
            Err(failure) => {
                return Step::Decided(self.hook_failed(Outcome::Invalid, Some(&source), failure));
            }
        }
        match source.find_by_login(&self.login) {
            Ok(Asked::Nobody) => {
                self.note("source", &format!("{}: nobody has this login", row.name));
                Step::NotMine
            }
            Ok(Asked::One(person)) => {
                self.has_owner();
                self.note("source", &format!("{}: legacy user {} has this login", row.name, person.key));
                self.legacy_user(&source, person, adopting)
            }
            Ok(Asked::Several) => {
                self.has_owner();
                Step::Decided(self.conclude(Outcome::Invalid, Why::of("ambiguous").source(&row.name)))
            }
            Ok(Asked::Stale) => Step::Decided(Decision::Raced),
            Ok(Asked::Unavailable(state)) => {
                self.note("source", &format!("{}: cannot be asked ({state})", row.name));
                let why = Why::of("source_unavailable").source(&row.name).with("sqlstate", &state);
                self.refuse_or_pass_over(row, Outcome::Unavailable, why)
            }
            Err(error) => Step::Decided(self.config_error("source_row", Some(&source), error)),
        }
    }

    /// A legacy user was found. One who is linked was moved before, under another login; else the
    /// legacy password decides.
    fn legacy_user(&mut self, source: &Rc<Source>, person: Person, adopting: Option<&User>) -> Step {
        if let Some(link) = link::of_key(&source.row.name, &person.key, View::Transaction) {
            return Step::Decided(self.linked_user(source, &link, adopting));
        }
        let why = |reason| {
            let why = Why::of(reason).source(&source.row.name);
            match adopting {
                Some(user) => why.user(&user.id),
                None => why,
            }
        };
        let changed = match self.after_fetch(source, &person) {
            Ok(changed) => changed,
            Err(failure) => return Step::Decided(self.hook_failed(Outcome::Invalid, Some(source), failure)),
        };
        let person = changed.unwrap_or(person);
        match self.check_legacy_hash(source, &person) {
            Checked::Right => {
                self.is_about_to_move(source, &person);
                Step::Decided(match self.may_move(source, &person, None) {
                    Ok(broken) => self.move_user(source, &person, adopting, &broken),
                    Err(decision) => decision,
                })
            }
            Checked::Wrong => self.refuse_or_pass_over(&source.row, Outcome::Invalid, why("wrong_password")),
            Checked::Nothing => self.refuse_or_pass_over(&source.row, Outcome::Invalid, why("legacy_locked")),
            Checked::Broken(error) => {
                Step::Decided(self.broken_hash("legacy_hash", Some(source), None, error))
            }
        }
    }

    /// Renamed, deleted or forgotten: the link says who it was.
    fn linked_user(&mut self, source: &Source, link: &Link, adopting: Option<&User>) -> Decision {
        let why = |reason| Why::of(reason).source(&source.row.name);
        if link.is_tombstone {
            return self.conclude(Outcome::Invalid, why("forgotten"));
        }
        let user_id = link.user_id.clone().unwrap_or_default();
        match adopting {
            // Another session has adopted them since the first look.
            Some(user) if user.id == user_id => return Decision::Raced,
            // The login is one user's here and another's there: two people, nobody gets in.
            Some(_) => return self.conclude(Outcome::Invalid, why("linked_to_another_user").user(&user_id)),
            None => {}
        }
        match self.target.find_by_id(&user_id, View::Transaction) {
            Ok(Some(user)) => {
                self.note("link", &format!("moved before as user {user_id}, who now decides"));
                self.known_user(user)
            }
            Ok(None) => self.conclude(Outcome::Invalid, why("deleted").user(&user_id)),
            Err(error) => self.config_error("target_lookup", None, error),
        }
    }

    /// What hooks and rules say of somebody who has shown the right password, and who may have been moved.
    pub(crate) fn may_move(
        &mut self,
        source: &Source,
        person: &Person,
        moved: Option<&User>,
    ) -> Result<Broken, Decision> {
        let demanded = self.after_verify(source, person, moved)?;
        let mut broken = self.judge(source, person, self.password, moved)?;
        broken.must_change.extend(demanded);
        Ok(broken)
    }

    /// Step 5: the rules. One that rejects ends it; the others are heeded when the user is written.
    pub(crate) fn judge(
        &mut self,
        source: &Source,
        person: &Person,
        password: Option<&Password>,
        moved: Option<&User>,
    ) -> Result<Broken, Decision> {
        let why = |reason| Why::of(reason).source(&source.row.name).maybe_user(moved);
        if moved.is_none() && person.key.len() > MAX_KEY_BYTES {
            return Err(self.conclude(Outcome::Failed, why("long_key")));
        }
        match source.rules.judge(&self.target, person.row, password) {
            Ok(broken) => match &broken.rejecting {
                Some(rule) => {
                    self.note("rule", &format!("{} rejects this user", rule.name));
                    Err(self.conclude(Outcome::Rejected, why("rule").rule(rule)))
                }
                None => {
                    self.note_rules(&broken);
                    Ok(broken)
                }
            },
            Err(unjudged) if must_reach_caller(&unjudged.error) => unjudged.error.raise(),
            Err(Unjudged { rule, error }) => {
                let why = why("rule_failed").error(&error).with("rule", &rule.unwrap_or_default());
                Err(self.conclude(Outcome::Failed, why))
            }
        }
    }

    /// Step 6: write the user.
    fn move_user(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
        broken: &Broken,
    ) -> Decision {
        let here = match self.settle(source, person, adopting) {
            Ok(here) => here,
            Err(decision) => return decision,
        };
        let adopting = adopting.or(here.user.as_ref());
        if let Some(user) = adopting.filter(|user| !user.is_allowed) {
            return self.conclude(Outcome::Blocked, Why::of("not_allowed").user(&user.id));
        }
        if self.trace.is_some() {
            return self.explain_move(source, person, adopting);
        }
        if session::is_read_only() {
            return self.conclude(Outcome::ReadOnly, Why::of("read_only"));
        }
        let hash = match self.new_hash() {
            Ok(hash) => hash,
            Err(error) => return self.policy_failed(source, error),
        };
        let via = if adopting.is_some() { Via::Adopt } else { Via::Login };
        self.write(&Move {
            source,
            person,
            adopting,
            identities: &here.identities,
            hash: &hash,
            via,
            keeps_legacy_password: true,
            broken,
        })
    }

    fn source_misconfigured(&mut self, row: &SourceRow, refusal: &Refusal) -> Step {
        self.note("source", &format!("{}: misconfigured: {}", row.name, refusal.message()));
        let why = Why::of("source_misconfigured").source(&row.name);
        Step::Decided(self.conclude(Outcome::Unavailable, why))
    }

    fn refuse_or_pass_over(&mut self, row: &SourceRow, outcome: Outcome, why: Why) -> Step {
        if row.on_wrong == OnWrong::Next {
            self.note("source", "on_wrong = next: the next source is asked");
            return Step::PassOver(outcome, why);
        }
        Step::Decided(self.conclude(outcome, why))
    }
}

/// What asking one source came to.
enum Step {
    NotMine,
    /// It refused or was silent, and lets the next one decide.
    PassOver(Outcome, Why),
    Decided(Decision),
}

/// Of two sources passed over, one that could not be asked outweighs one that said no.
fn worse(first: Option<(Outcome, Why)>, second: (Outcome, Why)) -> Option<(Outcome, Why)> {
    match first {
        Some((Outcome::Unavailable, why)) => Some((Outcome::Unavailable, why)),
        _ => Some(second),
    }
}

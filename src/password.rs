//! Passwords that applications set: change, reset, and whether a login is taken.

use crate::authenticate::authenticate;
use crate::config::{self, OnWrong, SourceRow};
use crate::error::{Kind, OrRaise, Refusal, must_reach_caller};
use crate::flow::{Decision, Flow, Request, Why};
use crate::guc;
use crate::link::{self, Via};
use crate::outcome::{Answer, Outcome};
use crate::secret::Password;
use crate::source::{Asked, Person, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::View;
use crate::spi::session;
use crate::target::{Found, MustChange, Replaced, User};
use crate::write::Move;
use std::rc::Rc;
use std::time::Instant;

/// Checks the old password as a login does, then sets the new one.
pub(crate) fn change(request: &Request<'_>, new: &Password) -> Answer {
    check_new(new);
    let answer = authenticate(request);
    if !answer.outcome.is_success() {
        return answer;
    }
    let set = set(request, new);
    let must_change = answer.must_change && !set.outcome.is_success();
    Answer {
        must_change,
        outcome: if set.outcome.is_success() { answer.outcome } else { set.outcome },
        ..answer
    }
}

/// Sets a password without knowing the old one.
pub(crate) fn set(request: &Request<'_>, new: &Password) -> Answer {
    check_new(new);
    with_user(request, |flow, whom| match whom {
        Whom::User(user) => flow.set_password(&user, new),
        Whom::Person(source, person) => {
            let hash = flow.target.hash(new).map_err(Refusal::from).or_raise();
            flow.move_without_password(&source, &person, &hash, Via::Reset, false)
        }
    })
}

/// Makes sure that the user exists here, without touching any password. Whoever asks may be anybody:
/// every answer takes the failure floor, so that time does not tell who exists.
pub(crate) fn prepare_reset(request: &Request<'_>) -> Answer {
    let started = Instant::now();
    let answer = prepare(request);
    guc::wait_for_floor(started);
    answer
}

fn prepare(request: &Request<'_>) -> Answer {
    with_user(request, |flow, whom| match whom {
        Whom::User(user) => Decision::Answered(Answer { user_id: Some(user.id), ..Answer::of(Outcome::Ok) }),
        Whom::Person(source, person) => flow.move_pending(&source, &person, Via::Reset),
    })
}

/// Whether a login is taken: for sign-up.
pub(crate) fn find(request: &Request<'_>) -> &'static str {
    let stand_in = Password::new(Vec::new());
    let request = Request { password: Some(&stand_in), ..*request };
    let Ok(mut flow) = Flow::admit(&request) else { return "unknown" };
    match flow.whom() {
        Ok(Some(Whom::User(_))) => "target",
        Ok(Some(Whom::Person(..))) => "source",
        Ok(None) => "free",
        // Nobody comes from there any more.
        Err(Trouble::Told(_, why)) if why.is_of(&["source_retired"]) => "free",
        // Two users of one login are users of it all the same, and a deleted one keeps it; any other
        // trouble is silence.
        Err(Trouble::Told(_, why)) if why.is_of(&["ambiguous_in_target"]) => "target",
        Err(Trouble::Told(_, why)) if why.is_of(&["ambiguous", "forgotten", "deleted"]) => "source",
        Err(Trouble::Told(outcome, why)) => {
            flow.conclude(outcome, why);
            "unknown"
        }
        Err(Trouble::Stale) => "unknown",
    }
}

/// Whom a login belongs to.
pub(crate) enum Whom {
    User(User),
    Person(Rc<Source>, Person),
}

/// Why that cannot be said.
pub(crate) enum Trouble {
    Told(Outcome, Why),
    /// A relation was altered in between: ask again.
    Stale,
}

/// Runs `then` for the user or legacy user of the request's login, unless the user is not allowed.
pub(crate) fn with_user(
    request: &Request<'_>,
    mut then: impl FnMut(&mut Flow<'_>, Whom) -> Decision,
) -> Answer {
    with_anybody(request, |flow, whom| match whom {
        Whom::User(user) if !user.is_allowed => {
            flow.conclude(Outcome::Blocked, Why::of("not_allowed").user(&user.id))
        }
        whom => then(flow, whom),
    })
}

/// The same, also for a user who is not allowed.
pub(crate) fn with_anybody(
    request: &Request<'_>,
    mut then: impl FnMut(&mut Flow<'_>, Whom) -> Decision,
) -> Answer {
    let stand_in = Password::new(Vec::new());
    let request = Request { password: Some(&stand_in), ..*request };
    let mut flow = match Flow::admit(&request) {
        Ok(flow) => flow,
        Err(answer) => return answer,
    };
    flow.rounds(|flow| match flow.whom() {
        Ok(Some(whom)) => then(flow, whom),
        Ok(None) => flow.conclude(Outcome::Invalid, Why::of("unknown_login")),
        Err(Trouble::Told(outcome, why)) => flow.conclude(outcome, why),
        Err(Trouble::Stale) => Decision::Raced,
    })
}

impl Flow<'_> {
    /// Looks in the target, then in the sources, as a login does, but with no password to check.
    fn whom(&mut self) -> Result<Option<Whom>, Trouble> {
        if let Some(user) = self.find_in_target()? {
            return Ok(Some(Whom::User(user)));
        }
        let rows = config::rows();
        let target = Rc::clone(&self.target);
        for row in rows.sources_of(&target.row.name).filter(|row| row.enabled) {
            if row.retired.is_some() {
                if row.on_wrong == OnWrong::Stop {
                    self.not_left_behind(row, Outcome::Invalid)?;
                }
                continue;
            }
            let source = self.need_source(row)?;
            if !self.is_covered_by(&source)? || self.is_skipped(&source)? {
                continue;
            }
            if let Some(person) = self.find_in_source(&source)? {
                self.has_owner();
                return self.linked_or_new(source, person).map(Some);
            }
        }
        Ok(None)
    }

    /// Whoever was left behind in a retired source cannot be found there any more.
    pub(crate) fn not_left_behind(&mut self, row: &SourceRow, outcome: Outcome) -> Result<(), Trouble> {
        if !self.is_left_behind(row) {
            return Ok(());
        }
        self.has_owner();
        Err(Trouble::Told(outcome, Why::of("source_retired").source(&row.name)))
    }

    pub(crate) fn need_source(&self, row: &SourceRow) -> Result<Rc<Source>, Trouble> {
        let why = || Why::of("source_misconfigured").source(&row.name);
        self.open_source(row).map_err(|_| Trouble::Told(Outcome::Unavailable, why()))
    }

    fn is_covered_by(&self, source: &Source) -> Result<bool, Trouble> {
        source.covers(&self.login).map_err(|error| failed("scope", Some(source), error))
    }

    /// Whether a hook leaves the source out.
    fn is_skipped(&mut self, source: &Source) -> Result<bool, Trouble> {
        self.skips(source)
            .map_err(|failure| Trouble::Told(Outcome::Failed, Why::of_hook(failure).source(&source.row.name)))
    }

    /// The person whom a source has under the login.
    pub(crate) fn find_in_source(&self, source: &Source) -> Result<Option<Person>, Trouble> {
        let why = |reason| Why::of(reason).source(&source.row.name);
        match source.find_by_login(&self.login) {
            Ok(Asked::Nobody) => Ok(None),
            Ok(Asked::One(person)) => Ok(Some(person)),
            Ok(Asked::Several) => Err(Trouble::Told(Outcome::Invalid, why("ambiguous"))),
            Ok(Asked::Unavailable(state)) => {
                let why = why("source_unavailable").with("sqlstate", &state);
                Err(Trouble::Told(Outcome::Unavailable, why))
            }
            Ok(Asked::Stale) => Err(Trouble::Stale),
            Err(error) => Err(failed("source_row", Some(source), error)),
        }
    }

    /// The user who has the login here.
    pub(crate) fn find_in_target(&mut self) -> Result<Option<User>, Trouble> {
        match self.target.find_by_login(&self.login, View::Transaction) {
            Ok(Found::One(user)) => {
                self.has_owner();
                Ok(Some(user))
            }
            Ok(Found::Several) => Err(Trouble::Told(Outcome::Invalid, Why::of("ambiguous_in_target"))),
            Ok(Found::Nobody) => Ok(None),
            Err(error) => Err(failed("target_lookup", None, error)),
        }
    }

    /// A legacy user who was moved before is the user in the target; a forgotten or deleted one is
    /// nobody, but the login stays theirs.
    fn linked_or_new(&mut self, source: Rc<Source>, person: Person) -> Result<Whom, Trouble> {
        let Some(link) = link::of_key(&source.row.name, &person.key, View::Transaction) else {
            return Ok(Whom::Person(source, person));
        };
        let why = |reason| Why::of(reason).source(&source.row.name);
        if link.is_tombstone {
            return Err(Trouble::Told(Outcome::Invalid, why("forgotten")));
        }
        match self.target.find_by_id(link.user_id.as_deref().unwrap_or_default(), View::Transaction) {
            Ok(Some(user)) => Ok(Whom::User(user)),
            Ok(None) => Err(Trouble::Told(Outcome::Invalid, why("deleted"))),
            Err(error) => Err(failed("target_lookup", Some(&source), error)),
        }
    }

    fn set_password(&mut self, user: &User, new: &Password) -> Decision {
        if session::is_read_only() {
            return self.conclude(Outcome::ReadOnly, Why::of("read_only").user(&user.id));
        }
        let hash = self.target.hash(new).map_err(Refusal::from).or_raise();
        let replaced = guard::attempt_if(
            |replaced| *replaced == Replaced::Done,
            || {
                let replaced = self.target.replace_hash(user, &hash, MustChange::Cleared);
                if replaced == Replaced::Done {
                    link::drop_digest(&self.target.row.name, &user.id);
                    self.log(self.kind, Outcome::Ok, &Why::of("password_set").user(&user.id));
                }
                replaced
            },
        );
        match replaced {
            Ok(Replaced::Done) => {
                Decision::Answered(Answer { user_id: Some(user.id.clone()), ..Answer::of(Outcome::Ok) })
            }
            Ok(replaced) => self.not_replaced(user, replaced, None),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                self.conclude(Outcome::Failed, Why::of("write_failed").user(&user.id).error(&error))
            }
        }
    }

    /// Moves a user whose password nobody has shown: it stays valid in the legacy system until one is set here.
    pub(crate) fn move_pending(&mut self, source: &Source, person: &Person, via: Via) -> Decision {
        // Not null: the column may refuse it. The marker is unique, so that it is known again, and the legacy
        // password stays valid while it is there.
        let marker = legacy_hash::locked_marker();
        self.move_without_password(source, person, &marker, via, true)
    }

    fn move_without_password(
        &mut self,
        source: &Source,
        person: &Person,
        hash: &str,
        via: Via,
        keeps_legacy_password: bool,
    ) -> Decision {
        self.is_about_to_move(source, person);
        let changed = match self.after_fetch(source, person) {
            Ok(changed) => changed,
            Err(failure) => return self.hook_failed(Outcome::Failed, Some(source), failure),
        };
        let person = changed.as_ref().unwrap_or(person);
        let mut broken = match self.judge(source, person, None, None) {
            Ok(broken) => broken,
            Err(decision) => return decision,
        };
        if !keeps_legacy_password {
            // It has just been changed.
            broken.must_change.clear();
        }
        if session::is_read_only() {
            return self.conclude(Outcome::ReadOnly, Why::of("read_only"));
        }
        let identities = match self.nobody_here(source, person) {
            Ok(identities) => identities,
            Err(decision) => return decision,
        };
        self.write(&Move {
            source,
            person,
            adopting: None,
            identities: &identities,
            hash,
            via,
            keeps_legacy_password,
            broken: &broken,
        })
    }
}

/// Config that fails on this row.
pub(crate) fn failed(reason: &'static str, source: Option<&Source>, error: SqlError) -> Trouble {
    if must_reach_caller(&error) {
        error.raise();
    }
    Trouble::Told(Outcome::Failed, Why::of(reason).error(&error).maybe_source(source))
}

/// What cannot be a password is the application's mistake.
fn check_new(new: &Password) {
    if new.bytes().is_empty() {
        Refusal::new(Kind::Invalid, "the new password is empty")
            .hint("Ask the user for another one.")
            .raise();
    }
    if new.bytes().len() > legacy_hash::MAX_PASSWORD_BYTES {
        Refusal::new(Kind::Limit, "the new password is too long")
            .detail(format!("A password has at most {} bytes.", legacy_hash::MAX_PASSWORD_BYTES))
            .hint("Ask the user for another one.")
            .raise();
    }
}

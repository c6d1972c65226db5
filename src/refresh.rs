//! Keeping the password of a user who is here already: a stale hash is replaced, and where the
//! target says so the legacy system still decides.

use crate::child::{Fetched, Moment, Unfetched};
use crate::config;
use crate::error::must_reach_caller;
use crate::event::Kind;
use crate::flow::{Checked, Decision, Flow, Why};
use crate::kdf;
use crate::link::{self, Link, Via};
use crate::mapping::Written;
use crate::outcome::{Answer, Outcome};
use crate::rule::{Broken, Rules, Unjudged};
use crate::secret::Password;
use crate::source::{Asked, Person, Source};
use crate::spi::guard::SqlError;
use crate::spi::plan::View;
use crate::spi::{guard, lock, session};
use crate::target::{MustChange, Replaced, User};
use crate::write::lock_key;

impl Flow<'_> {
    /// Replaces a hash weaker than the policy, and tells whether the password must be changed. That is a kindness, not part
    /// of the login: where it cannot be done the login still succeeds, and what the rules say of the password holds.
    pub(crate) fn rehash(&mut self, user: &User) -> bool {
        let (Some(password), Some(old)) = (self.password, &user.hash) else { return false };
        if !self.target.policy.needs_rehash(old) {
            return false;
        }
        let broken = match self.judge_imported(user, password) {
            Ok(broken) => broken,
            Err(unjudged) => return self.unjudged(user, unjudged),
        };
        let must_change = !broken.must_change.is_empty();
        if self.trace.is_some() {
            self.note("rehash", "the hash is weaker than the policy: it would be replaced");
            return must_change;
        }
        if session::is_read_only() {
            return must_change;
        }
        let why = |reason| Why::of(reason).user(&user.id);
        let new = match kdf::hash(password, &self.target.policy) {
            Ok(new) => new,
            Err(error) => {
                let why = why("hash_policy").with("error", &error.to_string());
                self.log(Kind::Rehash, Outcome::Failed, &why);
                return must_change;
            }
        };
        let is_done = |replaced: &Replaced| *replaced == Replaced::Done;
        match guard::attempt_if(is_done, || self.put_hash(user, old, &new, &broken)) {
            Ok(Replaced::Done) => {
                self.log(Kind::Rehash, Outcome::Ok, &why("weaker_than_policy").broken(&broken));
            }
            Ok(Replaced::Altered) => self.log(Kind::Rehash, Outcome::Failed, &why("hash_altered")),
            Ok(Replaced::Untouched) => return self.beaten_to_rehash(user, password) || must_change,
            Err(error) => self.not_rehashed(why("write_failed").error(&error), error),
        }
        must_change
    }

    /// Nothing was written: somebody else was first, or a trigger or policy swallowed it. If it was another login of the
    /// user, or a wrapped hash, then rules that were not asked, since the hash seen is no longer ours, are asked now.
    fn beaten_to_rehash(&mut self, user: &User, password: &Password) -> bool {
        match self.target.find_by_id(&user.id, View::Latest) {
            Ok(Some(now)) if now.hash == user.hash => {
                self.log(Kind::Rehash, Outcome::Failed, &Why::of("no_row_written").user(&user.id));
                false
            }
            Ok(Some(now)) => match self.judge_imported(&now, password) {
                Ok(broken) => !broken.must_change.is_empty(),
                Err(unjudged) => self.unjudged(&now, unjudged),
            },
            Ok(None) => false,
            Err(error) => error.raise(),
        }
    }

    fn unjudged(&mut self, user: &User, Unjudged { rule, error }: Unjudged) -> bool {
        let why = Why::of("rule_failed").user(&user.id).error(&error);
        self.not_rehashed(why.with("rule", &rule.unwrap_or_default()), error);
        false
    }

    fn not_rehashed(&mut self, why: Why, error: SqlError) {
        if must_reach_caller(&error) {
            error.raise();
        }
        match &mut self.trace {
            Some(trace) => trace.note_with("rehash", "the hash would not be replaced", why.to_json()),
            None => self.log(Kind::Rehash, Outcome::Failed, &why),
        }
    }

    fn put_hash(&self, user: &User, old: &str, new: &str, broken: &Broken) -> Replaced {
        let replaced = self.target.replace_hash(user, new, MustChange::Untouched);
        if replaced == Replaced::Done {
            link::keep_digest(&self.target.row.name, &user.id, Some(old), new);
            if !broken.must_change.is_empty() {
                self.target.demand_change(&user.id);
            }
        }
        replaced
    }

    /// What the rules about passwords say of one that nobody had shown when the user was imported. Once the hash is replaced
    /// nobody asks again: so they are asked whatever has become of the source.
    fn judge_imported(&mut self, user: &User, password: &Password) -> Result<Broken, Unjudged> {
        let link = link::of_user(&self.target.row.name, &user.id, user.hash.as_deref());
        let is_imported =
            |link: &Link| matches!(link.via, Some(Via::Import | Via::Adopt)) && link.hash_is_ours();
        let Some(link) = link.filter(is_imported) else { return Ok(Broken::default()) };
        let rules = Rules::of_password(config::rows().parts_of(&link.source).rules, &self.target);
        let broken = rules.judge_password(&self.target, password)?;
        self.note_rules(&broken);
        Ok(broken)
    }

    /// Brings the columns up to date whose mappings say so. That, too, is a kindness: a legacy system that is down, or
    /// a row that does not fit, keeps nobody out.
    pub(crate) fn bring_up_to_date(&mut self, user: User) -> User {
        let is_rehearsed = self.trace.is_some();
        if !config::rows().refreshes(&self.target.row.name) || session::is_read_only() && !is_rehearsed {
            return user;
        }
        let Some(link) = link::of_user(&self.target.row.name, &user.id, None) else { return user };
        let Some(Ok(source)) = self.open_source_named(&link.source) else { return user };
        if link.is_tombstone || link.is_gone || !source.refreshes() {
            return user;
        }
        let why = |reason| Why::of(reason).user(&user.id).source(&link.source);
        match source.find_by_key(&link.legacy_key, &self.login) {
            Ok(Asked::One(person)) => match self.after_fetch(&source, &person) {
                Ok(changed) => self.refresh_from(user, &source, changed.as_ref().unwrap_or(&person)),
                Err(failure) => {
                    let why = Why::of_hook(failure).user(&user.id).source(&link.source);
                    self.not_refreshed(user, Outcome::Failed, &why)
                }
            },
            Ok(Asked::Unavailable(state)) => {
                let why = why("source_unavailable").with("sqlstate", &state);
                self.not_refreshed(user, Outcome::Unavailable, &why)
            }
            Ok(Asked::Nobody | Asked::Several | Asked::Stale) => user,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let why = why("source_row").error(&error);
                self.not_refreshed(user, Outcome::Failed, &why)
            }
        }
    }

    pub(crate) fn not_refreshed(&mut self, user: User, outcome: Outcome, why: &Why) -> User {
        match &mut self.trace {
            Some(trace) => trace.note_with("refresh", "nothing would be brought up to date", why.to_json()),
            None => self.log(Kind::Refresh, outcome, why),
        }
        user
    }

    /// Writes what differs, columns and child rows, all of it or nothing.
    fn refresh_from(&mut self, user: User, source: &Source, person: &Person) -> User {
        let why = |reason| Why::of(reason).user(&user.id).source(&source.row.name);
        let children = match source.children.fetch(&self.target, person.row, Moment::Login) {
            Ok(children) => children,
            Err(Unfetched::Stale) => return user,
            Err(Unfetched::Silent { child, state }) => {
                let why = why("source_unavailable").with("child", &child).with("sqlstate", &state);
                return self.not_refreshed(user, Outcome::Unavailable, &why);
            }
            Err(Unfetched::Failed { child, error }) => {
                let why = why("child_failed").error(&error).with("child", &child);
                return self.not_refreshed(user, Outcome::Failed, &why);
            }
        };
        if self.trace.is_some() {
            return self.explain_refresh(user, source, person, &children);
        }
        let refreshed = guard::attempt(|| {
            let written = source.transfer.refresh(&self.target, person.row, &user);
            (written, self.refresh_children(&user.id, source, person, &children))
        });
        match refreshed {
            Ok((None, true)) => user,
            Ok((written, _)) => {
                self.log(Kind::Refresh, Outcome::Ok, &why("refreshed"));
                match written {
                    Some(Written { is_allowed, must_change, .. }) => User { is_allowed, must_change, ..user },
                    None => user,
                }
            }
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let failing = source.transfer.failing_refresh(&self.target, person.row, &user);
                let why = why("write_failed").error(&error);
                let why = match (source.children.failing(&children), failing) {
                    (Some(child), _) => why.with("child", child),
                    (None, Some(column)) => why.with("column", &column),
                    (None, None) => why,
                };
                self.not_refreshed(user, Outcome::Failed, &why)
            }
        }
    }

    /// Writes the child rows that differ; tells whether none did. One login after the other: two at once would both
    /// add what is missing.
    pub(crate) fn refresh_children(
        &self,
        user_id: &str,
        source: &Source,
        person: &Person,
        children: &Fetched,
    ) -> bool {
        let is_current = || source.children.is_current(&self.target, user_id, children);
        if is_current() {
            return true;
        }
        lock::acquire(lock_key(&["key", &source.row.name, &person.key]));
        if is_current() {
            return true;
        }
        source.children.write(&self.target, user_id, children);
        false
    }

    /// A hash that was not replaced: somebody else was first, or a trigger or a policy is in the way.
    pub(crate) fn not_replaced(
        &mut self,
        user: &User,
        replaced: Replaced,
        source: Option<&Source>,
    ) -> Decision {
        let why = match replaced {
            Replaced::Altered => Why::of("hash_altered"),
            _ if self.is_unchanged(user) => Why::of("no_row_written"),
            _ => return Decision::Raced,
        };
        self.conclude(Outcome::Failed, why.user(&user.id).maybe_source(source))
    }

    /// Whether a user's hash is, as of now, still the one that was looked at.
    pub(crate) fn is_unchanged(&self, user: &User) -> bool {
        match self.target.find_by_id(&user.id, View::Latest) {
            Ok(now) => now.is_some_and(|now| now.hash == user.hash),
            Err(error) => error.raise(),
        }
    }

    pub(crate) fn mismatch_window(&self) -> bool {
        self.target.row.on_mismatch_until.as_deref().is_some_and(session::is_before)
    }

    /// Lets the legacy system decide about a moved user, by the permanent key. `silence` is the outcome
    /// where it cannot be asked: a user who has a password here has given a wrong one, and only one who
    /// has none depends on the legacy system.
    pub(crate) fn refresh(&mut self, user: User, link: &Link, silence: Outcome) -> Decision {
        let id = user.id.clone();
        let why = |reason| Why::of(reason).user(&id).source(&link.source);
        let source = match self.open_source_named(&link.source) {
            Some(Ok(source)) => source,
            Some(Err(_)) => return self.conclude(silence, why("source_misconfigured")),
            None if config::rows().is_retired(&link.source) => {
                return self.conclude(Outcome::Invalid, why("source_retired"));
            }
            None => return self.conclude(Outcome::Invalid, why("source_disabled")),
        };
        let person = match source.find_by_key(&link.legacy_key, &self.login) {
            Ok(Asked::One(person)) => person,
            Ok(Asked::Unavailable(state)) => {
                return self.conclude(silence, why("source_unavailable").with("sqlstate", &state));
            }
            Ok(Asked::Stale) => return Decision::Raced,
            Ok(Asked::Nobody | Asked::Several) => {
                return self.conclude(Outcome::Invalid, why("gone_from_source"));
            }
            Err(error) => return self.config_error("source_row", Some(&source), error),
        };
        let person = match self.after_fetch(&source, &person) {
            Ok(changed) => changed.unwrap_or(person),
            Err(failure) => {
                let why = Why::of_hook(failure).user(&id).source(&link.source);
                return self.conclude(Outcome::Invalid, why);
            }
        };
        match self.check_legacy_hash(&source, &person) {
            Checked::Right if !user.is_allowed => self.conclude(Outcome::Blocked, why("not_allowed")),
            Checked::Right => match self.may_move(&source, &person, Some(&user)) {
                Ok(broken) => {
                    let why = why("legacy_password_taken").broken(&broken);
                    self.take_legacy_password(user, &source, why, !broken.must_change.is_empty())
                }
                Err(decision) => decision,
            },
            Checked::Wrong => self.conclude(Outcome::Invalid, why("wrong_password")),
            Checked::Nothing => self.conclude(Outcome::Invalid, why("legacy_locked")),
            Checked::Broken(error) => self.broken_hash("legacy_hash", Some(&source), Some(user.id), error),
        }
    }

    /// The legacy password of a moved user becomes the one here.
    pub(crate) fn take_legacy_password(
        &mut self,
        user: User,
        source: &Source,
        why: Why,
        must_change: bool,
    ) -> Decision {
        let welcomed = Answer {
            outcome: Outcome::Ok,
            user_id: Some(user.id.clone()),
            must_change: user.must_change || must_change,
        };
        if self.trace.is_some() {
            if let Err(decision) = self.after_login(&user.id) {
                return decision;
            }
            self.note("write", "the hash of the legacy password would be written");
            self.note("answer", Outcome::Ok.name());
            return Decision::Answered(welcomed);
        }
        if session::is_read_only() {
            return self.conclude(Outcome::ReadOnly, why);
        }
        let hash = match self.new_hash() {
            Ok(hash) => hash,
            Err(error) => return self.policy_failed(source, error),
        };
        let replaced = guard::attempt_if(
            |replaced| matches!(replaced, Ok(Replaced::Done)),
            || {
                let replaced = self.target.replace_hash(&user, &hash, MustChange::Untouched);
                if replaced == Replaced::Done {
                    link::keep_digest(&self.target.row.name, &user.id, user.hash.as_deref(), &hash);
                    if must_change {
                        self.target.demand_change(&user.id);
                    }
                    self.log(Kind::Refresh, Outcome::Ok, &why);
                    self.after_later_login(&user.id)?;
                }
                Ok(replaced)
            },
        );
        match replaced {
            Ok(Ok(Replaced::Done)) => Decision::Answered(welcomed),
            Ok(Err(failure)) => {
                let why = Why::of_hook(failure).user(&user.id).source(&source.row.name);
                self.conclude(Outcome::Failed, why)
            }
            Ok(Ok(replaced)) => self.not_replaced(&user, replaced, Some(source)),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let why = Why::of("write_failed").user(&user.id).source(&source.row.name).error(&error);
                self.conclude(Outcome::Failed, why)
            }
        }
    }
}

//! What a DBA does with one person: move them without a password, put them back, or forget them.

use crate::catalog::Column;
use crate::child::{self, Tables};
use crate::config;
use crate::error::{Kind as RefusalKind, OrRaise, Refusal};
use crate::event::Kind;
use crate::flow::{Decision, Flow, Request, Why};
use crate::link::{self, Buried, Link, Via};
use crate::outcome::{Answer, Outcome};
use crate::password::{Trouble, Whom, failed, with_anybody, with_user};
use crate::spi::parse::quote_literal;
use crate::spi::plan::View;
use crate::spi::session;
use crate::target::User;
use serde_json::{Value, json};
use std::rc::Rc;

/// Moves the user of a login as a first login would, but without their password, which stays valid until another is
/// set.
pub(crate) fn migrate(request: &Request<'_>) -> Answer {
    with_user(request, |flow, whom| match whom {
        Whom::User(user) => Decision::Answered(Answer { user_id: Some(user.id), ..Answer::of(Outcome::Ok) }),
        Whom::Person(source, person) => flow.move_pending(&source, &person, Via::Admin),
    })
}

/// What was done to a user who was moved, in particulars.
pub(crate) struct Unmoved {
    pub(crate) answer: Answer,
    pub(crate) detail: Value,
}

/// Takes a move back: who was inserted is deleted, who was adopted gets back what was overwritten, and the link goes. Whether
/// the user is allowed in does not matter. What the users table or other tables object to is raised: nothing is half put
/// back.
pub(crate) fn unmigrate(request: &Request<'_>) -> Unmoved {
    need_writes("unmigrate_login");
    let mut detail = json!({});
    let answer = with_anybody(request, |flow, whom| {
        let Whom::User(user) = whom else { return flow.conclude(Outcome::Invalid, Why::of("not_moved")) };
        let Some(link) = flow.link_of(&user) else {
            return flow.conclude(Outcome::Invalid, Why::of("not_moved").user(&user.id));
        };
        need_way_back(&user, &link).or_raise();
        detail = flow.put_back(&user, &link);
        let why = Why::of("put_back").source(&link.source).user(&user.id);
        let why = why.with("legacy_key", &link.legacy_key);
        flow.log(Kind::UnmigrateLogin, Outcome::Ok, &why);
        Decision::Answered(Answer { user_id: Some(user.id), ..Answer::of(Outcome::Ok) })
    });
    Unmoved { answer, detail }
}

/// Who is deleted here must be there to be moved again.
fn need_way_back(user: &User, link: &Link) -> Result<(), Refusal> {
    let (rows, source) = (config::rows(), &link.source);
    let lost = |why: Refusal| {
        why.within(&format!("user {} came from there, and they could not be moved again", user.id))
    };
    if link.is_adopted() {
        return Ok(());
    }
    if rows.is_retired(source) {
        return Err(lost(config::retired(source)));
    }
    let is_configured = rows.sources.iter().any(|row| row.name == *source);
    let (what, hint) = match (is_configured, link.is_gone) {
        (false, _) => (
            format!("source {source} is no longer in ferry.source"),
            "INSERT the source again; or, if they are to go for good, DELETE the user yourself.".to_string(),
        ),
        (true, true) => (
            format!("an import has found that legacy user gone from source {source}"),
            format!(
                "If they are back there: CALL ferry.import({}, 'update'); else, if they are to go for good, DELETE the \
                 user yourself.",
                quote_literal(source)
            ),
        ),
        (true, false) => return Ok(()),
    };
    Err(lost(Refusal::new(RefusalKind::State, what).hint(hint)))
}

impl Flow<'_> {
    fn link_of(&self, user: &User) -> Option<Link> {
        link::last_of_user(&self.target.row.name, &user.id, user.hash.as_deref())
            .filter(|link| !link.is_tombstone)
    }

    /// Undoes what moving the user has written, and tells what that was.
    fn put_back(&self, user: &User, link: &Link) -> Value {
        let mut detail =
            if link.is_adopted() { self.restore(user, link) } else { self.delete_moved(user, link) };
        detail["source"] = json!(link.source);
        detail["legacy_key"] = json!(link.legacy_key);
        link::delete(&link.source, &link.legacy_key);
        detail
    }

    fn delete_moved(&self, user: &User, link: &Link) -> Value {
        let mut detail = json!({ "user": "deleted" });
        let children = config::rows().parts_of(&link.source).children;
        let tables = Tables::open(&link.source, children, &self.target).or_raise();
        let deleted = tables.delete(&self.target, &user.id);
        if !deleted.is_empty() {
            detail["children"] = Value::Object(child::object(deleted));
        }
        self.target.delete(&user.id);
        match self.target.find_by_id(&user.id, View::Latest) {
            Ok(None) => {}
            Ok(Some(_)) => self.swallowed(user, "DELETE").raise(),
            Err(error) => error.raise(),
        }
        if !link.hash_is_ours() {
            detail["password_changed_since"] = json!(true);
        }
        detail
    }

    /// What a user had before they were adopted, but for what is kept nowhere: a hash, or the seed of a second factor in
    /// another table, would be one more to steal.
    fn restore(&self, user: &User, link: &Link) -> Value {
        let (hash, relation) = (&self.target.row.hash_column, &self.target.relation);
        let held = link.replaced.as_deref().map(serde_json::from_str::<serde_json::Map<String, Value>>);
        let held: Vec<String> =
            held.and_then(Result::ok).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        let was_locked = held.contains(hash);
        let writable = |name: &String| relation.column(name).filter(|column| !column.is_generated);
        let (held, dropped): (Vec<String>, Vec<String>) =
            held.into_iter().partition(|name| writable(name).is_some());
        let held: Vec<&Column> = held.iter().filter_map(writable).collect();
        let is_swallowed =
            !held.is_empty() && self.target.restore(&user.id, &held, link.replaced.as_deref()) == 0;
        if is_swallowed {
            self.swallowed(user, "UPDATE").raise();
        }
        let hash = (link.has_digest() && !was_locked).then(|| hash.clone());
        let children = config::rows().parts_of(&link.source).children;
        let children = children.into_iter().map(|child| format!("child {}", child.name));
        let lost: Vec<String> = hash.into_iter().chain(dropped).chain(children).collect();
        let mut detail = json!({ "user": "restored" });
        if !lost.is_empty() {
            detail["not_restored"] = json!(lost);
        }
        if was_locked && !link.hash_is_ours() {
            detail["password_changed_since"] = json!(true);
        }
        detail
    }

    /// A trigger or a policy has kept the user as they are.
    fn swallowed(&self, user: &User, what: &str) -> Refusal {
        let title = &self.target.relation.title;
        let message = format!("user {} is still there: {title} has swallowed the {what}", user.id);
        Refusal::new(RefusalKind::State, message).hint(format!(
            "See the triggers, rules and row security policies of {title}; nothing was put back."
        ))
    }
}

/// Makes sure that a person never comes back: not from the source, whatever they type.
pub(crate) fn forget(request: &Request<'_>) -> Answer {
    need_writes("forget_login");
    let stand_in = crate::secret::Password::new(Vec::new());
    let request = Request { password: Some(&stand_in), ..*request };
    let mut flow = match Flow::admit(&request) {
        Ok(flow) => flow,
        Err(answer) => return answer,
    };
    flow.rounds(|flow| match flow.forget_here_and_there() {
        Ok(decision) => decision,
        Err(Trouble::Told(outcome, why)) => flow.conclude(outcome, why),
        Err(Trouble::Stale) => Decision::Raced,
    })
}

impl Flow<'_> {
    /// A tombstone for the user of the login, for the person that each source has under it, and for whatever else they
    /// are tied to.
    fn forget_here_and_there(&mut self) -> Result<Decision, Trouble> {
        let keys = self.keys_in_sources()?;
        let mut users: Vec<String> = self.find_in_target()?.into_iter().map(|user| user.id).collect();
        let target = self.target.row.name.clone();
        for (source, key) in &keys {
            let link = link::of_key(source, key, View::Transaction);
            let renamed = link.and_then(|link| link.user_id).filter(|id| !users.contains(id));
            // Only of who is still here the application must be told.
            match renamed.as_deref().map(|id| self.target.find_by_id(id, View::Transaction)) {
                Some(Ok(Some(user))) => users.push(user.id),
                Some(Err(error)) => return Err(failed("target_lookup", None, error)),
                _ => {}
            }
        }
        // From here on nothing is an answer any more: nobody is half forgotten.
        let mut buried: Vec<Buried> = users.iter().flat_map(|id| link::bury_user(&target, id)).collect();
        for (source, key) in &keys {
            if !buried.iter().any(|link| link.source == *source && link.legacy_key == *key) {
                buried.extend(link::bury(source, key, &target));
            }
        }
        if buried.is_empty() {
            return Ok(self.conclude(Outcome::Invalid, Why::of("not_moved")));
        }
        for link in &mut buried {
            link.user_id = link.user_id.take().filter(|id| users.contains(id));
        }
        self.has_owner();
        self.log_forgotten(&users);
        self.notice_forgotten(&buried, "tombstone");
        Ok(Decision::Answered(Answer { user_id: users.into_iter().next(), ..Answer::of(Outcome::Ok) }))
    }

    /// An event for each user, and one for a login that has none here.
    fn log_forgotten(&self, users: &[String]) {
        let why = Why::of("tombstone");
        if users.is_empty() {
            self.log(Kind::ForgetLogin, Outcome::Ok, &why);
        }
        for id in users {
            self.log(Kind::ForgetLogin, Outcome::Ok, &why.clone().user(id));
        }
    }

    /// The person that each source has under the login, in its scope or out of it. One that can't be asked ends it:
    /// nobody is half forgotten.
    fn keys_in_sources(&mut self) -> Result<Vec<(String, String)>, Trouble> {
        let rows = config::rows();
        let target = Rc::clone(&self.target);
        let mut keys = Vec::new();
        for row in rows.sources_of(&target.row.name).filter(|row| row.enabled) {
            if row.retired.is_some() {
                self.not_left_behind(row, Outcome::Unavailable)?;
                continue;
            }
            let person = self.find_in_source(&*self.need_source(row)?)?;
            // Who cannot be moved needs no tombstone.
            let person = person.filter(|person| person.key.len() <= link::MAX_KEY_BYTES);
            keys.extend(person.map(|person| (row.name.clone(), person.key)));
        }
        Ok(keys)
    }
}

fn need_writes(function: &str) {
    if session::is_read_only() {
        Refusal::new(RefusalKind::State, format!("{function} cannot write here"))
            .hint("Call it on the primary, in a transaction that is not read-only.")
            .raise();
    }
}

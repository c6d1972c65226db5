//! What a DBA does with one person: move them without a password, put them back, or forget them.

use crate::child::{self, Tables};
use crate::config;
use crate::error::{Kind as RefusalKind, OrRaise, Refusal};
use crate::event::Kind;
use crate::flow::{Decision, Flow, Request, Why};
use crate::link::{self, Link, Via};
use crate::outcome::{Answer, Outcome};
use crate::password::{Trouble, Whom, with_user};
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

/// Takes a move back: who was inserted is deleted, who was adopted gets back what was overwritten, and the link goes.
/// What the users table or other tables object to is raised: nothing is half put back.
pub(crate) fn unmigrate(request: &Request<'_>) -> Unmoved {
    need_writes("unmigrate_login");
    let mut detail = json!({});
    let answer = with_user(request, |flow, whom| {
        let Whom::User(user) = whom else { return flow.conclude(Outcome::Invalid, Why::of("not_moved")) };
        let Some(link) = flow.link_of(&user) else {
            return flow.conclude(Outcome::Invalid, Why::of("not_moved").user(&user.id));
        };
        if config::rows().is_retired(&link.source) {
            let lost = "they could not be moved again";
            config::retired(&link.source)
                .within(&format!("user {} came from there, and {lost}", user.id))
                .raise();
        }
        detail = flow.put_back(&user, &link);
        let why = Why::of("put_back").source(&link.source).user(&user.id);
        flow.log(Kind::UnmigrateLogin, Outcome::Ok, &why);
        Decision::Answered(Answer { user_id: Some(user.id), ..Answer::of(Outcome::Ok) })
    });
    Unmoved { answer, detail }
}

impl Flow<'_> {
    fn link_of(&self, user: &User) -> Option<Link> {
        link::of_user(&self.target.row.name, &user.id, user.hash.as_deref()).filter(|link| !link.is_tombstone)
    }

    /// Undoes what moving the user has written, and tells what that was.
    fn put_back(&self, user: &User, link: &Link) -> Value {
        let is_adopted = link.via == Some(Via::Adopt);
        let children = config::rows().parts_of(&link.source).children;
        let mut detail = json!({
            "source": link.source,
            "legacy_key": link.legacy_key,
            "user": if is_adopted { "restored" } else { "deleted" },
        });
        if is_adopted {
            self.target.restore(&user.id, link.replaced.as_deref());
            // What they held is kept nowhere: a hash or the seed of a second factor in another table would be one
            // more to steal.
            let children = children.into_iter().map(|child| format!("child {}", child.name));
            let lost: Vec<String> =
                [self.target.row.hash_column.clone()].into_iter().chain(children).collect();
            detail["not_restored"] = json!(lost);
        } else {
            let tables = Tables::open(&link.source, children, &self.target).or_raise();
            let deleted = tables.delete(&self.target, &user.id);
            if !deleted.is_empty() {
                detail["children"] = Value::Object(child::object(deleted));
            }
            self.target.delete(&user.id);
            if !link.hash_is_ours() {
                detail["password_changed_since"] = json!(true);
            }
        }
        link::delete(&link.source, &link.legacy_key);
        detail
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
    /// A tombstone for the user of the login, and for the person that each source has under it.
    fn forget_here_and_there(&mut self) -> Result<Decision, Trouble> {
        let keys = self.keys_in_sources()?;
        let user = self.find_in_target()?;
        let target = self.target.row.name.clone();
        let mut forgotten = 0;
        for (source, key) in &keys {
            link::bury(source, key, &target);
            forgotten += 1;
        }
        if let Some(user) = &user {
            forgotten += link::bury_user(&target, &user.id);
        }
        if forgotten == 0 {
            return Ok(self.conclude(Outcome::Invalid, Why::of("not_moved")));
        }
        let why = Why::of("tombstone");
        let why = match &user {
            Some(user) => why.user(&user.id),
            None => why,
        };
        self.has_owner();
        self.log(Kind::ForgetLogin, Outcome::Ok, &why);
        let user_id = user.map(|user| user.id);
        Ok(Decision::Answered(Answer { user_id, ..Answer::of(Outcome::Ok) }))
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

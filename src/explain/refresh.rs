//! What a login of a user who was moved before would bring up to date.

use crate::child::Fetched;
use crate::constraint::{Changed, Foreseen};
use crate::flow::{Flow, Why};
use crate::mapping::Change;
use crate::outcome::Outcome;
use crate::source::{Person, Source};
use crate::target::User;

impl Flow<'_> {
    /// The user as they would be then. As when it is done, either all of it is or nothing.
    pub(crate) fn explain_refresh(
        &mut self,
        user: User,
        source: &Source,
        person: &Person,
        children: &Fetched,
    ) -> User {
        let why = |reason| Why::of(reason).source(&source.row.name);
        let fields = match source.transfer.preview_refresh(&self.target, person.row, &user) {
            Ok(fields) => fields,
            Err((column, error)) => {
                let why = why("write_failed").error(&error).with("column", &column);
                return self.not_refreshed(user, Outcome::Failed, &why);
            }
        };
        let mut previews = match source.children.preview(&self.target, Some(&user), children) {
            Ok(previews) => previews,
            Err((child, error)) => {
                let why = why("child_failed").error(&error).with("child", &child);
                return self.not_refreshed(user, Outcome::Failed, &why);
            }
        };
        previews.retain(|child| !child.rows.is_empty() || child.deleted > 0);
        if fields.is_empty() && previews.is_empty() {
            self.note("refresh", "nothing differs from what is to be refreshed");
            return user;
        }
        let secrecy = source.secrecy();
        let mut then = Foreseen::default();
        if !fields.is_empty() {
            let values = secrecy.row(fields, person);
            self.note_with("refresh", "these columns would be brought up to date", values);
            let changed = Changed::open(source, &self.target, Change::Refresh, None);
            self.note_unforeseen("refresh", &changed.unforeseen);
            let judged = changed.judge(person.row, &user, &self.target);
            let is_taken = self.note_judged("refresh", judged.as_ref().map(|then| &then.broken[..]));
            if !is_taken && !changed.may_be_mended {
                self.note("refresh", "so that all of it would stay as it is");
                return user;
            }
            then = judged.unwrap_or_default();
        }
        for child in previews {
            self.note_child(child, person, &secrecy);
        }
        User {
            is_allowed: then.is_allowed.unwrap_or(user.is_allowed),
            must_change: then.must_change.unwrap_or(user.must_change),
            ..user
        }
    }
}

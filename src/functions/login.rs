//! What applications call.

use super::{Caller, reset_rows, secret};
use crate::authenticate::authenticate;
use crate::event::Kind;
use crate::outcome::Answer;
use crate::password;
use crate::secret::Password;
use crate::spi::text::Text;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

/// authenticated, user_id, outcome, must_change_password, retry_after
type AnswerRows = TableIterator<'static, (bool, Option<Text>, Text, bool, Option<Interval>)>;

fn answer_rows(answer: Answer) -> AnswerRows {
    let outcome = Text(answer.outcome.name().to_string());
    let user_id = answer.user_id.map(Text);
    // Nothing is throttled yet, so there is nothing to wait for.
    TableIterator::once((answer.outcome.is_success(), user_id, outcome, answer.must_change, None))
}

/// A new password; null is as bad as empty, and refused with the same words.
fn new_secret(text: Option<Text>) -> Password {
    text.map_or_else(|| Password::new(Vec::new()), secret)
}

#[pg_extern(sql = false)]
fn authenticate_text(
    login: Option<Text>,
    password: Option<Text>,
    target: Option<Text>,
    client: Option<Text>,
) -> TableIterator<
    'static,
    (
        name!(authenticated, bool),
        name!(user_id, Option<Text>),
        name!(outcome, Text),
        name!(must_change_password, bool),
        name!(retry_after, Option<Interval>),
    ),
> {
    let password = password.map(secret);
    let caller = Caller { kind: Kind::Login, login, target, client };
    answer_rows(caller.request(password.as_ref(), authenticate))
}

#[pg_extern(sql = false)]
fn authenticate_bytea(
    login: Option<Text>,
    password: Option<&[u8]>,
    target: Option<Text>,
    client: Option<Text>,
) -> TableIterator<
    'static,
    (
        name!(authenticated, bool),
        name!(user_id, Option<Text>),
        name!(outcome, Text),
        name!(must_change_password, bool),
        name!(retry_after, Option<Interval>),
    ),
> {
    let password = password.map(|bytes| Password::new(bytes.to_vec()));
    let caller = Caller { kind: Kind::Login, login, target, client };
    answer_rows(caller.request(password.as_ref(), authenticate))
}

#[pg_extern(sql = false)]
fn change_password(
    login: Option<Text>,
    old_password: Option<Text>,
    new_password: Option<Text>,
    target: Option<Text>,
    client: Option<Text>,
) -> TableIterator<
    'static,
    (
        name!(authenticated, bool),
        name!(user_id, Option<Text>),
        name!(outcome, Text),
        name!(must_change_password, bool),
        name!(retry_after, Option<Interval>),
    ),
> {
    let (old, new) = (old_password.map(secret), new_secret(new_password));
    let caller = Caller { kind: Kind::ChangePassword, login, target, client };
    answer_rows(caller.request(old.as_ref(), |request| password::change(request, &new)))
}

#[pg_extern(sql = false)]
fn set_password(
    login: Option<Text>,
    new_password: Option<Text>,
    target: Option<Text>,
    client: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let new = new_secret(new_password);
    let caller = Caller { kind: Kind::SetPassword, login, target, client };
    reset_rows(caller.request(None, |request| password::set(request, &new)))
}

#[pg_extern(sql = false)]
fn prepare_reset(
    login: Option<Text>,
    target: Option<Text>,
    client: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let caller = Caller { kind: Kind::PrepareReset, login, target, client };
    reset_rows(caller.request(None, password::prepare_reset))
}

#[pg_extern(sql = false)]
fn find_login(login: Option<Text>, target: Option<Text>) -> Text {
    let caller = Caller { kind: Kind::FindLogin, login, target, client: None };
    Text(caller.request(None, password::find).to_string())
}

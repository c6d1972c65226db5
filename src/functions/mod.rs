//! Where SQL calls in: arguments are unpacked, one function is called, its answer is packed.
//!
//! The SQL declarations are in `sql/`; none is generated from here. pgrx wants the columns of a result
//! spelled out all the same, in the signature itself.
#![allow(
    clippy::type_complexity,
    clippy::too_many_arguments,
    reason = "SQL functions have as many arguments as they have"
)]

mod admin;
mod bulk;
mod config;
mod cutover;
mod hash;
mod login;
mod page;

use crate::event::Kind;
use crate::flow::Request;
use crate::outcome::Answer;
use crate::secret::Password;
use crate::spi::connect;
use crate::spi::text::Text;
use pgrx::iter::TableIterator;

/// user_id, outcome
type ResetRows = TableIterator<'static, (Option<Text>, Text)>;

fn reset_rows(answer: Answer) -> ResetRows {
    TableIterator::once((answer.user_id.map(Text), Text(answer.outcome.name().to_string())))
}

/// The arguments that most functions share.
struct Caller {
    kind: Kind,
    login: Option<Text>,
    target: Option<Text>,
    client: Option<Text>,
}

impl Caller {
    /// Runs `body` with the request; a null target is the default one.
    fn request<T>(&self, password: Option<&Password>, body: impl FnOnce(&Request<'_>) -> T) -> T {
        let target = self.target.as_ref().map_or("default", |target| &target.0);
        let request = Request {
            kind: self.kind,
            login: self.login.as_ref().map(|login| login.0.as_str()),
            password,
            target,
            client: self.client.as_ref().map(|client| client.0.as_str()),
        };
        connect(|| body(&request))
    }
}

fn secret(text: Text) -> Password {
    Password::new(text.0.into_bytes())
}

//! The audit trail (`ferry.event`).

use crate::outcome::Outcome;
use crate::spi::plan::{self, Arg, Plan};
use crate::spi::types::{BOOL, LONG, TEXT};
use crate::spi::{identity, session};
use crate::{guc, spi::guard::SqlError};
use serde_json::{Map, Value};
use std::cell::OnceCell;

/// What was asked or done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Login,
    Rehash,
    Refresh,
    SetPassword,
    ChangePassword,
    PrepareReset,
    FindLogin,
    MigrateLogin,
    UnmigrateLogin,
    ForgetLogin,
    Import,
    WrapHashes,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Login => "login",
            Kind::Rehash => "rehash",
            Kind::Refresh => "refresh",
            Kind::SetPassword => "set_password",
            Kind::ChangePassword => "change_password",
            Kind::PrepareReset => "prepare_reset",
            Kind::FindLogin => "find_login",
            Kind::MigrateLogin => "migrate_login",
            Kind::UnmigrateLogin => "unmigrate_login",
            Kind::ForgetLogin => "forget_login",
            Kind::Import => "import",
            Kind::WrapHashes => "wrap_hashes",
        }
    }
}

/// A row of `ferry.event`. It has no room for a password, a hash or a message.
pub(crate) struct Event<'a> {
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    pub(crate) target: &'a str,
    pub(crate) source: Option<&'a str>,
    pub(crate) login: Option<&'a str>,
    /// Somebody, here or in a source, has this login: otherwise only its digest is kept.
    pub(crate) is_known: bool,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
    pub(crate) detail: &'a Detail,
}

/// Particulars: names and codes only.
#[derive(Default, Clone)]
pub(crate) struct Detail(Map<String, Value>);

impl Detail {
    pub(crate) fn of_error(error: &SqlError) -> Detail {
        let mut detail = Detail::default();
        detail.set("sqlstate", error.sqlstate());
        if let Some(column) = error.column() {
            detail.set("column", column);
        }
        if let Some(constraint) = error.constraint() {
            detail.set("constraint", constraint);
        }
        detail
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_string(), value.into());
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

thread_local! {
    static LOG: OnceCell<Plan> = const { OnceCell::new() };
}

/// Writes an event, where the transaction can write.
pub(crate) fn write(event: &Event<'_>) {
    if session::is_read_only() {
        return;
    }
    let detail = event.detail.to_json().to_string();
    let arguments = [
        Arg::Text(event.kind.name()),
        Arg::Text(event.outcome.name()),
        Arg::Text(event.target),
        Arg::from(event.source),
        Arg::from(event.login),
        Arg::Bool(event.is_known),
        Arg::from(event.user_id),
        Arg::from(event.reason),
        Arg::from(event.client),
        Arg::Text(&detail),
        Arg::Long(guc::refusals_per_minute()),
    ];
    let sql = "SELECT ferry._log($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let types = [TEXT, TEXT, TEXT, TEXT, TEXT, BOOL, TEXT, TEXT, TEXT, TEXT, LONG];
    plan::kept(&LOG, sql, &types, |plan| plan.count(&arguments));
}

/// Whether the same was logged of a login within the last day.
pub(crate) fn was_logged_today(target: &str, login: &str, outcome: Outcome, reason: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM ferry.event \
                              WHERE login = $2 AND logged_at > clock_timestamp() - interval '1 day' \
                                AND target = $1 AND outcome = $3 AND reason = $4)";
    let arguments = [target, login, outcome.name(), reason].map(Arg::Text);
    identity::as_ferry(|| plan::is_true(plan::query(sql, &[TEXT; 4], &arguments)))
}

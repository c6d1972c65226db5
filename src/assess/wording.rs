//! How an assessment says what it found. Codes and names only: messages of PostgreSQL quote rows.

use crate::config::{Adopt, RuleRow};
use crate::constraint::Broken;
use crate::spi::guard::SqlError;
use crate::target::Target;
use serde_json::{Value, json};

pub(super) const FAILED: &str = "A login of them ends as failed: make the expression hold for them.";

/// What a login does where its user is here already.
pub(super) fn standing(target: &Target, is_moved: bool, is_adopted: bool) -> (&'static str, &'static str) {
    match (is_moved, is_adopted, target.row.adopt) {
        (true, _, _) => (
            "of a user who was moved from another row",
            "They are two people under one login, or one person twice: the link decides, and this row stays.",
        ),
        (_, false, _) => (
            "of a user in the users table, who is not adopted",
            "Only the password there opens it; adopt of ferry.target says who may be tied to a legacy user.",
        ),
        (_, true, Adopt::Any) => (
            "of a user in the users table, who is adopted",
            "The legacy password replaces the one there: both systems must have checked who owns an address.",
        ),
        (_, true, _) => (
            "of a user in the users table, who is adopted",
            "They have no password there: the legacy one is taken.",
        ),
    }
}

pub(super) fn rule_name(rule: &RuleRow) -> String {
    format!("{} ({})", rule.name, rule.severity.name())
}

pub(super) fn rule_detail(rule: &RuleRow) -> Value {
    json!({ "code": rule.code, "message": rule.message })
}

pub(super) fn constraint_detail(broken: &Broken) -> Value {
    let what = if broken.is_column { "column" } else { "constraint" };
    json!({ "sqlstate": broken.sqlstate, what: broken.name })
}

/// Codes and names only: messages quote rows.
pub(super) fn detail_of(error: &SqlError) -> Value {
    let mut detail = json!({ "sqlstate": error.sqlstate() });
    if let Some(constraint) = error.constraint() {
        detail["constraint"] = json!(constraint);
    }
    detail
}

pub(super) fn broken_hint(state: &str) -> Option<&'static str> {
    Some(match state {
        "23502" => {
            "Map it to something that is never null, such as coalesce(l.name, ''), or give it a default."
        }
        "23503" => "The row that it refers to is not here: move it first.",
        "23505" => "A user who is in the users table already has this value.",
        "23514" => "Make the mapping satisfy it, or leave these rows out by filter.",
        _ => return None,
    })
}

pub(super) fn value_hint(state: &str) -> &'static str {
    match state {
        "25006" => "The expression writes, which cannot be tried without writing.",
        "22001" => "The value is too long for the column: widen it, or cut the value in the mapping.",
        _ => FAILED,
    }
}

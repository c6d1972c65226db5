//! How a login ends: the words of the contract, and what the caller gets.

/// The outcomes of `ferry.authenticate`, each under the one name that applications and the audit
/// trail see. `throttled` is part of the contract; nothing causes it yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Ok,
    Migrated,
    Invalid,
    Blocked,
    Rejected,
    Failed,
    Unavailable,
    ReadOnly,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Migrated => "migrated",
            Outcome::Invalid => "invalid",
            Outcome::Blocked => "blocked",
            Outcome::Rejected => "rejected",
            Outcome::Failed => "failed",
            Outcome::Unavailable => "unavailable",
            Outcome::ReadOnly => "read_only",
        }
    }

    pub(crate) fn is_success(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Migrated)
    }
}

/// The one row that a call returns.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) user_id: Option<String>,
    pub(crate) must_change: bool,
}

impl Answer {
    pub(crate) fn of(outcome: Outcome) -> Answer {
        Answer { outcome, user_id: None, must_change: false }
    }
}

//! The errors that pg_ferry raises itself: the only file that names SQLSTATEs.

use crate::spi::guard::{self, SqlError};
use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::panic::ErrorReport;

/// An ERROR to be raised: message in PostgreSQL's style, DETAIL for values, HINT for what to do.
/// No part of it may hold a password, a hash or the data of a row.
pub(crate) struct Refusal {
    /// The SQLSTATE, packed: that of an error in config may be one that a function of the DBA's chose.
    state: i32,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

/// What kind of refusal it is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A bad argument or bad config: 22023.
    Invalid,
    /// Not now, not in this state: 55000.
    State,
    /// The role may not: 42501.
    Privilege,
    /// No such relation: 42P01.
    Relation,
    /// No such column: 42703.
    Column,
    /// No such role or server: 42704.
    Object,
    /// No such function: 42883.
    Function,
    /// A type that does not fit: 42804.
    Type,
    /// An expression that does not parse: 42601.
    Syntax,
    /// A malformed hash: 22P02.
    Malformed,
    /// Known but not done: 0A000.
    Unsupported,
    /// Over a limit: 54000.
    Limit,
    /// Not enough memory for a hash: 53200.
    Memory,
    /// It commits, so not inside a transaction block: 25001.
    InTransaction,
    /// Somebody else was quicker and this snapshot cannot see it: 40001.
    Serialization,
}

impl Kind {
    fn code(self) -> Code {
        match self {
            Kind::Invalid => Code::ERRCODE_INVALID_PARAMETER_VALUE,
            Kind::State => Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Kind::Privilege => Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Kind::Relation => Code::ERRCODE_UNDEFINED_TABLE,
            Kind::Column => Code::ERRCODE_UNDEFINED_COLUMN,
            Kind::Object => Code::ERRCODE_UNDEFINED_OBJECT,
            Kind::Function => Code::ERRCODE_UNDEFINED_FUNCTION,
            Kind::Type => Code::ERRCODE_DATATYPE_MISMATCH,
            Kind::Syntax => Code::ERRCODE_SYNTAX_ERROR,
            Kind::Malformed => Code::ERRCODE_INVALID_TEXT_REPRESENTATION,
            Kind::Unsupported => Code::ERRCODE_FEATURE_NOT_SUPPORTED,
            Kind::Limit => Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Kind::Memory => Code::ERRCODE_OUT_OF_MEMORY,
            Kind::InTransaction => Code::ERRCODE_ACTIVE_SQL_TRANSACTION,
            Kind::Serialization => Code::ERRCODE_T_R_SERIALIZATION_FAILURE,
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Refusal { state: kind.code() as i32, message: message.into(), detail: None, hint: None }
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// PostgreSQL's own error in a piece of config, told with the place where it stands.
    pub(crate) fn in_config(place: &str, error: SqlError) -> Self {
        let own_hint = error.hint();
        Refusal {
            state: error.state(),
            message: format!("{place}: {}", error.message()),
            detail: None,
            hint: own_hint,
        }
    }

    /// A legacy store that cannot be read to its end, with the SQLSTATE that it gave.
    pub(crate) fn unreadable(place: &str, relation: &str, error: &SqlError) -> Self {
        let message = format!("{place}: {relation} cannot be read (SQLSTATE {})", error.sqlstate());
        Refusal { state: error.state(), message, detail: None, hint: None }
    }

    /// Where config SQL may not do what it does, the cure is a GRANT to the role that it runs as.
    pub(crate) fn or_grant_to(self, role: &str) -> Self {
        if self.state != Kind::Privilege.code() as i32 {
            return self;
        }
        self.or_hint(format!(
            "Config SQL runs as role \"{role}\", the target's run_as: GRANT it what it lacks."
        ))
    }

    /// The same refusal, told with the place in config where it stands.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// What is wrong with the name of a format, or with a recipe and where.
    pub(crate) fn of_method(text: &str, error: legacy_hash::Error) -> Self {
        use legacy_hash::Error;
        match error {
            Error::UnknownName => {
                Refusal::new(Kind::Invalid, format!("there is no password hash format \"{text}\"")).hint(
                    "The names are in the view ferry.hash_format; a recipe such as md5(md5($pass).$salt) may stand \
                     there too; null lets each hash say itself.",
                )
            }
            Error::BadRecipe(at, _) => {
                let rest: String = text.chars().skip(at.saturating_sub(1)).collect();
                let place = if rest.is_empty() { "at its end".to_string() } else { format!("here: {rest}") };
                Refusal::new(Kind::Syntax, error.to_string())
                    .detail(format!("The recipe goes wrong {place}"))
                    .hint("How recipes are written is told in docs/recipes.md; for example md5(md5($pass).$salt).")
            }
            _ => Refusal::from(error),
        }
    }

    pub(crate) fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Something else to do, too.
    pub(crate) fn more_hint(mut self, hint: &str) -> Self {
        self.hint = Some(self.hint.map_or_else(|| hint.to_string(), |first| format!("{first} {hint}")));
        self
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn raise(self) -> ! {
        let mut report = ErrorReport::new(Code::from(self.state), self.message, "pg_ferry");
        if let Some(detail) = self.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = self.hint {
            report = report.set_hint(hint);
        }
        guard::raise(report, self.state)
    }
}

/// Raises the refusal of an `Err`.
pub(crate) trait OrRaise<T> {
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for Result<T, Refusal> {
    fn or_raise(self) -> T {
        self.unwrap_or_else(|refusal| refusal.raise())
    }
}

/// Another session has done what this one was about to do, and this transaction's snapshot will
/// never show it.
pub(crate) fn lost_the_race() -> Refusal {
    Refusal::new(Kind::Serialization, "could not move the user: a concurrent login has done it")
        .hint("Retry the transaction.")
}

/// Whether an error must reach the caller instead of becoming an outcome: the transaction cannot
/// go on usefully, or somebody asked for it to stop, or it is a bug.
pub(crate) fn must_reach_caller(error: &SqlError) -> bool {
    let state = error.sqlstate();
    matches!(state.as_str(), "40001" | "40P01" | "55P03" | "08006")
        || ["53", "57", "XX"].iter().any(|class| state.starts_with(class))
}

/// The same for an error met while asking a legacy store: what the far end says of itself, whatever
/// its SQLSTATE, is only a store that cannot be asked. But a postgres_fdw connection that died in
/// mid-query makes COMMIT impossible.
pub(crate) fn must_reach_caller_from_source(error: &SqlError) -> bool {
    error.sqlstate() == "08006" || (must_reach_caller(error) && !error.is_remote())
}

/// Whether an error of a query that may ask foreign servers is one of those that they are silent:
/// from the far end, or from getting there.
pub(crate) fn is_silence(error: &SqlError) -> bool {
    let state = error.sqlstate();
    error.is_remote() || ["08", "HV"].iter().any(|class| state.starts_with(class))
}

/// Two types that cannot be assigned to or compared with one another.
pub(crate) fn is_misfit(error: &SqlError) -> bool {
    matches!(error.sqlstate().as_str(), "42804" | "42846" | "42883")
}

/// A view, or a column of one, that takes no values.
pub(crate) fn is_not_written_to(error: &SqlError) -> bool {
    matches!(error.sqlstate().as_str(), "0A000" | "55000")
}

/// Something that a role may not use.
pub(crate) fn is_forbidden(error: &SqlError) -> bool {
    error.sqlstate() == "42501"
}

/// A row that somebody else has locked, where it is not waited for.
pub(crate) fn is_lock_refused(error: &SqlError) -> bool {
    error.sqlstate() == "55P03"
}

/// A value that the remote column's type refuses: nobody has this login there.
pub(crate) fn is_uncastable(error: &SqlError) -> bool {
    matches!(error.sqlstate().as_str(), "22P02" | "22003" | "22007" | "22008")
}

impl From<legacy_hash::Error> for Refusal {
    fn from(error: legacy_hash::Error) -> Self {
        use legacy_hash::Error;
        let kind = match error {
            Error::Malformed(_) => Kind::Malformed,
            Error::Unsupported(_) | Error::NotWrapped(..) => Kind::Unsupported,
            Error::OverLimit(_) => Kind::Limit,
            Error::OutOfMemory => Kind::Memory,
            _ => Kind::Invalid,
        };
        let refusal = Refusal::new(kind, error.to_string());
        let hint = match error {
            Error::UnknownName => "The names are in the view ferry.hash_format.",
            Error::Ambiguous => "Name the format; ferry.identify_hash(hash) lists the candidates.",
            Error::UnknownFormat => "The formats that are known are in the view ferry.hash_format.",
            Error::MissingSalt => "Give the salt; ferry.identify_hash(hash) tells what a hash needs.",
            Error::MissingLogin => "Give the login under which the hash was made.",
            Error::MissingPepper => "Give the pepper, the secret of the legacy application.",
            Error::BadPreparation(_) => {
                return refusal.hint(format!(
                    "Each Unicode form is tried in each charset: name at least one of both, and at most {} pairs.",
                    legacy_hash::MAX_SPELLINGS
                ));
            }
            Error::BadPolicy(_) => "For example argon2id, argon2id:m=19456,t=2,p=1 or bcrypt:cost=12.",
            Error::Malformed(part) if part.contains("recipe") => {
                "docs/recipes.md tells how the stored hash of a recipe is written; a \
                                     template such as {hash}:{salt} says its layout."
            }
            Error::Malformed(_) => "The examples in the view ferry.hash_format show how it is written.",
            Error::Unsupported(_) => {
                "The view ferry.hash_format notes what a format does not take; new hashes take most as argon2id."
            }
            Error::OverLimit(_) => "The limits are the settings ferry.max_…, which a superuser can raise.",
            Error::OutOfMemory => "Try again, or compute fewer hashes at once.",
            _ => return refusal,
        };
        refusal.hint(hint)
    }
}

//! What other systems are told (`ferry.outbox`, `NOTIFY ferry`): who was moved, who was refused, what was taken back.
//!
//! A notice is written by the (sub)transaction that does what it tells of, of the kinds that the target asks for. Runs and
//! refusals of an import are told by the SQL that counts them.

use crate::error::Refusal;
use crate::event::{self, Detail};
use crate::flow::{Flow, Why};
use crate::hash::unknown;
use crate::link::{Buried, Imported, Via};
use crate::outcome::Outcome;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{LONG, TEXT, TEXTS};
use crate::spi::{identity, session};
use crate::write::Move;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Moved,
    Refused,
    PutBack,
    Removed,
    Forgotten,
    RunStarted,
    RunEnded,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Moved,
        Kind::Refused,
        Kind::PutBack,
        Kind::Removed,
        Kind::Forgotten,
        Kind::RunStarted,
        Kind::RunEnded,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Moved => "moved",
            Kind::Refused => "refused",
            Kind::PutBack => "put_back",
            Kind::Removed => "removed",
            Kind::Forgotten => "forgotten",
            Kind::RunStarted => "run_started",
            Kind::RunEnded => "run_ended",
        }
    }
}

/// The kinds that config names.
pub(crate) fn parse_kinds(names: &[String]) -> Result<Vec<Kind>, Refusal> {
    let parse = |name: &String| {
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| unknown("kind", name, &Kind::ALL.map(Kind::name)))
    };
    names.iter().map(parse).collect()
}

/// Whom a notice is about. It has no room for a login, a password or a hash.
struct About<'a> {
    source: Option<&'a str>,
    legacy_key: Option<&'a str>,
    user_id: Option<&'a str>,
}

impl Flow<'_> {
    pub(crate) fn notice_moved(&self, what: &Move<'_>, why: &Why) {
        let about = About {
            source: Some(&what.source.row.name),
            legacy_key: Some(&what.person.key),
            user_id: why.user_id.as_deref(),
        };
        self.write_notice(Kind::Moved, about, what.via, None, &why.detail);
    }

    /// Users moved by one statement.
    pub(crate) fn notice_imported(&self, source: &str, moved: &[Imported]) {
        if !self.wants(Kind::Moved) {
            return;
        }
        let keys: Vec<Option<String>> = moved.iter().map(|user| Some(user.key.clone())).collect();
        let users: Vec<Option<String>> = moved.iter().map(|user| Some(user.user_id.clone())).collect();
        let arguments = [
            Arg::Text(&self.target.row.name),
            Arg::Text(source),
            self.run.map_or(Arg::Null, Arg::Long),
            Arg::Texts(&keys),
            Arg::Texts(&users),
        ];
        let sql = "SELECT ferry._notice_moved($1, $2, $3, $4, $5)";
        identity::as_ferry(|| plan::query(sql, &[TEXT, TEXT, LONG, TEXTS, TEXTS], &arguments));
    }

    /// A candidate who was not moved. Whoever tries again and again is told of once a day: asked before the event of this
    /// time is written.
    pub(crate) fn notice_refused(&self, outcome: Outcome, why: &Why) {
        let is_told = matches!(outcome, Outcome::Rejected | Outcome::Blocked | Outcome::Failed);
        let Some(candidate) = self.candidate.as_ref().filter(|_| is_told && self.wants(Kind::Refused)) else {
            return;
        };
        let target = &self.target.row.name;
        if event::was_logged_today(target, &self.login.normalised, outcome, why.reason) {
            return;
        }
        let about = About {
            source: Some(&candidate.source),
            legacy_key: Some(&candidate.legacy_key),
            user_id: why.user_id.as_deref(),
        };
        self.write_notice(Kind::Refused, about, self.way(), Some(why.reason), &why.detail);
    }

    /// Of what is logged as done: those with whom an import has parted, and those whom a DBA has put back.
    pub(crate) fn notice_done(&self, done: event::Kind, outcome: Outcome, why: &Why) {
        let kind = match (done, outcome) {
            (event::Kind::Import, Outcome::Ok) => Kind::Removed,
            (event::Kind::UnmigrateLogin, Outcome::Ok) => Kind::PutBack,
            _ => return,
        };
        let about = About {
            source: why.source.as_deref(),
            legacy_key: why.detail.text("legacy_key"),
            user_id: why.user_id.as_deref(),
        };
        self.write_notice(kind, about, self.way(), Some(why.reason), &Detail::default());
    }

    /// One notice for each legacy user, also for one whom no source has any more.
    pub(crate) fn notice_forgotten(&self, buried: &[Buried], reason: &str) {
        for link in buried {
            let about = About {
                source: Some(&link.source),
                legacy_key: Some(&link.legacy_key),
                user_id: link.user_id.as_deref(),
            };
            self.write_notice(Kind::Forgotten, about, self.way(), Some(reason), &Detail::default());
        }
    }

    fn wants(&self, kind: Kind) -> bool {
        self.target.notices.contains(&kind) && !session::is_read_only()
    }

    fn write_notice(&self, kind: Kind, about: About<'_>, via: Via, reason: Option<&str>, detail: &Detail) {
        if !self.wants(kind) {
            return;
        }
        let detail = detail.to_json().to_string();
        let arguments = [
            Arg::Text(kind.name()),
            Arg::Text(&self.target.row.name),
            Arg::from(about.source),
            Arg::from(about.legacy_key),
            Arg::from(about.user_id),
            Arg::Text(via.name()),
            Arg::from(reason),
            self.run.map_or(Arg::Null, Arg::Long),
            Arg::Text(&detail),
        ];
        let types = [TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, LONG, TEXT];
        let sql = "SELECT ferry._notice($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        identity::as_ferry(|| plan::query(sql, &types, &arguments));
    }

    /// By what way somebody was to be moved, or was taken back.
    fn way(&self) -> Via {
        use event::Kind;
        match self.kind {
            Kind::Import => Via::Import,
            Kind::SetPassword | Kind::PrepareReset => Via::Reset,
            Kind::MigrateLogin | Kind::UnmigrateLogin | Kind::ForgetLogin => Via::Admin,
            _ => Via::Login,
        }
    }
}

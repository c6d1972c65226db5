//! Users who are here already: whether a legacy user who has shown the right password may be tied to one.
//!
//! A user is here under the very login, or is found by the `lookup` of the target. What `adopt` does not allow, what
//! nobody has verified and what is tied to somebody else goes to `ferry.review`, where a person decides.

use crate::config::Adopt;
use crate::error::must_reach_caller;
use crate::event::Kind;
use crate::flow::{Decision, Flow, Why};
use crate::mapping::Draft;
use crate::outcome::Outcome;
use crate::review::{self, Ruling};
use crate::source::{Person, Source};
use crate::spi::guard::SqlError;
use crate::spi::plan::{Value, View};
use crate::spi::session;
use crate::target::{Found, Target, User};
use crate::write::Move;
use serde_json::json;

/// An entry of the target's `lookup` by its place, and what a legacy user has there.
pub(crate) type Identity = (usize, String);

/// Whom a legacy user was found to be here.
#[derive(Default)]
pub(crate) struct Here {
    pub(crate) user: Option<User>,
    /// What was looked for: nobody else may turn up under it before the user is written.
    pub(crate) identities: Vec<Identity>,
}

/// A user who may be the same person.
pub(crate) struct Match<'a> {
    pub(crate) user: &'a User,
    /// `login`, or the entry of `lookup`.
    pub(crate) found_by: String,
    /// What speaks against tying them, unless somebody decides.
    pub(crate) doubt: Option<&'static str>,
}

/// Why a legacy user is not tied to the one who is here.
pub(crate) enum Untied {
    /// `adopt` does not allow it.
    Exists,
    /// Somebody must decide, for that reason.
    InDoubt(&'static str),
    /// Somebody has decided so.
    Refused,
}

impl Flow<'_> {
    /// Whom to tie a legacy user to. `owner` is who has the login here. The decision ends the login.
    pub(crate) fn settle(
        &mut self,
        source: &Source,
        person: &Person,
        owner: Option<&User>,
    ) -> Result<Here, Decision> {
        match owner {
            Some(user) => {
                let doubt = match self.kind == Kind::Import && user.has_password() {
                    // Nobody has shown the legacy password, which would have replaced that of a stranger.
                    true => doubt_of_unseen(source, &self.target, person, user),
                    false => doubt_of_login(source, &self.target, person, user),
                };
                let doubt = doubt.map_err(|error| self.lookup_failed(source, person, error))?;
                self.tie(source, person, Match { user, found_by: "login".to_string(), doubt })?;
                Ok(Here::default())
            }
            None => self.settle_by_lookup(source, person),
        }
    }

    /// Refuses to move somebody who is here already, where no password was shown that would tie them.
    pub(crate) fn nobody_here(
        &mut self,
        source: &Source,
        person: &Person,
    ) -> Result<Vec<Identity>, Decision> {
        let LookedUp { found, identities } = self.look_up(source, person)?;
        let Matched::One(user, entry) = found else { return Ok(identities) };
        let why = Why::of("exists").source(&source.row.name).user(&user.id);
        Err(self.conclude(Outcome::Rejected, why.with("found_by", self.target.entry(entry))))
    }

    /// Who has one of the identities as of now: before a user is written, it must still be `expected`.
    pub(crate) fn is_still_here(&self, identities: &[Identity], expected: Option<&User>) -> bool {
        for (entry, value) in identities {
            match self.target.find_by_identity(*entry, value, View::Latest) {
                Ok(Found::Nobody) => {}
                Ok(Found::One(user)) => return expected.is_some_and(|expected| expected.id == user.id),
                Ok(Found::Several) => return false,
                Err(error) => error.raise(),
            }
        }
        expected.is_none()
    }

    /// What a user who is adopted holds where anything will be written, now, by a refresh or a later demand: for
    /// [`crate::admin::unmigrate`]. A hash is not kept; that there was none is no secret, and a lock is as good as another.
    pub(crate) fn held_before(&self, what: &Move<'_>, draft: Option<&Draft>) -> Option<String> {
        let (user, row, transfer) = (what.adopting?, &self.target.row, &what.source.transfer);
        let mut columns = draft.map_or_else(|| transfer.adopted_columns(), |draft| draft.columns.clone());
        columns.extend(transfer.refreshed_columns());
        columns.extend(row.must_change.clone());
        columns.sort();
        columns.dedup();
        let lock = || json!({ &row.hash_column: user.hash.as_ref().map(|_| legacy_hash::locked_marker()) });
        self.target.columns_of(user, &columns, (!user.has_password()).then(lock))
    }

    fn settle_by_lookup(&mut self, source: &Source, person: &Person) -> Result<Here, Decision> {
        let LookedUp { found, identities } = self.look_up(source, person)?;
        let Matched::One(user, entry) = found else { return Ok(Here { user: None, identities }) };
        let found_by = self.target.entry(entry).to_string();
        self.note("lookup", &format!("user {} is here with the same {found_by}", user.id));
        let is_tied = self.is_tied(&user);
        let doubt = doubt_of_lookup(source, &self.target, person, &user, entry, is_tied);
        let doubt = doubt.map_err(|error| self.lookup_failed(source, person, error))?;
        let ruling = self.tie(source, person, Match { user: &user, found_by, doubt })?;
        Ok(match ruling {
            Ruling::Insert => Here::default(),
            _ => Here { user: Some(user), identities },
        })
    }

    /// As [`look_up`]; what it comes to ends the login where it is no answer.
    fn look_up(&mut self, source: &Source, person: &Person) -> Result<LookedUp, Decision> {
        match look_up(source, &self.target, person) {
            Ok(LookedUp { found: Matched::Several(entry), .. }) => {
                let why = Why::of("lookup_ambiguous").source(&source.row.name);
                Err(self.conclude(Outcome::Rejected, why.with("found_by", self.target.entry(entry))))
            }
            Ok(looked_up) => Ok(looked_up),
            Err(error) => Err(self.lookup_failed(source, person, error)),
        }
    }

    /// A mapping fails on this row, most likely: then writing it would fail, too.
    fn lookup_failed(&mut self, source: &Source, person: &Person, error: SqlError) -> Decision {
        if must_reach_caller(&error) {
            error.raise();
        }
        let why = Why::of("lookup_failed").source(&source.row.name).error(&error);
        let why = match source.transfer.preview(&self.target, person.row, None) {
            Err((column, _)) => why.with("column", &column),
            Ok(_) => why,
        };
        self.conclude(Outcome::Failed, why)
    }

    /// What is to be done with a match: the decision where the login ends here.
    fn tie(&mut self, source: &Source, person: &Person, found: Match<'_>) -> Result<Ruling, Decision> {
        let why = match rule_on(source, &self.target, person, &found) {
            Ok(ruling) => return Ok(ruling),
            Err(Untied::Refused) => Why::of("review_refused"),
            Err(Untied::Exists) => Why::of("exists"),
            Err(Untied::InDoubt(doubt)) => self.send_to_review(source, person, &found, doubt),
        };
        let why = why.source(&source.row.name).user(&found.user.id);
        Err(self.conclude(Outcome::Rejected, why.with("found_by", &found.found_by)))
    }

    fn send_to_review(
        &mut self,
        source: &Source,
        person: &Person,
        found: &Match<'_>,
        doubt: &'static str,
    ) -> Why {
        self.note("review", &format!("somebody must decide in ferry.review ({doubt})"));
        if self.trace.is_none() && !session::is_read_only() {
            let target = &self.target.row.name;
            review::send(&source.row.name, &person.key, target, &found.user.id, &found.found_by, doubt);
        }
        Why::of("review")
    }
}

/// What is to be done with a match, or why it is none.
pub(crate) fn rule_on(
    source: &Source,
    target: &Target,
    person: &Person,
    found: &Match<'_>,
) -> Result<Ruling, Untied> {
    let ruling = review::ruling(&source.row.name, &person.key, &found.user.id);
    let is_by_login = found.found_by == "login";
    match (ruling, target.row.adopt, found.doubt) {
        (Some(Ruling::Insert), ..) if is_by_login => Err(Untied::Refused),
        (Some(Ruling::Refuse), ..) => Err(Untied::Refused),
        (Some(ruling), ..) => Ok(ruling),
        (None, Adopt::Refuse, _) => Err(Untied::Exists),
        (None, Adopt::Locked, _) if found.user.has_password() => Err(Untied::Exists),
        (None, Adopt::Review, doubt) => Err(Untied::InDoubt(doubt.unwrap_or("adopt"))),
        (None, _, Some(doubt)) => Err(Untied::InDoubt(doubt)),
        (None, _, None) => Ok(Ruling::Adopt),
    }
}

/// Both sides have the same login, which is enough unless one of them says that it was never verified.
pub(crate) fn doubt_of_login(
    source: &Source,
    target: &Target,
    person: &Person,
    user: &User,
) -> Result<Option<&'static str>, SqlError> {
    let (here, there) = verifications(source, target, person, user)?;
    Ok((here == Some(false) || there == Some(false)).then_some("unverified"))
}

/// Nothing but what was verified on both sides says that they are one person.
fn doubt_of_unseen(
    source: &Source,
    target: &Target,
    person: &Person,
    user: &User,
) -> Result<Option<&'static str>, SqlError> {
    let (here, there) = verifications(source, target, person, user)?;
    Ok((here != Some(true) || there != Some(true)).then_some("unverified"))
}

/// The legacy key is the person's own. Any other identity must have been verified on both sides: whoever signs up
/// under somebody else's address would be tied to them.
pub(crate) fn doubt_of_lookup(
    source: &Source,
    target: &Target,
    person: &Person,
    user: &User,
    entry: usize,
    is_tied: bool,
) -> Result<Option<&'static str>, SqlError> {
    if is_tied {
        return Ok(Some("linked"));
    }
    if is_by_key(source, target, person, entry) {
        return Ok(None);
    }
    doubt_of_unseen(source, target, person, user)
}

/// Whether an identity comes of the legacy key alone: then it is the same for a row that has nothing else.
fn is_by_key(source: &Source, target: &Target, person: &Person, entry: usize) -> bool {
    let of_row = |row| {
        let identities = identities(source, target, row).unwrap_or_default();
        identities.into_iter().find(|identity| identity.0 == entry)
    };
    let Ok(Some(only_key)) = source.only_key(person) else { return false };
    let whole = of_row(person.row);
    whole.is_some() && whole == of_row(only_key)
}

fn verifications(
    source: &Source,
    target: &Target,
    person: &Person,
    user: &User,
) -> Result<(Option<bool>, Option<bool>), SqlError> {
    Ok((target.is_verified(user)?, source.is_verified(person)?))
}

/// Whom the entries of `lookup` found: an entry is told by its place.
pub(crate) enum Matched {
    Nobody,
    One(User, usize),
    Several(usize),
}

/// What looking a legacy user up came to.
pub(crate) struct LookedUp {
    pub(crate) found: Matched,
    pub(crate) identities: Vec<Identity>,
}

/// The user who has what the mappings would write; the first entry of `lookup` with a match decides.
pub(crate) fn look_up(source: &Source, target: &Target, person: &Person) -> Result<LookedUp, SqlError> {
    let identities = identities(source, target, person.row)?;
    let mut found = Matched::Nobody;
    for (entry, value) in &identities {
        found = match target.find_by_identity(*entry, value, View::Transaction)? {
            Found::Nobody => continue,
            Found::One(user) => Matched::One(user, *entry),
            Found::Several => Matched::Several(*entry),
        };
        break;
    }
    Ok(LookedUp { found, identities })
}

/// What a legacy row has for each entry of `lookup`, but for those that are null.
fn identities(source: &Source, target: &Target, row: Value) -> Result<Vec<Identity>, SqlError> {
    if !target.has_lookup() {
        return Ok(Vec::new());
    }
    let Some(new_user) = source.transfer.new_user(target, row)? else { return Ok(Vec::new()) };
    let values = target.identities(new_user)?;
    Ok(values.into_iter().enumerate().filter_map(|(entry, value)| Some((entry, value?))).collect())
}

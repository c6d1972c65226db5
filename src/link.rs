//! The permanent tie between a legacy key and a target user (`ferry.link`).

use crate::spi::identity;
use crate::spi::plan::{self, Arg, Plan, Planning, Row, View};
use crate::spi::types::{LONG, TEXT, TEXTS};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Longer legacy keys than this are nobody's: an entry of an index has 2704 bytes at most.
pub(crate) const MAX_KEY_BYTES: usize = 1024;

/// A legacy key as it is noted of somebody who cannot be moved for its length: how it begins, and a digest of the whole.
pub(crate) fn noted_key(key: &str) -> Cow<'_, str> {
    if key.len() <= MAX_KEY_BYTES {
        return Cow::Borrowed(key);
    }
    Cow::Owned(format!("{}... sha256 {}", &key[..key.floor_char_boundary(MAX_KEY_BYTES)], digest(key)))
}

/// A row of `ferry.link`.
pub(crate) struct Link {
    pub(crate) source: String,
    pub(crate) legacy_key: String,
    /// None only in a tombstone.
    pub(crate) user_id: Option<String>,
    pub(crate) is_tombstone: bool,
    /// An import has found the user gone from the source.
    pub(crate) is_gone: bool,
    pub(crate) via: Option<Via>,
    /// The target's hash is still the one that pg_ferry wrote.
    hash_digest: Option<String>,
    /// Of an adopted user: what the mappings have overwritten, as a JSON object of texts.
    pub(crate) replaced: Option<String>,
    digest_now: Option<String>,
}

/// How a user was moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Login,
    Import,
    Reset,
    Admin,
    Adopt,
}

impl Via {
    const ALL: [Via; 5] = [Via::Login, Via::Import, Via::Reset, Via::Admin, Via::Adopt];

    fn parse(name: &str) -> Option<Via> {
        Via::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether one who was moved this way may have no password yet.
    pub(crate) fn may_be_pending(self) -> bool {
        self != Via::Login
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Via::Login => "login",
            Via::Import => "import",
            Via::Reset => "reset",
            Via::Admin => "admin",
            Via::Adopt => "adopt",
        }
    }
}

impl Link {
    /// Whether the user's password is still the one that was moved, or none was set since. That of a
    /// forgotten user is nobody's.
    pub(crate) fn hash_is_ours(&self) -> bool {
        !self.is_tombstone && self.hash_digest.is_some() && self.hash_digest == self.digest_now
    }
}

impl Link {
    /// Whether the user was here before they were moved.
    pub(crate) fn is_adopted(&self) -> bool {
        self.via == Some(Via::Adopt)
    }

    /// Whether the hash of an adopted user was written when they were moved, and not one that they had kept.
    pub(crate) fn has_digest(&self) -> bool {
        self.hash_digest.is_some()
    }

    /// Whether the user, who has no password here, was moved without one, and none was set since.
    pub(crate) fn is_pending(&self) -> bool {
        self.via.is_some_and(Via::may_be_pending) && !self.is_gone && self.hash_is_ours()
    }
}

const COLUMNS: &str =
    "source, legacy_key, user_id, tombstone, gone_at IS NOT NULL, via, hash_digest, replaced::text";
/// [`digest`] computes the same here.
const DIGEST: &str = "encode(sha256(convert_to($3, 'UTF8')), 'hex')";

thread_local! {
    static BY_KEY: OnceCell<Plan> = const { OnceCell::new() };
    static BY_USER: OnceCell<Plan> = const { OnceCell::new() };
    static INSERT: OnceCell<Plan> = const { OnceCell::new() };
    static INSERT_IMPORTED: OnceCell<Plan> = const { OnceCell::new() };
    static IS_LEFT_BEHIND: OnceCell<Plan> = const { OnceCell::new() };
    static KEEP_DIGEST: OnceCell<Plan> = const { OnceCell::new() };
    static NOTE_BACK: OnceCell<Plan> = const { OnceCell::new() };
    static NOTE_GONE: OnceCell<Plan> = const { OnceCell::new() };
}

/// The link of a legacy key.
pub(crate) fn of_key(source: &str, key: &str, view: View) -> Option<Link> {
    let sql = format!("SELECT {COLUMNS} FROM ferry.link WHERE source = $1 AND legacy_key = $2");
    plan::kept(&BY_KEY, &sql, &[TEXT; 2], |plan| plan.rows_seen(&[Arg::Text(source), Arg::Text(key)], view))
        .into_iter()
        .find_map(link)
}

/// The link of a target user whose present hash is `hash`; of several, the one whose move has written that, or else the
/// one made last.
pub(crate) fn of_user(target: &str, user_id: &str, hash: Option<&str>) -> Option<Link> {
    let mut links = all_of_user(target, user_id, hash);
    let ours = links.iter().position(Link::hash_is_ours);
    if links.is_empty() { None } else { Some(links.swap_remove(ours.unwrap_or(0))) }
}

/// The one made last, which is the first to be taken back.
pub(crate) fn last_of_user(target: &str, user_id: &str, hash: Option<&str>) -> Option<Link> {
    all_of_user(target, user_id, hash).into_iter().next()
}

fn all_of_user(target: &str, user_id: &str, hash: Option<&str>) -> Vec<Link> {
    let sql = format!(
        "SELECT {COLUMNS}, {DIGEST} FROM ferry.link WHERE target = $1 AND user_id = $2 ORDER BY moved_at DESC"
    );
    let arguments = [Arg::Text(target), Arg::Text(user_id), Arg::from(hash)];
    plan::kept(&BY_USER, &sql, &[TEXT; 3], |plan| plan.rows(&arguments))
        .into_iter()
        .filter_map(link)
        .collect()
}

/// The users among these who were moved, each with the source they came from.
pub(crate) fn of_users(target: &str, ids: &[Option<String>]) -> HashMap<String, Option<String>> {
    let sql = "SELECT user_id, source FROM ferry.link WHERE target = $1 AND user_id = ANY ($2)";
    many(sql, target, ids)
}

/// A link about to be made.
pub(crate) struct NewLink<'a> {
    pub(crate) source: &'a str,
    pub(crate) legacy_key: &'a str,
    pub(crate) hash: Option<&'a str>,
    pub(crate) target: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) via: Via,
    pub(crate) replaced: Option<&'a str>,
}

/// Ties a legacy key to a user. `hash` is what was written from the legacy password; without one the
/// legacy password is never asked again.
pub(crate) fn insert(new: &NewLink<'_>) {
    let sql = format!(
        "INSERT INTO ferry.link (source, legacy_key, hash_digest, target, user_id, via, replaced) \
         VALUES ($1, $2, {DIGEST}, $4, $5, $6, $7::jsonb)"
    );
    let arguments = [
        Arg::Text(new.source),
        Arg::Text(new.legacy_key),
        Arg::from(new.hash),
        Arg::Text(new.target),
        Arg::Text(new.user_id),
        Arg::Text(new.via.name()),
        Arg::from(new.replaced),
    ];
    plan::kept(&INSERT, &sql, &[TEXT; 7], |plan| plan.count(&arguments));
}

/// A user moved by an import.
pub(crate) struct Imported {
    pub(crate) key: String,
    pub(crate) hash: String,
    pub(crate) user_id: String,
}

/// Ties many legacy keys to users, as [`insert`] does one.
pub(crate) fn insert_imported(source: &str, target: &str, moved: Vec<Imported>) {
    let sql = "INSERT INTO ferry.link (source, legacy_key, hash_digest, target, user_id, via) \
               SELECT $1, m.key, m.digest, $2, m.user_id, 'import' FROM unnest($3, $4, $5) AS m (key, digest, user_id)";
    let (mut keys, mut digests, mut users) = (Vec::new(), Vec::new(), Vec::new());
    for user in moved {
        keys.push(Some(user.key));
        digests.push(Some(digest(&user.hash)));
        users.push(Some(user.user_id));
    }
    let arguments =
        [Arg::Text(source), Arg::Text(target), Arg::Texts(&keys), Arg::Texts(&digests), Arg::Texts(&users)];
    let types = [TEXT, TEXT, TEXTS, TEXTS, TEXTS];
    plan::kept(&INSERT_IMPORTED, sql, &types, |plan| plan.count(&arguments));
}

/// To whom a legacy key is tied.
pub(crate) struct Linked {
    /// `None` in a tombstone.
    pub(crate) user_id: Option<String>,
    pub(crate) is_gone: bool,
}

/// Those of the legacy keys that are tied to somebody.
pub(crate) fn linked(source: &str, keys: &[Option<String>]) -> HashMap<String, Linked> {
    const FOUND: &str =
        "SELECT legacy_key, CASE WHEN NOT tombstone THEN user_id END, gone_at IS NOT NULL FROM ferry.link";
    let found = |sql: &str| -> HashMap<String, Linked> {
        let linked = |row: Row| {
            let mut fields = row.into_iter();
            let (key, user_id) = (fields.next()??, fields.next()?);
            Some((key, Linked { user_id, is_gone: fields.next()?.as_deref() == Some("t") }))
        };
        about_many(sql, source, keys).into_iter().filter_map(linked).collect()
    };
    // The keys of a page are neighbours, of whom mostly nobody is tied: to read all between the first and the last is a
    // tenth of looking each up.
    let between = format!(
        "{FOUND}, (SELECT min(k), max(k) FROM unnest($2) AS k) AS range (first, last) \
         WHERE source = $1 AND legacy_key BETWEEN range.first AND range.last LIMIT {}",
        2 * keys.len() + 1
    );
    let near = found(&between);
    if near.len() <= 2 * keys.len() {
        return near;
    }
    found(&format!("{FOUND} WHERE source = $1 AND legacy_key = ANY ($2)"))
}

fn many(sql: &str, name: &str, texts: &[Option<String>]) -> HashMap<String, Option<String>> {
    about_many(sql, name, texts).into_iter().filter_map(pair).collect()
}

fn pair(row: Row) -> Option<(String, Option<String>)> {
    let mut fields = row.into_iter();
    Some((fields.next()??, fields.next()?))
}

/// What is asked with a name and many texts. Planned anew each time, and never a table read for each batch: it grows from
/// nothing to millions while one session asks.
fn about_many(sql: &str, name: &str, texts: &[Option<String>]) -> Vec<Row> {
    let ask =
        || Plan::prepare(sql, &[TEXT, TEXTS], Planning::Custom).rows(&[Arg::Text(name), Arg::Texts(texts)]);
    identity::as_ferry(|| identity::probing(ask))
}

/// How a legacy user is tied.
pub(crate) struct Tie {
    /// None only in a tombstone.
    pub(crate) user_id: Option<String>,
    pub(crate) is_tombstone: bool,
    pub(crate) via: Option<Via>,
    /// In seconds since 1970.
    pub(crate) moved_at: f64,
    hash_digest: Option<String>,
}

impl Tie {
    /// Whether the hash that the user has now is still the one that pg_ferry wrote.
    pub(crate) fn wrote(&self, hash: Option<&str>) -> bool {
        !self.is_tombstone && self.hash_digest.is_some() && self.hash_digest == hash.map(digest)
    }
}

/// What [`DIGEST`] computes.
fn digest(hash: &str) -> String {
    hex::encode(Sha256::digest(hash))
}

/// Those of the legacy keys that are tied to somebody, and how.
pub(crate) fn ties(source: &str, keys: &[Option<String>]) -> HashMap<String, Tie> {
    let sql = "SELECT legacy_key, user_id, tombstone, via, extract(epoch FROM moved_at)::text, hash_digest \
               FROM ferry.link WHERE source = $1 AND legacy_key = ANY ($2)";
    let tie = |row: Row| {
        let mut fields = row.into_iter();
        let key = fields.next()??;
        let (user_id, is_tombstone) = (fields.next()?, fields.next()?.as_deref() == Some("t"));
        let via = fields.next()?.as_deref().and_then(Via::parse);
        let moved_at = fields.next()?.and_then(|seconds| seconds.parse().ok()).unwrap_or(f64::MAX);
        Some((key, Tie { user_id, is_tombstone, via, moved_at, hash_digest: fields.next()? }))
    };
    about_many(sql, source, keys).into_iter().filter_map(tie).collect()
}

/// A legacy user who was moved.
pub(crate) struct Moved {
    pub(crate) key: String,
    /// Empty in a tombstone of somebody who was never here.
    pub(crate) user_id: String,
    pub(crate) is_tombstone: bool,
    pub(crate) via: Option<Via>,
    pub(crate) is_gone: bool,
    /// Another legacy key is tied to the same user, and not gone.
    pub(crate) is_shared: bool,
}

/// The next of those who were moved from a source, tombstones among them, in the order of their legacy keys. Rows that a
/// run has staged can say nothing of those who were moved since.
pub(crate) fn moved_after(source: &str, after: Option<&str>, staged: Option<i64>, rows: i64) -> Vec<Moved> {
    let sql = "SELECT l.legacy_key, l.user_id, l.via, l.tombstone, l.gone_at IS NOT NULL, \
                      EXISTS (SELECT FROM ferry.link o WHERE o.target = l.target AND o.user_id = l.user_id \
                              AND NOT o.tombstone AND o.gone_at IS NULL \
                              AND (o.source, o.legacy_key) <> (l.source, l.legacy_key)) \
               FROM ferry.link l WHERE l.source = $1 AND ($2 IS NULL OR l.legacy_key > $2) \
                 AND NOT EXISTS (SELECT FROM ferry.import_run r WHERE r.id = $4 AND r.called_at <= l.moved_at) \
               ORDER BY l.legacy_key LIMIT $3";
    let staged = staged.map_or(Arg::Null, Arg::Long);
    let arguments = [Arg::Text(source), Arg::from(after), Arg::Long(rows), staged];
    let found = identity::as_ferry(|| plan::query(sql, &[TEXT, TEXT, LONG, LONG], &arguments));
    let moved = |row: Row| {
        let mut fields = row.into_iter();
        let (key, user_id) = (fields.next()??, fields.next()?.unwrap_or_default());
        let via = fields.next().flatten().as_deref().and_then(Via::parse);
        let mut is_true = || fields.next().flatten().as_deref() == Some("t");
        Some(Moved { key, user_id, via, is_tombstone: is_true(), is_gone: is_true(), is_shared: is_true() })
    };
    found.into_iter().filter_map(moved).collect()
}

/// Notes that the people of some legacy keys are no longer in the source.
pub(crate) fn note_gone(source: &str, keys: &[Option<String>]) {
    let sql = "UPDATE ferry.link SET gone_at = now() WHERE source = $1 AND legacy_key = ANY ($2)";
    let arguments = [Arg::Text(source), Arg::Texts(keys)];
    plan::kept(&NOTE_GONE, sql, &[TEXT, TEXTS], |plan| plan.count(&arguments));
}

/// Notes that those of some legacy keys who were gone are there again.
pub(crate) fn note_back(source: &str, keys: &[Option<String>]) {
    let sql = "UPDATE ferry.link SET gone_at = NULL \
               WHERE source = $1 AND legacy_key = ANY ($2) AND gone_at IS NOT NULL";
    let arguments = [Arg::Text(source), Arg::Texts(keys)];
    plan::kept(&NOTE_BACK, sql, &[TEXT, TEXTS], |plan| plan.count(&arguments));
}

/// Unties a legacy key, which may then be moved anew.
pub(crate) fn delete(source: &str, key: &str) {
    let sql = "DELETE FROM ferry.link WHERE source = $1 AND legacy_key = $2";
    run_once(sql, &[Arg::Text(source), Arg::Text(key)]);
}

/// A legacy key that has become a tombstone, and the user who it was.
pub(crate) struct Buried {
    pub(crate) source: String,
    pub(crate) legacy_key: String,
    pub(crate) user_id: Option<String>,
}

/// Makes a legacy key one that is never moved again. Which user it was, and when, stays; what they had does not.
pub(crate) fn bury(source: &str, key: &str, target: &str) -> Vec<Buried> {
    let sql = "INSERT INTO ferry.link (source, legacy_key, target, via, tombstone) VALUES ($1, $2, $3, 'admin', true) \
               ON CONFLICT (source, legacy_key) DO UPDATE SET tombstone = true, hash_digest = NULL, replaced = NULL \
               RETURNING source, legacy_key, user_id";
    buried(sql, &[source, key, target])
}

/// The same for all legacy keys of a user.
pub(crate) fn bury_user(target: &str, user_id: &str) -> Vec<Buried> {
    let sql = "UPDATE ferry.link SET tombstone = true, hash_digest = NULL, replaced = NULL \
               WHERE target = $1 AND user_id = $2 RETURNING source, legacy_key, user_id";
    buried(sql, &[target, user_id])
}

fn buried(sql: &str, names: &[&str]) -> Vec<Buried> {
    let arguments: Vec<Arg<'_>> = names.iter().map(|name| Arg::Text(name)).collect();
    let rows = identity::as_ferry(|| plan::query(sql, &vec![TEXT; names.len()], &arguments));
    let buried = |row: Row| {
        let mut fields = row.into_iter();
        Some(Buried { source: fields.next()??, legacy_key: fields.next()??, user_id: fields.next()? })
    };
    rows.into_iter().filter_map(buried).collect()
}

/// Whether a login is one of those whom a retired source has left behind.
pub(crate) fn is_left_behind(source: &str, login: &str) -> bool {
    let sql = "SELECT ferry._is_left_behind($1, $2)";
    let arguments = [Arg::Text(source), Arg::Text(login)];
    plan::is_true(plan::kept(&IS_LEFT_BEHIND, sql, &[TEXT; 2], |plan| plan.rows(&arguments)))
}

/// Runs a statement that is not asked often, as pg_ferry itself; its arguments are texts.
fn run_once(sql: &str, arguments: &[Arg<'_>]) -> u64 {
    identity::as_ferry(|| Plan::prepare(sql, &vec![TEXT; arguments.len()], Planning::Auto).count(arguments))
}

/// Targets of one table, whose users are the same. A hash is replaced for all of them.
const SAME_USERS: &str = "SELECT s.name FROM ferry.target s \
                          JOIN ferry.target t USING (relation, id_column, hash_column) WHERE t.name = $1";

/// Notes that pg_ferry itself has replaced `old` by `new`: what was ours stays ours.
pub(crate) fn keep_digest(target: &str, user_id: &str, old: Option<&str>, new: &str) {
    let sql = format!(
        "UPDATE ferry.link SET hash_digest = {DIGEST} WHERE target IN ({SAME_USERS}) AND user_id = $2 \
         AND hash_digest = {}",
        DIGEST.replace("$3", "$4")
    );
    let arguments = [Arg::Text(target), Arg::Text(user_id), Arg::Text(new), Arg::from(old)];
    plan::kept(&KEEP_DIGEST, &sql, &[TEXT; 4], |plan| plan.count(&arguments));
}

/// Notes that a user has a password that is not the legacy one: nothing is kept by which that could be guessed. Of an
/// adopted user it stays known that the move has written a hash: see [`Link::has_digest`].
pub(crate) fn drop_digest(target: &str, user_id: &str) {
    let sql = format!(
        "UPDATE ferry.link SET {NO_DIGEST} \
         WHERE target IN ({SAME_USERS}) AND user_id = $2 AND hash_digest IS NOT NULL"
    );
    run_once(&sql, &[Arg::Text(target), Arg::Text(user_id)]);
}

const NO_DIGEST: &str = "hash_digest = CASE via WHEN 'adopt' THEN '' END";

/// A link that has the digest of a hash.
pub(crate) struct Digested {
    source: String,
    pub(crate) legacy_key: String,
    pub(crate) user_id: String,
    digest: String,
}

impl Digested {
    /// Whether it is the digest of the hash that the user has now.
    pub(crate) fn is_of(&self, hash: Option<&str>) -> bool {
        hash.is_some_and(|hash| digest(hash) == self.digest)
    }
}

/// The next of these, in the order of their legacy keys: all that have the last of them, too.
pub(crate) fn digested_after(target: &str, after: Option<&str>, rows: i64) -> Vec<Digested> {
    let sql = "SELECT source, legacy_key, user_id, hash_digest FROM ferry.link \
               WHERE target = $1 AND hash_digest <> '' AND ($2 IS NULL OR legacy_key > $2) \
               ORDER BY legacy_key FETCH FIRST $3 ROWS WITH TIES";
    let arguments = [Arg::Text(target), Arg::from(after), Arg::Long(rows)];
    let found = identity::as_ferry(|| plan::query(sql, &[TEXT, TEXT, LONG], &arguments));
    let digested = |row: Row| {
        let mut fields = row.into_iter();
        let (source, legacy_key) = (fields.next()??, fields.next()??);
        Some(Digested { source, legacy_key, user_id: fields.next()??, digest: fields.next()?? })
    };
    found.into_iter().filter_map(digested).collect()
}

/// As [`drop_digest`], of links whose digest is still the one that was seen.
pub(crate) fn drop_digests(stale: &[Digested]) {
    let texts = |text: fn(&Digested) -> &String| -> Vec<Option<String>> {
        stale.iter().map(|link| Some(text(link).clone())).collect()
    };
    let (sources, keys) = (texts(|link| &link.source), texts(|link| &link.legacy_key));
    let digests = texts(|link| &link.digest);
    let sql = format!(
        "UPDATE ferry.link l SET {NO_DIGEST} FROM unnest($1, $2, $3) AS s (source, legacy_key, digest) \
         WHERE l.source = s.source AND l.legacy_key = s.legacy_key AND l.hash_digest = s.digest"
    );
    let arguments = [Arg::Texts(&sources), Arg::Texts(&keys), Arg::Texts(&digests)];
    identity::as_ferry(|| Plan::prepare(&sql, &[TEXTS; 3], Planning::Custom).count(&arguments));
}

fn link(row: Row) -> Option<Link> {
    let mut fields = row.into_iter();
    Some(Link {
        source: fields.next()??,
        legacy_key: fields.next()??,
        user_id: fields.next()?,
        is_tombstone: fields.next()?.as_deref() == Some("t"),
        is_gone: fields.next()?.as_deref() == Some("t"),
        via: fields.next()?.as_deref().and_then(Via::parse),
        hash_digest: fields.next()?,
        replaced: fields.next()?,
        digest_now: fields.next().flatten(),
    })
}

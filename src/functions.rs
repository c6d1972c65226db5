//! Where SQL calls in: arguments are unpacked, one function is called, its answer is packed.
//!
//! The SQL declarations are in `sql/`; none is generated from here. pgrx wants the columns of a result
//! spelled out all the same, in the signature itself.
#![allow(
    clippy::type_complexity,
    clippy::too_many_arguments,
    reason = "SQL functions have as many arguments as they have"
)]

use crate::admin::{self, Unmoved};
use crate::authenticate::authenticate;
use crate::calibrate::Account;
use crate::error::{OrRaise, Refusal};
use crate::event::Kind;
use crate::flow::Request;
use crate::import::{Batch, Wanted};
use crate::outcome::Answer;
use crate::secret::Password;
use crate::source::Range;
use crate::spi::text::Text;
use crate::spi::{connect, watch};
use crate::{assess, calibrate, check, explain, hash, import, password, preview, wrap};
use legacy_hash::{ByteEncoding, Stored};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;
use zeroize::Zeroizing;

/// authenticated, user_id, outcome, must_change_password, retry_after
type AnswerRows = TableIterator<'static, (bool, Option<Text>, Text, bool, Option<Interval>)>;

/// user_id, outcome
type ResetRows = TableIterator<'static, (Option<Text>, Text)>;

fn answer_rows(answer: Answer) -> AnswerRows {
    let outcome = Text(answer.outcome.name().to_string());
    let user_id = answer.user_id.map(Text);
    // Nothing is throttled yet, so there is nothing to wait for.
    TableIterator::once((answer.outcome.is_success(), user_id, outcome, answer.must_change, None))
}

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
fn migrate_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let caller = Caller { kind: Kind::MigrateLogin, login, target, client: None };
    reset_rows(caller.request(None, admin::migrate))
}

#[pg_extern(sql = false)]
fn unmigrate_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text), name!(detail, Text))> {
    let caller = Caller { kind: Kind::UnmigrateLogin, login, target, client: None };
    let Unmoved { answer, detail } = caller.request(None, admin::unmigrate);
    let outcome = Text(answer.outcome.name().to_string());
    TableIterator::once((answer.user_id.map(Text), outcome, Text(detail.to_string())))
}

#[pg_extern(sql = false)]
fn forget_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let caller = Caller { kind: Kind::ForgetLogin, login, target, client: None };
    reset_rows(caller.request(None, admin::forget))
}

#[pg_extern(sql = false)]
fn find_login(login: Option<Text>, target: Option<Text>) -> Text {
    let caller = Caller { kind: Kind::FindLogin, login, target, client: None };
    Text(caller.request(None, password::find).to_string())
}

#[pg_extern(sql = false)]
fn explain_login(
    login: Option<Text>,
    password: Option<Text>,
    target: Option<Text>,
) -> TableIterator<
    'static,
    (name!(step, i32), name!(action, Text), name!(result, Text), name!(detail, Option<Text>)),
> {
    let password = password.map(secret);
    let caller = Caller { kind: Kind::Login, login, target, client: None };
    let notes = caller.request(password.as_ref(), explain::explain);
    TableIterator::new((1..).zip(notes).map(|(step, note)| {
        (step, Text(note.action), Text(note.result), note.detail.map(|detail| Text(detail.to_string())))
    }))
}

#[pg_extern(sql = false)]
fn wrap_open(
    target: Option<Text>,
    batch_size: Option<i64>,
    cpu_share: Option<f64>,
    no_other_checks: Option<bool>,
) -> i64 {
    let target = target.map_or_else(|| "default".to_string(), |target| target.0);
    let no_other_checks = no_other_checks.unwrap_or_default();
    let wanted = wrap::Wanted { target, batch_size, cpu_share, no_other_checks };
    connect(|| wrap::open(&wanted).or_raise())
}

#[pg_extern(sql = false)]
fn wrap_rows(
    target: Option<Text>,
    after: Option<Text>,
    rows: i64,
    tally: Option<Text>,
) -> TableIterator<
    'static,
    (name!(last_id, Option<Text>), name!(is_end, bool), name!(tally, Text), name!(report, Text)),
> {
    let target = target.map_or_else(|| "default".to_string(), |target| target.0);
    let (after, tally) = (after.map(|after| after.0), tally.map(|tally| tally.0));
    let batch = connect(|| wrap::batch(&target, after, rows, tally.as_deref()).or_raise());
    TableIterator::once((
        batch.last_id.map(Text),
        batch.is_end,
        Text(batch.tally.to_text()),
        Text(batch.report),
    ))
}

#[pg_extern(sql = false)]
fn import_open(
    source: Option<Text>,
    operation: Option<Text>,
    batch_size: Option<i64>,
    max_rows: Option<i64>,
    max_rejects: Option<i64>,
    rows_per_second: Option<i64>,
    key_from: Option<Text>,
    key_to: Option<Text>,
    changed_since: Option<Text>,
) -> TableIterator<'static, (name!(target, Text), name!(source_total, i64), name!(total, i64))> {
    let text = |text: Option<Text>| text.map_or_else(String::new, |text| text.0);
    let wanted = Wanted {
        source: text(source),
        operation: text(operation),
        batch_size,
        max_rows,
        max_rejects,
        rows_per_second,
        range: range(None, key_from, key_to, changed_since),
    };
    let opened = connect(|| import::open(&wanted).or_raise());
    TableIterator::once((Text(opened.target), opened.source_total, opened.total))
}

#[pg_extern(sql = false)]
fn import_rows(
    run: i64,
    source: Text,
    operation: Text,
    dry_run: bool,
    after: Option<Text>,
    key_from: Option<Text>,
    key_to: Option<Text>,
    changed_since: Option<Text>,
    rows: i64,
    most: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(done, i64),
        name!(moved, i64),
        name!(updated, i64),
        name!(deleted, i64),
        name!(refused, i64),
        name!(skipped, i64),
        name!(last_key, Option<Text>),
        name!(is_end, bool),
    ),
> {
    let range = range(after, key_from, key_to, changed_since);
    let most = most.unwrap_or(i64::MAX);
    let batch = Batch { run, source: source.0, operation: operation.0, dry_run, range, rows, most };
    let tally = connect(|| import::batch(&batch));
    TableIterator::once((
        tally.done,
        tally.moved,
        tally.updated,
        tally.deleted,
        tally.refused,
        tally.skipped,
        tally.last_key.map(Text),
        tally.is_end,
    ))
}

fn range(after: Option<Text>, from: Option<Text>, to: Option<Text>, changed_since: Option<Text>) -> Range {
    let text = |text: Option<Text>| text.map(|text| text.0);
    Range { after: text(after), from: text(from), to: text(to), changed_since: text(changed_since) }
}

#[pg_extern(sql = false)]
fn assess(
    source: Option<Text>,
    max_rows: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(topic, Text),
        name!(item, Text),
        name!(rows, Option<i64>),
        name!(sample, Option<Text>),
        name!(detail, Option<Text>),
        name!(hint, Option<Text>),
    ),
> {
    let source = source.map_or_else(String::new, |source| source.0);
    let lines = connect(|| assess::assess(&source, max_rows));
    TableIterator::new(lines.map(|line| {
        let (sample, detail, hint) = (line.sample.map(Text), line.detail.map(Text), line.hint.map(Text));
        (Text(line.topic.to_string()), Text(line.item), line.rows, sample, detail, hint)
    }))
}

#[pg_extern(sql = false)]
fn preview(
    source: Option<Text>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(legacy_key, Option<Text>),
        name!(login, Option<Text>),
        name!(action, Text),
        name!(row, Option<Text>),
        name!(problem, Option<Text>),
    ),
> {
    let source = source.map_or_else(String::new, |source| source.0);
    let rows = connect(|| preview::preview(&source, max_rows.unwrap_or(10)));
    TableIterator::new(rows.into_iter().map(|row| {
        let shown = row.row.map(|row| Text(row.to_string()));
        (row.key.map(Text), row.login.map(Text), Text(row.action.to_string()), shown, row.problem.map(Text))
    }))
}

#[pg_extern(sql = false)]
fn event_retention() -> Text {
    Text(crate::guc::event_retention())
}

#[pg_extern(sql = false)]
fn hash_formats() -> TableIterator<
    'static,
    (
        name!(name, Text),
        name!(strength, Text),
        name!(example, Text),
        name!(needs_salt, bool),
        name!(needs_login, bool),
        name!(needs_pepper, bool),
        name!(must_name, bool),
        name!(can_produce, bool),
        name!(note, Text),
    ),
> {
    let text = |text: &str| Text(text.to_string());
    TableIterator::new(legacy_hash::formats().map(move |format| {
        (
            text(format.name),
            Text(format.strength.to_string()),
            text(format.example),
            format.needs_salt,
            format.needs_login,
            format.needs_pepper,
            format.must_name,
            format.can_produce,
            text(format.note),
        )
    }))
}

#[pg_extern(sql = false)]
fn identify_hash(
    hash: Option<Text>,
) -> TableIterator<'static, (name!(format, Text), name!(needs, Vec<Option<String>>), name!(note, Text))> {
    let hash = hash.map_or_else(String::new, |hash| hash.0);
    TableIterator::new(
        hash::identify(&hash)
            .into_iter()
            .map(|(name, needs, note)| (Text(name), needs.into_iter().map(Some).collect(), Text(note))),
    )
}

/// The bytes of a salt or pepper; a null encoding is text.
fn bytes_of(text: Option<Text>, encoding: Option<Text>, part: &'static str) -> Option<Zeroizing<Vec<u8>>> {
    let encoding = encoding.map_or_else(|| ByteEncoding::Text.name().to_string(), |encoding| encoding.0);
    text.map(|text| Zeroizing::new(hash::decode(&text.0, &encoding, part)))
}

#[pg_extern(sql = false)]
fn verify_hash(
    password: Option<Text>,
    hash: Option<Text>,
    format: Option<Text>,
    salt: Option<Text>,
    login: Option<Text>,
    pepper: Option<Text>,
    salt_encoding: Option<Text>,
    pepper_encoding: Option<Text>,
) -> Option<bool> {
    let (password, hash) = (secret(password?), hash?);
    let salt = bytes_of(salt, salt_encoding, "salt");
    let pepper = bytes_of(pepper, pepper_encoding, "pepper");
    let stored = Stored {
        hash: &hash.0,
        salt: salt.as_ref().map(|salt| salt.as_slice()),
        login: login.as_ref().map(|login| login.0.as_str()),
        pepper: pepper.as_ref().map(|pepper| pepper.as_slice()),
    };
    Some(hash::verify(&password, &stored, format.as_ref().map(|format| format.0.as_str())))
}

#[pg_extern(sql = false)]
fn calibrate(
    hash: Option<Text>,
    password: Option<Text>,
    salt: Option<Text>,
    login: Option<Text>,
    pepper: Option<Text>,
    salt_encoding: Option<Text>,
    pepper_encoding: Option<Text>,
) -> TableIterator<
    'static,
    (name!(format, Text), name!(unicode_form, Text), name!(transform, Option<Text>), name!(charset, Text)),
> {
    let (Some(hash), Some(password)) = (hash, password.map(secret)) else { return TableIterator::empty() };
    let salt = bytes_of(salt, salt_encoding, "salt");
    let pepper = bytes_of(pepper, pepper_encoding, "pepper");
    let account = Account {
        hash: &hash.0,
        salt: salt.as_ref().map(|salt| salt.as_slice()),
        login: login.as_ref().map(|login| login.0.as_str()),
        pepper: pepper.as_ref().map(|pepper| pepper.as_slice()),
    };
    let fits = calibrate::calibrate(&password, &account).map_err(Refusal::from).or_raise();
    let text = |text: &str| Text(text.to_string());
    TableIterator::new(fits.into_iter().map(move |fit| {
        let transform = fit.transform.map(text);
        (Text(fit.format), text(fit.unicode_form), transform, text(fit.charset))
    }))
}

#[pg_extern(sql = false)]
fn hash_password(password: Text, policy: Text) -> Text {
    Text(hash::make(&secret(password), &policy.0))
}

#[pg_extern(sql = false)]
fn needs_rehash(hash: Text, policy: Text) -> bool {
    hash::policy(&policy.0).needs_rehash(&hash.0)
}

#[pg_extern(sql = false)]
fn check_config_row(table: Option<Text>, new: Option<Text>, old: Option<Text>) -> Option<Text> {
    // The triggers pass what to_jsonb made.
    let document = |text: Text| serde_json::from_str::<Value>(&text.0).ok();
    let (new, old) = (new.and_then(document), old.and_then(document));
    connect(|| check::check_row(&table?.0, new, old.as_ref())).map(|row| Text(row.to_string()))
}

#[pg_extern(sql = false)]
fn config_changed() {
    watch::invalidate_config();
}

#[pg_extern(sql = false)]
fn check_all() -> TableIterator<
    'static,
    (name!(object, Text), name!(severity, Text), name!(problem, Text), name!(hint, Option<Text>)),
> {
    let findings = connect(check::check_all);
    TableIterator::new(findings.into_iter().map(|found| {
        (Text(found.object), Text(found.severity.to_string()), Text(found.problem), found.hint.map(Text))
    }))
}

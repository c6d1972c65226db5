//! The config tables as one snapshot per backend, dropped when any of them, or a relation that it
//! names, changes.

use crate::error::{Kind, Refusal};
use crate::login::LoginForm;
use crate::source::Source;
use crate::spi::parse::quote_literal;
use crate::spi::types::Oid;
use crate::spi::{identity, plan, watch};
use crate::target::Target;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A row of `ferry.target`.
#[derive(Clone, Deserialize)]
pub(crate) struct TargetRow {
    pub(crate) name: String,
    pub(crate) relation: String,
    pub(crate) id_column: String,
    pub(crate) login_columns: Vec<String>,
    pub(crate) login_form: LoginForm,
    pub(crate) hash_column: String,
    pub(crate) hash_policy: String,
    pub(crate) unicode_form: String,
    pub(crate) allowed: Option<String>,
    pub(crate) must_change: Option<String>,
    pub(crate) lookup: Vec<String>,
    pub(crate) adopt: Adopt,
    pub(crate) verified: Option<String>,
    pub(crate) changed_at: Option<String>,
    pub(crate) on_mismatch: OnMismatch,
    pub(crate) on_mismatch_until: Option<String>,
    pub(crate) outbox: Vec<String>,
    pub(crate) no_other_checks: bool,
    pub(crate) run_as: Option<String>,
    pub(crate) search_path: Option<String>,
}

/// Which users that pg_ferry did not move may be tied to a legacy user.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Adopt {
    Refuse,
    Locked,
    Any,
    Review,
}

/// What a wrong password of a moved user means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnMismatch {
    Refuse,
    Source,
}

/// A row of `ferry.source`.
#[derive(Clone, Deserialize)]
pub(crate) struct SourceRow {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) kind: SourceKind,
    pub(crate) relation: Option<String>,
    pub(crate) server: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) row_type: Option<String>,
    pub(crate) key_column: String,
    pub(crate) login_columns: Vec<String>,
    pub(crate) hash: String,
    pub(crate) salt: Option<String>,
    pub(crate) salt_encoding: String,
    pub(crate) hash_login: Option<String>,
    pub(crate) pepper: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) unicode_forms: Vec<String>,
    pub(crate) transforms: Vec<String>,
    pub(crate) charsets: Vec<String>,
    pub(crate) scope: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) on_wrong: OnWrong,
    pub(crate) enabled: bool,
    pub(crate) verified: Option<String>,
    pub(crate) changed_at: Option<String>,
    pub(crate) unmapped: Option<String>,
    pub(crate) last_seen: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) contact: Option<String>,
    /// Only in the snapshot: it is asked no more, and how logins of those end who were left behind.
    #[serde(default)]
    pub(crate) retired: Option<Ending>,
    pub(crate) deactivate: Option<BTreeMap<String, String>>,
    /// Only in the snapshot: the row's `timeout` in milliseconds.
    #[serde(default)]
    pub(crate) timeout_ms: i32,
}

/// How logins of those end whom a retired source has left behind.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ending {
    Invalid,
    Rejected,
    Unavailable,
}

/// How a source is asked.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceKind {
    Relation,
    Dblink,
}

/// What a wrong password in a source, or its silence, means for the sources after it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnWrong {
    Stop,
    Next,
}

/// A row of `ferry.mapping`.
#[derive(Clone, Deserialize)]
pub(crate) struct MappingRow {
    pub(crate) source: String,
    pub(crate) target_column: String,
    pub(crate) expression: String,
    pub(crate) on_conflict: OnConflict,
    pub(crate) refresh: bool,
}

/// What adopting an existing user does to a mapped column.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnConflict {
    Keep,
    Overwrite,
    Fill,
    Merge,
    Newer,
}

/// A row of `ferry.rule`.
#[derive(Clone, Deserialize)]
pub(crate) struct RuleRow {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) severity: Severity,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

/// What breaking a rule means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    Reject,
    MustChange,
    Warn,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Reject => "reject",
            Severity::MustChange => "must_change",
            Severity::Warn => "warn",
        }
    }
}

/// A row of `ferry.child`.
#[derive(Clone, Deserialize)]
pub(crate) struct ChildRow {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) relation: String,
    pub(crate) user_column: String,
    pub(crate) rows: String,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) on_conflict: OnChildConflict,
    pub(crate) refresh: bool,
}

/// What is done where a user has rows in the child table already.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnChildConflict {
    Add,
    Keep,
    Replace,
}

/// A row of `ferry.hook`.
#[derive(Clone, Deserialize)]
pub(crate) struct HookRow {
    pub(crate) target: String,
    pub(crate) name: String,
    pub(crate) source: Option<String>,
    pub(crate) point: Point,
    pub(crate) function: String,
    pub(crate) enabled: bool,
    /// Only in the snapshot: the row's `timeout` in milliseconds.
    #[serde(default)]
    pub(crate) timeout_ms: i32,
}

/// When a hook is called.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Point {
    BeforeSource,
    AfterFetch,
    AfterVerify,
    BeforeWrite,
    AfterWrite,
    AfterLogin,
    OnFailure,
}

impl Point {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Point::BeforeSource => "before_source",
            Point::AfterFetch => "after_fetch",
            Point::AfterVerify => "after_verify",
            Point::BeforeWrite => "before_write",
            Point::AfterWrite => "after_write",
            Point::AfterLogin => "after_login",
            Point::OnFailure => "on_failure",
        }
    }
}

impl HookRow {
    /// What errors call it.
    pub(crate) fn place(&self) -> String {
        format!("hook {}.{}", self.target, self.name)
    }

    /// Whether it is called for users of that source.
    pub(crate) fn is_about(&self, source: &str) -> bool {
        self.source.as_deref().is_none_or(|own| own == source)
    }
}

/// All rows of config.
#[derive(Deserialize)]
pub(crate) struct Rows {
    relations: Vec<u32>,
    pub(crate) targets: Vec<TargetRow>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) mappings: Vec<MappingRow>,
    pub(crate) rules: Vec<RuleRow>,
    pub(crate) children: Vec<ChildRow>,
    pub(crate) hooks: Vec<HookRow>,
}

impl Rows {
    pub(crate) fn target(&self, name: &str) -> Option<&TargetRow> {
        self.targets.iter().find(|row| row.name == name)
    }

    pub(crate) fn sources_of<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a SourceRow> {
        self.sources.iter().filter(move |row| row.target == target)
    }

    /// The sources of a target that are not retired.
    pub(crate) fn live_sources_of<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a SourceRow> {
        self.sources_of(target).filter(|row| row.retired.is_none())
    }

    pub(crate) fn is_retired(&self, source: &str) -> bool {
        self.sources.iter().any(|row| row.name == source && row.retired.is_some())
    }

    /// Whether later logins of one of the target's sources have something to bring up to date.
    pub(crate) fn refreshes(&self, target: &str) -> bool {
        let mappings = self.mappings.iter().filter(|row| row.refresh).map(|row| &row.source);
        let children = self.children.iter().filter(|row| row.refresh).map(|row| &row.source);
        mappings.chain(children).any(|name| self.live_sources_of(target).any(|source| source.name == *name))
    }

    /// What is written of one source beside its own row.
    pub(crate) fn parts_of(&self, source: &str) -> Parts {
        Parts {
            mappings: self.mappings.iter().filter(|row| row.source == source).cloned().collect(),
            rules: self.rules.iter().filter(|row| row.source == source).cloned().collect(),
            children: self.children.iter().filter(|row| row.source == source).cloned().collect(),
            hooks: Vec::new(),
        }
    }

    /// The hooks that are about rows of a source of that target.
    pub(crate) fn hooks_of_source(&self, source: &str, target: &str) -> Vec<HookRow> {
        let is_of = |row: &&HookRow| {
            row.enabled && row.point.is_of_source() && row.target == target && row.is_about(source)
        };
        self.hooks.iter().filter(is_of).cloned().collect()
    }

    /// Whether a hook may change the rows of users from a source before they are written.
    pub(crate) fn may_change_rows(&self, source: &SourceRow) -> bool {
        let may_change = |hook: &HookRow| {
            hook.enabled
                && hook.point == Point::BeforeWrite
                && hook.target == source.target
                && hook.is_about(&source.name)
        };
        self.hooks.iter().any(may_change)
    }

    /// The hooks that are about users of a target.
    pub(crate) fn hooks_of_target(&self, target: &str) -> Vec<HookRow> {
        let is_of = |row: &&HookRow| row.enabled && !row.point.is_of_source() && row.target == target;
        self.hooks.iter().filter(is_of).cloned().collect()
    }
}

/// The rows of config that belong to one source.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) mappings: Vec<MappingRow>,
    pub(crate) rules: Vec<RuleRow>,
    pub(crate) children: Vec<ChildRow>,
    pub(crate) hooks: Vec<HookRow>,
}

/// The rows, and what was opened from them so far.
struct Snapshot {
    generation: u64,
    rows: Rc<Rows>,
    targets: HashMap<String, Rc<Target>>,
    sources: HashMap<String, Rc<Source>>,
}

thread_local! {
    static SNAPSHOT: RefCell<Option<Snapshot>> = const { RefCell::new(None) };
}

/// Reads the config tables, now.
pub(crate) fn read() -> Rows {
    let document = identity::as_ferry(|| plan::query("SELECT ferry._config()", &[], &[]));
    let text = plan::first(document).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|error| {
        Refusal::new(Kind::State, "config of pg_ferry is not what this version of the library expects")
            .detail(error.to_string())
            .hint("Run ALTER EXTENSION pg_ferry UPDATE.")
            .raise()
    })
}

/// The source of that name, enabled or not, and its target, opened as of now.
pub(crate) fn source_named(name: &str) -> Result<(Rc<Source>, Rc<Target>), Refusal> {
    watch::catch_up();
    let rows = rows();
    let row = rows.sources.iter().find(|row| row.name == name).ok_or_else(|| {
        Refusal::new(Kind::Invalid, format!("there is no source \"{name}\""))
            .hint("Sources are rows of ferry.source.")
    })?;
    need_live(row)?;
    let target = target(&row.target)?;
    Ok((source(row, &target)?, target))
}

/// Refuses a source that is asked no more.
pub(crate) fn need_live(row: &SourceRow) -> Result<(), Refusal> {
    match row.retired {
        None => Ok(()),
        Some(_) => Err(retired(&row.name)),
    }
}

pub(crate) fn retired(source: &str) -> Refusal {
    let take_back = format!("SELECT ferry.reinstate_source({}); takes that back.", quote_literal(source));
    Refusal::new(Kind::State, format!("source {source} is retired")).hint(take_back)
}

/// The rows of the current generation, read anew only when something has changed.
pub(crate) fn rows() -> Rc<Rows> {
    if let Some(rows) = current(|snapshot| Rc::clone(&snapshot.rows)) {
        return rows;
    }
    let generation = watch::generation();
    let rows = Rc::new(read());
    watch::watch(rows.relations.iter().map(|oid| Oid::from(*oid)).collect());
    let snapshot =
        Snapshot { generation, rows: Rc::clone(&rows), targets: HashMap::new(), sources: HashMap::new() };
    SNAPSHOT.set(Some(snapshot));
    rows
}

/// The target of that name, opened, as of now: every login begins with it.
pub(crate) fn target(name: &str) -> Result<Rc<Target>, Refusal> {
    watch::catch_up();
    let rows = rows();
    if let Some(target) = current(|snapshot| snapshot.targets.get(name).cloned()).flatten() {
        return Ok(target);
    }
    let row = rows.target(name).ok_or_else(|| unknown_target(name))?;
    let target = Rc::new(Target::open(row)?.with_hooks(rows.hooks_of_target(name)));
    keep(|snapshot| {
        snapshot.targets.insert(name.to_string(), Rc::clone(&target));
    });
    Ok(target)
}

/// The source of that row, opened.
pub(crate) fn source(row: &SourceRow, target: &Target) -> Result<Rc<Source>, Refusal> {
    if let Some(source) = current(|snapshot| snapshot.sources.get(&row.name).cloned()).flatten() {
        return Ok(source);
    }
    let rows = rows();
    let hooks = rows.hooks_of_source(&row.name, &row.target);
    let parts = Parts { hooks, ..rows.parts_of(&row.name) };
    let source = Rc::new(Source::open(row, parts, target)?);
    keep(|snapshot| {
        snapshot.sources.insert(row.name.clone(), Rc::clone(&source));
    });
    Ok(source)
}

fn current<T>(read: impl FnOnce(&Snapshot) -> T) -> Option<T> {
    SNAPSHOT.with_borrow(|snapshot| {
        snapshot.as_ref().filter(|snapshot| snapshot.generation == watch::generation()).map(read)
    })
}

fn keep(write: impl FnOnce(&mut Snapshot)) {
    SNAPSHOT.with_borrow_mut(|snapshot| {
        if let Some(snapshot) = snapshot.as_mut().filter(|kept| kept.generation == watch::generation()) {
            write(snapshot);
        }
    });
}

pub(crate) fn unknown_target(name: &str) -> Refusal {
    Refusal::new(Kind::Invalid, format!("there is no target \"{name}\""))
        .hint("Targets are rows of ferry.target; the one used by default is named default.")
}

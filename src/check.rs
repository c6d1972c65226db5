//! Config is checked as it is written, and again on request. Checking is opening: what a login would
//! refuse to use is refused here. No legacy system is contacted.

use crate::catalog::{self, Relation};
use crate::config::{self, HookRow, OnMismatch, Parts, Rows, SourceKind, SourceRow, TargetRow};
use crate::error::{Kind, OrRaise, Refusal};
use crate::hook;
use crate::lint;
use crate::source::Source;
use crate::spi::guard;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{Oid, TEXT};
use crate::spi::{identity, session};
use crate::target::{self, Target};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Checks one row of `table` that is about to be written, and returns it with what was left out
/// filled in: canonical relation names, `run_as`, `search_path`. Raises what is wrong with it.
pub(crate) fn check_row(table: &str, new: Option<Value>, old: Option<&Value>) -> Option<Value> {
    need_object(new.as_ref()).and_then(|()| need_object(old)).or_raise();
    let rows = config::read();
    if let Some(old) = old {
        may_write(table, old, &rows).or_raise();
    }
    let mut new = new?;
    need_values(table, &new).or_raise();
    let checked = match table {
        "target" => check_target(&mut new, old, &rows),
        "source" => check_source(&mut new, old, &rows),
        "child" => check_child(&mut new, &rows),
        "hook" => check_hook(&mut new, &rows),
        "rule" => check_part(table, &new, &rows, |row| Parts { rules: vec![row], ..Parts::default() }),
        _ => check_part(table, &new, &rows, |row| Parts { mappings: vec![row], ..Parts::default() }),
    };
    checked.or_raise();
    Some(new)
}

fn need_object(row: Option<&Value>) -> Result<(), Refusal> {
    if row.is_none_or(Value::is_object) {
        return Ok(());
    }
    Err(Refusal::new(Kind::Invalid, "a row of config is a JSON object")
        .hint("This function is for the triggers of the config tables: write to those."))
}

/// What NOT NULL would refuse too, but without a hint.
fn need_values(table: &str, row: &Value) -> Result<(), Refusal> {
    let document = row.to_string();
    let lacking = identity::as_ferry(|| {
        plan::query(
            "SELECT * FROM ferry._lacking($1, $2::jsonb)",
            &[TEXT, TEXT],
            &[Arg::Text(table), Arg::Text(&document)],
        )
    });
    let mut fields = lacking.into_iter().flatten().map(Option::unwrap_or_default);
    let (Some(column), Some(comment)) = (fields.next(), fields.next()) else { return Ok(()) };
    let place = format!("{table} {}", title(row));
    Err(Refusal::new(Kind::Invalid, format!("{}, {column}: it is null", place.trim_end()))
        .hint(format!("Give it a value: {comment}.")))
}

/// Whoever writes config has it run as the target's role, so must be a member of it.
fn may_write(table: &str, row: &Value, rows: &Rows) -> Result<(), Refusal> {
    let run_as = match (table, target_of(table, row, rows)) {
        ("target", _) => text(row, "run_as"),
        (_, Some(target)) => target.run_as.clone(),
        // As what it will run is not known. In a dump it may come before its target; nobody else may wait for one.
        _ if identity::current_user_is_superuser() => None,
        ("source" | "hook", None) => {
            let place = format!("{table} {}, target", title(row));
            return Err(config::unknown_target(&text(row, "target").unwrap_or_default()).within(&place));
        }
        _ => return Err(unknown_source(table, row, &text(row, "source").unwrap_or_default())),
    };
    run_as.map_or(Ok(()), |role| may_act_as(&role))
}

fn may_act_as(role_name: &str) -> Result<(), Refusal> {
    let allowed = match identity::role(role_name) {
        Some(role) if identity::is_superuser(role) => identity::current_user_is_superuser(),
        Some(role) => identity::current_user_is_member_of(role),
        // A dump is restored before its roles are there; nobody else gets to name one in advance.
        None if session::checks_are_on() => return Err(no_role(role_name)),
        None => identity::current_user_is_superuser(),
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::Privilege,
        format!("only members of role \"{role_name}\" may write the config that runs as it"),
    )
    .hint(cure_of_membership(role_name)))
}

fn cure_of_membership(role_name: &str) -> String {
    if identity::role(role_name).is_none_or(identity::is_superuser) {
        return "Have a superuser do it, or name another role in run_as of ferry.target.".to_string();
    }
    let (role, writer) = (identity::quoted(role_name), identity::quoted(&identity::current_user()));
    format!(
        "GRANT {role} TO {writer}; or have a member of the role do it, or name another in run_as of ferry.target."
    )
}

fn no_role(name: &str) -> Refusal {
    Refusal::new(Kind::Object, format!("role \"{name}\" of run_as does not exist"))
        .hint("Create the role, or name another in run_as of ferry.target.")
}

/// The target whose role a source or mapping row runs as.
fn target_of<'a>(table: &str, row: &Value, rows: &'a Rows) -> Option<&'a TargetRow> {
    let target = match table {
        "source" | "hook" => text(row, "target")?,
        _ => {
            let source = text(row, "source")?;
            rows.sources.iter().find(|known| known.name == source)?.target.clone()
        }
    };
    rows.target(&target)
}

fn check_target(new: &mut Value, old: Option<&Value>, rows: &Rows) -> Result<(), Refusal> {
    keeps_its_links("target", &["name", "id_column"], new, old)?;
    may_write("target", new, rows)?;
    let name = text(new, "relation").unwrap_or_default();
    let oid = canonicalise("target", new, "relation", catalog::relation_oid(&name))?;
    if let (None, Some(oid)) = (text(new, "run_as"), oid) {
        let owner = default_role(oid, new)?;
        new["run_as"] = Value::String(owner);
    }
    if text(new, "search_path").is_none() {
        new["search_path"] = Value::String(identity::current_search_path());
    }
    may_write("target", new, rows)?;
    if !session::checks_are_on() {
        return Ok(());
    }
    let row: TargetRow = parse("target", new)?;
    check_target_values(&row)?;
    check_search_path(&row)?;
    let target = Target::open(&row)?;
    for source in rows.live_sources_of(&row.name) {
        Source::open(source, rows.parts_of(&source.name), &target)?;
    }
    check_hooks(rows.hooks_of_target(&row.name), &target.relation, &target)
}

/// The owner of the users table, unless that is a superuser.
fn default_role(relation: Oid, row: &Value) -> Result<String, Refusal> {
    let Some(relation) = catalog::describe(relation, "") else { return Ok(String::new()) };
    let place = format!("target {}", text(row, "name").unwrap_or_default());
    target::check_kind(&relation, &place)?;
    let (owner, title) = (relation.owner, relation.title);
    if identity::role(&owner).is_some_and(identity::is_superuser) && session::checks_are_on() {
        return Err(Refusal::new(
            Kind::Privilege,
            format!("{place}: {title} belongs to superuser \"{owner}\", whose rights config SQL does not get unasked"),
        )
        .hint(format!(
            "Give the table to a role made for it: ALTER TABLE {title} OWNER TO app_owner; or set run_as \
             (a superuser can be named there by a superuser)."
        )));
    }
    Ok(owner)
}

fn check_source(new: &mut Value, old: Option<&Value>, rows: &Rows) -> Result<(), Refusal> {
    keeps_its_links("source", &["name", "target", "key_column"], new, old)?;
    may_write("source", new, rows)?;
    let relation = text(new, "relation").unwrap_or_default();
    canonicalise("source", new, "relation", catalog::relation_oid(&relation))?;
    let row_type = text(new, "row_type").unwrap_or_default();
    canonicalise("source", new, "row_type", catalog::row_type_relation_oid(&row_type))?;
    let row: SourceRow = parse("source", new)?;
    check_complete(&row)?;
    if !session::checks_are_on() {
        return Ok(());
    }
    check_source_values(&row, new)?;
    let former = old.and_then(|old| text(old, "name")).unwrap_or_default();
    // What it names may be gone: it is checked when it is taken back.
    if rows.is_retired(&former) {
        return Ok(());
    }
    let place = format!("source {}, target", row.name);
    let target =
        rows.target(&row.target).ok_or_else(|| config::unknown_target(&row.target).within(&place))?;
    let target = Target::open(target)?;
    let source = Source::open(&row, rows.parts_of(&former), &target)?;
    check_hooks(rows.hooks_of_source(&former, &row.target), &source.rows, &target)
}

/// What the CHECKs of the table would refuse too, but without a hint.
fn check_target_values(row: &TargetRow) -> Result<(), Refusal> {
    check_name_and_logins("target", &row.name, &row.login_columns)?;
    if row.on_mismatch == OnMismatch::Source && row.on_mismatch_until.is_none() {
        let what = format!("target {}, on_mismatch_until: on_mismatch = source needs an end", row.name);
        return Err(Refusal::new(Kind::Invalid, what)
            .hint("Set on_mismatch_until too, for example to now() + interval '6 months'."));
    }
    Ok(())
}

/// The same of a source.
fn check_source_values(row: &SourceRow, document: &Value) -> Result<(), Refusal> {
    check_name_and_logins("source", &row.name, &row.login_columns)?;
    check_timeout("source", document)?;
    if row.deactivate.as_ref().is_some_and(BTreeMap::is_empty) {
        let what = format!("source {}, deactivate: there is no column in it", row.name);
        return Err(Refusal::new(Kind::Invalid, what)
            .hint("Give at least one with its expression, such as '{\"active\": \"false\"}', or null."));
    }
    Ok(())
}

fn check_timeout(table: &str, row: &Value) -> Result<(), Refusal> {
    let timeout = text(row, "timeout").unwrap_or_default();
    let sql = "SELECT WHERE $1::interval BETWEEN '1 millisecond' AND '1 hour'";
    if identity::as_ferry(|| plan::query(sql, &[TEXT], &[Arg::Text(&timeout)])).is_empty() {
        let what = format!("{table} {}, timeout: \"{timeout}\" is out of bounds", title(row));
        return Err(Refusal::new(Kind::Invalid, what).hint("Set it to between 1 millisecond and 1 hour."));
    }
    Ok(())
}

/// What PostgreSQL would not take for one, with the place where it stands.
fn check_search_path(row: &TargetRow) -> Result<(), Refusal> {
    let Some(role) = row.run_as.as_deref().and_then(identity::role) else { return Ok(()) };
    let path = row.search_path.as_deref().unwrap_or_default();
    let set = guard::attempt(|| identity::act_as(role, path, Reach::Evaluate, || ()));
    set.map_err(|error| {
        Refusal::in_config(&format!("target {}, search_path", row.name), error)
            .hint("It is a list of schemas, such as public, legacy: odd names stand in double quotes.")
    })
}

fn check_name_and_logins(table: &str, name: &str, login_columns: &[String]) -> Result<(), Refusal> {
    check_name(table, name)?;
    if login_columns.is_empty() {
        let what = format!("{table} {name}, login_columns: there is none");
        return Err(Refusal::new(Kind::Invalid, what)
            .hint("Name the columns that logins are looked up in, such as '{email}'."));
    }
    Ok(())
}

fn check_name(table: &str, name: &str) -> Result<(), Refusal> {
    if !name.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Kind::Invalid, format!("{table}, name: it is empty"))
        .hint("Events call it by its name: give it one."))
}

/// Says what each kind needs before the CHECK of the table says only its own name.
fn check_complete(row: &SourceRow) -> Result<(), Refusal> {
    let dblink = [&row.server, &row.query, &row.row_type];
    let (is_complete, needs, hint) = match row.kind {
        SourceKind::Relation => (
            row.relation.is_some() && dblink.iter().all(|column| column.is_none()),
            "relation, and no server, query and row_type",
            "Name a table, view or foreign table in relation, or set kind to dblink.",
        ),
        SourceKind::Dblink => (
            row.relation.is_none() && dblink.iter().all(|column| column.is_some()),
            "server, query and row_type, and no relation",
            "For example query = 'SELECT id, email, password FROM users WHERE email = $1'.",
        ),
    };
    if is_complete {
        return Ok(());
    }
    let kind = if row.kind == SourceKind::Relation { "relation" } else { "dblink" };
    Err(Refusal::new(Kind::Invalid, format!("source {}: kind {kind} needs {needs}", row.name)).hint(hint))
}

/// A row that belongs to a source is checked with it, and without its siblings.
fn check_part<T: DeserializeOwned>(
    table: &str,
    new: &Value,
    rows: &Rows,
    alone: impl FnOnce(T) -> Parts,
) -> Result<(), Refusal> {
    may_write(table, new, rows)?;
    let part = alone(parse(table, new)?);
    if !session::checks_are_on() {
        return Ok(());
    }
    if let Some(name) = text(new, "name") {
        check_name(table, &name)?;
    }
    let name = text(new, "source").unwrap_or_default();
    let source = rows.sources.iter().find(|source| source.name == name);
    let (Some(source), Some(target)) = (source, target_of(table, new, rows)) else {
        return Err(unknown_source(table, new, &name));
    };
    if rows.is_retired(&name) {
        return Err(config::retired(&name).within(&format!("{table} {}", title(new))));
    }
    Source::open(source, part, &Target::open(target)?).map(drop)
}

fn unknown_source(table: &str, row: &Value, name: &str) -> Refusal {
    let what = format!("{table} {}, source: there is no source \"{name}\"", title(row));
    Refusal::new(Kind::Invalid, what).hint("Sources are rows of ferry.source: write that row first.")
}

fn check_child(new: &mut Value, rows: &Rows) -> Result<(), Refusal> {
    may_write("child", new, rows)?;
    let relation = text(new, "relation").unwrap_or_default();
    canonicalise("child", new, "relation", catalog::relation_oid(&relation))?;
    check_part("child", new, rows, |row| Parts { children: vec![row], ..Parts::default() })
}

/// Finds and checks the function of a hook, and stores its schema-qualified name.
fn check_hook(new: &mut Value, rows: &Rows) -> Result<(), Refusal> {
    may_write("hook", new, rows)?;
    let row: HookRow = parse("hook", new)?;
    if !session::checks_are_on() {
        return Ok(());
    }
    check_name("hook", &row.name)?;
    check_timeout("hook", new)?;
    let target = rows.target(&row.target);
    let target = target
        .ok_or_else(|| config::unknown_target(&row.target).within(&format!("{}, target", row.place())))?;
    if let Some(source) = row.source.as_ref().filter(|name| rows.sources.iter().all(|row| row.name != **name))
    {
        return Err(unknown_source("hook", new, source));
    }
    let is_elsewhere =
        |source: &&SourceRow| row.source.as_ref() == Some(&source.name) && source.target != row.target;
    if let Some(source) = rows.sources.iter().find(is_elsewhere) {
        let message = format!("{}: source {} belongs to target {}", row.place(), source.name, source.target);
        return Err(Refusal::new(Kind::Invalid, message).hint("Name a source of the same target, or none."));
    }
    new["function"] = Value::String(find_hook(row, rows, &Target::open(target)?)?);
    Ok(())
}

/// The schema-qualified name of a hook's function, once it was checked for all rows that the hook is about.
fn find_hook(mut row: HookRow, rows: &Rows, target: &Target) -> Result<String, Refusal> {
    if !row.point.is_of_source() {
        return hook::check(&row, &target.relation, &target.actor);
    }
    let sources: Vec<&SourceRow> =
        rows.sources_of(&target.row.name).filter(|source| row.is_about(&source.name)).collect();
    if sources.is_empty() {
        let message = format!("{}: target {} has no source yet", row.place(), row.target);
        return Err(Refusal::new(Kind::State, message)
            .hint("Write the source first: what a hook takes is checked against its rows."));
    }
    for source in sources.into_iter().filter(|source| source.retired.is_none()) {
        let source = Source::open(source, Parts::default(), target)?;
        row.function = hook::check(&row, &source.rows, &target.actor)?;
    }
    Ok(row.function)
}

/// Checks those hooks against what they are about.
fn check_hooks(hooks: Vec<HookRow>, about: &Relation, target: &Target) -> Result<(), Refusal> {
    hooks.iter().try_for_each(|row| hook::check(row, about, &target.actor).map(drop))
}

/// Stores the schema-qualified name, so that it means the same under every search path.
fn canonicalise(
    table: &str,
    row: &mut Value,
    field: &str,
    found: Result<Option<Oid>, crate::spi::guard::SqlError>,
) -> Result<Option<Oid>, Refusal> {
    if row[field].is_null() {
        return Ok(None);
    }
    let place = format!("{table} {}, {field}", title(row));
    let oid = found.map_err(|error| Refusal::in_config(&place, error).or_hint(catalog::NAME_WITH_SCHEMA))?;
    if let Some(relation) = oid.and_then(|oid| catalog::describe(oid, "")) {
        row[field] = Value::String(relation.title);
    }
    Ok(oid)
}

/// Links keep names for ever: what they name cannot be renamed, and the keys and ids in them are those of one column.
/// Under another, an import would take all who were moved for people who are gone.
fn keeps_its_links(table: &str, fields: &[&str], new: &Value, old: Option<&Value>) -> Result<(), Refusal> {
    let Some((old, former)) = old.and_then(|old| Some((old, text(old, "name")?))) else { return Ok(()) };
    let Some(field) = fields.iter().find(|field| text(new, field) != text(old, field)) else { return Ok(()) };
    let sql = format!("SELECT FROM ferry.link WHERE {table} = $1 LIMIT 1");
    if identity::as_ferry(|| plan::query(&sql, &[TEXT], &[Arg::Text(&former)])).is_empty() {
        return Ok(());
    }
    let refusal =
        Refusal::new(Kind::State, format!("{table} \"{former}\" has moved users and keeps its {field}"))
            .hint("Links in ferry.link are permanent. Add a new row instead.");
    Err(match *field {
        "id_column" | "key_column" => refusal.more_hint(
            "Where the column was renamed, let relation be a view that has it under its former name.",
        ),
        _ => refusal,
    })
}

/// What messages call a row.
fn title(row: &Value) -> String {
    // A hook belongs to its target, everything else that has a source to that.
    let owner = if row.get("point").is_some() { "target" } else { "source" };
    let parts = [owner, "name", "target_column"].into_iter().filter_map(|field| text(row, field));
    parts.collect::<Vec<_>>().join(".")
}

fn text(row: &Value, field: &str) -> Option<String> {
    row.get(field).and_then(Value::as_str).map(str::to_string)
}

/// Values that a CHECK of the table refuses have not met it yet: a trigger comes first.
fn parse<T: DeserializeOwned>(table: &str, row: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(row).map_err(|error| {
        let what = error.inner().to_string().replace("unknown variant", "unknown value").replace('`', "\"");
        let what = if what.starts_with("invalid type: null") { "it is null".to_string() } else { what };
        Refusal::new(Kind::Invalid, format!("{table} {}, {}: {what}", title(row), error.path()))
            .hint(format!("The comments of the columns say more: \\d+ ferry.{table}"))
    })
}

/// A finding of `ferry.check_config`.
pub(crate) struct Finding {
    pub(crate) object: String,
    pub(crate) severity: &'static str,
    pub(crate) problem: String,
    pub(crate) hint: Option<String>,
}

/// Opens everything anew and tells what cannot be.
pub(crate) fn check_all() -> Vec<Finding> {
    let rows = config::read();
    let mut findings = Vec::new();
    for row in &rows.targets {
        findings.extend(rows.sources_of(&row.name).filter_map(lint::retired));
        match Target::open(row) {
            Ok(target) => {
                findings.extend(lint::target(&target));
                let sources = rows.live_sources_of(&row.name);
                findings.extend(sources.flat_map(|source| check_source_parts(source, &rows, &target)));
                findings.extend(check_hooks_of(&target, &rows));
            }
            Err(refusal) => findings.push(finding(format!("target {}", row.name), &refusal)),
        }
    }
    findings
}

/// A source by itself, then each of its parts alone, so that each is told by itself; then all of them together.
fn check_source_parts(source: &SourceRow, rows: &Rows, target: &Target) -> Vec<Finding> {
    let object = format!("source {}", source.name);
    let alone = match Source::open(source, Parts::default(), target) {
        Ok(opened) => lint::source(&opened, &object, target),
        Err(refusal) => return vec![finding(object, &refusal)],
    };
    let Parts { mappings, rules, children, hooks: _ } = rows.parts_of(&source.name);
    let mappings = mappings.into_iter().map(|row| {
        let object = format!("mapping {}.{}", source.name, row.target_column);
        (object, Parts { mappings: vec![row], ..Parts::default() })
    });
    let rules = rules.into_iter().map(|row| {
        let object = format!("rule {}.{}", source.name, row.name);
        (object, Parts { rules: vec![row], ..Parts::default() })
    });
    let children = children.into_iter().map(|row| {
        let object = format!("child {}.{}", source.name, row.name);
        (object, Parts { children: vec![row], ..Parts::default() })
    });
    let of_part = |(object, part): (String, Parts)| match Source::open(source, part, target) {
        Ok(opened) => lint::part(&opened, &object, target, &alone),
        Err(refusal) => vec![finding(object, &refusal)],
    };
    let of_parts = mappings.chain(rules).chain(children).flat_map(of_part).collect::<Vec<Finding>>();
    let mut findings: Vec<Finding> = alone.into_iter().chain(of_parts).collect();
    if findings.iter().all(|finding| finding.severity != "error") {
        findings.extend(check_whole(source, rows, target));
    }
    findings
}

/// A source as a login opens it: what passes part by part may not fit together. Hooks are told by themselves.
fn check_whole(source: &SourceRow, rows: &Rows, target: &Target) -> Option<Finding> {
    let object = format!("source {}", source.name);
    let parts = Parts { hooks: Vec::new(), ..rows.parts_of(&source.name) };
    match Source::open(source, parts, target) {
        Ok(opened) => lint::whole(&opened, object),
        Err(refusal) => Some(finding(object, &refusal)),
    }
}

/// The hooks of a target, each by itself.
fn check_hooks_of(target: &Target, rows: &Rows) -> Vec<Finding> {
    let hooks = rows.hooks.iter().filter(|row| row.target == target.row.name);
    let refused = |row: &HookRow| find_hook(row.clone(), rows, target).err();
    hooks.filter_map(|row| refused(row).map(|refusal| finding(row.place(), &refusal))).collect()
}

/// The message without the place where it stands, which is the object.
fn finding(object: String, refusal: &Refusal) -> Finding {
    let message = refusal.message();
    let problem =
        message.strip_prefix(&object).map_or(message, |rest| rest.trim_start_matches([':', ',', ' ']));
    Finding {
        severity: "error",
        problem: problem.to_string(),
        hint: refusal.hint_text().map(str::to_string),
        object,
    }
}

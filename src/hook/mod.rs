//! Hooks: the DBA's functions at the points of a login, found, checked and called. What each point means to a login is
//! told in [`points`].

mod points;

use crate::catalog::{self, Actor, Function, Relation};
use crate::config::{HookRow, Point};
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::event::Detail;
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::parse;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::timer::{self, Timed};
use crate::spi::types::{self, JSONB, Oid, TEXT, VOID};
use crate::sql::list;
use serde_json::{Map, Value as Json};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

const NAME_HINT: &str = "Name the function with its schema and without arguments, such as app.audit; you need USAGE on \
                         the schema yourself.";

/// Hooks whose row is of one type: those of a source, until the user is written, or those of a target, from then on.
/// They are found when they are first called: a broken one stops only those who meet it.
pub(crate) struct Hooks {
    hooks: Vec<Hook>,
    subject: Option<Subject>,
}

/// The row that hooks are about.
struct Subject {
    row_type: Oid,
    /// Columns that jsonb never shows: what hash and salt are made from.
    secrets: Vec<String>,
}

struct Hook {
    row: HookRow,
    opened: RefCell<Option<Rc<Opened>>>,
}

/// A hook whose function was found and checked.
struct Opened {
    function: Function,
    takes: Oid,
    gives: Gives,
    plan: OnceCell<Plan>,
}

/// What is read of a function's result.
#[derive(Clone, Copy, PartialEq)]
enum Gives {
    Nothing,
    Json,
    Row,
}

/// What a hook has said.
enum Said {
    Nothing,
    Json(Document),
    Row(Value),
}

/// A result in jsonb, and as the text that it came as: numbers of any length stay as they are.
struct Document {
    fields: Map<String, Json>,
    text: String,
}

/// Why a hook has failed: its name, and codes and names from the error.
pub(crate) struct Failure {
    pub(crate) detail: Detail,
}

impl Point {
    /// Whether hooks may write there: before a right password was shown, and before the locks, nobody writes.
    fn may_write(self) -> bool {
        matches!(self, Point::BeforeWrite | Point::AfterWrite | Point::AfterLogin | Point::OnFailure)
    }

    /// Whether its hooks are about the legacy row, or come before there is one.
    pub(crate) fn is_of_source(self) -> bool {
        matches!(self, Point::BeforeSource | Point::AfterFetch | Point::AfterVerify)
    }

    /// Whether its hooks are told a row.
    fn has_row(self) -> bool {
        !matches!(self, Point::BeforeSource | Point::OnFailure)
    }

    /// Whether a function of the row type will do.
    fn takes_row(self) -> bool {
        self.has_row() && self != Point::AfterVerify
    }

    /// The keys that a jsonb result may have; `None` where the result does not matter.
    fn result_keys(self) -> Option<&'static [&'static str]> {
        match self {
            Point::BeforeSource => Some(&["skip"]),
            Point::AfterFetch | Point::BeforeWrite => Some(&["row"]),
            Point::AfterVerify => Some(&["reject", "must_change"]),
            Point::AfterWrite | Point::AfterLogin | Point::OnFailure => None,
        }
    }
}

impl Hooks {
    /// No hooks.
    pub(crate) fn none() -> Hooks {
        Hooks { hooks: Vec::new(), subject: None }
    }

    /// Hooks about rows of `relation`, of which jsonb leaves out `secrets`.
    pub(crate) fn about(relation: &Relation, secrets: Vec<String>, rows: Vec<HookRow>) -> Hooks {
        let hooks = rows.into_iter().map(|row| Hook { row, opened: RefCell::default() }).collect();
        Hooks { hooks, subject: Some(Subject { row_type: relation.row_type, secrets }) }
    }

    /// Those at a point of the flow, for the users of a source.
    fn at<'a>(&'a self, point: Point, source: Option<&'a str>) -> impl Iterator<Item = Call<'a>> {
        let subject = self.subject.as_ref();
        let concerned = self.hooks.iter().filter(move |hook| {
            hook.row.point == point
                && source.map_or(hook.row.source.is_none(), |source| hook.row.is_about(source))
        });
        concerned.filter_map(move |hook| subject.map(|subject| Call { hook, subject }))
    }

    /// Whether any of them looks at a legacy row.
    pub(crate) fn see_rows(&self) -> bool {
        self.hooks.iter().any(|hook| hook.row.point.has_row())
    }

    pub(crate) fn has(&self, point: Point) -> bool {
        self.hooks.iter().any(|hook| hook.row.point == point)
    }
}

/// One hook and what it is about.
#[derive(Clone, Copy)]
struct Call<'a> {
    hook: &'a Hook,
    subject: &'a Subject,
}

impl Call<'_> {
    fn name(&self) -> &str {
        &self.hook.row.name
    }

    /// Calls the function as the actor, in a subtransaction of its own and for a limited time. Before the user may be
    /// written nothing that it writes is kept, or possible.
    fn run(&self, actor: &Actor, context: &Map<String, Json>, row: Option<Value>) -> Result<Said, Failure> {
        let opened = self.opened(actor).map_err(|refusal| self.misbehaves(refusal.message()))?;
        let row = row.map_or(Arg::Null, Arg::Value);
        let context = Json::Object(context.clone()).to_string();
        let arguments = [Arg::Text(&context), row];
        let run = || timer::in_time(opened.run(self.hook.row.point, self.subject, &arguments));
        let said = timer::strictly_limited(self.hook.row.timeout_ms, || {
            if self.hook.row.point.may_write() {
                actor.attempt(Reach::Write, run)
            } else {
                actor.rehearse(run)
            }
        });
        match said {
            Timed::Expired => Err(self.failure("sqlstate", "timeout")),
            Timed::InTime(Err(error)) => Err(self.fails(&error_or_raise(error))),
            Timed::InTime(Ok(Raw::Row(row))) => Ok(Said::Row(row)),
            Timed::InTime(Ok(Raw::Text(text))) => self.parse(text),
            Timed::InTime(Ok(Raw::Nothing)) => Ok(Said::Nothing),
        }
    }

    /// The function, found anew if it was replaced by one that returns something else.
    fn opened(&self, actor: &Actor) -> Result<Rc<Opened>, Refusal> {
        let is_current = |opened: &&Rc<Opened>| {
            types::result_of_function(opened.function.oid) == Some(opened.function.result)
        };
        if let Some(opened) = self.hook.opened.borrow().as_ref().filter(is_current) {
            return Ok(Rc::clone(opened));
        }
        let opened = Rc::new(open(&self.hook.row, self.subject, actor)?);
        self.hook.opened.replace(Some(Rc::clone(&opened)));
        Ok(opened)
    }

    /// A result in jsonb: null, or an object with the keys of the point.
    fn parse(&self, text: String) -> Result<Said, Failure> {
        let known = self.hook.row.point.result_keys().unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(Json::Null) => Ok(Said::Nothing),
            Ok(Json::Object(fields)) if fields.keys().all(|key| known.contains(&key.as_str())) => {
                Ok(Said::Json(Document { fields, text }))
            }
            _ => {
                let keys = list(known.iter().map(|key| format!("\"{key}\"")));
                Err(self.misbehaves(&format!("its result is not null or a JSON object that has only {keys}")))
            }
        }
    }

    /// A flag of the result.
    fn flag(&self, said: &Document, key: &str) -> Result<bool, Failure> {
        match said.fields.get(key) {
            None | Some(Json::Null) => Ok(false),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.misbehaves(&format!("\"{key}\" of its result is not true or false"))),
        }
    }

    /// The row with the columns that the hook has named changed, and their names.
    fn change(
        &self,
        actor: &Actor,
        relation: &Relation,
        row: Value,
        said: &Document,
    ) -> Result<(Value, Vec<String>), Failure> {
        let changes = match said.fields.get("row") {
            None | Some(Json::Null) => return Ok((row, Vec::new())),
            Some(Json::Object(changes)) => changes,
            Some(_) => return Err(self.misbehaves("\"row\" of its result is not a JSON object")),
        };
        if changes.keys().any(|name| relation.column(name).is_none()) {
            let columns = list(relation.columns.iter().map(|column| &column.name));
            return Err(self.misbehaves(&format!(
                "\"row\" of its result has a column that {} lacks; its columns are {columns}",
                relation.title
            )));
        }
        let columns = changes.keys().cloned().collect();
        let populated = actor.attempt(Reach::Evaluate, || {
            let sql = "SELECT pg_catalog.jsonb_populate_record($1, $2::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'row')";
            let plan = Plan::prepare(sql, &[self.subject.row_type, TEXT], Planning::Auto);
            plan.values(&[Arg::Value(row), Arg::Text(&said.text)]).pop()
        });
        match populated {
            Ok(changed) => Ok((changed.unwrap_or(row), columns)),
            Err(error) => Err(self.fails(&error_or_raise(error))),
        }
    }

    fn fails(&self, error: &SqlError) -> Failure {
        self.named(Detail::of_error(error))
    }

    /// It does what a hook may not.
    fn misbehaves(&self, what: &str) -> Failure {
        self.failure("error", what)
    }

    fn failure(&self, name: &str, value: &str) -> Failure {
        let mut detail = Detail::default();
        detail.set(name, value);
        self.named(detail)
    }

    fn named(&self, mut detail: Detail) -> Failure {
        detail.set("hook", self.name());
        detail.set("point", self.hook.row.point.name());
        Failure { detail }
    }
}

/// Errors that the caller must hear of are raised.
fn error_or_raise(error: SqlError) -> SqlError {
    if must_reach_caller(&error) { error.raise() } else { error }
}

/// A result as it comes.
enum Raw {
    Nothing,
    Text(String),
    Row(Value),
}

impl Opened {
    /// Calls it, with the rights of the actor and without a net.
    fn run(&self, point: Point, subject: &Subject, arguments: &[Arg<'_>]) -> Raw {
        let prepare = || Plan::prepare(&self.sql(point, subject), &[TEXT, subject.row_type], Planning::Auto);
        let plan = self.plan.get_or_init(prepare);
        match self.gives {
            Gives::Nothing => {
                plan.count(arguments);
                Raw::Nothing
            }
            Gives::Row => plan.values(arguments).pop().map_or(Raw::Nothing, Raw::Row),
            Gives::Json => {
                let text = plan::first(plan.rows(arguments));
                text.map_or(Raw::Nothing, Raw::Text)
            }
        }
    }

    /// `$1` is the context, `$2` the row.
    fn sql(&self, point: Point, subject: &Subject) -> String {
        let argument = match self.takes {
            JSONB if point.has_row() => subject.context(),
            JSONB => "$1::pg_catalog.jsonb".to_string(),
            _ => "$2".to_string(),
        };
        let cast = if self.gives == Gives::Json { "::pg_catalog.text" } else { "" };
        format!("SELECT {}({argument}){cast}", self.function.name)
    }
}

impl Subject {
    /// The context with the row in it, without what is secret.
    fn context(&self) -> String {
        let secrets = list(self.secrets.iter().map(|name| parse::quote_literal(name)));
        format!(
            "$1::pg_catalog.jsonb OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('row', \
             pg_catalog.to_jsonb($2) OPERATOR(pg_catalog.-) ARRAY[{secrets}]::pg_catalog.text[])"
        )
    }
}

/// Checks a hook about rows of `relation`, and returns the schema-qualified name of its function.
pub(crate) fn check(row: &HookRow, relation: &Relation, actor: &Actor) -> Result<String, Refusal> {
    let subject = Subject { row_type: relation.row_type, secrets: Vec::new() };
    let opened = open(row, &subject, actor)?;
    if row.point.is_of_source() && row.point.has_row() {
        check_readable(row, relation, actor)?;
    }
    Ok(opened.function.title)
}

/// A hook that sees legacy rows sees all of them.
fn check_readable(row: &HookRow, relation: &Relation, actor: &Actor) -> Result<(), Refusal> {
    let unreadable = catalog::unreadable_columns(relation, &actor.role_name);
    if unreadable.is_empty() {
        return Ok(());
    }
    let (role, title) = (&actor.role_name, &relation.title);
    let message = format!(
        "{}: role \"{role}\" of run_as may not read all of {title}: {}",
        row.place(),
        list(unreadable)
    );
    let hint = format!("GRANT SELECT ON {title} TO {};", identity::quoted(role));
    Err(Refusal::new(Kind::Privilege, message).hint(hint))
}

/// Finds the function of a hook, that of the row type first, and checks it.
fn open(row: &HookRow, subject: &Subject, actor: &Actor) -> Result<Opened, Refusal> {
    let place = row.place();
    let found = candidates(row, subject).into_iter().find_map(|takes| match find(row, takes) {
        Ok(found) => found.map(|oid| Ok((oid, takes))),
        Err(refusal) => Some(Err(refusal)),
    });
    let hint = || wanted(row, subject);
    let missing = || {
        let message = format!("{place}: function {} does not exist with such arguments", row.function);
        let hint = if row.function.contains('(') { NAME_HINT.to_string() } else { hint() };
        Refusal::new(Kind::Function, message).hint(hint)
    };
    let (oid, takes) = found.ok_or_else(missing)??;
    let function = catalog::describe_function(oid, &actor.role_name).ok_or_else(missing)?;
    check_rights(&function, actor, &place)?;
    if !function.is_plain {
        let message = format!("{place}: {} is not a function that returns one value", function.signature);
        return Err(Refusal::new(Kind::Invalid, message).hint(hint()));
    }
    let gives = match (row.point.result_keys(), function.result) {
        (_, VOID) => Gives::Nothing,
        (None, JSONB) => Gives::Nothing,
        (None, _) if takes != JSONB => Gives::Nothing,
        (Some(_), JSONB) if takes == JSONB => Gives::Json,
        (Some(_), result) if takes != JSONB && result == takes => Gives::Row,
        (_, result) => {
            let result = types::type_title(result);
            let message = format!("{place}: {} returns {result}", function.signature);
            return Err(Refusal::new(Kind::Type, message).hint(hint()));
        }
    };
    Ok(Opened { function, takes, gives, plan: OnceCell::new() })
}

/// The types that a hook's function may take, the special one first.
fn candidates(row: &HookRow, subject: &Subject) -> Vec<Oid> {
    if row.point.takes_row() { vec![subject.row_type, JSONB] } else { vec![JSONB] }
}

fn find(row: &HookRow, takes: Oid) -> Result<Option<Oid>, Refusal> {
    let signature = format!("{}({})", row.function, types::type_name(takes));
    catalog::function_oid(&signature)
        .map_err(|error| Refusal::in_config(&row.place(), error).or_hint(NAME_HINT))
}

/// The signatures that a hook may have.
fn wanted(row: &HookRow, subject: &Subject) -> String {
    let (name, title) = (&row.function, types::type_name(subject.row_type));
    let json = format!("{name}(context jsonb) RETURNS jsonb, or RETURNS void");
    if !row.point.takes_row() {
        return format!("A hook at {} is {json}.", row.point.name());
    }
    let returns = match row.point.result_keys() {
        Some(_) => format!("RETURNS {title}, or RETURNS void"),
        None => "RETURNS void".to_string(),
    };
    format!("A hook at {} is {json}, or {name}({title}) {returns}.", row.point.name())
}

fn check_rights(function: &Function, actor: &Actor, place: &str) -> Result<(), Refusal> {
    let (role, schema) = (identity::quoted(&actor.role_name), identity::quoted(&function.name.schema.0));
    let hint = if !function.can_use_schema {
        format!("GRANT USAGE ON SCHEMA {schema} TO {role};")
    } else if !function.can_execute {
        format!("GRANT EXECUTE ON FUNCTION {} TO {role};", function.signature)
    } else {
        return Ok(());
    };
    let message =
        format!("{place}: role \"{}\" of run_as may not call {}", actor.role_name, function.signature);
    Err(Refusal::new(Kind::Privilege, message).hint(hint))
}

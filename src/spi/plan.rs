//! Prepared statements and their results, over owned values.

use super::text::{array_datum, c_string, datum, from_datum, owned_from_server};
use super::{identity, in_call_context, list};
use pgrx::pg_sys;
use std::cell::OnceCell;
use std::ffi::c_char;
use std::thread::LocalKey;

/// A value of any SQL type, kept until the running SQL call ends (see [`super::connect`]).
/// It has no `Debug`: it may be a whole legacy row.
#[derive(Clone, Copy)]
pub(crate) struct Value {
    datum: pg_sys::Datum,
    type_oid: pg_sys::Oid,
}

impl Value {
    pub(super) fn new(datum: pg_sys::Datum, type_oid: pg_sys::Oid) -> Self {
        Value { datum, type_oid }
    }

    pub(crate) fn type_oid(&self) -> pg_sys::Oid {
        self.type_oid
    }

    /// The elements of an array, none of them null; they live as long as it does.
    pub(crate) fn elements(&self) -> Vec<Value> {
        // SAFETY: an array, which was detoasted when it was made; elements by reference, as rows are, point into it. The
        // list of them is copied and freed.
        unsafe {
            let element = pg_sys::get_element_type(self.type_oid);
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(element, &raw mut length, &raw mut by_value, &raw mut align);
            let (mut datums, mut count) = (std::ptr::null_mut(), 0);
            pg_sys::deconstruct_array(
                self.datum.cast_mut_ptr(),
                element,
                length.into(),
                by_value,
                align,
                &raw mut datums,
                std::ptr::null_mut(),
                &raw mut count,
            );
            let values = (0..count as usize).map(|place| Value::new(*datums.add(place), element)).collect();
            pg_sys::pfree(datums.cast());
            values
        }
    }

    /// An array of values of one type, none of them null; it lives as long as they do.
    pub(crate) fn array(values: &[Value], element: pg_sys::Oid) -> Value {
        let mut datums: Vec<pg_sys::Datum> = values.iter().map(|value| value.datum).collect();
        // SAFETY: every datum is of the element's type, whose storage the catalogue tells; the array is a copy of them
        // in the call's memory context.
        unsafe {
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(element, &raw mut length, &raw mut by_value, &raw mut align);
            let array = in_call_context(|| {
                let count = datums.len() as i32;
                pg_sys::construct_array(datums.as_mut_ptr(), count, element, length.into(), by_value, align)
            });
            Value::new(pg_sys::Datum::from(array), pg_sys::get_array_type(element))
        }
    }
}

/// One argument of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    Null,
    Text(&'a str),
    Texts(&'a [Option<String>]),
    Bool(bool),
    Long(i64),
    Value(Value),
}

impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Arg::Null, Arg::Text)
    }
}

impl Arg<'_> {
    fn datum(&self) -> Option<pg_sys::Datum> {
        match self {
            Arg::Null => None,
            Arg::Text(text) => Some(datum(text)),
            Arg::Texts(texts) => Some(array_datum(texts)),
            Arg::Bool(value) => Some(pg_sys::Datum::from(*value)),
            Arg::Long(value) => Some(pg_sys::Datum::from(*value)),
            Arg::Value(value) => Some(value.datum),
        }
    }
}

/// How a statement is planned.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Planning {
    /// PostgreSQL's choice: generic after five executions, if that is no worse.
    Auto,
    /// Planned anew with the values each time: mysql_fdw pushes a filter down only then.
    Custom,
}

/// Which rows a statement sees.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum View {
    /// Those that the transaction's isolation level says.
    Transaction,
    /// All that is committed now, even in REPEATABLE READ.
    Latest,
}

/// A row of results as text, in the types' output form.
pub(crate) type Row = Vec<Option<String>>;

/// A statement that was parsed and analysed, and lives until dropped.
pub(crate) struct Plan(pub(super) pg_sys::SPIPlanPtr);

impl Plan {
    /// Parses and analyses; raises what is wrong.
    pub(crate) fn prepare(sql: &str, types: &[pg_sys::Oid], planning: Planning) -> Plan {
        let source = c_string(sql);
        let mut types = types.to_vec();
        let options = match planning {
            Planning::Auto => 0,
            Planning::Custom => pg_sys::CURSOR_OPT_CUSTOM_PLAN as i32,
        };
        // SAFETY: inside `connect`; pointers outlive the call. SPI_keepplan moves the plan out of
        // the SPI level, and Drop frees it.
        unsafe {
            let plan =
                pg_sys::SPI_prepare_cursor(source.as_ptr(), types.len() as i32, types.as_mut_ptr(), options);
            pg_sys::SPI_keepplan(plan);
            Plan(plan)
        }
    }

    /// Makes the planner work once, which runs IMMUTABLE functions: as whoever is the current user.
    /// What reads a foreign table is not planned, since that may contact its server.
    pub(crate) fn plan_once(&self) {
        if self.reads_foreign_tables() {
            return;
        }
        // SAFETY: the plan is saved and has one statement; the reference is released at once.
        unsafe {
            let cached = pg_sys::SPI_plan_get_cached_plan(self.0);
            if !cached.is_null() {
                pg_sys::ReleaseCachedPlan(cached, pg_sys::CurrentResourceOwner);
            }
        }
    }

    pub(crate) fn reads_foreign_tables(&self) -> bool {
        // SAFETY: the sources of a valid plan are CachedPlanSource nodes with lists of relation oids.
        unsafe {
            list::pointers(pg_sys::SPI_plan_get_plan_sources(self.0))
                .into_iter()
                .flat_map(|source| list::oids((*source.cast::<pg_sys::CachedPlanSource>()).relationOids))
                .any(|relation| pg_sys::get_rel_relkind(relation) as u8 == pg_sys::RELKIND_FOREIGN_TABLE)
        }
    }

    /// Runs it and returns the rows (of a command without rows: none).
    pub(crate) fn rows(&self, arguments: &[Arg<'_>]) -> Vec<Row> {
        self.rows_seen(arguments, View::Transaction)
    }

    pub(crate) fn rows_seen(&self, arguments: &[Arg<'_>], view: View) -> Vec<Row> {
        self.execute(arguments, view);
        collect(text_row)
    }

    /// Runs it and returns its first column, of a composite type or an array, as values.
    pub(crate) fn values(&self, arguments: &[Arg<'_>]) -> Vec<Value> {
        self.execute(arguments, View::Transaction);
        collect_values()
    }

    /// Runs it and returns how many rows it touched or produced.
    pub(crate) fn count(&self, arguments: &[Arg<'_>]) -> u64 {
        self.execute(arguments, View::Transaction);
        // SAFETY: set by the execution above.
        unsafe {
            let count = pg_sys::SPI_processed;
            pg_sys::SPI_freetuptable(pg_sys::SPI_tuptable);
            count
        }
    }

    fn execute(&self, arguments: &[Arg<'_>], view: View) {
        let (mut values, nulls) = bound(arguments);
        // SAFETY: as many values and nulls as the plan has parameters, of its declared types.
        unsafe {
            match view {
                View::Transaction => {
                    pg_sys::SPI_execute_plan(self.0, values.as_mut_ptr(), nulls.as_ptr(), false, 0);
                }
                View::Latest => self.execute_latest(&mut values, &nulls),
            }
        }
    }

    /// # Safety
    /// As [`Plan::execute`].
    unsafe fn execute_latest(&self, values: &mut [pg_sys::Datum], nulls: &[c_char]) {
        // SAFETY: the snapshot is registered for the time of the query; on an ERROR the
        // resource owner releases it. It must count our own commands so far.
        unsafe {
            pg_sys::CommandCounterIncrement();
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            pg_sys::SPI_execute_snapshot(
                self.0,
                values.as_mut_ptr(),
                nulls.as_ptr(),
                snapshot,
                std::ptr::null_mut(),
                true,
                true,
                0,
            );
            pg_sys::UnregisterSnapshot(snapshot);
        }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: a saved plan, freed once; SPI_freeplan raises nothing for a valid plan. Rust runs
        // the destructors of thread locals at exit(), when the backend is no longer itself: then the
        // plan is left to the end of the process.
        unsafe {
            if !pg_sys::proc_exit_inprogress {
                pg_sys::SPI_freeplan(self.0);
            }
        }
    }
}

/// Arguments as SPI takes them: values, and which of them are null.
pub(super) fn bound(arguments: &[Arg<'_>]) -> (Vec<pg_sys::Datum>, Vec<c_char>) {
    let bound = |argument: &Arg<'_>| match argument.datum() {
        Some(datum) => (datum, b' ' as c_char),
        None => (pg_sys::Datum::null(), b'n' as c_char),
    };
    arguments.iter().map(bound).unzip()
}

/// Prepares, runs and forgets: for what is not asked often.
pub(crate) fn query(sql: &str, types: &[pg_sys::Oid], arguments: &[Arg<'_>]) -> Vec<Row> {
    Plan::prepare(sql, types, Planning::Auto).rows(arguments)
}

/// The first value of a result that is not null.
pub(crate) fn first(rows: Vec<Row>) -> Option<String> {
    rows.into_iter().flatten().flatten().next()
}

/// Whether that is true.
pub(crate) fn is_true(rows: Vec<Row>) -> bool {
    first(rows).as_deref() == Some("t")
}

/// The first column of the current result table, of a composite type or an array; frees the table.
pub(super) fn collect_values() -> Vec<Value> {
    collect(first_varlena).into_iter().flatten().collect()
}

/// The current result table as text; frees it.
pub(super) fn collect_rows() -> Vec<Row> {
    collect(text_row)
}

/// Reads and frees the current result table.
fn collect<T>(read: unsafe fn(pg_sys::HeapTuple, pg_sys::TupleDesc) -> T) -> Vec<T> {
    // SAFETY: SPI_tuptable is null or the result of the execution just done in this SPI level.
    unsafe {
        let table = pg_sys::SPI_tuptable;
        if table.is_null() {
            return Vec::new();
        }
        let tuples = std::slice::from_raw_parts((*table).vals, (*table).numvals as usize);
        let rows = tuples.iter().map(|tuple| read(*tuple, (*table).tupdesc)).collect();
        pg_sys::SPI_freetuptable(table);
        rows
    }
}

/// # Safety
/// `tuple` is described by `description`.
unsafe fn text_row(tuple: pg_sys::HeapTuple, description: pg_sys::TupleDesc) -> Row {
    // SAFETY: promised by the caller; column numbers start at 1.
    unsafe { (1..=(*description).natts).map(|column| field(tuple, description, column)).collect() }
}

/// One field as text. Those of type text, which most are, are taken as they are: to look an output function up for each
/// costs more than all the rest.
///
/// # Safety
/// `tuple` is described by `description`, which has such a column.
unsafe fn field(tuple: pg_sys::HeapTuple, description: pg_sys::TupleDesc, column: i32) -> Option<String> {
    // SAFETY: promised by the caller; results of output functions are palloc'd C strings.
    unsafe {
        if pg_sys::SPI_gettypeid(description, column) == pg_sys::TEXTOID {
            let mut is_null = false;
            let datum = pg_sys::SPI_getbinval(tuple, description, column, &raw mut is_null);
            return (!is_null).then(|| from_datum(datum));
        }
        let value = pg_sys::SPI_getvalue(tuple, description, column);
        (!value.is_null()).then(|| {
            let text = owned_from_server(value);
            pg_sys::pfree(value.cast());
            text
        })
    }
}

/// # Safety
/// `tuple` is described by `description`, whose first column is of a composite type or an array.
unsafe fn first_varlena(tuple: pg_sys::HeapTuple, description: pg_sys::TupleDesc) -> Option<Value> {
    // SAFETY: promised by the caller. Composite values and arrays are varlenas; the copy is made, flattened, in
    // the call's memory context.
    unsafe {
        let mut is_null = false;
        let datum = pg_sys::SPI_getbinval(tuple, description, 1, &raw mut is_null);
        let type_oid = pg_sys::SPI_gettypeid(description, 1);
        (!is_null).then(|| {
            let copy = in_call_context(|| pg_sys::pg_detoast_datum_copy(datum.cast_mut_ptr()));
            Value::new(pg_sys::Datum::from(copy), type_oid)
        })
    }
}

/// Runs a statement of pg_ferry's own by a plan that the session keeps.
pub(crate) fn kept<T>(
    plan: &'static LocalKey<OnceCell<Plan>>,
    sql: &str,
    types: &[pg_sys::Oid],
    body: impl FnOnce(&Plan) -> T,
) -> T {
    identity::as_ferry(|| {
        plan.with(|plan| body(plan.get_or_init(|| Plan::prepare(sql, types, Planning::Auto))))
    })
}

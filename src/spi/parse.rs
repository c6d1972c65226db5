//! What a piece of config SQL is, found by PostgreSQL's own parser.

use super::list::pointers;
use super::text::{c_string, owned_from_server};
use pgrx::pg_sys;
use std::ffi::c_void;

/// Why a text is not usable as one expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NotOne {
    /// Nothing in it, or several statements.
    Statements,
    /// It has a FROM, a WHERE, a second column, an alias, DISTINCT …
    Clauses,
    /// `*` or `l.*`.
    Star,
}

/// Checks that `text` alone is exactly one expression; only then may it be put in parentheses and
/// into a statement. Raises PostgreSQL's error where it is no SQL at all.
pub(crate) fn single_expression(text: &str) -> Result<(), NotOne> {
    let source = c_string(&format!("SELECT {text}"));
    // SAFETY: the raw parser allocates in the current context; node tags are checked before a
    // pointer is read as that node.
    unsafe {
        let statements = pg_sys::raw_parser(source.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let [statement] = pointers(statements)[..] else { return Err(NotOne::Statements) };
        let statement = (*statement.cast::<pg_sys::RawStmt>()).stmt;
        if (*statement).type_ != pg_sys::NodeTag::T_SelectStmt {
            return Err(NotOne::Statements);
        }
        let select = statement.cast::<pg_sys::SelectStmt>();
        let [target] = pointers((*select).targetList)[..] else { return Err(NotOne::Clauses) };
        let target = target.cast::<pg_sys::ResTarget>();
        if has_clauses(&*select) || !(*target).name.is_null() {
            return Err(NotOne::Clauses);
        }
        if ends_in_star((*target).val) { Err(NotOne::Star) } else { Ok(()) }
    }
}

/// Why a text is not usable as one query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NotQuery {
    /// Nothing in it, several statements, or one of another kind.
    Statements,
    /// It locks rows, makes a table, or has a WITH that changes data.
    Writes,
}

/// Checks that `text` alone is exactly one query; only then may it be put in parentheses and into a
/// statement. Raises PostgreSQL's error where it is no SQL at all.
pub(crate) fn single_query(text: &str) -> Result<(), NotQuery> {
    let source = c_string(text);
    // SAFETY: as in `single_expression`.
    unsafe {
        let statements = pg_sys::raw_parser(source.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let [statement] = pointers(statements)[..] else { return Err(NotQuery::Statements) };
        let statement = (*statement.cast::<pg_sys::RawStmt>()).stmt;
        if (*statement).type_ != pg_sys::NodeTag::T_SelectStmt {
            return Err(NotQuery::Statements);
        }
        if writes(statement.cast()) { Err(NotQuery::Writes) } else { Ok(()) }
    }
}

/// What PostgreSQL itself refuses in a subquery is left to it, but for a better HINT.
///
/// # Safety
/// `select` is a raw parse tree.
unsafe fn writes(select: *const pg_sys::SelectStmt) -> bool {
    // SAFETY: promised by the caller; a WITH holds CommonTableExpr nodes, a UNION two SelectStmt nodes.
    unsafe {
        let select = &*select;
        let with = if select.withClause.is_null() { Vec::new() } else { pointers((*select.withClause).ctes) };
        let changes_data = |cte: &*mut c_void| {
            let query = (*cte.cast::<pg_sys::CommonTableExpr>()).ctequery;
            (*query).type_ != pg_sys::NodeTag::T_SelectStmt
        };
        !select.intoClause.is_null()
            || !select.lockingClause.is_null()
            || with.iter().any(changes_data)
            || [select.larg, select.rarg].into_iter().any(|side| !side.is_null() && writes(side))
    }
}

fn has_clauses(select: &pg_sys::SelectStmt) -> bool {
    let lists = [
        select.distinctClause,
        select.fromClause,
        select.groupClause,
        select.windowClause,
        select.valuesLists,
        select.sortClause,
        select.lockingClause,
    ];
    let nodes = [select.whereClause, select.havingClause, select.limitOffset, select.limitCount];
    lists.iter().any(|list| !list.is_null())
        || nodes.iter().any(|node| !node.is_null())
        || !select.intoClause.is_null()
        || !select.withClause.is_null()
        || select.op != pg_sys::SetOperation::SETOP_NONE
}

/// # Safety
/// `node` is a raw parse tree node.
unsafe fn ends_in_star(node: *mut pg_sys::Node) -> bool {
    // SAFETY: promised by the caller; the tag is checked first.
    unsafe {
        let fields = match (*node).type_ {
            pg_sys::NodeTag::T_ColumnRef => (*node.cast::<pg_sys::ColumnRef>()).fields,
            pg_sys::NodeTag::T_A_Indirection => (*node.cast::<pg_sys::A_Indirection>()).indirection,
            _ => return false,
        };
        pointers(fields)
            .last()
            .is_some_and(|last| (*last.cast::<pg_sys::Node>()).type_ == pg_sys::NodeTag::T_A_Star)
    }
}

/// What analysis of a `SELECT` tells.
pub(crate) struct Analysis {
    /// The names of its columns.
    pub(crate) names: Vec<String>,
    /// The types of its columns.
    pub(crate) types: Vec<pg_sys::Oid>,
    /// The attribute numbers that it reads of the first relation in FROM; 0 means the whole row.
    pub(crate) columns: Vec<i16>,
    /// It aggregates, or returns sets, or has window functions: not one value per row.
    pub(crate) is_not_scalar: bool,
}

/// Analyses a `SELECT` without planning or running it; raises what is wrong with it.
pub(crate) fn analyse(sql: &str) -> Analysis {
    let source = c_string(sql);
    // SAFETY: the statement is one SELECT that this crate has put together from checked
    // expressions; analysis allocates in the current context and opens relations by itself.
    unsafe {
        let raw = pg_sys::raw_parser(source.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let query = &*pg_sys::parse_analyze_fixedparams(
            (*(*raw).elements).ptr_value.cast(),
            source.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        let targets: Vec<&pg_sys::TargetEntry> =
            pointers(query.targetList).into_iter().map(|target| &*target.cast()).collect();
        Analysis {
            names: targets.iter().map(|target| owned_from_server(target.resname)).collect(),
            types: targets.iter().map(|target| pg_sys::exprType(target.expr.cast())).collect(),
            columns: columns_read(query),
            is_not_scalar: query.hasAggs || query.hasTargetSRFs || query.hasWindowFuncs,
        }
    }
}

/// # Safety
/// `query` is an analysed, not yet rewritten query.
unsafe fn columns_read(query: &pg_sys::Query) -> Vec<i16> {
    // SAFETY: promised by the caller; bms_next_member ends with a negative number.
    unsafe {
        let Some(selected) = selected_columns(query) else { return Vec::new() };
        let mut columns = Vec::new();
        let mut member = pg_sys::bms_next_member(selected, -1);
        while member >= 0 {
            columns.push((member + pg_sys::FirstLowInvalidHeapAttributeNumber) as i16);
            member = pg_sys::bms_next_member(selected, member);
        }
        columns
    }
}

/// The columns that privileges are needed for, of the first entry of the range table.
#[cfg(feature = "pg15")]
unsafe fn selected_columns(query: &pg_sys::Query) -> Option<*mut pg_sys::Bitmapset> {
    // SAFETY: range table entries are RangeTblEntry nodes.
    unsafe {
        let first = *pointers(query.rtable).first()?;
        Some((*first.cast::<pg_sys::RangeTblEntry>()).selectedCols)
    }
}

/// The columns that privileges are needed for, of the first relation of the query: since 16 they
/// stand in a list of their own.
#[cfg(not(feature = "pg15"))]
unsafe fn selected_columns(query: &pg_sys::Query) -> Option<*mut pg_sys::Bitmapset> {
    // SAFETY: the list holds RTEPermissionInfo nodes.
    unsafe {
        let first = *pointers(query.rteperminfos).first()?;
        Some((*first.cast::<pg_sys::RTEPermissionInfo>()).selectedCols)
    }
}

/// The attribute numbers of the first item in FROM that a `SELECT` reads, whatever that item is and however deep in
/// subqueries it is read; 0 means the whole row.
pub(crate) fn columns_of_first(sql: &str) -> Vec<i16> {
    let source = c_string(sql);
    // SAFETY: as in `analyse`; nodeToString returns a palloc'd C string.
    let tree = unsafe {
        let raw = pg_sys::raw_parser(source.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let query = pg_sys::parse_analyze_fixedparams(
            (*(*raw).elements).ptr_value.cast(),
            source.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        owned_from_server(pg_sys::nodeToString(query.cast()).cast())
    };
    columns_in_tree(&tree)
}

/// A variable tells by how many queries around its own it is read: all of them make it one of the outermost.
fn columns_in_tree(tree: &str) -> Vec<i16> {
    let mut columns = Vec::new();
    // Of each open node, whether it is a query.
    let mut nodes: Vec<bool> = Vec::new();
    let mut is_escaped = false;
    for (at, letter) in tree.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '{' => {
                let node = &tree[at + 1..];
                let depth = nodes.iter().filter(|is_query| **is_query).count() as i16 - 1;
                if node.starts_with("VAR ")
                    && field(node, ":varno ") == Some(1)
                    && field(node, ":varlevelsup ") == Some(depth)
                {
                    columns.extend(field(node, ":varattno "));
                }
                nodes.push(node.starts_with("QUERY "));
            }
            '}' => drop(nodes.pop()),
            _ => {}
        }
    }
    columns
}

fn field(node: &str, name: &str) -> Option<i16> {
    node.split_once(name)?.1.split(' ').next()?.parse().ok()
}

/// The quoted literal of a text, safe whatever `standard_conforming_strings` says at the far end.
pub(crate) fn quote_literal(text: &str) -> String {
    let text = c_string(text);
    // SAFETY: returns a palloc'd C string.
    unsafe { owned_from_server(pg_sys::quote_literal_cstr(text.as_ptr())) }
}

//! Config SQL is one expression: nothing can be spliced into the statements that it becomes part of.

use crate::setup_config::{Refusal, app, last_reason, outcome, right, shop};
use ferry_tests::Db;

/// Texts that are more, or less, than one expression.
const SPLICES: &[&str] = &[
    "",
    " ",
    "1) , (2",
    "l.login) FROM pg_authid --",
    "l.login), (SELECT rolpassword FROM pg_authid LIMIT 1",
    "l.login; DROP TABLE public.canary",
    "l.login; DROP TABLE public.canary; --",
    "1; SELECT 2",
    "l.login FROM pg_authid",
    "l.login WHERE false",
    "l.login AS other",
    "l.login other",
    "l.login, l.pwd",
    "l.login UNION SELECT rolpassword FROM pg_authid",
    "l.login ORDER BY 1",
    "l.login LIMIT 1",
    "l.login FOR UPDATE",
    "l.login INTO public.stolen",
    "DISTINCT l.login",
    "ALL l.login",
    "*",
    "l.*",
    "(l).*",
    "l.login /* not closed",
    "l.login */ , (2) /*",
    "'not closed",
    "\"not closed",
    "$$not closed",
    "$a$not closed$b$",
    "E'not closed\\'",
    "(l.login",
    "l.login)",
    "\"quoted\"",
    "l.\"login\"\"; DROP TABLE public.canary; --\"",
    "DROP TABLE public.canary",
    "INSERT INTO public.canary VALUES (1) RETURNING 'x'",
    "(INSERT INTO public.canary VALUES (1) RETURNING 'x')",
    "(WITH gone AS (DELETE FROM public.canary RETURNING 'x') SELECT * FROM gone)",
    "$2",
    "$1.pwd",
    ":1",
    "?",
    "count(*)",
    "max(l.login)",
    "generate_series(1, 3)::text",
    "row_number() OVER ()",
    "DEFAULT",
    "l.login COLLATE \"x\"; --",
];

/// The columns that hold config SQL, with what a text becomes there.
const PLACES: &[&str] = &[
    "UPDATE ferry.mapping SET expression = $1 WHERE target_column = 'name'",
    "UPDATE ferry.source SET hash = $1",
    "UPDATE ferry.source SET salt = $1",
    "UPDATE ferry.source SET filter = $1",
    "UPDATE ferry.source SET login_columns = ARRAY[$1]",
    "UPDATE ferry.source SET key_column = $1",
    "UPDATE ferry.target SET allowed = $1",
    "UPDATE ferry.target SET login_columns = ARRAY[$1]",
];

/// Those that hold a name or a text of another kind.
const NAMES: &[&str] = &[
    "UPDATE ferry.target SET id_column = $1",
    "UPDATE ferry.target SET hash_column = $1",
    "UPDATE ferry.target SET must_change = $1",
    "UPDATE ferry.target SET relation = $1",
    "UPDATE ferry.target SET hash_policy = $1",
    "UPDATE ferry.target SET run_as = $1",
    "UPDATE ferry.source SET relation = $1",
    "UPDATE ferry.source SET format = $1",
    "UPDATE ferry.mapping SET target_column = $1 WHERE target_column = 'name'",
    "UPDATE ferry.source SET scope = $1",
];

/// Config with a table that must survive everything.
fn guarded_shop() -> Db<'static> {
    let db = shop();
    let owner = db.owner();
    db.sql(&format!(
        "CREATE TABLE canary (n int); INSERT INTO canary VALUES (42); ALTER TABLE canary OWNER TO {owner}"
    ));
    db
}

fn config(db: &Db<'_>) -> String {
    db.one("SELECT ferry._config()::text", &[])
}

fn is_refused(db: &Db<'_>, write: &str, splice: &str) -> Refusal {
    let mut client = db.client();
    let refused = match client.execute(write, &[&splice]) {
        Ok(_) => panic!("taken: {write} with {splice}"),
        Err(error) => Refusal::of(&error),
    };
    let known = [
        "42601", "42703", "42P01", "42804", "42883", "42704", "42P02", "42846", "42602", "22023", "0A000",
        "42P10", "22P02", "42809",
    ];
    assert!(known.contains(&refused.state.as_str()), "{write} with {splice}: {refused:?}");
    refused
}

#[test]
fn no_expression_can_be_spliced() {
    let db = guarded_shop();
    let before = config(&db);
    for place in PLACES {
        for splice in SPLICES {
            // Over the users table the alias is u.
            let splice = if place.contains("ferry.target") {
                splice.replace("l.", "u.")
            } else {
                (*splice).to_owned()
            };
            let refused = is_refused(&db, place, &splice);
            assert!(!refused.hint.is_empty(), "no HINT: {place} with {splice}: {refused:?}");
        }
    }
    assert_eq!(config(&db), before);
    assert_eq!(db.one::<i32>("SELECT n FROM canary", &[]), 42);
    assert!(db.try_sql("TABLE stolen").is_err());
}

#[test]
fn no_name_can_be_spliced() {
    let db = guarded_shop();
    let before = config(&db);
    for place in NAMES {
        for splice in SPLICES.iter().filter(|splice| **splice != "DEFAULT") {
            is_refused(&db, place, splice);
        }
    }
    assert_eq!(config(&db), before);
    assert_eq!(db.one::<i32>("SELECT n FROM canary", &[]), 42);
}

#[test]
fn a_splice_that_was_restored_unchecked_is_not_run() {
    let db = guarded_shop();
    let mut writer = db.client();
    writer.batch_execute("SET check_function_bodies = off").unwrap();
    let mut client = app(&db);
    for (place, splice) in [
        (PLACES[0], "'x'), ('y'"),
        (PLACES[0], "'x') FROM (DELETE FROM canary RETURNING n) d --"),
        (PLACES[0], "'x'; DROP TABLE canary; --"),
        (PLACES[1], "l.pwd; DELETE FROM canary"),
        (PLACES[3], "true) OR (true"),
        (PLACES[3], "true; DELETE FROM canary"),
        (PLACES[6], "true) OR (true"),
    ] {
        writer.batch_execute("BEGIN").unwrap();
        writer.execute(place, &[&splice]).unwrap();
        writer.batch_execute("COMMIT").unwrap();
        let found = db.rows("SELECT problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
        assert!(!found.is_empty(), "check_config() finds nothing wrong with {splice}");
        if place.contains("ferry.target") {
            let refused =
                Refusal::of(&crate::setup_config::try_login(&mut client, "alice", "x").unwrap_err());
            assert_eq!(refused.state, "42601", "{refused:?}");
            writer.batch_execute("UPDATE ferry.target SET allowed = NULL").unwrap();
        } else {
            assert_eq!(right(&mut client, "alice"), "unavailable", "{splice}");
            assert_eq!(last_reason(&db), "source_misconfigured");
            writer
                .batch_execute(
                    "UPDATE ferry.mapping SET expression = 'l.first' WHERE target_column = 'name';
                     UPDATE ferry.source SET hash = 'l.pwd', filter = NULL",
                )
                .unwrap();
        }
    }
    assert_eq!(db.one::<i32>("SELECT n FROM canary", &[]), 42);
    assert_eq!(db.count("users"), 0);
    assert_eq!(right(&mut client, "alice"), "migrated");
}

#[test]
fn odd_but_honest_expressions_are_taken() {
    let db = shop();
    let honest = [
        ("l.first /* , (2) */", "Alice"),
        ("l.first -- , l.last", "Alice"),
        ("$tag$a'b$tag$", "a'b"),
        ("'it''s; DROP TABLE users'", "it's; DROP TABLE users"),
        (r"'back\slash'", r"back\slash"),
        (r"E'tab\tx'", "tab\tx"),
        ("l.\"first\"", "Alice"),
        ("(SELECT string_agg(x, ',' ORDER BY x) FROM unnest(ARRAY['b', 'a', l.first]) x)", "Alice,a,b"),
        ("CASE WHEN l.active THEN 'yes' ELSE 'no' END", "yes"),
        ("to_jsonb(l) ->> 'first'", "Alice"),
        ("\n\n  upper(\n l.first\n)\n", "ALICE"),
        ("l.first COLLATE \"C\"", "Alice"),
        ("'x' 'y'", "never"),
    ];
    let mut client = app(&db);
    for (expression, expected) in honest {
        let written = db.client().execute(PLACES[0], &[&expression]);
        if expected == "never" {
            assert!(written.is_err(), "{expression} is no SQL");
            continue;
        }
        written.unwrap_or_else(|error| panic!("{expression}: {:?}", Refusal::of(&error)));
        assert_eq!(right(&mut client, "alice"), "migrated", "{expression}: {}", last_reason(&db));
        assert_eq!(db.one::<String>("SELECT name FROM users", &[]), expected, "{expression}");
        db.sql("TRUNCATE users; DELETE FROM ferry.link");
    }
}

#[test]
fn a_login_is_never_part_of_a_statement() {
    let db = guarded_shop();
    let mut client = app(&db);
    for login in [
        "' OR true --",
        "'; DROP TABLE canary; --",
        "\\'; DROP TABLE canary; --",
        "alice' --",
        "$$",
        "$1",
        "%",
        "alice\\",
        "\u{2019} OR 1=1",
        "{alice,bob}",
        "\"alice\"",
    ] {
        assert_eq!(outcome(&mut client, login, "x"), "invalid", "{login}");
        assert_eq!(last_reason(&db), "unknown_login", "{login}");
    }
    assert_eq!(db.one::<i32>("SELECT n FROM canary", &[]), 42);
}

//! Config is checked as it is written: what is refused is named, and its hint works.

use crate::setup_config::{refusal, shop};
use ferry_tests::{Db, target};
use postgres::Client;

/// A row of config with some columns changed: `("relation", "'nothing.here'")`.
pub(crate) fn insert(table: &str, changes: &[(&str, &str)]) -> String {
    let defaults: &[(&str, &str)] = match table {
        "target" => &[
            ("name", "'new'"),
            ("relation", "'public.users'"),
            ("id_column", "'id'"),
            ("login_columns", "'{login}'"),
            ("hash_column", "'password_hash'"),
        ],
        "source" => &[
            ("name", "'new'"),
            ("relation", "'legacy.customers'"),
            ("key_column", "'id'"),
            ("login_columns", "'{login}'"),
            ("hash", "'l.pwd'"),
        ],
        "rule" => &[("source", "'shop'"), ("name", "'new'"), ("expression", "'l.active'")],
        "hook" => &[("name", "'new'"), ("point", "'after_write'"), ("function", "'note'")],
        _ => &[("source", "'shop'"), ("target_column", "'id'"), ("expression", "'l.id'")],
    };
    let kept = defaults.iter().filter(|(column, _)| changes.iter().all(|(changed, _)| changed != column));
    let (columns, values): (Vec<_>, Vec<_>) = kept.chain(changes).copied().unzip();
    format!("INSERT INTO ferry.{table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

/// What a wrong row must be refused with: the changes, the SQLSTATE, and words of the message and of the hint.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str], &'a [&'a str]);

/// What is not as it must be.
fn complaints(client: &mut Client, cases: &[Case<'_>]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (table, changes, state, message, hint) in cases {
        let refused = refusal(client, &insert(table, changes));
        if refused.state != *state
            || !message.iter().all(|word| refused.message.contains(word))
            || !hint.iter().all(|word| refused.hint.contains(word))
            || refused.hint.is_empty()
        {
            complaints.push(format!("{changes:?} must be {state} {message:?} {hint:?}, but is {refused:?}"));
        }
    }
    complaints
}

#[track_caller]
fn check_all(db: &Db<'_>, cases: &[Case<'_>]) {
    let complaints = complaints(&mut db.client(), cases);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_wrong_target_is_refused_by_what_is_wrong_with_it() {
    // Since 16 to_regclass takes what cannot be a name for the name of nothing.
    let no_name = if target().server().major() < 16 { "42602" } else { "42P01" };
    let db = shop();
    db.sql("CREATE TYPE colour AS ENUM ('red'); CREATE TABLE odd (id int, login text, password_hash int, doc json, made text GENERATED ALWAYS AS (upper(login)) STORED,
                              is_made boolean GENERATED ALWAYS AS (login = '') STORED); CREATE INDEX odd_idx ON odd (id);
            CREATE SEQUENCE counter; CREATE MATERIALIZED VIEW frozen AS SELECT 1 AS id");
    db.sql(&format!("ALTER TABLE odd OWNER TO {0}; ALTER SEQUENCE counter OWNER TO {0}; ALTER MATERIALIZED VIEW frozen OWNER TO {0}", db.owner()));
    let cases: &[Case<'_>] = &[
        (
            "target",
            &[("relation", "'public.nothing'")],
            "42P01",
            &["target new", "public.nothing"],
            &["Create"],
        ),
        ("target", &[("relation", "'a.b.c.d'")], "42601", &["target new", "a.b.c.d"], &[]),
        ("target", &[("relation", "'users; drop table users'")], no_name, &["target new"], &[]),
        ("target", &[("relation", "''")], no_name, &["target new"], &[]),
        ("target", &[("relation", "'counter'")], "22023", &["public.counter"], &["table"]),
        ("target", &[("relation", "'frozen'")], "22023", &["public.frozen"], &["table"]),
        ("target", &[("relation", "'odd_idx'")], "22023", &["public.odd_idx"], &["table"]),
        (
            "target",
            &[("id_column", "'nr'")],
            "42703",
            &["target new, id_column", "\"nr\"", "public.users"],
            &["login", "email"],
        ),
        (
            "target",
            &[("hash_column", "'pwd'")],
            "42703",
            &["target new, hash_column", "\"pwd\""],
            &["password_hash"],
        ),
        (
            "target",
            &[("hash_column", "'points'")],
            "42804",
            &["target new, hash_column", "integer"],
            &["text"],
        ),
        (
            "target",
            &[("must_change", "'points'")],
            "42804",
            &["must_change", "\"points\"", "integer"],
            &["boolean"],
        ),
        ("target", &[("must_change", "'stale'")], "42703", &["must_change", "\"stale\""], &["points"]),
        (
            "target",
            &[("relation", "'odd'"), ("hash_column", "'made'")],
            "22023",
            &["target new, hash_column", "\"made\" is generated always"],
            &["can be written"],
        ),
        (
            "target",
            &[("relation", "'odd'"), ("hash_column", "'login'"), ("must_change", "'is_made'")],
            "22023",
            &["target new, must_change", "\"is_made\" is generated always"],
            &["can be written"],
        ),
        (
            "target",
            &[("login_columns", "'{login,mail}'")],
            "42703",
            &["target new, login_columns", "\"mail\""],
            &["email"],
        ),
        (
            "target",
            &[("login_columns", "'{lower(u.mail)}'")],
            "42703",
            &["target new, login_columns", "mail"],
            &[],
        ),
        (
            "target",
            &[("relation", "'odd'"), ("hash_column", "'login'"), ("login_columns", "'{doc}'")],
            "42804",
            &["login_columns", "json"],
            &["uuid"],
        ),
        ("target", &[("login_columns", "'{}'")], "22023", &["target new, login_columns"], &["{email}"]),
        ("target", &[("login_form", "'upper'")], "22023", &["upper"], &["ferry.target"]),
        ("target", &[("adopt", "'always'")], "22023", &["always"], &["ferry.target"]),
        ("target", &[("on_mismatch", "'source'")], "22023", &["target new, on_mismatch_until"], &["now()"]),
        ("target", &[("hash_policy", "'rot13'")], "22023", &["rot13"], &["argon2id"]),
        ("target", &[("hash_policy", "'argon2id:m=99999999'")], "22023", &["argon2id"], &["argon2id:m="]),
        ("target", &[("hash_policy", "'phpass'")], "22023", &["phpass"], &["argon2id"]),
        (
            "target",
            &[("allowed", "'u.points'")],
            "42804",
            &["target new, allowed", "integer"],
            &["condition"],
        ),
        ("target", &[("allowed", "'u.nothing'")], "42703", &["target new, allowed", "nothing"], &[]),
        ("target", &[("allowed", "'l.active'")], "42P01", &["target new, allowed"], &[]),
        (
            "target",
            &[("run_as", "'nobody_of_this_name'")],
            "42704",
            &["nobody_of_this_name"],
            &["Create the role"],
        ),
    ];
    check_all(&db, cases);
    assert_eq!(db.count("ferry.target"), 1);
}

#[test]
fn a_wrong_source_is_refused_by_what_is_wrong_with_it() {
    let db = shop();
    let cases: &[Case<'_>] = &[
        (
            "source",
            &[("relation", "'legacy.people'")],
            "42P01",
            &["source new", "legacy.people"],
            &["Create"],
        ),
        (
            "source",
            &[("target", "'nothing'")],
            "22023",
            &["source new, target", "\"nothing\""],
            &["ferry.target"],
        ),
        ("source", &[("key_column", "'uid'")], "42703", &["source new, key_column", "\"uid\""], &["login"]),
        (
            "source",
            &[("login_columns", "'{nick}'")],
            "42703",
            &["source new, login_columns", "\"nick\""],
            &["email"],
        ),
        ("source", &[("hash", "'l.password'")], "42703", &["source new, hash", "password"], &[]),
        ("source", &[("hash", "'pwd ||'")], "42601", &["source new, hash"], &["one SQL expression"]),
        ("source", &[("hash", "'u.pwd'")], "42P01", &["source new, hash"], &[]),
        ("source", &[("salt", "'l.salt'")], "42703", &["source new, salt"], &[]),
        (
            "source",
            &[("filter", "'l.first'")],
            "42804",
            &["source new, filter", "text", "boolean"],
            &["condition"],
        ),
        ("source", &[("filter", "'count(*) > 1'")], "22023", &["source new, filter"], &["subquery"]),
        (
            "source",
            &[("scope", "'login'")],
            "42804",
            &["source new, scope", "text", "boolean"],
            &["condition"],
        ),
        ("source", &[("scope", "'l.login = login'")], "42P01", &["source new, scope"], &[]),
        ("source", &[("format", "'md4'")], "22023", &["source new", "md4"], &["ferry.hash_format"]),
        (
            "source",
            &[("kind", "'relation'"), ("relation", "NULL")],
            "22023",
            &["source new", "needs relation"],
            &["foreign table"],
        ),
        ("source", &[("kind", "'dblink'")], "22023", &["source new", "needs server"], &["$1"]),
        ("source", &[("kind", "'mysql'")], "22023", &["mysql"], &["ferry.source"]),
        ("source", &[("on_wrong", "'maybe'")], "22023", &["maybe"], &["ferry.source"]),
        ("source", &[("timeout", "'0'")], "22023", &["source new, timeout"], &["1 hour"]),
        ("source", &[("timeout", "'-1 second'")], "22023", &["source new, timeout"], &["1 hour"]),
    ];
    check_all(&db, cases);
    assert_eq!(db.count("ferry.source"), 1);
}

#[test]
fn a_wrong_mapping_is_refused_by_what_is_wrong_with_it() {
    let db = shop();
    db.sql("ALTER TABLE users ADD upper_name text GENERATED ALWAYS AS (upper(name)) STORED, ADD since date, ADD tags text[], ADD settings jsonb");
    let cases: &[Case<'_>] = &[
        (
            "mapping",
            &[("target_column", "'nick'")],
            "42703",
            &["mapping shop.nick", "public.users"],
            &["login"],
        ),
        (
            "mapping",
            &[("target_column", "'password_hash'")],
            "22023",
            &["hash column"],
            &["ferry.source.hash"],
        ),
        (
            "mapping",
            &[("target_column", "'upper_name'"), ("expression", "'l.first'")],
            "22023",
            &["mapping shop.upper_name", "generated"],
            &["PostgreSQL"],
        ),
        (
            "mapping",
            &[("target_column", "'id'")],
            "22023",
            &["mapping shop.id", "generated"],
            &["BY DEFAULT"],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'l.first'")],
            "42804",
            &["mapping shop.since"],
            &["cast"],
        ),
        (
            "mapping",
            &[("target_column", "'settings'"), ("expression", "'l.first'")],
            "42804",
            &["mapping shop.settings"],
            &["cast"],
        ),
        (
            "mapping",
            &[("target_column", "'settings'"), ("expression", "'''{bad json'''")],
            "22P02",
            &["mapping shop.settings"],
            &[],
        ),
        (
            "mapping",
            &[("target_column", "'tags'"), ("expression", "'''not an array'''")],
            "22P02",
            &["mapping shop.tags"],
            &[],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'lower(l.first'")],
            "42601",
            &["mapping shop.since"],
            &["one SQL expression"],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'max(now())'")],
            "22023",
            &["mapping shop.since", "aggregates"],
            &["subquery"],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'generate_series(1, 2)'")],
            "22023",
            &["mapping shop.since", "set"],
            &["subquery"],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'l.birthday'")],
            "42703",
            &["mapping shop.since", "birthday"],
            &[],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'no_such_function(l.first)'")],
            "42883",
            &["mapping shop.since", "no_such_function"],
            &[],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'(SELECT max(since) FROM nowhere)'")],
            "42P01",
            &["mapping shop.since", "nowhere"],
            &[],
        ),
        (
            "mapping",
            &[("target_column", "'since'"), ("expression", "'now()'"), ("on_conflict", "'perhaps'")],
            "22023",
            &["perhaps"],
            &[],
        ),
    ];
    check_all(&db, cases);
    let mut client = db.client();
    let refused = refusal(&mut client, &insert("mapping", &[("source", "'nothing'")]));
    assert_eq!(refused.message, "mapping nothing.id, source: there is no source \"nothing\"");
    assert_eq!(db.count("ferry.mapping"), 4);
    // The same is refused when it comes later.
    let refused = refusal(
        &mut client,
        "UPDATE ferry.mapping SET expression = 'l.birthday' WHERE target_column = 'name'",
    );
    assert_eq!(refused.state, "42703", "{refused:?}");
    assert!(refused.message.contains("mapping shop.name"), "{refused:?}");
}

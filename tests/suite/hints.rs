//! What is refused says what it is, under a SQLSTATE of its own, and whoever follows its HINT is let through.

use crate::config::insert;
use crate::setup_config::{Refusal, shop};
use ferry_tests::{Db, need_extension};
use postgres::Client;

/// A statement that is refused, and the way out that its HINT shows. In statements `{owner}` is the owner of the
/// users table, `{other}` another role without any rights, and `{database}` the name of the database.
struct Case {
    before: String,
    refused: String,
    state: &'static str,
    /// How the message goes on after `ERROR:`.
    message: &'static str,
    /// Words of the HINT, unless it is followed to the letter.
    hint: &'static str,
    follow: Follow,
    /// What is accepted afterwards: the same statement, or its mended form.
    mended: String,
}

/// What whoever reads a HINT does.
enum Follow {
    /// Runs the statements that it holds.
    ToTheLetter,
    /// Runs these.
    By(String),
}

fn case(refused: impl Into<String>, state: &'static str, message: &'static str) -> Case {
    let refused = refused.into();
    let mended = refused.clone();
    Case { before: String::new(), refused, state, message, hint: "", follow: Follow::ToTheLetter, mended }
}

impl Case {
    fn after(self, before: &str) -> Case {
        Case { before: before.to_owned(), ..self }
    }

    /// The HINT has these words, and following it takes these statements.
    fn followed_by(self, hint: &'static str, statements: &str) -> Case {
        Case { hint, follow: Follow::By(statements.to_owned()), ..self }
    }

    /// What is accepted then is another statement.
    fn mended(self, mended: &str) -> Case {
        Case { mended: mended.to_owned(), ..self }
    }

    /// The HINT has these words, and the statement is mended after it.
    fn mended_by(self, hint: &'static str, mended: impl Into<String>) -> Case {
        Case { mended: mended.into(), ..self.followed_by(hint, "") }
    }
}

/// The statements that a HINT holds: from the first verb to the last semicolon.
fn statements_in(hint: &str) -> &str {
    let start = ["GRANT ", "CREATE "].iter().filter_map(|verb| hint.find(verb)).min();
    match (start, hint.rfind(';')) {
        (Some(start), Some(end)) if start < end => &hint[start..=end],
        _ => "",
    }
}

/// Goes through a case in a transaction that is undone; tells what is not as it must be.
fn complaint(db: &Db<'_>, client: &mut Client, case: &Case) -> Option<String> {
    let words =
        [("{owner}", db.owner()), ("{other}", db.role("other")), ("{database}", db.name().to_owned())];
    let filled = |sql: &str| words.iter().fold(sql.to_owned(), |sql, (word, name)| sql.replace(word, name));
    let mut run = |sql: &str| client.batch_execute(&filled(sql)).map_err(|error| Refusal::of(&error));
    let mut go = || -> Result<(), String> {
        run(&format!("BEGIN; {}; SAVEPOINT refused", case.before))
            .map_err(|error| format!("before: {error:?}"))?;
        let Err(refused) = run(&case.refused) else { return Err("not refused".to_owned()) };
        run("ROLLBACK TO refused; RESET ROLE").map_err(|error| format!("{error:?}"))?;
        if refused.state != case.state || !refused.message.starts_with(&filled(case.message)) {
            return Err(format!("not {} {:?} but {refused:?}", case.state, case.message));
        }
        let follow = match &case.follow {
            Follow::ToTheLetter => statements_in(&refused.hint).to_owned(),
            Follow::By(_) if !refused.hint.contains(&filled(case.hint)) => {
                return Err(format!("no {:?} in the hint: {refused:?}", case.hint));
            }
            Follow::By(statements) => statements.clone(),
        };
        if case.hint.is_empty() && follow.is_empty() {
            return Err(format!("no statement in the hint: {refused:?}"));
        }
        run(&follow).map_err(|error| format!("{refused:?} led to {error:?}"))?;
        run(&case.mended).map_err(|error| format!("{refused:?} did not help: {error:?}"))
    };
    let complaint = go().err().map(|what| format!("{}\n  {what}", case.refused));
    client.batch_execute("ROLLBACK; RESET ROLE").unwrap();
    complaint
}

#[track_caller]
fn check_all(db: &Db<'_>, cases: &[Case]) {
    let mut client = db.client();
    let complaints: Vec<String> = cases.iter().filter_map(|case| complaint(db, &mut client, case)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_hint_of_a_refused_target_works() {
    let target = |column: &str, value: &str| insert("target", &[(column, value)]);
    let users = "CREATE TABLE people (id int, login text, password_hash text)";
    let doc = "ALTER TABLE users ADD doc json, ADD active boolean, ADD digest bytea";
    let cases = [
        case(
            target("relation", "'public.people'"),
            "42P01",
            "target new: relation \"public.people\" does not exist",
        )
        .followed_by(
            "Create the users table first",
            &format!("{users}; ALTER TABLE people OWNER TO {{owner}}"),
        ),
        case(target("relation", "'a.b.c.d'"), "42601", "target new, relation: ")
            .mended_by("with its schema, such as public.users", target("relation", "'public.users'")),
        case(
            target("relation", "'counter'"),
            "22023",
            "target new: public.counter is not a table of this database",
        )
        .after("CREATE SEQUENCE counter; ALTER SEQUENCE counter OWNER TO {owner}")
        .mended_by("is a table, a partitioned table or", target("name", "'new'")),
        case(target("relation", "'names'"), "22023", "target new: public.names is a view that takes no rows")
            .after(
                "SET LOCAL ROLE {owner};
                 CREATE VIEW names AS
                     SELECT id, login, max(password_hash) AS password_hash FROM users GROUP BY id;
                 RESET ROLE",
            )
            .followed_by(
                "INSTEAD OF triggers",
                "CREATE FUNCTION write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                 CREATE TRIGGER write INSTEAD OF INSERT OR UPDATE ON names
                     FOR EACH ROW EXECUTE FUNCTION write()",
            ),
        case(target("relation", "'people'"), "42501", "target new: public.people belongs to superuser")
            .after(users)
            .followed_by("ALTER TABLE public.people OWNER TO ", "ALTER TABLE people OWNER TO {owner}"),
        case(target("run_as", "'nobody at all'"), "42704", "role \"nobody at all\" of run_as does not exist")
            .mended_by("name another in run_as", target("run_as", "'{owner}'")),
        case(
            target("run_as", "'{other}'"),
            "42501",
            "target new: role \"{other}\" of run_as may not read and write public.users",
        ),
        case(
            insert("target", &[("relation", "'hidden.users'"), ("run_as", "'{other}'")]),
            "42501",
            "target new: role \"{other}\" of run_as may not read and write hidden.users",
        )
        .after(
            "CREATE SCHEMA hidden; ALTER TABLE users SET SCHEMA hidden;
             GRANT SELECT, INSERT, UPDATE ON hidden.users TO {other}",
        ),
        case(
            format!("SET LOCAL ROLE {{other}}; {}", target("name", "'new'")),
            "42501",
            "only members of role \"{owner}\" may write the config that runs as it",
        )
        .after("SELECT ferry.grant_access('{other}', 'admin')"),
        case(
            format!("SET LOCAL ROLE {{other}}; {}", target("run_as", "'postgres'")),
            "42501",
            "only members of role \"postgres\" may write the config that runs as it",
        )
        .after("SELECT ferry.grant_access('{other}', 'admin'); GRANT {owner} TO {other}")
        .mended_by("Have a superuser do it", target("run_as", "'postgres'")),
        case(
            target("id_column", "'nr'"),
            "42703",
            "target new, id_column: column \"nr\" of public.users does not exist",
        )
        .mended_by("Its columns are id, login, email", target("name", "'new'")),
        case(
            target("hash_column", "'digest'"),
            "42804",
            "target new, hash_column: type bytea is not a text type",
        )
        .after(doc)
        .followed_by("use a column of type text", "ALTER TABLE users ALTER digest TYPE text"),
        case(
            target("must_change", "'points'"),
            "42804",
            "target new, must_change: column \"points\" is of type integer",
        )
        .after(doc)
        .mended_by("Name a boolean column", target("must_change", "'active'")),
        case(
            target("login_columns", "'{mail}'"),
            "42703",
            "target new, login_columns: column \"mail\" of public.users",
        )
        .mended_by("Its columns are id, login, email", target("login_columns", "'{email}'")),
        case(
            target("login_columns", "'{lower(u.emial)}'"),
            "42703",
            "target new, login_columns: column u.emial",
        )
        .mended_by("\"u.email\"", target("login_columns", "'{lower(u.email)}'")),
        case(
            target("login_columns", "'{doc}'"),
            "42804",
            "target new, login_columns: type json has no equality",
        )
        .after(doc)
        .mended_by("of a type such as text", target("login_columns", "'{doc::text}'")),
        case(target("login_columns", "'{}'"), "22023", "target new, login_columns: there is none")
            .mended_by("such as '{email}'", target("login_columns", "'{email}'")),
        case(target("name", "''"), "22023", "target, name: it is empty")
            .mended_by("give it one", target("name", "'new'")),
        case(target("login_form", "'upper'"), "22023", "target new, login_form: unknown value \"upper\"")
            .mended_by("\\d+ ferry.target", target("login_form", "'casefold'")),
        case(
            target("on_mismatch", "'source'"),
            "22023",
            "target new, on_mismatch_until: on_mismatch = source needs",
        )
        .mended_by(
            "now() + interval '6 months'",
            insert(
                "target",
                &[("on_mismatch", "'source'"), ("on_mismatch_until", "now() + interval '6 months'")],
            ),
        ),
        case(target("hash_policy", "'rot13'"), "22023", "target new, hash_policy: \"rot13\"")
            .mended_by("bcrypt:cost=12", target("hash_policy", "'bcrypt:cost=12'")),
        case(
            target("unicode_form", "'nfx'"),
            "22023",
            "target new, unicode_form: there is no Unicode form \"nfx\"",
        )
        .mended_by("none, nfc", target("unicode_form", "'nfc'")),
        case(
            target("allowed", "'u.points'"),
            "42804",
            "target new, allowed: the expression is of type integer",
        )
        .after(doc)
        .mended_by("such as u.active", target("allowed", "'u.active'")),
        case(
            target("changed_at", "'u.points'"),
            "42804",
            "target new, changed_at: the expression is of type",
        )
        .after(doc)
        .mended_by("such as u.updated::timestamptz", target("changed_at", "'now()'")),
        case(target("hash_policy", "NULL"), "22023", "target new, hash_policy: it is null")
            .mended_by("how new hashes are made, such as argon2id", target("hash_policy", "'argon2id'")),
        case(target("lookup", "'{NULL}'"), "22023", "target new, lookup[0]: it is null")
            .mended_by("\\d+ ferry.target", target("lookup", "'{email}'")),
        case(target("search_path", "'a b'"), "22023", "target new, search_path: invalid value for parameter")
            .mended_by("such as public, legacy", target("search_path", "'public, \"a b\"'")),
        case(target("allowed", "'l.active'"), "42P01", "target new, allowed: missing FROM-clause entry")
            .after(doc)
            .mended_by("such as u.email", target("allowed", "'u.active'")),
        case(
            target("allowed", "$$picky('x')$$"),
            "42501",
            "target new, allowed: permission denied for function picky",
        )
        .after(
            "CREATE FUNCTION picky(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
                 'BEGIN RETURN true; END';
             REVOKE ALL ON FUNCTION picky FROM PUBLIC",
        )
        .followed_by(
            "role \"{owner}\", the target's run_as: GRANT",
            "GRANT ALL ON FUNCTION picky TO {owner}",
        ),
        case(
            "UPDATE ferry.target SET name = 'new'",
            "55000",
            "target \"default\" has moved users and keeps its name",
        )
        .after(LINK)
        .mended_by("Add a new row", target("name", "'new'")),
        case(
            "UPDATE ferry.target SET id_column = 'login'",
            "55000",
            "target \"default\" has moved users and keeps its id_column",
        )
        .after(LINK)
        .mended_by("Add a new row", target("id_column", "'login'")),
        case(
            "SELECT ferry.purge_events()",
            "22023",
            "invalid value for parameter \"ferry.event_retention\": \"soon\"",
        )
        .after("SET LOCAL ferry.event_retention = 'soon'")
        .followed_by("such as 1 year or 90 days", "SET LOCAL ferry.event_retention = '90 days'"),
        case("SELECT ferry.authenticate('a', 'b', 'shop')", "22023", "there is no target \"shop\"")
            .mended_by("rows of ferry.target", "SELECT ferry.authenticate('a', 'b', 'default')"),
    ];
    check_all(&shop(), &cases);
}

/// A user who was moved.
const LINK: &str = "INSERT INTO ferry.link (source, legacy_key, target, user_id, via)
                    VALUES ('shop', '9', 'default', '9', 'login')";

#[test]
fn the_hint_of_a_refused_source_works() {
    let source = |column: &str, value: &str| insert("source", &[(column, value)]);
    let people = "CREATE TABLE legacy.people AS SELECT * FROM legacy.customers";
    let cases = [
        case(
            source("relation", "'legacy.people'"),
            "42P01",
            "source new: relation \"legacy.people\" does not exist",
        )
        .followed_by("Create it first", &format!("{people}; ALTER TABLE legacy.people OWNER TO {{owner}}")),
        case(
            source("relation", "'legacy.people'"),
            "42501",
            "source new: role \"{owner}\" of run_as may not read",
        )
        .after(people),
        case(
            source("relation", "'hidden.people'"),
            "42501",
            "source new: role \"{owner}\" of run_as may not read",
        )
        .after(
            "CREATE SCHEMA hidden; CREATE TABLE hidden.people AS SELECT * FROM legacy.customers;
                 GRANT SELECT ON hidden.people TO {owner}",
        ),
        case(
            source("relation", "'legacy.people'"),
            "42501",
            "source new: role \"{owner}\" of run_as may not read login, pwd of legacy.people",
        )
        .after(&format!("{people}; GRANT SELECT (id, email) ON legacy.people TO {{owner}}")),
        case(source("target", "'new'"), "22023", "source new, target: there is no target \"new\"")
            .followed_by("rows of ferry.target", &insert("target", &[])),
        case(source("kind", "'mysql'"), "22023", "source new, kind: unknown value \"mysql\"")
            .mended_by("\\d+ ferry.source", source("kind", "'relation'")),
        case(source("relation", "NULL"), "22023", "source new: kind relation needs relation")
            .mended_by("Name a table, view or foreign table", source("name", "'new'")),
        case(
            source("key_column", "'uid'"),
            "42703",
            "source new, key_column: column \"uid\" of legacy.customers",
        )
        .mended_by("Its columns are id, login", source("name", "'new'")),
        case(source("login_columns", "'{}'"), "22023", "source new, login_columns: there is none")
            .mended_by("such as '{email}'", source("login_columns", "'{email}'")),
        case(source("hash", "'l.pwd AS hash'"), "42601", "source new, hash: not one expression")
            .mended_by("no column list, alias", source("hash", "'l.pwd'")),
        case(source("hash", "'l.*'"), "42601", "source new, hash: the expression stands for all columns")
            .mended_by("one SQL expression", source("hash", "'l.pwd'")),
        case(source("hash", "'lower(l.pwd'"), "42601", "source new, hash: syntax error")
            .mended_by("such as lower(l.email)", source("hash", "'lower(l.pwd)'")),
        case(source("salt", "'l.firts'"), "42703", "source new, salt: column l.firts does not exist")
            .mended_by("\"l.first\"", source("salt", "'l.first'")),
        case(source("filter", "'max(l.id) > 1'"), "22023", "source new, filter: the expression aggregates")
            .mended_by("a subquery", source("filter", "'(SELECT max(id) FROM legacy.customers) > 1'")),
        case(
            source("filter", "'l.points'"),
            "42804",
            "source new, filter: the expression is of type integer",
        )
        .mended_by("such as l.active", source("filter", "'l.active'")),
        case(source("scope", "'login'"), "42804", "source new, scope: the expression is of type text")
            .mended_by("login LIKE '%@example.com'", source("scope", "$$login LIKE '%@example.com'$$")),
        case(
            source("format", "'md4'"),
            "22023",
            "source new, format: there is no password hash format \"md4\"",
        )
        .mended_by(
            "the view ferry.hash_format",
            source(
                "format",
                "(SELECT min(name) FROM ferry.hash_format WHERE NOT needs_salt AND NOT needs_pepper)",
            ),
        ),
        case(source("format", "'md5($pass'"), "42601", "source new, format: invalid recipe at character 10")
            .mended_by(
                "md5(md5($pass).$salt)",
                insert("source", &[("format", "'md5(md5($pass).$salt)'"), ("salt", "'l.first'")]),
            ),
        case(
            source("format", "'md5($pass.$salt)'"),
            "22023",
            "source new, salt: format md5($pass.$salt) needs one",
        )
        .mended_by(
            "{hash}:{salt} <- md5($pass.$salt)",
            source("format", "'{hash}:{salt} <- md5($pass.$salt)'"),
        ),
        case(
            source("format", "'md5($pass.$pepper)'"),
            "22023",
            "source new, pepper: format md5($pass.$pepper) needs",
        )
        .mended_by("ferry.pepper_file", peppered())
        .after(&peppers("shop = text:secret")),
        case(
            source("salt_encoding", "'rot13'"),
            "22023",
            "source new, salt_encoding: there is no encoding \"rot13\"",
        )
        .mended_by("text, hex, base64", source("salt_encoding", "'hex'")),
        case(
            source("charsets", "'{koi8-r}'"),
            "22023",
            "source new, charsets: there is no charset \"koi8-r\"",
        )
        .mended_by("utf-8, latin1", source("charsets", "'{utf-8,latin1}'")),
        case(
            source("transforms", "'{rot13}'"),
            "22023",
            "source new, transforms: there is no transform \"rot13\"",
        )
        .mended_by("truncate:72", source("transforms", "'{truncate:72}'")),
        case(
            source("charsets", "'{}'"),
            "22023",
            "source new, unicode_forms and charsets: invalid password preparation",
        )
        .mended_by("at least one of both", source("charsets", "'{utf-8}'")),
        case(source("timeout", "'2 hours'"), "22023", "source new, timeout: ")
            .mended_by("between 1 millisecond and 1 hour", source("timeout", "'1 hour'")),
        case(source("timeout", "NULL"), "22023", "source new, timeout: it is null")
            .mended_by("how long a query to it may take", source("timeout", "'1 hour'")),
        case(source("hash", "NULL"), "22023", "source new, hash: it is null")
            .mended_by("SQL expression over the legacy row l", source("hash", "'l.pwd'")),
        case(source("name", "NULL"), "22023", "source, name: it is null")
            .mended_by("what links and events call it", source("name", "'new'")),
        case(source("deactivate", "'{}'"), "22023", "source new, deactivate: there is no column in it")
            .mended_by("{\"active\": \"false\"}", source("deactivate", r#"'{"points": "0"}'"#)),
        case(
            source("deactivate", r#"'{"id": "0"}'"#),
            "22023",
            "source new, deactivate: column \"id\" is generated",
        )
        .mended_by("Leave it to PostgreSQL", source("deactivate", "NULL")),
        case(
            source("unmapped", "'points'"),
            "42804",
            "source new, unmapped: column \"points\" is of type integer",
        )
        .followed_by(
            "a column of type jsonb.",
            "ALTER TABLE users ALTER points DROP DEFAULT, ALTER points TYPE jsonb USING NULL",
        )
        .after("DELETE FROM ferry.mapping WHERE target_column = 'points'"),
        case(
            "UPDATE ferry.source SET name = 'new'",
            "55000",
            "source \"shop\" has moved users and keeps its name",
        )
        .after(LINK)
        .mended_by("Add a new row", source("name", "'new'")),
        case(
            "UPDATE ferry.source SET key_column = 'nr'",
            "55000",
            "source \"shop\" has moved users and keeps its key_column",
        )
        .after(&format!("{LINK}; ALTER TABLE legacy.customers RENAME id TO nr"))
        .followed_by(
            "a view that has it under its former name",
            "SET LOCAL ROLE {owner};
             CREATE VIEW legacy.former AS SELECT nr AS id, login, email, first, last, points, pwd FROM legacy.customers;
             RESET ROLE",
        )
        .mended("UPDATE ferry.source SET relation = 'legacy.former'"),
    ];
    check_all(&shop(), &cases);
}

/// A source whose format takes a pepper.
fn peppered() -> String {
    insert("source", &[("format", "'md5($pass.$pepper)'"), ("pepper", "'shop'")])
}

/// Writes a file of peppers beside the data and names it.
fn peppers(lines: &str) -> String {
    format!(
        "COPY (SELECT '{lines}') TO PROGRAM 'umask 077; cat > {{database}}.peppers';
         SET LOCAL ferry.pepper_file = '{{database}}.peppers'"
    )
}

#[test]
fn the_hint_of_a_refused_pepper_works() {
    let written = peppers("shop = text:secret");
    let cases = [
        case(peppered(), "55000", "source new, pepper: ferry.pepper_file is not set")
            .followed_by("name it in ferry.pepper_file", &written),
        case(peppered(), "42704", "source new, pepper: there is no pepper \"shop\"")
            .after(&peppers("forum = text:secret"))
            .followed_by("shop = text:secret", &written),
        case(peppered(), "55000", "source new, pepper: line 1 of file ")
            .after(&peppers("shop = rot13:frperg"))
            .followed_by("name = encoding:value; encodings are text", &written),
        case(peppered(), "55000", "source new, pepper: file ")
            .after(&format!(
                "{written}; COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; chmod 644 {{database}}.peppers'"
            ))
            .followed_by(
                "chmod 600",
                "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; chmod 600 {database}.peppers'",
            ),
        case(peppered(), "55000", "source new, pepper: could not read file ")
            .after("SET LOCAL ferry.pepper_file = 'no.peppers'")
            .followed_by("the server's own user may read", &written),
        case(peppered(), "55000", "source new, pepper: \"")
            .after("SET LOCAL ferry.pepper_file = 'base'")
            .followed_by("a text file of lines such as shop = text:secret", &written),
    ];
    let db = shop();
    check_all(&db, &cases);
    db.sql(&format!("COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; rm {}.peppers'", db.name()));
}

#[test]
fn the_hint_of_a_refused_dblink_source_works() {
    need_extension!("dblink");
    let far = |changes: &[(&str, &str)]| {
        let all = [
            ("kind", "'dblink'"),
            ("relation", "NULL"),
            ("server", "'far'"),
            ("row_type", "'legacy.customers'"),
        ];
        let query = [("query", "'SELECT * FROM customers WHERE login = $1'")];
        let kept = all
            .iter()
            .chain(&query)
            .filter(|(column, _)| changes.iter().all(|(changed, _)| changed != column));
        insert("source", &kept.chain(changes).copied().collect::<Vec<_>>())
    };
    let server = "CREATE EXTENSION dblink; CREATE SERVER far FOREIGN DATA WRAPPER dblink_fdw";
    let cases = [
        case(far(&[]), "42704", "source new: foreign server \"far\" does not exist")
            .after("CREATE EXTENSION dblink"),
        case(far(&[]), "55000", "source new: extension dblink is not installed")
            .after("CREATE FOREIGN DATA WRAPPER other; CREATE SERVER far FOREIGN DATA WRAPPER other"),
        case(far(&[("query", "NULL")]), "22023", "source new: kind dblink needs server, query and row_type")
            .after(server)
            .mended_by(
                "'SELECT id, email, password FROM users WHERE email = $1'",
                far(&[("query", "'SELECT id, email, password FROM users WHERE email = $1'")]),
            ),
        case(
            far(&[("row_type", "'legacy.person'")]),
            "42P01",
            "source new: composite type \"legacy.person\" does not exist",
        )
        .after(server)
        .followed_by(
            "Create it first",
            "CREATE TYPE legacy.person AS (id int, login text, pwd text);
                 ALTER TYPE legacy.person OWNER TO {owner}",
        ),
    ];
    check_all(&shop(), &cases);
}

#[test]
fn the_hint_of_a_refused_mapping_works() {
    let mapping = |column: &str, expression: &str| {
        insert(
            "mapping",
            &[("target_column", &format!("'{column}'")), ("expression", &format!("$${expression}$$"))],
        )
    };
    let more = "ALTER TABLE users ADD since date, ADD tags text[]";
    let cases = [
        case(
            mapping("nick", "l.login"),
            "42703",
            "mapping shop.nick: column \"nick\" of public.users does not exist",
        )
        .after(more)
        .mended_by("since, tags", mapping("tags", "ARRAY[l.login]")),
        case(
            mapping("password_hash", "l.pwd"),
            "22023",
            "mapping shop.password_hash: the hash column takes no mapping",
        )
        .mended_by("ferry.source.hash", "UPDATE ferry.source SET hash = 'l.pwd'"),
        case(mapping("id", "l.id"), "22023", "mapping shop.id: column \"id\" is generated always")
            .followed_by("GENERATED BY DEFAULT", "ALTER TABLE users ALTER id SET GENERATED BY DEFAULT"),
        case(
            mapping("since", "l.first"),
            "42804",
            "mapping shop.since: column \"since\" is of type date but",
        )
        .after(more)
        .mended_by("cast", mapping("since", "l.first::date")),
        case(mapping("tags", "'none'"), "22P02", "mapping shop.tags: malformed array literal")
            .after(more)
            .mended_by("of type text[]", mapping("tags", "'{none}'")),
        case(mapping("since", "max(now())"), "22023", "mapping shop.since: the expression aggregates")
            .after(more)
            .mended_by("a subquery", mapping("since", "(SELECT max(now()))")),
        case(mapping("up", "l.login"), "0A000", "mapping shop.up: cannot insert into column \"up\" of view")
            .after(
                "SET LOCAL ROLE {owner}; CREATE VIEW seen AS SELECT *, upper(name) AS up FROM users; RESET ROLE;
                 UPDATE ferry.target SET relation = 'seen'",
            )
            .followed_by(
                "INSTEAD OF triggers",
                "CREATE FUNCTION write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                 CREATE TRIGGER write INSTEAD OF INSERT OR UPDATE ON seen FOR EACH ROW EXECUTE FUNCTION write()",
            ),
        case(
            mapping("since", "to_date(l.points)"),
            "42883",
            "mapping shop.since: function to_date(integer) does not",
        )
        .after(more)
        .mended_by("argument types", mapping("since", "to_date(l.points::text, 'YYYYMMDD')")),
        case(
            insert(
                "mapping",
                &[("target_column", "'since'"), ("expression", "'now()'"), ("on_conflict", "'forget'")],
            ),
            "22023",
            "mapping shop.since, on_conflict: unknown value \"forget\"",
        )
        .after(more)
        .mended_by("\\d+ ferry.mapping", mapping("since", "now()")),
        case(
            insert("mapping", &[("source", "'new'")]),
            "22023",
            "mapping new.id, source: there is no source \"new\"",
        )
        .followed_by(
            "write that row first",
            &format!("ALTER TABLE users ALTER id SET GENERATED BY DEFAULT; {}", insert("source", &[])),
        ),
    ];
    check_all(&shop(), &cases);
}

#[test]
fn the_hint_of_a_refused_rule_works() {
    let rule = |column: &str, value: &str| insert("rule", &[(column, value)]);
    let must_change = [("severity", "'must_change'"), ("expression", "'p.length >= 8'")];
    let cases = [
        case(
            rule("expression", "'l.points'"),
            "42804",
            "rule shop.new: the expression is of type integer, not boolean",
        )
        .mended_by("p.length >= 8", rule("expression", "'p.length >= 8'")),
        case(rule("expression", "'l.actvie'"), "42703", "rule shop.new: column l.actvie does not exist")
            .mended_by("\"l.active\"", rule("expression", "'l.active'")),
        case(rule("expression", "'true; DROP TABLE users'"), "42601", "rule shop.new: not one expression")
            .mended_by("one SQL expression", rule("expression", "'true'")),
        case(
            insert("rule", &must_change),
            "22023",
            "rule shop.new, severity: target default has no must_change column",
        )
        .followed_by(
            "must_change of ferry.target",
            "ALTER TABLE users ADD stale boolean; UPDATE ferry.target SET must_change = 'stale'",
        ),
        case(rule("severity", "'refuse'"), "22023", "rule shop.new, severity: unknown value \"refuse\"")
            .mended_by("\\d+ ferry.rule", rule("severity", "'reject'")),
        case(rule("name", "''"), "22023", "rule, name: it is empty")
            .mended_by("give it one", rule("name", "'new'")),
        case(rule("source", "'new'"), "22023", "rule new.new, source: there is no source \"new\"")
            .followed_by("write that row first", &insert("source", &[])),
    ];
    check_all(&shop(), &cases);
}

#[test]
fn the_hint_of_a_refused_hook_works() {
    let hook = |column: &str, value: &str| insert("hook", &[(column, value)]);
    let note = "CREATE FUNCTION note(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1'";
    let target_and_source = [insert("target", &[]), insert("source", &[("target", "'new'")])].join("; ");
    let cases = [
        case(hook("name", "''"), "22023", "hook, name: it is empty")
            .mended_by("give it one", hook("name", "'new'")),
        case(hook("point", "'later'"), "22023", "hook default.new, point: unknown value \"later\"")
            .mended_by("\\d+ ferry.hook", hook("point", "'after_write'")),
        case(
            hook("timeout", "'2 hours'"),
            "22023",
            "hook default.new, timeout: \"02:00:00\" is out of bounds",
        )
        .mended_by("between 1 millisecond and 1 hour", hook("timeout", "'1 hour'")),
        case(hook("target", "'new'"), "22023", "hook new.new, target: there is no target \"new\"")
            .followed_by("rows of ferry.target", &target_and_source),
        case(hook("source", "'new'"), "22023", "hook default.new, source: there is no source \"new\"")
            .followed_by("write that row first", &insert("source", &[])),
        case(hook("function", "'gone'"), "42883", "hook default.new: function gone does not exist")
            .mended_by("RETURNS jsonb", hook("function", "'public.note'")),
    ];
    check_all(&shop(), &cases.map(|case| case.after(note)));
}

#[test]
fn the_hint_of_a_hash_that_is_not_as_its_recipe_has_it_works() {
    let verify = |hash: &str, recipe: &str| format!("SELECT ferry.verify_hash('x', {hash}, '{recipe}', 's')");
    let salted = "md5(md5($pass).$salt)";
    let cases = [
        case(verify("'y'", salted), "22P02", "malformed password hash: the hash of a recipe")
            .mended_by("docs/recipes.md", verify("md5(md5('x') || 's')", salted)),
        case(
            verify("md5('x')", "{MD5}{hash} <- md5($pass)"),
            "22P02",
            "malformed password hash: the layout of a recipe",
        )
        .mended_by(
            "a template such as {hash}:{salt} says its layout",
            verify("'{MD5}' || md5('x')", "{MD5}{hash} <- md5($pass)"),
        ),
        case(verify("'y'", "md5($pass)|phpass"), "22P02", "malformed password hash: the hash that a recipe")
            .mended_by(
                "docs/recipes.md",
                verify("'$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0'", "md5($pass)|phpass"),
            ),
    ];
    check_all(&shop(), &cases);
}

#[test]
fn the_hint_of_a_refused_preset_works() {
    let preset = |changes: &[(&str, &str)]| {
        let all = [
            ("name", "'own'"),
            ("title", "'Our own'"),
            ("relation", "'the table users'"),
            (
                "source",
                r#"'{"key_column": "id", "login_columns": ["login"], "hash": "l.pwd", "salt": null}'"#,
            ),
            ("mappings", r#"'{"email": "lower(l.email)"}'"#),
            ("rules", r#"'[{"name": "active", "expression": "l.active"}]'"#),
        ];
        let value = |(column, value): &(&str, &'static str)| match changes
            .iter()
            .find(|(changed, _)| changed == column)
        {
            Some((_, changed)) => (*changed).to_owned(),
            None => (*value).to_owned(),
        };
        let values: Vec<String> = all.iter().map(value).collect();
        format!(
            "INSERT INTO ferry.preset (name, title, relation, source, mappings, rules) VALUES ({})",
            values.join(", ")
        )
    };
    let refused = |column: &str, value: &str, state: &'static str, message: &'static str| {
        case(preset(&[(column, value)]), state, message)
    };
    let cases = [
        refused("name", "'M 5'", "22023", "preset M 5, name: not in the form")
            .mended_by("such as our-shop", preset(&[("name", "'our-shop'")])),
        refused("name", "NULL", "22023", "preset , name: it is not given")
            .mended_by("what use_preset is told", preset(&[])),
        refused("title", "NULL", "22023", "preset own, title: it is not given")
            .mended_by("the system, and the versions", preset(&[])),
        refused("title", "' '", "22023", "preset own, title: it is not given")
            .mended_by("the system, and the versions", preset(&[])),
        refused("relation", "''", "22023", "preset own, relation: it is not given")
            .mended_by("what to give use_preset as relation", preset(&[])),
        refused("source", "NULL", "22023", "preset own, source: it is not given")
            .mended_by("the columns of ferry.source", preset(&[])),
        refused(
            "source",
            r#"'{"key_column": "id"}'"#,
            "22023",
            "preset own, source, login_columns: it is not",
        )
        .mended_by("where a login is looked up", preset(&[])),
        refused(
            "source",
            r#"'{"key_column": "id", "login_columns": ["login"]}'"#,
            "22023",
            "preset own, source, hash: it is not given",
        )
        .mended_by("the legacy password hash", preset(&[])),
        refused(
            "source",
            r#"'{"key_column": "id", "login_columns": ["login"], "hash": "l.pwd AS hash"}'"#,
            "42601",
            "preset own, source, hash: not one expression",
        )
        .mended_by("one SQL expression", preset(&[])),
        refused("rules", r#"'[{"name": "x"}]'"#, "22023", "preset own, rules, expression: it is not given")
            .mended_by("boolean SQL expression", preset(&[])),
        refused("rules", r#"'[{"name": "x", "expression": "l.a; l.b"}]'"#, "42601", "preset own, rules, x: ")
            .mended_by("one SQL expression", preset(&[])),
        refused("mappings", r#"'{"email": "l.x)"}'"#, "42601", "preset own, mappings, email: syntax error")
            .mended_by("one SQL expression", preset(&[])),
        refused("mappings", r#"'{"email": "l.*"}'"#, "42601", "preset own, mappings, email: the expression")
            .mended_by("one SQL expression", preset(&[])),
    ];
    check_all(&shop(), &cases);
}

#[test]
fn the_hint_of_a_refused_decision_works() {
    let decided = |decision: &str| format!("UPDATE ferry.review SET decision = '{decision}'");
    let cases = [case(decided("maybe"), "22023", "review of shop 9, decision: unknown value \"maybe\"")
        .after(
            "INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason)
             VALUES ('shop', '9', 'default', '9', 'login', 'adopt')",
        )
        .mended_by("adopt (they are one person)", decided("adopt"))];
    check_all(&shop(), &cases);
}

/// A HINT that holds a statement holds all of it.
#[test]
fn statements_are_found_in_hints() {
    assert_eq!(statements_in("GRANT a TO b; or name another."), "GRANT a TO b;");
    assert_eq!(statements_in("CREATE a; GRANT b;"), "CREATE a; GRANT b;");
    assert_eq!(statements_in("Create it first."), "");
}

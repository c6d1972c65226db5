//! No password and no hash leaves pg_ferry: not in events, views, explanations, error messages or the server's log.

use crate::setup::{Site, login};
use crate::setup_config::{Refusal, app, outcome, password_of, right, shop, text, try_login};
use ferry_tests::Db;
use postgres::{Client, NoTls};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Passwords that were typed by mistake or by an attacker.
const TYPED: &[&str] =
    &["Typed-into-login-1", "Wrong-guess-2", "Brand-new-3", "Brand-new-4", "Sign-up-own-5"];

/// A legacy hash that is none, but secret all the same.
const GARBAGE: &str = "$argon2id$v=19$m=GARBAGEsecret";

/// All that must not be seen: passwords, legacy hashes, and the hashes that the users table has had.
struct Secrets {
    texts: BTreeSet<String>,
}

impl Secrets {
    fn new(db: &Db<'_>) -> Self {
        let mut texts: BTreeSet<String> = TYPED.iter().map(ToString::to_string).collect();
        texts.extend(crate::setup_config::PEOPLE.iter().map(|(_, password)| (*password).to_owned()));
        texts.insert(GARBAGE.to_owned());
        let mut secrets = Self { texts };
        secrets.learn(db);
        secrets
    }

    /// Adds the hashes that there are now.
    fn learn(&mut self, db: &Db<'_>) {
        for query in [
            "SELECT coalesce(j ->> 'pwd', j ->> 'secret') FROM (SELECT to_jsonb(c) AS j FROM legacy.customers c) r",
            "SELECT coalesce(j ->> 'password_hash', j ->> 'secret') FROM (SELECT to_jsonb(u) AS j FROM users u) r",
        ] {
            let hashes = db
                .rows(query, &[])
                .iter()
                .filter_map(|row| row.get::<_, Option<String>>(0))
                .collect::<Vec<_>>();
            // The salt and the digest are secret by themselves; the parameters are not.
            let parts = hashes.iter().flat_map(|hash| hash.split('$')).filter(|part| part.len() > 16);
            self.texts.extend(parts.map(str::to_owned));
        }
    }

    #[track_caller]
    fn assert_absent(&self, place: &str, text: &str) {
        assert!(!text.is_empty(), "{place} is empty: nothing was looked at");
        let seen: Vec<_> = self.texts.iter().filter(|secret| text.contains(*secret)).collect();
        assert!(seen.is_empty(), "{place} shows {seen:?}:\n{text}");
    }
}

/// Answers every login with an error that quotes the row.
const QUOTING_TRIGGER: &str = "
    CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE ''row is %'', NEW USING DETAIL = NEW.password_hash, HINT = NEW.password_hash; END';
    CREATE TRIGGER quote_row BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION quote_row()";

/// Logins that go well, go wrong and fail in every way that quotes rows, as text of what was told about them.
fn battery(db: &Db<'_>, client: &mut Client, secrets: &mut Secrets) -> String {
    let mut told = String::new();
    let mut tell = |db: &Db<'_>, statements: &str, login: &str, password: &str, undo: &str| {
        db.sql(statements);
        told += &match try_login(client, login, password) {
            Ok(answer) => format!("{answer:?}\n"),
            Err(error) => format!("{error:?} {:?}\n", error.as_db_error()),
        };
        let explain = "SELECT coalesce(string_agg(e::text, E'\\n'), '') FROM ferry.explain_login($1, $2) e";
        told += &match db.client().query_one(explain, &[&login, &password]) {
            Ok(row) => row.get::<_, String>(0),
            Err(error) => format!("{error:?}\n"),
        };
        secrets.learn(db);
        db.sql(undo);
    };
    let alice = password_of("alice");
    tell(db, "", "alice", "Wrong-guess-2", "");
    tell(db, "", "Typed-into-login-1", "Wrong-guess-2", "");
    tell(
        db,
        "ALTER TABLE users ADD CONSTRAINT short CHECK (length(password_hash) < 3)",
        "alice",
        alice,
        "ALTER TABLE users DROP CONSTRAINT short",
    );
    tell(
        db,
        "ALTER TABLE users ALTER points TYPE smallint; UPDATE legacy.customers SET points = 99999",
        "alice",
        alice,
        "UPDATE legacy.customers SET points = 1",
    );
    tell(
        db,
        "UPDATE ferry.mapping SET expression = 'l.pwd::integer' WHERE target_column = 'points'",
        "alice",
        alice,
        "UPDATE ferry.mapping SET expression = 'l.points' WHERE target_column = 'points'",
    );
    tell(
        db,
        "UPDATE ferry.source SET filter = 'l.pwd::integer > 0'",
        "alice",
        alice,
        "UPDATE ferry.source SET filter = NULL",
    );
    tell(
        db,
        "UPDATE ferry.source SET hash = 'l.pwd::integer::text'",
        "alice",
        alice,
        "UPDATE ferry.source SET hash = 'l.pwd'",
    );
    tell(
        db,
        "UPDATE ferry.source SET format = 'bcrypt'",
        "alice",
        alice,
        "UPDATE ferry.source SET format = NULL",
    );
    tell(db, QUOTING_TRIGGER, "alice", alice, "DROP TRIGGER quote_row ON users");
    tell(
        db,
        "INSERT INTO users (login, email) VALUES ('other', 'bob@example.com')",
        "bob",
        password_of("bob"),
        "DELETE FROM users",
    );
    tell(
        db,
        "CREATE UNIQUE INDEX clash ON users ((password_hash IS NOT NULL)); INSERT INTO users (password_hash) VALUES ('x')",
        "alice",
        alice,
        "DROP INDEX clash; DELETE FROM users",
    );
    tell(
        db,
        &format!("UPDATE legacy.customers SET pwd = '{GARBAGE}' WHERE login = 'carol'"),
        "carol",
        password_of("carol"),
        "",
    );
    tell(db, "", "alice", alice, "");
    tell(db, "", "alice", alice, "");
    tell(db, "", "alice", "Wrong-guess-2", "");
    tell(
        db,
        "UPDATE ferry.target SET hash_policy = 'argon2id:m=16,t=1,p=1'; CREATE TRIGGER quote_row BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION quote_row()",
        "alice",
        alice,
        "DROP TRIGGER quote_row ON users",
    );
    tell(db, "", "alice", alice, "");
    tell(
        db,
        "UPDATE ferry.target SET allowed = 'u.points > 100'",
        "alice",
        alice,
        "UPDATE ferry.target SET allowed = NULL",
    );
    tell(
        db,
        "UPDATE ferry.target SET allowed = 'u.password_hash::integer > 0'",
        "alice",
        alice,
        "UPDATE ferry.target SET allowed = NULL",
    );
    tell(db, &format!("UPDATE users SET password_hash = '{GARBAGE}'"), "alice", alice, "DELETE FROM users");
    tell(
        db,
        "ALTER TABLE legacy.customers RENAME pwd TO secret",
        "bob",
        password_of("bob"),
        "ALTER TABLE legacy.customers RENAME secret TO pwd",
    );
    tell(
        db,
        "ALTER TABLE users RENAME password_hash TO secret",
        "bob",
        password_of("bob"),
        "ALTER TABLE users RENAME secret TO password_hash",
    );
    told
}

/// What everybody but PUBLIC could read of schema ferry, but for the key that nobody may read.
fn everything_readable(db: &Db<'_>) -> String {
    let relations = db.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v') AND relname <> '_secret'",
        &[],
    );
    relations
        .iter()
        .flat_map(|row| db.rows(&format!("SELECT r::text FROM {} r", row.get::<_, &str>(0)), &[]))
        .map(|row| row.get::<_, String>(0) + "\n")
        .collect()
}

#[test]
fn no_secret_leaves_us() {
    let db = shop();
    let name = db.name();
    db.sql(&format!(
        "ALTER DATABASE {name} SET log_statement = 'none'; ALTER DATABASE {name} SET log_error_verbosity = 'verbose';
         ALTER DATABASE {name} SET log_parameter_max_length = 0; ALTER DATABASE {name} SET log_parameter_max_length_on_error = 0"
    ));
    // What superusers type is theirs: only what the application calls is looked at.
    let role = db.role("all_but_admin");
    for task in ["login", "reset", "signup"] {
        db.rows("SELECT ferry.grant_access($1::text::name, $2)", &[&role, &task]);
    }
    db.sql(&format!("ALTER ROLE {role} SET log_min_duration_statement = 0; ALTER ROLE {role} SET client_min_messages = debug1; ALTER ROLE {role} SET log_min_messages = debug1"));
    let mut client = db.client_as(&role);
    let mut secrets = Secrets::new(&db);
    let mut told = battery(&db, &mut client, &mut secrets);
    for (call, arguments) in [
        ("SELECT s::text FROM ferry.set_password($1, $2) s", ["dave", "Brand-new-3"]),
        ("SELECT s::text FROM ferry.change_password('dave', $1, $2) s", ["Wrong-guess-2", "Brand-new-4"]),
        ("SELECT s::text FROM ferry.change_password('dave', $1, $2) s", ["Brand-new-3", "Brand-new-4"]),
        ("SELECT s::text FROM ferry.set_password($1, $2) s", ["nobody", "Brand-new-4"]),
        ("SELECT s::text FROM ferry.set_password($1, $2) s", ["Typed-into-login-1", "Brand-new-4"]),
        ("SELECT s::text FROM ferry.prepare_reset($1, $2) s", ["bob", "default"]),
        ("SELECT s::text FROM ferry.prepare_reset($1, $2) s", ["Typed-into-login-1", "default"]),
        ("SELECT ferry.find_login($1, $2)", ["Typed-into-login-1", "default"]),
    ] {
        told += &match client.query_one(call, &[&arguments[0], &arguments[1]]) {
            Ok(row) => row.get::<_, String>(0) + "\n",
            Err(error) => format!("{error:?}\n"),
        };
        secrets.learn(&db);
    }
    secrets.assert_absent("what callers were told", &told);
    secrets.assert_absent("what can be read", &everything_readable(&db));
    let log = db.log().with(&format!("{role}@"));
    assert!(log.contains("ferry.authenticate"), "the log has nothing of the logins:\n{}", log.text());
    secrets.assert_absent("the server's log", log.text());
    // The battery was one.
    for outcome in ["migrated", "invalid", "failed", "blocked", "unavailable"] {
        assert!(
            db.count(&format!("ferry.event WHERE outcome = '{outcome}'")) > 0,
            "no {outcome} among the events"
        );
    }
}

#[test]
fn a_password_typed_as_login_is_not_kept() {
    let db = shop();
    let mut client = app(&db);
    assert_eq!(outcome(&mut client, "Typed-into-login-1", "alice"), "invalid");
    let kept: String = db.one("SELECT login FROM ferry.event", &[]);
    assert!(kept.starts_with("unknown:") && kept.len() > 24, "{kept}");
    // The same login has the same digest, so that a guesser can be seen; in another database it has another.
    assert_eq!(outcome(&mut client, "typed-into-LOGIN-1", "alice"), "invalid");
    assert_eq!(db.count("(SELECT DISTINCT login FROM ferry.event) d"), 1);
    let elsewhere: String = shop_digest("typed-into-login-1");
    let here: String = db.one("SELECT ferry._unknown_login('typed-into-login-1')", &[]);
    assert_eq!(here, kept);
    assert_ne!(here, elsewhere);
}

/// The digest that a fresh installation makes.
fn shop_digest(login: &str) -> String {
    let db = Db::new();
    db.sql("DROP EXTENSION pg_ferry; CREATE EXTENSION pg_ferry");
    db.one("SELECT ferry._unknown_login($1)", &[&login])
}

#[test]
fn an_explanation_shows_no_hash_even_where_a_mapping_copies_it() {
    let db = shop();
    db.sql("UPDATE ferry.mapping SET expression = 'l.pwd' WHERE target_column = 'name'");
    let secrets = Secrets::new(&db);
    let explained: String =
        db.one("SELECT string_agg(e::text, E'\\n') FROM ferry.explain_login('alice') e", &[]);
    assert!(explained.contains("alice@example.com"), "{explained}");
    secrets.assert_absent("explain_login", &explained);
}

#[test]
fn what_a_mapping_makes_of_a_hash_or_salt_is_not_shown() {
    let site = Site::shop();
    site.as_owner(
        "UPDATE legacy.customers SET salt = 'of ours';
         ALTER TABLE users ADD old_hash text, ADD half text, ADD whole jsonb, ADD rest jsonb, ADD pepper text, ADD has_one boolean;
         CREATE TABLE kept (user_id bigint, secret text); GRANT SELECT ON kept TO public",
    );
    site.configure("source", "salt = 'l.salt'");
    let hash: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    for (column, expression) in [
        ("old_hash", "replace(l.pwd, '$argon2id$', '{argon2}')"),
        ("half", "(SELECT substr(x.pwd, 20) FROM (SELECT l.*) AS x)"),
        ("whole", "to_jsonb(l) - 'salt'"),
        ("pepper", "upper(l.salt)"),
        ("has_one", "l.pwd IS NOT NULL"),
    ] {
        site.map("shop", column, expression);
    }
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns)
         VALUES ('shop', 'kept', 'public.kept', 'user_id', 'SELECT reverse(l.pwd)', '{secret}')",
    );
    let explain = "SELECT string_agg(e::text, E'\\n') FROM ferry.explain_login('ann@example.com') e";
    let preview = "SELECT p::text FROM ferry.preview('shop') p";
    let told = |query: &str| site.db.one::<String>(query, &[]);
    for (query, hidden) in [(preview, 4), (explain, 5)] {
        let told = told(query);
        let end = &hash[hash.len() - 20..];
        let reversed: String = end.chars().rev().collect();
        for secret in [end, &reversed, "OF OURS"] {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
        // What is not made of them is.
        for word in ["ann@example.com", "Ann Other", "true"] {
            assert!(told.contains(word), "{word} is not in {told}");
        }
        assert_eq!(told.matches("may hold the legacy hash or salt").count(), hidden, "{told}");
    }
    // The login is often the salt, and is shown all the same; so is what is mapped nowhere.
    site.db.sql("DELETE FROM ferry.mapping WHERE target_column IN ('whole', 'half')");
    site.configure("source", "salt = 'lower(l.email)', unmapped = 'rest'");
    for query in [preview, explain] {
        let told = told(query);
        assert!(
            told.contains("active")
                && told.contains("OF OURS")
                && told.contains("email\"\": \"\"ann@example.com"),
            "{told}"
        );
    }
    // Where the hash comes of the key, whatever is made of the key may come of the hash.
    site.as_owner(
        "CREATE FUNCTION legacy.hash_of(bigint) RETURNS text STABLE LANGUAGE sql
         AS 'SELECT pwd FROM legacy.customers WHERE id = $1'",
    );
    site.configure("source", "hash = 'legacy.hash_of(l.id)'");
    site.configure(
        "mapping",
        "expression = 'reverse(legacy.hash_of(l.id))' WHERE target_column = 'old_hash'",
    );
    let told = told("SELECT \"row\" ->> 'old_hash' FROM ferry.preview('shop')");
    assert_eq!(told, "(may hold the legacy hash or salt)");
}

#[test]
fn a_refused_expression_tells_no_row() {
    let db = shop();
    let secrets = Secrets::new(&db);
    for write in [
        "UPDATE ferry.mapping SET expression = '(SELECT pwd::integer FROM legacy.customers LIMIT 1)' WHERE target_column = 'points'",
        "UPDATE ferry.mapping SET expression = '(SELECT pwd FROM legacy.customers LIMIT 1)' WHERE target_column = 'points'",
        "UPDATE ferry.source SET hash = '''x''::integer'",
    ] {
        let told = match db.try_sql(write) {
            Ok(()) => "taken".to_owned(),
            Err(error) => format!("{:?}", Refusal::of(&error)),
        };
        secrets.assert_absent(write, &told);
    }
    assert!(["migrated", "failed"].contains(&right(&mut app(&db), "alice").as_str()));
}

#[test]
fn of_a_password_that_is_no_more_or_of_one_who_is_forgotten_nothing_is_kept() {
    let site = Site::shop();
    site.configure_source("shop", "format = 'md5'");
    site.db.sql(
        "UPDATE legacy.customers SET pwd = md5('ann''s secret');
         INSERT INTO legacy.customers (email, pwd) SELECT n || '@example.com', md5('a secret') FROM unnest('{bob,carol,dave}'::text[]) n;
         UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name';
         UPDATE ferry.target SET adopt = 'any';
         INSERT INTO users (email, name) VALUES ('dave@example.com', 'What Dave had here')",
    );
    let mut web = site.web();
    assert_eq!(login(&mut web, "dave@example.com", "a secret").outcome, "migrated");
    site.db.sql("CALL ferry.import('shop')");
    let kept = || {
        let kept = "ferry.link WHERE hash_digest IS NOT NULL";
        (site.db.count(kept), site.db.count("ferry.link WHERE replaced IS NOT NULL"))
    };
    assert_eq!(kept(), (4, 1));
    web.query("SELECT ferry.set_password('ann@example.com', 'Brand-new-1')", &[]).unwrap();
    let change = "SELECT outcome FROM ferry.change_password('bob@example.com', 'a secret', 'Brand-new-1')";
    assert_eq!(text(&mut web, change, &[]), "ok");
    assert_eq!(kept(), (2, 1));
    for login in ["carol@example.com", "dave@example.com"] {
        site.db.rows("SELECT ferry.forget_login($1)", &[&login]);
    }
    assert_eq!(kept(), (0, 0));
}

/// What a session is told while it logs in, with settings that make the server talkative.
fn overheard(db: &Db<'_>, settings: &str, logins: &[(&str, &str)]) -> String {
    let heard = Arc::new(Mutex::new(String::new()));
    let listener = Arc::clone(&heard);
    let mut config = db.config_as(&db.app());
    config.notice_callback(move |notice| {
        let mut heard = listener.lock().unwrap();
        heard.push_str(&format!(
            "{} {} {}\n",
            notice.message(),
            notice.detail().unwrap_or_default(),
            notice.where_().unwrap_or_default()
        ));
    });
    let mut client = config.connect(NoTls).unwrap();
    client.batch_execute(settings).unwrap();
    for (login, password) in logins {
        outcome(&mut client, login, password);
    }
    drop(client);
    let heard = heard.lock().unwrap();
    heard.clone()
}

#[test]
fn plans_that_a_session_has_printed_hold_no_hash() {
    let db = shop();
    let mut secrets = Secrets::new(&db);
    assert_eq!(right(&mut app(&db), "bob"), "migrated");
    secrets.learn(&db);
    db.sql("UPDATE ferry.target SET hash_policy = 'argon2id:m=16,t=1,p=1'");
    let settings = "SET client_min_messages = log; SET debug_print_plan = on; SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_pretty_print = off";
    let heard = overheard(
        &db,
        settings,
        &[("alice", "wrong"), ("alice", password_of("alice")), ("bob", "wrong"), ("bob", password_of("bob"))],
    );
    assert!(heard.contains("plan"), "nothing was printed");
    // A value in a plan is printed byte by byte.
    let decoded = decode_bytes(&heard);
    secrets.texts.retain(|secret| !secret.contains('-'));
    secrets.assert_absent("a printed plan", &(decoded + " "));
}

/// The texts in `constvalue 9 [ 36 0 0 0 97 … ]`.
fn decode_bytes(plan: &str) -> String {
    let mut decoded = String::from("plans: ");
    for value in plan.split('[').skip(1) {
        let bytes = value.split(']').next().unwrap_or_default();
        let numbers = bytes.split_whitespace().map_while(|number| number.parse::<i16>().ok());
        decoded.extend(numbers.filter_map(|number| u8::try_from(number).ok()).map(char::from));
        decoded.push(' ');
    }
    decoded
}

//! Databases in other encodings than UTF-8: the bytes that are hashed and compared are the same.

use crate::setup_config::{POLICY, outcome};
use ferry_tests::{Db, sqlstate, target};
use postgres::{Client, NoTls};

/// A database of its own encoding in the shared cluster, dropped at the end.
pub(crate) struct Encoded {
    name: String,
}

impl Encoded {
    fn new(home: &Db<'_>, encoding: &str) -> Self {
        let name = format!("{}_enc", home.name());
        home.sql(&format!("CREATE DATABASE {name} ENCODING {encoding} LOCALE 'C' TEMPLATE template0"));
        Self { name }
    }

    pub(crate) fn client_as(&self, role: &str) -> Client {
        target().config(&self.name, role).connect(NoTls).unwrap()
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        let mut client = target().connect("postgres", "postgres");
        drop(client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
    }
}

/// A LATIN1 database with legacy people, and the role of its application.
pub(crate) fn latin1(home: &Db<'_>, form: &str) -> (Encoded, String) {
    let (owner, app) = (home.role("owner"), home.role("app"));
    let database = Encoded::new(home, "LATIN1");
    database
        .client_as("postgres")
        .batch_execute(&format!(
            "CREATE EXTENSION pg_ferry; ALTER DATABASE {name} SET ferry.failure_floor = 0;
             GRANT CREATE ON SCHEMA public TO {owner};
             SET ROLE {owner};
             CREATE TABLE \"möbel\" (id text PRIMARY KEY, login text, stadt text, pwd text);
             CREATE TABLE users (id text PRIMARY KEY, login text UNIQUE, city text, password_hash text);
             RESET ROLE;
             INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, login_form)
             VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', '{POLICY}', '{form}');
             INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
             VALUES ('bücher', '\"möbel\"', 'id', '{{login}}', 'l.pwd');
             INSERT INTO ferry.mapping (source, target_column, expression) VALUES
                 ('bücher', 'id', $$'ü-' || l.id$$), ('bücher', 'login', 'l.login'), ('bücher', 'city', $$'Stadt ' || l.stadt || ' ½'$$);
             SELECT ferry.grant_access('{app}', 'login'), ferry.grant_access('{app}', 'reset')",
            name = database.name
        ))
        .unwrap();
    (database, app)
}

/// Hashes made over the UTF-8 bytes by another program than pg_ferry (Python's hashlib): md5 of "pässword" and of "mot de passé".
const MD5_PASSWORD: &str = "8e1843033a0f6ee52e2f618aa8ebbef4";
const MD5_PASSE: &str = "1ca82570da2d1988e31700cea6f535d3";

fn one(client: &mut Client, query: &str) -> String {
    client.query_one(query, &[]).unwrap().get(0)
}

#[test]
fn a_latin1_database_hashes_and_stores_what_a_utf8_one_does() {
    let home = Db::new();
    let (database, app) = latin1(&home, "lower");
    let mut dba = database.client_as("postgres");
    assert_eq!(one(&mut dba, "SELECT getdatabaseencoding()::text"), "LATIN1");
    dba.execute(
        "INSERT INTO \"möbel\" VALUES ('ß1', 'jürgen', 'Köln', $1), ('2', 'Érica', 'Orléans', $2)",
        &[&MD5_PASSWORD, &MD5_PASSE],
    )
    .unwrap();
    dba.batch_execute("UPDATE ferry.source SET format = 'md5'").unwrap();
    let mut client = database.client_as(&app);
    assert_eq!(outcome(&mut client, "JÜRGEN", "passwort"), "invalid");
    assert_eq!(outcome(&mut client, "JÜRGEN", "pässword"), "migrated");
    assert_eq!(outcome(&mut client, "jürgen", "pässword"), "ok");
    assert_eq!(outcome(&mut client, "jurgen", "pässword"), "invalid");
    assert_eq!(
        outcome(&mut client, "érica", "mot de passé"),
        "invalid",
        "a lower-case login does not match the legacy spelling"
    );
    assert_eq!(outcome(&mut client, "Érica", "mot de passé"), "migrated");
    assert_eq!(
        one(&mut dba, "SELECT id || ' ' || login || ' ' || city FROM users WHERE id LIKE '%1'"),
        "ü-ß1 jürgen Stadt Köln ½"
    );
    assert_eq!(
        one(
            &mut dba,
            "SELECT source || ' ' || legacy_key || ' ' || user_id FROM ferry.link ORDER BY 1 LIMIT 1"
        ),
        "bücher 2 ü-2"
    );
    assert_eq!(
        one(&mut dba, "SELECT login FROM ferry.event WHERE outcome = 'migrated' ORDER BY id LIMIT 1"),
        "jürgen"
    );
    // A renamed user is found by key and id.
    dba.batch_execute("UPDATE \"möbel\" SET login = 'jörg' WHERE id = 'ß1'").unwrap();
    assert_eq!(outcome(&mut client, "jörg", "pässword"), "ok");
    // The new hash is over UTF-8 too: a UTF-8 database verifies it.
    let hash = one(&mut dba, "SELECT password_hash FROM users WHERE id LIKE '%1'");
    assert!(home.one::<bool>("SELECT ferry.verify_hash($1, $2)", &[&"pässword", &hash]));
    let row = client
        .query_one("SELECT outcome FROM ferry.set_password('jürgen', $1)", &[&"grün und blau"])
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "ok");
    assert_eq!(outcome(&mut client, "JÜRGEN", "grün und blau"), "ok");
}

#[test]
fn a_client_of_another_encoding_is_the_same_user() {
    let home = Db::new();
    let (database, app) = latin1(&home, "lower");
    let mut dba = database.client_as("postgres");
    dba.execute("INSERT INTO \"möbel\" VALUES ('1', 'jürgen', 'Köln', $1)", &[&MD5_PASSWORD]).unwrap();
    dba.batch_execute("UPDATE ferry.source SET format = 'md5'").unwrap();
    // The bytes as psql under LATIN1 sends them.
    let psql = |text: &str| {
        let script: Vec<u8> = text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        let file = std::env::temp_dir().join(format!("{}.sql", database.name));
        std::fs::write(&file, script).unwrap();
        let output = target()
            .program("psql", &database.name)
            .env("PGUSER", &app)
            .env("PGCLIENTENCODING", "LATIN1")
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--file"])
            .arg(&file)
            .output()
            .unwrap();
        std::fs::remove_file(&file).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert_eq!(psql("SELECT outcome FROM ferry.authenticate('jürgen', 'pässword')"), "migrated\n");
    assert_eq!(outcome(&mut database.client_as(&app), "jürgen", "pässword"), "ok");
    // In the database's encoding a password as bytes is what it is: UTF-8 or not.
    let bytes = "SELECT outcome FROM ferry.authenticate($1, $2::bytea)";
    let utf8 = "pässword".as_bytes();
    let row = database.client_as(&app).query_one(bytes, &[&"jürgen", &utf8]).unwrap();
    assert_eq!(row.get::<_, &str>(0), "ok");
}

#[test]
fn a_login_whose_normal_form_has_no_place_in_the_encoding_is_nobody() {
    for form in ["casefold", "lower_nfkc", "casefold_nfkc", "lower", "exact"] {
        let home = Db::new();
        let (database, app) = latin1(&home, form);
        let mut client = database.client_as(&app);
        // Folded, the micro sign is a Greek letter; one half is 1, a fraction slash, and 2.
        for login in ["µ", "½", "ªº", "ÿ", "ß", "¼@example.com"] {
            let answer = client.query_one("SELECT outcome FROM ferry.authenticate($1, 'x')", &[&login]);
            let outcome = answer.map(|row| row.get::<_, String>(0)).map_err(|error| format!("{error:?}"));
            assert_eq!(outcome.as_deref(), Ok("invalid"), "{login} under {form}");
        }
    }
}

#[test]
fn an_sql_ascii_database_is_refused() {
    let home = Db::new();
    let database = Encoded::new(&home, "SQL_ASCII");
    let error = database.client_as("postgres").batch_execute("CREATE EXTENSION pg_ferry").unwrap_err();
    assert_eq!(sqlstate(&error), "0A000", "{error:?}");
    let told = error.as_db_error().unwrap();
    assert!(
        told.message().contains("SQL_ASCII") && told.hint().unwrap_or_default().contains("UTF8"),
        "{told:?}"
    );
}

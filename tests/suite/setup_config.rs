//! A small migration to test on: a legacy table and a users table in one database, tied by config.

use ferry_tests::Db;
use postgres::types::ToSql;
use postgres::{Client, Error};

/// A policy that costs nothing: what a hash costs is not the theme here.
pub(crate) const POLICY: &str = "argon2id:m=8,t=1,p=1";

/// The people of the legacy table, with the passwords that fit.
pub(crate) const PEOPLE: &[(&str, &str)] = &[
    ("alice", "Wonderland-7-Rabbit"),
    ("bob", "Builder-8-Hammer"),
    ("carol", "Christmas-9-Candle"),
    ("dave", "Dungeon-10-Dragon"),
];

/// The password of one of [`PEOPLE`].
#[track_caller]
pub(crate) fn password_of(username: &str) -> &'static str {
    PEOPLE.iter().find(|(name, _)| *name == username).map(|(_, password)| *password).unwrap()
}

/// What `ferry.authenticate` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) authenticated: bool,
    pub(crate) user_id: Option<String>,
    pub(crate) outcome: String,
}

/// A database with the legacy table, the users table and the config that ties them.
pub(crate) fn shop() -> Db<'static> {
    let db = bare_shop();
    configure(&db);
    db
}

/// The same, before anybody has written config.
pub(crate) fn bare_shop() -> Db<'static> {
    let db = Db::new();
    fill(&db);
    db
}

/// The legacy table `legacy.customers` and the users table `public.users`, both of the owner's.
pub(crate) fn fill(db: &Db<'_>) {
    let owner = db.owner();
    db.sql(&format!(
        "ALTER DATABASE {name} SET ferry.failure_floor = 0;
         CREATE SCHEMA legacy AUTHORIZATION {owner};
         SET ROLE {owner};
         CREATE TABLE legacy.customers (id bigint PRIMARY KEY, login text, email text, first text, last text,
                                        points integer DEFAULT 0, active boolean DEFAULT true, pwd text);
         CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text UNIQUE, email text UNIQUE,
                                    name text, points integer, password_hash text);
         RESET ROLE",
        name = db.name()
    ));
    for (id, (name, password)) in (1_i64..).zip(PEOPLE) {
        db.rows(
            "INSERT INTO legacy.customers (id, login, email, first, last, pwd)
             VALUES ($1, $2, $2 || '@example.com', initcap($2), 'Smith', ferry.hash_password($3, $4))",
            &[&id, name, password, &POLICY],
        );
    }
}

/// Target `default` and source `shop`, written by the superuser; they run as the owner.
pub(crate) fn configure(db: &Db<'_>) {
    db.sql(&format!(
        "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'public.users', 'id', '{{login,email}}', 'password_hash', '{POLICY}');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
         VALUES ('shop', 'legacy.customers', 'id', '{{login,email}}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('shop', 'login', 'l.login'), ('shop', 'email', 'lower(l.email)'),
             ('shop', 'name', $$l.first || ' ' || l.last$$), ('shop', 'points', 'l.points')"
    ));
}

/// A connection as the application.
pub(crate) fn app(db: &Db<'_>) -> Client {
    db.client_as(&db.app())
}

/// One login, which must be answered.
#[track_caller]
pub(crate) fn login(client: &mut Client, login: &str, password: &str) -> Answer {
    match try_login(client, login, password) {
        Ok(answer) => answer,
        Err(error) => panic!("the login of {login} raised {error:?}"),
    }
}

/// The outcome of one login, which must be answered.
#[track_caller]
pub(crate) fn outcome(client: &mut Client, name: &str, password: &str) -> String {
    login(client, name, password).outcome
}

/// The outcome of a login of one of [`PEOPLE`] with the password that fits.
#[track_caller]
pub(crate) fn right(client: &mut Client, username: &str) -> String {
    outcome(client, username, password_of(username))
}

/// One login that may raise an error.
pub(crate) fn try_login(client: &mut Client, login: &str, password: &str) -> Result<Answer, Error> {
    let rows = client.query("SELECT * FROM ferry.authenticate($1, $2)", &[&login, &password])?;
    assert_eq!(rows.len(), 1, "a login is answered with one row");
    Ok(Answer {
        authenticated: rows[0].get("authenticated"),
        user_id: rows[0].get("user_id"),
        outcome: rows[0].get("outcome"),
    })
}

/// The SQLSTATE, message and hint of statements that the server must refuse.
#[track_caller]
pub(crate) fn refusal(client: &mut Client, statements: &str) -> Refusal {
    match client.batch_execute(statements) {
        Ok(()) => panic!("not refused: {statements}"),
        Err(error) => Refusal::of(&error),
    }
}

/// What the server said when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Refusal {
    /// Takes an error of the server apart.
    #[track_caller]
    pub(crate) fn of(error: &Error) -> Self {
        let error = error.as_db_error().unwrap_or_else(|| panic!("not an error of the server: {error:?}"));
        Self {
            state: error.code().code().to_owned(),
            message: error.message().to_owned(),
            hint: error.hint().unwrap_or_default().to_owned(),
        }
    }
}

/// The reason of the newest event.
#[track_caller]
pub(crate) fn last_reason(db: &Db<'_>) -> String {
    db.one("SELECT reason FROM ferry.event ORDER BY id DESC LIMIT 1", &[])
}

/// Runs a query and returns its one text.
#[track_caller]
pub(crate) fn text(client: &mut Client, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> String {
    match client.query_one(query, parameters) {
        Ok(row) => row.get::<_, Option<String>>(0).unwrap_or_default(),
        Err(error) => panic!("{error:?}\nin: {query}"),
    }
}

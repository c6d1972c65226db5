//! The legacy users, made by genuine software, and the passwords that fit.
//!
//! `examples/` has the lists of users and what makes them: Django anew for each run of the tests, through its own ORM and hashers;
//! WordPress' rows once, by its own PHP.

use crate::cluster::Cluster;
use crate::server::repository;
use serde::Deserialize;
use std::process::Command;
use std::sync::OnceLock;

/// One legacy user, as the list in `examples/` has them.
#[derive(Clone, Debug, Deserialize)]
pub struct LegacyUser {
    /// The name to log in with.
    pub username: String,
    /// The e-mail address, empty where there is none.
    pub email: String,
    /// The password that fits; null where none does.
    pub password: Option<String>,
    /// What made the hash: `pbkdf2_sha256`, `argon2`, `wp-bcrypt`, …
    pub hasher: String,
    /// Whether the legacy system lets them in.
    #[serde(default = "active")]
    pub is_active: bool,
}

fn active() -> bool {
    true
}

impl LegacyUser {
    /// The password, of a user known to have one.
    #[track_caller]
    pub fn password(&self) -> &str {
        self.password.as_deref().unwrap_or_else(|| panic!("{} has no password", self.username))
    }
}

/// The users in a copy of Django's database: table `auth_user`.
pub fn django_users() -> &'static [LegacyUser] {
    static USERS: OnceLock<Vec<LegacyUser>> = OnceLock::new();
    USERS.get_or_init(|| read_users("examples/django/users.jsonl"))
}

/// The users in a copy of WordPress' database: tables `wp_users` and `wp_usermeta`.
pub fn wordpress_users() -> &'static [LegacyUser] {
    static USERS: OnceLock<Vec<LegacyUser>> = OnceLock::new();
    USERS.get_or_init(|| read_users("examples/wordpress/users.jsonl"))
}

/// One of Django's users, by name.
#[track_caller]
pub fn django_user(username: &str) -> &'static LegacyUser {
    find(django_users(), username)
}

/// One of WordPress' users, by name.
#[track_caller]
pub fn wordpress_user(username: &str) -> &'static LegacyUser {
    find(wordpress_users(), username)
}

/// Every password of every legacy user: none may ever be seen in a log.
pub fn all_passwords() -> impl Iterator<Item = &'static str> {
    django_users().iter().chain(wordpress_users()).filter_map(|user| user.password.as_deref())
}

#[track_caller]
fn find(users: &'static [LegacyUser], username: &str) -> &'static LegacyUser {
    users
        .iter()
        .find(|user| user.username == username)
        .unwrap_or_else(|| panic!("no legacy user is named {username}"))
}

fn read_users(file: &str) -> Vec<LegacyUser> {
    let text =
        std::fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{file}: {error} in {line}")))
        .collect()
}

/// Lets Django make its tables and users in a database.
pub fn fill_django(cluster: &Cluster, database: &str) {
    let mut python = Command::new(repository().join(".work/venv/bin/python"));
    python
        .arg(repository().join("examples/django/make_users.py"))
        .env("PGHOST", cluster.socket_directory())
        .env("PGPORT", cluster.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", database);
    let output =
        python.output().unwrap_or_else(|error| panic!("{python:?}: {error}; run tools/bootstrap first"));
    assert!(output.status.success(), "Django failed:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Loads WordPress' tables and rows into a database.
pub fn fill_wordpress(cluster: &Cluster, database: &str) {
    for file in ["schema.sql", "users.sql"] {
        let mut psql = cluster.program("psql", database);
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"])
            .arg(repository().join("examples/wordpress").join(file));
        let output = psql.output().expect("cannot run psql");
        assert!(output.status.success(), "{file} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

//! A database of one test's own.

use crate::cluster::{Cluster, legacy, target};
use crate::legacy_data;
use crate::log::Log;
use postgres::types::{FromSqlOwned, ToSql};
use postgres::{Client, Config, Error, Row};
use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// A database of one test's own; dropped, it is checked for what must never be in the server's log, and removed.
///
/// Its methods act as the superuser unless they say otherwise, and panic on errors unless they return them.
pub struct Db<'c> {
    cluster: &'c Cluster,
    name: String,
    log_start: u64,
    superuser: Mutex<Client>,
    roles: Mutex<HashSet<String>>,
}

impl Db<'static> {
    /// A database on the shared [`target`] cluster, with pg_ferry installed.
    pub fn new() -> Self {
        Self::on(target())
    }

    /// An empty database on the shared [`legacy`] cluster.
    pub fn legacy() -> Self {
        Self::from_template(legacy(), "template1")
    }

    /// A copy of what Django made, on the shared [`legacy`] cluster.
    pub fn django() -> Self {
        Self::django_on(legacy())
    }

    /// A copy of what WordPress made, on the shared [`legacy`] cluster.
    pub fn wordpress() -> Self {
        Self::wordpress_on(legacy())
    }
}

impl Default for Db<'static> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'c> Db<'c> {
    /// A database on a cluster of the test's own, with pg_ferry installed where the server has it.
    pub fn on(cluster: &'c Cluster) -> Self {
        cluster.ensure_template("ferry_template", || {
            if cluster.server().has_extension("pg_ferry") {
                cluster
                    .connect("ferry_template", "postgres")
                    .batch_execute("CREATE EXTENSION pg_ferry")
                    .unwrap();
            }
        });
        Self::from_template(cluster, "ferry_template")
    }

    /// A copy of what Django made, on a cluster of the test's own.
    pub fn django_on(cluster: &'c Cluster) -> Self {
        cluster.ensure_template("django_template", || legacy_data::fill_django(cluster, "django_template"));
        Self::from_template(cluster, "django_template")
    }

    /// A copy of what WordPress made, on a cluster of the test's own.
    pub fn wordpress_on(cluster: &'c Cluster) -> Self {
        cluster.ensure_template("wordpress_template", || {
            legacy_data::fill_wordpress(cluster, "wordpress_template")
        });
        Self::from_template(cluster, "wordpress_template")
    }

    /// An empty database on a cluster of the test's own.
    pub fn empty_on(cluster: &'c Cluster) -> Self {
        Self::from_template(cluster, "template1")
    }

    fn from_template(cluster: &'c Cluster, template: &str) -> Self {
        let name = unique_name();
        let log_start = cluster.log_mark();
        cluster
            .connect("postgres", "postgres")
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .unwrap_or_else(|error| panic!("cannot make database {name}: {}", describe(&error)));
        let superuser = Mutex::new(cluster.connect(&name, "postgres"));
        Self { cluster, name, log_start, superuser, roles: Mutex::new(HashSet::new()) }
    }

    /// The database's name: a number and the name of the test, by which it is found in the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster that the database is in.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// How to connect as a role.
    pub fn config_as(&self, role: &str) -> Config {
        self.cluster.config(&self.name, role)
    }

    /// A new connection as the superuser.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.client_as("postgres")
    }

    /// A new connection as a role.
    #[track_caller]
    pub fn client_as(&self, role: &str) -> Client {
        self.cluster.connect(&self.name, role)
    }

    /// Runs statements.
    #[track_caller]
    pub fn sql(&self, statements: &str) {
        if let Err(error) = self.try_sql(statements) {
            panic!("{}\nin: {statements}", describe(&error));
        }
    }

    /// Runs statements that may fail.
    pub fn try_sql(&self, statements: &str) -> Result<(), Error> {
        self.superuser().batch_execute(statements)
    }

    /// The rows of a query.
    #[track_caller]
    pub fn rows(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        let result = self.superuser().query(query, parameters);
        result.unwrap_or_else(|error| panic!("{}\nin: {query}", describe(&error)))
    }

    /// The one value of a query's one row.
    #[track_caller]
    pub fn one<T: FromSqlOwned>(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> T {
        let rows = self.rows(query, parameters);
        assert_eq!(rows.len(), 1, "{} rows instead of one from: {query}", rows.len());
        rows[0].try_get(0).unwrap_or_else(|error| panic!("{error}\nin: {query}"))
    }

    /// How many rows a table has.
    #[track_caller]
    pub fn count(&self, table: &str) -> i64 {
        self.one(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// A role of this database's own, `kind_database`, made when first asked for. Roles belong to the whole cluster, where each test runs.
    pub fn role(&self, kind: &str) -> String {
        let role = format!("{kind}_{}", self.name);
        if self.roles.lock().unwrap_or_else(PoisonError::into_inner).insert(role.clone()) {
            self.sql(&format!("CREATE ROLE {role} LOGIN"));
        }
        role
    }

    /// The role that owns the users table: it may create in `public`.
    pub fn owner(&self) -> String {
        let owner = self.role("owner");
        self.sql(&format!("GRANT CREATE ON SCHEMA public TO {owner}"));
        owner
    }

    /// The application's role: it may log users in, and nothing else.
    pub fn app(&self) -> String {
        let app = self.role("app");
        if self.has_ferry() {
            self.rows("SELECT ferry.grant_access($1::text::name, 'login')", &[&app]);
        }
        app
    }

    /// Whether pg_ferry is installed in this database.
    pub fn has_ferry(&self) -> bool {
        self.one("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_ferry')", &[])
    }

    /// What the server has logged about this database.
    pub fn log(&self) -> Log {
        self.log_since(self.log_start)
    }

    /// What the server has logged about this database since a [`Cluster::log_mark`].
    pub fn log_since(&self, mark: u64) -> Log {
        self.cluster.log_since(mark).of_database(&self.name)
    }

    /// What `pg_dump` writes.
    #[track_caller]
    pub fn dump(&self, arguments: &[&str]) -> String {
        let output =
            self.cluster.program("pg_dump", &self.name).args(arguments).output().expect("cannot run pg_dump");
        assert!(output.status.success(), "pg_dump failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the dump is UTF-8")
    }

    /// Runs a script, such as a dump, in `psql`; the first error ends it.
    pub fn psql(&self, script: &str) -> Output {
        let mut psql = self.cluster.program("psql", &self.name);
        feed(psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]), script)
    }

    /// Connects the superuser again after the server was down.
    pub fn reconnect(&self) {
        self.cluster.await_ready();
        *self.superuser() = self.client();
    }

    fn superuser(&self) -> std::sync::MutexGuard<'_, Client> {
        self.superuser.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_log(&self) {
        let log = self.log();
        let internal = log.internal_errors();
        assert!(internal.is_empty(), "internal errors in the server's log:\n{}", internal.text());
        if self.has_ferry() {
            let leaked = legacy_data::all_passwords().find(|password| log.contains(password));
            assert!(
                leaked.is_none(),
                "a password is in the server's log:\n{}",
                log.with(leaked.unwrap_or_default()).text()
            );
        }
    }

    fn remove(&self) {
        let mut client = self.cluster.connect("postgres", "postgres");
        // A failure here would only hide what the test has shown; the cluster goes as a whole anyway.
        drop(client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

impl Drop for Db<'_> {
    fn drop(&mut self) {
        // After a failure the database stays as it was, for whoever stops the test there; and a second panic would abort.
        if !std::thread::panicking() {
            self.check_log();
            self.remove();
        }
    }
}

/// The SQLSTATE of an error, `none` when the server sent none.
pub fn sqlstate(error: &Error) -> &str {
    error.code().map_or("none", |code| code.code())
}

/// What the server said; the error itself says only that it said something.
pub(crate) fn describe(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| format!("{} {error}", error.code().code()))
}

/// `t7_wrong_password_writes_nothing`: unique in this process, and short enough to be part of a role's name.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("thread").rsplit("::").next().unwrap_or_default();
    let letters = test
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    format!("t{count}_").chars().chain(letters).take(NAME_LENGTH).collect()
}

/// PostgreSQL cuts names at 63 bytes; the rest is for a role's prefix.
const NAME_LENGTH: usize = 45;

pub(crate) fn feed(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("the input is piped");
    let input = input.to_owned();
    // In a thread of its own: the child may stop reading to write, and the pipe may break when it gives up.
    let writer = std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("cannot wait for a client program");
    writer.join().expect("the writer does not panic");
    output
}

//! A private server with a data directory of its own.

use crate::database::describe;
use crate::guardian::Guardian;
use crate::log::Log;
use crate::os_user::{give_to_server_user, run_as_server_user};
use crate::server::Server;
use postgres::{Client, Config, NoTls};
use std::collections::HashSet;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The cluster that pg_ferry is tested on, shared by the whole suite. Each test makes a database of its own in it.
pub fn target() -> &'static Cluster {
    static TARGET: OnceLock<Cluster> = OnceLock::new();
    TARGET.get_or_init(|| Cluster::start(Options::default()))
}

/// The cluster of the legacy systems, shared by the whole suite: reached over TCP with a password, as postgres_fdw and dblink demand of
/// everybody but superusers, and logging every statement, so that a test can see what was asked.
pub fn legacy() -> &'static Cluster {
    static LEGACY: OnceLock<Cluster> = OnceLock::new();
    LEGACY.get_or_init(|| Cluster::start(Options::legacy()))
}

/// How to make a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    server: Server,
    tcp: bool,
    settings: Vec<(String, String)>,
}

impl Default for Options {
    /// The server under test, on a private socket only.
    fn default() -> Self {
        Self { server: Server::under_test(), tcp: false, settings: Vec::new() }
    }
}

impl Options {
    /// A legacy system: the oldest server, TCP with passwords, every statement logged.
    pub fn legacy() -> Self {
        Self { server: Server::oldest(), ..Self::default() }.tcp().setting("log_statement", "all")
    }

    /// Listens on a free port of 127.0.0.1 too, where a password is asked for (scram-sha-256).
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Adds a line to postgresql.conf.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How to stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Clients are cut off, everything is written.
    Fast,
    /// As in a crash: the next start recovers.
    Immediate,
}

/// A private server; dropped, it is stopped and its directory deleted.
pub struct Cluster {
    server: Server,
    directory: PathBuf,
    port: u16,
    tcp: bool,
    guardian: Mutex<Option<Guardian>>,
    templates: Mutex<HashSet<&'static str>>,
}

impl Cluster {
    /// Makes a data directory and starts a server on it.
    pub fn start(options: Options) -> Self {
        let cluster = Self::new(&options);
        cluster.initdb();
        cluster.write_hba();
        cluster.configure(BASE_SETTINGS.iter().copied());
        cluster.configure(options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        cluster.configure_place();
        cluster.start_again();
        cluster
    }

    /// Makes a hot standby that follows this cluster.
    pub fn start_standby(&self) -> Self {
        let standby = Self::new(&Options { server: self.server.clone(), tcp: false, settings: Vec::new() });
        let mut backup = Command::new(self.server.program("pg_basebackup"));
        backup
            .args([
                "--write-recovery-conf",
                "--wal-method=stream",
                "--checkpoint=fast",
                "--no-sync",
                "--username=postgres",
            ])
            .arg("--host")
            .arg(&self.directory)
            .arg(format!("--port={}", self.port))
            .arg("--pgdata")
            .arg(standby.data_directory());
        run(run_as_server_user(&mut backup));
        standby.configure_place();
        standby.start_again();
        standby
    }

    fn new(options: &Options) -> Self {
        Self {
            server: options.server.clone(),
            directory: new_directory(),
            port: if options.tcp { free_port() } else { SOCKET_PORT },
            tcp: options.tcp,
            guardian: Mutex::new(None),
            templates: Mutex::new(HashSet::new()),
        }
    }

    /// Starts the server after [`stop`](Self::stop).
    pub fn start_again(&self) {
        let mut guardian = self.guardian.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(guardian.is_none(), "the server is running already");
        let postgres = [self.server.program("postgres"), "-D".into(), self.data_directory()];
        *guardian = Some(Guardian::start(postgres, &self.directory, &self.log_file()));
        drop(guardian);
        self.await_ready();
    }

    /// Stops the server and waits until it is down.
    pub fn stop(&self, how: Shutdown) {
        let guardian = self.guardian.lock().unwrap_or_else(PoisonError::into_inner).take();
        guardian.expect("the server is not running").stop(match how {
            Shutdown::Fast => "INT",
            Shutdown::Immediate => "QUIT",
        });
    }

    /// Waits until this standby has replayed everything that `primary` has written so far.
    pub fn catch_up_with(&self, primary: &Self) {
        let written: String = primary.ask("SELECT pg_current_wal_flush_lsn()::text");
        let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        wait_until("the standby catches up", || self.ask(&caught_up));
    }

    /// Whether it can make collations of the ICU library: then initdb has imported some. (`unicode` is in the catalogue of a
    /// build without it too.)
    pub fn has_icu(&self) -> bool {
        self.ask("SELECT EXISTS (SELECT FROM pg_collation WHERE collname LIKE '%-x-icu')")
    }

    fn ask<T: for<'row> postgres::types::FromSql<'row>>(&self, query: &str) -> T {
        self.connect("postgres", "postgres").query_one(query, &[]).unwrap().get(0)
    }

    /// The PostgreSQL that this cluster runs.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The directory of the Unix socket, which is also libpq's `host`.
    pub fn socket_directory(&self) -> &Path {
        &self.directory
    }

    /// The port, of TCP and in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The data directory.
    pub fn data_directory(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// How to connect over the private socket, as anybody and without a password.
    pub fn config(&self, database: &str, user: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&self.directory).port(self.port).dbname(database).user(user);
        config
    }

    /// Connects over the private socket.
    #[track_caller]
    pub fn connect(&self, database: &str, user: &str) -> Client {
        match self.config(database, user).connect(NoTls) {
            Ok(client) => client,
            Err(error) => panic!("cannot connect to {database} as {user}: {}", describe(&error)),
        }
    }

    /// A client program of this server (`psql`, `pg_dump`, …), set to connect to a database as the superuser.
    pub fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(self.server.program(name));
        command
            .env("PGHOST", &self.directory)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", database)
            .env("PGOPTIONS", "--client-min-messages=warning");
        command
    }

    /// How long the server's log is now: a place for [`log_since`](Self::log_since).
    pub fn log_mark(&self) -> u64 {
        std::fs::metadata(self.log_file()).map(|file| file.len()).unwrap_or(0)
    }

    /// What the server has logged since a mark.
    pub fn log_since(&self, mark: u64) -> Log {
        Log::read(&self.log_file(), mark)
    }

    /// Makes sure that the template database `name` is there, made by `fill` the first time.
    pub(crate) fn ensure_template(&self, name: &'static str, fill: impl FnOnce()) {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if templates.contains(name) {
            return;
        }
        self.connect("postgres", "postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        fill();
        templates.insert(name);
    }

    fn initdb(&self) {
        let mut initdb = Command::new(self.server.program("initdb"));
        initdb
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ])
            .arg("--pgdata")
            .arg(self.data_directory());
        run(run_as_server_user(&mut initdb));
    }

    fn write_hba(&self) {
        std::fs::write(self.data_directory().join("pg_hba.conf"), HBA).expect("cannot write pg_hba.conf");
    }

    /// Appends to postgresql.conf, where the last line for a setting wins.
    fn configure<'a>(&self, settings: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let file = self.data_directory().join("postgresql.conf");
        let mut file = std::fs::File::options().append(true).open(file).expect("cannot open postgresql.conf");
        for (name, value) in settings {
            writeln!(file, "{name} = '{value}'").expect("cannot write postgresql.conf");
        }
    }

    fn configure_place(&self) {
        self.configure([
            ("unix_socket_directories", self.directory.to_str().expect("the directory's name is ASCII")),
            ("listen_addresses", if self.tcp { "127.0.0.1" } else { "" }),
            ("port", &self.port.to_string()),
        ]);
    }

    /// Waits until the server can be connected to.
    pub(crate) fn await_ready(&self) {
        let config = self.config("postgres", "postgres");
        let deadline = Instant::now() + START_TIMEOUT;
        while let Err(error) = config.connect(NoTls) {
            assert!(
                Instant::now() < deadline,
                "the server does not come up: {}\n{}",
                describe(&error),
                self.log_since(0).text()
            );
            std::thread::sleep(POLL);
        }
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let guardian = self.guardian.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        match guardian {
            Some(guardian) => guardian.clean_up(),
            // Stopped by the test, so the directory is nobody else's to delete.
            None => drop(std::fs::remove_dir_all(&self.directory)),
        }
    }
}

/// The port in the socket's name where there is no TCP: the directory is private, so it can't clash.
const SOCKET_PORT: u16 = 5432;

/// Recovery after a crash is the slowest start.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// Nobody needs the data after a power cut, and tests that log in by the dozen need the connections. The log's prefix has the
/// SQLSTATE and the database, by which [`Log`] sorts it.
const BASE_SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("log_line_prefix", "%m [%p] %e %u@%d "),
    ("lc_messages", "C"),
];

/// Anybody over the private socket; over TCP a password, which postgres_fdw and dblink insist on being asked for.
const HBA: &str = "\
local all         all               trust
local replication all               trust
host  all         all 127.0.0.1/32  scram-sha-256
";

/// Always under /tmp: a socket's path may not be longer than 107 bytes, and another user must be able to get there.
pub(crate) fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = PathBuf::from(format!("/tmp/ferry-{}-{count}", std::process::id()));
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .unwrap_or_else(|error| panic!("cannot make {}: {error}", directory.display()));
    give_to_server_user(&directory);
    directory
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free TCP port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn run(command: &mut Command) {
    let output = command.current_dir("/").output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Polls until `condition` holds.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + START_TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(POLL);
    }
}

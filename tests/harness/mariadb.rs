//! A private MariaDB with a data directory of its own, for legacy systems that live there: Debian's mariadb-server-core, of which no
//! service is started.

use crate::cluster::{free_port, new_directory, wait_until};
use crate::database::feed;
use crate::guardian::Guardian;
use crate::os_user::{give_to_server_user, run_as_server_user};
use crate::server::repository;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A private server that listens on 127.0.0.1; dropped, it is stopped and its directory deleted.
pub struct MariaDb {
    directory: PathBuf,
    port: u16,
    guardian: Option<Guardian>,
}

impl MariaDb {
    /// A server with what WordPress left behind in the database `wordpress`, and what these statements make of it; `reader`
    /// may read `wp_users`.
    pub fn with_wordpress(reader: &str, password: &str, changes: &[&str]) -> Self {
        let database = ["CREATE DATABASE wordpress;".to_owned(), "USE wordpress;".to_owned()];
        let rows = ["mariadb.sql", "users.sql"].map(|file| example(&format!("wordpress/{file}"))).concat();
        let changes: Vec<String> = changes.iter().map(|change| format!("{change};")).collect();
        let rights = rights("wordpress.wp_users", reader, password);
        Self::start(&[&database[..], &rows, &changes, &rights].concat())
    }

    /// A server that has run scripts of `examples/`; `reader` may read all that they have made.
    pub fn with_examples(files: &[&str], reader: &str, password: &str) -> Self {
        let rows: Vec<String> = files.iter().flat_map(|file| example(file)).collect();
        Self::start(&[&rows[..], &rights("*.*", reader, password)].concat())
    }

    /// Makes a data directory and starts a server on it, which runs these statements first.
    fn start(statements: &[String]) -> Self {
        let mut server = Self { directory: new_directory(), port: free_port(), guardian: None };
        server.make_directory("tmp");
        server.make_system_tables();
        let first = server.directory.join("first.sql");
        let session = [
            "SET NAMES utf8mb4;".to_owned(),
            // The rows are written in standard SQL, with "ID" and plain backslashes.
            "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';".to_owned(),
        ];
        // A statement a line, the last one too: it knows no other end of one.
        let script: String =
            session.iter().chain(statements).flat_map(|statement| [statement, "\n"]).collect();
        std::fs::write(&first, script).expect("cannot write first.sql");
        give_to_server_user(&first);
        let [data, socket, pid_file, general_log] = ["data", "socket", "pid", "queries"]
            .map(|name| server.directory.join(name).display().to_string());
        let command = [
            PROGRAM.to_owned(),
            "--no-defaults".to_owned(),
            format!("--datadir={data}"),
            server.tmpdir(),
            format!("--socket={socket}"),
            format!("--pid-file={pid_file}"),
            format!("--init-file={}", first.display()),
            format!("--general-log-file={general_log}"),
            "--general-log=ON".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--port={}", server.port),
            "--skip-name-resolve".to_owned(),
            "--innodb-flush-log-at-trx-commit=0".to_owned(),
        ];
        server.guardian = Some(Guardian::start(command, &server.directory, &server.directory.join("log")));
        // Its port is open before the statements have been run.
        let log = server.directory.join("log");
        wait_until("MariaDB comes up", || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(!log.contains("\nERROR"), "MariaDB says:\n{log}");
            log.contains("ready for connections")
        });
        server
    }

    fn make_directory(&self, name: &str) -> PathBuf {
        let directory = self.directory.join(name);
        std::fs::create_dir(&directory).expect("cannot make a directory");
        give_to_server_user(&directory);
        directory
    }

    /// Not /tmp: each server that starts deletes the temporary tables that it finds, whosever they are.
    fn tmpdir(&self) -> String {
        format!("--tmpdir={}", self.directory.join("tmp").display())
    }

    /// What mariadb-install-db does, without the client programs that it wants.
    fn make_system_tables(&self) {
        let data = self.make_directory("data");
        let mut script =
            "CREATE DATABASE mysql;\nUSE mysql;\nSET @skip_auth_anonymous = 1, @auth_root_socket = NULL;\n"
                .to_owned();
        for file in ["mysql_system_tables.sql", "mysql_system_tables_data.sql"] {
            let path = Path::new(SYSTEM_TABLES).join(file);
            script +=
                &std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        let mut bootstrap = Command::new(PROGRAM);
        bootstrap
            .current_dir("/")
            .args(["--no-defaults", "--bootstrap", &self.tmpdir()])
            .arg(format!("--datadir={}", data.display()));
        let output = feed(run_as_server_user(&mut bootstrap), &script);
        assert!(
            output.status.success(),
            "MariaDB made no system tables:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked.
    pub fn queries(&self) -> String {
        std::fs::read(self.directory.join("queries"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if let Some(guardian) = self.guardian.take() {
            guardian.clean_up();
        }
    }
}

/// Not in everybody's PATH.
const PROGRAM: &str = "/usr/sbin/mariadbd";
const SYSTEM_TABLES: &str = "/usr/share/mysql";

fn rights(tables: &str, reader: &str, password: &str) -> [String; 2] {
    [
        format!("CREATE USER '{reader}'@'127.0.0.1' IDENTIFIED BY '{password}';"),
        format!("GRANT SELECT ON {tables} TO '{reader}'@'127.0.0.1';"),
    ]
}

/// The statements of a script in `examples/`, each as one line; in it, a statement ends with a line.
fn example(file: &str) -> Vec<String> {
    let script = repository().join("examples").join(file);
    let text =
        std::fs::read_to_string(&script).unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    code.join("\n")
        .split(";\n")
        .map(|statement| statement.trim_end_matches(';').replace('\n', " ") + ";")
        .collect()
}

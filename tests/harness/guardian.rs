//! A shell that runs one server and outlives the test process just long enough to clean up after it.
//!
//! The guardian reads from a pipe that only the test process holds. A line is a signal to stop the server with; the end of the
//! pipe, which the kernel brings about even for SIGKILL, means that the test process has gone: stop the server and
//! delete its directory.

use crate::os_user::run_as_server_user;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const SCRIPT: &str = r#"
directory=$1
shift
"$@" </dev/null &
server=$!
read -r signal || signal=
kill -s "${signal:-QUIT}" "$server" 2>/dev/null
wait "$server"
[ -n "$signal" ] || rm -rf "$directory"
"#;

pub(crate) struct Guardian {
    shell: Child,
}

impl Guardian {
    /// Starts the server that a command line runs, whose data is in `directory`, logging to `log`. SIGQUIT must stop it.
    pub(crate) fn start<S: AsRef<OsStr>>(
        server: impl IntoIterator<Item = S>,
        directory: &Path,
        log: &Path,
    ) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("cannot open the server's log");
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "guardian"])
            .arg(directory)
            .args(server)
            .current_dir("/")
            // A DBA's server has not set it: errors read here as they do there.
            .env_remove("RUST_BACKTRACE")
            // A group of its own: Ctrl-C at the terminal must not take it away before it has done its work.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("cannot share the server's log"))
            .stderr(log);
        let shell = run_as_server_user(&mut command).spawn().expect("cannot start a server's guardian");
        Self { shell }
    }

    /// Stops the server with a signal, keeping its directory, and waits until it is down.
    pub(crate) fn stop(mut self, signal: &str) {
        if let Some(pipe) = &mut self.shell.stdin {
            writeln!(pipe, "{signal}").expect("a server's guardian has gone");
        }
        self.shell.wait().expect("cannot wait for a server's guardian");
    }

    /// Stops the server, deletes its directory and waits for both.
    pub(crate) fn clean_up(mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("cannot wait for a server's guardian");
    }
}

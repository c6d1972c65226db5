//! Runs one command with throwaway servers around it, and ends with its exit status.
//!
//! `with-clusters [--django DATABASE] [--wordpress DATABASE] COMMAND [ARGUMENT…]`
//!
//! The command finds the server under test through libpq's variables, as the superuser, and its client programs first in PATH.
//! With a legacy database there is a second server: `FERRY_LEGACY_HOST`, `…_PORT`, `…_USER` and `…_PASSWORD` are what a foreign server needs to
//! read it, `FERRY_LEGACY_SOCKET` is where its superuser connects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "as in the harness")]

use ferry_tests::{Cluster, Options, legacy_data, target};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: with-clusters [--django DATABASE] [--wordpress DATABASE] COMMAND [ARGUMENT…]";
const READER: &str = "legacy_reader";
const READER_PASSWORD: &str = "for reading only";

fn main() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1));
    let legacy = arguments.needs_legacy().then(|| start_legacy(&arguments));
    let mut command = Command::new(&arguments.command[0]);
    command.args(&arguments.command[1..]);
    describe_target(&mut command);
    if let Some(legacy) = &legacy {
        describe_legacy(&mut command, legacy);
    }
    let status = command.status().unwrap_or_else(|error| panic!("{}: {error}", arguments.command[0]));
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[derive(Default)]
struct Arguments {
    django: Option<String>,
    wordpress: Option<String>,
    command: Vec<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Self {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--django" => arguments.django = Some(words.next().expect(USAGE)),
                "--wordpress" => arguments.wordpress = Some(words.next().expect(USAGE)),
                _ => {
                    arguments.command = std::iter::once(word).chain(words).collect();
                    break;
                }
            }
        }
        assert!(!arguments.command.is_empty(), "{USAGE}");
        arguments
    }

    fn needs_legacy(&self) -> bool {
        self.django.is_some() || self.wordpress.is_some()
    }
}

fn start_legacy(arguments: &Arguments) -> Cluster {
    let legacy = Cluster::start(Options::legacy());
    legacy
        .connect("postgres", "postgres")
        .batch_execute(&format!("CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'"))
        .unwrap();
    if let Some(database) = &arguments.django {
        fill(&legacy, database, legacy_data::fill_django);
    }
    if let Some(database) = &arguments.wordpress {
        fill(&legacy, database, legacy_data::fill_wordpress);
    }
    legacy
}

fn fill(legacy: &Cluster, database: &str, fill: impl FnOnce(&Cluster, &str)) {
    legacy.connect("postgres", "postgres").batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
    fill(legacy, database);
    let grant = format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}");
    legacy.connect(database, "postgres").batch_execute(&grant).unwrap();
}

fn describe_target(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        std::iter::once(target().server().bin_directory().to_path_buf()).chain(std::env::split_paths(&path));
    command
        .env("PATH", std::env::join_paths(directories).unwrap())
        .env("PGHOST", target().socket_directory())
        .env("PGPORT", target().port().to_string())
        .env("PGUSER", "postgres");
}

fn describe_legacy(command: &mut Command, legacy: &Cluster) {
    command
        .env("FERRY_LEGACY_HOST", "127.0.0.1")
        .env("FERRY_LEGACY_PORT", legacy.port().to_string())
        .env("FERRY_LEGACY_SOCKET", legacy.socket_directory())
        .env("FERRY_LEGACY_USER", READER)
        .env("FERRY_LEGACY_PASSWORD", READER_PASSWORD);
}

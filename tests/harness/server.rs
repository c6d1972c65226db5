//! The installed PostgreSQL of one major, as pgrx.toml names it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The binaries and extensions of one PostgreSQL major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    major: u32,
    bin: PathBuf,
    extensions: PathBuf,
}

impl Server {
    /// The server under test: the major in `FERRY_PG_MAJOR`, or the first of pgrx.toml.
    pub fn under_test() -> Self {
        match std::env::var("FERRY_PG_MAJOR") {
            Ok(major) => Self::of_major(
                major.parse().unwrap_or_else(|_| panic!("FERRY_PG_MAJOR is {major:?}, not a number")),
            ),
            Err(_) => Self::oldest(),
        }
    }

    /// The first major of pgrx.toml.
    pub fn oldest() -> Self {
        let majors = configured();
        let (major, pg_config) = majors.first().expect("pgrx.toml names no server");
        Self::from_pg_config(*major, pg_config)
    }

    /// The last major of pgrx.toml that is there: the newest client programs.
    pub fn newest() -> Self {
        let there = configured().into_iter().rfind(|(_, pg_config)| pg_config.exists());
        let (major, pg_config) = there.expect("pgrx.toml names no server that is there");
        Self::from_pg_config(major, &pg_config)
    }

    /// The server of one major.
    pub fn of_major(major: u32) -> Self {
        let (_, pg_config) = configured()
            .into_iter()
            .find(|(configured, _)| *configured == major)
            .unwrap_or_else(|| panic!("pgrx.toml names no pg{major}"));
        Self::from_pg_config(major, &pg_config)
    }

    fn from_pg_config(major: u32, pg_config: &Path) -> Self {
        // Resolved: the servers' user may not pass through the path by which the repository knows it.
        let pg_config = pg_config
            .canonicalize()
            .unwrap_or_else(|error| panic!("{}: {error}; run tools/bootstrap first", pg_config.display()));
        let share = ask(&pg_config, "--sharedir");
        Self { major, bin: ask(&pg_config, "--bindir"), extensions: share.join("extension") }
    }

    /// The major version: 15, 16, …
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The directory of the binaries.
    pub fn bin_directory(&self) -> &Path {
        &self.bin
    }

    /// A binary such as `psql` or `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Whether `CREATE EXTENSION name` can work here.
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions.join(format!("{name}.control")).exists()
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are a directory of the repository").to_path_buf()
}

/// The majors of pgrx.toml with their `pg_config`, in the order of the file.
fn configured() -> Vec<(u32, PathBuf)> {
    let file = repository().join("pgrx.toml");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines()
        .filter_map(|line| parse_entry(line).map(|(major, path)| (major, repository().join(path))))
        .collect()
}

/// `pg15 = "path"` → (15, path)
fn parse_entry(line: &str) -> Option<(u32, &str)> {
    let (key, value) = line.strip_prefix("pg")?.split_once('=')?;
    Some((key.trim().parse().ok()?, value.trim().trim_matches('"')))
}

fn ask(pg_config: &Path, question: &str) -> PathBuf {
    let output = Command::new(pg_config)
        .arg(question)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", pg_config.display()));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

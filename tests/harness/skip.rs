//! Tests that a server can't run say so, instead of passing in silence.

use std::fs::File;
use std::io::Write;

/// Ends the test as skipped, with a reason: `skip!("no {} here", name)`.
#[macro_export]
macro_rules! skip {
    ($($reason:tt)*) => {{
        $crate::record_skip(&format!($($reason)*));
        return;
    }};
}

/// Ends the test as skipped unless the server under test has an extension: `need_extension!("postgres_fdw")`.
#[macro_export]
macro_rules! need_extension {
    ($name:expr) => {
        if !$crate::target().server().has_extension($name) {
            $crate::skip!("PostgreSQL {} has no {} here", $crate::target().server().major(), $name);
        }
    };
}

/// Ends the test as skipped unless the server under test has ICU collations: `need_icu!()`.
#[macro_export]
macro_rules! need_icu {
    () => {
        if !$crate::target().has_icu() {
            $crate::skip!("PostgreSQL {} has no ICU here", $crate::target().server().major());
        }
    };
}

/// Prints why the current test is skipped, past the capture of the test runner, and adds a line to the file named by
/// `FERRY_SKIPPED`, by which the skipped tests are counted.
pub fn record(reason: &str) {
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: {reason}", thread.name().unwrap_or("?"));
    writeln!(std::io::stderr(), "{line}").expect("cannot write to standard error");
    if let Some(file) = std::env::var_os("FERRY_SKIPPED") {
        let mut file =
            File::options().create(true).append(true).open(file).expect("cannot open FERRY_SKIPPED");
        writeln!(file, "{line}").expect("cannot write to FERRY_SKIPPED");
    }
}

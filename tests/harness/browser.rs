//! A headless Chromium that opens pages from files: Debian's package, with a profile of its own each time.

use crate::cluster::new_directory;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory of pages, and a browser for them; dropped, the directory is deleted.
pub struct Browser {
    directory: PathBuf,
}

impl Browser {
    /// Whether there is one here.
    pub fn is_here() -> bool {
        Command::new(PROGRAM).arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// With these pages, each under its name.
    pub fn with_pages(pages: &[(&str, &str)]) -> Self {
        let directory = new_directory();
        for (name, html) in pages {
            std::fs::write(directory.join(name), html).expect("cannot write a page");
        }
        Self { directory }
    }

    /// The document that a page has become once it is loaded, and what the browser has logged.
    pub fn document(&self, page: &str, flags: &[&str]) -> (String, String) {
        let output = self.open(page, &[flags, &["--dump-dom"]].concat());
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// A page as it is printed.
    pub fn pdf(&self, page: &str) -> Vec<u8> {
        let file = self.directory.join("printed.pdf");
        self.open(page, &["--no-pdf-header-footer", &format!("--print-to-pdf={}", file.display())]);
        std::fs::read(file).expect("the browser has printed nothing")
    }

    /// Opens a page in a browser that finds no host, so that nothing can come from elsewhere.
    fn open(&self, page: &str, flags: &[&str]) -> Output {
        let profile = self.directory.join("profile");
        let output = Command::new("timeout")
            .args(["--kill-after=10", TIMEOUT, PROGRAM])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(flags)
            .arg(format!("file://{}", self.file(page).display()))
            .env("HOME", &self.directory)
            .output()
            .expect("cannot run the browser");
        drop(std::fs::remove_dir_all(profile));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Chromium ended with {}: {said}", output.status);
        output
    }

    fn file(&self, page: &str) -> PathBuf {
        Path::new(&self.directory).join(page)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

const PROGRAM: &str = "chromium";

/// In seconds: generous, so that only a browser that hangs is ended by it.
const TIMEOUT: &str = "180";

/// Frames may be looked into, and the console is told; root has no sandbox.
const FLAGS: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--allow-file-access-from-files",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1400,1200",
    "--enable-logging=stderr",
    "--log-level=0",
];

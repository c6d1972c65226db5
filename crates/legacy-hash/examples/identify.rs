//! Reads stored hashes, one a line, and prints the formats that each may be in; those that must be named are in parentheses.
//!
//! ```sh
//! echo '$P$BDOiFzj9XFRHcbi7f6rbxbUI2tlPGO/' | cargo run --example identify
//! ```

use std::io::BufRead as _;

use legacy_hash::{Identified, identify};

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        println!("{}", candidates(&line?));
    }
    Ok(())
}

fn candidates(hash: &str) -> String {
    match identify(hash) {
        Identified::Locked => "locked".into(),
        Identified::Candidates(found) => {
            let shown = found.iter().map(|format| match format.must_name {
                true => format!("({})", format.name),
                false => format.name.into(),
            });
            shown.collect::<Vec<String>>().join(" ")
        }
    }
}

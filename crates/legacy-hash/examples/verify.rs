//! Reads JSON lines `{"password_hex", "hash", "format", "salt", "login", "pepper"}` and prints a verdict for
//! each; only the first two fields are required. Without a format the hash is identified.
//!
//! ```sh
//! cargo run --example verify < tests/vectors/php.jsonl
//! ```

use std::io::BufRead as _;
use std::ops::ControlFlow;

use legacy_hash::{Limits, Method, Stored, verify};
use serde_json::Value;

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        println!("{}", judge(&line?).unwrap_or_else(|| "not a line of this kind".into()));
    }
    Ok(())
}

fn judge(line: &str) -> Option<String> {
    let json: Value = serde_json::from_str(line).ok()?;
    let text = |field: &str| json.get(field).and_then(Value::as_str);
    let password = hex::decode(text("password_hex")?).ok()?;
    let stored = Stored {
        hash: text("hash")?,
        salt: text("salt").map(str::as_bytes),
        login: text("login"),
        pepper: text("pepper").map(str::as_bytes),
    };
    let verdict = text("format").map(Method::parse).transpose().and_then(|method| {
        verify(&password, &stored, method.as_ref(), &Limits::default(), &mut || ControlFlow::Continue(()))
    });
    Some(match verdict {
        Ok(verdict) => format!("{verdict:?}").to_lowercase(),
        Err(error) => error.to_string(),
    })
}

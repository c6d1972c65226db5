//! The list of formats: what it promises about itself, and that the README shows the same list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;

use legacy_hash::{Error, Format, Policy, Stored, format, formats};

#[test]
fn names_are_unique_and_found() {
    let mut seen = HashSet::new();
    for f in formats() {
        for name in f.aliases.iter().chain([&f.name]) {
            assert!(seen.insert(*name), "{name} twice");
            assert_eq!(format(name).map(|found| found.name), Some(f.name));
            assert!(!name.contains(char::is_whitespace) && *name == name.to_lowercase(), "{name}");
        }
        assert!(!f.example.is_empty(), "{} has no example", f.name);
    }
}

#[test]
fn the_readme_shows_this_list() {
    let readme = include_str!("../README.md");
    let shown: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let listed: Vec<String> = formats().map(row).collect();
    assert_eq!(shown, listed, "\n\nthe table should be:\n{}\n", listed.join("\n"));
}

fn row(f: &Format) -> String {
    let aliases: String = f.aliases.iter().map(|alias| format!(", `{alias}`")).collect();
    let needs = [
        (f.must_name, "its name"),
        (f.needs_salt, "salt"),
        (f.needs_login, "login"),
        (f.needs_pepper, "pepper"),
    ];
    let needs: Vec<&str> = needs.into_iter().filter_map(|(needed, what)| needed.then_some(what)).collect();
    let made = if f.can_produce { "yes" } else { "" };
    format!(
        "| `{}`{aliases} | {} | {} | {made} | `{}` | {} |",
        f.name,
        f.strength,
        needs.join(", "),
        f.example,
        f.note
    )
}

#[test]
fn debug_shows_no_secret() {
    let stored = Stored {
        hash: "h-secret",
        salt: Some(b"s-secret"),
        login: Some("l-secret"),
        pepper: Some(b"p-secret"),
    };
    let shown = format!("{stored:?} {stored:#?}");
    assert!(!shown.contains("secret") && !shown.contains(&format!("{:?}", b"p-secret")), "{shown}");
    assert_eq!(format!("{:?}", format("bcrypt")), "Some(Format(\"bcrypt\"))");
    assert_eq!(format!("{:?}", Policy::default()), "Policy(argon2id:m=19456,t=2,p=1)");
}

#[test]
fn errors_read_as_postgresql_writes_them() {
    for error in [
        Error::Malformed("bcrypt salt"),
        Error::UnknownFormat,
        Error::UnknownName,
        Error::Ambiguous,
        Error::Locked,
        Error::MissingSalt,
        Error::MissingLogin,
        Error::MissingPepper,
        Error::OverLimit("bcrypt cost"),
        Error::Unsupported("argon2 salts under 8 bytes"),
        Error::NotWrapped("phpass", "it is wrapped already"),
        Error::OutOfMemory,
        Error::NoRandomness,
        Error::Interrupted,
        Error::BadPolicy("no format has this name"),
    ] {
        let text = error.to_string();
        assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
    }
    assert_eq!(Error::OverLimit("bcrypt cost").to_string(), "password hash exceeds the limit on bcrypt cost");
}

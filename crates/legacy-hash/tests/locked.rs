//! Lock markers: no password opens them, by whatever name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{checked, judge, stored};
use legacy_hash::{Error, Identified, Policy, Verdict, formats, identify, locked_marker};

const MARKERS: [&str; 20] = [
    "",
    " ",
    "!",
    "!!",
    "!*",
    "*",
    "**",
    "*LK*",
    "*NP*",
    "x",
    "NP",
    "LK",
    "NULL",
    "<NULL>",
    "\\N",
    "{CRYPT}",
    "{crypt}!",
    "{CRYPT}*",
    "!$6$salt$hash",
    "*LK*$5$salt$hash",
];

#[test]
fn markers_are_locked_for_every_password_and_every_format() {
    for marker in MARKERS {
        assert!(matches!(identify(marker), Identified::Locked), "{marker:?}");
        assert_eq!(checked(marker, None), Err(Error::Locked), "{marker:?}");
        for password in ["", "!", "x", "password", marker] {
            assert_eq!(judge(password.as_bytes(), &stored(marker), None), Ok(Verdict::Locked), "{marker:?}");
        }
        for format in formats() {
            assert_eq!(
                judge(b"", &stored(marker), Some(format.name)),
                Ok(Verdict::Locked),
                "{marker:?} {format:?}"
            );
        }
    }
}

#[test]
fn django_unusable_passwords_are_locked() {
    assert!(matches!(identify("!Wm3hv4OqXkqCTQtxpBVOCFvMoVHRHYBPDLwmnBaT"), Identified::Locked));
}

#[test]
fn a_mysql_hash_is_no_lock_although_it_begins_with_a_star() {
    let hash = "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19";
    assert!(matches!(identify(hash), Identified::Candidates(_)));
    assert!(matches!(identify(&hash[..40]), Identified::Locked));
}

#[test]
fn our_own_markers_are_locked_and_unique_and_not_rehashed() {
    let (one, two) = (locked_marker(), locked_marker());
    assert_ne!(one, two);
    for marker in [&one, &two] {
        assert_eq!(marker.len(), 41);
        assert!(
            marker.starts_with('!') && marker[1..].bytes().all(|b| b.is_ascii_alphanumeric()),
            "{marker}"
        );
        assert_eq!(judge(b"", &stored(marker), None), Ok(Verdict::Locked));
        assert!(!Policy::default().needs_rehash(marker));
    }
}

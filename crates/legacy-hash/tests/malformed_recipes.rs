//! Recipes as formats: what is wrong with a string is told, and what a layout may be is taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{checked, judge, stored, vectors};
use legacy_hash::{Error, Limits, Method, Stored, Verdict, check, format};

const HASH: Error = Error::Malformed("the hash of a recipe");
const LENGTH: Error = Error::Malformed("the length of the hash of a recipe");
const LAYOUT: Error = Error::Malformed("the layout of a recipe");

fn malformed(format: &str, hash: &str, error: Error) {
    assert_eq!(checked(hash, Some(format)), Err(error), "{format} {hash}");
}

#[test]
fn a_digest_of_another_length() {
    malformed("vbulletin", "28f9975808ae2bdc5847b1cda26033e", HASH);
    malformed("vbulletin", "28f9975808ae2bdc5847b1cda26033ea00", HASH);
    malformed("vbulletin", "28f9975808ae2bdc5847b1cda26033eg", HASH);
    malformed("sha512-b64", "5f4dcc3b", HASH);
    malformed("grafana-pbkdf2", "e59c568621e57756495a468f47c74e07", HASH);
    malformed("palshop", "68b11ee90ed17ef14aa0f51af494c2c63ad7d281a9888cb593", HASH);
    malformed("half-md5", "8743b52063cd840", HASH);
}

#[test]
fn a_layout_that_is_not_the_templates() {
    malformed("magento1", "57ab8499d08c59a7211c77f557bf9425", LAYOUT);
    malformed("magento1", "57ab8499d08c59a7211c77f557bf942:4247", LAYOUT);
    malformed("magento1", "57ab8499d08c59a7211c77f557bf942g:4247", Error::Malformed("the hash of a recipe"));
    malformed("authme-sha256", "$SHA$7218532375810603", LAYOUT);
    malformed("authme-sha256", "$SHA$7218532375810603$bfede293", LAYOUT);
    malformed("hmailserver", "8fe7ca27a17adc337cd892b1d959b4e4", LAYOUT);
    malformed("{x}{hash:b64} <- md5($pass)", "{x}AAAA", LENGTH);
    malformed(
        "{salt:hex}:{hash:hex} <- md5($salt.$pass)",
        &format!("xy:{}", "0".repeat(32)),
        Error::Malformed("the salt of a recipe"),
    );
}

#[test]
fn what_a_verifier_does_not_know() {
    malformed("bcrypt(md5)", "$6$salt$hash", Error::Malformed("the hash that a recipe verifies"));
    malformed("bcrypt(md5)", "$2b$05$short", Error::Malformed("bcrypt salt"));
    malformed(
        "bcrypt(sha256)",
        "$2b$17$FxDtpTNaL303lLcWtd6LFO2U6Gc63VJ07qycHcfqbQQ71GhO/qSzu",
        Error::OverLimit("bcrypt cost"),
    );
}

#[test]
fn http_digests() {
    let hash = "0".repeat(32);
    malformed("http-digest-ha1", &hash[1..], Error::Malformed("http digest hash"));
    malformed("http-digest-ha1", &format!("alice:{hash}"), Error::Malformed("http digest realm"));
    malformed("http-digest-ha1", &format!("alice:realm:{hash}0"), Error::Malformed("http digest hash"));
}

#[test]
fn work_over_the_limits_is_told_before_it_is_done() {
    let over = |name: &str, hash_len: usize, limits: Limits| {
        let method = Method::parse(name).unwrap();
        check(&"0".repeat(hash_len), Some(&method), &limits).map(drop)
    };
    let pbkdf2 = Limits { pbkdf2_work: 63_999, ..Limits::default() };
    assert_eq!(over("discourse-pbkdf2", 64, pbkdf2), Err(Error::OverLimit("pbkdf2 iterations")));
    let work = Limits { recipe_work: 4_999, ..Limits::default() };
    assert_eq!(
        over("symfony-messagedigest-nosalt", 128, work),
        Err(Error::OverLimit("the work of a recipe"))
    );
}

#[test]
fn what_is_missing_is_told() {
    let hash = "0".repeat(32);
    for (name, missing) in [
        ("vbulletin", Error::MissingSalt),
        ("skype", Error::MissingLogin),
        ("prestashop", Error::MissingPepper),
        ("http-digest-ha1", Error::MissingLogin),
    ] {
        assert_eq!(judge(b"x", &stored(&hash), Some(name)), Err(missing), "{name}");
    }
}

#[test]
fn a_pepper_may_be_empty() {
    let v = vectors()
        .into_iter()
        .find(|v| v.format == "devise-encryptable-sha1" && v.pepper.as_deref() == Some(b""));
    let v = v.unwrap();
    assert_eq!(judge(&v.password, &v.stored(), Some(&v.format)), Ok(Verdict::Right));
    let keyed = Stored { pepper: Some(b"x"), ..v.stored() };
    assert_eq!(judge(&v.password, &keyed, Some(&v.format)), Ok(Verdict::Wrong));
}

#[test]
fn a_salt_with_colons_and_dollars_is_taken_whole() {
    // vBulletin's salts; the first is John the Ripper's.
    let hash = "fb685c6f469f6e549c85e4c1fb5a65a6";
    for stored in [Stored { salt: Some(b"\\H:"), ..stored(hash) }, stored(&format!("{hash}:\\H:"))] {
        assert_eq!(judge(b"test3", &stored, Some("vbulletin")), Ok(Verdict::Right));
    }
    assert_eq!(judge(b"test3", &stored(&format!("{hash}:\\H")), Some("vbulletin")), Ok(Verdict::Wrong));
}

#[test]
fn rows_need_what_their_computation_takes() {
    for (name, salt, login, pepper) in [
        ("vbulletin", true, false, false),
        ("magento1", false, false, false),
        ("magento1-col", true, false, false),
        ("smf", false, true, false),
        ("devise-encryptable-sha512", true, false, true),
        ("restful-auth", true, false, false),
        ("http-digest-ha1", false, true, false),
    ] {
        let f = format(name).unwrap();
        assert_eq!((f.needs_salt, f.needs_login, f.needs_pepper), (salt, login, pepper), "{name}");
    }
}

#[test]
fn serialized_rows_and_encoded_salts_are_taken() {
    // hashcat 6.2.6 modules 4510 and 141, in the layouts of XenForo and of the membership tables.
    let xenforo = |salt: &str, hash: &str| {
        format!(r#"a:3:{{s:4:"hash";s:40:"{hash}";s:4:"salt";s:64:"{salt}";s:8:"hashFunc";s:4:"sha1";}}"#)
    };
    let row = xenforo("hashcat1", "9138d472fce6fe50e2a32da4eec4ecdc8860f4d5");
    assert_eq!(judge(b"hashcat", &stored(&row), Some("xenforo-sha1")), Ok(Verdict::Right));
    assert_eq!(judge(b"hashcat1", &stored(&row), Some("xenforo-sha1")), Ok(Verdict::Wrong));
    let row = Stored { salt: Some(b"MjEwNA=="), ..stored("ZUgAmuaYTqAvisD0A427FA3oaWU") };
    assert_eq!(judge(b"hashcat", &row, Some("aspnet-membership-sha1")), Ok(Verdict::Right));
    assert_eq!(judge(b"Hashcat", &row, Some("aspnet-membership-sha1")), Ok(Verdict::Wrong));
}

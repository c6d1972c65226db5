//! What real rows look like that no specification mentions, and that must verify all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{judge, stored, vectors};
use legacy_hash::{Error, Stored, Verdict, format};

/// The first vector of a format.
fn sample(format: &str) -> common::Vector {
    vectors().into_iter().find(|v| v.format == format && v.password == b"password").unwrap()
}

fn verifies(hash: &str, name: Option<&str>) {
    assert_eq!(judge(b"password", &stored(hash), name), Ok(Verdict::Right), "{hash}");
}

#[test]
fn base64_may_be_padded_or_not() {
    for name in ["ldap-ssha", "ldap-sha", "ldap-ssha512", "django-pbkdf2-sha256"] {
        verifies(sample(name).hash.trim_end_matches('='), None);
    }
    for name in ["argon2id-phc", "scrypt-phc"] {
        verifies(&format!("{}=", sample(name).hash), None);
    }
}

#[test]
fn base64_may_have_spare_bits_set() {
    // 20 bytes are 27 characters, the last of which has 2 spare bits: = is the 0 that encoders write, and 1,
    // 2, 3 follow it.
    let hash = sample("ldap-sha").hash;
    let (head, last) = hash.trim_end_matches('=').split_at(hash.len() - 2);
    let next = char::from(last.as_bytes()[0] + 1);
    verifies(&format!("{head}{next}="), None);
}

#[test]
fn base64_may_be_broken_into_lines() {
    let hash = sample("ldap-ssha512").hash;
    let (head, tail) = hash.split_at(76);
    verifies(&format!("{head}\r\n{tail}\n"), None);
}

#[test]
fn passlib_base64_may_have_plus_for_dot() {
    let v = vectors().into_iter().find(|v| v.format.starts_with("passlib") && v.hash.contains('.')).unwrap();
    assert_eq!(judge(&v.password, &stored(&v.hash.replace('.', "+")), None), Ok(Verdict::Right));
}

#[test]
fn ldap_schemes_may_be_of_any_case() {
    verifies(&sample("ldap-ssha").hash.replace("{SSHA}", "{ssha}"), None);
    verifies(&sample("ldap-ssha256").hash.replace("{SSHA256}", "{sSha256}"), None);
}

#[test]
fn bcrypt_spare_bits_are_ignored() {
    // 22 characters of salt carry 4 spare bits, 31 of hash 2: some libraries write junk there.
    let hash = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    for spare in ['/', 'A', 'M'] {
        let hash = format!("{}{spare}{}", &hash[..28], &hash[29..]);
        assert_eq!(judge(b"\xff\xff\xa3", &stored(&hash), None), Ok(Verdict::Right), "{hash}");
    }
}

#[test]
fn argon2_parameters_may_come_in_any_order() {
    let v = vectors().into_iter().find(|v| v.hash.contains("$m=8,t=1,p=1$")).unwrap();
    for params in ["t=1,m=8,p=1", "p=1,m=8,t=1", "m=8,t=1,p=1,keyid=Zm9v", "keyid=,m=8,t=1,p=1,data="] {
        let hash = v.hash.replace("m=8,t=1,p=1", params);
        assert_eq!(judge(&v.password, &stored(&hash), None), Ok(Verdict::Right), "{hash}");
    }
}

#[test]
fn argon2_data_is_hashed() {
    let v = vectors().into_iter().find(|v| v.hash.contains("$m=8,t=1,p=1$")).unwrap();
    let hash = v.hash.replace("m=8,t=1,p=1", "m=8,t=1,p=1,data=Zm9v");
    assert_eq!(judge(&v.password, &stored(&hash), None), Ok(Verdict::Wrong));
}

#[test]
fn argon2_without_a_version_is_not_version_19() {
    let hash = sample("argon2id-phc").hash.replace("v=19$", "");
    assert_eq!(judge(b"password", &stored(&hash), None), Ok(Verdict::Wrong));
}

#[test]
fn sha_crypt_rounds_under_1000_are_1000() {
    let v = vectors().into_iter().find(|v| v.origin.contains("rounds=10$abc")).unwrap();
    verifies(&v.hash.replace("rounds=1000", "rounds=10"), None);
}

#[test]
fn sha_crypt_salts_are_cut_at_16_and_md5crypt_salts_at_8() {
    let v = vectors().into_iter().find(|v| v.hash.starts_with("$6$longer.than.sixt$")).unwrap();
    verifies(&v.hash.replace("than.sixt$", "than.sixteen.characters$"), None);
    let v = vectors().into_iter().find(|v| v.hash.starts_with("$1$longer.t$")).unwrap();
    verifies(&v.hash.replace("longer.t$", "longer.than.eight$"), None);
}

#[test]
fn hex_may_be_of_any_case_and_spaces_in_a_name_do_not_matter() {
    let stored = Stored { salt: Some(b"pepper"), ..stored("5F4DCC3B5aa765d61d8327deb882cf99") };
    assert_eq!(judge(b"password", &stored, Some(" MD5( $pass )")), Ok(Verdict::Right));
    assert_eq!(format("sha1( $pass . $salt )").map(|f| f.name), Some("sha1($pass.$salt)"));
}

#[test]
fn aliases_name_the_same_format() {
    for (alias, name) in [("md5", "md5($pass)"), ("sha1", "sha1($pass)"), ("argon2id", "argon2id-phc")] {
        assert_eq!(format(alias).map(|f| f.name), Some(name));
    }
    assert!(format("no such format").is_none());
    assert!(format("").is_none());
}

#[test]
fn a_role_s_md5_may_have_lost_its_prefix() {
    // hashcat 6.2.6, module 12.
    let hash = "93a8cf6a7d43e3b5bcd2dc6abb3e02c6";
    for hash in [hash.to_owned(), format!("md5{hash}"), hash.to_uppercase()] {
        let role = Stored { login: Some("27032153220030464358344758762807"), ..stored(&hash) };
        assert_eq!(judge(b"hashcat", &role, Some("postgres-md5")), Ok(Verdict::Right), "{hash}");
    }
}

#[test]
fn a_password_that_was_never_hashed_is_taken_only_where_that_is_said() {
    for hash in ["secret", "{PLAIN}secret", "{clear}secret", "{CLEARTEXT}secret"] {
        assert!(judge(b"secret", &stored(hash), None).is_err(), "{hash}");
        assert_eq!(judge(b"secret", &stored(hash), Some("plaintext")), Ok(Verdict::Right), "{hash}");
        assert_eq!(judge(b"Secret", &stored(hash), Some("plaintext")), Ok(Verdict::Wrong), "{hash}");
    }
    for locked in ["", "!", "*LK*", "x"] {
        assert_eq!(
            judge(locked.as_bytes(), &stored(locked), Some("plaintext")),
            Ok(Verdict::Locked),
            "{locked}"
        );
    }
    assert_eq!(
        judge(b"", &stored("{PLAIN}"), Some("plaintext")),
        Err(Error::Malformed("plaintext password"))
    );
}

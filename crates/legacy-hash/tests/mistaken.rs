//! No hash is taken for one of another format: the formats that share a shape compute different things.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Vector, on, vectors};
use legacy_hash::{Identified, Limits, Method, Verdict, evident, formats, identify, verify};

/// Names for one computation: what the formats of a line hold for a password may be the same string.
const SAME: &[&[&str]] = &[
    // One formula that several applications have; the bytes of ASCII are its characters in any charset.
    &["md5($pass)", "phpbb2-md5-latin1", "zope-md5", "horde-md5-base64", "horde-md5-hex"],
    &["md5($pass.$salt)", "joomla-md5"],
    &["md5($salt.$pass)", "oscommerce", "magento1", "magento1-col", "serv-u-md5"],
    &["md5(md5($pass).$salt)", "phps", "vbulletin"],
    &["md5(md5($salt).md5($pass))", "ipb2", "mybb"],
    &["sha1($salt.sha1($pass))", "punbb", "redmine"],
    &["sha1($salt.sha1($salt.sha1($pass)))", "opencart", "wbb3"],
    &["sha1(\"--\".$salt.\"--\".$pass.\"--\")", "clearance-sha1", "restful-auth-1"],
    &["sha256($salt.$pass)", "formspring-sha256", "magento2-v1"],
    &["sha512($pass.$salt)", "filezilla-sha512", "sha512-b64"],
    &["pbkdf2 with 10000 rounds and 50 bytes", "gitea-pbkdf2", "grafana-pbkdf2"],
    &["spring-messagedigest", "spring-md4"],
    &["ntlm", "ntlm-latin1"],
    // A salt may be empty.
    &["sha256($pass)", "hmailserver", "zope-sha256"],
    &["sha1($pass)", "zope-sha1"],
    // Horde and Zope store what directories do, with a scheme or without.
    &["horde-aprmd5", "apr1"],
    &["horde-crypt-md5", "ldap-crypt", "md5crypt"],
    &["horde-crypt-sha256", "ldap-crypt", "sha256crypt"],
    &["horde-crypt-sha512", "ldap-crypt", "sha512crypt"],
    &["ldap-md5", "horde-md5-base64", "horde-md5-hex", "horde-smd5", "zope-md5", "zope-smd5", "md5($pass)"],
    &["ldap-sha", "horde-sha", "horde-ssha", "zope-sha1", "zope-ssha", "sha1($pass)"],
    &["ldap-smd5", "horde-smd5", "zope-smd5"],
    &["ldap-ssha", "horde-ssha", "zope-ssha"],
    &["ldap-sha256", "zope-sha256"],
    &["ldap-ssha256", "horde-ssha256"],
    &["sspr-pbkdf2-sha1", "jtr-pbkdf2-hmac-sha1"],
    &["sspr-pbkdf2-sha512", "jtr-pbkdf2-hmac-sha512"],
    &["cisco-pix", "cisco-asa"],
    // bigcrypt of up to eight characters is descrypt.
    &["descrypt", "bigcrypt"],
];

/// What is dearer says nothing that cheaper vectors don't.
const CHEAP: Limits = Limits {
    bcrypt_cost: 5,
    pbkdf2_work: 30_000,
    scrypt_memory: 16 << 20,
    scrypt_work: 1 << 17,
    argon2_memory_kib: 1024,
    argon2_passes: 4,
    argon2_work_kib: 4096,
    sha_crypt_rounds: 5000,
    phpass_log2: 8,
    digest_rounds: 10_000,
    recipe_work: 20_000,
};

#[test]
fn no_vector_is_right_under_another_name() {
    let mut found = BTreeSet::new();
    for v in some_of_each() {
        let Identified::Candidates(candidates) = identify(&v.hash) else { panic!("locked: {v:?}") };
        for other in candidates.into_iter().filter(|other| other.name != v.format) {
            let method = Method::Format(other);
            let verdict = verify(&v.password, &v.stored(), Some(&method), &CHEAP, &mut on);
            if verdict == Ok(Verdict::Right) {
                found.insert((v.format.clone(), other.name));
            }
        }
    }
    let one =
        |format: &str, other: &str| SAME.iter().any(|line| line.contains(&format) && line.contains(&other));
    let mistaken: Vec<_> = found.iter().filter(|(format, other)| !one(format, other)).collect();
    assert!(mistaken.is_empty(), "format, and as what it was taken: {mistaken:?}");
    // Every line still says something.
    let within = |line: &[&str]| {
        found.iter().any(|(format, other)| line.contains(&format.as_str()) && line.contains(other))
    };
    let stale: Vec<_> = SAME.iter().filter(|line| !within(line)).collect();
    assert!(stale.is_empty(), "no longer so: {stale:?}");
}

/// Up to three cheap vectors of each format. An empty password, salt, login or pepper makes many formulas one.
fn some_of_each() -> Vec<Vector> {
    let mut vectors = vectors();
    vectors.retain(|v| {
        let none_empty = [v.salt.as_deref(), v.login.as_deref().map(str::as_bytes), v.pepper.as_deref()];
        !v.password.is_empty() && none_empty.into_iter().flatten().all(|part| !part.is_empty())
    });
    let of = |name: &'static str| vectors.iter().filter(move |v| v.format == name).take(3).cloned();
    formats().flat_map(|format| of(format.name)).collect()
}

#[test]
fn what_is_evident_is_so_after_all_formats_were_asked() {
    let all = |hash: &str| match identify(hash) {
        Identified::Locked => None,
        Identified::Candidates(found) => {
            let mut evident = found.iter().filter(|format| !format.must_name);
            evident.next().filter(|_| evident.next().is_none()).map(|format| format.name)
        }
    };
    let (mut seen, mut cut) = (BTreeSet::new(), BTreeSet::new());
    for v in vectors() {
        // One of each format, cut off anywhere.
        let ends = v.hash.char_indices().map(|(end, _)| v.hash[..end].to_string());
        let ends = ends.take(if cut.insert(v.format.clone()) { usize::MAX } else { 0 });
        let more = ["", "=", "$", "$a", ":b", "$=$"].map(|more| v.hash.clone() + more);
        for hash in ends.chain(more) {
            let found = evident(&hash).ok().map(|format| format.name);
            assert_eq!(found, all(&hash), "{hash}");
            seen.extend(found);
        }
    }
    assert!(seen.len() > 100, "{seen:?}");
}

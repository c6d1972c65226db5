//! Each way in which a stored string can be wrong has its own error, and is found without hashing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{checked, judge, refused, refused_as, stored};
use legacy_hash::Error::{self, Malformed, UnknownFormat, UnknownName, Unsupported};
use legacy_hash::{Limits, check};

const B22: &str = "/OK.fbVrR/bpIqNJ5ianF.";
const B31: &str = "CE5elHaaO4EbggVDjb8P19RukzXSM3e";
const H22: &str = "xek.CpjQUVgdf/P2N9KQf/";
const H43: &str = "0Uor7kq6CTPY0DtjOiw.I2DuJSUfiZxCqkrafMVjNc8";
const B64_32: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn unknown_shapes_and_names_are_told_apart() {
    refused("hello", UnknownFormat);
    refused("$9$what$ever", UnknownFormat);
    refused_as("no such name", "hello", UnknownName);
    refused_as("no such name", "!", UnknownName);
}

#[test]
fn bcrypt() {
    refused("$2b$", Malformed("bcrypt cost"));
    refused(&format!("$2b$5${B22}{B31}"), Malformed("bcrypt cost"));
    refused(&format!("$2b$+5${B22}{B31}"), Malformed("bcrypt cost"));
    refused(&format!("$2b$03${B22}{B31}"), Malformed("bcrypt cost"));
    refused(&format!("$2b$32${B22}{B31}"), Malformed("bcrypt cost"));
    refused(&format!("$2b$005${B22}{B31}"), Malformed("bcrypt cost"));
    refused("$2b$05$short", Malformed("bcrypt salt"));
    refused(&format!("$2b$05${}{B31}", B22.replace('.', "!")), Malformed("bcrypt salt"));
    refused(&format!("$2b$05${B22}{}", &B31[1..]), Malformed("bcrypt hash"));
    refused(&format!("$2b$05${B22}{B31}x"), Malformed("bcrypt hash"));
    refused(&format!("$2b$05${B22}{}", B31.replace('5', "=")), Malformed("bcrypt hash"));
    refused(&format!("$2b$05${B22}{}ü", &B31[2..]), Malformed("bcrypt hash"));
    refused(&format!("$2z$05${B22}{B31}"), UnknownFormat);
    refused_as("bcrypt", "$1$x$y", Malformed("bcrypt prefix"));
    refused_as("bcrypt", &format!("$2x$05${B22}{B31}"), Malformed("bcrypt prefix"));
    refused_as("bcrypt-2x", &format!("$2b$05${B22}{B31}"), Malformed("bcrypt prefix"));
    refused(&format!("bcrypt$2b$05${B22}{B31}"), Malformed("bcrypt prefix"));
    refused("bcrypt_sha256$", Malformed("bcrypt prefix"));
    refused_as("django-bcrypt", &format!("$2b$05${B22}{B31}"), Malformed("bcrypt prefix"));
    refused_as("wordpress-bcrypt", &format!("$2b$05${B22}{B31}"), Malformed("wordpress prefix"));
    refused(&format!("$wp$2y$05${B22}"), Malformed("bcrypt hash"));
}

#[test]
fn argon2() {
    let ok = format!("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${B64_32}");
    assert!(check(&ok, None, &Limits::default()).is_ok());
    refused("$argon2id$", Malformed("argon2 fields"));
    refused("$argon2id$v=19", Malformed("argon2 fields"));
    refused(&format!("{ok}$"), Malformed("argon2 fields"));
    refused(&ok.replace("v=19", "v=18"), Unsupported("argon2 versions other than 16 and 19"));
    refused(&ok.replace("m=8,", ""), Malformed("argon2 parameters"));
    refused(&ok.replace("m=8", "m=8,m=8"), Malformed("argon2 parameters"));
    refused(&ok.replace("m=8", "m=-8"), Malformed("argon2 parameters"));
    refused(&ok.replace("m=8", "m="), Malformed("argon2 parameters"));
    refused(&ok.replace("m=8", "m=7"), Malformed("argon2 parameters"));
    refused(&ok.replace("p=1", "p=2"), Malformed("argon2 parameters"));
    refused(&ok.replace("p=1", "p=0"), Malformed("argon2 parameters"));
    refused(&ok.replace("t=1", "t=0"), Malformed("argon2 parameters"));
    refused(&ok.replace("p=1", "p=1,x=1"), Malformed("argon2 parameters"));
    refused(&ok.replace("p=1", "p=1,keyid=!"), Malformed("argon2 keyid"));
    refused(&ok.replace("p=1", &format!("p=1,data={B64_32}AA")), Malformed("argon2 data"));
    refused(&ok.replace("c29t", "c2*t"), Malformed("argon2 salt"));
    refused(&ok.replace("c29tZXNhbHQ", "c2hvcnQ"), Unsupported("argon2 salts under 8 bytes"));
    refused(&ok.replace(B64_32, "AA*A"), Malformed("argon2 hash"));
    refused(&ok.replace(B64_32, "AAAA"), Malformed("argon2 hash length"));
    refused(&ok.replace(B64_32, &"AAAA".repeat(342)), Malformed("argon2 hash length"));
    refused_as("argon2i", &ok, Malformed("argon2 prefix"));
    refused("argon2$argon2x$v=19", Malformed("argon2 prefix"));
    refused_as("django-argon2", &ok, Malformed("argon2 prefix"));
}

#[test]
fn scrypt() {
    let ok = format!("$scrypt$ln=4,r=1,p=1$c2FsdA${B64_32}");
    assert!(check(&ok, None, &Limits::default()).is_ok());
    refused("$scrypt$ln=4,r=1,p=1", Malformed("scrypt fields"));
    refused(&format!("{ok}$"), Malformed("scrypt fields"));
    refused(&ok.replace("ln=4", "ln=0"), Malformed("scrypt parameters"));
    refused(&ok.replace("r=1", "r=0"), Malformed("scrypt parameters"));
    refused(&ok.replace("p=1", "p=0"), Malformed("scrypt parameters"));
    refused(&ok.replace(",p=1", ""), Malformed("scrypt parameters"));
    refused(&ok.replace("p=1", "p=1,p=1"), Malformed("scrypt parameters"));
    refused(&ok.replace("p=1", "q=1"), Malformed("scrypt parameters"));
    refused(&ok.replace("c2FsdA", "c2*sdA"), Malformed("scrypt salt"));
    refused(&ok.replace(B64_32, "A*AA"), Malformed("scrypt hash"));
    refused(&ok.replace(B64_32, "AAAA"), Malformed("scrypt hash length"));
    refused("scrypt$16$salt$1$1", Malformed("scrypt fields"));
    refused(&format!("scrypt$15$salt$1$1${B64_32}"), Malformed("scrypt N"));
    refused(&format!("scrypt$0$salt$1$1${B64_32}"), Malformed("scrypt N"));
    refused(&format!("scrypt$1$salt$1$1${B64_32}"), Malformed("scrypt parameters"));
    refused(&format!("scrypt$16$salt$x$1${B64_32}"), Malformed("scrypt parameters"));
    refused_as("scrypt-phc", "scrypt$", Malformed("scrypt prefix"));
    refused_as("django-scrypt", &ok, Malformed("scrypt prefix"));
}

#[test]
fn pbkdf2() {
    refused("pbkdf2_sha256$1000", Malformed("pbkdf2 fields"));
    refused(&format!("pbkdf2_sha256$1000$salt${B64_32}$"), Malformed("pbkdf2 fields"));
    refused(&format!("pbkdf2_sha256$0$salt${B64_32}"), Malformed("pbkdf2 iterations"));
    refused(&format!("pbkdf2_sha256$$salt${B64_32}"), Malformed("pbkdf2 iterations"));
    refused(&format!("pbkdf2_sha256$1e3$salt${B64_32}"), Malformed("pbkdf2 iterations"));
    refused("pbkdf2_sha256$1000$salt$A*AA", Malformed("pbkdf2 hash"));
    refused("pbkdf2_sha256$1000$salt$", Malformed("pbkdf2 hash length"));
    refused(&format!("pbkdf2_sha256$1000$salt${}", &B64_32[..42]), Malformed("pbkdf2 hash length"));
    refused(&format!("pbkdf2_sha1$1000$salt${B64_32}"), Malformed("pbkdf2 hash length"));
    refused(&format!("$pbkdf2-sha256$1000$s*lt${B64_32}"), Malformed("pbkdf2 salt"));
    refused(&format!("$pbkdf2-sha256$1000${B64_32}"), Malformed("pbkdf2 fields"));
    // The PHC layout, which is another format; and one that is of nobody.
    let phc = format!("$pbkdf2-sha256$i=1000,l=32$c2FsdA${B64_32}");
    assert_eq!(checked(&phc, None).as_deref(), Ok("kratos-pbkdf2-sha256"));
    refused(&phc.replace(",l=32", ""), UnknownFormat);
    refused_as(
        "passlib-pbkdf2-sha512",
        &format!("$pbkdf2-sha256$1$c2FsdA${B64_32}"),
        Malformed("pbkdf2 prefix"),
    );
}

#[test]
fn sha_crypt() {
    refused("$5$salt", Malformed("sha-crypt fields"));
    refused("$5$rounds=1000", Malformed("sha-crypt fields"));
    refused(&format!("$5$rounds=1000${H43}"), Malformed("sha-crypt fields"));
    refused(&format!("$5$rounds=$salt${H43}"), Malformed("sha-crypt rounds"));
    refused(&format!("$5$rounds=-1$salt${H43}"), Malformed("sha-crypt rounds"));
    refused(&format!("$5$salt${}", H43.replace('0', "*")), Malformed("sha-crypt hash"));
    refused(&format!("$5$salt${H43}$"), Malformed("sha-crypt hash"));
    refused(&format!("$5$salt${}", &H43[2..]), Malformed("sha-crypt hash length"));
    refused(&format!("$5$salt${H43}.."), Malformed("sha-crypt hash length"));
    refused(&format!("$6$salt${H43}"), Malformed("sha-crypt hash length"));
    refused_as("sha256crypt", &format!("$6$salt${H43}"), Malformed("sha-crypt prefix"));
}

#[test]
fn md5crypt_and_phpass() {
    refused("$1$salt", Malformed("md5crypt fields"));
    refused(&format!("$1$salt$*{}", &H22[1..]), Malformed("md5crypt hash"));
    refused(&format!("$apr1$salt${}", &H22[2..]), Malformed("md5crypt hash length"));
    refused_as("apr1", &format!("$1$salt${H22}"), Malformed("md5crypt prefix"));
    refused("$P$", Malformed("phpass iterations"));
    refused(&format!("$P$*saltsalt{H22}"), Malformed("phpass iterations"));
    refused(&format!("$P$ürltsalt{H22}"), Malformed("phpass iterations"));
    refused(&format!("$P$zsaltsalt{H22}"), Malformed("phpass iterations"));
    refused("$P$Bsalt", Malformed("phpass salt"));
    refused(&format!("$H$Bsaltsalt{}", &H22[1..]), Malformed("phpass hash length"));
    refused(&format!("$H$Bsaltsalt*{}", &H22[1..]), Malformed("phpass hash"));
    refused_as("phpass", H22, Malformed("phpass prefix"));
}

#[test]
fn ldap_and_digests() {
    refused("{SSHA}", Malformed("ldap hash length"));
    refused("{SSHA}A*AA", Malformed("ldap hash"));
    refused(&format!("{{SHA}}{B64_32}"), Malformed("ldap hash length"));
    refused(&format!("{{SHA512}}{B64_32}"), Malformed("ldap hash length"));
    refused_as("ldap-sha", "SHA", Malformed("ldap scheme"));
    refused_as("md5", "5f4dcc3b5aa765d61d8327deb882cf9", Malformed("digest length"));
    refused_as("md5", "5f4dcc3b5aa765d61d8327deb882cfgg", Malformed("digest"));
    refused_as("sha1", "5f4dcc3b5aa765d61d8327deb882cf99", Malformed("digest length"));
}

#[test]
fn a_missing_salt_is_told() {
    let hash = stored("5f4dcc3b5aa765d61d8327deb882cf99");
    assert_eq!(judge(b"password", &hash, Some("joomla-md5")), Err(Error::MissingSalt));
    assert_eq!(judge(b"password", &hash, None), Err(Error::Ambiguous));
}

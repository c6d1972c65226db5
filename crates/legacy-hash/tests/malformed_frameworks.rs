//! Each way in which a string of the web frameworks' formats can be wrong has its own error, and is found without
//! hashing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{checked, judge, refused, refused_as, stored};
use legacy_hash::Error::{self, Ambiguous, Malformed, MissingSalt, OverLimit, Unsupported};
use legacy_hash::{Identified, Stored, Verdict, identify};

const MD5: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
const SHA1: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";
const SHA256: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
const B64_32: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const BCRYPT: &str = "$2y$04$1X77gN2ggU0yocRFnmXlu.u8FdxRPS0FmMsR7t8nUmR4OnI4Z4Eb2";

#[track_caller]
fn accepted_as(name: &str, hash: &str) {
    assert_eq!(checked(hash, Some(name)).as_deref(), Ok(name), "{hash}");
}

fn candidates(hash: &str) -> Vec<&'static str> {
    let Identified::Candidates(found) = identify(hash) else { panic!("locked: {hash}") };
    found.iter().map(|format| format.name).collect()
}

#[test]
fn werkzeug() {
    refused("pbkdf2:sha256:1000$salt", Malformed("werkzeug fields"));
    refused(&format!("pbkdf2:sha256:1000:1$salt${SHA256}"), Malformed("werkzeug method"));
    refused(&format!("pbkdf2:crc32:1000$salt${SHA256}"), Malformed("werkzeug digest"));
    refused(&format!("pbkdf2:sha256:1e3$salt${SHA256}"), Malformed("pbkdf2 iterations"));
    refused(&format!("pbkdf2:sha256:0$salt${SHA256}"), Malformed("pbkdf2 iterations"));
    refused(&format!("pbkdf2:sha256:99999999999999999999$salt${SHA256}"), OverLimit("pbkdf2 iterations"));
    refused(&format!("pbkdf2:sha256:1000$salt$x{}", &SHA256[1..]), Malformed("werkzeug hash"));
    refused(&format!("pbkdf2:sha256:1000$salt${SHA1}"), Malformed("werkzeug hash length"));
    refused("scrypt:16:8:1$salt", Malformed("werkzeug fields"));
    refused(&format!("scrypt:16:8$salt${SHA256}"), Malformed("werkzeug method"));
    refused(&format!("scrypt:15:8:1$salt${SHA256}"), Malformed("scrypt N"));
    refused(&format!("scrypt:16:0:1$salt${SHA256}"), Malformed("scrypt parameters"));
    refused(&format!("scrypt:1073741824:8:1$salt${SHA256}"), OverLimit("scrypt memory"));
    refused(&format!("scrypt:16:8:1$salt${SHA256}"), Malformed("werkzeug hash length"));
    refused(&format!("sha256$salt${SHA1}"), Malformed("werkzeug hash"));
    refused("sha256$salt", Malformed("werkzeug fields"));
    refused_as("werkzeug-hmac-sha1", &format!("sha256$salt${SHA256}"), Malformed("werkzeug method"));
    refused_as("werkzeug-pbkdf2", "sha1$a$b", Malformed("werkzeug method"));
    refused_as("werkzeug-scrypt", &format!("pbkdf2:1:2:3$salt${SHA256}"), Malformed("werkzeug method"));
}

#[test]
fn the_salted_digests_of_django_and_werkzeug_are_both_listed() {
    let hash = format!("sha1$salt${SHA1}");
    let sha1 = candidates(&hash);
    assert!(sha1.starts_with(&["django-sha1"]) && sha1.contains(&"werkzeug-hmac-sha1"), "{sha1:?}");
    assert_eq!(checked(&hash, None).as_deref(), Ok("django-sha1"));
    accepted_as("werkzeug-hmac-sha1", &hash);
    let md5 = candidates(&format!("md5$salt${MD5}"));
    assert!(md5.starts_with(&["django-md5"]) && md5.contains(&"werkzeug-hmac-md5"), "{md5:?}");
}

#[test]
fn django() {
    refused("sha1$salt", Malformed("django fields"));
    refused(&format!("sha1$salt${MD5}"), Malformed("django hash"));
    refused(&format!("md5$salt${}", MD5.replace('5', "g")), Malformed("django hash"));
    refused_as("django-md5", &format!("sha1$salt${SHA1}"), Malformed("django prefix"));
    let ok = format!("scrypt$salt$4$1$1$32${B64_32}");
    assert_eq!(checked(&ok, None).as_deref(), Ok("django-scrypt-old"));
    refused(&ok.replace("$32$", "$64$"), Malformed("scrypt hash length"));
    refused(&ok.replace("$4$", "$0$"), Malformed("scrypt parameters"));
    refused(&ok.replace("$4$", "$40$"), OverLimit("scrypt memory"));
    refused(&ok.replace("$4$", "$100$"), Malformed("scrypt N"));
    refused(&ok.replace("$4$", "$x$"), Malformed("scrypt parameters"));
    refused(&ok.replace("AAAA", "A*AA"), Malformed("scrypt hash"));
    refused_as("django-scrypt-old", &format!("scrypt$16$salt$1$1${B64_32}"), Malformed("scrypt fields"));
}

#[test]
fn adonis() {
    let ok = format!("$scrypt$n=16,r=1,p=1$c2FsdA${B64_32}");
    assert_eq!(checked(&ok, None).as_deref(), Ok("adonis-scrypt"));
    refused(&ok.replace("n=16", "n=15"), Malformed("scrypt N"));
    refused(&ok.replace("n=16", "n=16,n=16"), Malformed("scrypt parameters"));
    refused(&ok.replace("n=16,", "n=16,ln=4,"), Ambiguous);
    refused(&ok.replace("n=16", "n=1073741824"), OverLimit("scrypt memory"));
    refused_as("adonis-scrypt", &ok.replace("n=16", "ln=4"), Malformed("scrypt parameters"));
}

#[test]
fn jupyter_and_anope() {
    refused(&format!("sha1:salt:{MD5}"), Malformed("jupyter hash"));
    refused("argon2:$2y$", Malformed("argon2 prefix"));
    refused_as("jupyter-sha1", SHA1, Malformed("jupyter prefix"));
    refused_as("jupyter-argon2", "$argon2id$", Malformed("jupyter prefix"));
    refused_as("jupyter-sha1", &format!("sha1:{SHA1}"), Malformed("jupyter fields"));
    assert_eq!(checked(&format!("sha256:c035c74add08:{SHA256}"), None).as_deref(), Ok("jupyter-sha256"));
    assert_eq!(checked(&format!("sha256:{SHA256}:{SHA256}"), None).as_deref(), Ok("anope-sha256"));
    refused(&format!("sha256:{SHA256}:{SHA1}"), Malformed("anope initial state"));
    refused(&format!("sha256:{SHA256}:x"), Malformed("anope initial state"));
    refused_as("anope-sha256", &format!("sha256:{SHA1}:{SHA256}"), Malformed("anope hash"));
    refused_as("anope-sha256", &format!("sha1:{SHA256}:{SHA256}"), Malformed("anope prefix"));
    refused_as("anope-sha256", SHA256, Malformed("anope fields"));
}

#[test]
fn pbkdf2_in_hex() {
    refused("PBKDF2SHA256$1000$00", Malformed("pbkdf2 fields"));
    refused(&format!("PBKDF2SHA255$1000$00${SHA256}"), Malformed("pbkdf2 digest"));
    refused(&format!("PBKDF2SHA256$1000$0${SHA256}"), Malformed("pbkdf2 salt"));
    refused(&format!("PBKDF2SHA256$1000$00${SHA1}"), Malformed("pbkdf2 hash length"));
    refused(&format!("PBKDF2SHA256$x$00${SHA256}"), Malformed("pbkdf2 iterations"));
    refused(&format!("PBKDF2SHA256$99999999999$00${SHA256}"), OverLimit("pbkdf2 iterations"));
    refused(&format!("pbkdf2(1000,20,sha512$s${SHA1}"), Malformed("pbkdf2 prefix"));
    refused(&format!("pbkdf2(1000,20)$s${SHA1}"), Malformed("pbkdf2 parameters"));
    refused(&format!("pbkdf2(1000,20,sha5)$s${SHA1}"), Malformed("pbkdf2 digest"));
    refused(&format!("pbkdf2(1000,21,sha512)$s${SHA1}"), Malformed("pbkdf2 hash length"));
    refused("pbkdf2(1000,1,sha512)$s$00", Malformed("pbkdf2 hash length"));
    refused(&format!("pbkdf2(5000001,20,sha512)$s${SHA1}"), OverLimit("pbkdf2 iterations"));
    refused_as("web2py-pbkdf2", "y", Malformed("pbkdf2 fields"));
}

#[test]
fn crackstation() {
    let ok = format!("sha256:1000:c2FsdA==:{B64_32}");
    assert_eq!(checked(&ok, None).as_deref(), Ok("crackstation-pbkdf2-sha256"));
    assert!(checked(&ok.replace("1000:", "1000:32:"), None).is_ok());
    refused(&ok.replace("1000:", "1000:31:"), Malformed("pbkdf2 hash length"));
    refused(&ok.replace("1000:", "0:"), Malformed("pbkdf2 iterations"));
    refused(&ok.replace("1000:", "1000:1:1:"), Malformed("pbkdf2 fields"));
    refused(&ok.replace("c2Fs", "c*Fs"), Malformed("pbkdf2 salt"));
    refused(&ok.replace("AAAA", "A*AA"), Malformed("pbkdf2 hash"));
    refused("sha256:1000:c2FsdA==:AAAA", Malformed("pbkdf2 hash length"));
    // Both readings of the salt count.
    refused(&ok.replace("1000", "2500001"), OverLimit("pbkdf2 iterations"));
    refused_as("crackstation-pbkdf2-sha1", &ok, Malformed("pbkdf2 prefix"));
}

#[test]
fn drupal() {
    let ok = "$S$C20340258nzjDWpoQthrdNTR02f0pmev0K/5/Nx80WSkOQcPEQRh";
    refused("$S$", Malformed("drupal iterations"));
    refused(&ok.replace("$S$C", "$S$*"), Malformed("drupal iterations"));
    refused(&ok.replace("$S$C", "$S$z"), Malformed("drupal iterations"));
    refused(&ok.replace("$S$C", "$S$S"), OverLimit("phpass iterations"));
    refused("$S$Csalt", Malformed("drupal salt"));
    refused(&format!("{ok}x"), Malformed("drupal hash length"));
    refused(&ok.replace("/5/", "/*/"), Malformed("drupal hash"));
    refused(&format!("U{ok}x"), Malformed("drupal hash length"));
    refused("U$P$", Malformed("phpass iterations"));
    refused_as("drupal7", "$P$B", Malformed("drupal prefix"));
    refused_as("drupal7-from-d6", ok, Malformed("drupal prefix"));
}

#[test]
fn mediawiki() {
    refused(&format!(":A:{SHA1}"), Malformed("mediawiki hash"));
    refused(":B:salt", Malformed("mediawiki fields"));
    refused(&format!(":B:salt:{SHA1}"), Malformed("mediawiki hash"));
    let ok = format!(":pbkdf2:sha512:1000:32:c2FsdA==:{B64_32}=");
    assert!(checked(&ok, None).is_ok());
    refused(&ok.replace("sha512", "sha513"), Malformed("mediawiki digest"));
    refused(&ok.replace("1000", "-1"), Malformed("pbkdf2 iterations"));
    refused(&ok.replace("1000", "5000001"), OverLimit("pbkdf2 iterations"));
    refused(&ok.replace(":32:", ":64:"), Malformed("mediawiki hash length"));
    refused(&ok.replace("c2Fs", "c*Fs"), Malformed("mediawiki salt"));
    refused(&ok.replace("AAAA", "A*AA"), Malformed("mediawiki hash"));
    refused(":pbkdf2:sha512:1000", Malformed("mediawiki fields"));
    let layered = format!(":pbkdf2-legacyB:!sha512:1000:32!salt!c2FsdA==!{B64_32}=");
    assert!(checked(&layered, None).is_ok());
    refused(&layered.replace("!salt!", "!"), Malformed("mediawiki fields"));
    refused(&layered.replace(":!", ":x!"), Malformed("mediawiki fields"));
    refused(&layered.replace(":1000", ""), Malformed("mediawiki fields"));
    refused(&layered.replace("1000", "5000001"), OverLimit("pbkdf2 iterations"));
    refused(":argon2:$2y$", Malformed("argon2 prefix"));
    refused(":argon2:$argon2id$v=19$m=8", Malformed("argon2 fields"));
    refused(":bcrypt:4$salt", Malformed("mediawiki fields"));
    refused(":bcrypt:4$salt$hash", Malformed("bcrypt salt"));
    refused(":bcrypt:x$salt$hash", Malformed("bcrypt cost"));
    refused(":bcrypt:31$1X77gN2ggU0yocRFnmXlu.$u8FdxRPS0FmMsR7t8nUmR4OnI4Z4Eb2", OverLimit("bcrypt cost"));
    refused_as("mediawiki-b", MD5, Malformed("mediawiki type"));
}

#[test]
fn magento() {
    let ok = format!("{SHA256}:salt:2");
    assert_eq!(checked(&ok, None).as_deref(), Ok("magento2-v2"));
    assert_eq!(checked(&format!("{SHA256}:salt:0:1:3_32_2_67108864"), None).as_deref(), Ok("magento2-v2"));
    refused(&format!("{SHA256}::2"), Malformed("magento salt"));
    refused(&format!("{SHA1}:salt:2"), Malformed("magento hash length"));
    refused(&format!("{SHA256}:salt:2:1"), Malformed("magento version"));
    refused(&format!("{SHA256}:salt:3_32_2"), Malformed("magento version"));
    refused(&format!("{SHA256}:salt:3_32_x_67108864"), Malformed("magento version"));
    refused(&format!("{SHA256}:salt:3_8_2_67108864"), Malformed("magento hash length"));
    refused(&format!("{SHA256}:salt:3_32_2_9999999999999"), OverLimit("argon2 memory"));
    refused(&format!("{SHA256}:salt:3_32_9999_67108864"), OverLimit("argon2 passes"));
    refused(&format!("{SHA256}:salt{}", ":2".repeat(9)), OverLimit("magento versions"));
    refused_as("magento2-v2", SHA256, Malformed("magento fields"));
    refused_as("magento2-v2", &format!("{SHA256}:salt:1"), Malformed("magento version"));
}

#[test]
fn forums() {
    refused("1|$2y$", Malformed("bcrypt cost"));
    refused("3|$argon2id$", Malformed("argon2 fields"));
    refused_as("nextcloud", "4|$2y$", Malformed("nextcloud version"));
    refused_as("nextcloud", BCRYPT, Malformed("nextcloud version"));
    refused("Bcrypt:$2y$", Malformed("bcrypt cost"));
    refused_as("woltlab-bcrypt", BCRYPT, Malformed("woltlab prefix"));
    refused_as("wbb4", "DoubleBcrypt:", Malformed("bcrypt prefix"));
    refused_as("wbb4", &BCRYPT.replace("$04$", "$31$"), OverLimit("bcrypt cost"));
    accepted_as("wbb4", &format!("DoubleBcrypt:{BCRYPT}"));
    let ok = format!("a:1:{{s:4:\"hash\";s:60:\"{BCRYPT}\";}}");
    assert!(checked(&ok, None).is_ok());
    refused(&ok.replace("60", "61"), Malformed("xenforo array"));
    refused(&ok.replace("60", "59"), Malformed("xenforo array"));
    refused(&ok.replace('}', ""), Malformed("xenforo array"));
    let old = format!(
        "a:3:{{s:4:\"hash\";s:40:\"{SHA1}\";s:4:\"salt\";s:2:\"ab\";s:8:\"hashFunc\";s:4:\"sha1\";}}"
    );
    assert!(checked(&old, None).is_ok());
    refused(&old.replace("\"sha1\"", "\"sha2\""), Malformed("xenforo hash function"));
    refused(&old.replace("s:4:\"salt\"", "s:4:\"malt\""), Malformed("xenforo array"));
    refused(&old.replace("\"ab\"", "\"aü\""), Malformed("xenforo array"));
}

#[test]
fn gitea() {
    let bare = "ab".repeat(50);
    accepted_as("gitea-pbkdf2", &bare);
    assert_eq!(judge(b"x", &stored(&bare), Some("gitea-pbkdf2")), Err(MissingSalt));
    refused_as("gitea-pbkdf2", &bare[1..], Malformed("gitea hash"));
    refused_as("gitea-pbkdf2", "pbkdf2$1000", Malformed("gitea fields"));
    refused_as("gitea-pbkdf2", &format!("pbkdf2$1000$x${bare}"), Malformed("gitea parameters"));
    refused_as("gitea-pbkdf2", &format!("pbkdf2$1000$49${bare}"), Malformed("gitea hash length"));
    refused_as("gitea-pbkdf2", &format!("pbkdf2$1$2$50${bare}"), Malformed("gitea parameters"));
    refused_as("gitea-pbkdf2", &format!("pbkdf2$5000001$50${bare}"), OverLimit("pbkdf2 iterations"));
    refused_as("gitea-scrypt", &format!("scrypt$65535$16$2$50${bare}"), Malformed("scrypt N"));
    refused_as("gitea-argon2", &format!("argon2$2$99999999$8$50${bare}"), OverLimit("argon2 memory"));
    let short = Stored { salt: Some(b"01020304"), ..stored(&bare) };
    let refused = judge(b"x", &short, Some("gitea-argon2"));
    assert_eq!(refused, Err(Unsupported("argon2 salts under 8 bytes")));
}

#[test]
fn systems_of_their_own() {
    refused("$nk$*00*#0", Malformed("nuked-klan site key"));
    refused(&format!("$nk$*{SHA1}*{MD5}"), Malformed("nuked-klan hash"));
    assert_eq!(judge(b"x", &stored(&format!("#1{MD5}")), None), Err(Error::MissingPepper));
    refused_as("koobi-kmd5", MD5, Malformed("koobi hash"));
    refused_as("leet-cc", "$x", Malformed("leet.cc hash"));
    assert_eq!(judge(b"x", &stored(&SHA256.repeat(2)), Some("leet-cc")), Err(Error::MissingLogin));
    refused_as("eggdrop-blowfish", "9F93o1OxwgK1", Malformed("eggdrop prefix"));
    refused_as("eggdrop-blowfish", "+9F93o1OxwgK", Malformed("eggdrop hash"));
    assert_eq!(judge(b"", &stored("+9F93o1OxwgK1"), None), Ok(Verdict::Wrong));
    refused_as("radmin2", &format!("$radmin2${SHA1}"), Malformed("radmin hash"));
    assert_eq!(judge(&[b'x'; 101], &stored(MD5), Some("radmin2")), Ok(Verdict::Wrong));
    refused_as("dahua-md5", "$dahua$123", Malformed("dahua hash"));
}

#[test]
fn srp() {
    refused_as("wow-srp", "$WoWSRP$00", Malformed("srp fields"));
    refused_as("wow-srp", "$WoWSRP$$00", Malformed("srp verifier"));
    refused_as("wow-srp", "$WoWSRP$xy$00", Malformed("srp verifier"));
    refused_as("wow-srp", &format!("$WoWSRP${}$00", "0".repeat(81)), Malformed("srp verifier"));
    refused_as("wow-srp", "$WoWSRP$00$0", Malformed("srp salt"));
    refused_as("wow-srp", "00$00", Malformed("srp prefix"));
    refused("$clipperz$00$salt", Malformed("srp fields"));
    refused_as("clipperz-srp", "y", Malformed("srp prefix"));
    assert_eq!(judge(b"x", &stored("$WoWSRP$00$00"), None), Err(Error::MissingLogin));
}

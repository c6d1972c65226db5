//! Each way in which a string of Java, .NET or an identity provider can be wrong has its own error, found without
//! hashing; and what would cost too much is refused at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{checked, judge, refused, refused_as, stored, vectors};
use legacy_hash::Error::{self, Malformed, MissingPepper, MissingSalt, OverLimit, Unsupported};
use legacy_hash::{Stored, Verdict};

const B64_20: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const B64_32: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const HEX_20: &str = "0000000000000000000000000000000000000000";
const HEX_32: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn aspnet_identity() {
    refused_as("aspnet-identity-v2", "AAAA", Malformed("aspnet identity length"));
    refused_as("aspnet-identity-v2", "A*AA", Malformed("aspnet identity"));
    refused_as("aspnet-identity-v2", &format!("BB{}", "A".repeat(64)), Malformed("aspnet identity version"));
    refused_as("aspnet-identity-v3", "AAAA", Malformed("aspnet identity version"));
    refused("AQAAAA==", Malformed("aspnet identity length"));
    refused("AQAAAAMAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw", Malformed("aspnet identity prf"));
    refused("AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4A=", Malformed("aspnet identity length"));
    refused(
        "AQAAAAIAAAAy/wAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        Malformed("aspnet identity salt length"),
    );
    refused("AQAAAAIAAAAAAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw", Malformed("pbkdf2 iterations"));
    refused("AQAAAAL/////AAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw", OverLimit("pbkdf2 iterations"));
}

#[test]
fn older_dotnet() {
    refused("$episerver$*2*AAAA*AAAA", Malformed("episerver version"));
    refused("$episerver$*0*AAAA", Malformed("episerver fields"));
    refused(&format!("$episerver$*1*AAAA*{B64_20}"), Malformed("episerver hash length"));
    refused("$episerver$*0*A!*AAAA", Malformed("episerver hash length"));
    refused(&format!("$episerver$*0*A!*{B64_20}"), Malformed("episerver salt"));
    refused(&format!("0x00 0x{HEX_20}"), Malformed("episerver salt length"));
    refused(&format!("0x{HEX_20}{HEX_20} 0x00"), Malformed("episerver salt length"));
    refused_as("episerver-sid", HEX_20, Malformed("episerver prefix"));
    refused_as("umbraco-hmac-sha1", B64_32, Malformed("umbraco hash length"));
}

#[test]
fn java() {
    refused("{PKCS5S2}", Malformed("pkcs5s2 hash length"));
    refused("{pkcs5s2}A*AA", Malformed("pkcs5s2 hash"));
    refused("{PBKDF2_STRETCH}1000", Malformed("elasticsearch fields"));
    refused(&format!("{{PBKDF2_STRETCH}}x$AAAA${B64_32}"), Malformed("elasticsearch iterations"));
    refused(&format!("{{PBKDF2_STRETCH}}9999999$AAAA${B64_32}"), OverLimit("pbkdf2 iterations"));
    refused_as("jasypt-basic-md5", B64_32, Malformed("jasypt hash length"));
    refused("$shiro1$SHA-256$1", Malformed("shiro fields"));
    refused(&format!("$shiro1$SHA-999$1$AAAA${B64_32}"), Malformed("shiro algorithm"));
    refused(&format!("$shiro1$MD5$1$AAAA${B64_32}"), Malformed("shiro hash length"));
    refused(&format!("$shiro1$SHA-256$0$AAAA${B64_32}"), Malformed("digest rounds"));
    refused(&format!("$shiro1$SHA-256$2000001$AAAA${B64_32}"), OverLimit("digest rounds"));
    refused(&format!("$shiro1$SHA-256$99999999999999999999$AAAA${B64_32}"), OverLimit("digest rounds"));
    refused(&format!("00$2000001${HEX_32}"), OverLimit("digest rounds"));
    refused_as("tomcat-digest", "00$1", Malformed("tomcat fields"));
    refused_as("tomcat-digest", "00$1$00", Malformed("tomcat hash length"));
    refused_as("tomcat-pbkdf2-sha1", &format!("00$9999999${HEX_20}"), OverLimit("pbkdf2 iterations"));
}

#[test]
fn spring() {
    refused("{noop}password", Unsupported("plaintext passwords"));
    refused_as("spring-bcrypt", "{bcrypt}password", Malformed("bcrypt prefix"));
    refused("{argon2@SpringSecurity_v5_8}x", Malformed("spring hash"));
    refused("{ldap}password", Malformed("spring hash"));
    refused("{MD5}{salt}00", Malformed("spring hash length"));
    refused_as("spring-pbkdf2-v5_5", "{pbkdf2}00", Malformed("spring hash length"));
    refused_as("spring-standard-sha256", "{sha256}00", Malformed("spring hash length"));
    refused("{scrypt}$e0801$AAAA", Malformed("spring scrypt fields"));
    refused(&format!("{{scrypt}}$x$AAAA${B64_32}"), Malformed("spring scrypt parameters"));
    refused(&format!("{{scrypt}}$ff0801$AAAA${B64_32}"), OverLimit("scrypt memory"));
    refused(&format!("{{scrypt}}$0801$AAAA${B64_32}"), Malformed("scrypt parameters"));
    refused("{scrypt}$e0801$AAAA$AAAA", Malformed("spring scrypt hash length"));
}

#[test]
fn spring_is_told_from_directories() {
    for (hash, format) in [
        ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "ldap-md5"),
        ("{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", "ldap-sha256"),
        ("{MD5}{salt}ce421738b1c5540836bdc8ff707f1572", "spring-messagedigest"),
        ("{salt}ce421738b1c5540836bdc8ff707f1572", "spring-messagedigest"),
    ] {
        assert_eq!(checked(hash, None).as_deref(), Ok(format));
    }
}

#[test]
fn keycloak() {
    let json = |inner: &str| format!("{{\"algorithm\":\"pbkdf2-sha256\",\"hashIterations\":{inner}}}");
    refused(&json("1,\"value\":\"A*\""), Malformed("keycloak value"));
    refused(&json(&format!("1,\"salt\":\"A*\",\"value\":\"{B64_32}\"")), Malformed("keycloak salt"));
    refused(&json("\"x\""), Malformed("keycloak iterations"));
    refused(&json("null"), Malformed("keycloak iterations"));
    refused(&json("-1"), Malformed("keycloak iterations"));
    refused(&json(&format!("9999999,\"value\":\"{B64_32}\"")), OverLimit("pbkdf2 iterations"));
    refused("{\"algorithm\":\"pbkdf2-sha256\",\"hashIterations\":1,", Malformed("keycloak json"));
    refused_as("keycloak-json-pbkdf2-sha512", &json("1"), Malformed("keycloak algorithm"));
    let argon2 = |m: &str| {
        format!(
            "{{\"algorithm\":\"argon2\",\"hashIterations\":1,\"memory\":[\"{m}\"],\"parallelism\":[\"1\"]}}"
        )
    };
    refused(&argon2("99999999999"), OverLimit("argon2 memory"));
    refused(&argon2("1"), Malformed("argon2 parameters"));
    refused(&argon2("x"), Malformed("keycloak argon2 parameters"));
    assert_eq!(judge(b"x", &stored(&json("1")), None), Err(Malformed("keycloak value")));
    let valued = json(&format!("1,\"value\":\"{B64_32}\""));
    assert_eq!(judge(b"x", &stored(&valued), None), Err(MissingSalt));
    let nested = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
    refused_as("keycloak-json-argon2", &nested, Malformed("keycloak json"));
}

#[test]
fn firebase() {
    refused("$fbscrypt$v=1", Malformed("firebase fields"));
    refused("$fbscrypt$v=2,n=14,r=8,p=1,sk=AAAA$AAAA$AAAA", Malformed("firebase parameters"));
    refused("$fbscrypt$v=1,n=14,r=8,p=1$AAAA$AAAA", Malformed("firebase parameters"));
    refused("$fbscrypt$v=1,n=14,r=8,p=1,sk=AAAA$AAAA$AAAAAAAA", Malformed("firebase hash length"));
    refused("$fbscrypt$v=1,n=14,r=8,p=1,sk=$AAAA$", Malformed("firebase hash length"));
    refused("$fbscrypt$v=1,n=99,r=8,p=1,sk=AAAA$AAAA$AAAA", OverLimit("scrypt memory"));
    refused("$firescrypt$ln=14,r=8$AAAA$AAAA$AAAA$AAAA", Malformed("firebase parameters"));
    refused("$firescrypt$ln=14,r=8,p=99999999$AAAA$AAAA$AAAA$AAAA", OverLimit("scrypt work"));
    assert_eq!(checked("", Some("firebase-scrypt")), Err(Error::Locked));
    refused_as("firebase-scrypt", "a$b$c$d$e$f$g", Malformed("firebase fields"));
    refused_as("firebase-scrypt", "AAAA$AAAA$AAAA$Bw==$8$60", OverLimit("scrypt memory"));
    assert_eq!(judge(b"x", &stored("AAAA"), Some("firebase-scrypt")), Err(MissingSalt));
    let salted = Stored { salt: Some(b"AAAA"), ..stored("AAAA") };
    assert_eq!(judge(b"x", &salted, Some("firebase-scrypt")), Err(MissingPepper));
}

#[test]
fn kratos() {
    refused("$sha1$pf=e1NBTFR9$AAAA", Malformed("kratos fields"));
    refused(&format!("$sha1$pf=$AAAA${B64_20}"), Malformed("kratos template"));
    refused("$sha256$pf=e1NBTFR9$AAAA$AAAA", Malformed("kratos hash length"));
    refused("$hmac-md5$AAAA", Malformed("kratos fields"));
    refused("$hmac-md5$$AAAA", Malformed("kratos hash length"));
    refused("$pbkdf2-sha256$i=1,l=32$AAAA$AAAA", Malformed("kratos hash length"));
    refused(&format!("$pbkdf2-sha256$i=x,l=32$AAAA${B64_32}"), Malformed("kratos pbkdf2 parameters"));
    refused(&format!("$pbkdf2-sha256$i=9999999,l=32$AAAA${B64_32}"), OverLimit("pbkdf2 iterations"));
    refused("$md5-crypt$salt", Malformed("md5crypt fields"));
    refused("$sha256-crypt$rounds=9999999$salt$x", OverLimit("sha-crypt rounds"));
    let long = format!("$md5$pf={}$MTIz$q+RdKCgc+ipCAcm5ChQwlQ==", "e1BBU1NXT1JEfXs".repeat(400));
    let judged = judge(&[b'x'; 4096], &stored(&long), Some("kratos-md5-pf"));
    assert_eq!(judged, Err(OverLimit("the length of a filled template")));
}

#[test]
fn others() {
    refused("-pbkdf2-00,salt", Malformed("couchdb fields"));
    refused("-pbkdf2-00,salt,10", Malformed("couchdb hash length"));
    refused("-pbkdf2:md5-00,salt,10", Malformed("couchdb prf"));
    refused(&format!("-pbkdf2-{HEX_20},salt,9999999"), OverLimit("pbkdf2 iterations"));
    refused("{\"derived_key\":\"00\",\"salt\":\"s\"}", Malformed("couchdb iterations"));
    refused("$sspr$3$100000$salt$00", Malformed("digest length"));
    refused(&format!("$sspr$3$9999999$salt${HEX_32}"), OverLimit("digest rounds"));
    refused_as("sspr-md5", "$sspr$9", Malformed("sspr fields"));
    refused("{SHA-256}salt-x-00", Malformed("aem rounds"));
    refused_as("sspr-pbkdf2-sha1", "$pbkdf2-hmac-sha1$1$00", Malformed("sspr fields"));
    refused(&format!("otm_sha256:1000:{B64_32}"), Malformed("otm fields"));
    refused("$bbes10$00", Malformed("bbes10 fields"));
    refused("$bbes10$00$salt", Malformed("bbes10 hash length"));
    refused("SCRYPT:16384:8:1:AAAA", Malformed("scrypt fields"));
    refused(&format!("SCRYPT:16383:8:1:AAAA:{B64_32}"), Malformed("scrypt N"));
    refused(&format!("$ScryptKDF.pm$1073741824*8*1*AAAA*{B64_32}"), OverLimit("scrypt memory"));
    refused(&format!("40000000$8$1$00${HEX_32}"), OverLimit("scrypt memory"));
    refused("v1;PPH1_MD4,00,100", Malformed("pph1 fields"));
    refused("$solarwinds$0$admin", Malformed("solarwinds fields"));
    refused("$solarwinds$1$AAAA$AAAA", Malformed("solarwinds hash length"));
    refused("$adxcrypt$1234", Malformed("adxcrypt hash"));
    refused_as("openedge-encode", "lebVZteiEsdpknc1", Malformed("openedge letters"));
    refused_as("juniper-ive", "AAAA", Malformed("juniper hash length"));
    refused(&format!("sha1$salt$2000001${HEX_20}"), OverLimit("digest rounds"));
    refused("sha1$salt$1$00", Malformed("password-hash hash length"));
}

#[test]
fn a_secret_of_springs_encoders_is_the_pepper() {
    let v = vectors().into_iter().find(|v| v.format == "spring-pbkdf2-v5_5" && v.pepper.is_some()).unwrap();
    let without = Stored { pepper: None, ..v.stored() };
    assert_eq!(judge(&v.password, &without, Some(&v.format)), Ok(Verdict::Wrong));
}

#[test]
fn a_salt_may_be_joined_to_its_hash() {
    let v = vectors().into_iter().find(|v| v.format == "stytch-scrypt").unwrap();
    let joined = format!("{}:{}", v.hash, String::from_utf8(v.salt.unwrap()).unwrap());
    assert_eq!(judge(&v.password, &stored(&joined), Some("stytch-scrypt")), Ok(Verdict::Right));
}

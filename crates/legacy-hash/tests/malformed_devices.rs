//! What can be wrong with the strings of databases, operating systems and devices, and what real ones look like
//! that must verify all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::{Duration, Instant};

use common::{checked, judge, stored, vectors};
use legacy_hash::Error::{self, Malformed, MissingLogin, MissingSalt, OverLimit};
use legacy_hash::{Stored, Verdict};

/// The first vector of a format.
fn sample(format: &str) -> common::Vector {
    vectors().into_iter().find(|v| v.format == format).unwrap()
}

#[track_caller]
fn refused(name: &str, hash: &str, error: Error) {
    let start = Instant::now();
    assert_eq!(checked(hash, Some(name)), Err(error), "{hash}");
    let stored = Stored { salt: Some(b"salt"), login: Some("login"), ..stored(hash) };
    assert_eq!(judge(b"password", &stored, Some(name)), Err(error), "{hash}");
    assert!(start.elapsed() < Duration::from_millis(50), "{:?} for {hash}", start.elapsed());
}

/// Reported as damaged without being named.
#[track_caller]
fn recognised(name: &str, hash: &str, error: Error) {
    assert_eq!(checked(hash, None), Err(error), "{hash}");
    refused(name, hash, error);
}

/// The hash of a vector, written otherwise, is still that of its password.
#[track_caller]
fn same_as(v: &common::Vector, hash: &str) {
    let stored = Stored { hash, ..v.stored() };
    assert_eq!(judge(&v.password, &stored, Some(&v.format)), Ok(Verdict::Right), "{hash}");
    let wrong = [&v.password[..], b"?!"].concat();
    let wrong = if v.format.starts_with("sap-codvn-b") { b"wrong".to_vec() } else { wrong };
    assert_eq!(judge(&wrong, &stored, Some(&v.format)), Ok(Verdict::Wrong), "{hash}");
}

#[test]
fn mysql() {
    refused("mysql323", "5d2e19393cc5ef6", Malformed("mysql hash"));
    refused("mysql323", "5d2e19393cc5ef", Malformed("mysql hash length"));
    refused("mysql41", "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E", Malformed("mysql hash length"));
    refused("mysql41", &"x".repeat(40), Malformed("mysql hash"));
    let name = "mysql8-caching-sha2";
    let (salt, hash) = ("s".repeat(20), "h".repeat(43));
    assert_eq!(checked(&format!("$A$005${salt}{hash}"), None), Ok(name.into()));
    recognised(name, "$A$", Malformed("mysql rounds"));
    recognised(name, &format!("$A$000${salt}{hash}"), Malformed("mysql rounds"));
    recognised(name, &format!("$A$+05${salt}{hash}"), Malformed("mysql rounds"));
    recognised(name, &format!("$A$005{salt}{hash}"), Malformed("mysql fields"));
    recognised(name, "$A$005$short", Malformed("mysql salt"));
    recognised(name, &format!("$A$005${salt}{}", &hash[1..]), Malformed("mysql hash length"));
    recognised(name, &format!("$A$005${salt}{}", hash.replace('h', "=")), Malformed("mysql hash"));
    recognised(name, &format!("$A$FFF${salt}{hash}"), OverLimit("mysql rounds"));
    recognised(name, "$mysql$A$005*00", Malformed("mysql fields"));
    recognised(name, "$mysql$A$005*00*00", Malformed("mysql salt"));
    recognised(name, "$mysql$A$99999999999999999999*00*00", Malformed("mysql salt"));
    refused(name, "$B$", Malformed("mysql prefix"));
}

#[test]
fn mysql_hashes_are_written_in_several_ways() {
    let v = sample("mysql41");
    same_as(&v, &v.hash[1..].to_lowercase());
    // hashcat's notation holds the bytes of salt and hash in hex; MySQL's own has them as they are.
    let v = sample("mysql8-caching-sha2");
    assert!(v.hash.starts_with("$mysql$"));
    let fields: Vec<&str> = v.hash.split('*').collect();
    let digits = format!("24412430303524{}{}", fields[1], fields[2]);
    same_as(&v, &digits);
    same_as(&v, &format!("0x{digits}"));
}

#[test]
fn mssql_and_sybase() {
    recognised("mssql2005", "0x010012", Malformed("mssql hash length"));
    recognised("mssql2005", "0x0100zz", Malformed("mssql hash"));
    recognised("mssql2000", &format!("0x0100{}", "0".repeat(80)), Malformed("mssql hash length"));
    recognised("mssql2012", "0x020012", Malformed("mssql hash length"));
    refused("mssql2012", "0x010012", Malformed("mssql version"));
    recognised("sybase-ase", "0xc007", Malformed("sybase hash length"));
    recognised("sybase-ase", "0xC007zz", Malformed("sybase hash"));
    refused("sybase-ase", "0xc008", Malformed("sybase prefix"));
    recognised("sybase-prop", &format!("0x2905{}", "x".repeat(56)), Malformed("sybase hash"));
    refused("sybase-prop", "0x2906", Malformed("sybase hash length"));
    refused("sybase-prop", "2905", Malformed("sybase prefix"));
    let v = sample("mssql2012");
    same_as(&v, &v.hash.to_uppercase());
    same_as(&v, &v.hash[2..]);
    let v = sample("sybase-ase");
    same_as(&v, &v.hash.to_uppercase());
}

#[test]
fn oracle() {
    refused("oracle10", "0123456789ABCDE", Malformed("oracle hash"));
    refused("oracle10", "0123456789ABCD", Malformed("oracle hash length"));
    recognised("oracle11", "S:00", Malformed("oracle hash length"));
    refused("oracle11", "S:0g", Malformed("oracle hash"));
    recognised("oracle12c", "T:00", Malformed("oracle hash length"));
    recognised("oracle12c", "$oracle12c$zz", Malformed("oracle hash"));
    let v = sample("oracle10");
    let (hash, login) = v.hash.split_once(':').unwrap();
    let nameless = Stored { login: None, ..v.stored() };
    let marked = format!("O${login}#{hash}");
    assert_eq!(judge(&v.password, &Stored { hash, ..nameless }, Some("oracle10")), Err(MissingLogin));
    for hash in [v.hash.as_str(), &marked, &marked.to_lowercase().replace("o$", "O$")] {
        let judged = judge(&v.password, &Stored { hash, ..nameless }, Some("oracle10"));
        assert_eq!(judged, Ok(Verdict::Right), "{hash}");
    }
    let v = sample("oracle11");
    let digits = &v.hash[2..];
    for hash in [digits.to_owned(), digits.to_lowercase(), format!("{}:{}", &digits[..40], &digits[40..])] {
        same_as(&v, &hash);
    }
    let v = sample("oracle12c");
    let digits = v.hash.strip_prefix("T:").unwrap().to_uppercase();
    let spare4 = format!("S:{};H:{};T:{digits}", "0".repeat(60), "0".repeat(32));
    for hash in [digits.clone(), format!("T:{digits}"), spare4.clone(), format!("{spare4};")] {
        same_as(&v, &hash);
    }
    assert_eq!(checked(&spare4, None), Ok("oracle12c".into()));
    assert_eq!(checked(&spare4, Some("oracle11")), Ok("oracle11".into()));
}

#[test]
fn postgres() {
    // hashcat's own vector has no prefix.
    let hash = "a6343a68d964ca596d9752250d54bb8a";
    assert_eq!(judge(b"hashcat", &stored(hash), Some("postgres-md5")), Err(MissingLogin));
    let named = Stored { login: Some("postgres"), ..stored(hash) };
    assert_eq!(judge(b"hashcat", &named, Some("postgres-md5")), Ok(Verdict::Right));
}

#[test]
fn brokers() {
    refused("rabbitmq-sha256", "AAAA", Malformed("rabbitmq hash length"));
    refused("rabbitmq-sha256", "A*AA", Malformed("rabbitmq hash"));
    recognised("mosquitto-sha512", "$6$c2FsdA==", Malformed("mosquitto fields"));
    recognised("mosquitto-sha512", "$6$c2FsdA==$AA==", Malformed("mosquitto hash length"));
    recognised("mosquitto-sha512", "$6$c2FsdA==$A*A=", Malformed("mosquitto hash"));
    refused("mosquitto-sha512", "$5$", Malformed("mosquitto prefix"));
    let name = "mosquitto-pbkdf2-sha512";
    let v = sample(name);
    recognised(name, &v.hash.replace("$101$", "$0$"), Malformed("pbkdf2 iterations"));
    recognised(name, &v.hash.replace("$101$", "$99999999999999999999$"), OverLimit("pbkdf2 iterations"));
    recognised(name, &v.hash.replace("$101$", "$5000001$"), OverLimit("pbkdf2 iterations"));
    recognised(name, "$7$101$c2FsdA==$AA==", Malformed("mosquitto hash length"));
    recognised(name, &v.hash.replace("$101$", "$101$*"), Malformed("mosquitto salt"));
    refused(name, "$7$101", Malformed("mosquitto fields"));
    refused(name, "$7$ten$c2FsdA==$AA==", Malformed("mosquitto iterations"));
    refused("zookeeper-digest", "super:AAAA", Malformed("zookeeper hash length"));
    refused("zookeeper-digest", "super:A*AA", Malformed("zookeeper hash"));
}

#[test]
fn windows() {
    refused("msdcc", "00", Malformed("msdcc hash length"));
    refused("msdcc", "login:00", Malformed("msdcc hash"));
    let name = "msdcc2";
    recognised(name, "$DCC2$", Malformed("msdcc fields"));
    recognised(name, "$DCC2$x#login#00", Malformed("msdcc iterations"));
    recognised(name, "$DCC2$10240#login#00", Malformed("msdcc hash length"));
    let hash = "0".repeat(32);
    recognised(name, &format!("$DCC2$0#login#{hash}"), Malformed("pbkdf2 iterations"));
    recognised(name, &format!("$DCC2$4294967295#login#{hash}"), OverLimit("pbkdf2 iterations"));
    refused("windows-phone8", "00", Malformed("windows phone hash length"));
    refused("windows-phone8", &format!("{hash}{hash}:xx"), Malformed("windows phone salt"));
    let v = sample(name);
    let (_, bare) = v.hash.rsplit_once('#').unwrap();
    for hash in [bare.to_owned(), format!("{bare}:tom"), format!("M$tom#{bare}"), format!("$DCC2$tom#{bare}")]
    {
        same_as(&v, &hash);
    }
    assert_eq!(judge(&v.password, &stored(bare), Some(name)), Err(MissingLogin));
    assert_eq!(judge(&v.password, &stored(&v.hash), Some(name)), Ok(Verdict::Right));
    let v = sample("msdcc");
    let login = v.login.clone().unwrap();
    for hash in [format!("{}:{login}", v.hash), format!("M${login}#{}", v.hash)] {
        same_as(&v, &hash);
    }
}

#[test]
fn macos() {
    refused("macos-sha1", "00", Malformed("macos hash length"));
    refused("macos-sha512", "xx", Malformed("macos hash"));
    let name = "macos-pbkdf2-sha512";
    let hash = "0".repeat(128);
    recognised(name, "$ml$1$00", Malformed("macos fields"));
    recognised(name, "$ml$1$00$00", Malformed("macos hash length"));
    recognised(name, &format!("$ml$x$00${hash}"), Malformed("macos iterations"));
    recognised(name, &format!("$ml$1$0x${hash}"), Malformed("macos salt"));
    recognised(name, &format!("$ml$5000001$00${hash}"), OverLimit("pbkdf2 iterations"));
    recognised(name, "<key>SALTED-SHA512-PBKDF2</key>", Malformed("macos iterations"));
    let v = sample("macos-sha512");
    same_as(&v, &format!("$LION${}", v.hash.to_uppercase()));
}

#[test]
fn macos_property_lists_are_read() {
    let v = sample("macos-pbkdf2-sha512");
    let fields: Vec<&str> = v.hash.split('$').collect();
    let base64 = |digits: &str| {
        let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, hex::decode(digits).unwrap());
        let (head, tail) = text.split_at(40);
        format!("\n\t\t{head}\n\t\t{tail}\n\t\t")
    };
    let list = format!(
        "<plist version=\"1.0\">\n<dict>\n\t<key>SALTED-SHA512-PBKDF2</key>\n\t<dict>\n\t\t<key>entropy</key>\n\t\t\
         <data>{}</data>\n\t\t<key>iterations</key>\n\t\t<integer>{}</integer>\n\t\t<key>salt</key>\n\t\t\
         <data>{}</data>\n\t</dict>\n</dict>\n</plist>\n",
        base64(fields[4]),
        fields[2],
        base64(fields[3]),
    );
    assert_eq!(checked(&list, None), Ok(v.format.clone()));
    same_as(&v, &list);
}

#[test]
fn kerberos() {
    let name = "kerberos-aes256";
    recognised(name, "$krb5db$18$user", Malformed("kerberos fields"));
    recognised(name, "$krb5db$18$user$00", Malformed("kerberos fields"));
    recognised(name, "$krb5db$18$user$REALM$00", Malformed("kerberos key length"));
    recognised(name, "$krb5db$18$user$REALM$xx", Malformed("kerberos key"));
    refused(name, "$krb5db$17$user$REALM$00", Malformed("kerberos prefix"));
    let v = sample(name);
    let (_, key) = v.hash.rsplit_once('$').unwrap();
    same_as(&v, &format!("$krb18$TEST.LOCALtest${}", key.to_uppercase()));
    same_as(&v, &format!("$krb5db$18$test$test.local${key}"));
}

#[test]
fn mainframes() {
    recognised("racf", "$racf$*USER", Malformed("racf fields"));
    recognised("racf", "$racf$*USER*00", Malformed("racf hash length"));
    recognised("racf", "$racf$*USER*xx", Malformed("racf hash"));
    refused("racf", "USER*00", Malformed("racf prefix"));
    recognised("racf-rvary", "$rvary$*00", Malformed("racf hash length"));
    recognised("as400-des", "$as400des$USER", Malformed("racf fields"));
    recognised("as400-ssha1", "$as400ssha1$00", Malformed("as400 fields"));
    recognised("as400-ssha1", "$as400ssha1$00$USER", Malformed("as400 hash length"));
    recognised("as400-ssha1", "$as400ssha1$0x$USER", Malformed("as400 hash"));
    refused("as400-ssha1", "00$USER", Malformed("as400 prefix"));
    let v = sample("as400-des");
    same_as(&v, &v.hash.replace("$as400des$", "$as400des$*").to_lowercase().replace("aaaaaaa*", "AAAAAAA*"));
}

#[test]
fn racf_kdfaes() {
    let name = "racf-kdfaes";
    let v = sample(name);
    let costs = |costs: &str| v.hash.replace("E7D7E66D0001800000090032", &format!("E7D7E66D00018000{costs}"));
    assert_eq!(costs("00090032"), v.hash);
    recognised(name, &costs("00040032"), Malformed("racf costs"));
    recognised(name, &costs("00090000"), Malformed("racf costs"));
    recognised(name, &costs("00140032"), OverLimit("racf costs"));
    recognised(name, &costs("FFFF0001"), OverLimit("racf costs"));
    recognised(name, &costs("0010FFFF"), OverLimit("racf costs"));
    recognised(name, &v.hash.replace("E7D7E66D", "E7D7E66E"), Malformed("racf header"));
    recognised(name, &v.hash[..v.hash.len() - 2], Malformed("racf hash length"));
    // The published example of the shipped default takes ten million HMACs.
    let default = "$racf$*USER123*E7D7E66D00018000001000340010001054FDAABCDEF012345674A0F58EE6137D3B3AD9EC21E371BE67D5A75BE0E892B8";
    recognised(name, default, OverLimit("racf costs"));
}

#[test]
fn sap() {
    refused("sap-codvn-b", "USER$00", Malformed("sap hash length"));
    refused("sap-codvn-b", "USER$xx", Malformed("sap hash"));
    refused("sap-codvn-b-rfc", "77EC38630C08DF8D", Malformed("sap hash"));
    refused("sap-codvn-g", "00", Malformed("sap hash length"));
    let name = "sap-codvn-h-issha1";
    recognised(name, "{x-issha, 1024", Malformed("sap fields"));
    recognised(name, "{x-issha, }AAAA", Malformed("sap rounds"));
    recognised(name, "{x-issha, 0}AAAA", Malformed("sap rounds"));
    recognised(name, "{x-issha, 2000001}AAAA", OverLimit("sap rounds"));
    recognised(name, "{x-issha, 1024}A*AA", Malformed("sap hash"));
    recognised(name, "{x-issha, 1024}AAAA", Malformed("sap hash length"));
    refused(name, "{x-isSHA512, 1024}AAAA", Malformed("sap prefix"));
    for (name, login) in [("sap-codvn-b", "MAN"), ("sap-codvn-g", "MAN")] {
        let v = vectors().into_iter().find(|v| v.format == name && v.hash.starts_with("MAN")).unwrap();
        let (_, hash) = v.hash.rsplit_once('$').unwrap();
        assert_eq!(judge(&v.password, &stored(hash), Some(name)), Err(MissingLogin));
        for login in [login, "man", "Man        "] {
            let named = Stored { login: Some(login), ..stored(hash) };
            assert_eq!(judge(&v.password, &named, Some(name)), Ok(Verdict::Right), "{login}");
        }
    }
    let v = sample(name);
    same_as(&v, &v.hash.replace("{x-issha, ", "{X-ISSHA,").replace('=', ""));
}

#[test]
fn domino() {
    refused("domino5", "(00)", Malformed("domino hash length"));
    refused("domino5", "xx", Malformed("domino hash"));
    recognised("domino6", "(G)", Malformed("domino hash length"));
    recognised("domino6", &format!("(G{})", "*".repeat(19)), Malformed("domino hash"));
    recognised("domino8", "(Hshort)", Malformed("domino hash length"));
    recognised("domino8", &format!("(H{})", "0".repeat(48)), Malformed("domino iterations"));
    refused("domino8", "(G)", Malformed("domino prefix"));
    let v = sample("domino8");
    // Ten nines for the iterations.
    let dear = format!("{}kUvakUvakUva{}", &v.hash[..24], &v.hash[36..]);
    assert!(matches!(checked(&dear, None), Err(OverLimit(_) | Malformed(_))), "{dear}");
    let v = sample("domino5");
    same_as(&v, &format!("({})", v.hash.to_lowercase()));
}

#[test]
fn cisco() {
    refused("cisco-pix", "2KFQnbNIdI.2KYO", Malformed("cisco hash length"));
    refused("cisco-asa", "2KFQnbNIdI.2KY!U", Malformed("cisco hash"));
    refused("cisco-ise", "00", Malformed("cisco hash length"));
    refused("cisco-ise", "xx", Malformed("cisco hash"));
    refused("cisco-type4", "AAAA", Malformed("cisco hash length"));
    recognised("cisco-type8", "$8$TnGX/fE4KGHOVU$", Malformed("cisco hash length"));
    recognised("cisco-type8", "$8$TnGX/fE4KGHOVU$*", Malformed("cisco hash"));
    recognised("cisco-type9", "$9$2MJBozw/9R3UsU$AA", Malformed("cisco hash length"));
    refused("cisco-type9", "$9$2MJBozw/9R3UsU", Malformed("cisco fields"));
    refused("cisco-type9", "$8$2MJBozw/9R3UsU", Malformed("cisco prefix"));
    let v = sample("cisco-type4");
    same_as(&v, &format!("$4${}", v.hash));
}

#[test]
fn firewalls() {
    let v = sample("netscreen");
    refused("netscreen", &v.hash[1..], Malformed("netscreen hash"));
    refused("netscreen", &v.hash.replacen('N', "*", 1), Malformed("netscreen hash"));
    assert_eq!(judge(&v.password, &stored(&v.hash), Some("netscreen")), Err(MissingSalt));
    let joined = format!("user${}", v.hash);
    assert_eq!(judge(&v.password, &stored(&joined), None), Ok(Verdict::Right));
    refused("netscaler-sha1", "2", Malformed("netscaler version"));
    refused("netscaler-sha1", "1765", Malformed("netscaler salt"));
    refused("netscaler-sha1", "176505801x", Malformed("netscaler hash"));
    refused("netscaler-sha512", "276505801", Malformed("netscaler hash length"));
    refused("netscaler-pbkdf2-sha256", "1", Malformed("netscaler version"));
    refused("netscaler-pbkdf2-sha256", "500", Malformed("netscaler hash length"));
    refused("netscaler-pbkdf2-sha256", "50", Malformed("netscaler hash"));
    recognised("fortigate", &format!("AK1{}", "*".repeat(44)), Malformed("fortigate hash"));
    refused("fortigate", "AK1AAAA", Malformed("fortigate hash length"));
    refused("fortigate256", "AK1AAAA", Malformed("fortigate prefix"));
    refused("arubaos", "00", Malformed("arubaos hash length"));
    refused("arubaos", &"0".repeat(50), Malformed("arubaos salt"));
    let v = sample("netscaler-sha512");
    same_as(&v, &v.hash.replace("4b0fa886ce", "4B0FA886CE"));
}

#[test]
fn devices() {
    refused("besder-md5", "GRmHbqV", Malformed("besder hash"));
    refused("besder-md5", "GRmHbq+h", Malformed("besder hash"));
    recognised("teamspeak3", "$teamspeak$3$AAAA", Malformed("teamspeak fields"));
    recognised("teamspeak3", "$teamspeak$3$AAAA$AAAA", Malformed("teamspeak hash length"));
    recognised("radmin3", "$radmin3$00", Malformed("radmin fields"));
    recognised("radmin3", "$radmin3$0*00*00", Malformed("radmin login"));
    recognised("radmin3", "$radmin3$00*00*00", Malformed("radmin salt length"));
    recognised("radmin3", &format!("$radmin3$00*{}*00", "0".repeat(64)), Malformed("radmin verifier length"));
    refused("radmin3", "radmin3", Malformed("radmin prefix"));
    refused("samsung-android", "00", Malformed("samsung hash length"));
    let v = sample("samsung-android");
    assert_eq!(judge(&v.password, &stored(&v.hash), Some(&v.format)), Err(MissingSalt));
    for name in ["samsung-android", "windows-phone8"] {
        let v = sample(name);
        let salt = String::from_utf8(v.salt.clone().unwrap()).unwrap();
        let joined = format!("{}:{salt}", v.hash);
        assert_eq!(judge(&v.password, &stored(&joined), Some(name)), Ok(Verdict::Right));
    }
}

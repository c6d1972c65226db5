//! What is wrong with a recipe is said when it is read, with the character that it is about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use legacy_hash::{Error, Recipe};

/// `^` in the text marks the character that the error must name; it is taken out first.
fn wrong(marked: &str, why: &str) {
    let at = marked.chars().position(|c| c == '^').expect("a mark") + 1;
    let text: String = marked.chars().filter(|&c| c != '^').collect();
    match Recipe::parse(&text) {
        Err(Error::BadRecipe(found, reason)) => assert_eq!((found, reason), (at, why), "{marked}"),
        other => panic!("{other:?} for {marked}"),
    }
}

#[test]
fn grammar() {
    for (text, why) in [
        ("md5($pass^", "a ) is missing here"),
        ("md5(^", "the recipe ends too early"),
        ("md5(^)$", "too few arguments"),
        ("md5($pass).^", "the recipe ends too early"),
        ("md5($pass)^)", "the recipe should end here"),
        ("md5($pass) ^$salt", "the recipe should end here"),
        ("md5($pass.^.$salt)", "a value should be here"),
        ("^$what", "there is $pass, $salt, $salt2, $user, $pepper, $prev and $rounds"),
        ("md5($pass.^$prev)", "only the step of a loop has $prev"),
        ("md5(^\"abc.$pass)", "this quote is never closed"),
        ("md5(\"a^\\q\".$pass)", "the escapes are \\n \\r \\t \\0 \\xHH \\\\ \\\" \\'"),
        ("md5(\"é^\\x1\".$pass)", "\\x takes two hex digits"),
        ("md5(^0x1.$pass)", "0x takes pairs of hex digits"),
        ("md5(^0xzz.$pass)", "0x takes pairs of hex digits"),
        ("md5($pass)|^sha1", "after | comes bcrypt, crypt, phc, phpass or any"),
        ("md5($pass)|bcrypt^|bcrypt", "the recipe should end here"),
        ("md5 ^$pass", "a ( is missing here"),
        ("^foo.$pass", "a value should be here"),
    ] {
        wrong(text, why);
    }
}

#[test]
fn functions() {
    for (text, why) in [
        ("^md6($pass)", "there is no function of this name"),
        ("md5(^shai($pass))", "there is no function of this name"),
        ("md5($pass^,$salt)", "too many arguments"),
        ("hmac_md5($pass^)", "too few arguments"),
        ("hmac_md5($pass,^)", "too few arguments"),
        ("md5(left($pass,^$salt))", "a number is needed here, not bytes"),
        ("md5(left($pass,^0))", "at least 1"),
        ("md5(^5)$", "bytes are needed here, not a number"),
        ("md5($pass.^5)", "bytes are needed here, not a number"),
        ("^5.$pass", "bytes are needed here, not a number"),
        ("md5(left($pass,^99999999999))", "this number is too large"),
        ("iter(3,^foo,$pass)", "the name of a digest is needed here"),
        ("iter(^$salt,md5,$pass)", "a number is needed here, not bytes"),
        ("loop(3,$pass^)", "too few arguments"),
        ("hmac_md5(key = ^$user)", "the key is $pass or $salt in this notation"),
        ("{rounds}{hash} <- md5(left($pass,^$rounds))", "the recipe itself must have this number"),
    ] {
        wrong(text, why);
    }
}

#[test]
fn templates() {
    for (text, why) in [
        ("  ^{salt} <- md5($pass.$salt)", "the template has no {hash}"),
        ("{hash:^foo} <- md5($pass)", "the encodings are hex, b64, b64url, ab64 and h64"),
        ("{hash}:^{hash} <- md5($pass)", "the template has this twice"),
        ("{hash}:^{salt} <- md5($pass)", "the expression doesn't use this"),
        ("{hash}:{salt}:^{salt2} <- md5($pass.$salt)", "the expression doesn't use this"),
        ("{hash}:^{rounds} <- md5($pass)", "the expression doesn't use this"),
        ("{rounds:^hex}:{hash} <- iter($rounds,md5,$pass)", "rounds are decimal"),
        ("{hash:b64}^{salt} <- md5($pass.$salt)", "nothing tells where this begins"),
        ("^{hash:hex} <- md5($pass)|bcrypt", "what is verified after | has no encoding"),
    ] {
        wrong(text, why);
    }
}

#[test]
fn bindings() {
    for (text, why) in [
        ("^md5($salt)", "the value doesn't depend on $pass"),
        ("^loop(3,$pass,md5($salt))", "the value doesn't depend on $pass"),
        ("^md5($pass.$salt2)", "$salt2 needs {salt2} in a template"),
        ("^iter($rounds,md5,$pass)", "$rounds needs {rounds} in a template"),
    ] {
        wrong(text, why);
    }
}

#[test]
fn costs() {
    let over = "this is over the highest limit, whatever the password";
    let undefined = "these numbers are not defined for this function";
    for (text, why) in [
        ("^iter(99999999,md5,$pass)", over),
        ("md5(^loop(9999999,$pass,sha1(md5($prev))))", over),
        ("^pbkdf2_sha1($pass,$salt,99999999,20)", over),
        ("^pbkdf2_sha1($pass,$salt,1,2000)", over),
        ("^scrypt($pass,$salt,1000,8,1,32)", undefined),
        ("^scrypt($pass,$salt,4194304,8,1,32)", over),
        ("^argon2id($pass,$salt,9999999,1,1,32)", over),
        ("^argon2id($pass,$salt,1,1,1,32)", undefined),
        ("md5(^repeat(\"aaaaaaaa\",99999).$pass)", over),
    ] {
        wrong(text, why);
    }
    let long = format!("md5($pass.\"{}\")", "é".repeat(2100));
    assert_eq!(
        Recipe::parse(&long).map(drop),
        Err(Error::BadRecipe(2054, "a recipe has at most 4096 bytes"))
    );
    let deep = format!("{}$pass{}", "md5(".repeat(33), ")".repeat(33));
    assert_eq!(
        Recipe::parse(&deep).map(drop),
        Err(Error::BadRecipe(129, "calls are too deep within each other"))
    );
    let fits = format!("{}$pass{}", "md5(".repeat(32), ")".repeat(32));
    assert!(Recipe::parse(&fits).is_ok());
    let loops = format!("{}$pass{}", "loop(2,$pass,".repeat(5), ")".repeat(5));
    assert_eq!(
        Recipe::parse(&loops).map(drop),
        Err(Error::BadRecipe(58, "loops are too deep within each other"))
    );
}

#[test]
fn what_is_no_recipe_at_all_is_an_unknown_name() {
    for text in ["", "md5crypt2", "no such format", "hashcat:99999", "dynamic_99999"] {
        assert_eq!(Recipe::parse(text).map(drop), Err(Error::UnknownName), "{text}");
    }
}

#[test]
fn a_recipe_whose_escapes_would_not_fit_is_refused() {
    let nuls = "\0".repeat(1100);
    let text = format!("md5($pass.\"{nuls}\")");
    assert!(matches!(Recipe::parse(&text), Err(Error::BadRecipe(_, "a recipe has at most 4096 bytes"))));
    let few = format!("md5($pass.\"{}\")", "\0".repeat(100));
    let printed = Recipe::parse(&few).unwrap().to_string();
    assert_eq!(Recipe::parse(&printed).unwrap().to_string(), printed);
}

#[test]
fn an_arrow_in_quotes_is_printed_so_that_it_stays_one() {
    let text = "'(.[\"<-).\"'.b64($pass)";
    let printed = Recipe::parse(text).unwrap().to_string();
    assert_eq!(Recipe::parse(&printed).unwrap().to_string(), printed);
}

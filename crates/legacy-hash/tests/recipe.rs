//! Recipes: what they compute, what they are printed as, and what they may cost. The hashes are those of hashcat's and
//! John the Ripper's self-tests, and of standards, unless a test says otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use common::{judge, on, stored};
use legacy_hash::recipe::{aliases, common_recipes, digests, functions};
use legacy_hash::{Error, Limits, Method, Needs, Recipe, Stored, Verdict, verify};
use proptest::prelude::*;

fn salted<'a>(hash: &'a str, salt: &'a [u8]) -> Stored<'a> {
    Stored { salt: Some(salt), ..stored(hash) }
}

fn right(recipe: &str, password: &str, stored: &Stored<'_>) {
    assert_eq!(judge(password.as_bytes(), stored, Some(recipe)), Ok(Verdict::Right), "{recipe}");
    let other = [password, "x"].concat();
    assert_eq!(judge(other.as_bytes(), stored, Some(recipe)), Ok(Verdict::Wrong), "{recipe}");
}

/// Whether two recipes compute the same.
fn same(recipe: &str, other: &str) {
    let parsed = |text: &str| Recipe::parse(text).map(|recipe| recipe.to_string());
    assert_eq!(parsed(recipe), parsed(other));
}

#[test]
fn a_recipe_is_verified_with_a_salt_in_a_column_or_after_a_colon() {
    let hash = "28f9975808ae2bdc5847b1cda26033ea";
    right("md5(md5($pass).$salt)", "hashcat", &salted(hash, b"308"));
    right("md5(md5($pass).$salt)", "hashcat", &stored(&format!("{hash}:308")));
    assert_eq!(judge(b"hashcat", &stored(hash), Some("md5(md5($pass).$salt)")), Err(Error::MissingSalt));
    let salt_with_colon = salted("5d41402abc4b2a76b9719d911017c592:a:b", b"");
    assert!(judge(b"x", &salt_with_colon, Some("md5($pass.$salt)")).is_err());
}

#[test]
fn a_hash_may_be_written_in_hex_of_either_case_or_base64() {
    for hash in [
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "5F4DCC3B5AA765D61D8327DEB882CF99",
        "X03MO1qnZdYdgyfeuILPmQ==",
        "X03MO1qnZdYdgyfeuILPmQ",
    ] {
        for recipe in [
            "ascii_lower(md5($pass))",
            "upper(md5($pass))",
            "md5_raw($pass)",
            "b64(md5_raw($pass))",
            "hex(md5_raw($pass))",
        ] {
            right(recipe, "password", &stored(hash));
        }
    }
}

#[test]
fn a_template_says_how_a_string_is_laid_out() {
    let hash = "28f9975808ae2bdc5847b1cda26033ea";
    for (template, text) in [
        ("{hash:hex}:{salt}", format!("{hash}:308")),
        ("{salt}:{hash:hex}", format!("308:{hash}")),
        ("{hash:hex}{salt}", format!("{hash}308")),
        ("{salt}{hash:hex}", format!("308{hash}")),
        ("{hash}:{salt}:1", format!("{hash}:308:1")),
        ("{salt:hex}${hash:hex}", format!("333038${hash}")),
        ("{salt:b64}${hash:hex}", format!("MzA4${hash}")),
        ("{X}{hash:b64}${salt}", "{X}KPmXWAiuK9xYR7HNomAz6g==$308".to_owned()),
        ("a {b} <{hash:b64url}.{salt}>", "a {b} <KPmXWAiuK9xYR7HNomAz6g.308>".to_owned()),
    ] {
        right(&format!("{template} <- md5(md5($pass).$salt)"), "hashcat", &stored(&text));
    }
}

#[test]
fn a_salt_may_hold_what_separates_it() {
    let recipe = "{salt}:{hash:hex} <- md5($salt.$pass)";
    // md5sum of coreutils 9.1 over "a:bc".
    right(recipe, "c", &stored("a:b:4f37e6bc70ff41b0ac32d78a07ae04b4"));
}

#[test]
fn rounds_may_be_in_the_string() {
    // RFC 6070, third case: PBKDF2-HMAC-SHA-1 of "password", "salt", 4096 rounds.
    let hash = "p$4096$salt$4b007901b765489abead49d926f721d065a429c1";
    right("p${rounds}${salt}${hash:hex} <- pbkdf2_sha1($pass,$salt,$rounds,20)", "password", &stored(hash));
    for (rounds, error) in [
        ("0", Error::Malformed("the rounds of a recipe")),
        ("x", Error::Malformed("the rounds of a recipe")),
        ("99999999", Error::OverLimit("the rounds of a recipe")),
        ("99999999999999999999", Error::OverLimit("the rounds of a recipe")),
    ] {
        let hash = hash.replace("4096", rounds);
        let recipe = "p${rounds}${salt}${hash:hex} <- pbkdf2_sha1($pass,$salt,$rounds,20)";
        assert_eq!(judge(b"password", &stored(&hash), Some(recipe)), Err(error), "{rounds}");
    }
}

#[test]
fn a_verifier_takes_the_value_for_the_password() {
    // hashcat 6.2.6 modules 25600 and 28400, and the vector of WordPress 6.8's own tests is among the formats'.
    right(
        "md5($pass)|bcrypt",
        "hashcat",
        &stored("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru"),
    );
    right(
        "bcrypt(md5($pass))",
        "hashcat",
        &stored("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru"),
    );
    for verifier in ["crypt", "any"] {
        let recipe = format!("md5($pass)|{verifier}");
        right(&recipe, "hashcat", &stored("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru"));
    }
    let wrong_kind = judge(b"x", &stored("$6$a$b"), Some("md5($pass)|bcrypt"));
    assert_eq!(wrong_kind, Err(Error::Malformed("the hash that a recipe verifies")));
}

#[test]
fn needs_are_what_the_string_does_not_hold() {
    let needs = |text: &str| Recipe::parse(text).unwrap().needs();
    let none = Needs::default();
    assert_eq!(needs("md5($pass)"), none);
    assert_eq!(needs("md5($pass.$salt)"), Needs { salt: true, ..none });
    assert_eq!(needs("{hash:hex}:{salt} <- md5($pass.$salt)"), none);
    assert_eq!(needs("md5($pass.$user.$pepper)"), Needs { login: true, pepper: true, ..none });
    assert_eq!(needs("{user}:{hash:hex} <- md5($pass.$user)"), none);
}

#[test]
fn the_notation_of_crackers_is_understood() {
    same("md5(md5($p).$s)", "md5(md5($pass).$salt)");
    same(" MD5 ( strtoupper( Md5($pass) ) . $salt ) ", "md5(ascii_upper(md5($pass)).$salt)");
    same("HMAC-MD5 (key = $pass)", "hmac_md5($pass,$salt)");
    same("HMAC-SHA256 (key = $salt)", "hmac_sha256($salt,$pass)");
    same("sha512(sha512_bin($pass).$salt)", "sha512(sha512_raw($pass).$salt)");
    same("bcrypt(md5($pass))", "md5($pass)|bcrypt");
    same("BLAKE2b-512($pass.$salt)", "blake2b512($pass.$salt)");
    same(
        "sha1($salt.sha1(utf16le($username).':'.utf16le($pass)))",
        "sha1($salt.sha1(utf16le($user).\":\".utf16le($pass)))",
    );
    same("hashcat:2611", "md5(md5($pass).$salt)");
    same("dynamic_1034", "md5($pass.$user)");
    same("Dynamic_12 ", "md5(md5($salt).md5($pass))");
}

#[test]
fn what_is_printed_is_read_as_the_same() {
    let mut texts: Vec<String> = aliases().map(|(_, recipe)| recipe.to_owned()).collect();
    texts.extend([
        "md5( \"a\\n\\\"\\\\\\x00\\xff\" . $pass . 0xDEADbeef . 'é' )".to_owned(),
        "{hash:hex}:{salt}:1 <- sha256($salt.$pass)".to_owned(),
        "$wp{hash} <- b64(hmac_sha384_raw(\"wp-sha384\", trim($pass)))|bcrypt".to_owned(),
        "b64(loop(4999, sha512_raw($pass.\"{\".$salt.\"}\"), sha512_raw($prev.$pass.\"{\".$salt.\"}\")))"
            .to_owned(),
        "iter(20, sha512_raw, $pass)".to_owned(),
    ]);
    for text in texts {
        let printed = Recipe::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}")).to_string();
        assert_eq!(Recipe::parse(&printed).map(|recipe| recipe.to_string()), Ok(printed.clone()), "{text}");
    }
}

#[test]
fn names_of_crackers_are_unique_and_their_recipes_parse() {
    let mut seen = HashSet::new();
    for (alias, recipe) in aliases() {
        assert!(seen.insert(alias), "{alias} twice");
        let canonical = Recipe::parse(recipe).unwrap_or_else(|e| panic!("{alias}: {e}")).to_string();
        assert_eq!(canonical, recipe, "{alias}");
        assert_eq!(Recipe::parse(alias).unwrap().to_string(), canonical);
    }
}

/// Lines of name, password and hash, as the crackers' own self-tests have them.
#[test]
fn the_self_tests_of_crackers_verify() {
    let hashcat = include_str!("recipes/hashcat-6.2.6.tsv").lines().map(|line| format!("hashcat:{line}"));
    let john = include_str!("recipes/john-1.9.tsv").lines().map(str::to_owned);
    let lines: Vec<String> = hashcat.chain(john).collect();
    assert!(lines.len() > 130, "{}", lines.len());
    for line in &lines {
        let [name, password, hash] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        right(name, password, &stored(hash));
    }
}

#[test]
fn functions_do_what_the_manual_says() {
    // What PHP 8.2 (with mbstring and intl) and Python 3.11 give.
    for (expr, pass, expected) in [
        ("b64url($pass)", "~~~?>", "fn5-Pz4"),
        ("ab64($pass)", "~~~", "fn5."),
        ("unb64($pass)", "X03MO1qnZdYdgyfeuILPmQ==", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("unhex($pass)", "C3A9", "c3a9"),
        ("upper($pass)", "straße é", "STRASSE É"),
        ("ascii_upper($pass)", "straße é", "STRAßE é"),
        ("lower($pass)", "É A", "é a"),
        ("trim($pass)", " \t\n\r\x0b\0a b\0 ", "a b"),
        ("left($pass,2)", "abcd", "ab"),
        ("right($pass,3)", "abcd", "bcd"),
        ("mid($pass,1,2)", "abcd", "bc"),
        ("mid($pass,9,2).$pass", "abcd", "abcd"),
        ("pad($pass,6,0x2a)", "abcd", "6162 6364 2a2a"),
        ("pad($pass,3,0x2a)", "abcd", "61626364"),
        ("repeat($pass,3)", "ab", "616261626162"),
        ("xor($pass,0x0120)", "abc", "604262"),
        ("reverse($pass)", "abc", "cba"),
        ("utf16le($pass)", "aé", "6100e900"),
        ("utf16be($pass)", "aé", "006100e9"),
        ("hex(latin1($pass))", "é€", "e93f"),
        ("hex(cp1252($pass))", "é€", "e980"),
        ("nfc($pass)", "e\u{301}", "é"),
        ("nfkc($pass)", "ﬁ", "fi"),
        ("saslprep($pass)", "a\u{ad}b\u{a0}c", "ab c"),
        ("html($pass)", "<a href='x'>&\"", "&lt;a href=&#039;x&#039;&gt;&amp;&quot;"),
        ("addslashes($pass)", "a'b\"c\\", "a\\'b\\\"c\\\\"),
        ("h64($pass)", "\0\0\0", "...."),
        ("iter(3,md5,$pass)", "test1", "964c02612b2a1013ed26d46ba9a73e74"),
        ("loop(2,md5($pass),md5($prev))", "test1", "964c02612b2a1013ed26d46ba9a73e74"),
        ("md5(iter(1,md5_raw,$pass))", "a", "b6ff9a06b7e20bcb2858c5b8ff744aea"),
    ] {
        let expected = expected.replace(' ', if expr.starts_with("pad") { "" } else { " " });
        let verdict = judge(pass.as_bytes(), &stored(&expected), Some(expr));
        assert_eq!(verdict, Ok(Verdict::Right), "{expr} of {pass:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_taken_for_latin1() {
    for (expr, expected) in
        [("utf16le($pass)", "e9006100"), ("hex(upper($pass))", "c941"), ("hex(latin1($pass))", "e961")]
    {
        assert_eq!(judge(b"\xe9a", &stored(expected), Some(expr)), Ok(Verdict::Right), "{expr}");
    }
}

#[test]
fn the_manual_lists_all_functions() {
    let manual = include_str!("../../../docs/recipes.md");
    let shown: Vec<&str> =
        manual.lines().filter(|line| line.starts_with("| `") && line.contains("` |")).collect();
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let rows: Vec<String> = functions()
        .map(|(name, aliases, about)| format!("| `{name}` | {} | {about} |", list(aliases)))
        .collect();
    for row in &rows {
        assert!(shown.contains(&row.as_str()), "\n\nthe table should be:\n{}\n", rows.join("\n"));
    }
    for digest in digests() {
        assert!(manual.contains(&format!("`{digest}`")), "{digest} is not in the manual");
    }
}

#[test]
fn the_examples_of_the_manual_parse() {
    let manual = include_str!("../../../docs/recipes.md");
    let examples: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(examples.len() >= 10, "{examples:?}");
    for example in examples {
        Recipe::parse(example).unwrap_or_else(|e| panic!("{example}: {e}"));
    }
}

#[test]
fn common_recipes_parse_and_find_home_made_hashes() {
    let given = Needs { salt: true, ..Needs::default() };
    let all: Vec<String> = common_recipes(16, given).collect();
    for recipe in &all {
        let parsed = Recipe::parse(recipe).unwrap_or_else(|e| panic!("{recipe}: {e}"));
        assert!(!parsed.needs().login && !parsed.needs().pepper, "{recipe}");
    }
    assert!(all.contains(&"md5(md5($pass).$salt)".to_owned()) && all.len() < 4000, "{}", all.len());
    let found = |bytes, recipe: &str, given| common_recipes(bytes, given).any(|found| found == recipe);
    let all_given = Needs { salt: true, login: true, pepper: true };
    assert!(found(20, "sha1($user.$pass)", Needs { login: true, ..Needs::default() }));
    assert!(found(20, "sha1($salt.$pass.$pepper)", all_given));
    assert!(found(32, "iter(1000,sha256,$pass)", Needs::default()));
    assert!(common_recipes(64, all_given).all(|recipe| Recipe::parse(&recipe).is_ok()));
    assert_eq!(common_recipes(7, all_given).count(), 0);
}

#[test]
fn the_work_of_a_recipe_is_bounded_and_can_be_interrupted() {
    let tight = Limits { recipe_work: 1000, ..Limits::default() };
    let try_it = |recipe: &str, password: &[u8], limits: &Limits| {
        let hash = "0".repeat(32);
        verify(password, &salted(&hash, b"s"), Some(&Method::parse(recipe).unwrap()), limits, &mut on)
    };
    assert_eq!(try_it("iter(900,md5,$pass)", b"x", &tight), Ok(Verdict::Wrong));
    assert_eq!(try_it("iter(1100,md5,$pass)", b"x", &tight), Err(Error::OverLimit("the work of a recipe")));
    // Only the password makes it too much: no system ever hashed it.
    assert_eq!(try_it("loop(300,md5($pass),md5($prev.$pass))", &[b'x'; 4096], &tight), Ok(Verdict::Wrong));
    let begun = Instant::now();
    let growing = "md5(loop(1000,$pass,$prev.$prev))";
    assert_eq!(
        try_it(growing, b"x", &Limits::ABSOLUTE),
        Err(Error::OverLimit("the length of a value in a recipe"))
    );
    assert!(begun.elapsed() < Duration::from_secs(1));
    let mut ticks = 0;
    let stopped = verify(
        b"x",
        &stored(&"0".repeat(32)),
        Some(&Method::parse("iter(1000000,md5,$pass)").unwrap()),
        &Limits::default(),
        &mut || {
            ticks += 1;
            if ticks < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        },
    );
    assert_eq!(stopped, Err(Error::Interrupted));
}

/// Expressions of all kinds, as text.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("$pass".to_owned()),
        Just("$salt".to_owned()),
        Just("$user".to_owned()),
        Just("$pepper".to_owned()),
        "\"[ -!#-\\[\\]-~é]{0,4}\"",
        "0x([0-9a-f]{2}){1,4}",
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let names: Vec<&str> = functions()
            .filter(|(name, ..)| !name.contains("argon2") && *name != "scrypt")
            .map(|(name, ..)| name)
            .collect();
        let digest = || prop::sample::select(digests().collect::<Vec<_>>());
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.{b}")),
            (prop::sample::select(names), digest(), inner.clone(), inner.clone(), 1..30u32).prop_map(
                |(name, digest, a, b, n)| {
                    let name = name.replace('*', digest);
                    match name.split('_').next().unwrap() {
                        "hmac" | "xor" => format!("{name}({a},{b})"),
                        "pbkdf2" => format!("{name}({a},{b},{n},{n})"),
                        "left" | "right" | "repeat" => format!("{name}({a},{n})"),
                        "mid" => format!("{name}({a},{n},{n})"),
                        "pad" => format!("{name}({a},{n},0x00)"),
                        _ => format!("{name}({a})"),
                    }
                }
            ),
            (1..9u32, inner.clone(), inner.clone(), digest())
                .prop_map(|(n, a, b, d)| format!("loop({n},{a},{d}($prev.{b}))")),
            (1..9u32, inner, digest()).prop_map(|(n, a, d)| format!("iter({n},{d},{a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics(text in any::<String>(), pieces in prop::collection::vec(
        prop::sample::select(vec!["$pass", "$salt", "$", "md5", "(", ")", ".", ",", "\"", "\\x", "0x", "1", "<-", "{hash", "{hash:hex}", "{salt}", "|", "bcrypt", "loop", "iter", "$prev", " "]), 0..20)) {
        let _ = Recipe::parse(&text);
        let text = pieces.concat();
        if let Ok(recipe) = Recipe::parse(&text) {
            let printed = recipe.to_string();
            prop_assert_eq!(Recipe::parse(&printed).map(|recipe| recipe.to_string()), Ok(printed));
        }
    }

    #[test]
    fn an_expression_keeps_its_text_and_stays_within_its_fuel(
        expr in expression(),
        password in prop::collection::vec(any::<u8>(), 0..200),
        salt in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let Ok(recipe) = Recipe::parse(&format!("md5($pass.{expr})")) else { return Ok(()) };
        let printed = recipe.to_string();
        prop_assert_eq!(Recipe::parse(&printed).map(|recipe| recipe.to_string()), Ok(printed.clone()));
        let limits = Limits { recipe_work: 20_000, pbkdf2_work: 20_000, ..Limits::default() };
        let hash = "0".repeat(32);
        let stored = Stored { hash: &hash, salt: Some(&salt), login: Some("user"), pepper: Some(b"pepper") };
        let verdict = verify(&password, &stored, Some(&Method::parse(&printed).unwrap()), &limits, &mut on);
        let allowed = matches!(verdict, Ok(Verdict::Wrong) | Err(Error::OverLimit(_)))
            || verdict == Err(Error::Malformed("an encoded part of a recipe"));
        prop_assert!(allowed, "{verdict:?} of {printed}");
    }
}

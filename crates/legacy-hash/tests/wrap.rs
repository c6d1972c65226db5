//! Hashes inside argon2id: all that was true of them is true of the wrapped ones, and they give nothing away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use common::{Vector, on, stored, vectors};
use legacy_hash::{
    Error, Identified, Limits, Method, Policy, Stored, Verdict, check, costs_at_least, evident, formats,
    identify, is_weak, verify, wrap,
};

/// What the digests of a login are hashed with: the least that there is.
static CHEAP: LazyLock<Policy> = LazyLock::new(|| Policy::parse("argon2id:m=8,t=1,p=1").unwrap());

type Wrapped = (Vector, Result<String, Error>, Duration);

/// Each vector, wrapped, and what verifying it took before.
static WRAPPED: LazyLock<Vec<Wrapped>> = LazyLock::new(|| {
    on_all_cores(&affordable(), |v| {
        let start = Instant::now();
        let verdict = judge(&v.password, &v.stored(), &v.format);
        assert_eq!(verdict, Ok(Verdict::Right));
        (v.clone(), wrapped(v), start.elapsed())
    })
});

/// Of each format some cheap vectors, or else the shortest: a string tells how it is wrapped, not how dear it is.
fn affordable() -> Vec<Vector> {
    let mut of: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    vectors().into_iter().for_each(|v| of.entry(v.format.clone()).or_default().push(v));
    of.into_values().flat_map(|of| cheapest(&of)).collect()
}

/// So many of each shape: what differs in letters and digits alone is wrapped in the same way.
const MOST_OF_EACH_SHAPE: usize = 2;

fn shape(hash: &str) -> String {
    let class = |c: char| if c.is_ascii_alphanumeric() || "./+".contains(c) { 'x' } else { c };
    hash.chars().map(class).collect()
}

fn cheapest(vectors: &[Vector]) -> Vec<Vector> {
    const LOW: Limits = Limits {
        bcrypt_cost: 5,
        pbkdf2_work: 30_000,
        scrypt_memory: 16 << 20,
        scrypt_work: 1 << 15,
        argon2_memory_kib: 8 << 10,
        argon2_passes: 5,
        argon2_work_kib: 40 << 10,
        sha_crypt_rounds: 5000,
        phpass_log2: 11,
        digest_rounds: 10_000,
        recipe_work: 10_000,
    };
    let method = Method::parse(&vectors[0].format).unwrap();
    let cheap = |v: &&Vector| check(&v.hash, Some(&method), &LOW).is_ok();
    let cheap: Vec<_> = vectors.iter().filter(cheap).cloned().collect();
    if cheap.is_empty() {
        return vectors.iter().min_by_key(|v| v.hash.len()).cloned().into_iter().collect();
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let is_new = |v: &Vector| {
        let count = seen.entry(shape(&v.hash)).or_default();
        *count += 1;
        *count <= MOST_OF_EACH_SHAPE
    };
    cheap.into_iter().filter(is_new).collect()
}

fn on_all_cores<T: Sync, R: Send>(of: &[T], function: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let function = &function;
        let threads: Vec<_> = (0..cores)
            .map(|core| {
                scope.spawn(move || of.iter().skip(core).step_by(cores).map(function).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("see above")).collect()
    })
}

fn wrapped(v: &Vector) -> Result<String, Error> {
    let method = Method::parse(&v.format).unwrap();
    wrap(&v.stored(), Some(&method), &CHEAP, &Limits::default(), &mut on)
}

fn judge(password: &[u8], stored: &Stored<'_>, format: &str) -> Result<Verdict, Error> {
    verify(password, stored, Some(&Method::parse(format).unwrap()), &Limits::default(), &mut on)
}

/// What a wrapped hash says of a password.
fn unwrapped(password: &[u8], wrapped: &str, v: &Vector) -> Result<Verdict, Error> {
    verify(password, &Stored { hash: wrapped, ..v.stored() }, None, &Limits::default(), &mut on)
}

/// The name of the method, the blanked hash and the argon2id hash.
fn parts(wrapped: &str) -> (String, String, String) {
    let rest = wrapped.strip_prefix("$ferry-wrapped$v=1$").unwrap();
    let fields: Vec<&str> = rest.splitn(3, '$').collect();
    let decode = |text: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (decode(fields[0]), decode(fields[1]), format!("${}", fields[2]))
}

fn joined(method: &str, blank: &str, phc: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("$ferry-wrapped$v=1${}${}{phc}", encode(method), encode(blank))
}

#[test]
fn every_wrapped_hash_takes_the_passwords_that_it_took_and_no_others() {
    on_all_cores(&WRAPPED, |(v, wrapped, took)| {
        let Ok(wrapped) = wrapped else { return };
        assert_eq!(unwrapped(&v.password, wrapped, v), Ok(Verdict::Right), "{v:?}");
        let others = others(&v.password).into_iter().take(match took.as_millis() {
            0 => usize::MAX,
            1..10 => 3,
            _ => 1,
        });
        for other in others {
            let (now, before) = (unwrapped(&other, wrapped, v), judge(&other, &v.stored(), &v.format));
            assert_eq!(now, before, "{:?} for {v:?}", String::from_utf8_lossy(&other));
        }
    });
}

/// Passwords that are nearly this one.
fn others(password: &[u8]) -> Vec<Vec<u8>> {
    let n = password.len();
    let swapped = password.iter().map(|b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b }).collect();
    let flipped =
        |at: usize| password.iter().enumerate().map(|(i, b)| if i == at { b ^ 1 } else { *b }).collect();
    let mut others = vec![
        [password, b"x"].concat(),
        flipped(0),
        swapped,
        [password, b"\0x"].concat(),
        flipped(n.saturating_sub(1)),
        [password, b" "].concat(),
        Vec::new(),
        vec![b'x'; 5000],
        flipped(n / 2),
        b"Password".to_vec(),
    ];
    others.extend([7, 8, 14, 72, n.saturating_sub(1)].map(|end| password[..end.min(n)].to_vec()));
    others
}

#[test]
fn every_format_wraps_or_is_refused_by_name() {
    let mut refused: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut wrap = BTreeSet::new();
    for (v, wrapped, _) in WRAPPED.iter() {
        match wrapped {
            Ok(_) => drop(wrap.insert(v.format.as_str())),
            Err(Error::NotWrapped(format, why)) if *format == v.format => {
                refused.entry(format).or_default().insert(why);
            }
            Err(error) => panic!("{error:?} for {v:?}"),
        }
    }
    let listed: Vec<_> =
        refused.iter().flat_map(|(f, why)| why.iter().map(move |why| format!("- `{f}`: {why}"))).collect();
    let readme = include_str!("../README.md");
    let shown: Vec<_> = readme.lines().filter(|line| line.starts_with("- `")).collect();
    assert_eq!(shown, listed, "\n\nthe list should be:\n{}\n", listed.join("\n"));
    let counted = format!("{} of the {} formats", wrap.len(), formats().count() - 1);
    assert!(readme.contains(&counted), "it is {counted}");
}

#[test]
fn recipes_wrap_as_formats_do() {
    let hashcat = include_str!("recipes/hashcat-6.2.6.tsv").lines().map(|line| format!("hashcat:{line}"));
    let lines: Vec<_> =
        hashcat.chain(include_str!("recipes/john-1.9.tsv").lines().map(str::to_owned)).collect();
    let refused: Vec<_> = on_all_cores(&lines, |line| {
        let [name, password, hash] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let method = Method::parse(name).unwrap();
        let judge = |password: &[u8], hash: &str, method| {
            verify(password, &stored(hash), method, &Limits::default(), &mut on).unwrap()
        };
        let wrapped = match wrap(&stored(hash), Some(&method), &CHEAP, &Limits::default(), &mut on) {
            Ok(wrapped) => wrapped,
            Err(error) => return Some(format!("{name}: {error}")),
        };
        assert_eq!(judge(password.as_bytes(), &wrapped, None), Verdict::Right, "{line}");
        for other in others(password.as_bytes()).into_iter().chain([hash.into()]) {
            assert_eq!(judge(&other, &wrapped, None), judge(&other, hash, Some(&method)), "{line}");
        }
        None
    });
    let refused: Vec<_> = refused.into_iter().flatten().collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn nothing_of_the_digest_is_left_and_it_is_no_password() {
    on_all_cores(&WRAPPED, |(v, wrapped, took)| {
        let Ok(wrapped) = wrapped else { return };
        let (_, blank, phc) = parts(wrapped);
        // What the string had where the other has zeros.
        let differs = |(a, b): &(u8, u8)| a != b;
        let from = v.hash.bytes().zip(blank.bytes()).take_while(|pair| !differs(pair)).count();
        let to = v.hash.bytes().rev().zip(blank.bytes().rev()).take_while(|pair| !differs(pair)).count();
        let digest = &v.hash[from..v.hash.len() - to];
        if digest.len() > 4 {
            assert!(!wrapped.contains(digest) && !blank.contains(digest), "{v:?}");
        }
        if took.as_millis() > 3 {
            return;
        }
        let mut stolen: Vec<Vec<u8>> =
            vec![v.hash.clone().into(), digest.into(), blank.into(), phc.clone().into()];
        stolen.extend(hex::decode(digest));
        stolen.extend(STANDARD_NO_PAD.decode(digest.trim_end_matches('=')));
        for stolen in stolen.iter().filter(|stolen| **stolen != v.password && v.format != "plaintext") {
            assert_eq!(unwrapped(stolen, wrapped, v), judge(stolen, &v.stored(), &v.format), "{v:?}");
            assert_eq!(judge(stolen, &common::stored(&phc), "argon2id-phc"), Ok(Verdict::Wrong), "{v:?}");
        }
    });
}

/// Names of fields and notes in JSON, salts that are not used to their end, and the scheme before a password, without which
/// all of the text is the password.
const HARMLESS: [&str; 5] =
    ["couchdb-pbkdf2", "episerver-sid", "keycloak-json-pbkdf2-sha256", "plaintext", "zope-md5"];

/// What a legacy function doesn't look at may be another digest of the same password. So the blanked hashes are changed at
/// four letters or digits in a row at a time: no digest is so short that none of its fours would be seen.
#[test]
fn what_is_not_looked_at_holds_no_second_digest() {
    const ROW: usize = 4;
    let mut seen = HashSet::new();
    let cheap = |(v, wrapped, took): &&Wrapped| {
        wrapped.is_ok() && (took.as_millis() < 1 || took.as_millis() < 20 && seen.insert(v.format.clone()))
    };
    let some_of_each: Vec<_> = WRAPPED.iter().filter(cheap).collect();
    let dead = on_all_cores(&some_of_each, |(v, wrapped, _)| {
        let (method, blank, phc) = parts(wrapped.as_ref().unwrap());
        let is_changed = |at: usize| {
            let is_zeroed =
                v.hash.get(at..=at) != blank.get(at..=at) || b"0A.".contains(&blank.as_bytes()[at]);
            !is_zeroed && other_digit(blank.as_bytes()[at]).is_some()
        };
        let rows = (0..blank.len()).step_by(ROW).map(|from| from..(from + ROW).min(blank.len()));
        let is_dead = |row: &std::ops::Range<usize>| {
            let changed: Vec<usize> = row.clone().filter(|at| is_changed(*at)).collect();
            let mut mutated = blank.clone().into_bytes();
            changed.iter().for_each(|&at| mutated[at] = other_digit(mutated[at]).unwrap_or_default());
            let mutated = String::from_utf8(mutated).unwrap();
            let is_right =
                || unwrapped(&v.password, &joined(&method, &mutated, &phc), v) == Ok(Verdict::Right);
            changed.len() >= 2 && is_right()
        };
        let dead: Vec<_> = rows.filter(is_dead).map(|row| blank[row].to_owned()).collect();
        (v.format.clone(), dead)
    });
    let dead: Vec<_> = dead
        .iter()
        .filter(|(format, dead)| !dead.is_empty() && !HARMLESS.contains(&format.as_str()))
        .collect();
    assert!(dead.is_empty(), "not looked at: {dead:?}");
}

/// Another digit of whatever alphabet a letter or digit is of.
fn other_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'8' | b'a'..=b'e' | b'A'..=b'E' | b'g'..=b'y' | b'G'..=b'Y' => Some(digit + 1),
        b'9' => Some(b'8'),
        b'f' | b'F' | b'z' | b'Z' => Some(digit - 1),
        _ => None,
    }
}

#[test]
fn a_wrapped_hash_is_known_by_itself_and_to_be_replaced() {
    let (v, wrapped) = first("phpass");
    assert_eq!(evident(&wrapped).unwrap().name, "ferry-wrapped");
    let Identified::Candidates(found) = identify(&wrapped) else { panic!("locked") };
    assert_eq!(found.iter().map(|format| format.name).collect::<Vec<_>>(), ["ferry-wrapped"]);
    assert!(CHEAP.needs_rehash(&wrapped) && Policy::default().needs_rehash(&wrapped));
    // Unknown logins cost one hash of the policy, and so do wrapped ones.
    assert!(costs_at_least(&wrapped, &CHEAP) && !costs_at_least(&wrapped, &Policy::default()));
    let again = Stored { hash: &wrapped, ..v.stored() };
    let again = wrap(&again, None, &CHEAP, &Limits::default(), &mut on);
    assert_eq!(again, Err(Error::NotWrapped("ferry-wrapped", "it is wrapped already")));
}

#[test]
fn weak_is_what_is_not_strong_and_what_costs_less_than_the_policy() {
    let weak = |hash: &str, name: &str, policy: &str| {
        is_weak(hash, &Method::parse(name).unwrap(), &Policy::parse(policy).unwrap())
    };
    let bcrypt = |cost: u32| format!("$2b${cost:02}$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234");
    let argon2id =
        |memory: u32| format!("$argon2id$v=19$m={memory},t=2,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAA");
    assert!(weak(&bcrypt(9), "bcrypt", "argon2id") && !weak(&bcrypt(10), "bcrypt", "argon2id"));
    assert!(weak(&bcrypt(11), "bcrypt", "bcrypt:cost=12") && !weak(&bcrypt(12), "bcrypt", "bcrypt:cost=12"));
    assert!(weak(&format!("$wp{}", bcrypt(4)), "wordpress-bcrypt", "argon2id"));
    assert!(weak(&argon2id(19455), "argon2id-phc", "argon2id"));
    assert!(!weak(&argon2id(19456), "argon2id-phc", "argon2id"));
    assert!(!weak(&argon2id(8), "argon2id-phc", "bcrypt"), "of another format than the policy: not compared");
    let own = "pbkdf2_sha256$1000$salt$TWS3MYHKbCVeHmpIhqFIkTR5nQyNRgNdLFUOfdHyUwE=";
    assert!(!weak(own, "django-pbkdf2-sha256", "django-pbkdf2-sha256:iterations=1000"));
    assert!(weak(own, "django-pbkdf2-sha256", "django-pbkdf2-sha256:iterations=1001"));
    assert!(weak(own, "django-pbkdf2-sha256", "argon2id"));
    assert!(weak("", "phpass", "argon2id") && weak("", "md5($pass)", "bcrypt"));
    assert!(!weak("", "ferry-wrapped", "argon2id"));
}

#[test]
fn what_the_hash_needs_the_wrapped_hash_needs() {
    let hash = "25a433d76a2d9fb7f27b27948a72ab1e";
    let method = Method::parse("md5($salt.$user.$pepper.$pass)").unwrap();
    let all = Stored { hash, salt: Some(b"salt"), login: Some("login"), pepper: Some(b"pepper") };
    // Neither the pepper nor the login is looked at: any does, and that of the user opens it.
    let any = Stored { login: Some("anybody"), pepper: Some(b"any"), ..all };
    let wrapped = wrap(&any, Some(&method), &CHEAP, &Limits::default(), &mut on).unwrap();
    let judge = |stored: Stored<'_>| verify(b"x", &stored, None, &Limits::default(), &mut on);
    let all = Stored { hash: &wrapped, ..all };
    assert_eq!(judge(all), Ok(Verdict::Right));
    assert_eq!(judge(Stored { pepper: Some(b"any"), ..all }), Ok(Verdict::Wrong));
    assert_eq!(judge(Stored { salt: None, ..all }), Err(Error::MissingSalt));
    assert_eq!(judge(Stored { login: None, ..all }), Err(Error::MissingLogin));
    assert_eq!(judge(Stored { pepper: None, ..all }), Err(Error::MissingPepper));
}

#[test]
fn both_costs_are_bounded_before_anything_is_computed() {
    let (_, wrapped) = first("phpass");
    let (method, blank, phc) = parts(&wrapped);
    let never = &mut || -> ControlFlow<()> { panic!("it computes") };
    let mut refused = |hash: &str, error: Error| {
        assert_eq!(verify(b"x", &stored(hash), None, &Limits::default(), never), Err(error), "{hash}");
    };
    refused(
        &joined(&method, &blank, &phc.replace("m=8,", "m=4000000000,")),
        Error::OverLimit("argon2 memory"),
    );
    refused(&joined(&method, &blank, &phc.replace("t=1,", "t=4000,")), Error::OverLimit("argon2 passes"));
    let dear = format!("$P$S{}", &blank[4..]);
    refused(&joined(&method, &dear, &phc), Error::OverLimit("phpass iterations"));
    refused(&joined("ferry-wrapped", &wrapped, &phc), Error::Malformed("wrapped hash"));
    refused(&joined("no such format", &blank, &phc), Error::Malformed("wrapped hash"));
    let ours = format!("recipe:{}", "md5($pass) <- ");
    assert!(check(&joined(&ours, &blank, &phc), None, &Limits::default()).is_err());
    refused(
        &joined(&method, &blank, "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"),
        Error::Malformed("argon2 prefix"),
    );
    refused(&wrapped.replace("v=1$", "v=2$"), Error::Unsupported("wrapped hashes of another version"));
    for end in 0..wrapped.len() {
        let cut = &wrapped[..end];
        assert!(!matches!(verify(b"x", &stored(cut), None, &Limits::default(), &mut on), Ok(Verdict::Right)));
    }
}

#[test]
fn a_recipe_that_ends_in_another_format_is_not_a_way_to_wrap_twice() {
    let (_, wrapped) = first("phpass");
    let method = Method::parse("md5($pass) | any").unwrap();
    assert!(check(&wrapped, Some(&method), &Limits::default()).is_err());
}

fn first(format: &str) -> (Vector, String) {
    let found = WRAPPED.iter().find(|(v, wrapped, _)| v.format == format && wrapped.is_ok());
    let (v, wrapped, _) = found.unwrap();
    (v.clone(), wrapped.clone().unwrap())
}

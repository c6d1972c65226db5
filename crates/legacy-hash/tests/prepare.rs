//! What legacy applications did to passwords before they hashed them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::ops::ControlFlow;

use legacy_hash::{
    ByteEncoding, Charset, Error, Limits, MAX_PASSWORD_BYTES, Policy, Preparation, Stored, Transform,
    UnicodeForm, Verdict, verify,
};

fn spellings(forms: &[&str], transforms: &[&str], charsets: &[&str], password: &[u8]) -> Vec<Vec<u8>> {
    let preparation = Preparation::parse(forms, transforms, charsets).unwrap();
    preparation.spellings(password).into_iter().map(|bytes| bytes.to_vec()).collect()
}

#[test]
fn by_default_a_password_is_what_was_typed() {
    for password in ["", "password", " Grüße ", "密码"] {
        let spellings = Preparation::default().spellings(password.as_bytes());
        assert_eq!(spellings.len(), 1);
        assert_eq!(spellings[0].as_slice(), password.as_bytes());
    }
}

#[test]
fn charsets_are_tried_in_their_order_and_each_spelling_once() {
    let charsets = ["utf-8", "latin1", "cp1252"];
    assert_eq!(spellings(&["none"], &[], &charsets, b"plain"), [b"plain".to_vec()]);
    let expected = ["ü".as_bytes().to_vec(), vec![0xfc]];
    assert_eq!(spellings(&["none"], &[], &charsets, "ü".as_bytes()), expected);
    let expected = ["€".as_bytes().to_vec(), vec![0x80]];
    assert_eq!(spellings(&["none"], &[], &charsets, "€".as_bytes()), expected);
    let expected = ["密".as_bytes().to_vec(), b"&#23494;".to_vec()];
    assert_eq!(spellings(&["none"], &[], &charsets, "密".as_bytes()), expected);
}

#[test]
fn charsets_write_what_their_standards_say() {
    let one = |charset| spellings(&["none"], &[], &[charset], "aü".as_bytes()).concat();
    assert_eq!(one("utf-16le"), [0x61, 0, 0xfc, 0]);
    assert_eq!(one("utf-16be"), [0, 0x61, 0, 0xfc]);
    assert_eq!(one("utf-8-twice"), "aÃ¼".as_bytes());
    assert!(spellings(&["none"], &[], &["latin1"], "密".as_bytes()).is_empty());
}

#[test]
fn unicode_forms_are_tried_in_their_order() {
    let composed = "é".as_bytes().to_vec();
    let decomposed = "e\u{301}".as_bytes().to_vec();
    for typed in [&composed, &decomposed] {
        assert_eq!(
            spellings(&["nfc", "nfd", "nfkc", "nfkd", "saslprep"], &[], &["utf-8"], typed),
            [composed.clone(), decomposed.clone()]
        );
    }
    assert_eq!(UnicodeForm::Nfkc.apply("ﬁ".as_bytes()).as_slice(), b"fi");
    assert_eq!(UnicodeForm::Nfkc.apply(&[0xff, 0x80]).as_slice(), [0xff, 0x80]);
    // What SASLprep prohibits stays as it is.
    assert_eq!(UnicodeForm::Saslprep.apply("a\u{7}".as_bytes()).as_slice(), "a\u{7}".as_bytes());
}

#[test]
fn transforms_are_made_one_after_the_other() {
    let one = |transforms: &[&str], typed: &str| {
        String::from_utf8(spellings(&["none"], transforms, &["utf-8"], typed.as_bytes()).concat()).unwrap()
    };
    assert_eq!(one(&["trim"], " \ta b\n"), "a b");
    assert_eq!(one(&["html"], r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;&#039;&amp;");
    assert_eq!(one(&["html_compat"], r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;'&amp;");
    assert_eq!(one(&["addslashes"], r#"a'b"c\"#), r#"a\'b\"c\\"#);
    assert_eq!(one(&["html", "addslashes"], "\""), "&quot;");
    assert_eq!(one(&["addslashes", "html"], "\""), "\\&quot;");
    assert_eq!(one(&["lower"], "ÄÖÜ"), "äöü");
    assert_eq!(one(&["upper", "truncate:4"], "straße"), "STRA");
    assert_eq!(one(&["truncate:72"], "short"), "short");
}

#[test]
fn a_cut_counts_bytes_of_the_charset() {
    assert_eq!(spellings(&["none"], &["truncate:2"], &["latin1"], "äöü".as_bytes()), [vec![0xe4, 0xf6]]);
    assert_eq!(spellings(&["none"], &["truncate:3"], &["utf-8"], "äö".as_bytes()), [vec![0xc3, 0xa4, 0xc3]]);
    assert_eq!(spellings(&["none"], &["truncate:2"], &["utf-8"], &[0xff, 0xfe, 0xfd]), [vec![0xff, 0xfe]]);
}

#[test]
fn a_password_that_no_charset_can_write_is_checked_all_the_same_and_wrong() {
    let latin1 = Preparation::parse(&["none"], &[], &["latin1"]).unwrap();
    let checks = |password: &str, answer: Verdict| {
        let mut checked = Vec::new();
        let verdict = latin1.verify(password.as_bytes(), |bytes| {
            checked.push(bytes.to_vec());
            Ok::<_, Error>(answer)
        });
        (verdict.unwrap(), checked)
    };
    // Even where the bytes that were typed happen to be right.
    assert_eq!(checks("密", Verdict::Right), (Verdict::Wrong, vec!["密".as_bytes().to_vec()]));
    assert_eq!(checks("密", Verdict::Locked).0, Verdict::Locked);
    assert_eq!(checks("ü", Verdict::Right), (Verdict::Right, vec![vec![0xfc]]));
    assert_eq!(checks("ü", Verdict::Wrong), (Verdict::Wrong, vec![vec![0xfc]]));
    let broken = latin1.verify("密".as_bytes(), |_| Err(Error::Malformed("hash")));
    assert_eq!(broken, Err(Error::Malformed("hash")));
}

#[test]
fn the_first_spelling_that_is_right_decides() {
    let preparation = Preparation::parse(&["none"], &[], &["utf-8", "latin1", "utf-16le"]).unwrap();
    let mut checked = 0;
    let verdict = preparation.verify("ü".as_bytes(), |bytes| {
        checked += 1;
        Ok::<_, Error>(if bytes == [0xfc] { Verdict::Right } else { Verdict::Wrong })
    });
    assert_eq!((verdict, checked), (Ok(Verdict::Right), 2));
}

/// Answers take time by the hash, not by the password: each tick is a piece of the same work.
#[test]
fn a_password_that_cannot_be_right_takes_the_same_work() {
    let policy = Policy::parse("bcrypt:cost=4").unwrap();
    let hash = policy.hash(b"secret", &Limits::default(), &mut || ControlFlow::Continue(())).unwrap();
    let stored = Stored { hash: &hash, salt: None, login: None, pepper: None };
    let work = |password: &[u8]| {
        let mut ticks = 0;
        let mut tick = || {
            ticks += 1;
            ControlFlow::Continue(())
        };
        let verdict = verify(password, &stored, None, &Limits::default(), &mut tick).unwrap();
        (verdict, ticks)
    };
    let (verdict, ticks) = work(b"wrong");
    assert!(ticks > 0, "nothing was counted");
    assert_eq!((verdict, work(b"secret").0), (Verdict::Wrong, Verdict::Right));
    for impossible in [&b"secret\0"[..], b"\0", &[b'x'; MAX_PASSWORD_BYTES + 1]] {
        assert_eq!(work(impossible), (Verdict::Wrong, ticks));
    }
}

#[test]
fn unknown_names_and_too_many_ways_are_refused() {
    let refused = |forms: &[&str], transforms: &[&str], charsets: &[&str]| {
        Preparation::parse(forms, transforms, charsets).unwrap_err()
    };
    assert_eq!(refused(&["nfx"], &[], &["utf-8"]), Error::BadPreparation("no Unicode form has this name"));
    assert_eq!(
        refused(&["none"], &["rot13"], &["utf-8"]),
        Error::BadPreparation("no transform has this name")
    );
    for truncation in ["truncate", "truncate:", "truncate:0", "truncate:-1", "truncate:x"] {
        assert_eq!(
            refused(&["none"], &[truncation], &["utf-8"]),
            Error::BadPreparation("no transform has this name")
        );
    }
    assert_eq!(refused(&["none"], &[], &["koi8-r"]), Error::BadPreparation("no charset has this name"));
    assert!(matches!(refused(&[], &[], &["utf-8"]), Error::BadPreparation(_)));
    assert!(matches!(refused(&["none"], &[], &[]), Error::BadPreparation(_)));
    let three = ["none", "nfc", "nfd"];
    let five = ["utf-8", "latin1", "cp1252", "utf-16le", "utf-8-twice"];
    assert!(matches!(refused(&three, &[], &five), Error::BadPreparation(_)));
}

#[test]
fn every_name_is_read_as_it_is_printed() {
    assert!(UnicodeForm::ALL.into_iter().all(|form| UnicodeForm::parse(form.name()) == Some(form)));
    assert!(ByteEncoding::ALL.into_iter().all(|known| ByteEncoding::parse(known.name()) == Some(known)));
    for charset in Charset::ALL {
        assert!(Preparation::parse(&["none"], &[], &[charset.name()]).is_ok());
    }
    for transform in Transform::PLAIN {
        assert!(Preparation::parse(&["none"], &[transform.name()], &["utf-8"]).is_ok());
    }
}

#[test]
fn bytes_are_decoded_as_their_encoding_says() {
    let decode = |name: &str, text: &str| ByteEncoding::parse(name).unwrap().decode(text, "salt");
    assert_eq!(decode("text", "ü"), Ok("ü".as_bytes().to_vec()));
    assert_eq!(decode("hex", "00Ff"), Ok(vec![0, 255]));
    assert_eq!(decode("base64", "+/8="), Ok(vec![0xfb, 0xff]));
    assert_eq!(decode("base64url", "-_8"), Ok(vec![0xfb, 0xff]));
    assert_eq!(decode("ab64", "./8"), Ok(vec![0xfb, 0xff]));
    assert_eq!(decode("hex", "0"), Err(Error::Malformed("salt")));
    assert_eq!(decode("base64", "?"), Err(Error::Malformed("salt")));
}

//! What goes into a legacy hash besides the password, and what the legacy application did to the password first. The legacy hashes
//! are made by PostgreSQL's own digests.

use crate::setup::{Answer, Site, login};
use crate::setup_config::Refusal;
use ferry_tests::Db;

/// A shop whose customer Ann has the hash that `digest` makes, an SQL expression that gives bytes.
fn shop_with(digest: &str, assignments: &str) -> Site {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    site.configure_source("shop", assignments);
    site.db.sql(&format!(
        "INSERT INTO legacy.customers (email, pwd, salt)
         SELECT 'ann@example.com', encode({digest}, 'hex'), NULL"
    ));
    site
}

/// The refusal of a change to the source.
#[track_caller]
fn refused(site: &Site, assignments: &str) -> Refusal {
    let statement = format!("UPDATE ferry.source SET {assignments} WHERE name = 'shop'");
    match site.db.try_sql(&statement) {
        Ok(()) => panic!("not refused: {assignments}"),
        Err(error) => Refusal::of(&error),
    }
}

/// Writes a file of peppers that only the server may read, and names it for the database.
pub(crate) fn write_peppers(db: &Db<'_>, lines: &str) -> String {
    let name = format!("{}.peppers", db.name());
    let path = db.cluster().data_directory().join(&name);
    let program = format!("umask 077; cat > {}", path.display());
    db.sql(&format!("COPY (SELECT unnest(string_to_array($f${lines}$f$, E'\\n'))) TO PROGRAM '{program}'"));
    db.sql(&format!(
        "ALTER DATABASE {} SET ferry.pepper_file = '{name}'; SET ferry.pepper_file = '{name}'",
        db.name()
    ));
    path.display().to_string()
}

#[test]
fn a_recipe_stands_where_a_format_does() {
    let site = shop_with(
        "decode(md5(md5('secret') || 's4lt'), 'hex')",
        "salt = 'l.salt', format = 'md5(md5($pass).$salt)'",
    );
    site.db.sql("UPDATE legacy.customers SET salt = 's4lt'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "Secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "ok");
}

#[test]
fn hash_and_salt_in_one_column_are_a_template() {
    let site = shop_with("'\\x00'::bytea", "format = '{hash:hex}:{salt} <- sha256($salt.$pass)'");
    site.db.sql(
        "UPDATE legacy.customers SET pwd = encode(sha256(convert_to('a:b$c' || 'secret', 'UTF8')), 'hex') || ':a:b$c'",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
}

#[test]
fn a_wrong_recipe_is_refused_where_it_goes_wrong() {
    let site = Site::shop();
    for (recipe, at) in [("md5(md6($pass))", 5), ("md5($pass", 10), ("md5($salt)", 0), ("md5($pass).", 12)] {
        let refusal = refused(&site, &format!("format = '{recipe}'"));
        assert_eq!(refusal.state, "42601", "{refusal:?}");
        assert!(
            refusal.message.starts_with("source shop, format: invalid recipe at character "),
            "{refusal:?}"
        );
        if at > 0 {
            assert!(refusal.message.contains(&format!("at character {at}:")), "{refusal:?}");
        }
        assert!(refusal.hint.contains("md5(md5($pass).$salt)"), "{refusal:?}");
    }
    let refusal = refused(&site, "format = 'md55'");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.as_str()),
        ("22023", "source shop, format: there is no password hash format \"md55\"")
    );
    let refusal = refused(&site, "format = 'vbulletin'");
    assert_eq!(refusal.message, "source shop, salt: format vbulletin needs one");
    let refusal = refused(&site, "format = 'md5($pepper.$pass)'");
    assert_eq!(refusal.message, "source shop, pepper: format md5($pepper.$pass) needs one");
}

#[test]
fn a_salt_is_decoded_as_its_encoding_says() {
    let digest = "sha256('\\x00ff5c01'::bytea || convert_to('secret', 'UTF8'))";
    for (encoding, salt) in
        [("hex", "00FF5c01"), ("base64", "AP9cAQ=="), ("base64url", "AP9cAQ"), ("ab64", "AP9cAQ")]
    {
        let site = shop_with(
            digest,
            &format!("salt = 'l.salt', salt_encoding = '{encoding}', format = 'sha256($salt.$pass)'"),
        );
        site.db.sql(&format!("UPDATE legacy.customers SET salt = '{salt}'"));
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
        assert_eq!(
            login(&mut app, "ann@example.com", "secret").outcome,
            "migrated",
            "{encoding}: {}",
            site.why()
        );
    }
    let site = shop_with(digest, "salt = 'l.salt', salt_encoding = 'hex', format = 'sha256($salt.$pass)'");
    site.db.sql("UPDATE legacy.customers SET salt = 'not hex'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_hash");
    let refusal = refused(&site, "salt_encoding = 'rot13'");
    assert_eq!(refusal.message, "source shop, salt_encoding: there is no encoding \"rot13\"");
    assert!(refusal.hint.contains("base64url"), "{refusal:?}");
}

#[test]
fn the_login_that_was_hashed_is_the_legacy_rows() {
    // As it is stored, whatever was typed.
    let site = shop_with(
        "decode(md5('secret' || 'Ann@Example.com'), 'hex')",
        "format = 'md5($pass.$user)', login_columns = '{lower(l.email)}'",
    );
    site.db.sql("UPDATE legacy.customers SET email = 'Ann@Example.com'");
    site.configure_source("shop", "hash_login = 'l.email'");
    assert_eq!(login(&mut site.app(), "ANN@example.com", "secret").outcome, "migrated", "{}", site.why());
    // In the case in which the application had it.
    let site = shop_with(
        "decode(md5('secret' || 'ann@example.com'), 'hex')",
        "format = 'md5($pass.$user)', login_columns = '{lower(l.email)}', hash_login = 'lower(l.email)'",
    );
    site.db.sql("UPDATE legacy.customers SET email = 'Ann@Example.com'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
    // Without an expression: the first login column, as it is stored.
    let site = shop_with(
        "decode(md5('secret' || 'ann@example.com'), 'hex')",
        "format = 'md5($pass.$user)', login_columns = '{lower(l.email),first}'",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
    let refusal = refused(&site, "hash_login = 'l.nickname'");
    assert_eq!(refusal.state, "42703", "{refusal:?}");
    assert!(refusal.message.starts_with("source shop, hash_login:"), "{refusal:?}");
}

#[test]
fn a_pepper_comes_from_a_file_that_nobody_else_reads() {
    let site = shop_with("sha256(convert_to('p3pper' || 'secret', 'UTF8'))", "format = NULL");
    write_peppers(&site.db, "# of the old shop\n\n other=hex:00ff \nshop = text:p3pper\nshop = text:second");
    site.configure_source("shop", "format = 'sha256($pepper.$pass)', pepper = 'shop'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
    // It stands nowhere else.
    let seen: i64 = site.db.one(
        "SELECT count(*) FROM (SELECT t::text FROM ferry.source t UNION ALL SELECT t::text FROM ferry.event t UNION ALL
                               SELECT t::text FROM pg_settings t) AS seen (text) WHERE text LIKE '%p3pper%'",
        &[],
    );
    assert_eq!(seen, 0);
    assert!(!site.db.dump(&[]).contains("p3pper"));
    // The application does not even learn which file it is.
    assert!(app.query_one("SHOW ferry.pepper_file", &[]).is_err());
    assert!(app.batch_execute("SET ferry.pepper_file = '/etc/passwd'").is_err());
}

#[test]
fn a_pepper_that_cannot_be_had_is_told_when_it_is_named() {
    let site = shop_with("sha256(convert_to('p3pper' || 'secret', 'UTF8'))", "format = NULL");
    let named = "format = 'sha256($pepper.$pass)', pepper = 'shop'";
    assert_eq!(refused(&site, named).message, "source shop, pepper: ferry.pepper_file is not set");
    let path = write_peppers(&site.db, "other = text:x");
    let refusal = refused(&site, named);
    assert_eq!(
        refusal.message,
        format!("source shop, pepper: there is no pepper \"shop\" in file \"{path}\"")
    );
    assert_eq!(refusal.hint, "Add a line such as shop = text:secret.");
    for line in ["shop = p3pper", "shop = rot13:p3pper", "shop = hex:0"] {
        let path = write_peppers(&site.db, line);
        let refusal = refused(&site, named);
        assert_eq!(
            refusal.message,
            format!("source shop, pepper: line 1 of file \"{path}\" of peppers is malformed")
        );
        assert!(!refusal.hint.contains("p3pper"), "{refusal:?}");
    }
    write_peppers(&site.db, "shop = text:p3pper");
    site.configure_source("shop", named);
    site.db.sql(&format!("COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; chmod 644 {path}'"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "unavailable");
    assert_eq!(site.why(), "unavailable/source_misconfigured");
    let refusal = refused(&site, named);
    assert_eq!(
        refusal.message,
        format!("source shop, pepper: file \"{path}\" of peppers may be read by others")
    );
    assert!(refusal.hint.contains("chmod 600"), "{refusal:?}");
}

#[test]
fn a_pepper_that_goes_away_is_noted_and_nobody_is_let_in() {
    let site = shop_with("sha256(convert_to('p3pper' || 'secret', 'UTF8'))", "format = NULL");
    let path = write_peppers(&site.db, "shop = text:p3pper");
    site.configure_source("shop", "format = 'sha256($pepper.$pass)', pepper = 'shop'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    // What does not read to the end breaks the pipe.
    site.db.sql(&format!("COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; rm {path}'"));
    assert_eq!(login(&mut app, "ann@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/pepper");
    write_peppers(&site.db, "shop = text:p3pper");
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "migrated", "{}", site.why());
}

#[test]
fn a_pepper_that_goes_away_is_told_also_when_its_source_was_retired() {
    let site = shop_with("sha256(convert_to('p3pper' || 'secret', 'UTF8'))", "format = NULL");
    write_peppers(&site.db, "shop = text:p3pper");
    site.configure_source("shop", "format = 'sha256($pepper.$pass)', pepper = 'shop'");
    site.db.sql("CALL ferry.import('shop')");
    site.db.sql("SELECT ferry.retire_source('shop', force => true)");
    let found = || {
        let query = "SELECT object, problem, hint FROM ferry.check_config() WHERE severity = 'error'";
        site.db.rows(query, &[]).iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect::<Vec<_>>()
    };
    assert_eq!(found(), []);
    let path = write_peppers(&site.db, "other = text:x");
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/pepper");
    let told: Vec<(String, String, String)> = found();
    let problem = format!(
        "pepper: there is no pepper \"shop\" in file \"{path}\", so nobody imported with it can log in"
    );
    assert_eq!((told.len(), &told[0].0, &told[0].1), (1, &"source shop".to_string(), &problem));
    let hint = &told[0].2;
    site.db.sql(&hint[hint.find("UPDATE").expect(hint)..]);
    assert_eq!(found(), []);
}

#[test]
fn charsets_are_tried_in_the_order_of_the_config() {
    for (charset, made_of) in [
        ("latin1", "convert_to('Grüße', 'LATIN1')"),
        ("cp1252", "convert_to('Grüße€', 'WIN1252')"),
        ("utf-16le", "'\\x47007200fc00df006500'::bytea"),
        ("utf-8-twice", "convert_to(convert_from(convert_to('Grüße', 'UTF8'), 'LATIN1'), 'UTF8')"),
    ] {
        let password = if charset == "cp1252" { "Grüße€" } else { "Grüße" };
        let site = shop_with(&format!("sha256({made_of})"), "format = 'sha256($pass)'");
        assert_eq!(
            login(&mut site.app(), "ann@example.com", password),
            Answer::refused("invalid"),
            "{charset}"
        );
        site.configure_source("shop", &format!("charsets = '{{utf-8,{charset}}}'"));
        assert_eq!(login(&mut site.app(), "ann@example.com", "Grusse"), Answer::refused("invalid"));
        assert_eq!(login(&mut site.app(), "ann@example.com", password).outcome, "migrated", "{charset}");
        // The new hash is of what was typed.
        assert_eq!(login(&mut site.app(), "ann@example.com", password).outcome, "ok");
    }
}

/// Its time would tell that there is such a user: the hash is looked at, as for any password.
#[test]
fn a_password_that_no_charset_can_write_is_verified_for_show() {
    let site =
        shop_with("sha256(convert_to('密', 'UTF8'))", "format = 'sha256($pass)', charsets = '{latin1}'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "密"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
    site.as_owner("UPDATE legacy.customers SET pwd = 'no digest'");
    assert_eq!(login(&mut app, "ann@example.com", "密"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_hash");
}

#[test]
fn unicode_forms_are_tried_as_configured_and_the_new_hash_takes_the_targets() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let site = shop_with(&format!("sha256(convert_to('{composed}', 'UTF8'))"), "format = 'sha256($pass)'");
    assert_eq!(login(&mut site.app(), "ann@example.com", decomposed), Answer::refused("invalid"));
    site.configure_source("shop", "unicode_forms = '{none,nfc}'");
    site.configure("target", "unicode_form = 'nfc'");
    assert_eq!(login(&mut site.app(), "ann@example.com", decomposed).outcome, "migrated");
    for typed in [composed, decomposed] {
        assert_eq!(login(&mut site.app(), "ann@example.com", typed).outcome, "ok");
    }
    // Passwords that are set later have the same form.
    let set: String =
        site.db.one("SELECT outcome FROM ferry.set_password('ann@example.com', $1)", &[&"nai\u{308}ve"]);
    assert_eq!(set, "ok");
    assert_eq!(login(&mut site.app(), "ann@example.com", "na\u{ef}ve").outcome, "ok");
    // Without a form, another keyboard is another password.
    site.configure("target", "unicode_form = 'none'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "nai\u{308}ve"), Answer::refused("invalid"));
}

#[test]
fn transforms_are_what_the_legacy_application_did() {
    for (transforms, hashed, typed) in [
        ("{trim}", "secret", "  secret "),
        ("{html}", "a&amp;&quot;b&quot;", "a&\"b\""),
        ("{addslashes}", "a\\''b", "a'b"),
        ("{lower}", "secret", "SeCret"),
        ("{upper,truncate:4}", "SECR", "secret"),
    ] {
        let site = shop_with(&format!("sha256(convert_to('{hashed}', 'UTF8'))"), "format = 'sha256($pass)'");
        assert_eq!(
            login(&mut site.app(), "ann@example.com", typed),
            Answer::refused("invalid"),
            "{transforms}"
        );
        site.configure_source("shop", &format!("transforms = '{transforms}'"));
        assert_eq!(login(&mut site.app(), "ann@example.com", typed).outcome, "migrated", "{transforms}");
    }
}

#[test]
fn what_passwords_are_prepared_by_is_checked() {
    let site = Site::shop();
    for (assignment, message, hint) in [
        (
            "charsets = '{utf-8,koi8-r}'",
            "charsets: there is no charset \"koi8-r\"",
            "The charsets are utf-8, latin1, cp1252, utf-16le, utf-16be, utf-8-twice.",
        ),
        (
            "unicode_forms = '{nfx}'",
            "unicode_forms: there is no Unicode form \"nfx\"",
            "The Unicode forms are none, nfc, nfd, nfkc, nfkd, saslprep.",
        ),
        (
            "transforms = '{truncate:0}'",
            "transforms: there is no transform \"truncate:0\"",
            "The transforms are trim, html, html_compat, addslashes, lower, upper, truncate:72.",
        ),
        (
            "charsets = '{}'",
            "unicode_forms and charsets: invalid password preparation: \
             at least one Unicode form and one charset are needed",
            "at most 12 pairs.",
        ),
        (
            "unicode_forms = '{none,nfc,nfd}', charsets = '{utf-8,latin1,cp1252,utf-16le,utf-16be}'",
            "unicode_forms and charsets: invalid password preparation: more than 12 ways to write one password",
            "at most 12 pairs.",
        ),
    ] {
        let refusal = refused(&site, assignment);
        assert_eq!((refusal.state.as_str(), refusal.message), ("22023", format!("source shop, {message}")));
        assert!(refusal.hint.ends_with(hint), "{}", refusal.hint);
    }
    let error = site.db.try_sql("UPDATE ferry.target SET unicode_form = 'nfx'").unwrap_err();
    let refusal = Refusal::of(&error);
    assert_eq!(refusal.message, "target default, unicode_form: there is no Unicode form \"nfx\"");
}

#[test]
fn a_cost_bound_that_is_set_holds_at_login() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    let hash: String = site.db.one("SELECT ferry.hash_password('secret', 'bcrypt:cost=6')", &[]);
    site.db.rows("INSERT INTO legacy.customers (email, pwd) VALUES ('ann@example.com', $1)", &[&hash]);
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.max_bcrypt_cost = 5", site.db.name()));
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_hash");
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.max_bcrypt_cost = 6", site.db.name()));
    assert_eq!(login(&mut site.app(), "ann@example.com", "secret").outcome, "migrated");
    // Nobody but a superuser sets one, and nobody lifts one above what is absolute.
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "secret").outcome, "ok");
    assert!(app.batch_execute("SET ferry.max_bcrypt_cost = 20").is_err());
    assert!(site.db.try_sql("SET ferry.max_bcrypt_cost = 21").is_err());
}

/// The fits that `ferry.calibrate` finds, as `format unicode_form transform charset`.
fn fits(site: &Site, arguments: &str) -> Vec<String> {
    let query = format!(
        "SELECT concat_ws(' ', format, unicode_form, transform, charset) FROM ferry.calibrate({arguments})"
    );
    site.db.rows(&query, &[]).iter().map(|row| row.get(0)).collect()
}

#[test]
fn calibrate_finds_format_and_settings_of_a_known_account() {
    let site = Site::new();
    let found = fits(&site, "md5('Grüße'), 'Grüße'");
    assert_eq!(found.first().map(String::as_str), Some("md5($pass) none utf-8"), "{found:?}");
    for (hash, arguments, wanted) in [
        ("md5(convert_to('Grüße', 'LATIN1'))", "'Grüße'", "phpbb2-md5-latin1 none utf-8"),
        ("md5(convert_to('Grüße€', 'WIN1252'))", "'Grüße€'", "md5($pass) none cp1252"),
        ("md5('caf\u{e9}')", "'cafe\u{301}'", "md5($pass) nfc utf-8"),
        ("md5('a&amp;b')", "'a&b'", "md5($pass) none html utf-8"),
        ("md5('secret' || 'pq')", "'secret', 'pq'", "md5($pass.$salt) none utf-8"),
        (
            "md5('\\x7071'::bytea || convert_to('secret', 'UTF8'))",
            "'secret', '7071'",
            "md5(unhex($salt).$pass) none utf-8",
        ),
        (
            "md5('\\x7071'::bytea || convert_to('secret', 'UTF8'))",
            "'secret', 'cHE='",
            "md5(unb64($salt).$pass) none utf-8",
        ),
        ("md5(md5('secret') || 's4lt')", "'secret', 's4lt'", "vbulletin none utf-8"),
        ("md5('secret' || 'ann')", "'secret', NULL, 'ann'", "md5($pass.$user) none utf-8"),
        ("md5('p3pper' || 'secret')", "'secret', NULL, NULL, 'p3pper'", "prestashop none utf-8"),
    ] {
        let found = fits(&site, &format!("{hash}, {arguments}"));
        assert!(found.iter().any(|fit| fit == wanted), "{hash}: {found:?}");
    }
    assert_eq!(fits(&site, "md5('secret'), 'another'"), Vec::<String>::new());
    assert_eq!(fits(&site, "'!', 'secret'"), Vec::<String>::new());
    assert_eq!(fits(&site, "NULL, 'secret'"), Vec::<String>::new());
    let bcrypt = fits(&site, "ferry.hash_password('secret', 'bcrypt:cost=4'), 'secret'");
    assert_eq!(bcrypt, ["bcrypt none utf-8"]);
}

#[test]
fn what_calibrate_found_moves_the_account() {
    let site = shop_with("sha256('\\x7071'::bytea || convert_to('Grüße', 'LATIN1'))", "salt = 'l.salt'");
    site.db.sql("UPDATE legacy.customers SET salt = '7071'");
    let found =
        site.db.rows("SELECT c.* FROM legacy.customers l, ferry.calibrate(l.pwd, 'Grüße', l.salt) c", &[]);
    assert!(!found.is_empty());
    let column = |name: &str| found[0].get::<_, String>(name);
    site.db.rows(
        "UPDATE ferry.source SET format = $1, unicode_forms = ARRAY[$2], charsets = ARRAY[$3]",
        &[&column("format"), &column("unicode_form"), &column("charset")],
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "Grüße").outcome, "migrated", "{}", site.why());
}

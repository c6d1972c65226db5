//! Reports as pages: they show the figures of the views, hold what they are told as text and nothing else, and look as they
//! should in a browser.

use crate::import::{crowd, md5_shop};
use crate::setup::{Site, login};
use ferry_tests::{Browser, Server, need_extension, skip, sqlstate, target};
use scraper::{ElementRef, Html, Node, Selector};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// What a page would do with it if it took it for more than text.
const HOSTILE: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;&#60;</td></title></style>";

/// Characters that cannot be seen, that HTML forbids, or that turn the order of others.
const UNSEEN: &str = "\u{202E}\u{7}\u{9C}\u{FFFE}\u{2066}\u{200B}";
const SHOWN: &str = "[U+202E][U+0007][U+009C][U+FFFE][U+2066][U+200B]";

#[track_caller]
fn page(site: &Site, call: &str) -> String {
    site.db.one(&format!("SELECT ferry.{call}"), &[])
}

/// The page as a browser reads it; it must keep the rules of HTML, and hold nothing that loads or runs.
#[track_caller]
fn parsed(html: &str) -> Html {
    assert!(html.is_ascii(), "the page depends on an encoding");
    let document = Html::parse_document(html);
    assert!(document.errors.is_empty(), "{:?}\nin: {html}", document.errors);
    for element in document.root_element().descendent_elements() {
        let element = element.value();
        assert!(
            !["script", "img", "link", "iframe", "object", "form"].contains(&element.name()),
            "{element:?}"
        );
        for (name, value) in element.attrs() {
            assert!(!name.starts_with("on") && name != "style" && name != "src", "{element:?}");
            assert!(name != "href" || value.starts_with('#'), "{element:?}");
        }
    }
    let ids: Vec<&str> = select(&document, "[id]").iter().filter_map(|element| element.attr("id")).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id is used twice: {ids:?}");
    for labelled in select(&document, "[aria-labelledby]") {
        let labels = labelled.attr("aria-labelledby").unwrap_or_default().split(' ');
        labels.for_each(|label| assert!(ids.contains(&label), "there is no {label}"));
    }
    assert_eq!(select(&document, "style").len(), 1);
    assert_eq!(select(&document, "h1").len(), 1);
    for table in select(&document, "table") {
        assert!(table.select(&selector("caption")).next().is_some(), "a table without a caption");
        assert!(table.select(&selector("th[scope=col]")).next().is_some(), "a table without heads");
    }
    for picture in select(&document, "svg[role=img]") {
        let has = |name| picture.select(&selector(name)).next().is_some_and(|words| !text(words).is_empty());
        assert!(has("title") && has("desc"), "a picture without words");
    }
    document
}

fn selector(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

fn select<'a>(document: &'a Html, wanted: &str) -> Vec<ElementRef<'a>> {
    document.select(&selector(wanted)).collect()
}

/// What can be read: where a block begins, a word does.
fn text(element: ElementRef<'_>) -> String {
    let mut words = String::new();
    for node in element.descendants() {
        match node.value() {
            Node::Element(element)
                if !["b", "bdi", "code", "span", "time", "a"].contains(&element.name()) =>
            {
                words.push(' ')
            }
            Node::Text(text) => words.push_str(text),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn whole_text(document: &Html) -> String {
    select(document, "body").into_iter().map(text).collect()
}

/// The cells of the table with a caption.
#[track_caller]
fn table(document: &Html, caption: &str) -> Vec<Vec<String>> {
    let tables = select(document, "table");
    let is_wanted =
        |table: &&ElementRef<'_>| table.select(&selector("caption")).any(|words| text(words) == caption);
    let found = tables.iter().find(is_wanted).unwrap_or_else(|| panic!("no table {caption}"));
    let (row, cell) = (selector("tbody tr"), selector("th, td"));
    found.select(&row).map(|row| row.select(&cell).map(text).collect()).collect()
}

/// A number as pages write it.
fn thousands(number: i64) -> String {
    let digits: Vec<char> = number.to_string().chars().rev().collect();
    let groups: Vec<String> = digits.chunks(3).map(|group| group.iter().collect()).collect();
    groups.join(",").chars().rev().collect()
}

/// Two months of a migration: three sources, of which one is done and one was never counted, moves of all ways, refusals of
/// several reasons, a run that was killed, and a decision to make.
fn migration() -> Site {
    let site = md5_shop();
    site.db.sql("ALTER TABLE legacy.customers ADD last_login timestamptz, ADD revenue numeric");
    crowd(&site, 300);
    site.db.sql(
        "UPDATE legacy.customers SET pwd = CASE WHEN id % 3 = 0 THEN pwd WHEN id % 7 = 0 THEN NULL WHEN id % 5 = 0 THEN '$2y$10$cut'
                                                ELSE '$2y$10$' || rpad(pwd, 53, 'a') END,
                last_login = now() - id * interval '1 day', revenue = id * 1000.5;
         UPDATE ferry.source SET format = NULL, last_seen = 'l.last_login', value = 'l.revenue';
         INSERT INTO ferry.rule (source, name, expression, code, message) VALUES ('shop', 'paid', 'l.id % 50 <> 0', 'DUE', 'Has a bill to pay.')",
    );
    site.add_local_source("forum", "members");
    site.add_local_source("portal", "partners");
    site.db.sql("UPDATE ferry.source SET enabled = false WHERE name = 'portal'");
    site.db.sql(
        "INSERT INTO ferry.import_run (source, target, operation, dry_run, parameters, state, message, source_total, total, done, moved, refused, started_by,
                                       started_at, called_at, ended_at, pid)
         SELECT source, 'default', 'insert', dry, '{}', state, message, total, total, done, 0, 0, 'mia', now() - age, now() - age, CASE state WHEN 'finished' THEN now() - age + interval '75 s' END, 0
         FROM (VALUES ('shop', true, 'finished', NULL, 1234567, 1234567, interval '59 days'), ('forum', true, 'finished', NULL, 4380, 4380, '58 days'),
                      ('shop', false, 'running', NULL, 1234567, 5000, '20 days')) r (source, dry, state, message, total, done, age);
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via, moved_at)
         SELECT source, via || day || '-' || k, 'default', via || day || '-' || k, via, now() - day * interval '1 day'
         FROM (VALUES ('shop', 'login', 60, 0, 59), ('shop', 'reset', 4, 0, 59), ('shop', 'admin', 1, 3, 3), ('shop', 'import', 5000, 20, 20), ('forum', 'login', 73, 0, 59)) w (source, via, users, last, first),
              generate_series(last, first) day, generate_series(1, users) k;
         INSERT INTO ferry.import_reject (run, source, legacy_key, reason, rule, code, message, constraint_name, sqlstate, detail)
         SELECT 3, 'shop', reason || k, reason, rule, code, message, name, state, '{}'
         FROM (VALUES ('rule', 'paid', 'DUE', 'Has a bill to pay.', NULL, NULL, 41), ('constraint', NULL, NULL, NULL, 'users_email_key', '23505', 1207)) r (reason, rule, code, message, name, state, users),
              generate_series(1, users) k;
         INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason) VALUES ('forum', 'x', 'default', '1', 'email', 'unverified'), ('forum', 'login0-1', 'default', '1', 'email', 'unverified')",
    );
    site
}

#[test]
fn the_progress_page_shows_the_figures_of_the_views() {
    need_extension!("pg_ferry");
    let site = migration();
    let document = parsed(&page(&site, "progress_page()"));
    let query = "SELECT coalesce(source, 'All sources'), legacy_total::int8, (moved_by_login + moved_by_import + moved_otherwise)::int8, refused::int8,
                        remaining::int8, last_24_hours::int8, to_char(projected_end, 'YYYY-MM-DD'), source = 'portal'
                 FROM ferry.progress";
    let shown = table(&document, "Legacy users by what became of them");
    let expected: Vec<Vec<String>> = site
        .db
        .rows(query, &[])
        .iter()
        .map(|row| {
            let number = |column: usize| row.get::<_, Option<i64>>(column).map_or("-".to_string(), thousands);
            let off = if row.get::<_, Option<bool>>(7) == Some(true) { " (not asked)" } else { "" };
            let name = format!("{}{off}", row.get::<_, String>(0));
            let end = row.get::<_, Option<String>>(6).unwrap_or("-".to_string());
            vec![name, number(1), number(2), number(3), number(4), number(5), end]
        })
        .collect();
    // Without the bar and the share.
    let told: Vec<Vec<String>> =
        shown.iter().map(|row| [0, 2, 3, 5, 6, 7, 8].map(|cell| row[cell].clone()).to_vec()).collect();
    assert_eq!(told, expected);

    let refused = table(&document, "Refused by an import and not moved since, by reason");
    let told: Vec<String> = refused.iter().map(|row| format!("{} {} {}", row[0], row[2], row[4])).collect();
    assert_eq!(told, ["constraint users_email_key, 23505 1,207", "rule paid, DUE Has a bill to pay. 41"]);

    let weeks = table(&document, "Moved per week");
    let all = |row: &Vec<String>| row.last().map(|cell| cell.replace(',', "").parse::<i64>().unwrap_or(-1));
    let links = site.db.count("ferry.link");
    assert_eq!(weeks.iter().filter_map(all).sum::<i64>(), links, "{weeks:?}");
    assert_eq!(weeks.len(), 9, "{weeks:?}");

    let runs = table(&document, "All runs, the newest first");
    assert_eq!(
        runs.iter().map(|run| run[3].as_str()).collect::<Vec<_>>(),
        ["interrupted", "finished", "finished"]
    );
    assert_eq!(runs[1][5], "1 min 15 s");
    let words = whole_text(&document);
    for wanted in [
        "CALL ferry.import('shop', 'insert'); goes on with it",
        "and mend that. CALL ferry.import('shop', 'retry');",
        "Enable it first: UPDATE ferry.source SET enabled = true WHERE name = 'portal'; then CALL ferry.import('portal', dry_run => true);",
        "1 user of source forum may be somebody who is here already",
        "Dashed: at the pace of the last 24 hours",
    ] {
        assert!(words.contains(wanted), "{wanted} is not in {words}");
    }
}

#[test]
fn the_assessment_page_shows_what_assess_says() {
    need_extension!("pg_ferry");
    let site = migration();
    let document = parsed(&page(&site, "assessment_page('shop')"));
    let formats = table(&document, "Formats");
    let counted = "SELECT item, rows FROM ferry.assess('shop') WHERE topic = 'hash'";
    let truth = site.db.rows(counted, &[]);
    let truth: Vec<(String, String)> = truth.iter().map(|row| (row.get(0), thousands(row.get(1)))).collect();
    let told: Vec<(String, String)> = formats.iter().map(|row| (row[0].clone(), row[3].clone())).collect();
    assert_eq!(told, truth);
    let strength =
        |format: &str| formats.iter().find(|row| row[0].starts_with(format)).map(|row| row[1].as_str());
    assert_eq!(strength("bcrypt cost=10"), Some("strong"));
    assert_eq!(strength("no hash"), Some("no password"));
    assert_eq!(strength("ambiguous: "), Some("cannot be verified"));
    assert_eq!(strength("malformed"), Some("cannot be verified"));
    let obstacles = table(&document, "What stands in the way of users");
    let rule = obstacles.iter().find(|row| row[0] == "rule").expect("the rule is told");
    assert_eq!((&rule[1][..], &rule[3][..]), ("paid (reject) DUE Has a bill to pay.", "6"));
    assert_eq!(rule.len(), 4, "legacy keys are shown unasked: {rule:?}");

    let part = whole_text(&parsed(&page(&site, "assessment_page('shop', 10)")));
    assert!(part.contains("No more than the first 10 rows"), "{part}");
    let with_keys = parsed(&page(&site, "assessment_page('shop', with_keys => true)"));
    assert_eq!(table(&with_keys, "What stands in the way of users")[0].len(), 5);
}

#[test]
fn a_cost_of_its_own_in_each_row_makes_no_hash_unverifiable() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.configure_source("shop", "format = NULL");
    crate::assess::add_many_kinds(&site);
    let document = parsed(&page(&site, "assessment_page('shop')"));
    let formats = table(&document, "Formats");
    let further: Vec<_> = formats.iter().filter(|row| row[0].contains("further")).collect();
    assert_eq!(further.len(), 3, "{further:?}");
    let strengths: BTreeSet<&str> = formats.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(strengths, BTreeSet::from([further[0][1].as_str(), "no password", "cannot be verified"]));
    let obstacles = table(&document, "What stands in the way of users");
    let told: Vec<&str> = obstacles.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(told, ["2", "1"], "{obstacles:?}");
}

#[test]
fn the_cutover_page_shows_what_cutover_says() {
    need_extension!("pg_ferry");
    let site = migration();
    let document = parsed(&page(&site, "cutover_page('shop')"));
    let told = |caption: &str, number: usize| -> Vec<(String, String)> {
        table(&document, caption).iter().map(|row| (row[0].clone(), row[number].clone())).collect()
    };
    let truth = |topic: &str| -> Vec<(String, String)> {
        let query = "SELECT concat_ws(' ', item, hint), users FROM ferry.cutover('shop') WHERE topic = $1";
        site.db.rows(query, &[&topic]).iter().map(|row| (row.get(0), thousands(row.get(1)))).collect()
    };
    assert_eq!(told("Users who are left, by when they were last seen", 2), truth("left"));
    // The sum stands under its parts, and those who are no part of it under that.
    let mut counts = truth("count");
    let gone = counts.pop().expect("links without a legacy row");
    assert!(gone.0.starts_with("moved, and gone from the source since"), "{gone:?}");
    counts.rotate_left(1);
    counts.push(gone);
    assert_eq!(told("They add up", 1), counts);
    let words = whole_text(&document);
    assert!(words.contains("Not yet 300 of 300 users would be shut out."), "{words}");
    assert!(words.contains("Their value 45,172,575"), "{words}");
    site.db.sql("UPDATE legacy.customers SET revenue = revenue * 100");
    let words = whole_text(&parsed(&page(&site, "cutover_page('shop')")));
    assert!(words.contains("Their value 4,517 million by"), "{words}");

    site.db.rows("SELECT ferry.retire_source('shop', 'rejected', '<b>Closed</b>', force => true)", &[]);
    let retired = whole_text(&parsed(&page(&site, "cutover_page('shop')")));
    assert!(
        retired.contains("Retired on ") && retired.contains("ferry.reinstate_source('shop')"),
        "{retired}"
    );
    let progress = whole_text(&parsed(&page(&site, "progress_page()")));
    assert!(progress.contains("shop (retired)"), "{progress}");
    assert!(
        retired.contains("Logins of those left behind are rejected, and are told: <b>Closed</b>"),
        "{retired}"
    );
}

/// A source and everything that can be named, named as badly as can be.
fn hostile() -> Site {
    let site = Site::shop();
    let name = format!("{HOSTILE}{UNSEEN}");
    let long = "x".repeat(3000);
    site.db.rows("UPDATE ferry.source SET name = $1", &[&name]);
    site.db.rows(
        "INSERT INTO ferry.rule (source, name, expression, code, message) VALUES ($1, $2, 'false', $2, $2)",
        &[&name, &format!("{name}{long}")],
    );
    let reject = "INSERT INTO ferry.import_reject (run, source, legacy_key, reason, rule, code, message, constraint_name, sqlstate, detail)
                  SELECT id, source, 'k', $1, $1, $1, $1, $1, $1, '{}' FROM ferry.import_run";
    site.db.rows(
        "INSERT INTO ferry.import_run (source, target, operation, dry_run, parameters, state, message, source_total, total, started_by, started_at, called_at, pid)
         VALUES ($1, 'default', $1, false, '{}', 'stopped', $1, 2, 2, $1, now(), now(), 0)",
        &[&name],
    );
    site.db.rows(reject, &[&name]);
    let event = "INSERT INTO ferry.event (kind, outcome, source, login, \"session_user\") VALUES ('login', $1, $1, $1, $1)";
    site.db.rows(event, &[&name]);
    let owner = site.db.owner();
    site.db.sql(&format!(
        "ALTER TABLE legacy.customers ADD \"<b onclick=x>{UNSEEN}\" text; SET ROLE {owner}; RESET ROLE"
    ));
    site
}

/// A call with the name of the hostile source.
fn hostile_page(site: &Site, function: &str) -> String {
    site.db.one(&format!("SELECT ferry.{function}($1)"), &[&format!("{HOSTILE}{UNSEEN}")])
}

#[test]
fn hostile_texts_stay_texts() {
    need_extension!("pg_ferry");
    let site = hostile();
    let shown = format!("{HOSTILE}{SHOWN}");
    for html in [
        page(&site, "progress_page()"),
        hostile_page(&site, "assessment_page"),
        hostile_page(&site, "cutover_page"),
    ] {
        let document = parsed(&html);
        let words = whole_text(&document);
        assert!(words.contains(&shown), "{words}");
        assert!(words.matches(&shown).count() > 1, "{words}");
        for unseen in UNSEEN.chars() {
            assert!(!words.contains(unseen), "{unseen:?} is in the page as it is");
        }
    }
    let title = select(&parsed(&hostile_page(&site, "cutover_page")), "title")
        .iter()
        .map(|title| text(*title))
        .next();
    assert_eq!(title.unwrap_or_default(), format!("May source {shown} be switched off? - pg_ferry"));
}

#[test]
fn there_is_a_page_at_every_stage() {
    need_extension!("pg_ferry");
    let site = Site::new();
    let says = |wanted: &str| {
        let words = whole_text(&parsed(&page(&site, "progress_page()")));
        assert!(words.contains(wanted), "{wanted} is not in {words}");
    };
    says("There is no source yet");
    site.add_local_source("shop", "customers");
    says("Nobody has been moved yet.");
    says("The users of source shop were never counted.");
    crowd(&site, 3);
    site.configure_source("shop", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop', dry_run => true)");
    says("Nobody has been moved yet, 3 remain.");
    login(&mut site.app(), "user1@example.com", "password 1");
    says("33.3 % of the legacy users have been moved, 2 remain.");
    says("By logins at the pace of the last 7 days it takes 14 days.");
    site.db.sql("SELECT ferry.retire_source('shop')");
    says("Remaining 0 besides 2 left behind");
    site.db.sql("SELECT ferry.reinstate_source('shop')");
    site.db.sql("CALL ferry.import('shop')");
    says("Everybody has been moved.");
    says("Nobody remains.");
    says("SELECT * FROM ferry.cutover('shop');");
    let words = whole_text(&parsed(&page(&site, "assessment_page('shop')")));
    assert!(words.contains("Nobody of this source is left to be moved."), "{words}");
    let words = whole_text(&parsed(&page(&site, "cutover_page('shop')")));
    assert!(words.contains("Yes nobody needs it any more."), "{words}");
    site.db.sql("UPDATE ferry.link SET moved_at = now() - interval '200 days'");
    says("Nobody was moved since ");
    site.db.sql(
        "INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
         SELECT 'source ' || n, 'legacy.customers', 'id', '{email}', 'l.pwd' FROM generate_series(1, 30) n",
    );
    let document = parsed(&page(&site, "progress_page()"));
    assert_eq!(table(&document, "Legacy users by what became of them").len(), 32);
    assert_eq!(select(&document, "h3").len(), 31);
}

#[test]
fn nobody_is_named_and_no_secret_is_told() {
    need_extension!("pg_ferry");
    let site = migration();
    // A key stays what it is once there are links.
    site.db.sql("DELETE FROM ferry.link WHERE source = 'shop'");
    site.configure_source("shop", "key_column = 'email'");
    site.db.sql("CALL ferry.import('shop', max_rows => 60, resume => false)");
    login(&mut site.app(), "user299@example.com", "a wrong password");
    for call in ["progress_page()", "assessment_page('shop')", "cutover_page('shop')"] {
        let html = page(&site, call);
        for secret in ["@example.com", "$2y$", "$argon2", "$ferry$", "password 1", "a wrong password"] {
            assert!(!html.contains(secret), "{secret} is in {call}");
        }
    }
    let asked = page(&site, "assessment_page('shop', with_keys => true)");
    assert!(asked.contains("@example.com"), "the keys that were asked for are not shown");
}

#[test]
fn nobody_is_worth_anything_where_no_column_says_so() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    let told = |html: &str| ["Their value", ", worth", "000,000,000"].iter().any(|word| html.contains(word));
    assert!(!told(&page(&site, "cutover_page('shop')")));
    site.configure_source("shop", "value = '9e307'");
    assert!(told(&page(&site, "cutover_page('shop')")), "a value is told where there is one");
}

#[test]
fn pages_are_for_admins_and_an_unknown_source_is_an_error() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    let admin = site.db.role("admin");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let (mut admin, mut app) = (site.db.client_as(&admin), site.app());
    for function in ["progress_page()", "assessment_page('shop')", "cutover_page('shop')"] {
        let sql = format!("SELECT ferry.{function}");
        let error = app.query(&sql, &[]).expect_err("the application may not");
        assert_eq!(sqlstate(&error), "42501", "{function}");
        admin.query(&sql, &[]).unwrap_or_else(|error| panic!("{function}: {error:?}"));
    }
    for function in ["assessment_page", "cutover_page"] {
        for source in ["'nowhere'", "NULL"] {
            let error =
                admin.query(&format!("SELECT ferry.{function}({source})"), &[]).expect_err("no such source");
            assert_eq!(sqlstate(&error), "22023", "{function}({source}): {error:?}");
        }
    }
}

/// A page that frames others in several widths and writes down what it sees in them.
const LOOKER: &str = r#"<!DOCTYPE html><html><head><meta charset="utf-8"><title>Looker</title></head><body>FRAMES<pre id="seen"></pre><script>
const rgb = text => { const n = text.match(/[\d.]+/g).map(Number); return { c: n.slice(0, 3), a: n[3] ?? 1 }; };
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
function look(frame) {
    const view = frame.contentWindow, doc = frame.contentDocument, root = doc.documentElement;
    const style = element => view.getComputedStyle(element);
    const behind = element => { for (let e = element; e; e = e.parentElement) { const s = rgb(style(e).backgroundColor); if (s.a > 0) return s.c; } return [255, 255, 255]; };
    const faint = [], outside = [];
    let words = 0, shapes = 0;
    for (const element of doc.body.querySelectorAll('*')) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        const inPicture = element.ownerSVGElement;
        const isWord = own && !['title', 'desc'].includes(element.tagName);
        if (isWord) {
            words++;
            const ratio = contrast(rgb(style(element)[inPicture ? 'fill' : 'color']).c, behind(element));
            if (ratio < 4.5) faint.push([element.outerHTML.slice(0, 80), ratio]);
        }
        if (inPicture && ['rect', 'path'].includes(element.tagName) && !['day', 'track'].includes(element.getAttribute('class'))) {
            shapes++;
            const ratio = contrast(rgb(style(element).fill).c, behind(element));
            if (ratio < 3) faint.push([element.outerHTML.slice(0, 80), ratio]);
        }
        const box = element.getBoundingClientRect();
        if (box.width > 0 && box.right > root.clientWidth + 1 && !element.closest('.scroll')) outside.push(element.outerHTML.slice(0, 80));
    }
    return {
        page: frame.name, width: frame.width, room: root.clientWidth, needs: root.scrollWidth, words, shapes, faint, outside,
        loaded: view.performance.getEntriesByType('resource').length, background: style(doc.body).backgroundColor,
        bars: Math.max(0, ...[...doc.querySelectorAll('td.bar rect')].map(rect => rect.getBoundingClientRect().width)),
        text: doc.body.innerText,
    };
}
addEventListener('load', () => { document.getElementById('seen').textContent = JSON.stringify([...document.querySelectorAll('iframe')].map(look)); });
</script></body></html>"#;

/// What the looker has seen in each frame, and what the browser has logged.
fn look(browser: &Browser, flags: &[&str]) -> (Vec<Value>, String) {
    let (document, log) = browser.document("looker.html", flags);
    let seen = Html::parse_document(&document);
    let seen =
        select(&seen, "#seen").iter().map(|element| element.text().collect::<String>()).collect::<String>();
    let seen = serde_json::from_str(&seen).unwrap_or_else(|error| panic!("{error}: {document}\n{log}"));
    (seen, log)
}

fn looker(pages: &[&str]) -> String {
    let widths = ["360", "820", "1280"];
    let frame =
        |page: &str, width| format!("<iframe name={page} src={page} width={width} height=900></iframe>");
    let frames: String = pages.iter().flat_map(|page| widths.map(|width| frame(page, width))).collect();
    LOOKER.replace("FRAMES", &frames)
}

/// What the margin of a printed sheet is at least of its width: 15 mm of 216, but for what is rounded.
const MARGIN: f64 = 0.068;

/// Where the word ends that is furthest to the right on any sheet, as a part of the width, if there is a program that tells.
fn rightmost_word(pdf: &[u8]) -> Option<f64> {
    let mut program = Command::new("pdftotext");
    program.args(["-bbox", "-", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = program.spawn().ok()?;
    let mut input = program.stdin.take().expect("it is piped");
    let pdf = pdf.to_vec();
    let feeder = std::thread::spawn(move || input.write_all(&pdf));
    let output = program.wait_with_output().expect("pdftotext ends");
    feeder.join().unwrap().expect("pdftotext reads the pages");
    let told = Html::parse_document(&String::from_utf8_lossy(&output.stdout));
    let number =
        |element: &ElementRef<'_>, name| element.attr(name).and_then(|text| text.parse::<f64>().ok());
    let width = number(select(&told, "page").first()?, "width")?;
    let ends = select(&told, "word").iter().filter_map(|word| number(word, "xmax")).fold(0.0, f64::max);
    assert!(ends > 0.0, "there is no word");
    Some(ends / width)
}

#[test]
fn pages_can_be_read_in_a_browser() {
    need_extension!("pg_ferry");
    if target().server() != &Server::oldest() {
        skip!("a browser is started for the first major only");
    }
    if !Browser::is_here() {
        skip!("there is no Chromium here");
    }
    let (site, hostile) = (migration(), hostile());
    let progress = page(&site, "progress_page()");
    let pages = [
        ("progress.html", progress.clone()),
        ("assessment.html", page(&site, "assessment_page('shop', with_keys => true)")),
        ("cutover.html", page(&site, "cutover_page('shop')")),
        ("hostile.html", page(&hostile, "progress_page()")),
        ("hostile_cutover.html", hostile_page(&hostile, "cutover_page")),
    ];
    let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    let outsider = "<p style='color: red'>x</p><img src='http://example.com/x.png' alt=''><script>document.title = 'run'</script></main>";
    let extra = [("looker.html", looker(&names)), ("control.html", progress.replace("</main>", outsider))];
    let files: Vec<(&str, &str)> =
        pages.iter().chain(&extra).map(|(name, html)| (*name, html.as_str())).collect();
    let browser = Browser::with_pages(&files);

    let (light, log) = look(&browser, &["--blink-settings=preferredColorScheme=1"]);
    assert!(!log.contains("CONSOLE"), "the console was told something:\n{log}");
    let (dark, _) = look(&browser, &["--blink-settings=preferredColorScheme=0"]);
    assert_eq!((light.len(), dark.len()), (3 * names.len(), 3 * names.len()));
    for seen in light.iter().chain(&dark) {
        let what = format!("{} at {} on {}", seen["page"], seen["width"], seen["background"]);
        assert_eq!(seen["needs"], seen["room"], "{what}: wider than the screen");
        assert_eq!(seen["outside"], Value::Array(Vec::new()), "{what}: sticks out");
        assert_eq!(seen["faint"], Value::Array(Vec::new()), "{what}: too faint");
        assert_eq!(seen["loaded"], 0, "{what}: loaded something");
        assert!(seen["words"].as_i64() > Some(30) && seen["shapes"].as_i64() > Some(0), "{what}: {seen}");
        assert!(seen["bars"].as_f64() > Some(40.0), "{what}: bars are not drawn");
    }
    let told = light[0]["text"].as_str().unwrap_or_default();
    for figure in ["1,234,567", "5,000", "1,207"] {
        assert!(told.contains(figure), "{figure} is not in {told}");
    }
    assert_eq!(light[0]["background"], "rgb(255, 255, 255)");
    assert_ne!(dark[0]["background"], light[0]["background"]);

    // The policy holds for what somebody has slipped in, and the browser would have told of it above.
    let (control, log) = browser.document("control.html", &[]);
    assert!(log.contains("Content Security Policy") && !control.contains("<title>run"), "{log}");

    let pdf = browser.pdf("progress.html");
    let count = |wanted: &[u8]| pdf.windows(wanted.len()).filter(|bytes| *bytes == wanted).count();
    let sheets = count(b"/Type /Page") - count(b"/Type /Pages");
    assert!((3..=12).contains(&sheets), "it is printed on {sheets} sheets");
    if let Some(right) = rightmost_word(&pdf) {
        assert!(right <= 1.0 - MARGIN, "a word ends at {right} of the width of a sheet");
    }
}

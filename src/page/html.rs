//! The frame of a page, its tables, and how figures are written.

use base64::prelude::{BASE64_STANDARD, Engine};
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// When and where the figures were gathered.
#[derive(Deserialize)]
pub(super) struct Origin {
    made_at: Moment,
    time_zone: String,
    database: String,
    cluster: Option<String>,
    made_by: String,
    server_version: String,
    version: String,
}

pub(super) struct Page<'a> {
    /// What it is about, in one line.
    pub(super) title: String,
    /// The same as a heading.
    pub(super) heading: Markup,
    pub(super) origin: &'a Origin,
    pub(super) body: Markup,
}

impl Page<'_> {
    pub(super) fn to_html(&self) -> String {
        ascii(&self.markup().into_string())
    }

    fn markup(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) " - pg_ferry" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.heading) }
                        (self.origin)
                    }
                    main { (self.body) }
                    footer { p { "Made by pg_ferry. The figures are those of one moment; the page loads nothing." } }
                }
            }
        }
    }
}

impl Render for Origin {
    fn render(&self) -> Markup {
        html! {
            p.origin {
                "Database " b { bdi { (self.database) } }
                @if let Some(cluster) = &self.cluster { " of cluster " b { bdi { (cluster) } } }
                ", at " b { (self.made_at) } " (" bdi { (self.time_zone) } "), by " bdi { (self.made_by) }
                ", PostgreSQL " (self.server_version) ", pg_ferry " (self.version)
            }
        }
    }
}

/// Nothing is loaded and nothing runs; the one style sheet is known by its digest, so that no other can slip in.
fn policy() -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

/// The page in ASCII alone, whatever the encoding of the database, the client or the file. Characters that HTML forbids,
/// that cannot be seen, or that turn the order of what is around them, are shown by their number.
fn ascii(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for character in page.chars() {
        match character {
            '\n' | ' '..='~' => text.push(character),
            '\t' | '\r' => text.push(' '),
            _ if is_shown_by_number(character) => text.push_str(&format!("[U+{:04X}]", u32::from(character))),
            _ => text.push_str(&format!("&#{};", u32::from(character))),
        }
    }
    text
}

fn is_shown_by_number(character: char) -> bool {
    let is_noncharacter =
        u32::from(character) & 0xFFFE == 0xFFFE || ('\u{FDD0}'..='\u{FDEF}').contains(&character);
    let turns_order = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}');
    let is_invisible = matches!(
        character,
        '\u{180E}' | '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
    );
    character.is_control() || is_noncharacter || turns_order || is_invisible
}

/// A part of a page with a heading.
pub(super) fn section(heading: &str, body: &Markup) -> Markup {
    html! { section { h2 { (heading) } (body) } }
}

/// One of the figures that a page begins with.
pub(super) fn card(name: &str, figure: &Markup, note: &Markup) -> Markup {
    html! { div.card { dt { (name) } dd.figure { (figure) } dd.note { (note) } } }
}

pub(super) fn cards(cards: &[Markup]) -> Markup {
    html! { dl.cards { @for card in cards { (card) } } }
}

/// The head of a column.
#[derive(Clone, Copy)]
pub(super) enum Head {
    Text(&'static str),
    Number(&'static str),
    /// Of sentences.
    Long(&'static str),
    /// Of bars that show a number which is told beside them.
    Bar,
}

impl Render for Head {
    fn render(&self) -> Markup {
        match self {
            Head::Text(name) => html! { th scope="col" { (name) } },
            Head::Number(name) => html! { th.n scope="col" { (name) } },
            Head::Long(name) => html! { th.long scope="col" { (name) } },
            Head::Bar => html! { td.bar {} },
        }
    }
}

/// A table; `rows` are `tr`s. On a narrow screen it moves under the finger by itself, and not the whole page.
pub(super) fn table(caption: &str, heads: &[Head], rows: &[Markup]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for head in heads { (head) } } }
                tbody { @for row in rows { (row) } }
            }
        }
    }
}

/// How much something matters, said and not only coloured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Error,
    Warning,
    ToDo,
    Good,
}

impl Weight {
    pub(super) fn badge(self, words: &str) -> Markup {
        let class = match self {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::ToDo => "todo",
            Weight::Good => "good",
        };
        html! { strong.badge.(class) { (words) } }
    }

    fn words(self) -> &'static str {
        match self {
            Weight::Error => "Error",
            Weight::Warning => "Warning",
            Weight::ToDo => "To do",
            Weight::Good => "Good",
        }
    }
}

/// Something to do, or to know.
pub(super) struct Step {
    pub(super) weight: Weight,
    pub(super) what: Markup,
    pub(super) how: Option<String>,
}

impl Step {
    pub(super) fn to_do(what: Markup, how: Option<String>) -> Step {
        Step { weight: Weight::ToDo, what, how }
    }

    pub(super) fn good(what: Markup, how: Option<String>) -> Step {
        Step { weight: Weight::Good, what, how }
    }
}

/// What is to be done, what matters most first.
pub(super) fn steps(mut steps: Vec<Step>) -> Markup {
    steps.sort_by_key(|step| step.weight);
    html! {
        ol.steps {
            @for step in &steps {
                li {
                    (step.weight.badge(step.weight.words())) " " (step.what)
                    @if let Some(how) = &step.how { p.hint { bdi { (how) } } }
                }
            }
        }
    }
}

/// A finding of `ferry.check_config`.
#[derive(Deserialize)]
pub(super) struct Finding {
    object: String,
    is_error: bool,
    problem: String,
    hint: Option<String>,
}

/// The findings, each told once whatever number of objects it is about.
pub(super) fn findings(findings: &[Finding]) -> Vec<Step> {
    let mut told: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in findings {
        let is_same = |(other, _): &&mut (&Finding, Vec<&str>)| {
            (&other.problem, &other.hint, other.is_error)
                == (&finding.problem, &finding.hint, finding.is_error)
        };
        match told.iter_mut().find(is_same) {
            Some((_, objects)) => objects.push(&finding.object),
            None => told.push((finding, vec![&finding.object])),
        }
    }
    told.iter().map(|(finding, objects)| finding.step(objects)).collect()
}

impl Finding {
    fn step(&self, objects: &[&str]) -> Step {
        Step {
            weight: if self.is_error { Weight::Error } else { Weight::Warning },
            what: html! {
                @for (number, object) in objects.iter().enumerate() {
                    @if number > 0 { ", " }
                    bdi { (object) }
                }
                ": " bdi { (self.problem) }
            },
            how: self.hint.clone(),
        }
    }
}

/// A time as SQL writes it, `2026-11-22 08:13 +01:00`.
#[derive(Deserialize, Clone)]
pub(super) struct Moment(String);

impl Moment {
    pub(super) fn date(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }
}

impl Render for Moment {
    fn render(&self) -> Markup {
        let (time, zone) = self.0.rsplit_once(' ').unwrap_or((&self.0, ""));
        // The machine's form has no blank before the zone.
        html! { time datetime=(format!("{time}{zone}")) { span.when { (time) } " " (zone) } }
    }
}

/// A number with its thousands set apart.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) i64);

impl Render for Count {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(&count(self.0));
    }
}

pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 user`, `2 users`.
pub(super) fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A sum that need not be whole.
pub(super) fn amount(number: f64) -> String {
    let (whole, cents) =
        ((number.abs() * 100.0).round() as i64 / 100, (number.abs() * 100.0).round() as i64 % 100);
    let sign = if number < 0.0 { "-" } else { "" };
    if cents == 0 { format!("{sign}{}", count(whole)) } else { format!("{sign}{}.{cents:02}", count(whole)) }
}

/// A part as a percentage that says 0 % or 100 % only where nothing or all is meant.
pub(super) fn share(part: i64, whole: i64) -> String {
    let percent = 100.0 * part as f64 / whole as f64;
    match percent {
        _ if whole <= 0 => "-".to_string(),
        _ if part <= 0 => "0 %".to_string(),
        _ if part < whole && percent >= 99.95 => "over 99.9 %".to_string(),
        _ if percent < 0.1 => "under 0.1 %".to_string(),
        _ if part == whole => "100 %".to_string(),
        _ => format!("{percent:.1} %"),
    }
}

/// A duration in the two units that say it best.
pub(super) fn duration(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86400), ("h", 3600), ("min", 60), ("s", 1)];
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds.max(0.0) * 1000.0);
    }
    let whole = seconds.round() as u64;
    let first = UNITS.iter().position(|(_, size)| whole >= *size).unwrap_or(UNITS.len() - 1);
    let (unit, size) = UNITS[first];
    let rest = UNITS.get(first + 1).map(|(unit, size_of_next)| (unit, whole % size / size_of_next));
    match rest {
        Some((next, number)) if number > 0 => {
            format!("{} {unit} {number} {next}", count((whole / size) as i64))
        }
        _ => format!("{} {unit}", count((whole / size) as i64)),
    }
}

/// A text as SQL quotes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

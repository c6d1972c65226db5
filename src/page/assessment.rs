//! What is in a source, and what would become of it.

use super::chart::{self, Part};
use super::html::{
    self, Count, Finding, Head, Origin, Page, Step, card, cards, count, counted, duration, section, share,
    table,
};
use crate::census::Opens;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Figures {
    origin: Origin,
    source: String,
    target: Option<String>,
    max_rows: Option<i64>,
    lines: Vec<Line>,
    findings: Vec<Finding>,
}

/// A line of `ferry.assess`.
#[derive(Deserialize)]
struct Line {
    topic: String,
    item: String,
    rows: Option<i64>,
    /// A legacy key, where the caller wants them to be shown.
    sample: Option<String>,
    detail: Option<Value>,
    hint: Option<String>,
}

impl Line {
    fn rows(&self) -> i64 {
        self.rows.unwrap_or(0)
    }

    fn detail(&self, name: &str) -> Option<&Value> {
        self.detail.as_ref().and_then(|detail| detail.get(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.detail(name).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.detail(name).and_then(Value::as_f64)
    }

    /// Of a hash: whether a password could be right.
    fn opens(&self) -> Option<Opens> {
        self.detail("opens").and_then(|opens| Opens::deserialize(opens).ok())
    }

    /// Whether it keeps users out, or changes what becomes of them.
    fn is_obstacle(&self) -> bool {
        match self.topic.as_str() {
            "hash" => self.opens().is_some_and(|opens| opens != Opens::Yes),
            "row" => self.hint.is_some(),
            "login" | "rule" | "value" | "constraint" => self.rows.is_some(),
            _ => false,
        }
    }

    /// Whether it concerns no row in particular.
    fn is_remark(&self) -> bool {
        match self.topic.as_str() {
            "column" => true,
            "login" | "rule" | "constraint" => self.rows.is_none(),
            _ => false,
        }
    }
}

impl Figures {
    fn of<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.topic == topic)
    }

    fn rows(&self, topic: &str, item: &str) -> i64 {
        self.of(topic).filter(|line| line.item == item).map(Line::rows).sum()
    }

    /// Those that concern most users first.
    fn obstacles(&self) -> Vec<&Line> {
        let mut found: Vec<&Line> = self.lines.iter().filter(|line| line.is_obstacle()).collect();
        found.sort_by_key(|line| -line.rows());
        found
    }
}

pub(super) fn page(figures: &Figures) -> String {
    let page = Page {
        title: format!("Assessment of source {}", figures.source),
        heading: html! { "Assessment of source " bdi { (figures.source) } },
        origin: &figures.origin,
        body: body(figures),
    };
    page.to_html()
}

fn body(figures: &Figures) -> Markup {
    let obstacles = figures.obstacles();
    html! {
        (summary(figures, &obstacles))
        (section("Password hashes", &hashes(figures)))
        (section("What to do next", &html! { (next(figures, &obstacles)) (obstacle_table(&obstacles)) }))
        (section("Also to know", &also(figures)))
    }
}

fn summary(figures: &Figures, obstacles: &[&Line]) -> Markup {
    let (read, left) = (figures.rows("row", "read"), figures.rows("row", "still to be moved"));
    let (moved, forgotten) = (figures.rows("row", "moved already"), figures.rows("row", "forgotten"));
    let can_open = figures.of("hash").filter(|line| line.opens() == Some(Opens::Yes));
    let opened: i64 = can_open.map(Line::rows).sum();
    html! {
        p.lead {
            @if read == 0 { "There is nobody in this source." }
            @else if left == 0 { "Nobody of this source is left to be moved." }
            @else if obstacles.is_empty() { "Nothing stands in the way of " (counted(left, "user", "users")) "." }
            @else {
                (share(opened, left)) " of those to be moved have a password that can be verified; "
                (counted(obstacles.len() as i64, "thing stands", "things stand")) " in the way of some."
            }
        }
        p.note {
            @if let Some(target) = &figures.target { "They are to be moved into target " bdi { (target) } ". " }
            @if let Some(limit) = figures.max_rows {
                "No more than the first " (counted(limit, "row", "rows")) " of the source were read."
            }
        }
        (cards(&[
            card("Rows read", &html! { (Count(read)) }, &html! { "of the source" }),
            card("Moved already", &html! { (Count(moved)) },
                &html! { @if forgotten > 0 { "and " (count(forgotten)) " forgotten" } @else { "by login or import" } }),
            card("To be moved", &html! { (Count(left)) }, &html! { (share(left, read)) " of those read" }),
            card("Can log in", &html! { (Count(opened)) }, &html! { "their password can be verified" }),
            estimate(figures),
        ]))
    }
}

fn estimate(figures: &Figures) -> Markup {
    let line = figures.of("estimate").find(|line| line.number("seconds_at_most").is_some());
    let seconds = |name: &str| line.and_then(|line| line.number(name)).map_or("-".to_string(), duration);
    let rows = line.map_or(0, Line::rows);
    let note =
        html! { "at most, for " (counted(rows, "row", "rows")) "; at least " (seconds("seconds_at_least")) };
    card("Time to import", &html! { (seconds("seconds_at_most")) }, &note)
}

/// What a hash is worth, in the order of the pictures: for programs, what it looks like, for people.
const STRENGTHS: [(&str, &str, &str); 7] = [
    ("strong", "fill-strong", "strong"),
    ("acceptable", "fill-acceptable", "acceptable"),
    ("weak", "fill-weak", "weak"),
    ("recipe", "way-3", "home-made"),
    ("none", "fill-rest", "no password"),
    ("unverifiable", "fill-bad", "cannot be verified"),
    ("unknown", "fill-unknown", "not known"),
];

fn strength(line: &Line) -> (&'static str, &'static str, &'static str) {
    let key = match line.opens() {
        Some(Opens::Yes) => line.text("strength").unwrap_or("recipe"),
        Some(Opens::Never) => "none",
        Some(Opens::NotYet) => "unverifiable",
        None => "unknown",
    };
    STRENGTHS.into_iter().find(|(name, ..)| *name == key).unwrap_or(STRENGTHS[6])
}

fn hashes(figures: &Figures) -> Markup {
    let lines: Vec<&Line> = figures.of("hash").collect();
    if lines.is_empty() {
        return html! { p { "There are none: nobody is to be moved." } };
    }
    let of_strength =
        |key| lines.iter().filter(move |line| strength(line).0 == key).map(|line| line.rows()).sum();
    let parts = STRENGTHS.map(|(key, class, name)| Part { class, name, count: of_strength(key) });
    let most = lines.iter().map(|line| line.rows()).max().unwrap_or(0);
    let sum: i64 = parts.iter().map(|part| part.count).sum();
    let rows: Vec<Markup> = lines.iter().map(|line| hash_row(line, most, sum)).collect();
    let heads = [
        Head::Long("Format"),
        Head::Text("Strength"),
        Head::Bar,
        Head::Number("Users"),
        Head::Number("Share"),
    ];
    let policy = figures.of("estimate").find_map(|line| line.text("policy"));
    html! {
        (chart::whole("hashes", "Users to be moved, by what their password hash is worth", &parts))
        (table("Formats", &heads, &rows))
        p.hint {
            "How a format stands today is in ferry.hash_format. Whatever it is, at the first login it becomes a hash \
             of the target's policy"
            @if let Some(policy) = policy { ", " code { (policy) } }
            "."
        }
    }
}

fn hash_row(line: &Line, most: i64, sum: i64) -> Markup {
    let (_, class, name) = strength(line);
    html! {
        tr {
            th scope="row" { bdi { (line.item) } }
            td { (name) }
            td.bar { (chart::bar(class, line.rows(), most)) }
            td.n { (Count(line.rows())) }
            td.n { (share(line.rows(), sum)) }
        }
    }
}

/// What the config and the catalogues lack.
fn next(figures: &Figures, obstacles: &[&Line]) -> Markup {
    let mut steps = html::findings(&figures.findings);
    if steps.is_empty() && obstacles.is_empty() {
        steps.push(Step::good(html! { "Nothing was found that stands in the way." }, None));
    }
    html! { @if !steps.is_empty() { (html::steps(steps)) } }
}

fn obstacle_table(obstacles: &[&Line]) -> Markup {
    if obstacles.is_empty() {
        return html! {};
    }
    let most = obstacles.iter().map(|line| line.rows()).max().unwrap_or(0);
    let has_keys = obstacles.iter().any(|line| line.sample.is_some());
    let rows: Vec<Markup> = obstacles.iter().map(|line| obstacle_row(line, most, has_keys)).collect();
    let key = has_keys.then_some(Head::Text("One of them"));
    let heads = [Head::Text("About"), Head::Long("What, and what to do"), Head::Bar, Head::Number("Users")];
    let heads: Vec<Head> = heads.into_iter().chain(key).collect();
    html! {
        (table("What stands in the way of users", &heads, &rows))
        p.hint { "A user may be counted in several lines." }
    }
}

fn obstacle_row(line: &Line, most: i64, has_keys: bool) -> Markup {
    let class = if line.topic == "hash" { strength(line).1 } else { "fill-bad" };
    let words = [line.text("code"), line.text("message"), line.hint.as_deref()];
    html! {
        tr {
            th scope="row" { (line.topic) }
            td { bdi { (line.item) } @for words in words.into_iter().flatten() { p.hint { bdi { (words) } } } }
            td.bar { (chart::bar(class, line.rows(), most)) }
            td.n { (Count(line.rows())) }
            @if has_keys { td { @if let Some(sample) = &line.sample { bdi { (sample) } } } }
        }
    }
}

fn also(figures: &Figures) -> Markup {
    let row = |line: &Line| {
        html! {
            tr {
                th scope="row" { (line.topic) }
                td { bdi { (line.item) } @if let Some(hint) = &line.hint { p.hint { bdi { (hint) } } } }
            }
        }
    };
    let rows: Vec<Markup> = figures.lines.iter().filter(|line| line.is_remark()).map(row).collect();
    let hashing = figures.of("estimate").find_map(|line| line.number("measured_ms"));
    html! {
        @if !rows.is_empty() {
            (table("About no user in particular", &[Head::Text("About"), Head::Long("What")], &rows))
        }
        @if let Some(milliseconds) = hashing {
            p { "The new hash takes " (duration(milliseconds / 1000.0)) " of one processor at each first login." }
        }
        p { "Nothing was written to make this page." }
    }
}

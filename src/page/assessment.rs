//! What is in a source, and what would become of it.

use super::chart::{self, Part};
use super::html::{
    self, Count, Finding, Head, Origin, Page, Step, Weight, card, counted, duration, section, share, table,
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
}

impl Figures {
    fn of<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.topic == topic)
    }

    fn rows(&self, topic: &str, item: &str) -> i64 {
        self.of(topic).filter(|line| line.item == item).map(Line::rows).sum()
    }

    /// What keeps users out, or changes what becomes of them.
    fn obstacles(&self) -> Vec<&Line> {
        let is_obstacle = |line: &&Line| match line.topic.as_str() {
            "hash" => line.opens() != Some(Opens::Yes),
            "row" => line.hint.is_some(),
            topic => matches!(topic, "login" | "rule" | "value" | "constraint") && line.rows.is_some(),
        };
        let mut found: Vec<&Line> = self.lines.iter().filter(is_obstacle).collect();
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
        (section("What to do next", &html::steps(next(figures, &obstacles))))
        (section("Password hashes", &hashes(figures)))
        (section("What stands in the way", &obstacle_table(&obstacles)))
        (section("Also to know", &also(figures)))
    }
}

fn summary(figures: &Figures, obstacles: &[&Line]) -> Markup {
    let (read, left) = (figures.rows("row", "read"), figures.rows("row", "still to be moved"));
    let moved = figures.rows("row", "moved already");
    let opened: i64 =
        figures.of("hash").filter(|line| line.opens() == Some(Opens::Yes)).map(Line::rows).sum();
    html! {
        p.lead {
            @if read == 0 { "There is nobody in this source." }
            @else if left == 0 { "Nobody of this source is left to be moved." }
            @else if obstacles.is_empty() { "Nothing stands in the way of " (counted(left, "user", "users")) "." }
            @else { (share(opened, left)) " of the users who are left have a password that can be verified. " (counted(obstacles.len() as i64, "thing stands", "things stand")) " in the way of some." }
        }
        @if let Some(limit) = figures.max_rows { p { "Only the first " (counted(limit, "row was", "rows were")) " to be read." } }
        @if let Some(target) = &figures.target { p.note { "To be moved into target " bdi { (target) } "." } }
        (html::cards(&[
            card("Rows read", &html! { (Count(read)) }, &html! { "of the source" }),
            card("To be moved", &html! { (Count(left)) }, &html! { (share(left, read)) " of them" }),
            card("Moved already", &html! { (Count(moved)) }, &html! { (Count(figures.rows("row", "forgotten"))) " more are forgotten" }),
            card("Can log in", &html! { (Count(opened)) }, &html! { "have a password that can be verified" }),
            (estimate(figures)),
        ]))
    }
}

fn estimate(figures: &Figures) -> Markup {
    let line = figures.of("estimate").find(|line| line.number("seconds_at_most").is_some());
    let seconds = |name: &str| line.and_then(|line| line.number(name)).map_or("-".to_string(), duration);
    let rows = line.map_or(0, Line::rows);
    card(
        "Time to import",
        &html! { (seconds("seconds_at_most")) },
        &html! { "for " (counted(rows, "row", "rows")) ", at least " (seconds("seconds_at_least")) },
    )
}

/// What a hash is worth, in the order of the pictures.
const STRENGTHS: [(&str, &str, &str); 6] = [
    ("strong", "fill-strong", "strong"),
    ("acceptable", "fill-acceptable", "acceptable"),
    ("weak", "fill-weak", "weak"),
    ("recipe", "way-3", "home-made"),
    ("none", "fill-rest", "no password"),
    ("unverifiable", "fill-bad", "cannot be verified"),
];

fn strength(line: &Line) -> (&'static str, &'static str, &'static str) {
    let key = match line.opens() {
        Some(Opens::Yes) => line.text("strength").unwrap_or("recipe"),
        Some(Opens::Never) => "none",
        _ => "unverifiable",
    };
    STRENGTHS.into_iter().find(|(name, ..)| *name == key).unwrap_or(STRENGTHS[5])
}

fn hashes(figures: &Figures) -> Markup {
    let lines: Vec<&Line> = figures.of("hash").collect();
    if lines.is_empty() {
        return html! { p { "There is none to look at." } };
    }
    let all = STRENGTHS.map(|(key, class, name)| Part {
        class,
        name,
        count: lines.iter().filter(|line| strength(line).0 == key).map(|line| line.rows()).sum(),
    });
    let most = lines.iter().map(|line| line.rows()).max().unwrap_or(0);
    let sum: i64 = all.iter().map(|part| part.count).sum();
    let rows: Vec<Markup> = lines.iter().map(|line| hash_row(line, most, sum)).collect();
    let heads = [
        Head::Text("Format"),
        Head::Text("Strength"),
        Head::Bar,
        Head::Number("Users"),
        Head::Number("Share"),
    ];
    html! {
        (chart::whole("hashes", "Users to be moved, by what their password hash is worth", &all))
        (table("Formats", &heads, &rows))
        p.hint {
            "Strong, acceptable and weak say how a format stands today; see ferry.hash_format. Whatever it is, it becomes a hash of the target's policy at the first login"
            @if let Some(policy) = figures.lines.iter().find_map(|line| line.text("policy")) { " (" code { (policy) } ")" }
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

fn obstacle_table(obstacles: &[&Line]) -> Markup {
    if obstacles.is_empty() {
        return html! { p { "Nothing was found." } };
    }
    let most = obstacles.iter().map(|line| line.rows()).max().unwrap_or(0);
    let has_keys = obstacles.iter().any(|line| line.sample.is_some());
    let rows: Vec<Markup> = obstacles.iter().map(|line| obstacle_row(line, most, has_keys)).collect();
    let keys = has_keys.then_some(Head::Text("One of them"));
    let heads = [Head::Text("About"), Head::Text("What"), Head::Bar, Head::Number("Users")];
    let heads: Vec<Head> = heads.into_iter().chain(keys).collect();
    html! {
        (table("By what it is about, those that concern most users first; a user may be counted more than once", &heads, &rows))
    }
}

fn obstacle_row(line: &Line, most: i64, has_keys: bool) -> Markup {
    let class = if line.topic == "hash" { strength(line).1 } else { "fill-bad" };
    html! {
        tr {
            th scope="row" { (line.topic) }
            td {
                bdi { (line.item) }
                @for name in ["message", "code"] { @if let Some(text) = line.text(name) { p.hint { bdi { (text) } } } }
                @if let Some(hint) = &line.hint { p.hint { bdi { (hint) } } }
            }
            td.bar { (chart::bar(class, line.rows(), most)) }
            td.n { (Count(line.rows())) }
            @if has_keys { td { @if let Some(sample) = &line.sample { bdi { (sample) } } } }
        }
    }
}

/// What concerns no row in particular.
fn also(figures: &Figures) -> Markup {
    let unsaid = |line: &&Line| match line.topic.as_str() {
        "column" => true,
        "login" | "rule" | "constraint" => line.rows.is_none(),
        _ => false,
    };
    let lines: Vec<&Line> = figures.lines.iter().filter(unsaid).collect();
    let hashing = figures.of("estimate").find_map(|line| line.number("measured_ms"));
    html! {
        @if !lines.is_empty() {
            (table("Columns, and what only a login can tell", &[Head::Text("About"), Head::Text("What")], &lines.iter().map(|line| html! {
                tr { th scope="row" { (line.topic) } td { bdi { (line.item) } @if let Some(hint) = &line.hint { p.hint { bdi { (hint) } } } } }
            }).collect::<Vec<_>>()))
        }
        @if let Some(milliseconds) = hashing { p { "The new hash takes " (duration(milliseconds / 1000.0)) " of one processor at each first login." } }
        p.note { "Nothing was written. Nobody is named here" @if figures.lines.iter().any(|line| line.sample.is_some()) { " but by legacy keys, as was asked" } "." }
    }
}

/// How many of the obstacles are told again as something to do.
const MOST_STEPS: usize = 7;

fn next(figures: &Figures, obstacles: &[&Line]) -> Vec<Step> {
    let of_index = figures.of("index").map(|line| Step {
        weight: Weight::Warning,
        what: html! { bdi { (line.text("object").unwrap_or_default()) } ": " bdi { (line.item) } },
        how: line.hint.clone(),
    });
    let is_told = |finding: &&Finding| {
        !figures
            .of("index")
            .any(|line| line.text("object") == Some(&finding.object) && line.item == finding.problem)
    };
    let of_config = figures.findings.iter().filter(is_told).map(Finding::step);
    let of_rows = obstacles.iter().filter(|line| line.hint.is_some()).take(MOST_STEPS).map(|line| Step {
        weight: Weight::ToDo,
        what: html! { (counted(line.rows(), "user", "users")) ": " (line.topic) " " bdi { (line.item) } },
        how: line.hint.clone(),
    });
    let mut steps: Vec<Step> = of_index.chain(of_config).chain(of_rows).collect();
    if steps.is_empty() {
        let what = html! { "Nothing: the users of this source can log in." };
        steps.push(Step { weight: Weight::Good, what, how: None });
    }
    steps
}

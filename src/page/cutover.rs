//! May a source be switched off?

use super::chart::{self, Part};
use super::html::{
    self, Count, Finding, Head, Origin, Page, Step, Weight, amount, card, cards, counted, section, share,
    table,
};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Figures {
    origin: Origin,
    source: String,
    lines: Vec<Line>,
    findings: Vec<Finding>,
}

/// A line of `ferry.cutover`.
#[derive(Deserialize)]
struct Line {
    topic: String,
    item: String,
    users: Option<i64>,
    /// What they are worth, where the source says.
    value: Option<f64>,
    detail: Option<Value>,
    hint: Option<String>,
}

impl Line {
    fn users(&self) -> i64 {
        self.users.unwrap_or(0)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.detail.as_ref().and_then(|detail| detail.get(name)).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.detail.as_ref().and_then(|detail| detail.get(name)).and_then(Value::as_i64)
    }
}

impl Figures {
    fn of(&self, topic: &str) -> Vec<&Line> {
        self.lines.iter().filter(|line| line.topic == topic).collect()
    }

    fn users(&self, topic: &str, is_meant: impl Fn(&str) -> bool) -> i64 {
        self.of(topic).iter().filter(|line| is_meant(&line.item)).map(|line| line.users()).sum()
    }

    fn verdict(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.topic == "verdict")
    }

    fn says(&self) -> &str {
        self.verdict().and_then(|line| line.text("verdict")).unwrap_or_default()
    }
}

pub(super) fn page(figures: &Figures) -> String {
    let page = Page {
        title: format!("May source {} be switched off?", figures.source),
        heading: html! { "May source " bdi { (figures.source) } " be switched off?" },
        origin: &figures.origin,
        body: body(figures),
    };
    page.to_html()
}

fn body(figures: &Figures) -> Markup {
    let lost = "What is not carried over when it is switched off";
    html! {
        (summary(figures))
        (section("What to do next", &html::steps(next(figures))))
        (section("Who is left", &left(figures)))
        (section("What became of its users", &became(figures)))
        (section("What would be lost", &listed(figures, "lost", lost, "Nothing was found.")))
        (section("Passwords of those moved", &listed(figures, "password", "How they are checked", "Nobody was moved.")))
        (section("What still asks it", &asks(figures)))
    }
}

fn summary(figures: &Figures) -> Markup {
    let Some(verdict) = figures.verdict() else { return html! {} };
    let all = figures.users("count", |item| item.starts_with("in the source"));
    let moved = figures.users("count", |item| item.starts_with("moved") && item != GONE);
    let left = figures.users("left", |_| true);
    html! {
        p.lead { (answer(figures.says(), verdict, all)) }
        (cards(&[
            card("In the source", &html! { (Count(all)) }, &html! { "legacy users" }),
            card("Moved", &html! { (Count(moved)) }, &html! { (share(moved, all)) " of them" }),
            card("Left", &html! { (Count(left)) }, &html! { (share(left, all)) " of them" }),
            card("Shut out", &html! { (Count(verdict.users())) }, &html! {
                @if figures.says() == "retired" { "when it was retired" } @else { "if it were switched off now" }
            }),
            worth(verdict),
        ]))
    }
}

/// Links whose legacy row is there no more: they are no part of what is in the source.
const GONE: &str = "moved, and gone from the source since";

fn answer(says: &str, verdict: &Line, all: i64) -> Markup {
    // The badge says the rest.
    let item = ["yes: ", "retired "].iter().find_map(|badge| verdict.item.strip_prefix(badge));
    let item = item.unwrap_or(&verdict.item);
    html! {
        @match says {
            "yes" => { (Weight::Good.badge("Yes")) " " bdi { (item) } }
            "retired" => { (Weight::Good.badge("Retired")) " " bdi { (item) } }
            _ => {
                (Weight::Error.badge("Not yet")) " " (Count(verdict.users())) " of " (counted(all, "user", "users"))
                " would be shut out"
            }
        }
        "."
    }
}

/// To the whole number, or million: a card has no room for more.
fn worth(verdict: &Line) -> Markup {
    let Some(value) = verdict.value else { return html! {} };
    let figure = match value.abs() {
        1e8.. => html! { (Count((value / 1e6).round() as i64)) " million" },
        _ => html! { (Count(value.round() as i64)) },
    };
    card("Their value", &figure, &html! { "by value of ferry.source" })
}

fn next(figures: &Figures) -> Vec<Step> {
    // Those of a retired source were known when it was retired.
    let reasons = figures.of("reason").into_iter().filter(|_| figures.says() != "retired").map(|line| {
        let what = html! {
            @if let Some(users) = line.users { (counted(users, "user", "users")) ": " }
            bdi { (line.item) }
            @if let Some(value) = line.value { ", worth " (amount(value)) }
        };
        Step::to_do(what, line.hint.clone())
    });
    let mut steps: Vec<Step> = html::findings(&figures.findings).into_iter().chain(reasons).collect();
    let hint = || figures.verdict().and_then(|line| line.hint.clone());
    match figures.says() {
        "yes" => steps.push(Step::good(html! { "Nobody needs this source any more." }, hint())),
        "retired" => {
            steps.push(Step::good(html! { "Nothing: it is asked no more." (ending(figures)) }, hint()))
        }
        _ => {}
    }
    steps
}

/// What those hear who were left behind in a retired source.
fn ending(figures: &Figures) -> Markup {
    let told = |name| figures.verdict().and_then(|line| line.text(name));
    html! {
        @if let Some(outcome) = told("outcome") {
            " Logins of those left behind are " code { (outcome) }
            @if let Some(message) = told("message") { ", and are told: " bdi { (message) } } @else { "." }
        }
    }
}

/// By when they were last seen, which is the order that the lines have.
fn left(figures: &Figures) -> Markup {
    let lines = figures.of("left");
    if lines.is_empty() {
        return html! { p { "Nobody is left." } };
    }
    let most = lines.iter().map(|line| line.users()).max().unwrap_or(0);
    let sum = figures.users("left", |_| true);
    let has_value = lines.iter().any(|line| line.value.is_some());
    let rows: Vec<Markup> = lines
        .iter()
        .map(|line| {
            html! {
                tr {
                    th scope="row" { (line.item) (hint(line)) }
                    td.bar { (chart::bar("way-1", line.users(), most)) }
                    td.n { (Count(line.users())) }
                    td.n { (share(line.users(), sum)) }
                    @if has_value { td.n { (value(line)) } }
                }
            }
        })
        .collect();
    let heads = [Head::Text("Last seen"), Head::Bar, Head::Number("Users"), Head::Number("Share")];
    table("Users who are left, by when they were last seen", &valued(&heads, has_value), &rows)
}

fn became(figures: &Figures) -> Markup {
    let lines = figures.of("count");
    let is_total = |line: &Line| line.item.starts_with("in the source");
    // Those who are gone are no part of the sum, and stand under it.
    let (gone, there): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.item == GONE);
    let (total, kinds): (Vec<&Line>, Vec<&Line>) = there.into_iter().partition(|line| is_total(line));
    let parts: Vec<Part<'_>> = kinds
        .iter()
        .map(|line| Part { class: class(&line.item), name: &line.item, count: line.users() })
        .collect();
    let has_value = lines.iter().any(|line| line.value.is_some());
    let rows: Vec<Markup> = kinds
        .iter()
        .chain(&total)
        .chain(&gone)
        .map(|line| {
            html! {
                tr.all[is_total(line)] {
                    th scope="row" { bdi { (line.item) } (hint(line)) }
                    td.n { (Count(line.users())) }
                    @if has_value { td.n { (value(line)) } }
                }
            }
        })
        .collect();
    html! {
        @if parts.iter().any(|part| part.count > 0) { (chart::whole("became", "Legacy users", &parts)) }
        (table("They add up", &valued(&[Head::Long("What"), Head::Number("Users")], has_value), &rows))
    }
}

fn class(item: &str) -> &'static str {
    match item {
        "moved by login" => "way-1",
        "moved by import" => "way-2",
        "moved by adopt" => "way-4",
        "moved by admin" => "way-5",
        "remaining" => "fill-rest",
        _ if item.starts_with("moved by") => "way-3",
        _ if item.starts_with("refused") => "fill-bad",
        _ => "fill-unknown",
    }
}

fn listed(figures: &Figures, topic: &str, caption: &str, none: &str) -> Markup {
    let lines = figures.of(topic);
    if lines.is_empty() {
        return html! { p { (none) } };
    }
    let has_value = lines.iter().any(|line| line.value.is_some());
    let rows: Vec<Markup> = lines
        .iter()
        .map(|line| {
            html! {
                tr {
                    th scope="row" { bdi { (line.item) } (hint(line)) }
                    td.n { @match line.users { Some(users) => (Count(users)), None => "-" } }
                    @if has_value { td.n { (value(line)) } }
                }
            }
        })
        .collect();
    table(caption, &valued(&[Head::Long("What"), Head::Number("Users")], has_value), &rows)
}

fn asks(figures: &Figures) -> Markup {
    let rows: Vec<Markup> = figures
        .of("asks")
        .iter()
        .map(|line| {
            html! {
                tr {
                    th scope="row" { bdi { (line.item) } }
                    td.n { @match line.users { Some(users) => (Count(users)), None => "-" } }
                    td.n { @match line.number("events") { Some(events) => (Count(events)), None => "-" } }
                    td { (line.text("last_at").unwrap_or("-")) }
                }
            }
        })
        .collect();
    if rows.is_empty() {
        return html! { p { "Nothing has asked it in the last 30 days." } };
    }
    let heads = [Head::Long("What"), Head::Number("Users"), Head::Number("Events"), Head::Text("Last")];
    table("Logins and other calls that it has decided", &heads, &rows)
}

fn hint(line: &Line) -> Markup {
    html! { @if let Some(hint) = &line.hint { p.hint { bdi { (hint) } } } }
}

fn value(line: &Line) -> String {
    line.value.map_or("-".to_string(), amount)
}

fn valued(heads: &[Head], has_value: bool) -> Vec<Head> {
    let value = has_value.then_some(Head::Number("Value"));
    heads.iter().copied().chain(value).collect()
}

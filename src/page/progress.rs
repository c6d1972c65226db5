//! How far the move is: all sources as one picture, and each by itself.

mod next;
mod pictures;
mod runs;

use super::chart::{self, Part};
use super::html::{
    self, Count, Finding, Head, Moment, Origin, Page, card, cards, counted, section, share, table,
};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

use next::next;
use pictures::pictures;
use runs::{Run, runs};

#[derive(Deserialize)]
pub(super) struct Figures {
    origin: Origin,
    /// The dates of the pictures: the past, today, and what may lie ahead.
    days: Vec<String>,
    /// Which of them is today.
    today: usize,
    /// The last one is all of them together; none where there is no source.
    sources: Vec<Source>,
    runs: Vec<Run>,
    all_runs: i64,
    findings: Vec<Finding>,
}

/// A line of `ferry.progress`, with what else is known of the source.
#[derive(Deserialize)]
struct Source {
    /// None = all of them.
    source: Option<String>,
    target: Option<String>,
    legacy_total: Option<i64>,
    counted_at: Option<Moment>,
    moved_by_login: i64,
    moved_by_import: i64,
    moved_otherwise: i64,
    refused: i64,
    tombstoned: i64,
    remaining: Option<i64>,
    last_24_hours: i64,
    is_importing: bool,
    projected_end: Option<Moment>,
    projected_days: Option<f64>,
    enabled: Option<bool>,
    retired_at: Option<Moment>,
    /// Users a day, by the way they came.
    moves: BTreeMap<String, Vec<i64>>,
    rejects: Vec<Reject>,
    reviews: i64,
}

#[derive(Deserialize)]
struct Reject {
    source: String,
    reason: String,
    rule: Option<String>,
    code: Option<String>,
    message: Option<String>,
    object: Option<String>,
    sqlstate: Option<String>,
    users: i64,
    since: Moment,
}

pub(super) fn page(figures: &Figures) -> String {
    let page = Page {
        title: "Progress of the move".to_string(),
        heading: html! { "Progress of the move" },
        origin: &figures.origin,
        body: body(figures),
    };
    page.to_html()
}

fn body(figures: &Figures) -> Markup {
    let Some((all, each)) = figures.sources.split_last() else {
        return html! { p.lead { "There is no source yet: the sources are rows of ferry.source." } };
    };
    html! {
        (summary(all, each))
        (section("All sources", &html! { (overview(all, each)) (pictures("all", figures, all, each)) }))
        (section("What to do next", &html::steps(next(figures, each))))
        (section("Who is refused", &refused(each)))
        @if each.len() > 1 { (section("Each source", &by_source(figures, each))) }
        (section("Runs of ferry.import", &runs(figures)))
    }
}

impl Source {
    fn name(&self) -> &str {
        self.source.as_deref().unwrap_or("All sources")
    }

    fn moved(&self) -> i64 {
        self.moved_by_login + self.moved_by_import + self.moved_otherwise
    }

    /// What a picture shows as the whole: legacy users as they were counted, unless more are known since.
    fn whole(&self) -> i64 {
        self.moved() + self.refused + self.tombstoned + self.remaining.unwrap_or(0)
    }

    /// Who remains in a retired source and is not waited for.
    fn left_behind(&self) -> i64 {
        self.remaining.filter(|_| self.retired_at.is_some()).unwrap_or(0)
    }

    fn parts(&self) -> [Part<'static>; 6] {
        let part = |class, name, count| Part { class, name, count };
        [
            part("way-1", "moved by login", self.moved_by_login),
            part("way-2", "moved by import", self.moved_by_import),
            part("way-3", "moved otherwise", self.moved_otherwise),
            part("fill-bad", "refused", self.refused),
            part("fill-unknown", "forgotten or deleted", self.tombstoned),
            part("fill-rest", "remaining", self.remaining.unwrap_or(0)),
        ]
    }

    fn pace(&self) -> &'static str {
        match self.is_importing {
            true => "at the rate of the import under way",
            false => "at the pace of the last 24 hours",
        }
    }

    /// Why there is no projection.
    fn standstill(&self) -> &'static str {
        match self.last_24_hours {
            0 => "nobody was moved in the last 24 hours",
            _ => "of some source, nobody was moved in the last 24 hours",
        }
    }
}

fn uncounted(each: &[Source]) -> i64 {
    each.iter().map(|source| i64::from(source.legacy_total.is_none())).sum()
}

fn summary(all: &Source, each: &[Source]) -> Markup {
    let uncounted = uncounted(each);
    let behind = left_behind(each);
    let awaited = all.remaining.map(|remaining| remaining - behind);
    html! {
        p.lead { (verdict(all, each)) }
        (cards(&[
            card("Moved", &html! { (Count(all.moved())) }, &html! {
                @if uncounted == 0 { (share(all.moved(), all.whole())) " of " (Count(all.whole())) " legacy users" }
                @else { (counted(uncounted, "source was", "sources were")) " never counted" }
            }),
            card("Remaining", &html! { @match awaited { Some(left) => (Count(left)), None => "unknown" } }, &html! {
                @if behind > 0 { "besides " (Count(behind)) " left behind" }
                @else if awaited.is_none() { "nobody was counted yet" }
                @else if uncounted == 0 { "to be moved by login or import" }
                @else { "where they were counted" }
            }),
            card("Refused", &html! { (Count(all.refused)) }, &html! { "by an import, and not moved since" }),
            card("Last 24 hours", &html! { (Count(all.last_24_hours)) }, &html! {
                @if all.is_importing { "moved; an import is under way" } @else { "moved, in whatever way" }
            }),
            card("Projected end", &html! { @match &all.projected_end { Some(end) => span.when { (end.date()) }, None => "-" } },
                &html! {
                    @if awaited == Some(0) { "nobody remains" }
                    @else if all.projected_end.is_some() { (all.pace()) }
                    @else { (all.standstill()) }
                }),
        ]))
    }
}

/// Of all of them.
fn left_behind(each: &[Source]) -> i64 {
    each.iter().map(Source::left_behind).sum()
}

fn verdict(all: &Source, each: &[Source]) -> Markup {
    let (uncounted, remaining) = (uncounted(each), all.remaining.unwrap_or(0));
    let behind = left_behind(each);
    html! {
        @if all.moved() == 0 { "Nobody has been moved yet" }
        @else if uncounted == 0 && remaining == 0 && all.refused == 0 { "Everybody has been moved" }
        @else if uncounted == 0 { (share(all.moved(), all.whole())) " of the legacy users have been moved" }
        @else { (counted(all.moved(), "user has", "users have")) " been moved" }
        @if remaining > behind { ", " (counted(remaining - behind, "remains", "remain")) }
        @if remaining == 0 && all.refused > 0 { ", and nobody remains but those who are refused" }
        @if behind > 0 { ", " (counted(behind, "was", "were")) " left behind in retired sources" }
        "."
    }
}

/// One line for each source, and one for all.
fn overview(all: &Source, each: &[Source]) -> Markup {
    let heads = [
        Head::Text("Source"),
        Head::Bar,
        Head::Number("Legacy users"),
        Head::Number("Moved"),
        Head::Number("Share"),
        Head::Number("Refused"),
        Head::Number("Remaining"),
        Head::Number("Last 24 h"),
        Head::Text("Projected end"),
    ];
    let together = (each.len() > 1).then_some(all);
    let rows: Vec<Markup> = each.iter().chain(together).map(overview_row).collect();
    html! {
        (table("Legacy users by what became of them", &heads, &rows))
        (chart::legend(all.parts().into_iter().map(|part| (part.class, part.name.to_string()))))
    }
}

fn overview_row(source: &Source) -> Markup {
    html! {
        tr.all[source.source.is_none()] {
            th scope="row" {
                bdi { (source.name()) }
                @if source.retired_at.is_some() { " (retired)" }
                @else if source.enabled == Some(false) { " (not asked)" }
            }
            td.bar {
                @if source.legacy_total.is_some() { (chart::stacked(&source.parts(), source.whole())) }
                @else { "not counted yet" }
            }
            td.n { @match source.legacy_total { Some(total) => (Count(total)), None => "-" } }
            td.n { (Count(source.moved())) }
            td.n { @if source.legacy_total.is_some() { (share(source.moved(), source.whole())) } @else { "-" } }
            td.n { (Count(source.refused)) }
            td.n { @match source.remaining { Some(left) => (Count(left)), None => "-" } }
            td.n { (Count(source.last_24_hours)) }
            td.when { @match &source.projected_end { Some(end) => (end.date()), None => "-" } }
        }
    }
}

/// Kinds of reasons that are listed: a page is not a log.
const MOST_REASONS: usize = 50;

fn refused(each: &[Source]) -> Markup {
    let mut rejects: Vec<&Reject> = each.iter().flat_map(|source| &source.rejects).collect();
    if rejects.is_empty() {
        return html! { p { "Nobody is refused now." } };
    }
    rejects.sort_by_key(|reject| -reject.users);
    let (told, rest) = rejects.split_at(rejects.len().min(MOST_REASONS));
    let most = told.first().map_or(0, |reject| reject.users);
    let rows: Vec<Markup> = told.iter().map(|reject| reject_row(reject, most)).collect();
    let heads = [
        Head::Text("Reason"),
        Head::Text("Source"),
        Head::Long("What objects"),
        Head::Bar,
        Head::Number("Users"),
        Head::Text("Since"),
    ];
    html! {
        (table("Refused by an import and not moved since, by reason", &heads, &rows))
        @if !rest.is_empty() {
            p {
                "And " (counted(rest.iter().map(|reject| reject.users).sum(), "user", "users")) " for "
                (counted(rest.len() as i64, "further reason", "further reasons")) "."
            }
        }
        p.hint {
            "Who they are: " code { "SELECT * FROM ferry.import_reject WHERE settled_at IS NULL" }
            ". What the reasons mean is in the README, under Troubleshooting."
        }
    }
}

fn reject_row(reject: &Reject, most: i64) -> Markup {
    let names = [&reject.rule, &reject.object, &reject.code, &reject.sqlstate];
    html! {
        tr {
            th scope="row" { code { (reject.reason) } }
            td { bdi { (reject.source) } }
            td {
                @for (number, name) in names.into_iter().flatten().enumerate() {
                    @if number > 0 { ", " }
                    bdi { (name) }
                }
                @if let Some(message) = &reject.message { p.hint { bdi { (message) } } }
            }
            td.bar { (chart::bar("fill-bad", reject.users, most)) }
            td.n { (Count(reject.users)) }
            td.when { (reject.since.date()) }
        }
    }
}

fn by_source(figures: &Figures, each: &[Source]) -> Markup {
    html! {
        @if each.len() > 3 {
            nav aria-label="Sources" {
                ul.names {
                    @for (number, source) in each.iter().enumerate() {
                        li { a href=(format!("#source-{number}")) { bdi { (source.name()) } } }
                    }
                }
            }
        }
        @for (number, source) in each.iter().enumerate() {
            h3 id=(format!("source-{number}")) { bdi { (source.name()) } }
            p.note { (facts(source)) }
            (pictures(&format!("s{number}"), figures, source, std::slice::from_ref(source)))
        }
    }
}

fn facts(source: &Source) -> Markup {
    html! {
        @if let Some(target) = &source.target { "Into target " bdi { (target) } ". " }
        @match (source.legacy_total, &source.counted_at) {
            (Some(total), Some(at)) => {
                (counted(total, "legacy user", "legacy users")) ", counted at " (at) "; "
                (share(source.moved(), source.whole())) " moved."
            }
            _ => "Never counted.",
        }
        @if let Some(at) = &source.retired_at { " Retired at " (at) "." }
        @if source.is_importing { " An import is under way." }
    }
}

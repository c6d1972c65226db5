//! How far the move is: all sources as one picture, and each by itself.

use super::chart::{self, BurnDown, Daily, Part, Series};
use super::html::{
    self, Count, Finding, Head, Moment, Origin, Page, Step, card, cards, count, counted, duration, literal,
    section, share, table,
};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

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

#[derive(Deserialize)]
struct Run {
    id: i64,
    source: String,
    operation: String,
    dry_run: bool,
    message: Option<String>,
    state: String,
    total: i64,
    done: i64,
    moved: i64,
    updated: i64,
    deleted: i64,
    deactivated: i64,
    refused: i64,
    skipped: i64,
    started_by: String,
    started_at: Moment,
    seconds: Option<f64>,
}

/// By import; thousands at once, beside which nobody would see those who come by themselves.
const IMPORT: (&str, &str, &str) = ("import", "way-2", "by import");

/// The ways to be moved, as `ferry.link` has them, in the order in which they are stacked.
const WAYS: [(&str, &str, &str); 5] = [
    ("login", "way-1", "by login"),
    ("reset", "way-3", "by reset"),
    ("adopt", "way-4", "adopted"),
    ("admin", "way-5", "by migrate_login"),
    IMPORT,
];

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

/// What was moved each day, and what is left; `of` are the sources that it is about.
fn pictures(id: &str, figures: &Figures, source: &Source, of: &[Source]) -> Markup {
    let ways = WAYS.map(|(way, class, name)| (class, name, by_day(of, way, figures.today + 1)));
    let series: Vec<Series<'_>> = ways
        .iter()
        .filter(|(.., days)| days.iter().any(|moved| *moved > 0))
        .map(|(class, name, days)| Series { class, name, days })
        .collect();
    let (imported, others): (Vec<&Series<'_>>, Vec<&Series<'_>>) =
        series.iter().partition(|series| series.name == IMPORT.2);
    html! {
        @if series.is_empty() {
            p {
                @if source.moved() == 0 { "Nobody has been moved yet." }
                @else { "Nobody was moved since " (figures.days[0]) "." }
            }
        }
        (daily(&format!("{id}-moved"), "Moved per day", figures, &others))
        (daily(&format!("{id}-imported"), "Imported per day", figures, &imported))
        @if source.source.is_none() && !series.is_empty() { (weeks(figures, &series)) }
        @if source.remaining.is_some() && !series.is_empty() { (burn_down(id, figures, source, of, &series)) }
    }
}

fn by_day(sources: &[Source], way: &str, days: usize) -> Vec<i64> {
    let moved = |source: &Source, day| source.moves.get(way).and_then(|days| days.get(day)).copied();
    (0..days).map(|day| sources.iter().filter_map(|source| moved(source, day)).sum()).collect()
}

fn daily(id: &str, title: &str, figures: &Figures, series: &[&Series<'_>]) -> Markup {
    if series.is_empty() {
        return html! {};
    }
    let days = &figures.days[..=figures.today];
    let sum = |series: &Series<'_>| format!("{} {}", count(series.days.iter().sum()), series.name);
    html! {
        figure {
            figcaption { (title) }
            (Daily { id, title, days, series, height: if series.len() > 1 { 160.0 } else { 100.0 } }.draw())
            (chart::legend(series.iter().map(|series| (series.class, sum(series)))))
        }
    }
}

fn burn_down(id: &str, figures: &Figures, source: &Source, of: &[Source], series: &[Series<'_>]) -> Markup {
    let behind = left_behind(of);
    let left = left(source.remaining.unwrap_or(0), series, figures.today + 1);
    html! {
        figure {
            figcaption {
                "Remaining"
                p {
                    @match &source.projected_end {
                        _ if source.remaining == Some(0) => "Nobody remains.",
                        _ if source.retired_at.is_some() => "The source is retired.",
                        _ if source.remaining == Some(behind) => "Nobody remains but those left behind.",
                        Some(end) => { "Dashed: " (source.pace()) ", nobody remains on " (end) "." }
                        None => { "No projection: " (source.standstill()) "." }
                    }
                    @if let Some(days) = pace_of_week(source, behind, series) {
                        " By logins at the pace of the last 7 days it takes " (counted(days, "day", "days")) "."
                    }
                }
            }
            (BurnDown {
                id: &format!("{id}-left"),
                title: "Remaining legacy users by day",
                days: &figures.days,
                left: &left,
                end: source.projected_days.map(|days| (days, behind)),
                height: if source.source.is_none() { 180.0 } else { 100.0 },
            }.draw())
        }
    }
}

/// How many remained at the beginning of each day: today's number, and who was moved since.
fn left(now: i64, series: &[Series<'_>], days: usize) -> Vec<i64> {
    let mut left = vec![now];
    for day in (0..days).rev() {
        let moved: i64 = series.iter().filter_map(|series| series.days.get(day)).sum();
        left.push(left.last().copied().unwrap_or(0) + moved);
    }
    left.reverse();
    left
}

/// Days until nobody remains without an import: over a week, a weekend counts less.
fn pace_of_week(source: &Source, behind: i64, series: &[Series<'_>]) -> Option<i64> {
    let own = series.iter().filter(|series| series.name != IMPORT.2);
    let week: i64 = own.flat_map(|series| series.days.iter().rev().take(7)).sum();
    let left = source.remaining? - behind;
    (week > 0 && left > 0).then(|| (7.0 * left as f64 / week as f64).ceil() as i64)
}

/// The days of the picture as numbers, seven at a time and the newest first.
fn weeks(figures: &Figures, series: &[Series<'_>]) -> Markup {
    let days = &figures.days[..=figures.today];
    let row = |end: usize| {
        let start = (end + 1).saturating_sub(7);
        let numbers = series.iter().map(|series| series.days[start..=end].iter().sum());
        let numbers: Vec<i64> = numbers.collect();
        html! {
            tr {
                th.when scope="row" { (days[start]) " to " (days[end]) }
                @for number in &numbers { td.n { (Count(*number)) } }
                td.n { (Count(numbers.iter().sum())) }
            }
        }
    };
    let rows: Vec<Markup> = (0..days.len()).rev().step_by(7).map(row).collect();
    let ways = series.iter().map(|series| Head::Number(series.name));
    let heads = [Head::Text("Days")].into_iter().chain(ways).chain([Head::Number("All")]);
    table("Moved per week", &heads.collect::<Vec<_>>(), &rows)
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

/// What a run may have done to rows. Moved and refused are always shown, the others where there is something to show.
type Tally = (&'static str, fn(&Run) -> i64);
const TALLIES: [Tally; 6] = [
    ("Moved", |run| run.moved),
    ("Refused", |run| run.refused),
    ("Updated", |run| run.updated),
    ("Deleted", |run| run.deleted),
    ("Deactivated", |run| run.deactivated),
    ("Skipped", |run| run.skipped),
];

fn runs(figures: &Figures) -> Markup {
    if figures.runs.is_empty() {
        return html! { p { "There was none yet." } };
    }
    let (always, others) = TALLIES.split_at(2);
    let others = others.iter().filter(|(_, tally)| figures.runs.iter().any(|run| tally(run) > 0));
    let tallies: Vec<&Tally> = always.iter().chain(others).collect();
    let heads = [
        Head::Number("Run"),
        Head::Text("Source"),
        Head::Text("Operation"),
        Head::Text("State"),
        Head::Text("Begun"),
        Head::Number("Took"),
        Head::Number("Rows done"),
    ];
    let heads = heads.into_iter().chain(tallies.iter().map(|(name, _)| Head::Number(name)));
    let rows: Vec<Markup> = figures.runs.iter().map(|run| run_row(run, &tallies)).collect();
    let caption = match figures.all_runs > rows.len() as i64 {
        true => format!("The newest {} of {} runs", rows.len(), count(figures.all_runs)),
        false => "All runs, the newest first".to_string(),
    };
    table(&caption, &heads.collect::<Vec<_>>(), &rows)
}

fn run_row(run: &Run, tallies: &[&Tally]) -> Markup {
    html! {
        tr {
            th.n scope="row" { (run.id) }
            td { bdi { (run.source) } }
            td { (run.operation) @if run.dry_run { p.hint { "dry run" } } }
            td { (run.state) @if let Some(message) = &run.message { p.hint { bdi { (message) } } } }
            td { (run.started_at) p.hint { "by " bdi { (run.started_by) } } }
            td.n { @match run.seconds { Some(seconds) => (duration(seconds)), None => "-" } }
            td.n { (Count(run.done)) @if run.done != run.total { p.hint { "of " (Count(run.total)) } } }
            @for (_, tally) in tallies { td.n { (Count(tally(run))) } }
        }
    }
}

fn next(figures: &Figures, each: &[Source]) -> Vec<Step> {
    let mut steps = html::findings(&figures.findings);
    for source in each.iter().filter(|source| source.retired_at.is_none()) {
        let newest = figures.runs.iter().find(|run| run.source == source.name() && !run.dry_run);
        steps.extend(newest.and_then(unfinished));
        steps.extend(source.steps());
    }
    if steps.is_empty() {
        steps.push(Step::good(html! { "Nothing: the move goes on with every login." }, None));
    }
    steps
}

fn unfinished(run: &Run) -> Option<Step> {
    if !["stopped", "interrupted"].contains(&run.state.as_str()) {
        return None;
    }
    let what = html! {
        "Run " (run.id) " of source " bdi { (run.source) } " was " (run.state) " after "
        (Count(run.done)) " of " (Count(run.total)) " rows."
    };
    let (source, operation) = (literal(&run.source), literal(&run.operation));
    let how =
        format!("CALL ferry.import({source}, {operation}); goes on with it, given the same range of keys.");
    Some(Step::to_do(what, Some(how)))
}

impl Source {
    fn steps(&self) -> Vec<Step> {
        let name = html! { "source " bdi { (self.name()) } };
        let quoted = literal(self.name());
        let mut steps = Vec::new();
        if self.refused > 0 {
            let what =
                html! { (counted(self.refused, "user", "users")) " of " (name) " refused by an import." };
            let how = format!("See below why; once that is mended, CALL ferry.import({quoted}, 'retry');");
            steps.push(Step::to_do(what, Some(how)));
        }
        if self.reviews > 0 {
            let what = html! {
                (counted(self.reviews, "user", "users")) " of " (name)
                " may be somebody who is here already: it is to be decided in ferry.review."
            };
            let how = format!("SELECT * FROM ferry.review WHERE source = {quoted} AND decision IS NULL;");
            steps.push(Step::to_do(what, Some(how)));
        }
        match self.remaining {
            None => {
                let what = html! { "The users of " (name) " were never counted." };
                let how =
                    format!("CALL ferry.import({quoted}, dry_run => true); counts them, and moves nobody.");
                steps.push(Step::to_do(what, Some(how)));
            }
            Some(0) if self.refused == 0 => {
                let what = html! { "Nobody of " (name) " remains: may it be switched off?" };
                steps.push(Step::to_do(what, Some(format!("SELECT * FROM ferry.cutover({quoted});"))));
            }
            Some(left) if left > 0 && self.last_24_hours == 0 && !self.is_importing => {
                let what = html! {
                    "Nobody of " (name) " was moved in the last 24 hours, "
                    (counted(left, "remains", "remain")) "."
                };
                steps.push(Step::to_do(what, Some(format!("CALL ferry.import({quoted});"))));
            }
            Some(_) => {}
        }
        steps
    }
}

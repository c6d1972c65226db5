//! How far the move is: all sources as one picture, and each by itself.

use super::chart::{self, BurnDown, Daily, Part, Series};
use super::html::{
    self, Count, Finding, Head, Moment, Origin, Page, Step, Weight, card, count, counted, duration, literal,
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
    /// The last one is all of them together.
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
    rows_per_second: Option<f64>,
    projected_end: Option<Moment>,
    projected_days: Option<f64>,
    enabled: Option<bool>,
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
    refused: i64,
    skipped: i64,
    started_by: String,
    started_at: Moment,
    seconds: Option<f64>,
}

/// The ways to be moved, as `ferry.link` has them, in the order in which they are stacked.
const WAYS: [(&str, &str, &str); 5] = [
    ("login", "way-1", "by login"),
    ("import", "way-2", "by import"),
    ("reset", "way-3", "by reset"),
    ("adopt", "way-4", "adopted"),
    ("admin", "way-5", "by an administrator"),
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
    let Some((all, each)) = figures.sources.split_last() else { return html! {} };
    if each.is_empty() {
        return html! { p.lead { "There is no source yet. Its users are counted once ferry.source has a row for it." } };
    }
    html! {
        (summary(all, each))
        (section("What to do next", &html::steps(next(figures, each))))
        (section("All sources", &html! { (overview(all, each)) (pictures("all", figures, all, each)) }))
        (section("Who is refused", &refused(each)))
        @if each.len() > 1 { (section("Each source", &sources(figures, each))) }
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

    fn parts(&self) -> Vec<Part> {
        let part = |class, name, count| Part { class, name, count };
        vec![
            part("way-1", "moved by login", self.moved_by_login),
            part("way-2", "moved by import", self.moved_by_import),
            part("way-3", "moved otherwise", self.moved_otherwise),
            part("fill-bad", "refused", self.refused),
            part("fill-unknown", "forgotten or deleted", self.tombstoned),
            part("fill-rest", "remaining", self.remaining.unwrap_or(0)),
        ]
    }

    /// How many remained at the end of each day: today's number, and who was moved after that day.
    fn left(&self, days: &[i64]) -> Vec<i64> {
        let mut left = self.remaining.unwrap_or(0);
        let mut by_day: Vec<i64> = days
            .iter()
            .rev()
            .map(|moved| {
                let then = left;
                left += moved;
                then
            })
            .collect();
        by_day.reverse();
        by_day
    }

    fn pace(&self) -> &'static str {
        if self.is_importing {
            "at the rate of the import under way"
        } else {
            "at the pace of the last 24 hours"
        }
    }
}

fn summary(all: &Source, each: &[Source]) -> Markup {
    let uncounted = each.iter().filter(|source| source.legacy_total.is_none()).count();
    let counted_share = (uncounted == 0).then(|| share(all.moved(), all.whole()));
    html! {
        p.lead { (verdict(all, each)) }
        (html::cards(&[
            card("Moved", &html! { (Count(all.moved())) }, &html! {
                @match counted_share {
                    Some(share) => { (share) " of " (Count(all.whole())) " legacy users" }
                    None => (counted(uncounted as i64, "source was never counted", "sources were never counted"))
                }
            }),
            card("Remaining", &html! { @match all.remaining { Some(left) => (Count(left)), None => "unknown" } }, &html! {
                @if uncounted > 0 { "in the sources that were counted" } @else { "to be moved by login or import" }
            }),
            card("Refused", &html! { (Count(all.refused)) }, &html! { "by an import, and not moved since" }),
            card("Last 24 hours", &html! { (Count(all.last_24_hours)) }, &html! {
                @if all.is_importing {
                    "an import is under way"
                    @if let Some(rate) = all.rows_per_second { ", " (Count(rate.round() as i64)) " rows/s" }
                } @else { "moved, in whatever way" }
            }),
            card("Projected end", &html! {
                @match (&all.projected_end, all.remaining) {
                    (_, Some(0)) => "now",
                    (Some(end), _) => (end.date()),
                    _ => "-",
                }
            }, &html! {
                @if all.remaining == Some(0) { "nobody remains" }
                @else if all.projected_end.is_some() { (all.pace()) }
                @else { "nobody was moved in the last 24 hours" }
            }),
        ]))
    }
}

fn verdict(all: &Source, each: &[Source]) -> Markup {
    let uncounted = each.iter().any(|source| source.legacy_total.is_none());
    html! {
        @if all.moved() == 0 && all.tombstoned == 0 { "Nobody has been moved yet." }
        @else if uncounted { (counted(all.moved(), "user has", "users have")) " been moved; how many there are is not known of every source." }
        @else if all.remaining == Some(0) && all.refused == 0 { "Everybody has been moved." }
        @else if all.remaining == Some(0) { "Nobody remains but those who are refused." }
        @else { (share(all.moved(), all.whole())) " of the legacy users have been moved, " (counted(all.remaining.unwrap_or(0), "remains", "remain")) "." }
    }
}

/// One line for each source, and one for all.
fn overview(all: &Source, each: &[Source]) -> Markup {
    let heads = [
        Head::Text("Source"),
        Head::Bar,
        Head::Number("Legacy users"),
        Head::Number("Moved"),
        Head::Number("Refused"),
        Head::Number("Remaining"),
        Head::Number("24 hours"),
        Head::Text("Projected end"),
    ];
    let together = (each.len() > 1).then_some(all);
    let rows: Vec<Markup> = each.iter().chain(together).map(overview_row).collect();
    let legend = chart::legend(all.parts().into_iter().map(|part| (part.class, part.name.to_string())));
    html! { (legend) (table("Legacy users by what became of them", &heads, &rows)) }
}

fn overview_row(source: &Source) -> Markup {
    html! {
        tr.all[source.source.is_none()] {
            th scope="row" { bdi { (source.name()) } @if source.enabled == Some(false) { " (not asked)" } }
            td.bar { @if source.legacy_total.is_some() { (chart::parts(&source.parts(), source.whole())) } @else { "not counted yet" } }
            td.n { @match source.legacy_total { Some(total) => (Count(total)), None => "-" } }
            td.n { (Count(source.moved())) }
            td.n { (Count(source.refused)) }
            td.n { @match source.remaining { Some(left) => (Count(left)), None => "-" } }
            td.n { (Count(source.last_24_hours)) }
            td { @match &source.projected_end { Some(end) => (end.date()), None => "-" } }
        }
    }
}

/// What was moved each day, and what is left.
fn pictures(id: &str, figures: &Figures, source: &Source, of: &[Source]) -> Markup {
    let by_way: Vec<Vec<i64>> = WAYS.iter().map(|(way, ..)| sum(of, way, figures.today + 1)).collect();
    let moved: Vec<i64> = (0..=figures.today).map(|day| by_way.iter().map(|days| days[day]).sum()).collect();
    if moved.iter().all(|moved| *moved == 0) {
        return html! { p { @if source.moved() == 0 { "Nobody has been moved yet." } @else { "Nobody was moved since " (figures.days[0]) "." } } };
    }
    let series: Vec<Series<'_>> = WAYS
        .iter()
        .zip(&by_way)
        .filter(|(_, days)| days.iter().any(|moved| *moved > 0))
        .map(|(&(_, class, name), days)| Series { class, name, days })
        .collect();
    let is_all = source.source.is_none();
    html! {
        figure {
            figcaption { "Moved per day" @if is_all { p { (legend_total(&series)) } } }
            (Daily {
                id: &format!("{id}-moved"), title: "Moved per day", days: &figures.days[..=figures.today], series: &series,
                height: if is_all { 180.0 } else { 90.0 }, is_told: is_all,
            }.draw())
            (chart::legend(series.iter().map(|series| (series.class, format!("{} {}", count(series.days.iter().sum()), series.name)))))
        }
        @if is_all { (weeks(figures, &series)) }
        @if source.remaining.is_some() { (burn_down(id, figures, source, &moved)) }
    }
}

fn legend_total(series: &[Series<'_>]) -> String {
    let sum: i64 = series.iter().flat_map(|series| series.days).sum();
    format!("{} in the days shown", counted(sum, "user", "users"))
}

fn sum(sources: &[Source], way: &str, days: usize) -> Vec<i64> {
    let on = |source: &Source, day: usize| {
        source.moves.get(way).and_then(|days| days.get(day)).copied().unwrap_or(0)
    };
    (0..days).map(|day| sources.iter().map(|source| on(source, day)).sum()).collect()
}

fn burn_down(id: &str, figures: &Figures, source: &Source, moved: &[i64]) -> Markup {
    html! {
        figure {
            figcaption {
                "Remaining"
                p {
                    @match &source.projected_end {
                        _ if source.remaining == Some(0) => "Nobody remains.",
                        Some(end) => { "Dashed: " (source.pace()) ", nobody remains on " (end) "." }
                        None => "No projection: nobody was moved in the last 24 hours.",
                    }
                    @if let Some(week) = pace_of_week(source, moved) { " At the pace of the last 7 days it takes " (week) " more." }
                }
            }
            (BurnDown {
                id: &format!("{id}-left"), title: "Remaining legacy users by day", days: &figures.days, left: &source.left(moved),
                projected_days: source.projected_days,
            }.draw())
        }
    }
}

/// Weekends and the like count less over a week.
fn pace_of_week(source: &Source, moved: &[i64]) -> Option<String> {
    let week: i64 = moved.iter().rev().take(7).sum();
    let left = source.remaining.filter(|left| *left > 0)?;
    (week > 0).then(|| {
        let days = (7.0 * left as f64 / week as f64).ceil() as i64;
        counted(days, "day", "days")
    })
}

/// The days of the picture as numbers, seven at a time and the newest first.
fn weeks(figures: &Figures, series: &[Series<'_>]) -> Markup {
    let days = &figures.days[..=figures.today];
    let rows: Vec<Markup> = (0..days.len())
        .rev()
        .step_by(7)
        .map(|end| {
            let start = (end + 1).saturating_sub(7);
            let numbers: Vec<i64> =
                series.iter().map(|series| series.days[start..=end].iter().sum()).collect();
            html! {
                tr {
                    th scope="row" { (days[start]) " to " (days[end]) }
                    @for number in &numbers { td.n { (Count(*number)) } }
                    td.n { (Count(numbers.iter().sum())) }
                }
            }
        })
        .collect();
    let ways = series.iter().map(|series| Head::Number(series.name));
    let heads: Vec<Head> =
        [Head::Text("Days")].into_iter().chain(ways).chain([Head::Number("All")]).collect();
    table("Moved per week", &heads, &rows)
}

fn refused(each: &[Source]) -> Markup {
    let mut rejects: Vec<&Reject> = each.iter().flat_map(|source| &source.rejects).collect();
    if rejects.is_empty() {
        return html! { p { "Nobody is refused now." } };
    }
    rejects.sort_by_key(|reject| -reject.users);
    let most = rejects.first().map_or(0, |reject| reject.users);
    let rows: Vec<Markup> =
        rejects.iter().take(MOST_REASONS).map(|reject| reject_row(reject, most)).collect();
    let heads = [
        Head::Text("Reason"),
        Head::Text("Source"),
        Head::Text("What objects"),
        Head::Bar,
        Head::Number("Users"),
        Head::Text("Since"),
    ];
    let more: i64 = rejects.iter().skip(MOST_REASONS).map(|reject| reject.users).sum();
    html! {
        (table("Refused by an import and not moved since, by reason", &heads, &rows))
        @if more > 0 { p { "And " (counted(more, "user", "users")) " for " (rejects.len() - MOST_REASONS) " further reasons." } }
        p.hint { "Who they are: " code { "SELECT * FROM ferry.import_reject WHERE settled_at IS NULL" } ". The README says under Troubleshooting what the reasons mean." }
    }
}

/// Kinds of reasons that are listed: a page is not a log.
const MOST_REASONS: usize = 50;

fn reject_row(reject: &Reject, most: i64) -> Markup {
    let codes = [&reject.rule, &reject.object, &reject.code, &reject.sqlstate];
    html! {
        tr {
            th scope="row" { code { (reject.reason) } }
            td { bdi { (reject.source) } }
            td {
                @for (number, code) in codes.into_iter().flatten().enumerate() { @if number > 0 { ", " } bdi { (code) } }
                @if let Some(message) = &reject.message { p.hint { bdi { (message) } } }
            }
            td.bar { (chart::bar("fill-bad", reject.users, most)) }
            td.n { (Count(reject.users)) }
            td { (reject.since.date()) }
        }
    }
}

fn sources(figures: &Figures, each: &[Source]) -> Markup {
    html! {
        @if each.len() > 3 {
            nav aria-label="Sources" {
                ul.names { @for (number, source) in each.iter().enumerate() { li { a href=(format!("#source-{number}")) { bdi { (source.name()) } } } } }
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
        @if let Some(target) = &source.target { "Into " bdi { (target) } ". " }
        @match (source.legacy_total, &source.counted_at) {
            (Some(total), Some(at)) => { (counted(total, "legacy user", "legacy users")) ", counted at " (at) "; " (share(source.moved(), source.whole())) " moved." }
            _ => "Never counted.",
        }
        @if source.is_importing { " An import is under way." }
    }
}

fn runs(figures: &Figures) -> Markup {
    if figures.runs.is_empty() {
        return html! { p { "There was none yet." } };
    }
    let heads = [
        Head::Number("Run"),
        Head::Text("Source"),
        Head::Text("Operation"),
        Head::Text("State"),
        Head::Text("Begun"),
        Head::Number("Took"),
        Head::Number("Done"),
        Head::Number("Moved"),
        Head::Number("Updated"),
        Head::Number("Deleted"),
        Head::Number("Refused"),
        Head::Number("Skipped"),
    ];
    let rows: Vec<Markup> = figures.runs.iter().map(run_row).collect();
    let caption = if figures.all_runs > rows.len() as i64 {
        format!("The newest {} of {} runs", rows.len(), count(figures.all_runs))
    } else {
        "All runs, the newest first".to_string()
    };
    table(&caption, &heads, &rows)
}

fn run_row(run: &Run) -> Markup {
    html! {
        tr {
            th.n scope="row" { (run.id) }
            td { bdi { (run.source) } }
            td { (run.operation) @if run.dry_run { " (dry run)" } }
            td { (run.state) @if let Some(message) = &run.message { p.hint { bdi { (message) } } } }
            td { (run.started_at) p.hint { "by " bdi { (run.started_by) } } }
            td.n { @match run.seconds { Some(seconds) => (duration(seconds)), None => "-" } }
            td.n { (Count(run.done)) " of " (Count(run.total)) }
            @for number in [run.moved, run.updated, run.deleted, run.refused, run.skipped] { td.n { (Count(number)) } }
        }
    }
}

fn next(figures: &Figures, each: &[Source]) -> Vec<Step> {
    let mut steps: Vec<Step> = figures.findings.iter().map(Finding::step).collect();
    for source in each {
        let newest =
            figures.runs.iter().find(|run| Some(&run.source) == source.source.as_ref() && !run.dry_run);
        steps.extend(newest.and_then(unfinished));
        steps.extend(todo(source));
    }
    if steps.is_empty() {
        let what = html! { "Nothing: the move goes on by itself with every login." };
        steps.push(Step { weight: Weight::Good, what, how: None });
    }
    steps
}

fn unfinished(run: &Run) -> Option<Step> {
    matches!(run.state.as_str(), "stopped" | "interrupted").then(|| Step {
        weight: Weight::ToDo,
        what: html! {
            "Run " (run.id) " of source " bdi { (run.source) } " was " (run.state) " after " (Count(run.done)) " of " (Count(run.total)) " rows."
        },
        how: Some(format!(
            "CALL ferry.import({}, {}); goes on with it, where it has the same range of keys.",
            literal(&run.source),
            literal(&run.operation)
        )),
    })
}

fn todo(source: &Source) -> Vec<Step> {
    let name = html! { " source " bdi { (source.name()) } };
    let quoted = literal(source.name());
    let step = |what: Markup, how: String| Step { weight: Weight::ToDo, what, how: Some(how) };
    let mut steps = Vec::new();
    if source.refused > 0 {
        let what = html! { (counted(source.refused, "user", "users")) " of" (name) (if source.refused == 1 { " is" } else { " are" }) " refused." };
        steps.push(step(
            what,
            format!("See below why; once that is mended: CALL ferry.import({quoted}, 'retry');"),
        ));
    }
    if source.reviews > 0 {
        let what = html! { (counted(source.reviews, "user", "users")) " of" (name) " may be somebody who is here already: somebody must decide." };
        let how = format!(
            "SELECT * FROM ferry.review WHERE source = {quoted} AND decision IS NULL; then set decision."
        );
        steps.push(step(what, how));
    }
    if source.legacy_total.is_none() {
        let what = html! { "The users of" (name) " were never counted." };
        steps.push(step(what, format!("CALL ferry.import({quoted}, dry_run => true); counts them, and writes nothing but its report.")));
    }
    if source.remaining > Some(0) && source.last_24_hours == 0 && !source.is_importing {
        let what = html! { "Nobody of" (name) " was moved in the last 24 hours, and " (counted(source.remaining.unwrap_or(0), "remains", "remain")) "." };
        steps.push(step(what, format!("CALL ferry.import({quoted}); moves who does not log in.")));
    }
    steps
}

//! The pictures: who was moved each day and in which way, and how many are left.

use super::{Figures, Source, left_behind};
use crate::page::chart::{self, BurnDown, Daily, Series};
use crate::page::html::{Count, Head, count, counted, table};
use maud::{Markup, html};

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

/// What was moved each day, and what is left; `of` are the sources that it is about.
pub(super) fn pictures(id: &str, figures: &Figures, source: &Source, of: &[Source]) -> Markup {
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

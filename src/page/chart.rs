//! Charts as inline SVG. Shapes are drawn in a box that is stretched to the width of the page, words beside it in the size
//! of the page's own: so they can be read on a telephone and on paper.

use super::html::{count, share};
use maud::{Markup, html};
use std::fmt::Write;

/// A part of a whole, or one of several things that are counted side by side.
pub(super) struct Part {
    /// What it looks like: a class of the style sheet.
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) count: i64,
}

/// One bar, made of parts of a whole.
pub(super) fn parts(parts: &[Part], whole: i64) -> Markup {
    let mut start = 0.0;
    let bars = parts.iter().map(|part| {
        let width = percent(part.count, whole);
        let bar = (part.class, start, width);
        start += width;
        bar
    });
    html! {
        svg height="14" aria-hidden="true" {
            @for (class, start, width) in bars {
                rect class=(class) x=(format!("{start:.2}%")) width=(format!("{width:.2}%")) height="14" {}
            }
            rect.track x="0" y="0" width="100%" height="14" {}
        }
    }
}

/// One bar of a table, beside its number.
pub(super) fn bar(class: &'static str, number: i64, most: i64) -> Markup {
    html! {
        svg height="12" aria-hidden="true" {
            rect class=(class) width=(format!("{:.2}%", percent(number, most))) height="12" {}
        }
    }
}

/// A whole and its parts, told as a picture and by its legend.
pub(super) fn whole(id: &str, title: &str, all: &[Part]) -> Markup {
    let sum: i64 = all.iter().map(|part| part.count).sum();
    let told: Vec<String> = all
        .iter()
        .map(|part| format!("{} {} ({})", count(part.count), part.name, share(part.count, sum)))
        .collect();
    let mut start = 0.0;
    let bars = all.iter().filter(|part| part.count > 0).map(|part| {
        let width = percent(part.count, sum);
        let bar = (part, start, width);
        start += width;
        bar
    });
    html! {
        figure {
            figcaption { (title) }
            svg height="36" role="img" aria-labelledby=(format!("{id}-title {id}-desc")) {
                title id=(format!("{id}-title")) { (title) }
                desc id=(format!("{id}-desc")) { (told.join(", ")) }
                @for (part, start, width) in bars {
                    rect class=(part.class) x=(format!("{start:.2}%")) width=(format!("{width:.2}%")) height="36" {
                        title { (count(part.count)) " " (part.name) }
                    }
                }
                rect.track x="0" y="0" width="100%" height="36" {}
            }
            (legend(all.iter().map(|part| (part.class, format!("{} {}, {}", count(part.count), part.name, share(part.count, sum))))))
        }
    }
}

pub(super) fn legend(items: impl Iterator<Item = (&'static str, String)>) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in items {
                li { svg aria-hidden="true" { rect class=(class) width="100%" height="100%" {} } (name) }
            }
        }
    }
}

fn percent(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (100.0 * part as f64 / whole as f64).clamp(0.0, 100.0) }
}

/// Something that was counted on each of some days.
pub(super) struct Series<'a> {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) days: &'a [i64],
}

/// How many a day, one column a day, stacked.
pub(super) struct Daily<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) days: &'a [String],
    pub(super) series: &'a [Series<'a>],
    pub(super) height: f64,
    /// Whether each day tells its numbers under the pointer.
    pub(super) is_told: bool,
}

/// What is above and under the box of the shapes, for words.
const ABOVE: f64 = 18.0;
const UNDER: f64 = 20.0;

impl Daily<'_> {
    pub(super) fn draw(&self) -> Markup {
        let totals: Vec<i64> = (0..self.days.len()).map(|day| self.total(day)).collect();
        let most = round_up(totals.iter().copied().max().unwrap_or(0));
        let shapes = html! {
            @for (number, series) in self.series.iter().enumerate() {
                path class=(series.class) d=(self.columns(number, most)) {}
            }
            @if self.is_told {
                @for day in 0..self.days.len() {
                    rect.day x=(day) y="0" width="1" height="100" { title { (self.told(day)) } }
                }
            }
        };
        let summary = self.summary(&totals);
        plot(&Plot {
            id: self.id,
            title: self.title,
            summary,
            days: self.days,
            most,
            height: self.height,
            shapes: &shapes,
            now: None,
        })
    }

    fn total(&self, day: usize) -> i64 {
        self.series.iter().filter_map(|series| series.days.get(day)).sum()
    }

    /// The columns of one series, which stand on those before it.
    fn columns(&self, number: usize, most: i64) -> String {
        let mut path = String::new();
        for day in 0..self.days.len() {
            let on = |series: &Series<'_>| series.days.get(day).copied().unwrap_or(0);
            let below: i64 = self.series[..number].iter().map(on).sum();
            let own = on(&self.series[number]);
            if own > 0 {
                let (bottom, height) = (100.0 - percent(below, most), percent(own, most));
                // Writing to a String cannot fail.
                let _ = write!(path, "M{day}.1 {bottom:.2}h.8v-{height:.2}h-.8z");
            }
        }
        path
    }

    fn told(&self, day: usize) -> String {
        let moved = |series: &Series<'_>| {
            series.days.get(day).map(|number| format!("{} {}", count(*number), series.name))
        };
        let moved: Vec<String> = self.series.iter().filter_map(moved).collect();
        format!("{}: {}", self.days[day], moved.join(", "))
    }

    fn summary(&self, totals: &[i64]) -> String {
        let best = (0..totals.len()).max_by_key(|day| totals[*day]);
        let best = best.map(|day| format!("most on {}: {}", self.days[day], count(totals[day])));
        let sum: i64 = totals.iter().sum();
        format!(
            "{} to {}: {} in all, {}",
            first(self.days),
            last(self.days),
            count(sum),
            best.unwrap_or_default()
        )
    }
}

/// How many are left, day by day until today, and from there on as projected.
pub(super) struct BurnDown<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// The past and as much of the future as there is to draw on.
    pub(super) days: &'a [String],
    /// At the end of each day until today.
    pub(super) left: &'a [i64],
    /// From now on until nobody is left, where that can be told.
    pub(super) projected_days: Option<f64>,
}

/// Days of the future that are drawn at least, so that a projection can be told from a wall.
const AHEAD: usize = 7;

impl BurnDown<'_> {
    pub(super) fn draw(&self) -> Markup {
        let days = &self.days[..self.days.len().min(self.left.len() + self.ahead())];
        let most = round_up(self.left.iter().copied().max().unwrap_or(0));
        let height = |number: f64| 100.0 - (100.0 * number / most.max(1) as f64).clamp(0.0, 100.0);
        let mut points = String::new();
        for (day, number) in self.left.iter().enumerate() {
            let _ = write!(points, "{},{:.2} ", day + 1, height(*number as f64));
        }
        let (today, now) = (self.left.len() as f64, self.left.last().copied().unwrap_or(0) as f64);
        let shapes = html! {
            polygon.area points=(format!("1,100 {points}{today},100")) {}
            polyline.curve points=(points.trim_end()) {}
            @if let Some(end) = self.projected_days {
                @let drawn = end.min(days.len() as f64 - today);
                line.ahead x1=(today) y1=(format!("{:.2}", height(now))) x2=(format!("{:.2}", today + drawn))
                    y2=(format!("{:.2}", height(now * (1.0 - drawn / end.max(f64::MIN_POSITIVE))))) {}
            }
        };
        let summary = format!(
            "{} at the end of {}, {} now",
            count(self.left.first().copied().unwrap_or(0)),
            first(days),
            count(now as i64)
        );
        let now = (self.left.len() < days.len()).then_some(today / days.len() as f64);
        plot(&Plot {
            id: self.id,
            title: self.title,
            summary,
            days,
            most,
            height: 180.0,
            shapes: &shapes,
            now,
        })
    }

    fn ahead(&self) -> usize {
        self.projected_days.map_or(0, |days| (days.ceil().clamp(0.0, 1000.0) as usize + 1).max(AHEAD))
    }
}

/// What all charts over days have in common.
struct Plot<'a> {
    id: &'a str,
    title: &'a str,
    summary: String,
    days: &'a [String],
    most: i64,
    height: f64,
    shapes: &'a Markup,
    /// Where the present is, from 0 to 1, if it isn't at the end.
    now: Option<f64>,
}

fn plot(plot: &Plot<'_>) -> Markup {
    let Plot { id, height, .. } = plot;
    let lines = [(plot.most, ABOVE), (plot.most / 2, ABOVE + height / 2.0), (0, ABOVE + height)];
    let is_halved = plot.most % 2 == 0;
    html! {
        svg height=(ABOVE + height + UNDER) role="img" aria-labelledby=(format!("{id}-title {id}-desc")) {
            title id=(format!("{id}-title")) { (plot.title) }
            desc id=(format!("{id}-desc")) { (plot.summary) }
            @for (_, y) in lines { line.grid x1="0" x2="100%" y1=(y) y2=(y) {} }
            svg x="0" y=(ABOVE) width="100%" height=(height) viewBox=(format!("0 0 {} 100", plot.days.len()))
                preserveAspectRatio="none" { (plot.shapes) }
            @for (number, y) in lines {
                @if number > 0 && (is_halved || number == plot.most) { text.tick x="0" y=(y - 5.0) { (count(number)) } }
            }
            @if let Some(now) = plot.now {
                @let x = format!("{:.2}%", 100.0 * now);
                line.now x1=(x) x2=(x) y1=(ABOVE - 4.0) y2=(ABOVE + height) {}
                text.tick x=(x) y=(ABOVE - 6.0) text-anchor=(anchor(now)) { "now" }
            }
            @for (text, at) in dates(plot.days) {
                text.tick x=(format!("{:.2}%", 100.0 * at)) y=(ABOVE + height + 15.0) text-anchor=(anchor(at)) { (text) }
            }
        }
    }
}

/// The first, the middle and the last day, under their columns.
fn dates(days: &[String]) -> Vec<(&str, f64)> {
    let middle = days.len() / 2;
    let at = |day: usize| (day as f64 + 0.5) / days.len() as f64;
    match days {
        [] => Vec::new(),
        [only] => vec![(only, 0.5)],
        _ => vec![(first(days), 0.0), (&days[middle], at(middle)), (last(days), 1.0)],
    }
}

/// Words at the edges of a picture begin or end there.
fn anchor(at: f64) -> &'static str {
    match at {
        ..0.08 => "start",
        0.92.. => "end",
        _ => "middle",
    }
}

fn first(days: &[String]) -> &str {
    days.first().map_or("", String::as_str)
}

fn last(days: &[String]) -> &str {
    days.last().map_or("", String::as_str)
}

/// The next number that a scale may end with: 1, 2, 4, 5 or 10 of a power of ten.
fn round_up(number: i64) -> i64 {
    let mut power: i64 = 1;
    while number > power.saturating_mul(10) {
        power = power.saturating_mul(10);
    }
    [1, 2, 4, 5, 10]
        .into_iter()
        .map(|step| power.saturating_mul(step))
        .find(|end| *end >= number)
        .unwrap_or(number)
}

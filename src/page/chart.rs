//! Charts as inline SVG. Shapes are drawn in a box that is stretched to the width of the page, words beside it in the
//! size of the page's own: so they can be read on a telephone and on paper.

use super::html::{count, share};
use maud::{Markup, html};
use std::fmt::Write;

/// A part of a whole.
pub(super) struct Part<'a> {
    /// What it looks like: a class of the style sheet.
    pub(super) class: &'static str,
    pub(super) name: &'a str,
    pub(super) count: i64,
}

/// A whole and its parts, told as a picture and by its legend.
pub(super) fn whole(id: &str, title: &str, parts: &[Part<'_>]) -> Markup {
    let parts: Vec<&Part<'_>> = parts.iter().filter(|part| part.count > 0).collect();
    let sum: i64 = parts.iter().map(|part| part.count).sum();
    let words = |part: &Part<'_>| format!("{} {}, {}", count(part.count), part.name, share(part.count, sum));
    let told: Vec<String> = parts.iter().map(|part| words(part)).collect();
    html! {
        figure {
            figcaption { (title) }
            svg height="36" role="img" aria-labelledby=(format!("{id}-title {id}-desc")) {
                title id=(format!("{id}-title")) { (title) }
                desc id=(format!("{id}-desc")) { (told.join("; ")) }
                (bars(&parts, sum, 36))
            }
            (legend(parts.iter().map(|part| part.class).zip(told)))
        }
    }
}

/// One bar of a table, made of parts, whose numbers are told beside it.
pub(super) fn stacked(parts: &[Part<'_>], whole: i64) -> Markup {
    let parts: Vec<&Part<'_>> = parts.iter().collect();
    html! { svg height="14" aria-hidden="true" { (bars(&parts, whole, 14)) } }
}

/// One bar of a table, beside its number.
pub(super) fn bar(class: &'static str, number: i64, most: i64) -> Markup {
    html! {
        svg height="12" aria-hidden="true" {
            rect class=(class) width=(format!("{:.2}%", percent(number, most))) height="12" {}
        }
    }
}

/// Parts side by side, and a frame around the whole.
fn bars(parts: &[&Part<'_>], whole: i64, height: u8) -> Markup {
    let starts = parts.iter().scan(0, |sum, part| {
        let start = *sum;
        *sum += part.count;
        Some(percent(start, whole))
    });
    html! {
        @for (part, start) in parts.iter().zip(starts) {
            rect class=(part.class) x=(format!("{start:.2}%")) height=(height)
                width=(format!("{:.2}%", percent(part.count, whole))) {}
        }
        rect.track width="100%" height=(height) {}
    }
}

pub(super) fn legend(items: impl Iterator<Item = (&'static str, String)>) -> Markup {
    html! {
        ul.legend {
            @for (class, words) in items {
                li { svg aria-hidden="true" { rect class=(class) width="100%" height="100%" {} } (words) }
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
    pub(super) series: &'a [&'a Series<'a>],
    pub(super) height: f64,
}

impl Daily<'_> {
    pub(super) fn draw(&self) -> Markup {
        let totals: Vec<i64> = (0..self.days.len()).map(|day| self.total(day)).collect();
        let most = round_up(totals.iter().copied().max().unwrap_or(0));
        let shapes = html! {
            @for (number, series) in self.series.iter().enumerate() {
                path class=(series.class) d=(self.columns(number, most)) {}
            }
            @for (day, total) in totals.iter().enumerate().filter(|(_, total)| **total > 0) {
                rect.day x=(day) width="1" height="100" { title { (self.told(day, *total)) } }
            }
        };
        let plot = Plot {
            id: self.id,
            title: self.title,
            summary: self.summary(&totals),
            days: self.days,
            most,
            height: self.height,
            shapes: &shapes,
            now: None,
        };
        plot.draw()
    }

    fn total(&self, day: usize) -> i64 {
        self.series.iter().filter_map(|series| series.days.get(day)).sum()
    }

    /// The columns of one series, which stand on those before it.
    fn columns(&self, number: usize, most: i64) -> String {
        let mut path = String::new();
        for day in 0..self.days.len() {
            let on = |series: &&Series<'_>| series.days.get(day).copied().unwrap_or(0);
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

    /// What a day says under the pointer.
    fn told(&self, day: usize, total: i64) -> String {
        let moved = |series: &&Series<'_>| series.days.get(day).copied().filter(|number| *number > 0);
        let moved = self.series.iter().filter_map(|series| Some((moved(series)?, series.name)));
        let moved: Vec<String> = moved.map(|(number, name)| format!("{} {name}", count(number))).collect();
        match moved.len() {
            1 => format!("{}: {}", self.days[day], moved.join("")),
            _ => format!("{}: {}, {} in all", self.days[day], moved.join(", "), count(total)),
        }
    }

    fn summary(&self, totals: &[i64]) -> String {
        let best = (0..totals.len()).max_by_key(|day| totals[*day]);
        let best = best.map(|day| format!(", most on {}: {}", self.days[day], count(totals[day])));
        let sum: i64 = totals.iter().sum();
        let (first, last) = (first(self.days), last(self.days));
        format!("{first} to {last}: {} in all{}", count(sum), best.unwrap_or_default())
    }
}

/// How many are left, day by day until now, and from there on as projected.
pub(super) struct BurnDown<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// The past and as much of the future as there is to draw on.
    pub(super) days: &'a [String],
    /// At the beginning of each day, and now.
    pub(super) left: &'a [i64],
    /// In how many days it ends and how many are left then, where that can be told.
    pub(super) end: Option<(f64, i64)>,
    pub(super) height: f64,
}

/// Days of the future that are drawn at least, so that a projection can be told from a wall.
const AHEAD: usize = 7;

impl BurnDown<'_> {
    pub(super) fn draw(&self) -> Markup {
        let past = self.left.len().saturating_sub(1);
        let days = &self.days[..self.days.len().min(past + self.ahead())];
        let most = round_up(self.left.iter().copied().max().unwrap_or(0));
        let height = |number: f64| 100.0 - (100.0 * number / most.max(1) as f64).clamp(0.0, 100.0);
        let place = |(day, number): (usize, &i64)| format!("{day},{:.2}", height(*number as f64));
        let points = self.left.iter().enumerate().map(place).collect::<Vec<_>>().join(" ");
        let shapes = html! {
            polygon.area points=(format!("0,100 {points} {past},100")) {}
            polyline.curve points=(points) {}
            @if let Some((x, left)) = self.projected((days.len() - past) as f64) {
                line.ahead x1=(past) y1=(format!("{:.2}", height(self.now() as f64)))
                    x2=(format!("{:.2}", past as f64 + x)) y2=(format!("{:.2}", height(left))) {}
            }
        };
        let plot = Plot {
            id: self.id,
            title: self.title,
            summary: self.summary(first(days)),
            days,
            most,
            height: self.height,
            shapes: &shapes,
            now: (past < days.len()).then_some(past as f64 / days.len() as f64),
        };
        plot.draw()
    }

    fn now(&self) -> i64 {
        self.left.last().copied().unwrap_or(0)
    }

    fn ahead(&self) -> usize {
        self.end.map_or(0, |(days, _)| (days.ceil().clamp(0.0, 1000.0) as usize + 1).max(AHEAD))
    }

    /// Where the projection ends: the day and who is left then, or as far as there is room.
    fn projected(&self, room: f64) -> Option<(f64, f64)> {
        let (end, then) = self.end?;
        let drawn = end.clamp(0.0, room);
        let fallen = (self.now() - then) as f64 * if end > 0.0 { drawn / end } else { 1.0 };
        Some((drawn, self.now() as f64 - fallen))
    }

    fn summary(&self, day: &str) -> String {
        let begun = self.left.first().copied().unwrap_or(0);
        format!("{} at the beginning of {day}, {} now", count(begun), count(self.now()))
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

/// What is above and under the box of the shapes, for words.
const ABOVE: f64 = 18.0;
const UNDER: f64 = 20.0;

impl Plot<'_> {
    fn draw(&self) -> Markup {
        let Plot { id, height, .. } = self;
        let bottom = ABOVE + height;
        html! {
            svg.plot height=(bottom + UNDER) role="img" aria-labelledby=(format!("{id}-title {id}-desc")) {
                title id=(format!("{id}-title")) { (self.title) }
                desc id=(format!("{id}-desc")) { (self.summary) }
                @for (number, y) in self.scale() {
                    line.grid x2="100%" y1=(y) y2=(y) {}
                    text.tick x="100%" y=(y) dx="6" dy=".35em" { (count(number)) }
                }
                svg y=(ABOVE) width="100%" height=(height) preserveAspectRatio="none"
                    viewBox=(format!("0 0 {} 100", self.days.len())) { (self.shapes) }
                @if let Some(now) = self.now {
                    @let x = format!("{:.2}%", 100.0 * now);
                    line.now x1=(x) x2=(x) y1=(ABOVE) y2=(bottom) {}
                    text.tick x=(x) y=(ABOVE - 5.0) text-anchor="middle" { "now" }
                }
                @for (date, at, anchor) in self.dates() {
                    text.tick x=(format!("{at:.2}%")) y=(bottom + 15.0) text-anchor=(anchor) { (date) }
                }
            }
        }
    }

    /// The numbers that have a line, and where: the highest, its half if that is one, and none.
    fn scale(&self) -> Vec<(i64, f64)> {
        let half = (self.most % 2 == 0).then_some((self.most / 2, ABOVE + self.height / 2.0));
        let ends = [(self.most, ABOVE), (0, ABOVE + self.height)];
        ends.into_iter().chain(half.filter(|(number, _)| *number > 0)).collect()
    }

    /// The first, the middle and the last day, where they are in percent of the width.
    fn dates(&self) -> [(&str, f64, &'static str); 3] {
        let middle = self.days.len() / 2;
        let at = 100.0 * (middle as f64 + 0.5) / self.days.len().max(1) as f64;
        let date = self.days.get(middle).map_or("", String::as_str);
        [(first(self.days), 0.0, "start"), (date, at, "middle"), (last(self.days), 100.0, "end")]
    }
}

fn first(days: &[String]) -> &str {
    days.first().map_or("", String::as_str)
}

fn last(days: &[String]) -> &str {
    days.last().map_or("", String::as_str)
}

/// The next number that a scale may end with: a round one of its power of ten.
fn round_up(number: i64) -> i64 {
    const TENTHS: [i64; 10] = [10, 15, 20, 25, 30, 40, 50, 60, 80, 100];
    let mut power: i64 = 1;
    while number > power.saturating_mul(10) {
        power = power.saturating_mul(10);
    }
    let ends = TENTHS.into_iter().map(|tenths| power.saturating_mul(tenths)).filter(|end| end % 10 == 0);
    ends.map(|end| end / 10).find(|end| *end >= number).unwrap_or(number)
}

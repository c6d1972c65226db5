//! The newest runs of `ferry.import`, as a table.

use super::Figures;
use crate::page::html::{Count, Head, Moment, count, duration, table};
use maud::{Markup, html};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) source: String,
    pub(super) operation: String,
    pub(super) dry_run: bool,
    pub(super) message: Option<String>,
    pub(super) state: String,
    pub(super) total: i64,
    pub(super) done: i64,
    pub(super) moved: i64,
    pub(super) updated: i64,
    pub(super) deleted: i64,
    pub(super) deactivated: i64,
    pub(super) refused: i64,
    pub(super) skipped: i64,
    pub(super) started_by: String,
    pub(super) started_at: Moment,
    pub(super) seconds: Option<f64>,
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

pub(super) fn runs(figures: &Figures) -> Markup {
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

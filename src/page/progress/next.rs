//! What is to be done next, with the statements that do it.

use super::runs::Run;
use super::{Figures, Source};
use crate::page::html::{self, Count, Step, counted, literal};
use maud::html;

pub(super) fn next(figures: &Figures, each: &[Source]) -> Vec<Step> {
    let mut steps = html::findings(&figures.findings);
    for source in each.iter().filter(|source| source.retired_at.is_none()) {
        let newest = figures.runs.iter().find(|run| run.source == source.name() && !run.dry_run);
        steps.extend(newest.and_then(|run| unfinished(run, source)));
        steps.extend(source.steps());
    }
    if steps.is_empty() {
        steps.push(Step::good(html! { "Nothing: the move goes on with every login." }, None));
    }
    steps
}

fn unfinished(run: &Run, source: &Source) -> Option<Step> {
    if !["stopped", "interrupted"].contains(&run.state.as_str()) {
        return None;
    }
    let what = html! {
        "Run " (run.id) " of source " bdi { (run.source) } " was " (run.state) " after "
        (Count(run.done)) " of " (Count(run.total)) " rows."
    };
    let import = source.import(&format!(", {}", literal(&run.operation)));
    let how = format!("{import} goes on with it, given the same range of keys.");
    Some(Step::to_do(what, Some(how)))
}

impl Source {
    /// The statement that imports from it, and before it the one that lets it be imported from.
    fn import(&self, arguments: &str) -> String {
        let quoted = literal(self.name());
        let import = format!("CALL ferry.import({quoted}{arguments});");
        if self.enabled != Some(false) {
            return import;
        }
        format!(
            "Enable it first: UPDATE ferry.source SET enabled = true WHERE name = {quoted}; then {import}"
        )
    }

    fn steps(&self) -> Vec<Step> {
        let name = html! { "source " bdi { (self.name()) } };
        let quoted = literal(self.name());
        let mut steps = Vec::new();
        if self.refused > 0 {
            let what =
                html! { (counted(self.refused, "user", "users")) " of " (name) " refused by an import." };
            let how = format!("See below why, and mend that. {}", self.import(", 'retry'"));
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
                let how = format!("{} counts them, and moves nobody.", self.import(", dry_run => true"));
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
                steps.push(Step::to_do(what, Some(self.import(""))));
            }
            Some(_) => {}
        }
        steps
    }
}

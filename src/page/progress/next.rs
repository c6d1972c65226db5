//! What is to be done next, with the statements that do it.

use super::runs::Run;
use super::{Figures, Source};
use crate::page::html::{self, Count, Step, counted, literal};
use maud::html;

pub(super) fn next(figures: &Figures, each: &[Source]) -> Vec<Step> {
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

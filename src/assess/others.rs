//! The logins of the other sources of the target, which those of the source are compared with.

use super::{Assessment, BATCH, Line, Stage, logins_to_compare};
use crate::config;
use crate::error::Refusal;
use crate::source::{Described, Order, Scan, Source, Surveyor};
use std::rc::Rc;

impl Assessment {
    /// In the order in which logins ask them; the last is taken first.
    pub(super) fn other_sources(&mut self) -> Vec<Rc<Source>> {
        let rows = config::rows();
        let others = rows.live_sources_of(&self.target.row.name);
        let others = others.filter(|row| row.enabled && row.name != self.source.row.name);
        let mut sources = Vec::new();
        for row in others {
            match config::source(row, &self.target) {
                Ok(source) => sources.push(source),
                Err(refusal) => self.ready.push_back(not_compared(&row.name, &refusal)),
            }
        }
        sources
    }

    pub(super) fn begin_other(&mut self, source: Rc<Source>, rest: Vec<Rc<Source>>) -> Stage {
        match source.scan(Order::AsItComes, self.limit) {
            Ok(scan) => {
                let surveyor = source.surveyor();
                Stage::Other(source, scan, surveyor, rest)
            }
            Err(refusal) => {
                self.ready.push_back(not_compared(&source.row.name, &refusal));
                Stage::Others(rest)
            }
        }
    }

    pub(super) fn read_other(
        &mut self,
        source: Rc<Source>,
        scan: Scan,
        surveyor: Surveyor,
        rest: Vec<Rc<Source>>,
    ) -> Stage {
        let rows = match scan.next(BATCH) {
            Ok(rows) => rows,
            Err(refusal) => {
                self.ready.push_back(not_compared(&source.row.name, &refusal));
                return Stage::Others(rest);
            }
        };
        if rows.is_empty() {
            scan.close();
            return Stage::Others(rest);
        }
        for described in surveyor.describe(&rows, source.actor()) {
            if let Described::Person(person) = described {
                self.ready.extend(logins_to_compare(&source, &person));
            }
        }
        Stage::Other(source, scan, surveyor, rest)
    }
}

fn not_compared(source: &str, refusal: &Refusal) -> Line {
    let line = Line::of("login", format!("not compared with source {source}: {}", refusal.message()));
    Line { hint: refusal.hint_text().map(str::to_string), ..line }
}

//! Those who are here, or in the source, under another login, by `lookup` of the target.

use super::Assessment;
use super::tally::Line;
use super::wording::{FAILED, detail_of};
use crate::adopt::{self, Matched};
use crate::error::must_reach_caller;
use crate::source::Person;
use crate::spi::plan::{Row, Value as Datum};
use serde_json::Value;

const MET: &str = "They are here with the same value: adopt of ferry.target, and verified on both sides, say whether they are tied, \
                   refused or sent to ferry.review.";
const MET_SEVERAL: &str = "Nobody can tell who of them it is: clean the users table up.";

impl Assessment {
    /// Counts those whom `lookup` finds here under another login, and leaves the others.
    pub(super) fn judge_lookups(&mut self, people: Vec<Person>) -> Vec<Person> {
        let Some(batch) = &self.judge.identities else { return people };
        let rows: Vec<Datum> = people.iter().map(|person| person.row).collect();
        let said = batch.evaluate(&rows, &self.target.actor);
        // Where a mapping fails, the values will tell.
        let said: Vec<Row> = said.into_iter().map(Result::unwrap_or_default).collect();
        let identities: Vec<&[Option<String>]> = said.iter().map(Vec::as_slice).collect();
        let met = match self.target.who_is_identified(&identities) {
            Ok(met) => met,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let item = format!("lookup cannot be asked: {}", error.sqlstate());
                self.tally.blank("login", &item, "See lookup of ferry.target.");
                return people;
            }
        };
        let mut new = Vec::with_capacity(people.len());
        for (place, (person, identities)) in people.into_iter().zip(said).enumerate() {
            if met.contains(&place) && self.note_met(&person) {
                continue;
            }
            for (entry, value) in identities.into_iter().enumerate() {
                let entry = Some(self.target.entry(entry).to_string());
                let line = |value| Line::to_compare("~lookup", value, None, Some(person.key.clone()), entry);
                self.ready.extend(value.map(line));
            }
            new.push(person);
        }
        new
    }

    /// Tells whether anything was to be noted: looked for alone, the user may not be there.
    fn note_met(&mut self, person: &Person) -> bool {
        let found = adopt::look_up(&self.source, &self.target, person).map(|looked_up| looked_up.found);
        let (who, entry, hint) = match found {
            Ok(Matched::One(_, entry)) => ("of a user", entry, MET),
            Ok(Matched::Several(entry)) => ("of several users", entry, MET_SEVERAL),
            Ok(Matched::Nobody) => return false,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let item = format!("lookup cannot be asked: {}", error.sqlstate());
                self.tally.note("login", item, &person.key, detail_of(&error), Some(FAILED));
                return true;
            }
        };
        let item = format!("{who} under another login, by {}", self.target.entry(entry));
        self.tally.note("login", item, &person.key, Value::Null, Some(hint));
        true
    }
}

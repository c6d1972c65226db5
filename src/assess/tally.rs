//! The lines of an assessment, and the counts by kind that they are made of.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// More kinds than this in one topic are counted together: a hostile store must not fill the memory with them.
const MAX_KINDS: usize = 500;

/// One line of the assessment.
pub(crate) struct Line {
    pub(crate) topic: &'static str,
    pub(crate) item: String,
    pub(crate) rows: Option<i64>,
    pub(crate) sample: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Line {
    pub(super) fn of(topic: &'static str, item: impl Into<String>) -> Line {
        Line { topic, item: item.into(), rows: None, sample: None, detail: None, hint: None }
    }

    /// Of one row, for SQL to compare with all others.
    pub(super) fn to_compare(
        topic: &'static str,
        item: String,
        rows: Option<i64>,
        sample: Option<String>,
        detail: Option<String>,
    ) -> Line {
        Line { topic, item, rows, sample, detail, hint: None }
    }

    pub(super) fn counted(self, rows: i64) -> Line {
        Line { rows: Some(rows), ..self }
    }

    pub(super) fn detailed(self, detail: Value) -> Line {
        Line { detail: Some(detail.to_string()), ..self }
    }

    pub(super) fn hinted(self, hint: &str) -> Line {
        Line { hint: Some(hint.to_string()), ..self }
    }
}

/// Rows of a kind, counted, with the first of them as a sample.
struct Kind {
    rows: i64,
    sample: Option<String>,
    detail: Value,
    hint: Option<String>,
}

/// The kinds of each topic.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<&'static str, BTreeMap<String, Kind>>);

impl Tally {
    pub(super) fn note(
        &mut self,
        topic: &'static str,
        item: String,
        sample: &str,
        detail: Value,
        hint: Option<&'static str>,
    ) {
        self.add(topic, item, 1, Some(sample), detail, hint);
    }

    pub(super) fn see(&mut self, topic: &'static str, item: &str, sample: &str) {
        self.add(topic, item.to_string(), 1, Some(sample), Value::Null, None);
    }

    /// A row that has no key to be named by.
    pub(super) fn blank(&mut self, topic: &'static str, item: &str, hint: &'static str) {
        self.add(topic, item.to_string(), 1, None, Value::Null, Some(hint));
    }

    pub(super) fn count(&mut self, topic: &'static str, item: &str, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.add(topic, item.to_string(), rows, None, Value::Null, None);
    }

    pub(super) fn add(
        &mut self,
        topic: &'static str,
        item: String,
        rows: i64,
        sample: Option<&str>,
        detail: Value,
        hint: Option<&'static str>,
    ) {
        let kinds = self.0.entry(topic).or_default();
        let is_one_too_many = kinds.len() >= MAX_KINDS && !kinds.contains_key(&item);
        let (item, detail) = if is_one_too_many { further(kinds.len(), &detail) } else { (item, detail) };
        let new = || Kind { rows: 0, sample: None, detail, hint: hint.map(str::to_string) };
        let kind = kinds.entry(item).or_insert_with(new);
        kind.rows += rows;
        if kind.sample.is_none() {
            kind.sample = sample.map(str::to_string);
        }
    }

    pub(super) fn rows(&self, topic: &str, item: &str) -> i64 {
        self.0.get(topic).and_then(|kinds| kinds.get(item)).map_or(0, |kind| kind.rows)
    }

    pub(super) fn into_lines(self) -> impl Iterator<Item = Line> {
        self.0.into_iter().flat_map(|(topic, kinds)| {
            kinds.into_iter().map(move |(item, kind)| Line {
                topic,
                item,
                rows: Some(kind.rows),
                sample: kind.sample,
                detail: Some(kind.detail).filter(|detail| !detail.is_null()).map(|detail| detail.to_string()),
                hint: kind.hint,
            })
        })
    }
}

/// The kind of those that are one too many. Of hashes it keeps what they are worth: where each row has a cost of its own,
/// every password is of another kind, and may be as good as the others.
fn further(kinds: usize, detail: &Value) -> (String, Value) {
    let opens = &detail["opens"];
    if let Some(format) = detail["format"].as_str().filter(|_| kinds < 2 * MAX_KINDS) {
        let detail = json!({ "format": format, "strength": detail["strength"], "opens": opens });
        return (format!("{format}, further parameters"), detail);
    }
    let item = match opens.as_str() {
        None => return ("of further kinds".to_string(), Value::Null),
        Some("yes") => "of further kinds",
        Some("never") => "of further kinds, which no password opens",
        Some(_) => "of further kinds, which cannot be verified",
    };
    (item.to_string(), json!({ "opens": opens }))
}

//! A server's log, cut up by database.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// A part of a server's log.
///
/// Each entry starts with `time [pid] SQLSTATE user@database `; its further lines start with a tab.
#[derive(Clone, Debug)]
pub struct Log {
    text: String,
}

impl Log {
    pub(crate) fn read(file: &Path, from: u64) -> Self {
        let mut bytes = Vec::new();
        let mut file = File::open(file).expect("cannot open the server's log");
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.read_to_end(&mut bytes))
            .expect("cannot read the server's log");
        // A query in a broken encoding is logged as it came.
        Self { text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text occurs anywhere.
    pub fn contains(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The entries of one database.
    #[must_use]
    pub fn of_database(&self, database: &str) -> Self {
        self.filter(|entry| {
            entry_field(entry, DATABASE_FIELD)
                .is_some_and(|field| field.rsplit_once('@').is_some_and(|(_, name)| name == database))
        })
    }

    /// The entries that contain a text.
    #[must_use]
    pub fn with(&self, text: &str) -> Self {
        self.filter(|entry| entry.contains(text))
    }

    /// The entries with an internal error (class XX): each is a bug of ours.
    #[must_use]
    pub fn internal_errors(&self) -> Self {
        self.filter(|entry| entry_field(entry, SQLSTATE_FIELD).is_some_and(|field| field.starts_with("XX")))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().count()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self { text: self.entries().filter(|entry| keep(entry)).collect() }
    }

    fn entries(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.as_str();
        std::iter::from_fn(move || {
            let (entry, after) = rest.split_at(end_of_first_entry(rest));
            rest = after;
            (!entry.is_empty()).then_some(entry)
        })
    }
}

/// Fields of the prefix, separated by blanks: date, time, zone, [pid], SQLSTATE, user@database.
const SQLSTATE_FIELD: usize = 4;
const DATABASE_FIELD: usize = 5;

fn entry_field(entry: &str, index: usize) -> Option<&str> {
    entry.split(' ').nth(index)
}

fn end_of_first_entry(text: &str) -> usize {
    let next_entry = |(position, _): &(usize, &str)| !text[position + 1..].starts_with('\t');
    text.match_indices('\n').find(next_entry).map_or(text.len(), |(position, _)| position + 1)
}

//! What `ferry.explain_login` shows: the steps of a login, as they are taken.

use serde_json::Value;

/// One step. Its texts hold no hash and no password.
pub(crate) struct Note {
    pub(crate) action: String,
    pub(crate) result: String,
    pub(crate) detail: Option<Value>,
}

#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) notes: Vec<Note>,
}

impl Trace {
    pub(crate) fn note(&mut self, action: &str, result: &str) {
        self.notes.push(Note { action: action.to_string(), result: result.to_string(), detail: None });
    }

    pub(crate) fn note_with(&mut self, action: &str, result: &str, detail: Value) {
        self.note(action, result);
        if let Some(note) = self.notes.last_mut() {
            note.detail = Some(detail);
        }
    }
}

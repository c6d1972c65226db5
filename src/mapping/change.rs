//! What the mappings write of a user who is here: once, as the user is adopted, or at each login, where `refresh` says so.

use super::{Mapped, Transfer};
use crate::catalog::Column;
use crate::config_sql;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Adopt,
    Refresh,
}

impl Transfer {
    /// Each column that is written, with its value as the column takes it, and the item of FROM that these are over, beside
    /// `u`. It has the row in `$1`.
    pub(crate) fn change(&self, change: Change) -> (Vec<(&Column, String)>, String) {
        let from = self.made(self.changed_by(change).map(|(mapped, _)| mapped));
        let values = self
            .changed_by(change)
            .map(|(mapped, value)| (&mapped.column, config_sql::assigned(&value, &mapped.column)));
        (values.collect(), from)
    }

    pub(super) fn changed_by(&self, change: Change) -> impl Iterator<Item = (&Mapped, &str)> {
        self.mapped.iter().filter_map(move |mapped| {
            let value = match change {
                Change::Adopt => &mapped.adopted,
                Change::Refresh => &mapped.refreshed,
            };
            Some((mapped, value.as_deref()?))
        })
    }
}

//! What a source says of a person that no login asks: when they were last seen, what they are worth, where to write to.
//! And which columns of it would be gone with it.

use super::{ConfigSql, Source, optional};
use crate::batch::Batch;
use crate::config::SourceRow;
use crate::config_sql::{self, Scope};
use crate::error::Refusal;
use crate::spi::plan::{Row, Value};
use crate::sql::{Expression, list};

/// The expressions that say it.
pub(super) struct Expressions {
    last_seen: Option<Expression>,
    value: Option<Expression>,
    contact: Option<Expression>,
}

impl Expressions {
    pub(super) fn open(row: &SourceRow, config: &ConfigSql<'_>) -> Result<Expressions, Refusal> {
        let (scope, actor) = (&config.over_l, config.actor);
        let last_seen = |text: &str| config_sql::timestamp(text, &config.at("last_seen"), scope, actor);
        let value = |text: &str| config_sql::number(text, &config.at("value"), scope, actor);
        Ok(Expressions {
            last_seen: optional(&row.last_seen, last_seen)?,
            value: optional(&row.value, value)?,
            contact: optional(&row.contact, |text| config.value("contact", text))?,
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Expression> {
        [&self.last_seen, &self.value, &self.contact].into_iter().flatten()
    }
}

/// What is said of one person.
#[derive(Default)]
pub(crate) struct Particulars {
    /// As JSON writes a timestamp.
    pub(crate) last_seen: Option<String>,
    pub(crate) value: Option<f64>,
    pub(crate) contact: Option<String>,
    /// When the row was changed, in seconds since 1970.
    pub(crate) changed_at: Option<f64>,
}

/// Says it of many rows at once.
pub(crate) struct Register(Batch);

impl Source {
    pub(crate) fn register(&self) -> Register {
        let Expressions { last_seen, value, contact } = &self.particulars;
        let or_null = |expression: Option<&Expression>, before: &str, after: &str| {
            expression.map_or("NULL".to_string(), |expression| format!("{before}{expression}{after}"))
        };
        let fields = [
            or_null(
                last_seen.as_ref(),
                "pg_catalog.to_json(",
                "::pg_catalog.timestamptz) OPERATOR(pg_catalog.#>>) '{}'",
            ),
            or_null(value.as_ref(), "", "::pg_catalog.float8::pg_catalog.text"),
            or_null(contact.as_ref(), "", "::pg_catalog.text"),
            or_null(
                self.transfer.changed_at(),
                "EXTRACT(epoch FROM ",
                "::pg_catalog.timestamptz)::pg_catalog.text",
            ),
        ];
        let from = Scope::of_rows(self.rows.row_type, "l").from;
        Register(Batch::new(format!("SELECT {} {from}", list(fields)), self.rows.row_type))
    }

    /// Whether it says when users were last seen.
    pub(crate) fn knows_last_seen(&self) -> bool {
        self.particulars.last_seen.is_some()
    }

    /// The columns that are not taken along: no mapping, child or password reads them.
    pub(crate) fn columns_left_behind(&self) -> Result<Vec<String>, Refusal> {
        let secrets = [Some(&self.hash), self.salt.as_ref(), self.hash_login.as_ref()].into_iter().flatten();
        let kept = self.transfer.assigned().map(|(_, value)| value);
        let kept = kept.chain(self.children.reads()).chain(secrets.map(ToString::to_string));
        let place = format!("source {}", self.row.name);
        let kept =
            config_sql::columns_read(kept.chain([self.key.sql.clone()]), &self.rows, &place, &self.actor)?;
        let columns = self.rows.columns.iter().map(|column| column.name.as_str());
        Ok(columns.filter(|name| !kept.contains(name)).map(str::to_string).collect())
    }
}

impl Register {
    /// `None` where one of the expressions fails on a row.
    pub(crate) fn look_up(&self, rows: &[Value], source: &Source) -> Vec<Option<Particulars>> {
        let answers = self.0.evaluate(rows, source.actor()).into_iter();
        answers.map(|fields| fields.ok().map(particulars)).collect()
    }
}

fn particulars(fields: Row) -> Particulars {
    let mut fields = fields.into_iter();
    let mut next = || fields.next().flatten();
    let last_seen = next();
    // What is not a number is worth nothing.
    let value = next().and_then(|value| value.parse().ok()).filter(|value: &f64| value.is_finite());
    let contact = next().filter(|contact| !contact.trim().is_empty());
    let changed_at = next().and_then(|seconds| seconds.parse().ok());
    Particulars { last_seen, value, contact, changed_at }
}

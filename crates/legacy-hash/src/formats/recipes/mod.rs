//! The formats that are recipes: home-made hashes that became known by the application that made them.
//!
//! A row is a name, its recipes, an example and a note. What it needs besides the hash is read off the first recipe.

mod applications;
mod digests;
mod forums;
mod frameworks;
mod http_digest;

pub(crate) use applications::{FORMATS as APPLICATIONS, TWO_SALTS};
pub(crate) use digests::FORMATS as DIGESTS;
pub(crate) use forums::FORMATS as FORUMS;
pub(crate) use frameworks::FORMATS as FRAMEWORKS;
pub(crate) use http_digest::FORMATS as HTTP_DIGEST;

use std::sync::OnceLock;

use crate::Error;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::limits::Limits;
use crate::recipe::Recipe;
use crate::verify::Attempt;

/// Rows of one file: name and aliases, recipes, example, note.
macro_rules! recipes {
    ($($name:literal $(, $alias:literal)*: $($recipe:literal)|+; $example:literal; $note:literal)*) => {
        pub(crate) static FORMATS: &[Format] = &[$(
            Format {
                aliases: &[$($alias),*],
                scheme: {
                    static SCHEME: RecipeFormat = RecipeFormat::new(&[$($recipe),+], false);
                    &SCHEME
                },
                ..row($name, &[$($recipe),+], $example, $note)
            },
        )*];

        /// The recipes by the name of their row.
        #[cfg(test)]
        pub(crate) const TEXTS: &[(&[&str], &str)] = &[$((&[$($recipe),+], $name)),*];
    };
}
pub(crate) use recipes;

/// What a row's first recipe says about it.
pub(crate) const fn row(
    name: &'static str,
    recipes: &[&'static str],
    example: &'static str,
    note: &'static str,
) -> Format {
    let recipe = recipes[0];
    let bcrypt = contains(recipe, "|bcrypt");
    Format {
        name,
        strength: if bcrypt { Strength::Strong } else { Strength::Weak },
        example,
        needs_salt: contains(recipe, "$salt") && !contains(recipe, "{salt"),
        needs_login: contains(recipe, "$user"),
        needs_pepper: contains(recipe, "$pepper"),
        // A string that begins with text of its own says what it is; all others are bare.
        must_name: !contains(recipe, "<-") || recipe.as_bytes()[0] == b'{',
        note,
        // The password itself goes into bcrypt, which takes C strings.
        ends_at_nul: contains(recipe, "$pass|bcrypt") || contains(recipe, "$pass.$pepper|bcrypt"),
        ..ROW
    }
}

/// Whether one text is in the other, at compile time.
const fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let mut at = 0;
    while at + part.len() <= text.len() {
        let mut i = 0;
        while i < part.len() && text[at + i] == part[i] {
            i += 1;
        }
        if i == part.len() {
            return true;
        }
        at += 1;
    }
    false
}

/// A hash by any of a few recipes: other layouts of the same string, or other spellings of the same password.
pub(crate) struct RecipeFormat {
    texts: &'static [&'static str],
    /// The salt is two, with a colon between them; the second one is the recipe's pepper.
    two_salts: bool,
    parsed: OnceLock<Vec<Recipe>>,
}

impl RecipeFormat {
    pub(crate) const fn new(texts: &'static [&'static str], two_salts: bool) -> Self {
        Self { texts, two_salts, parsed: OnceLock::new() }
    }

    /// The recipes. Those of the rows all parse, as a test sees to.
    fn recipes(&self) -> &[Recipe] {
        self.parsed.get_or_init(|| self.texts.iter().filter_map(|text| Recipe::parse(text).ok()).collect())
    }

    /// The recipes that a string is laid out for, or what is wrong with it.
    fn fitting(&self, hash: &str, limits: &Limits) -> Result<Vec<&Recipe>, Error> {
        let mut fitting = Vec::new();
        let mut wrong = None;
        for recipe in self.recipes() {
            match recipe.check(hash, limits) {
                Ok(()) => fitting.push(recipe),
                Err(error) => _ = wrong.get_or_insert(error),
            }
        }
        match wrong {
            Some(error) if fitting.is_empty() => Err(error),
            _ => Ok(fitting),
        }
    }
}

impl Scheme for RecipeFormat {
    fn recognise(&self, hash: &str) -> bool {
        self.recipes().iter().any(|recipe| recipe.recognise(hash))
    }

    fn carries_salt(&self, hash: &str) -> bool {
        let carries = |recipe: &&Recipe| !recipe.needs().salt || recipe.carries_salt(hash);
        self.fitting(hash, &Limits::ABSOLUTE).is_ok_and(|fitting| fitting.iter().any(carries))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.fitting(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let (hash, salt) = match (attempt.salt, attempt.hash.split_once(':')) {
            (None, Some((hash, salt))) if self.two_salts => (hash, Some(salt.as_bytes())),
            _ => (attempt.hash, attempt.salt),
        };
        let mut attempt = attempt.over(attempt.password, hash);
        attempt.salt = salt;
        if let (true, Some((salt, key))) =
            (self.two_salts && attempt.pepper.is_empty(), salt.and_then(at_colon))
        {
            attempt.salt = Some(salt);
            attempt.pepper = key;
        }
        let mut verdict = Ok(false);
        for (i, recipe) in self.fitting(hash, attempt.limits)?.into_iter().enumerate() {
            verdict = match recipe.verify(&mut attempt) {
                Ok(true) => return Ok(true),
                // Another reading of the salt, which it doesn't allow.
                Err(Error::Malformed(_)) if i > 0 => verdict,
                judged => judged,
            };
            if !matches!(verdict, Ok(false) | Err(Error::Malformed(_))) {
                break;
            }
        }
        verdict
    }
}

/// What is before and after the first colon.
fn at_colon(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&b| b == b':')?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of this module.
    fn rows() -> impl Iterator<Item = &'static Format> {
        [FORUMS, FRAMEWORKS, APPLICATIONS, DIGESTS].into_iter().flatten()
    }

    #[test]
    fn recipes_of_rows_parse_and_need_what_their_rows_say() {
        for (text, row) in TEXTS.iter().flat_map(|file| file.iter()) {
            for text in *text {
                assert!(Recipe::parse(text).is_ok(), "{row}: {text}: {:?}", Recipe::parse(text).map(drop));
            }
            let needs = Recipe::parse(text[0]).map(|recipe| recipe.needs());
            let format = rows().find(|format| format.name == *row);
            let said = format.map(|f| (f.needs_salt, f.needs_login, f.needs_pepper));
            assert_eq!(needs.ok().map(|needs| (needs.salt, needs.login, needs.pepper)), said, "{row}");
        }
    }

    /// The recipes of all files, by the name of their row.
    const TEXTS: &[&[(&[&str], &str)]] =
        &[forums::TEXTS, frameworks::TEXTS, applications::TEXTS, digests::TEXTS];
}

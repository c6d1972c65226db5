//! How a hash is read: a format of the list, or a recipe.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::format::{Format, Scheme, format};
use crate::recipe::Recipe;

/// What a source may name as the format of its hashes.
#[derive(Clone)]
pub enum Method {
    /// A format of the list.
    Format(&'static Format),
    /// A recipe, see [`Recipe`].
    Recipe(Arc<Recipe>),
}

/// What a hash needs besides itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// A salt that is not in the string.
    pub salt: bool,
    /// The login, which is hashed too.
    pub login: bool,
    /// The secret of the application, which is hashed too.
    pub pepper: bool,
}

impl Method {
    /// Reads the name of a format, an alias, or a recipe.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], and [`Error::BadRecipe`] for what looks like a recipe.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match format(text) {
            Some(format) => Ok(Self::Format(format)),
            None => Recipe::parse(text).map(|recipe| Self::Recipe(Arc::new(recipe))),
        }
    }

    /// What it needs besides the hash.
    pub fn needs(&self) -> Needs {
        match self {
            Self::Format(format) => {
                Needs { salt: format.needs_salt, login: format.needs_login, pepper: format.needs_pepper }
            }
            Self::Recipe(recipe) => recipe.needs(),
        }
    }

    /// The genuine functions take C strings.
    pub(crate) fn ends_at_nul(&self) -> bool {
        match self {
            Self::Format(format) => format.ends_at_nul,
            Self::Recipe(_) => false,
        }
    }

    pub(crate) fn scheme(&self) -> &dyn Scheme {
        match self {
            Self::Format(format) => format.scheme,
            Self::Recipe(recipe) => recipe.as_ref(),
        }
    }
}

/// The name of the format, or the text of the recipe.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => f.write_str(format.name),
            Self::Recipe(recipe) => recipe.fmt(f),
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Method({self})")
    }
}

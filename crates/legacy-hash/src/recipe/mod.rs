//! Formulas for home-made hashes, such as `md5(md5($pass).$salt)`.

use std::fmt;

use crate::Error;
use crate::format::Scheme;
use crate::limits::Limits;
use crate::method::Needs;
use crate::verify::Attempt;

/// A formula for home-made hashes.
pub struct Recipe {
    text: String,
}

impl Recipe {
    /// Reads a recipe.
    pub fn parse(_text: &str) -> Result<Self, Error> {
        Err(Error::UnknownName)
    }

    /// What it needs besides the hash.
    pub fn needs(&self) -> Needs {
        Needs::default()
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scheme for Recipe {
    fn recognise(&self, _hash: &str) -> bool {
        false
    }

    fn check(&self, _hash: &str, _limits: &Limits) -> Result<(), Error> {
        Err(Error::UnknownName)
    }

    fn verify(&self, _attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        Err(Error::UnknownName)
    }
}

//! Finding out how a system hashes, from one account whose password is known.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use crate::Error;
use crate::encoding::{b64, hex};
use crate::identify::{Identified, identify};
use crate::kdf::Tick;
use crate::limits::{CALIBRATION_RECIPE_WORK, CALIBRATION_TICKS, Limits, MAX_HASH_BYTES};
use crate::method::{Method, Needs};
use crate::recipe::common_recipes;
use crate::verify::{Stored, Verdict, verify};

/// The methods by which `password` is the one that `stored` was made from.
///
/// For whoever sets up a source of users and doesn't know its format: the hash of a test account, its password, and
/// what else is stored about it are compared with every format that has the hash's shape, those that must be named
/// included, and where none fits, with the recipes that applications usually hash by. What is not given (a salt, the
/// login, a pepper) is not guessed: formats and recipes that need it are left out. Several methods may fit, mostly by
/// chance of a weak choice, such as an empty salt; another account tells them apart.
///
/// It takes longer than a verification, up to minutes for costly hashes that fit nothing, so it is not for
/// logins. Each try keeps the limits, and all of them together stop after [`CALIBRATION_TICKS`] ticks.
///
/// # Errors
///
/// [`Error::Locked`], [`Error::Interrupted`], [`Error::OutOfMemory`], and [`Error::OverLimit`] where the hash is too
/// long, or where the work ran out before anything was found. That nothing fits is an empty list.
pub fn calibrate(
    password: &[u8],
    stored: &Stored<'_>,
    limits: &Limits,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<Method>, Error> {
    if stored.hash.len() > MAX_HASH_BYTES {
        return Err(Error::OverLimit("the length of a stored hash"));
    }
    let mut search =
        Search { password, limits: *limits, work: Work { left: CALIBRATION_TICKS, tick }, found: Vec::new() };
    let ended = search.formats(stored).and_then(|()| match search.found.is_empty() {
        true => search.recipes(stored),
        false => Ok(()),
    });
    match ended {
        // What the work sufficed for is an answer.
        Err(Error::Interrupted) if search.work.left == 0 && !search.found.is_empty() => {}
        Err(Error::Interrupted) if search.work.left == 0 => return Err(Error::OverLimit("calibration")),
        ended => ended?,
    }
    Ok(search.found)
}

struct Search<'a> {
    password: &'a [u8],
    limits: Limits,
    work: Work<'a>,
    found: Vec<Method>,
}

impl Search<'_> {
    /// The formats that have the shape of the hash.
    fn formats(&mut self, stored: &Stored<'_>) -> Result<(), Error> {
        // Those that the shape alone tells come first: they are likelier.
        let Identified::Candidates(candidates) = identify(stored.hash) else { return Err(Error::Locked) };
        for format in candidates {
            self.attempt(Method::Format(format), stored)?;
        }
        Ok(())
    }

    /// The usual recipes for a digest as long as this one, and those for `hash:salt` in one column.
    fn recipes(&mut self, stored: &Stored<'_>) -> Result<(), Error> {
        self.limits.recipe_work = self.limits.recipe_work.min(CALIBRATION_RECIPE_WORK);
        self.recipes_of(stored.hash, "", stored)?;
        match stored.hash.split_once(':') {
            Some((hash, salt)) if stored.salt.is_none() && !salt.is_empty() => {
                let split = Stored { salt: Some(salt.as_bytes()), ..*stored };
                self.recipes_of(hash, "{hash}:{salt} <- ", &split)
            }
            _ => Ok(()),
        }
    }

    fn recipes_of(&mut self, digest: &str, template: &str, stored: &Stored<'_>) -> Result<(), Error> {
        let given = Needs {
            salt: stored.salt.is_some(),
            login: stored.login.is_some(),
            pepper: stored.pepper.is_some(),
        };
        // The recipe takes a salt that its template has from the hash.
        let salt = stored.salt.filter(|_| template.is_empty());
        let stored = Stored { salt, ..*stored };
        let mut tried = HashSet::new();
        for recipe in digest_lengths(digest).into_iter().flat_map(|len| common_recipes(len, given)) {
            if !tried.insert(recipe.clone()) {
                continue;
            }
            // One that a format has for its name was tried as such.
            match Method::parse(&format!("{template}{recipe}")) {
                Ok(method @ Method::Recipe(_)) => self.attempt(method, &stored)?,
                Ok(Method::Format(_)) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn attempt(&mut self, method: Method, stored: &Stored<'_>) -> Result<(), Error> {
        self.work.tick()?;
        let work = &mut self.work;
        match verify(self.password, stored, Some(&method), &self.limits, &mut || work.step()) {
            Ok(Verdict::Right) => self.found.push(method),
            Ok(Verdict::Wrong | Verdict::Locked) => {}
            Err(error @ (Error::Interrupted | Error::OutOfMemory)) => return Err(error),
            // Not of this format, or not within the limits, or something is not given.
            Err(_) => {}
        }
        Ok(())
    }
}

/// The lengths in bytes that a digest of this text may have: read as hex, and as base64.
fn digest_lengths(text: &str) -> BTreeSet<usize> {
    let read = [hex(text, "digest"), b64(text, "digest")];
    read.into_iter().flatten().map(|bytes| bytes.len()).collect()
}

/// The caller's tick, so many times.
struct Work<'a> {
    left: u32,
    tick: Tick<'a>,
}

impl Work<'_> {
    fn step(&mut self) -> ControlFlow<()> {
        match self.left.checked_sub(1) {
            None => ControlFlow::Break(()),
            Some(left) => {
                self.left = left;
                (self.tick)()
            }
        }
    }

    fn tick(&mut self) -> Result<(), Error> {
        match self.step() {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted),
        }
    }
}

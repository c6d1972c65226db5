//! What the targets share: how bytes become a question, and the bounds that no answer may pass.
#![forbid(unsafe_code)]

use std::ops::ControlFlow;

use legacy_hash::{Format, Limits, Method, Stored, format, formats, verify};

#[path = "../../tests/common/tight.rs"]
mod tight;

pub use tight::{MOST_TICKS, TIGHT};

/// What real parameters are refused under: nearly all is parsed then, and little computed.
const LEAST: Limits = Limits {
    bcrypt_cost: 3,
    pbkdf2_work: 10,
    scrypt_memory: 1 << 12,
    scrypt_work: 1 << 4,
    argon2_memory_kib: 8,
    argon2_passes: 1,
    argon2_work_kib: 8,
    sha_crypt_rounds: 10,
    phpass_log2: 4,
    digest_rounds: 10,
    recipe_work: 100,
};

/// A question of six fields, one a line: what is named as the format or recipe, the salt, the login, the pepper, the
/// password, and all that is left is the hash. A field that is a single `-` is absent.
pub struct Question<'a> {
    pub method: &'a str,
    pub password: &'a [u8],
    pub stored: Stored<'a>,
    limits: &'static Limits,
}

impl<'a> Question<'a> {
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let mut fields = data.splitn(6, |byte| *byte == b'\n');
        let mut next = || fields.next();
        let (method, salt, login, pepper, password, hash) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let present = |field: &'a [u8]| (field != b"-").then_some(field);
        let text = |field| std::str::from_utf8(field).ok();
        let stored = Stored {
            hash: text(hash)?,
            salt: present(salt),
            login: present(login).and_then(text),
            pepper: present(pepper),
        };
        // Hashing is dear: one question of eight has limits that allow it.
        let limits = if data.len() % 8 == 0 { &TIGHT } else { &LEAST };
        Some(Self { method: text(method)?, password, stored, limits })
    }

    /// The same question about another hash.
    pub fn about<'b>(&'b self, hash: &'b str) -> Question<'b> {
        Question { stored: Stored { hash, ..self.stored }, ..*self }
    }

    /// Asks; panics if the answer took too long.
    pub fn ask(&self, method: Option<&Method>) {
        let mut ticks = 0;
        let mut count = || {
            ticks += 1;
            ControlFlow::Continue(())
        };
        let _ = verify(self.password, &self.stored, method, self.limits, &mut count);
        assert!(ticks <= MOST_TICKS, "{ticks} ticks");
    }
}

/// The format of this name, or else any one: each name stands for one.
pub fn some_format(name: &str) -> &'static Format {
    let pick = name.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format(name).or_else(|| formats().nth(pick % formats().count())).expect("the list is not empty")
}

//! WoltLab's Burning Board and Suite, whose bcrypt has been double and is single.

use crate::Error;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::bcrypt::BCRYPT;
use crate::formats::fields::strip_prefix_any_case;
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "wbb4",
        strength: Strength::Strong,
        example: "<bcrypt hash>; also DoubleBcrypt:<bcrypt hash>, wcf2:<bcrypt hash>",
        must_name: true,
        note: "WoltLab Burning Board 4, Suite 3 to 5.3: bcrypt over the bcrypt hash",
        ends_at_nul: true,
        scheme: &DoubleBcrypt,
        ..ROW
    },
    Format {
        name: "woltlab-bcrypt",
        strength: Strength::Strong,
        example: "Bcrypt:<bcrypt hash>",
        note: "WoltLab Suite 5.4 and later; only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &SingleBcrypt,
        ..ROW
    },
];

/// bcrypt over the string that bcrypt with the same salt made.
struct DoubleBcrypt;

impl DoubleBcrypt {
    fn inner<'a>(&self, hash: &'a str) -> &'a str {
        ["DoubleBcrypt:", "wcf2:"]
            .iter()
            .find_map(|prefix| strip_prefix_any_case(hash, prefix))
            .unwrap_or(hash)
    }
}

impl Scheme for DoubleBcrypt {
    fn recognise(&self, hash: &str) -> bool {
        BCRYPT.recognise(self.inner(hash))
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(self.inner(hash), limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = self.inner(attempt.hash);
        let once = BCRYPT.crypt(&mut attempt.over(attempt.password, hash))?;
        BCRYPT.verify(&mut attempt.over(once.as_bytes(), hash))
    }
}

/// `Bcrypt:$2y$…`
struct SingleBcrypt;

impl SingleBcrypt {
    fn inner<'a>(&self, hash: &'a str) -> Result<&'a str, Error> {
        strip_prefix_any_case(hash, "Bcrypt:").ok_or(Error::Malformed("woltlab prefix"))
    }
}

impl Scheme for SingleBcrypt {
    fn recognise(&self, hash: &str) -> bool {
        self.inner(hash).is_ok()
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(self.inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = self.inner(attempt.hash)?;
        BCRYPT.verify(&mut attempt.over(attempt.password, hash))
    }
}

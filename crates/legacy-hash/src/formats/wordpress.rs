//! WordPress 6.8 and later.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha384;
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::to_b64_padded;
use crate::format::{Format, ROW, Scheme, Strength};
use crate::formats::bcrypt::{BCRYPT, measure, new_bcrypt};
use crate::kdf::Tick;
use crate::limits::{BCRYPT_COST_ABSOLUTE, Limits};
use crate::policy::{Knob, Measured, Produce};
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[Format {
    name: "wordpress-bcrypt",
    strength: Strength::Strong,
    example: "$wp$2y$<cost>$<salt, 22><hash, 31>",
    can_produce: true,
    note: "WordPress 6.8 and later: bcrypt over an HMAC-SHA-384 of the trimmed password",
    scheme: &WordPressBcrypt,
    ..ROW
}];

/// `$wp$2y$…`: bcrypt over base64(HMAC-SHA-384("wp-sha384", trim(password))), so that long passwords count to
/// their end.
///
/// Source: `wp_hash_password` and `wp_check_password` in wp-includes/pluggable.php. The latter doesn't trim,
/// but `wp_authenticate`, by which every login goes, does.
pub(crate) struct WordPressBcrypt;

impl Scheme for WordPressBcrypt {
    fn recognise(&self, hash: &str) -> bool {
        hash.starts_with("$wp$2")
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        BCRYPT.check(inner(hash)?, limits)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let hash = inner(attempt.hash)?;
        let digest = prehash(trim(attempt.password))?;
        BCRYPT.verify(&mut attempt.over(digest.as_bytes(), hash))
    }

    fn producer(&self) -> Option<&dyn Produce> {
        Some(self)
    }
}

impl Produce for WordPressBcrypt {
    fn name(&self) -> &'static str {
        "wordpress-bcrypt"
    }

    fn knobs(&self) -> &'static [Knob] {
        // PHP's default before 8.4, on which WordPress relies.
        &[Knob { name: "cost", default: 10, min: 4, max: BCRYPT_COST_ABSOLUTE, strengthens: true }]
    }

    fn produce(
        &self,
        password: &[u8],
        values: &[u32],
        limits: &Limits,
        tick: Tick<'_>,
    ) -> Result<String, Error> {
        let digest = prehash(trim(password))?;
        Ok(format!("$wp{}", new_bcrypt("$2y$", digest.as_bytes(), values, limits, tick)?))
    }

    fn measure(&self, hash: &str) -> Option<Measured> {
        measure(inner(hash).ok()?)
    }
}

/// Exactly `$wp` goes: the dollar that follows is bcrypt's.
fn inner(hash: &str) -> Result<&str, Error> {
    hash.strip_prefix("$wp").ok_or(Error::Malformed("wordpress prefix"))
}

fn prehash(password: &[u8]) -> Result<Zeroizing<String>, Error> {
    // HMAC takes keys of any length: the error is of the trait, not of the function.
    let keyed =
        Hmac::<Sha384>::new_from_slice(b"wp-sha384").map_err(|_| Error::Malformed("wordpress key"))?;
    let digest = Zeroizing::new(<[u8; 48]>::from(keyed.chain_update(password).finalize().into_bytes()));
    Ok(Zeroizing::new(to_b64_padded(&digest[..])))
}

/// PHP's `trim`: these six bytes at both ends.
fn trim(mut password: &[u8]) -> &[u8] {
    const BLANK: &[u8] = b" \t\n\r\0\x0B";
    while let [first, rest @ ..] = password
        && BLANK.contains(first)
    {
        password = rest;
    }
    while let [rest @ .., last] = password
        && BLANK.contains(last)
    {
        password = rest;
    }
    password
}

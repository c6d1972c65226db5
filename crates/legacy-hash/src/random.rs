//! Random bytes for salts and markers, from the operating system.

use crate::Error;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|_| Error::NoRandomness)?;
    Ok(out)
}

/// `n` random letters and digits, each of the 62 as likely as any other.
pub(crate) fn alphanumerics(n: usize) -> Result<String, Error> {
    const SYMBOLS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(n);
    while out.len() < n {
        // 248 is the largest multiple of 62 that a byte holds: values above it would favour the first
        // symbols.
        let fair = bytes::<64>()?.into_iter().filter(|&b| b < 248);
        out.extend(fair.map(|b| char::from(SYMBOLS[usize::from(b % 62)])).take(n - out.len()));
    }
    Ok(out)
}

/// A stored value that no password opens and that no other system writes: `!` and 40 random letters and
/// digits.
///
/// Where the operating system has no random bytes to give, the marker is still a lock, but not unique.
pub fn locked_marker() -> String {
    let tail = alphanumerics(40).unwrap_or_else(|_| "0".repeat(40));
    format!("!{tail}")
}

//! What of a password counts in each format: the cuts and foldings that the schemes themselves make. All that is not
//! named here takes in every byte.

use unicode_normalization::UnicodeNormalization as _;

use super::Vector;

/// The part of a password that a scheme takes in.
pub fn counting(v: &Vector, password: &[u8]) -> Vec<u8> {
    match v.format.as_str() {
        // bcrypt
        "bcrypt" if v.hash.starts_with("$2$") => password.iter().copied().cycle().take(72).collect(),
        "bcrypt" | "bcrypt-2x" | "django-bcrypt" => cut(password, 72),
        "wordpress-bcrypt" => password.trim_ascii().to_vec(),
        // recipes
        "devise-bcrypt-pepper" => {
            let pepper = v.pepper.clone().unwrap_or_default();
            cut(&[password, &pepper].concat(), 72)
        }
        "smf21" => cut(password, 72 - v.login.as_deref().unwrap_or_default().len()),

        // crypt(3) and directories

        // frameworks of Java, .NET and identity providers
        "spring-bcrypt" => cut(password, 72),
        "jasypt-basic-md5" | "jasypt-strong-sha256" => text(password).nfc().collect::<String>().into_bytes(),
        "better-auth-scrypt" => text(password).nfkc().collect::<String>().into_bytes(),
        "ibm-adx" => adx_sum(password),

        // frameworks of Python, PHP, Ruby and Go
        "wbb4" | "woltlab-bcrypt" | "mediawiki-bcrypt" | "xenforo2" => cut(password, 72),
        "nextcloud" if v.hash.contains("|$2") => cut(password, 72),
        "eggdrop-blowfish" => password.iter().copied().cycle().take(72).collect(),
        "django-scrypt-old" => password.trim_ascii().to_vec(),
        "wow-srp" => password.to_ascii_uppercase(),

        // databases, operating systems, devices

        // all others
        _ => password.to_vec(),
    }
}

/// Characters, or one a byte.
fn text(password: &[u8]) -> String {
    String::from_utf8(password.to_vec())
        .unwrap_or_else(|_| password.iter().copied().map(char::from).collect())
}

/// The two halves of eight bytes, added: all that is left of a password.
fn adx_sum(password: &[u8]) -> Vec<u8> {
    let password = cut(password, 8);
    let filled = (0u8..8).map(|at| match password.get(usize::from(at)) {
        Some(byte) => *byte,
        None if password.is_empty() => 0,
        None => password[usize::from(at) % password.len()].wrapping_add(at),
    });
    let bytes: Vec<u8> = filled.collect();
    let half = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    // The empty password has none, and must not have that of eight zeros.
    let sum = half(0).wrapping_add(half(4)).to_le_bytes();
    if password.is_empty() { Vec::new() } else { sum.to_vec() }
}

/// The first bytes only.
fn cut(password: &[u8], len: usize) -> Vec<u8> {
    password[..password.len().min(len)].to_vec()
}

//! What of a password counts in each format: the cuts and foldings that the schemes themselves make. All that is not
//! named here takes in every byte.

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

/// The first bytes only.
fn cut(password: &[u8], len: usize) -> Vec<u8> {
    password[..password.len().min(len)].to_vec()
}

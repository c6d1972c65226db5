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

        // crypt(3) and directories
        "descrypt" | "dovecot-des-crypt" | "django-des-crypt" => seven_bits(&cut(password, 8)),
        "crypt16" => seven_bits(&cut(password, 16)),
        "bigcrypt" if v.hash.len() == 2 + 16 * 11 => seven_bits(&cut(password, 128)),
        "bigcrypt" | "bsdicrypt" => seven_bits(password),
        "ldap-crypt" if v.hash.len() == "{CRYPT}".len() + 13 => seven_bits(&cut(password, 8)),
        "ldap-crypt" if v.hash.contains("}_") => seven_bits(password),
        "ldap-crypt" if v.hash.contains("}$2") => cut(password, 72),
        "ldap-bcrypt-zope" | "dovecot-blf-crypt" => cut(password, 72),
        "lm" | "dovecot-lanman" => match std::str::from_utf8(password) {
            Ok(text) => text.to_uppercase().chars().take(14).collect::<String>().into_bytes(),
            Err(_) => cut(&password.to_ascii_uppercase(), 14),
        },
        "zope-mysql" => password.iter().copied().filter(|byte| !b" \t".contains(byte)).collect(),

        // frameworks of Java, .NET and identity providers

        // frameworks of Python, PHP, Ruby and Go

        // databases, operating systems, devices

        // all others
        _ => password.to_vec(),
    }
}

/// The first bytes only.
fn cut(password: &[u8], len: usize) -> Vec<u8> {
    password[..password.len().min(len)].to_vec()
}

/// Without the highest bit of each.
fn seven_bits(password: &[u8]) -> Vec<u8> {
    password.iter().map(|byte| byte & 0x7f).collect()
}

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
        "mysql323" => password.iter().copied().filter(|b| !matches!(b, b' ' | b'\t')).collect(),
        "mssql2000" | "oracle10" => upper(password),
        "sybase-prop" => cut(password, 57),
        "sap-codvn-b" | "sap-codvn-b-rfc" => without_spaces(&cut(&upper(password), 8)),
        "sap-codvn-g" | "sap-codvn-g-rfc" => without_spaces(password),
        "racf" | "racf-rvary" | "racf-kdfaes" => perhaps_upper(v, password, 8),
        "as400-des" => perhaps_upper(v, password, 10),

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

/// Without the highest bit of each.
fn seven_bits(password: &[u8]) -> Vec<u8> {
    password.iter().map(|byte| byte & 0x7f).collect()
}

/// In upper case, character by character.
fn upper(password: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(password) else { return password.to_ascii_uppercase() };
    text.chars().map(|c| c.to_uppercase().to_string()).collect::<String>().into_bytes()
}

/// Without spaces at the end, which fill the fields of mainframes.
fn without_spaces(password: &[u8]) -> Vec<u8> {
    let end = password.iter().rposition(|&b| b != b' ').map_or(0, |last| last + 1);
    password[..end].to_vec()
}

/// Cut, and in upper case where the password of the vector was hashed so.
fn perhaps_upper(v: &Vector, password: &[u8], len: usize) -> Vec<u8> {
    let (hashed, given) = (without_spaces(&cut(&v.password, len)), without_spaces(&cut(password, len)));
    if hashed == given.to_ascii_uppercase() { hashed } else { given }
}

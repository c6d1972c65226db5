//! The formulas that home-made hashes are usually made by: for who knows a password and looks for the recipe.

use crate::kdf::digest::Hash;
use crate::method::Needs;

/// The texts of the usual recipes whose hash has so many bytes once it is decoded. `given` is what there is besides the
/// hash: only recipes that use no more, and that use the salt if there is one, are named. The usual ones come first.
pub fn common_recipes(hash_bytes: usize, given: Needs) -> impl Iterator<Item = String> {
    let of_length = |hash: &&Hash| hash.len() == hash_bytes;
    let mut hashes: Vec<Hash> = Hash::ALL.iter().filter(of_length).copied().collect();
    // The sort is stable: what applications use comes first, what exists comes after.
    hashes.sort_by_key(|hash| !USUAL.contains(&hash.name()));
    hashes.into_iter().flat_map(move |hash| of(hash.name(), given))
}

/// What applications nest.
const USUAL: [&str; 5] = ["md5", "sha1", "sha256", "sha384", "sha512"];
const SEPARATORS: [&str; 6] = [":", "-", "$", "_", "|", "."];
const TIMES: [u32; 16] = [2, 3, 4, 5, 8, 10, 16, 20, 50, 64, 100, 128, 256, 500, 1000, 1024];

fn of(digest: &str, given: Needs) -> Vec<String> {
    if !USUAL.contains(&digest) {
        // Who takes one of these takes it as its library has it.
        let plain = arranged("$pass", given, true).into_iter().map(|inner| format!("{digest}({inner})"));
        return plain.chain(keyed(digest, given)).collect();
    }
    let passwords = passwords();
    let mut inner: Vec<String> = Vec::new();
    for (i, pass) in passwords.iter().enumerate() {
        inner.extend(arranged(pass, given, i == 0));
    }
    let mut recipes: Vec<String> = inner.iter().map(|inner| format!("{digest}({inner})")).collect();
    recipes.extend(wrapped(digest, given));
    if given.salt {
        recipes.extend(salted(digest));
    }
    recipes.extend(keyed(digest, given));
    recipes.extend(iterated(digest, given));
    recipes
}

/// The password as it goes into the outer digest: itself, in another charset, or digested before.
fn passwords() -> Vec<String> {
    let mut found: Vec<String> =
        ["$pass", "utf16le($pass)", "lower($pass)", "upper($pass)", "reverse($pass)", "b64($pass)"]
            .map(str::to_owned)
            .into();
    for name in USUAL {
        found.extend([
            format!("{name}($pass)"),
            format!("{name}_raw($pass)"),
            format!("upper({name}($pass))"),
            format!("b64({name}_raw($pass))"),
        ]);
    }
    found.extend([
        "md4(utf16le($pass))".to_owned(),
        "md5(md5($pass))".to_owned(),
        "sha1(sha1($pass))".to_owned(),
    ]);
    found
}

/// One password, with the salt, the login and the pepper around it.
fn arranged(pass: &str, given: Needs, separated: bool) -> Vec<String> {
    let mut found = match given.salt {
        false => vec![pass.to_owned()],
        true => around(pass, "$salt", separated),
    };
    if given.salt {
        found.push(format!("$salt.{pass}.$salt"));
        for form in ["unhex($salt)", "unb64($salt)", "upper($salt)", "md5($salt)", "sha1($salt)"] {
            found.extend(around(pass, form, false));
        }
        if separated {
            found.push("$pass.\"{\".$salt.\"}\"".to_owned());
            found.push("\"--\".$salt.\"--\".$pass.\"--\"".to_owned());
        }
    }
    for (has, name) in [(given.pepper, "$pepper"), (given.login, "$user"), (given.login, "lower($user)")] {
        if has {
            let without = found.clone();
            found.extend(without.iter().flat_map(|inner| around(inner, name, separated)));
        }
    }
    found
}

/// The other text before and after, with and without a separator.
fn around(inner: &str, other: &str, separated: bool) -> Vec<String> {
    let mut found = vec![format!("{inner}.{other}"), format!("{other}.{inner}")];
    for separator in SEPARATORS.iter().filter(|_| separated) {
        found.push(format!("{inner}.\"{separator}\".{other}"));
        found.push(format!("{other}.\"{separator}\".{inner}"));
    }
    found
}

/// Digests over digests of password and salt.
fn wrapped(digest: &str, given: Needs) -> Vec<String> {
    let mut found = Vec::new();
    for inner in USUAL {
        for form in [inner.to_owned(), format!("{inner}_raw")] {
            match given.salt {
                false => found.push(format!("{digest}({form}({inner}($pass)))")),
                true => found.extend([
                    format!("{digest}({form}($pass.$salt))"),
                    format!("{digest}({form}($salt.$pass))"),
                    format!("{digest}($salt.{form}($salt.$pass))"),
                    format!("{digest}($salt.{form}($pass.$salt))"),
                    format!("{digest}({form}($pass.$salt).$salt)"),
                    format!("{digest}({form}($salt.$pass).$salt)"),
                    format!("{digest}({form}({inner}($pass).$salt))"),
                    format!("{digest}($salt.{form}($salt.{form}($pass)))"),
                ]),
            }
        }
    }
    found
}

/// Digests of the salt beside digests of the password.
fn salted(digest: &str) -> Vec<String> {
    let mut found = Vec::new();
    for inner in USUAL {
        found.extend([
            format!("{digest}({inner}($salt).{inner}($pass))"),
            format!("{digest}({inner}($pass).{inner}($salt))"),
            format!("{digest}({inner}($salt).{inner}({inner}($pass)))"),
            format!("{digest}($salt.{inner}($pass).$salt)"),
            format!("{digest}($pass.{inner}($pass).$salt)"),
        ]);
    }
    found.push(format!("{digest}($pass.$salt.{digest}($pass.$salt))"));
    found
}

/// HMACs, with either as the key.
fn keyed(digest: &str, given: Needs) -> Vec<String> {
    let mut found = Vec::new();
    let keys = [(given.salt, "$salt"), (given.pepper, "$pepper"), (given.login, "$user")];
    for (_, key) in keys.iter().filter(|(has, _)| *has) {
        let others =
            if given.salt && *key != "$salt" { vec!["$pass.$salt", "$salt.$pass"] } else { vec!["$pass"] };
        for other in others {
            found.push(format!("hmac_{digest}({key},{other})"));
            found.push(format!("hmac_{digest}({other},{key})"));
        }
        if *key == "$salt" {
            found.push(format!("hmac_{digest}(unhex($salt),$pass)"));
            found.push(format!("hmac_{digest}(unb64($salt),$pass)"));
            found.push(format!("hmac_{digest}(utf16le($pass),$salt)"));
        }
    }
    if keys.iter().all(|(has, _)| !has) {
        found.push(format!("hmac_{digest}($pass,$pass)"));
        found.push(format!("hmac_{digest}(utf16le($pass),utf16le($pass))"));
    }
    found
}

/// The same digest many times.
fn iterated(digest: &str, given: Needs) -> Vec<String> {
    let mut found = Vec::new();
    let starts = if given.salt { vec!["$pass.$salt", "$salt.$pass"] } else { vec!["$pass"] };
    for times in TIMES {
        for start in &starts {
            found.push(format!("iter({times},{digest},{start})"));
            found.push(format!("iter({times},{digest}_raw,{start})"));
        }
        if given.salt {
            let turns = times.saturating_sub(1);
            for form in [digest.to_owned(), format!("{digest}_raw")] {
                for start in &starts {
                    for step in ["$prev.$salt", "$salt.$prev", "$prev.$pass.$salt", "$prev.$salt.$pass"] {
                        found.push(format!("loop({turns},{form}({start}),{form}({step}))"));
                    }
                }
            }
        }
    }
    found
}

//! PBKDF2 as tools write it that made up a notation of their own: crackers, GRUB, AIX, and two Python recipes.

use crate::Error;
use crate::encoding::{ab64, b64_either, h64_reversed, hex, number};
use crate::format::{Format, ROW, Scheme, Strength};
use crate::kdf::digest::Hash;
use crate::kdf::pbkdf2::{check, pbkdf2};
use crate::limits::Limits;
use crate::verify::Attempt;

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "jtr-pbkdf2-hmac-md4",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-md4$<iterations>$<salt, hex>$<hash, hex>",
        note: "John the Ripper's notation; dots for the later dollars too",
        scheme: &Tool(Hex { prefix: "$pbkdf2-hmac-md4$", hash: Hash::Md4 }),
        ..ROW
    },
    Format {
        name: "jtr-pbkdf2-hmac-md5",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-md5$<iterations>$<salt, hex>$<hash, hex>",
        note: "",
        scheme: &Tool(Hex { prefix: "$pbkdf2-hmac-md5$", hash: Hash::Md5 }),
        ..ROW
    },
    Format {
        name: "jtr-pbkdf2-hmac-sha1",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-sha1$<iterations>$<salt, hex>$<hash, hex>",
        note: "",
        scheme: &Tool(Hex { prefix: "$pbkdf2-hmac-sha1$", hash: Hash::Sha1 }),
        ..ROW
    },
    Format {
        name: "jtr-pbkdf2-hmac-sha512",
        strength: Strength::Acceptable,
        example: "$pbkdf2-hmac-sha512$<iterations>.<salt, hex>.<hash, hex>",
        note: "",
        scheme: &Tool(Hex { prefix: "$pbkdf2-hmac-sha512$", hash: Hash::Sha512 }),
        ..ROW
    },
    Format {
        name: "grub-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "grub.pbkdf2.sha512.<iterations>.<salt, hex>.<hash, hex>",
        note: "grub-mkpasswd-pbkdf2",
        scheme: &Tool(Hex { prefix: "grub.pbkdf2.sha512.", hash: Hash::Sha512 }),
        ..ROW
    },
    Format {
        name: "aix-ssha1",
        strength: Strength::Acceptable,
        example: "{ssha1}<log2 of iterations, 2>$<salt>$<hash, 27>",
        note: "",
        ends_at_nul: true,
        scheme: &Tool(Aix { prefix: "{ssha1}", hash: Hash::Sha1 }),
        ..ROW
    },
    Format {
        name: "aix-ssha256",
        strength: Strength::Acceptable,
        example: "{ssha256}<log2 of iterations, 2>$<salt>$<hash, 43>",
        note: "",
        ends_at_nul: true,
        scheme: &Tool(Aix { prefix: "{ssha256}", hash: Hash::Sha256 }),
        ..ROW
    },
    Format {
        name: "aix-ssha512",
        strength: Strength::Acceptable,
        example: "{ssha512}<log2 of iterations, 2>$<salt>$<hash, 86>",
        note: "",
        ends_at_nul: true,
        scheme: &Tool(Aix { prefix: "{ssha512}", hash: Hash::Sha512 }),
        ..ROW
    },
    Format {
        name: "cta-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "$p5k2$<iterations, hex>$<salt, base64>$<hash, base64 of 20 bytes>",
        note: "Cryptacular",
        scheme: &Tool(Cta),
        ..ROW
    },
    Format {
        name: "dlitz-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "$p5k2$<iterations, hex>$<salt, text>$<hash, ab64 of 24 bytes>",
        note: "Dwayne Litzenberger's PBKDF2.py",
        scheme: &Tool(Dlitz),
        ..ROW
    },
];

/// The parts of such a string. Its cost has not been compared with any limit.
pub(crate) struct Parsed {
    hash: Hash,
    iterations: u64,
    salt: Vec<u8>,
    key: Vec<u8>,
    /// A byte of the derived key that the string lacks.
    missing: Option<usize>,
}

/// How such a string is laid out.
pub(crate) trait Layout: Sync {
    fn recognise(&self, text: &str) -> bool;

    fn parse(&self, text: &str) -> Result<Parsed, Error>;
}

/// The computation, which is the same for each layout.
pub(crate) struct Tool<L>(L);

impl<L: Layout> Tool<L> {
    fn parse(&self, text: &str, limits: &Limits) -> Result<Parsed, Error> {
        let parsed = self.0.parse(text)?;
        check(parsed.hash, parsed.iterations, parsed.len(), limits)?;
        Ok(parsed)
    }
}

impl Parsed {
    /// The length of the derived key.
    fn len(&self) -> usize {
        self.key.len() + usize::from(self.missing.is_some())
    }
}

impl<L: Layout> Scheme for Tool<L> {
    fn recognise(&self, hash: &str) -> bool {
        self.0.recognise(hash)
    }

    fn check(&self, hash: &str, limits: &Limits) -> Result<(), Error> {
        self.parse(hash, limits).map(drop)
    }

    fn verify(&self, attempt: &mut Attempt<'_>) -> Result<bool, Error> {
        let stored = self.parse(attempt.hash, attempt.limits)?;
        let Parsed { hash, iterations, salt, key, missing } = &stored;
        let mut computed = pbkdf2(*hash, attempt.password, salt, *iterations, stored.len(), attempt.tick)?;
        if let Some(missing) = missing.filter(|missing| *missing < computed.len()) {
            computed.remove(missing);
        }
        Ok(attempt.judge.same(&computed, key))
    }
}

/// Salt and hash in hex, between dots or dollars. The hash has any length from 16 bytes.
struct Hex {
    prefix: &'static str,
    hash: Hash,
}

const LEAST_BYTES: usize = 16;

impl Layout for Hex {
    fn recognise(&self, text: &str) -> bool {
        starts_with_any_case(text, self.prefix).is_some()
    }

    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let rest = starts_with_any_case(text, self.prefix).ok_or(Error::Malformed("pbkdf2 prefix"))?;
        let fields: Vec<&str> = rest.split(['.', '$']).collect();
        let [iterations, salt, key] = fields[..] else { return Err(Error::Malformed("pbkdf2 fields")) };
        let key = hex(key, "pbkdf2 hash")?;
        if key.len() < LEAST_BYTES {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        Ok(Parsed {
            hash: self.hash,
            iterations: number(iterations, "pbkdf2 iterations")?,
            salt: hex(salt, "pbkdf2 salt")?,
            key,
            missing: None,
        })
    }
}

fn starts_with_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The salt is hashed as the text that it is.
struct Aix {
    prefix: &'static str,
    hash: Hash,
}

impl Layout for Aix {
    fn recognise(&self, text: &str) -> bool {
        // Directories use some of these names, any case, before base64, which has no dollar.
        starts_with_any_case(text, self.prefix).is_some_and(|rest| rest.contains('$'))
    }

    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let rest = starts_with_any_case(text, self.prefix).ok_or(Error::Malformed("aix prefix"))?;
        let fields: Vec<&str> = rest.split('$').collect();
        let [log2, salt, key] = fields[..] else { return Err(Error::Malformed("aix fields")) };
        let log2 = match number(log2, "aix iterations")? {
            log2 @ 0..=31 if fields[0].len() == 2 => log2,
            _ => return Err(Error::Malformed("aix iterations")),
        };
        let mut key = h64_reversed(key, "aix hash")?;
        if key.len() != self.hash.len() {
            return Err(Error::Malformed("aix hash length"));
        }
        // The last group is cut off before its first byte has come: characters go from the lowest bits to the
        // highest, while bytes go from the highest. What stands in its place at the end is zero.
        key.pop();
        let missing = Some(self.hash.len() / 3 * 3);
        let salt = salt.as_bytes().to_vec();
        Ok(Parsed { hash: self.hash, iterations: 1 << log2, salt, key, missing })
    }
}

/// What `$p5k2$` stands before.
fn p5k2(text: &str) -> Option<[&str; 3]> {
    let fields: Vec<&str> = text.strip_prefix("$p5k2$")?.split('$').collect();
    fields.try_into().ok()
}

/// The iterations are in hex.
fn hex_number(text: &str) -> Result<u64, Error> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::Malformed("pbkdf2 iterations"));
    }
    Ok(u64::from_str_radix(text, 16).unwrap_or(u64::MAX))
}

struct Cta;

impl Layout for Cta {
    fn recognise(&self, text: &str) -> bool {
        text.starts_with("$p5k2$") && !Dlitz.recognise(text)
    }

    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let [iterations, salt, key] = p5k2(text).ok_or(Error::Malformed("pbkdf2 fields"))?;
        let key = b64_either(key, "pbkdf2 hash")?;
        if key.len() != Hash::Sha1.len() {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        let salt = b64_either(salt, "pbkdf2 salt")?;
        Ok(Parsed { hash: Hash::Sha1, iterations: hex_number(iterations)?, salt, key, missing: None })
    }
}

struct Dlitz;

/// Iterations where the string names none, and the bytes of the hash.
const DLITZ_ITERATIONS: u64 = 400;
const DLITZ_BYTES: usize = 24;

impl Layout for Dlitz {
    fn recognise(&self, text: &str) -> bool {
        p5k2(text).is_some_and(|[_, _, key]| key.len() == DLITZ_BYTES / 3 * 4)
    }

    fn parse(&self, text: &str) -> Result<Parsed, Error> {
        let [iterations, salt, key] = p5k2(text).ok_or(Error::Malformed("pbkdf2 fields"))?;
        let key = ab64(key, "pbkdf2 hash")?;
        if key.len() != DLITZ_BYTES {
            return Err(Error::Malformed("pbkdf2 hash length"));
        }
        // All that stands before the hash is the salt.
        let salt = format!("$p5k2${iterations}${salt}").into_bytes();
        let iterations = if iterations.is_empty() { DLITZ_ITERATIONS } else { hex_number(iterations)? };
        Ok(Parsed { hash: Hash::Sha1, iterations, salt, key, missing: None })
    }
}

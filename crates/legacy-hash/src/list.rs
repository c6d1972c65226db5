//! The list of formats, once: what each is called, how good it is, what it needs, and the code that knows it.
//!
//! A new format is one more row here and one more implementation of [`Scheme`](crate::format::Scheme) in
//! `formats/`.

use crate::format::{Format, Strength};
use crate::formats::argon2::{Argon2, DjangoArgon2, Variant};
use crate::formats::bcrypt::{BCRYPT, Bcrypt, DjangoBcrypt, DjangoBcryptSha256};
use crate::formats::digest::{Bare, Order};
use crate::formats::ldap::Ldap;
use crate::formats::md5_crypt::Md5Crypt;
use crate::formats::pbkdf2::{DjangoPbkdf2, PasslibPbkdf2};
use crate::formats::phpass::Phpass;
use crate::formats::scrypt::{DjangoScrypt, ScryptPhc};
use crate::formats::sha_crypt::ShaCrypt;
use crate::formats::wordpress::WordPressBcrypt;
use crate::kdf::digest::Hash::{Md5, Sha1, Sha256, Sha512};

/// What most rows have in common. Each overrides what differs: its name, its example and its scheme always.
const ROW: Format = Format {
    name: "",
    aliases: &[],
    strength: Strength::Weak,
    example: "",
    needs_salt: false,
    needs_login: false,
    needs_pepper: false,
    can_produce: false,
    note: "",
    ends_at_nul: false,
    scheme: &BCRYPT,
};

pub(crate) static FORMATS: &[Format] = &[
    // bcrypt, and what applications put around it
    Format {
        name: "bcrypt",
        strength: Strength::Strong,
        example: "$2b$<cost, 2 digits>$<salt, 22><hash, 31>; also $2$, $2a$, $2y$",
        can_produce: true,
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &BCRYPT,
        ..ROW
    },
    Format {
        name: "bcrypt-2x",
        strength: Strength::Acceptable,
        example: "$2x$<cost>$<salt, 22><hash, 31>",
        note: "the bug of crypt_blowfish before 2011: bytes above 127 weaken the bytes before them",
        ends_at_nul: true,
        scheme: &Bcrypt { sign_extended: true },
        ..ROW
    },
    Format {
        name: "django-bcrypt",
        strength: Strength::Strong,
        example: "bcrypt$<bcrypt hash>",
        note: "only the first 72 bytes of a password count",
        ends_at_nul: true,
        scheme: &DjangoBcrypt,
        ..ROW
    },
    Format {
        name: "django-bcrypt-sha256",
        strength: Strength::Strong,
        example: "bcrypt_sha256$<bcrypt hash>",
        note: "bcrypt over the SHA-256 of the password in hex",
        scheme: &DjangoBcryptSha256,
        ..ROW
    },
    Format {
        name: "wordpress-bcrypt",
        strength: Strength::Strong,
        example: "$wp$2y$<cost>$<salt, 22><hash, 31>",
        note: "WordPress 6.8 and later: bcrypt over an HMAC-SHA-384 of the trimmed password",
        scheme: &WordPressBcrypt,
        ..ROW
    },
    // argon2
    Format {
        name: "argon2id-phc",
        aliases: &["argon2id"],
        strength: Strength::Strong,
        example: "$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        can_produce: true,
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::Id),
        ..ROW
    },
    Format {
        name: "argon2i-phc",
        aliases: &["argon2i"],
        strength: Strength::Strong,
        example: "$argon2i$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::I),
        ..ROW
    },
    Format {
        name: "argon2d-phc",
        aliases: &["argon2d"],
        strength: Strength::Strong,
        example: "$argon2d$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>",
        note: "without v= it is version 16",
        scheme: &Argon2(Variant::D),
        ..ROW
    },
    Format {
        name: "django-argon2",
        strength: Strength::Strong,
        example: "argon2<argon2 hash>",
        can_produce: true,
        note: "the prefix argon2 before a PHC string of any variant",
        scheme: &DjangoArgon2,
        ..ROW
    },
    // scrypt
    Format {
        name: "scrypt-phc",
        aliases: &["scrypt"],
        strength: Strength::Strong,
        example: "$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt, base64>$<hash, base64>",
        can_produce: true,
        note: "passlib and Go; Kratos writes N itself as ln, which is refused as over the limit",
        scheme: &ScryptPhc,
        ..ROW
    },
    Format {
        name: "django-scrypt",
        strength: Strength::Strong,
        example: "scrypt$<N>$<salt, text>$<r>$<p>$<hash, base64>",
        can_produce: true,
        note: "Django 4 and later; the order is N, salt, r, p",
        scheme: &DjangoScrypt,
        ..ROW
    },
    // PBKDF2
    Format {
        name: "django-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "pbkdf2_sha256$<iterations>$<salt, text>$<hash, base64>",
        can_produce: true,
        note: "Django's default",
        scheme: &DjangoPbkdf2 { prefix: "pbkdf2_sha256$", hash: Sha256 },
        ..ROW
    },
    Format {
        name: "django-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "pbkdf2_sha1$<iterations>$<salt, text>$<hash, base64>",
        note: "",
        scheme: &DjangoPbkdf2 { prefix: "pbkdf2_sha1$", hash: Sha1 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha1",
        strength: Strength::Acceptable,
        example: "$pbkdf2$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "ab64 is base64 with . for + and no padding",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2$", hash: Sha1 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha256",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha256$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha256$", hash: Sha256 },
        ..ROW
    },
    Format {
        name: "passlib-pbkdf2-sha512",
        strength: Strength::Acceptable,
        example: "$pbkdf2-sha512$<iterations>$<salt, ab64>$<hash, ab64>",
        note: "Odoo, GitLab",
        scheme: &PasslibPbkdf2 { prefix: "$pbkdf2-sha512$", hash: Sha512 },
        ..ROW
    },
    // crypt(3), and the portable PHP framework
    Format {
        name: "sha512crypt",
        strength: Strength::Acceptable,
        example: "$6$rounds=<rounds>$<salt, up to 16>$<hash, 86>",
        note: "5000 rounds where none are named",
        ends_at_nul: true,
        scheme: &ShaCrypt(Sha512),
        ..ROW
    },
    Format {
        name: "sha256crypt",
        strength: Strength::Acceptable,
        example: "$5$rounds=<rounds>$<salt, up to 16>$<hash, 43>",
        note: "5000 rounds where none are named",
        ends_at_nul: true,
        scheme: &ShaCrypt(Sha256),
        ..ROW
    },
    Format {
        name: "md5crypt",
        example: "$1$<salt, up to 8>$<hash, 22>",
        note: "1000 rounds of MD5",
        ends_at_nul: true,
        scheme: &Md5Crypt { magic: "$1$" },
        ..ROW
    },
    Format {
        name: "apr1",
        example: "$apr1$<salt, up to 8>$<hash, 22>",
        note: "Apache's variant of md5crypt",
        ends_at_nul: true,
        scheme: &Md5Crypt { magic: "$apr1$" },
        ..ROW
    },
    Format {
        name: "phpass",
        example: "$P$<log2 of iterations, 1><salt, 8><hash, 22>; also $H$",
        note: "WordPress before 6.8, phpBB 3; WordPress trims the password first",
        scheme: &Phpass,
        ..ROW
    },
    // LDAP
    Format {
        name: "ldap-sha",
        example: "{SHA}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA}", hash: Sha1, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha",
        example: "{SSHA}<hash and salt, base64>",
        note: "the salt is what follows the 20 bytes of the hash",
        scheme: &Ldap { scheme: "{SSHA}", hash: Sha1, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-sha256",
        example: "{SHA256}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA256}", hash: Sha256, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha256",
        example: "{SSHA256}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SSHA256}", hash: Sha256, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-sha512",
        example: "{SHA512}<hash, base64>",
        scheme: &Ldap { scheme: "{SHA512}", hash: Sha512, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-ssha512",
        example: "{SSHA512}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SSHA512}", hash: Sha512, salted: true },
        ..ROW
    },
    Format {
        name: "ldap-md5",
        example: "{MD5}<hash, base64>",
        scheme: &Ldap { scheme: "{MD5}", hash: Md5, salted: false },
        ..ROW
    },
    Format {
        name: "ldap-smd5",
        example: "{SMD5}<hash and salt, base64>",
        scheme: &Ldap { scheme: "{SMD5}", hash: Md5, salted: true },
        ..ROW
    },
    // One digest, in hex or base64; the shape tells neither the order nor whether there is a salt, so the
    // name must be given.
    Format {
        name: "md5($pass)",
        aliases: &["md5"],
        example: "<hash, 32 hex digits>",
        note: "must be named",
        scheme: &Bare(Md5, Order::Unsalted),
        ..ROW
    },
    Format {
        name: "md5($pass.$salt)",
        aliases: &["joomla-md5"],
        example: "<hash, 32 hex digits>",
        needs_salt: true,
        note: "must be named; Joomla before 2.5.18 (its hash:salt in two columns)",
        scheme: &Bare(Md5, Order::PasswordFirst),
        ..ROW
    },
    Format {
        name: "md5($salt.$pass)",
        aliases: &["oscommerce", "magento1-col", "serv-u-md5"],
        example: "<hash, 32 hex digits>",
        needs_salt: true,
        note: "must be named; osCommerce, Magento 1",
        scheme: &Bare(Md5, Order::SaltFirst),
        ..ROW
    },
    Format {
        name: "sha1($pass)",
        aliases: &["sha1"],
        example: "<hash, 40 hex digits>",
        note: "must be named",
        scheme: &Bare(Sha1, Order::Unsalted),
        ..ROW
    },
    Format {
        name: "sha1($pass.$salt)",
        example: "<hash, 40 hex digits>",
        needs_salt: true,
        note: "must be named",
        scheme: &Bare(Sha1, Order::PasswordFirst),
        ..ROW
    },
    Format {
        name: "sha1($salt.$pass)",
        example: "<hash, 40 hex digits>",
        needs_salt: true,
        note: "must be named",
        scheme: &Bare(Sha1, Order::SaltFirst),
        ..ROW
    },
    Format {
        name: "sha256($pass)",
        aliases: &["sha256"],
        example: "<hash, 64 hex digits>",
        note: "must be named",
        scheme: &Bare(Sha256, Order::Unsalted),
        ..ROW
    },
    Format {
        name: "sha256($pass.$salt)",
        example: "<hash, 64 hex digits>",
        needs_salt: true,
        note: "must be named",
        scheme: &Bare(Sha256, Order::PasswordFirst),
        ..ROW
    },
    Format {
        name: "sha256($salt.$pass)",
        example: "<hash, 64 hex digits>",
        needs_salt: true,
        note: "must be named",
        scheme: &Bare(Sha256, Order::SaltFirst),
        ..ROW
    },
    Format {
        name: "sha512($pass)",
        aliases: &["sha512"],
        example: "<hash, 128 hex digits>",
        note: "must be named",
        scheme: &Bare(Sha512, Order::Unsalted),
        ..ROW
    },
    Format {
        name: "sha512($pass.$salt)",
        aliases: &["filezilla-sha512", "sha512-b64"],
        example: "<hash, 128 hex digits>",
        needs_salt: true,
        note: "must be named; FileZilla Server",
        scheme: &Bare(Sha512, Order::PasswordFirst),
        ..ROW
    },
    Format {
        name: "sha512($salt.$pass)",
        example: "<hash, 128 hex digits>",
        needs_salt: true,
        note: "must be named",
        scheme: &Bare(Sha512, Order::SaltFirst),
        ..ROW
    },
];

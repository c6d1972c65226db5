//! The formats: how each string is taken apart, and which computation it stands for. One file a family, and
//! in each file the same verbs ([`Scheme`](crate::format::Scheme)): recognise, check, verify, and where a
//! policy may ask for it, produce.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
pub(crate) mod digest;
pub(crate) mod ldap;
pub(crate) mod md5_crypt;
pub(crate) mod pbkdf2;
pub(crate) mod phpass;
pub(crate) mod recipes;
pub(crate) mod scrypt;
pub(crate) mod sha_crypt;
pub(crate) mod wordpress;

use crate::format::Format;

/// The list of formats, once, by family. A new format is one more row in the `FORMATS` of its file; a new
/// family one more file, and a line here.
pub(crate) static FAMILIES: &[&[Format]] = &[
    bcrypt::FORMATS,
    wordpress::FORMATS,
    argon2::FORMATS,
    scrypt::FORMATS,
    pbkdf2::FORMATS,
    sha_crypt::FORMATS,
    md5_crypt::FORMATS,
    phpass::FORMATS,
    ldap::FORMATS,
    digest::FORMATS,
    // recipes
    recipes::FORUMS,
    recipes::FRAMEWORKS,
    recipes::APPLICATIONS,
    recipes::TWO_SALTS,
    recipes::DIGESTS,
    recipes::HTTP_DIGEST,
    // crypt(3) and directories

    // frameworks of Java, .NET and identity providers

    // frameworks of Python, PHP, Ruby and Go

    // databases, operating systems, devices
];

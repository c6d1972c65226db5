//! The formats: how each string is taken apart, and which computation it stands for. One file a family, and
//! in each file the same verbs ([`Scheme`](crate::format::Scheme)): recognise, check, verify, and where a
//! policy may ask for it, produce.

pub(crate) mod afs;
pub(crate) mod argon2;
pub(crate) mod aspnet;
pub(crate) mod bcrypt;
pub(crate) mod broker;
pub(crate) mod cisco;
pub(crate) mod cms;
pub(crate) mod couchdb;
pub(crate) mod crackstation;
pub(crate) mod des_crypt;
pub(crate) mod device;
pub(crate) mod digest;
pub(crate) mod directory;
pub(crate) mod django;
pub(crate) mod domino;
pub(crate) mod drupal;
pub(crate) mod enterprise;
pub(crate) mod fields;
pub(crate) mod firebase;
pub(crate) mod firewall;
pub(crate) mod gitea;
pub(crate) mod groupware;
pub(crate) mod java;
pub(crate) mod jupyter;
pub(crate) mod kerberos;
pub(crate) mod keycloak;
pub(crate) mod kratos;
pub(crate) mod ldap;
pub(crate) mod macos;
pub(crate) mod magento;
pub(crate) mod mail;
pub(crate) mod mainframe;
pub(crate) mod md5_crypt;
pub(crate) mod mediawiki;
pub(crate) mod msdcc;
pub(crate) mod mssql;
pub(crate) mod mysql;
pub(crate) mod nextcloud;
pub(crate) mod node;
pub(crate) mod nt;
pub(crate) mod oracle;
pub(crate) mod passlib;
pub(crate) mod pbkdf2;
pub(crate) mod pbkdf2_hex;
pub(crate) mod pbkdf2_tools;
pub(crate) mod phpass;
pub(crate) mod plaintext;
pub(crate) mod postgres;
pub(crate) mod qnx;
pub(crate) mod recipes;
pub(crate) mod sap;
pub(crate) mod sap_h;
pub(crate) mod scram;
pub(crate) mod scrypt;
pub(crate) mod scrypt_apps;
pub(crate) mod services;
pub(crate) mod sha_crypt;
pub(crate) mod spring;
pub(crate) mod srp;
pub(crate) mod sspr;
pub(crate) mod sunmd5;
pub(crate) mod sybase;
pub(crate) mod unix_crypt;
pub(crate) mod werkzeug;
pub(crate) mod woltlab;
pub(crate) mod wordpress;
pub(crate) mod wrapped;
pub(crate) mod xenforo;
pub(crate) mod yescrypt;

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
    plaintext::FORMATS,
    // recipes
    recipes::FORUMS,
    recipes::FRAMEWORKS,
    recipes::APPLICATIONS,
    recipes::TWO_SALTS,
    recipes::DIGESTS,
    recipes::HTTP_DIGEST,
    // crypt(3) and directories
    des_crypt::FORMATS,
    unix_crypt::FORMATS,
    sunmd5::FORMATS,
    yescrypt::FORMATS,
    nt::FORMATS,
    afs::FORMATS,
    qnx::FORMATS,
    directory::FORMATS,
    mail::FORMATS,
    groupware::FORMATS,
    passlib::FORMATS,
    pbkdf2_tools::FORMATS,
    scram::FORMATS,
    // frameworks of Java, .NET and identity providers
    aspnet::FORMATS,
    couchdb::FORMATS,
    enterprise::FORMATS,
    firebase::FORMATS,
    java::FORMATS,
    keycloak::FORMATS,
    kratos::FORMATS,
    node::FORMATS,
    scrypt_apps::FORMATS,
    spring::FORMATS,
    sspr::FORMATS,
    // frameworks of Python, PHP, Ruby and Go
    django::FORMATS,
    werkzeug::FORMATS,
    jupyter::FORMATS,
    pbkdf2_hex::FORMATS,
    crackstation::FORMATS,
    drupal::FORMATS,
    mediawiki::FORMATS,
    magento::FORMATS,
    nextcloud::FORMATS,
    xenforo::FORMATS,
    woltlab::FORMATS,
    cms::FORMATS,
    gitea::FORMATS,
    services::FORMATS,
    srp::FORMATS,
    // databases, operating systems, devices
    mysql::FORMATS,
    mssql::FORMATS,
    sybase::FORMATS,
    oracle::FORMATS,
    postgres::FORMATS,
    broker::FORMATS,
    msdcc::FORMATS,
    macos::FORMATS,
    kerberos::FORMATS,
    mainframe::FORMATS,
    sap::FORMATS,
    sap_h::FORMATS,
    domino::FORMATS,
    cisco::FORMATS,
    firewall::FORMATS,
    device::FORMATS,
    // our own
    wrapped::FORMATS,
];

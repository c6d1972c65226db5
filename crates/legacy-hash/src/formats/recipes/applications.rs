//! Other applications: servers, and what leaked without a name.

use crate::format::Format;
use crate::formats::recipes::{RecipeFormat, recipes, row};

recipes! {
    "serv-u-md5": "md5($salt.$pass)"; "<hash, 32 hex digits>"; "SolarWinds Serv-U"
    "filezilla-sha512": "sha512($pass.$salt)"; "<hash, 128 hex digits>"; "FileZilla Server 0.9"
    "hmailserver": "{salt}{hash:hex} <- sha256($salt.$pass)"; "<salt, 6><hash, 64 hex digits>"; "hMailServer 5.3 and later"
    "coldfusion10": "sha256($salt.upper(sha1($pass)))"; "<hash, 64 hex digits>"; "the administrator of ColdFusion 10 and later"
    "skype": "md5($user.\"\\nskyper\\n\".$pass)"; "<hash, 32 hex digits>"; "Skype"
    "post-office-md5": "md5($salt.\"Y\".$pass.0xf7.$salt)"; "<hash, 32 hex digits>"; "Post.Office"
    "formspring-sha256": "sha256($salt.$pass)"; "<hash, 64 hex digits>"; "Formspring, whose salt has 2 characters"
    "md5-md5-salt-md5-md5-pass": "md5(md5($salt).md5(md5($pass)))"; "<hash, 32 hex digits>"; ""
    "sha1-cx": "loop(9,sha1(\"--\".$salt.\"----\".$pass.\"----\"),sha1(\"--\".$salt.\"--\".$prev.\"--\".$pass.\"----\"))";
        "<hash, 40 hex digits>"; "10 rounds of SHA-1"
    "sha384-iter1000": "iter(1000,sha384,$pass.$salt)"; "<hash, 96 hex digits>"; "SHA-384 over its own hex 1000 times"
    "zipmonster-md5x50000": "$zipmonster${hash:hex} <- loop(49999,md5($pass),md5(upper($prev)))";
        "$zipmonster$<hash, 32 hex digits>"; "ZipMonster: MD5 over its own upper-case hex 50,000 times"
    "half-md5": "left(md5($pass),16)" | "mid(md5($pass),8,16)" | "right(md5($pass),16)"; "<hash, 16 hex digits>";
        "half of MD5: the first, the middle or the last 8 bytes"
}

/// With two salts: those given as `salt:key`, or a key that is the pepper.
pub(crate) static TWO_SALTS: &[Format] = &[
    Format {
        needs_pepper: false,
        scheme: &RESTFUL_AUTH,
        ..row(
            "restful-auth",
            &[RESTFUL],
            "<hash, 40 hex digits>",
            "restful_authentication; the salt is salt:key, or the pepper is the site key",
        )
    },
    Format {
        needs_pepper: false,
        scheme: &EMPIRE_CMS,
        ..row(
            "empirecms",
            &[EMPIRE],
            "<hash, 32 hex digits>",
            "administrators of Empire CMS; the salt is salt:salt2",
        )
    },
];

static RESTFUL_AUTH: RecipeFormat = RecipeFormat::new(&[RESTFUL], true);
static EMPIRE_CMS: RecipeFormat = RecipeFormat::new(&[EMPIRE], true);

const RESTFUL: &str = "loop(10,$pepper,sha1($prev.\"--\".$salt.\"--\".$pass.\"--\".$pepper))";
const EMPIRE: &str = "md5($pepper.\"E!m^p-i(r#e.C:M?S\".md5(md5($pass).$salt).\"d)i.g^o-d\".$salt)";

//! Forums, wikis and shops in PHP.

use crate::format::Format;
use crate::formats::recipes::{RecipeFormat, recipes, row};

recipes! {
    "joomla-md5": "md5($pass.$salt)"; "<hash, 32 hex digits>"; "Joomla before 2.5.18: its hash:salt in one column or two"
    "oscommerce": "md5($salt.$pass)"; "<hash, 32 hex digits>"; "osCommerce, xt:Commerce: its hash:salt in one column or two"
    "magento1": "{hash:hex}:{salt} <- md5($salt.$pass)"; "<hash, 32 hex digits>:<salt>"; "Magento 1"
    "magento1-col": "md5($salt.$pass)"; "<hash, 32 hex digits>"; "Magento 1, with the salt in a column of its own"
    "magento2-v1": "{hash:hex}:{salt}:1 <- sha256($salt.$pass)" | "{hash:hex}:{salt} <- sha256($salt.$pass)";
        "<hash, 64 hex digits>:<salt>:1"; "Magento 2 before argon2"
    "vbulletin": "md5(md5($pass).$salt)"; "<hash, 32 hex digits>"; "vBulletin 3 and 4; the salt has 3 to 30 characters of any kind"
    "phps": "md5(md5($pass).$salt)" | "$PHPS${salt:hex}${hash:hex} <- md5(md5($pass).$salt)";
        "<hash, 32 hex digits>; also $PHPS$<salt, hex>$<hash>"; "PHPS"
    "mybb": "md5(md5($salt).md5($pass))"; "<hash, 32 hex digits>"; "MyBB"
    "ipb2": "md5(md5($salt).md5($pass))" | "md5(md5($salt).md5(html($pass)))"; "<hash, 32 hex digits>";
        "Invision Power Board 2 and 3, which escape the password for HTML first"
    "e107-md5md5": "md5(md5($pass))"; "<hash, 32 hex digits>"; "e107"
    "cscart": "md5(md5($pass).md5($salt))"; "<hash, 32 hex digits>"; "CS-Cart"
    "smf": "sha1(lower($user).$pass)" | "sha1(ascii_lower($user).$pass)"; "<hash, 40 hex digits>";
        "SMF 1.1 and 2.0: the login in lower case is the salt"
    "smf21": "lower($user).$pass|bcrypt" | "ascii_lower($user).$pass|bcrypt"; "<bcrypt hash>";
        "SMF 2.1: bcrypt over the login in lower case and the password"
    "punbb": "sha1($salt.sha1($pass))"; "<hash, 40 hex digits>"; "PunBB, FluxBB"
    "opencart": "sha1($salt.sha1($salt.sha1($pass)))"; "<hash, 40 hex digits>"; "OpenCart"
    "wbb3": "sha1($salt.sha1($salt.sha1($pass)))"; "<hash, 40 hex digits>"; "WoltLab Burning Board 3"
    "xenforo-sha1": "sha1(sha1($pass).$salt)" | r#"a:3:{s:4:"hash";s:40:"{hash:hex}";s:4:"salt";s:64:"{salt}";s:8:"hashFunc";s:4:"sha1";} <- sha1(sha1($pass).$salt)"#; "<hash, 40 hex digits>"; "XenForo 1.0 and 1.1 without SHA-256; its serialized row is taken too"
    "xenforo-sha256": "sha256(sha256($pass).$salt)" | r#"a:3:{s:4:"hash";s:64:"{hash:hex}";s:4:"salt";s:64:"{salt}";s:8:"hashFunc";s:6:"sha256";} <- sha256(sha256($pass).$salt)"#; "<hash, 64 hex digits>"; "XenForo 1.0 and 1.1; its serialized row is taken too"
    "phpbb2-md5-latin1": "md5(latin1($pass))"; "<hash, 32 hex digits>"; "phpBB 2, whose pages were in ISO 8859-1"
    "phpfusion": "hmac_sha256($salt,$pass)"; "<hash, 64 hex digits>"; "PHP-Fusion 7.2 and later"
    "moodle-salted": "md5($pass.$pepper)"; "<hash, 32 hex digits>"; "Moodle before 2.5; the pepper is passwordsaltmain"
    "prestashop": "md5($pepper.$pass)"; "<hash, 32 hex digits>"; "PrestaShop before 1.7; the pepper is _COOKIE_KEY_"
    "oxid": "sha512($pass.unhex($salt))"; "<hash, 128 hex digits>"; "OXID eShop; the salt is decoded from hex"
    "authme-sha256": "$SHA${salt}${hash:hex} <- sha256(sha256($pass).$salt)"; "$SHA$<salt>$<hash, 64 hex digits>"; "AuthMe, of Minecraft servers"
    "palshop": "loop(2,$pass,right(md5($prev),21).left(sha1($prev),29).left(md5($prev),1))"
        | "$palshop${hash} <- loop(2,$pass,right(md5($prev),21).left(sha1($prev),29).left(md5($prev),1))";
        "<hash, 51 hex digits>; also $palshop$<hash>"; "pieces of MD5 and SHA-1, twice"
}

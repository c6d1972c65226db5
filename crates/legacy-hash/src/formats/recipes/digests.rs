//! Digests that no application gave a name.

use crate::format::Format;
use crate::formats::recipes::{RecipeFormat, recipes, row};

recipes! {
    "sha512-b64": "b64(sha512_raw($pass.$salt))"; "<hash, 88 base64>"; ""
    "md5-utf16le": "md5(utf16le($pass))"; "<hash, 32 hex digits>"; ""
    "gost94-hex": "gost94($pass)"; "<hash, 64 hex digits>"; "GOST R 34.11-94 with the test parameters"
    "gost94cp-hex": "gost94cp($pass)"; "<hash, 64 hex digits>"; "GOST R 34.11-94 with the parameters of CryptoPro"
    "ripemd160-hex": "ripemd160($pass)"; "<hash, 40 hex digits>"; ""
    "tiger-hex": "tiger($pass)"; "<hash, 48 hex digits>"; "Tiger with 192 bits"
    "whirlpool-hex": "whirlpool($pass.$salt)"; "<hash, 128 hex digits>"; ""
    "sha3-512-hex": "sha3_512($salt.$pass)"; "<hash, 128 hex digits>"; ""
}

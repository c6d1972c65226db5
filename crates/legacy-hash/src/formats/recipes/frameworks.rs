//! Frameworks for web applications, and identity plug-ins.

use crate::format::Format;
use crate::formats::recipes::{RecipeFormat, recipes, row};

recipes! {
    "devise-bcrypt-pepper": "$pass.$pepper|bcrypt"; "<bcrypt hash>"; "Devise with config.pepper; bcrypt takes 72 bytes of both"
    "devise-encryptable-sha1": "loop(10,$pepper,sha1(\"--\".$salt.\"--\".$prev.\"--\".$pass.\"--\".$pepper.\"--\"))";
        "<hash, 40 hex digits>"; "devise-encryptable with 10 stretches; the pepper may be empty"
    "devise-encryptable-sha512": "loop(10,$pepper,sha512(\"--\".$salt.\"--\".$prev.\"--\".$pass.\"--\".$pepper.\"--\"))";
        "<hash, 128 hex digits>"; "devise-encryptable with 10 stretches; the pepper may be empty"
    "authlogic-sha512": "iter(20,sha512,$pass.$salt)"; "<hash, 128 hex digits>"; "Authlogic's Sha512 with its 20 stretches"
    "clearance-sha1": "sha1(\"--\".$salt.\"--\".$pass.\"--\")"; "<hash, 40 hex digits>"; "Clearance before bcrypt"
    "restful-auth-1": "sha1(\"--\".$salt.\"--\".$pass.\"--\")"; "<hash, 40 hex digits>"; "restful_authentication before its site key"
    "redmine": "sha1($salt.sha1($pass))"; "<hash, 40 hex digits>"; "Redmine"
    "symfony-messagedigest":
        "b64(loop(4999,sha512_raw($pass.\"{\".$salt.\"}\"),sha512_raw($prev.$pass.\"{\".$salt.\"}\")))";
        "<hash, 88 base64>"; "Symfony's MessageDigestPasswordEncoder by default: SHA-512, 5000 iterations; FOSUserBundle"
    "symfony-messagedigest-nosalt": "b64(loop(4999,sha512_raw($pass),sha512_raw($prev.$pass)))";
        "<hash, 88 base64>"; "Symfony's MessageDigestPasswordEncoder by default, where the salt is empty"
    "symfony-pbkdf2": "b64(pbkdf2_sha512($pass,$salt,1000,40))"; "<hash, 56 base64>"; "Symfony's Pbkdf2PasswordEncoder by default"
    "cakephp-sha1": "sha1($pepper.$pass)"; "<hash, 40 hex digits>"; "CakePHP 1 and 2; the pepper is Security.salt"
    "kohana": "hmac_sha256($pepper,$pass)"; "<hash, 64 hex digits>"; "Kohana's Auth; the pepper is its hash_key"
    "flask-security-bcrypt": "b64(hmac_sha512_raw($pepper,$pass))|bcrypt"; "<bcrypt hash>";
        "Flask-Security; the pepper is SECURITY_PASSWORD_SALT"
    "discourse-pbkdf2": "hex(pbkdf2_sha256($pass,$salt,64000,32))"; "<hash, 64 hex digits>"; "Discourse before its algorithm column"
    "grafana-pbkdf2": "hex(pbkdf2_sha256($pass,$salt,10000,50))"; "<hash, 100 hex digits>"; "Grafana"
    "passport-local-mongoose": "hex(pbkdf2_sha256($pass,$salt,25000,512))"; "<hash, 1024 hex digits>";
        "passport-local-mongoose, Payload; the salt is the text of its hex"
    "aspnet-membership-sha1": "b64(sha1_raw($salt.utf16le($pass)))" | "b64(sha1_raw(unb64($salt).utf16le($pass)))"; "<hash, 28 base64>";
        "SqlMembershipProvider; the salt may be its base64"
    "bcrypt(md5)", "bcrypt-md5": "md5($pass)|bcrypt"; "<bcrypt hash>"; "bcrypt over MD5 in hex: Matomo, SuiteCRM"
    "bcrypt(sha1)", "bcrypt-sha1": "sha1($pass)|bcrypt"; "<bcrypt hash>"; "bcrypt over SHA-1 in hex"
    "bcrypt(sha256)": "sha256($pass)|bcrypt"; "<bcrypt hash>"; "bcrypt over SHA-256 in hex: Zend, Meteor, Flask-Bcrypt"
    "bcrypt(sha512)", "bcrypt-sha512": "sha512($pass)|bcrypt"; "<bcrypt hash>"; "bcrypt over SHA-512 in hex: NodeBB"
}

#!/usr/bin/env python3
"""accept.py PASSWORD HASH: asks the genuine software whether this is the password of a hash that the crate made.

Prints who accepted it; fails if one of them doesn't, or if there is none for such a hash.
"""
import base64
import ctypes
import hashlib
import json
import struct
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")


def php(password, hash):
    code = "exit(password_verify($argv[1], $argv[2]) ? 0 : 1);"
    return subprocess.run(["php", "-r", code, "--", password, hash]).returncode == 0


def argon2_cffi(password, hash):
    import argon2

    return argon2.PasswordHasher().verify(hash, password)


def bcrypt_py(password, hash):
    import bcrypt

    return bcrypt.checkpw(password.encode(), hash.encode())


def php_wordpress(password, hash):
    """The two lines of WordPress 6.8's wp_check_password; the functions are PHP's own."""
    code = """
        $prehash = base64_encode(hash_hmac('sha384', trim($argv[1]), 'wp-sha384', true));
        exit(password_verify($prehash, substr($argv[2], 3)) ? 0 : 1);
    """
    return subprocess.run(["php", "-r", code, "--", password, hash]).returncode == 0


def php_laravel(password, hash):
    """What Laravel asks PHP before it verifies."""
    code = "exit(password_get_info($argv[2])['algoName'] === 'bcrypt' ? 0 : 1);"
    return subprocess.run(["php", "-r", code, "--", password, hash]).returncode == 0


def libxcrypt(password, hash):
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    return lib.crypt(password.encode(), hash.encode()) == hash.encode()


def passlib_scrypt(password, hash):
    from passlib.hash import scrypt

    return scrypt.verify(password, hash)


def passlib_pbkdf2(password, hash):
    from passlib.hash import pbkdf2_sha256, pbkdf2_sha512

    return any(scheme.identify(hash) and scheme.verify(password, hash) for scheme in [pbkdf2_sha256, pbkdf2_sha512])


def openssl_aspnet(password, hash):
    """The layout of ASP.NET Core's PasswordHasher; the function is OpenSSL's."""
    version, prf, iterations, salt_len = struct.unpack(">BIII", base64.b64decode(hash)[:13])
    rest = base64.b64decode(hash)[13:]
    salt, key = rest[:salt_len], rest[salt_len:]
    name = ["sha1", "sha256", "sha512"][prf]
    return version == 1 and hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations, len(key)) == key


def keycloak(password, hash):
    """The two documents of Keycloak's credentials; the functions are OpenSSL's and the reference argon2's."""
    document = json.loads(hash)
    credential, secret = json.loads(document["credentialData"]), json.loads(document["secretData"])
    salt, value = base64.b64decode(secret["salt"]), base64.b64decode(secret["value"])
    iterations, more = credential["hashIterations"], credential["additionalParameters"]
    if credential["algorithm"] == "pbkdf2-sha512":
        return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, len(value)) == value
    import argon2.low_level as argon2

    assert more["type"] == ["id"] and more["version"] == ["1.3"] and more["hashLength"] == [str(len(value))]
    memory, lanes = int(more["memory"][0]), int(more["parallelism"][0])
    made = argon2.hash_secret_raw(password.encode(), salt, iterations, memory, lanes, len(value), argon2.Type.ID)
    return made == value


def spring(password, hash):
    """What DelegatingPasswordEncoder makes of the id."""
    id, rest = hash[1:].split("}", 1)
    if id == "bcrypt":
        return rest.startswith("$2a$") and all(judge(password, rest) for judge in [php, bcrypt_py, libxcrypt])
    if id == "argon2@SpringSecurity_v5_8":
        return argon2_cffi(password, rest)
    assert id == "pbkdf2@SpringSecurity_v5_8"
    salt, key = bytes.fromhex(rest)[:16], bytes.fromhex(rest)[16:]
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 310_000, 32) == key


def django(password, hash):
    from django.conf import settings
    from django.contrib.auth import hashers

    names = "PBKDF2 Argon2 Scrypt BCryptSHA256".split()
    settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in names])
    return hashers.check_password(password, hash)


JUDGES = [
    ("$argon2", [php, argon2_cffi]),
    ("$2y$", [php, php_laravel, bcrypt_py, libxcrypt]),
    ("$2", [php, bcrypt_py, libxcrypt]),
    ("$wp$2y$", [php_wordpress]),
    ("$pbkdf2-", [passlib_pbkdf2]),
    ("AQAAAA", [openssl_aspnet]),
    ('{"', [keycloak]),
    ("{", [spring]),
    ("bcrypt_sha256$", [django]),
    ("$scrypt$", [passlib_scrypt]),
    ("argon2", [django]),
    ("pbkdf2_", [django]),
    ("scrypt$", [django]),
]

_, password, hash = sys.argv
judges = next(judges for prefix, judges in JUDGES if hash.startswith(prefix))
refused = [judge.__name__ for judge in judges if not judge(password, hash)]
print("accepted by", *(judge.__name__ for judge in judges if judge.__name__ not in refused))
sys.exit(f"refused by {refused}" if refused else 0)

#!/usr/bin/env python3
"""accept.py PASSWORD HASH: asks the genuine software whether this is the password of a hash that the crate made.

Prints who accepted it; fails if one of them doesn't, or if there is none for such a hash.
"""
import ctypes
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


def libxcrypt(password, hash):
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    return lib.crypt(password.encode(), hash.encode()) == hash.encode()


def passlib_scrypt(password, hash):
    from passlib.hash import scrypt

    return scrypt.verify(password, hash)


def django(password, hash):
    from django.conf import settings
    from django.contrib.auth import hashers

    names = "PBKDF2 Argon2 Scrypt".split()
    settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in names])
    return hashers.check_password(password, hash)


JUDGES = [
    ("$argon2", [php, argon2_cffi]),
    ("$2", [php, bcrypt_py, libxcrypt]),
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

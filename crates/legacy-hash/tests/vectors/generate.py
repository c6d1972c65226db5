#!/usr/bin/env python3
"""Writes python.jsonl and tools.jsonl: password hashes made by genuine software, one JSON object a line.

Fields: format, password_hex, hash, salt, login, origin. Needs Django, passlib, bcrypt < 4.1 (which passlib 1.7 needs),
argon2-cffi, libxcrypt's libcrypt.so.1, and the commands htpasswd, slappasswd, mkpasswd, openssl.

The salts are random where the software chooses them: every run writes other lines that are as good.
Hashes that this crate itself makes are given to the same software by accept.py.
"""
import base64
import ctypes
import hashlib
import json
import pathlib
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent

TEXTS = ["password", "p", "Pa$$w0rd with spaces ", "Grüße, 密码 🔑", "correct horse battery staple"]
ABC = "".join(chr(33 + i % 90) for i in range(4096))
LONG = [ABC[:71], ABC[:72], ABC[:73], ABC[:100], "ü" * 36, "a" + "ü" * 40]


def b(text):
    return text if isinstance(text, bytes) else text.encode()


class Out:
    def __init__(self, name):
        self.path, self.lines = HERE / name, []

    def add(self, format, password, hash, origin, salt=None, login=None):
        hash = hash.decode() if isinstance(hash, bytes) else hash
        assert hash, (format, password, origin)
        self.lines.append(dict(format=format, password_hex=b(password).hex(), hash=hash, salt=salt, login=login, origin=origin))

    def write(self):
        self.path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines))
        print(self.path.name, len(self.lines))


def django(out):
    import django
    from django.conf import settings

    settings.configure(PASSWORD_HASHERS=[])
    from django.contrib.auth import hashers as h

    def add(format, hasher, password, salt=None, **attrs):
        for name, value in attrs.items():
            setattr(hasher, name, value)
        made = hasher.encode(password, hasher.salt() if salt is None else salt)
        assert hasher.verify(password, made)
        out.add(format, password, made, f"Django {django.__version__} {type(hasher).__name__}.encode")

    class WeakArgon2(h.Argon2PasswordHasher):
        time_cost, memory_cost, parallelism = 1, 8, 1

    add("django-pbkdf2-sha256", h.PBKDF2PasswordHasher(), "password")
    for password in TEXTS + LONG + ["", "nul\0inside", ABC]:
        add("django-pbkdf2-sha256", h.PBKDF2PasswordHasher(), password, iterations=1000)
        add("django-pbkdf2-sha1", h.PBKDF2SHA1PasswordHasher(), password, iterations=1000)
        add("django-bcrypt-sha256", h.BCryptSHA256PasswordHasher(), password, rounds=4)
        out.add("django-argon2", password, WeakArgon2().encode(password, "somesalt"), f"Django {django.__version__} Argon2PasswordHasher.encode, m=8 t=1 p=1")
        if "\0" not in password:
            add("django-bcrypt", h.BCryptPasswordHasher(), password, rounds=4)
    add("django-pbkdf2-sha256", h.PBKDF2PasswordHasher(), "password", salt="säl-t.+/", iterations=1)
    add("django-pbkdf2-sha1", h.PBKDF2SHA1PasswordHasher(), "password", iterations=7)
    add("django-argon2", h.Argon2PasswordHasher(), "password")
    add("django-bcrypt", h.BCryptPasswordHasher(), "password", rounds=6)
    add("django-scrypt", h.ScryptPasswordHasher(), "password")
    for password in ["", "Grüße, 密码 🔑", "nul\0inside", ABC]:
        add("django-scrypt", h.ScryptPasswordHasher(), password, work_factor=2**10, parallelism=1)
    add("django-scrypt", h.ScryptPasswordHasher(), "password", work_factor=2, block_size=3, parallelism=2)


def passlib(out):
    import passlib
    from passlib import hash as h

    def add(format, handler, password, call):
        out.add(format, password, handler.hash(password), f"passlib {passlib.__version__} {call}")

    for password in TEXTS + LONG + ["", ABC]:
        add("passlib-pbkdf2-sha1", h.pbkdf2_sha1.using(rounds=500), password, "pbkdf2_sha1 rounds=500")
        add("passlib-pbkdf2-sha256", h.pbkdf2_sha256.using(rounds=500), password, "pbkdf2_sha256 rounds=500")
        add("passlib-pbkdf2-sha512", h.pbkdf2_sha512.using(rounds=500), password, "pbkdf2_sha512 rounds=500")
        add("sha256crypt", h.sha256_crypt.using(rounds=1000), password, "sha256_crypt rounds=1000")
        add("sha512crypt", h.sha512_crypt.using(rounds=1000), password, "sha512_crypt rounds=1000")
        add("md5crypt", h.md5_crypt, password, "md5_crypt")
        add("apr1", h.apr_md5_crypt, password, "apr_md5_crypt")
        add("ldap-sha", h.ldap_sha1, password, "ldap_sha1")
        add("ldap-ssha", h.ldap_salted_sha1.using(salt_size=16), password, "ldap_salted_sha1 salt_size=16")
        add("ldap-ssha256", h.ldap_salted_sha256, password, "ldap_salted_sha256")
        add("ldap-ssha512", h.ldap_salted_sha512, password, "ldap_salted_sha512")
        add("ldap-md5", h.ldap_md5, password, "ldap_md5")
        add("ldap-smd5", h.ldap_salted_md5, password, "ldap_salted_md5")
    for password in TEXTS + LONG + [""]:
        add("bcrypt", h.bcrypt.using(rounds=4, ident="2"), password, "bcrypt ident=2")
        add("phpass", h.phpass.using(rounds=7), password, "phpass rounds=7")
        add("phpass", h.phpass.using(rounds=7, ident="H"), password, "phpass ident=H rounds=7")
    add("passlib-pbkdf2-sha512", h.pbkdf2_sha512.using(salt_size=0, rounds=1), "password", "pbkdf2_sha512 salt_size=0 rounds=1")
    add("passlib-pbkdf2-sha256", h.pbkdf2_sha256.using(salt=b"\xfb\xff\xfe" * 20, rounds=29), "password", "pbkdf2_sha256 with a salt of 60 bytes")
    add("passlib-pbkdf2-sha256", h.pbkdf2_sha256, "password", "pbkdf2_sha256")
    add("sha256crypt", h.sha256_crypt, "password", "sha256_crypt")
    add("sha512crypt", h.sha512_crypt.using(rounds=5000), "password", "sha512_crypt rounds=5000, implicit")
    add("sha512crypt", h.sha512_crypt.using(salt="", rounds=1000), "password", "sha512_crypt, no salt")
    add("scrypt-phc", h.scrypt, "password", "scrypt")
    add("scrypt-phc", h.scrypt.using(rounds=4, block_size=1, parallelism=3), "Grüße, 密码 🔑", "scrypt rounds=4 block_size=1 parallelism=3")
    add("scrypt-phc", h.scrypt.using(rounds=1, salt_size=0), "", "scrypt rounds=1 salt_size=0")
    add("scrypt-phc", h.scrypt.using(rounds=8), ABC, "scrypt rounds=8")


def argon2(out):
    from argon2 import __version__ as version
    from argon2.low_level import Type, hash_secret

    names = {Type.D: "argon2d-phc", Type.I: "argon2i-phc", Type.ID: "argon2id-phc"}

    def add(kind, password, t, m, p, length, salt=b"sixteen byte salt", v=19):
        made = hash_secret(b(password), salt, t, m, p, length, kind, v)
        origin = f"argon2-cffi {version} hash_secret, version {v}"
        out.add(names[kind], password, made, origin)
        if v == 16:
            out.add(names[kind], password, made.replace(b"$v=16", b""), origin + ", v= left out as before version 19 existed")

    for kind in names:
        for password in TEXTS + ["", "nul\0inside", ABC]:
            add(kind, password, 1, 8, 1, 32)
        add(kind, "password", 3, 256, 2, 16)
        add(kind, "password", 2, 67, 4, 4, salt=b"8 bytes!")
        add(kind, "password", 2, 64, 1, 512, salt=b"x" * 64)
        add(kind, "password", 1, 16, 1, 33, v=16)
        add(kind, "password", 4, 64, 2, 24, v=16)
    add(Type.ID, "password", 3, 65536, 4, 32)


def bcrypt(out):
    import bcrypt

    for prefix in (b"2a", b"2b"):
        for password in TEXTS + LONG + [""]:
            out.add("bcrypt", password, bcrypt.hashpw(b(password), bcrypt.gensalt(4, prefix)), f"bcrypt {bcrypt.__version__} hashpw")
    # The correct algorithm under $2a$, where crypt_blowfish deviates from it.
    out.add("bcrypt", b"\xff\xff\xa3", bcrypt.hashpw(b"\xff\xff\xa3", bcrypt.gensalt(4, b"2a")), f"bcrypt {bcrypt.__version__} hashpw")


def libxcrypt(out):
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    version = tool_version(["dpkg-query", "-W", "-f", "${Version}", "libcrypt1"])

    def add(format, password, setting):
        made = lib.crypt(b(password), b(setting))
        assert made and not made.startswith(b"*"), (password, setting)
        out.add(format, password, made, f"libxcrypt {version} crypt({setting.split('$')[1]})")

    odd = [b"\xff\xff\xa3", b"\xff\xa3" + b"345", b"\xff\xa3" + b"34\xff\xff\xff\xa3" + b"345", b"\xa3", b"1\xa3" + b"345", b"\x80" * 71 + b"\xff", b"\xaa" * 73]
    for password in TEXTS + LONG + [""] + odd:
        for kind in ("2a", "2b", "2y"):
            add("bcrypt", password, f"${kind}$04$/OK.fbVrR/bpIqNJ5ianF.")
        add("bcrypt-2x", password, "$2x$04$/OK.fbVrR/bpIqNJ5ianF.")
    for password in TEXTS + LONG + ["", ABC[:511], b"\xff\xfe latin1 \xe9"]:
        add("md5crypt", password, "$1$abcdefgh")
        add("sha256crypt", password, "$5$rounds=1000$abcdefghijklmnop")
        add("sha512crypt", password, "$6$rounds=1001$ab.cd/ef")
    add("md5crypt", "password", "$1$longer.than.eight")
    add("md5crypt", "password", "$1$")
    add("sha256crypt", "password", "$5$")
    add("sha512crypt", "password", "$6$longer.than.sixteen.characters")
    add("sha256crypt", "password", "$5$rounds=5000$explicit")
    add("sha512crypt", "password", "$6$implicit")


def tool_version(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def tools(out):
    def run(*command, stdin=""):
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.strip()

    package = lambda name: name + " " + tool_version(["dpkg-query", "-W", "-f", "${Version}", name])
    apache, slapd, whois, openssl = map(package, ("apache2-utils", "slapd", "whois", "openssl"))
    passwords = ["password", "Grüße, 密码 🔑", "with spaces inside"]
    for password in passwords + [""]:
        for option, format in (("B", "bcrypt"), ("m", "apr1"), ("s", "ldap-sha"), ("2", "sha256crypt"), ("5", "sha512crypt")):
            out.add(format, password, run("htpasswd", f"-nb{option}", "u", password).split(":", 1)[1], f"{apache} htpasswd -nb{option}")
    module = ["-o", "module-path=/usr/lib/ldap", "-o", "module-load=pw-sha2"]
    schemes = dict(SHA="ldap-sha", SSHA="ldap-ssha", MD5="ldap-md5", SMD5="ldap-smd5", SHA256="ldap-sha256", SSHA256="ldap-ssha256", SHA512="ldap-sha512", SSHA512="ldap-ssha512")
    for password in passwords:
        for scheme, format in schemes.items():
            out.add(format, password, run("slappasswd", *module, "-h", "{%s}" % scheme, "-s", password), f"{slapd} slappasswd -h {{{scheme}}}")
        for method, format in {"sha512crypt": "sha512crypt", "sha256crypt": "sha256crypt", "md5crypt": "md5crypt", "bcrypt-a": "bcrypt", "bcrypt": "bcrypt"}.items():
            out.add(format, password, run("mkpasswd", "-m", method, "-s", stdin=password), f"{whois} mkpasswd -m {method}")
        for option, format in {"-1": "md5crypt", "-apr1": "apr1", "-5": "sha256crypt", "-6": "sha512crypt"}.items():
            out.add(format, password, run("openssl", "passwd", option, "-stdin", stdin=password), f"{openssl} openssl passwd {option}")
    out.add("sha256crypt", "password", run("openssl", "passwd", "-5", "-salt", "rounds=10$abc", "-stdin", stdin="password"), f"{openssl} openssl passwd -5 -salt rounds=10$abc")
    for name in ("md5", "sha1", "sha256", "sha512"):
        for password in passwords + [""]:
            hex = run("openssl", "dgst", f"-{name}", "-r", stdin=password).split()[0]
            out.add(f"{name}($pass)", password, hex, f"{openssl} openssl dgst -{name}")


def main():
    out = Out("python.jsonl")
    for part in (django, passlib, argon2, bcrypt, libxcrypt):
        part(out)
    out.write()
    out = Out("tools.jsonl")
    tools(out)
    out.write()


main()

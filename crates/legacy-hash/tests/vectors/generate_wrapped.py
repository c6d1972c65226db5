#!/usr/bin/env python3
"""Makes wrapped.jsonl: the layout of wrapped hashes, computed a second time by Python's hashlib and cryptography 48.0.0."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
import json
import os

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SALT = bytes(range(16))


def wrapped(method, blank, digest, m=64, t=1, p=1):
    plain = b"pg_ferry wrapped hash v1\0" + method.encode() + b"\0" + digest
    output = Argon2id(salt=SALT, length=32, iterations=t, lanes=p, memory_cost=m).derive(plain)
    url = lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("=")
    std = lambda data: b64encode(data).decode().rstrip("=")
    return f"$ferry-wrapped$v=1${url(method)}${url(blank)}$argon2id$v=19$m={m},t={t},p={p}${std(SALT)}${std(output)}"


def main():
    password = "p\u00e4ssw\u00f6rd \u20ac".encode()
    sha1 = lambda data: hashlib.sha1(data).digest()
    md5 = lambda data: hashlib.md5(data).digest()
    rows = [
        ("ldap-sha", "{SHA}" + "A" * 27 + "=", sha1(b"password"), b"password", None),
        ("ldap-ssha", "{SSHA}" + b64encode(bytes(20) + b"salty").decode(), sha1(password + b"salty"), password, None),
        ("mysql41", "*" + "0" * 40, sha1(sha1(b" s p ")), b" s p ", None),
        ("recipe:md5(md5($pass).$salt)", "0" * 32, md5(md5(password).hex().encode() + b"abc").hex().encode(), password, "abc"),
    ]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrapped.jsonl"), "w") as file:
        for method, blank, digest, plain, salt in rows:
            row = {"format": "ferry-wrapped", "password_hex": plain.hex(), "hash": wrapped(method, blank, digest), "salt": salt, "login": None, "pepper": None}
            row["origin"] = f"Python hashlib and cryptography 48.0.0: {method}"
            file.write(json.dumps(row) + "\n")


main()

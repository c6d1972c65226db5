#!/usr/bin/env python3
"""seeds.py FOLDER: writes what the targets may start from, one folder a target: the vectors, and texts of policies and recipes."""
import base64
import glob
import hashlib
import json
import os
import re
import sys

POLICIES = ["argon2id:m=64,t=1,p=1", "bcrypt:cost=4", "scrypt:ln=4,r=1,p=1", "django-pbkdf2-sha256:iterations=100", "django-argon2", "django-scrypt:ln=4", "bcrypt"]
SEALED = b"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CRATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
RECIPES = [
    "{hash:hex}:{salt}:1 <- sha256($salt.$pass)",
    "${salt2:b64}${rounds}${user}${salt}${hash:b64} <- pbkdf2_sha1_raw($pass,$salt.$salt2.$user,$rounds,20)",
    '$wp{hash} <- b64(hmac_sha384_raw("wp-sha384", trim($pass)))|bcrypt',
    "lower($user).$pass|crypt",
    "$pass.$pepper|any",
    'b64(loop(4, sha512_raw($pass."{".$salt."}"), sha512_raw($prev.$pass."{".$salt."}")))',
    "iter(20,sha512,$pass.unhex($salt))",
    "argon2id($pass,$salt,1,8,1,32)",
    'left(reverse(pad(md5($pass),40,"x")),16)',
]


def recipes():
    """Those above, those behind the names of crackers, and each function once."""
    source = lambda name: open(os.path.join(CRATE, "src", "recipe", name)).read()
    known = re.findall(r'^ *\("[a-z_]+:?[0-9]+", "([^"]+)"\)', source("alias.rs"), re.M)
    names = re.findall(r'name: "([a-z0-9_*]+)"', source("functions.rs"))
    calls = [f"{name.replace('*', 'md5')}({arguments})" for name in names for arguments in ("$pass", "$pass,$salt", "$pass,2", "$pass,$salt,2,16")]
    return list(dict.fromkeys(RECIPES + known + calls))


def main(folder):
    rows = [json.loads(line) for file in sorted(glob.glob(os.path.join(CRATE, "tests", "vectors", "*.jsonl"))) for line in open(file)]
    write(folder, "identify", {row["hash"].encode() for row in rows})
    write(folder, "verify", {question(row["format"], row) for row in rows})
    write(folder, "wrap", {question(row["format"], row) for row in rows})
    write(folder, "unwrap", {unwrapped(row) for row in rows if row["format"] == "ferry-wrapped"} | {question(row["format"], row) + b"\n" + SEALED for row in rows})
    write(folder, "recipe_parse", {text.encode() for text in recipes() + [row["format"] for row in rows]})
    plain = {"salt": "salt", "login": "Ann", "pepper": "pepper", "password_hex": b"password".hex(), "hash": "5f4dcc3b5aa765d61d8327deb882cf99"}
    write(folder, "recipe_eval", {question(text, plain) for text in recipes()})
    write(folder, "policy", {text.encode() for text in POLICIES})


def question(method, row):
    """The six fields that fuzz_targets/lib.rs reads."""
    fields = [method.encode(), given(row, "salt"), given(row, "login"), given(row, "pepper"), bytes.fromhex(row["password_hex"])]
    return b"\n".join([field.replace(b"\n", b" ") for field in fields] + [row["hash"].encode()])


def unwrapped(row):
    """The parts of a wrapped hash, each in its place."""
    name, blank, sealed = row["hash"].split("$", 5)[3:]
    decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return question(decode(name), {**row, "hash": decode(blank) + "\n$" + sealed})


def given(row, name):
    if row.get(name + "_hex"):
        return bytes.fromhex(row[name + "_hex"])
    return b"-" if row.get(name) is None else row[name].encode()


def write(folder, target, inputs):
    os.makedirs(os.path.join(folder, target), exist_ok=True)
    for data in inputs:
        if len(data) <= 1000:
            with open(os.path.join(folder, target, hashlib.sha1(data).hexdigest()), "wb") as file:
                file.write(data)


main(sys.argv[1])

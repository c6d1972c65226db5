#!/usr/bin/env python3
"""seeds.py FOLDER: writes what the targets may start from, one folder a target: the vectors, and texts of policies and recipes."""
import glob
import hashlib
import json
import os
import sys

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "vectors", "*.jsonl")
POLICIES = ["argon2id:m=64,t=1,p=1", "bcrypt:cost=4", "scrypt:ln=4,r=1,p=1", "django-pbkdf2-sha256:iterations=100", "django-argon2", "django-scrypt:ln=4", "bcrypt"]
RECIPES = [
    "md5(md5($pass).$salt)",
    "sha1(lower($user).$pass)",
    "$pass.$pepper|bcrypt",
    'b64(loop(4, sha512_raw($pass."{".$salt."}"), sha512_raw($prev.$pass."{".$salt."}")))',
    "{hash:hex}:{salt}:1 <- sha256($salt.$pass)",
    '$wp{hash} <- b64(hmac_sha384_raw("wp-sha384", trim($pass)))|bcrypt',
    "hex(pbkdf2_sha256($pass,$salt,25,64))",
    "iter(20,sha512,$pass.unhex($salt))",
    'upper(hmac_sha1(pbkdf2_sha1($pass,$salt,10,64),0x00ff."a"))',
    "b64(sha1_raw($salt.utf16le(nfkc($pass))))",
    "hex(scrypt($pass,$salt,16,1,1,32))",
    "left(reverse(pad(md5($pass),40,\"x\")),16)",
]


def main(folder):
    rows = [json.loads(line) for file in sorted(glob.glob(VECTORS)) for line in open(file)]
    write(folder, "identify", {row["hash"].encode() for row in rows})
    write(folder, "verify", {question(row["format"], row) for row in rows})
    write(folder, "recipe_parse", {text.encode() for text in RECIPES + [row["format"] for row in rows]})
    plain = {"salt": "salt", "login": "Ann", "pepper": "pepper", "password_hex": b"password".hex(), "hash": "5f4dcc3b5aa765d61d8327deb882cf99"}
    write(folder, "recipe_eval", {question(text, plain) for text in RECIPES})
    write(folder, "policy", {text.encode() for text in POLICIES})


def question(method, row):
    """The six fields that fuzz_targets/lib.rs reads."""
    fields = [method.encode(), given(row, "salt"), given(row, "login"), given(row, "pepper"), bytes.fromhex(row["password_hex"])]
    return b"\n".join([field.replace(b"\n", b" ") for field in fields] + [row["hash"].encode()])


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

#!/usr/bin/env python3
"""Password hashes made by the genuine software that is installed, of random passwords, and verified by this crate.

    fresh.py                    what is found makes hashes; the crate must take each right password and refuse a wrong one
    fresh.py --only passlib     one software, or one format (may be repeated)
    fresh.py --print            prints the lines only, one JSON object each
    fresh.py --list             which software makes which format, and by which call
    fresh.py --write passlib    writes tests/vectors/passlib.jsonl: fixed passwords, salts as the software chooses them

Which software makes which format is said in software/, once: a file a kind, a table a software. tools/fresh-vectors
installs what is cheap to install. Passwords come from a seed that is printed: --seed N repeats them. Salts are random
where the software chooses them, so a failing line is printed whole.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys

import passwords
from software import Missing, ALL

CRATE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    args = arguments()
    ways, missing = installed(args.only)
    if args.list:
        for way in ways:
            print(f"{way.format:32} {way.origin}")
    elif args.write:
        write(args.write, ways)
    else:
        lines = [line for way in ways for line in made(way, passwords.random_ones(way, args.seed, args.rounds))]
        for line in lines if args.print else ():
            print(json.dumps(line, ensure_ascii=False))
        if not args.print:
            verified(lines, args.seed)
    for name, why in missing if not args.only else ():
        print(f"skipped: {name} ({why})", file=sys.stderr)
    lacking = sorted(set(args.require) & {name for name, _ in missing})
    return f"error: {', '.join(lacking)} must be installed" if lacking else None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--rounds", type=int, default=1, help="how often each format's kinds of passwords are drawn")
    parser.add_argument("--only", action="append", default=[], metavar="SOFTWARE|FORMAT")
    parser.add_argument("--require", action="append", default=[], metavar="SOFTWARE", help="fail if it is not installed")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", metavar="SOFTWARE")
    return parser.parse_args()


def installed(only):
    """The ways that can be gone here, and what is missing for the others."""
    ways, missing = [], []
    for software in ALL:
        try:
            ways += [way for way in software.ways() if not only or {software.name, way.format} & set(only)]
        except (Missing, ImportError, OSError) as why:
            missing.append((software.name, why))
    return ways, missing


def made(way, drawn):
    """A line for each password: what the software answers, the salt and login if they are hashed but not stored."""
    try:
        hashes = way.make([password for password, _ in drawn], [extras for _, extras in drawn])
    except Exception as why:
        raise SystemExit(f"error: {way.format} by {way.origin}: {why!r}, seed of {drawn}") from why
    for (password, _), answer in zip(drawn, hashes, strict=True):
        yield line(way, password, answer if isinstance(answer, dict) else {"hash": answer})


def line(way, password, answer):
    fields = {"format": way.format, "password_hex": password.hex()}
    for name in ("hash", "salt", "login", "pepper"):
        value = answer.get(name)
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                name, value = name + "_hex", value.hex()
        fields[name] = value
    if not answer["hash"]:
        raise SystemExit(f"error: no hash of {password!r} from {way.origin}")
    return fields | {"origin": way.origin}


def verified(lines, seed):
    """Each line as it is must be right; with another password, wrong."""
    asked = [(line, "right") for line in lines]
    asked += [(line | {"password_hex": passwords.another(line["password_hex"])}, "wrong") for line in lines]
    command = ["cargo", "run", "--quiet", "--package", "legacy-hash", "--example", "verify"]
    text = "".join(json.dumps(line) + "\n" for line, _ in asked)
    answers = subprocess.run(command, cwd=CRATE, input=text, capture_output=True, text=True)
    if answers.returncode:
        raise SystemExit(answers.stderr)
    failed = collections.Counter()
    for (line, expected), answer in zip(asked, answers.stdout.splitlines(), strict=True):
        if answer != expected:
            failed[line["format"]] += 1
            if failed[line["format"]] <= 3:
                print(f"FAILED: {answer}, expected {expected}: {json.dumps(line, ensure_ascii=False)}", file=sys.stderr)
    formats = {line["format"] for line in lines}
    print(f"{len(lines)} fresh hashes of {len(formats)} formats, each with a wrong password too; seed {seed}")
    if failed:
        print("failed:", ", ".join(f"{name} ({count})" for name, count in sorted(failed.items())))
        sys.exit(1)


def write(name, ways):
    ways = [way for way in ways if way.software == name and way.genuine]
    lines = [line for way in ways for line in made(way, passwords.fixed_ones(way))]
    path = os.path.join(CRATE, "tests", "vectors", f"{name}.jsonl")
    with open(path, "w") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    print(f"{path}: {len(lines)} lines")


if __name__ == "__main__":
    sys.exit(main())

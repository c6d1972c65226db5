#!/usr/bin/env python
"""Creates the users of users.jsonl in the database that PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE name.

Everything is Django's own: the tables come from its migrations, the rows from its ORM, the hashes from its hashers.
Run again, it changes nothing.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "legacy_site.settings")
django.setup()

from django.contrib.auth.hashers import get_hasher, make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402


def main():
    call_command("migrate", verbosity=0)
    known = set(User.objects.values_list("username", flat=True))
    entries = [entry for entry in read_entries() if entry["username"] not in known]
    with ThreadPoolExecutor() as pool:  # the hashes are slow by design, and computed outside Python's lock
        for entry, password in zip(entries, pool.map(encode, entries)):
            create(entry, password)


def read_entries():
    with open(Path(__file__).with_name("users.jsonl"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def encode(entry):
    """The stored password; `iterations` stands for the weaker default of an older Django."""
    if entry["password"] is None:
        return make_password(None)
    hasher = get_hasher(entry["hasher"])
    cost = {"iterations": entry["iterations"]} if "iterations" in entry else {}
    return hasher.encode(entry["password"], hasher.salt(), **cost)


def create(entry, password):
    user = User.objects.create_user(
        entry["username"],
        entry["email"],
        first_name=entry["first_name"],
        last_name=entry["last_name"],
        is_active=entry.get("is_active", True),
        is_staff=entry.get("is_staff", False),
    )
    user.password = password
    user.save(update_fields=["password"])


main()

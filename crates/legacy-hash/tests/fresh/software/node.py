"""Packages of npm, of a folder named by NODE_PATH. Each way is a JavaScript expression: p is the password, s a salt that is
stored in a column of its own, hex a random number."""
import json
import os
import shutil
import subprocess

from software import Missing, Way, ascii, short, software

PROGRAM = r"""
import { createInterface } from "node:readline";
const load = async (name) => { const module = await import(name); return module.default ?? module; };
const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({ input: process.stdin })) {
    const [code, password, s] = JSON.parse(line);
    const p = Buffer.from(password, "hex").toString();
    // Packages are looked for from here, so that this is what must import.
    const from = (name) => import(name);
    console.log(JSON.stringify(await new AsyncFunction("load", "from", "p", "s", "return " + code)(load, from, p, s)));
}
"""

WAYS = [
    ("bcryptjs", "bcrypt", "(await load('bcryptjs')).hash(p, 4)", dict(takes=short)),
    ("password-hash", "npm-password-hash", "(await load('password-hash')).generate(p)", {}),
    ("password-hash", "npm-password-hash", "(await load('password-hash')).generate(p, {algorithm: 'sha256', iterations: 3})", {}),
    ("better-auth", "better-auth-scrypt", "(await from('better-auth/crypto')).hashPassword(p)", dict(dear=True)),
    ("oslo", "better-auth-scrypt", "new (await from('oslo/password')).Scrypt().hash(p)", dict(dear=True)),
    ("oslo", "argon2id-phc", "new (await from('oslo/password')).Argon2id({memorySize: 64, iterations: 1}).hash(p)", {}),
    ("lucia", "better-auth-scrypt", "new (await from('lucia')).Scrypt().hash(p)", dict(dear=True)),
    ("apache-md5", "apr1", "(await load('apache-md5'))(p)", dict(takes=ascii)),
    ("unixcrypt", "sha512crypt", "(await from('unixcrypt')).encrypt(p, '$6$rounds=1000$' + s)", dict(salt=True)),
    ("unixcrypt", "sha256crypt", "(await from('unixcrypt')).encrypt(p, '$5$rounds=1000$' + s)", dict(salt=True)),
    ("scrypt-mcf", "scrypt-phc", "(await from('scrypt-mcf')).hash(p, {derivedKeyLength: 32, scryptParams: {logN: 8, r: 8, p: 2}})", {}),
]


@software("node")
def node():
    path, folder = shutil.which("node"), os.environ.get("NODE_PATH", "")
    if not path or not os.path.isdir(folder):
        raise Missing("no node command" if not path else "NODE_PATH names no folder of packages")
    running = []

    def evaluate(code, password, salt):
        if not running:
            command = [path, "--input-type=module", "-e", PROGRAM]
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            running.append(subprocess.Popen(command, cwd=os.path.dirname(folder), text=True, **pipes))
        running[0].stdin.write(json.dumps([code, password.hex(), salt]) + "\n")
        running[0].stdin.flush()
        return json.loads(running[0].stdout.readline())

    for package, format, code, options in WAYS:
        manifest = os.path.join(folder, package, "package.json")
        if os.path.exists(manifest):
            options = dict(options)
            salted = options.pop("salt", False)
            one = lambda password, extras, code=code, salted=salted: evaluate(code, password, extras.salt(8, 16) if salted else None)
            version = json.load(open(manifest))["version"]
            yield f"{package} {version}", Way(format, code, one, **options)

"""Commands: htpasswd, mkpasswd, slappasswd, doveadm, openssl, and libxcrypt's crypt(3) behind them."""
import ctypes
import os
import re
import shutil
import subprocess

from software import BARE_DIGESTS, Missing, Way, software


def command(name):
    """The path of a command; some are where only root looks."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Missing(f"no {name} command")
    return found


def run(*args, stdin=b""):
    done = subprocess.run(args, input=stdin, capture_output=True)
    if done.returncode:
        raise SystemExit(f"error: {args} said {done.stderr.decode()}")
    return done.stdout.decode().strip()


def version(*args, pattern=r"[0-9]+(\.[0-9]+)+[^ )]*"):
    """The version that a command prints, wherever it does."""
    done = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True)
    return re.search(pattern, (done.stdout + done.stderr).decode())[0]


@software("htpasswd")
def htpasswd():
    path = command("htpasswd")
    with_version = "htpasswd"
    if apache := shutil.which("dpkg-query"):
        found = subprocess.run([apache, "-W", "-f", "${Version}", "apache2-utils"], capture_output=True, text=True).stdout
        with_version = f"htpasswd {found}".strip()
    for format, options in [("bcrypt", "-B"), ("apr1", "-m"), ("ldap-sha", "-s"), ("descrypt", "-d"), ("sha256crypt", "-2"), ("sha512crypt", "-5")]:
        # It cuts what it reads at 255 bytes, and refuses over 8 for -d.
        takes = lambda password, most={"-d": 8, "-B": 72}.get(options, 250): 0 < len(password) <= most
        one = lambda password, extras, options=options: run(path, "-ni", options, "u", stdin=password).split(":", 1)[1]
        yield with_version, Way(format, f"-ni{options[1:]}", one, takes=takes)


@software("mkpasswd")
def mkpasswd():
    path = command("mkpasswd")
    methods = {"sha512crypt": "sha512crypt", "sha256crypt": "sha256crypt", "md5crypt": "md5crypt", "bcrypt": "bcrypt", "bcrypt-a": "bcrypt", "descrypt": "descrypt", "bsdicrypt": "bsdicrypt", "nt": "bsd-nthash", "sunmd5": "sunmd5", "sha1crypt": "sha1crypt", "scrypt": "scrypt-crypt7", "yescrypt": "yescrypt", "gost-yescrypt": "gost-yescrypt"}
    offered = run(path, "-m", "help")
    for method, format in methods.items():
        if re.search(rf"^{method}\s", offered, re.M):
            one = lambda password, extras, method=method: run(path, "-m", method, "-s", stdin=password)
            dear = method in ("sunmd5", "sha1crypt", "scrypt", "bcrypt", "bcrypt-a", "yescrypt", "gost-yescrypt")
            yield f"mkpasswd {version(path, '--version')}", Way(format, f"-m {method}", one, takes=lambda password: 0 < len(password) <= 72, dear=dear)


@software("slappasswd")
def slappasswd():
    path = command("slappasswd")
    number = version(command("slapd"), "-VV", pattern=r"[0-9]+\.[0-9.]+")
    yield from openldap(path, number, {"SHA": "ldap-sha", "SSHA": "ldap-ssha", "MD5": "ldap-md5", "SMD5": "ldap-smd5", "CRYPT": "ldap-crypt"}, None)
    yield from openldap(path, number, {"SHA256": "ldap-sha256", "SSHA256": "ldap-ssha256", "SHA512": "ldap-sha512", "SSHA512": "ldap-ssha512"}, "pw-sha2")
    yield from openldap(path, number, {"PBKDF2": "ldap-pbkdf2-sha1", "PBKDF2-SHA256": "ldap-pbkdf2-sha256", "PBKDF2-SHA512": "ldap-pbkdf2-sha512"}, "pw-pbkdf2")
    yield from openldap(path, number, {"ARGON2": "ldap-argon2"}, "argon2")


def openldap(path, number, schemes, module):
    folders = [folder for folder in (os.environ.get("LDAP_MODULES", ""), "/usr/lib/ldap") if os.path.exists(f"{folder}/{module}.so")]
    if module and not folders:
        return
    options = ["-o", f"module-path={folders[0]}", "-o", f"module-load={module}"] if module else []
    for scheme, format in schemes.items():
        one = lambda password, extras, scheme=scheme: run(path, *options, "-h", "{%s}" % scheme, "-s", password)
        yield f"slappasswd {number}", Way(format, f"-h {{{scheme}}}", one, takes=bool, dear=module in ("pw-pbkdf2", "argon2"))


@software("doveadm")
def doveadm():
    path = command("doveadm")
    offered = set(run(path, "-O", "pw", "-l").split())
    number = version(command("dovecot"), "--version")
    for scheme, format in {
        "BLF-CRYPT": "dovecot-blf-crypt",
        "CRAM-MD5": "dovecot-cram-md5",
        "DES-CRYPT": "dovecot-des-crypt",
        "DIGEST-MD5": "dovecot-digest-md5",
        "LANMAN": "dovecot-lanman",
        "MD5-CRYPT": "dovecot-md5-crypt",
        "NTLM": "dovecot-ntlm",
        "PBKDF2": "dovecot-pbkdf2",
        "PLAIN-MD4": "dovecot-plain-md4",
        "PLAIN-MD5": "dovecot-plain-md5",
        "SHA256-CRYPT": "dovecot-sha256-crypt",
        "SHA512-CRYPT": "dovecot-sha512-crypt",
        "SHA256.HEX": "ldap-sha256",
        "SSHA.B64": "ldap-ssha",
        "SSHA512.B64": "ldap-ssha512",
        "SSHA512.HEX": "ldap-ssha512",
        "SHA": "ldap-sha",
        "SSHA": "ldap-ssha",
        "SHA256": "ldap-sha256",
        "SSHA256": "ldap-ssha256",
        "SHA512": "ldap-sha512",
        "SSHA512": "ldap-ssha512",
        "LDAP-MD5": "ldap-md5",
        "SMD5": "ldap-smd5",
        "SCRAM-SHA-1": "scram-sha1",
        "SCRAM-SHA-256": "scram-sha256",
    }.items():
        if scheme.split(".")[0] in offered:
            yield f"doveadm {number}", Way(format, f"pw -s {scheme}", dovecot(path, scheme), takes=dovecot_takes(scheme))


def dovecot(path, scheme):
    rounds = {"BLF-CRYPT": "5", "PBKDF2": "500", "SHA256-CRYPT": "1000", "SHA512-CRYPT": "1000"}.get(scheme)

    def one(password, extras):
        login = f"{extras.login()}@example.org" if scheme == "DIGEST-MD5" else None
        options = [*(["-r", rounds] if rounds else []), *(["-u", login] if login else [])]
        return {"hash": run(path, "-O", "pw", "-s", scheme, *options, "-p", password), "login": login}

    return one


def dovecot_takes(scheme):
    """LANMAN folds a code page; crypt's schemes are given what they would not cut."""
    most = {"LANMAN": 14, "DES-CRYPT": 8, "BLF-CRYPT": 72}.get(scheme, 200)
    return lambda password: 0 < len(password) <= most and (scheme not in ("LANMAN", "NTLM") or password.isascii())


@software("openssl")
def openssl():
    path = command("openssl")
    number = version(path, "version")
    for option, format in {"-1": "md5crypt", "-apr1": "apr1", "-5": "sha256crypt", "-6": "sha512crypt"}.items():
        one = lambda password, extras, option=option: run(path, "passwd", option, "-stdin", stdin=password)
        yield f"openssl {number}", Way(format, f"passwd {option}", one, takes=lambda password: 0 < len(password) <= 200)
    one = lambda password, extras: run(path, "passwd", "-5", "-salt", "rounds=10$abc", "-stdin", stdin=password)
    yield f"openssl {number}", Way("sha256crypt", "passwd -5 -salt rounds=10$abc", one, takes=lambda password: 0 < len(password) <= 200, dear=True, written=["password"])
    digests = {"md5": "md5", "sha1": "sha1", "sha224": "sha224", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "sha3-256": "sha3_256", "sha3-512": "sha3_512", "sm3": "sm3", "blake2b512": "blake2b512"}
    for name, format in digests.items():
        one = lambda password, extras, name=name: run(path, "dgst", f"-{name}", "-r", stdin=password).split()[0]
        yield f"openssl {number}", Way(f"{format}($pass)", f"dgst -{name}", one, genuine=format in BARE_DIGESTS)


@software("libxcrypt")
def libxcrypt():
    try:
        lib = ctypes.CDLL("libcrypt.so.1")
    except OSError as why:
        raise Missing(why) from None
    lib.crypt.restype = ctypes.c_char_p
    if not hasattr(lib, "crypt_gensalt"):
        raise Missing("this libcrypt is glibc's")
    lib.crypt_gensalt.restype = ctypes.c_char_p
    lib.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    number = run("dpkg-query", "-W", "-f", "${Version}", "libcrypt1") if shutil.which("dpkg-query") else "4"
    for format, prefix, cost in [
        ("bcrypt", "$2a$", 4),
        ("bcrypt", "$2b$", 4),
        ("bcrypt", "$2y$", 4),
        ("bcrypt-2x", "$2x$", 4),
        ("md5crypt", "$1$", 0),
        ("sha256crypt", "$5$", 1000),
        ("sha512crypt", "$6$", 1001),
        ("descrypt", "", 0),
        ("bsdicrypt", "_", 101),
        ("bsd-nthash", "$3$", 0),
        ("sha1crypt", "$sha1", 100),
        ("sunmd5", "$md5", 0),
        ("yescrypt", "$y$", 1),
        ("gost-yescrypt", "$gy$", 1),
        ("scrypt-crypt7", "$7$", 6),
    ]:

        def one(password, extras, prefix=prefix, cost=cost):
            random = extras.salt_bytes(64)
            # crypt_gensalt makes no $2x$, which nobody should make anew.
            setting = lib.crypt_gensalt(prefix.replace("x", "y").encode(), cost, random, len(random))
            return crypt(lib, password, setting.replace(b"$2y$", b"$2x$") if prefix == "$2x$" else setting)

        # $3$ widens Latin-1 to UTF-16, and $2x$ loses bytes: what else it was given can't be told.
        takes = (lambda p: p.isascii()) if format in ("bsd-nthash", "bcrypt-2x") else None
        yield f"libxcrypt {number}", Way(format, f"crypt {prefix}", one, takes=takes, dear=format in ("sunmd5", "scrypt-crypt7"))
    # What is no UTF-8, and where crypt_blowfish once had its bug.
    odd = [b"\xff\xff\xa3", b"\xff\xa3" + b"345", b"\xff\xa3" + b"34\xff\xff\xff\xa3" + b"345", b"\xa3", b"1\xa3" + b"345", b"\x80" * 71 + b"\xff", b"\xaa" * 73]
    latin = ["password", b"\xff\xfe latin1 \xe9", "x" * 511]
    for format, setting, written in [
        *(("bcrypt-2x" if kind == "2x" else "bcrypt", f"${kind}$04$/OK.fbVrR/bpIqNJ5ianF.", odd) for kind in ("2a", "2b", "2x", "2y")),
        ("md5crypt", "$1$", latin),
        ("md5crypt", "$1$longer.than.eight", latin),
        ("sha256crypt", "$5$", latin),
        ("sha256crypt", "$5$rounds=5000$explicit", latin),
        ("sha512crypt", "$6$implicit", latin),
        ("sha512crypt", "$6$longer.than.sixteen.characters", latin),
    ]:
        one = lambda password, extras, setting=setting: crypt(lib, password, setting.encode())
        yield f"libxcrypt {number}", Way(format, f"crypt {setting}", one, takes=lambda p: p.isascii() and p, dear=True, written=written)


def crypt(lib, password, setting):
    made = lib.crypt(password, setting)
    if not made or made.startswith(b"*"):
        raise ValueError(f"libxcrypt refuses {setting}")
    return made

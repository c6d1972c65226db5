#!/usr/bin/env python3
"""Makes crypt.jsonl and directory.jsonl with genuine software, and adds the self-tests that others have published.

Needs passlib 1.7.4, bcrypt 4.0, AuthEncoding and zope.password from PyPI; perl over libxcrypt, doveadm, slappasswd with
its contributed modules, grub-mkpasswd-pbkdf2, php-horde-auth, libauthen-passphrase-perl from Debian 12; and the role
passwords of a PostgreSQL in `roles.txt` (hex of the password and pg_authid.rolpassword, one role a line).
"""

import json
import subprocess
import sys

from importlib.metadata import version

PASSWORDS = ["password", "p\u00e4ssw\u00f6rd \u20ac", "a long password of more than sixteen bytes, even of 64 bytes of a block", " s p "]
lines = {"crypt": [], "directory": []}


def add(file, format, password, hash, origin, **more):
    assert hash, (format, password, origin)
    row = {"format": format, "password_hex": password.encode().hex() if isinstance(password, str) else password.hex()}
    row |= {"hash": hash, "salt": None, "login": None, "pepper": None, "origin": origin}
    lines[file].append(json.dumps(row | more, ensure_ascii=False))


def run(*args, input=None):
    done = subprocess.run(args, input=input, capture_output=True, check=True)
    return done.stdout.decode().strip()


def perl(code, *args):
    return run("perl", "-e", code, *args)


# libxcrypt's crypt(3)
SETTINGS = {
    "descrypt": ["ab", "./", "Zz"],
    "bsdicrypt": ["_J9..rasm", "_/...salt", "_.0..sAlt"],
    "sha1crypt": ["$sha1$1$salt", "$sha1$1000$saltsalt", "$sha1$30000$" + "s" * 64],
    "sunmd5": ["$md5$saltsalt", "$md5$saltsalt$", "$md5,rounds=10$saltsalt$", "$md5,rounds=5000$salt", "$md5$rounds=10$saltsalt"],
    "yescrypt": ["$y$j75$saltsalt", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$", "$y$j7E.0$saltsalt", "$y$j750.$salt", "$y$.7E$salt", "$y$/7E$salt",
                 "$y$j85$LdJMENpBABJJ3hIHjB1Bi.$", "$y$j7E//$salt"],
    "gost-yescrypt": ["$gy$j75$saltsalt", "$gy$j9T$F5Jx5fExrKuPp53xLKQ..1$"],
    "scrypt-crypt7": ["$7$5/..../....saltsalt", "$7$6..../....SodiumChloride", "$7$5/..../..../!Nice, isn't it?"],
    "bsd-nthash": ["$3$"],
}
for format, settings in SETTINGS.items():
    for setting in settings:
        for password in PASSWORDS + [""] * (format in ("descrypt", "yescrypt", "sunmd5")):
            hash = perl("print crypt($ARGV[0], $ARGV[1]) // ''", password, setting)
            if not hash or hash.startswith("*"):
                print("libxcrypt refuses", setting, file=sys.stderr)
                break
            add("crypt", format, password, hash, f"libxcrypt 4.4.33 crypt(), setting {setting}")
for password in ["longer than 8", "just exactly 16!", "x" * 70, "y" * 128, "z" * 140, "\u00e4" * 9]:
    hash = perl("print crypt($ARGV[0], $ARGV[1])", password, "ab" + "." * 12)
    add("crypt", "bigcrypt", password, hash, "libxcrypt 4.4.33 crypt(), bigcrypt setting")

# passlib
import passlib.hash as p

for password in PASSWORDS:
    for format, handler in {
        "descrypt": p.des_crypt, "bsdicrypt": p.bsdi_crypt.using(rounds=1001), "crypt16": p.crypt16,
        "sha1crypt": p.sha1_crypt.using(rounds=999), "sunmd5": p.sun_md5_crypt.using(rounds=100),
        "bigcrypt": p.bigcrypt, "django-des-crypt": p.django_des_crypt, "lm": p.lmhash, "ntlm": p.nthash,
        "bsd-nthash": p.bsd_nthash, "passlib-scram": p.scram.using(rounds=1000),
        "passlib-bcrypt-sha256-v1": p.bcrypt_sha256.using(rounds=4, version=1),
        "passlib-bcrypt-sha256-v2": p.bcrypt_sha256.using(rounds=4), "fshp": p.fshp.using(rounds=1000),
        "cta-pbkdf2-sha1": p.cta_pbkdf2_sha1.using(rounds=1000), "dlitz-pbkdf2-sha1": p.dlitz_pbkdf2_sha1.using(rounds=1000),
        "grub-pbkdf2-sha512": p.grub_pbkdf2_sha512.using(rounds=1000), "ldap-pbkdf2-sha1": p.ldap_pbkdf2_sha1.using(rounds=1000),
        "ldap-pbkdf2-sha256": p.ldap_pbkdf2_sha256.using(rounds=1000), "ldap-pbkdf2-sha512": p.ldap_pbkdf2_sha512.using(rounds=1000),
        "ldap-md5": p.ldap_hex_md5, "ldap-sha": p.ldap_hex_sha1,
    }.items():
        if format == "lm" and "\u20ac" in password:
            password = "p\u00e4ssw\u00f6rd"
        file = "directory" if format.startswith("ldap") else "crypt"
        add(file, format, password, handler.hash(password), f"passlib 1.7.4 {handler.name}")
    for digest in ("sha224", "sha384"):
        from passlib.handlers.pbkdf2 import create_pbkdf2_hash
        handler = create_pbkdf2_hash(digest, {"sha224": 28, "sha384": 48}[digest], 1000, ident=f"$pbkdf2-{digest}$")
        add("crypt", f"passlib-pbkdf2-{digest}", password, handler.hash(password), f"passlib 1.7.4 create_pbkdf2_hash of {digest}")
    for crypt in (p.ldap_des_crypt, p.ldap_bsdi_crypt.using(rounds=101), p.ldap_md5_crypt, p.ldap_sha1_crypt.using(rounds=100),
                  p.ldap_bcrypt.using(rounds=4), p.ldap_sha256_crypt.using(rounds=1000), p.ldap_sha512_crypt.using(rounds=1000)):
        add("directory", "ldap-crypt", password, crypt.hash(password), f"passlib 1.7.4 {crypt.name}")
for variant in range(4):
    add("crypt", "fshp", "password", p.fshp.using(variant=variant, rounds=10, salt_size=variant * 3).hash("password"), f"passlib 1.7.4 fshp variant {variant}")
add("crypt", "fshp", "test", "{FSHP0|0|1}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "FSHP 0.2 test vector, by passlib 1.7.4")
add("crypt", "passlib-scram", "\u2168\u00aa\u00a0x", p.scram.using(rounds=10).hash("\u2168\u00aa\u00a0x"), "passlib 1.7.4 scram, SASLprep")
for password, hash in [("OLDPASSWORD", "c9b81d939d6fd80cd408e6b105741864"), ("", "aad3b435b51404eeaad3b435b51404ee"),
                       ("ENCYCLOP\u00c6DIA", "fed6416bffc9750d48462b9d7aaac065"), ("encyclop\u00e6dia", "fed6416bffc9750d48462b9d7aaac065")]:
    add("crypt", "lm", password, hash, "passlib 1.7.4 lmhash test")
for password, hash in [("printf", "AA/xje2RyeiSU0iBY3PDwjYo"), ("LOLOAQICI82QB4IP", "/.FcK3mad6JwYt8LVmDqz9Lc"),
                       ("LOLOAQIC", "/.FcK3mad6JwYelhbtlysKy6"), ("L", "/.CIu/PzYCkl6elhbtlysKy6")]:
    add("crypt", "crypt16", password, hash, "passlib 1.7.4 crypt16 test, from Bugtraq 1999")
for password, hash in [("passphrase", "qiyh4XPJGsOZ2MEAyLkfWqeQ"), ("This is very long passwd", "f8.SVpL2fvwjkAnxn8/rgTkwvrif6bjYB5c")]:
    add("crypt", "bigcrypt", password, hash, "passlib 1.7.4 bigcrypt test")
for password, hash in [("Gpcs3_adm", "$md5$zrdhpMlZ$$wBvMOEqbSjU.hu5T2VEP01"), ("this", "$md5$3UqYqndY$HIZVnfJNGCPbDZ9nIRSgP1")]:
    add("crypt", "sunmd5", password, hash, "passlib 1.7.4 sun_md5_crypt test")

# Perl's NTHash takes bytes for characters
for password in ["password", "p\u00e4ssw\u00f6rd \u20ac"]:
    code = "use Authen::Passphrase::NTHash; print Authen::Passphrase::NTHash->new(passphrase => $ARGV[0])->hash_hex"
    add("crypt", "ntlm-latin1", password, perl(code, password), "Authen::Passphrase::NTHash 0.008 of bytes")

# Dovecot
for password in PASSWORDS[:3]:
    for format, scheme in {
        "dovecot-blf-crypt": "BLF-CRYPT", "dovecot-cram-md5": "CRAM-MD5", "dovecot-des-crypt": "DES-CRYPT",
        "dovecot-md5-crypt": "MD5-CRYPT", "dovecot-pbkdf2": "PBKDF2", "dovecot-plain-md4": "PLAIN-MD4",
        "dovecot-plain-md5": "PLAIN-MD5", "dovecot-sha256-crypt": "SHA256-CRYPT", "dovecot-sha512-crypt": "SHA512-CRYPT",
        "scram-sha1": "SCRAM-SHA-1", "scram-sha256": "SCRAM-SHA-256", "ldap-crypt": "CRYPT",
    }.items():
        add("directory", format, password, run("doveadm", "pw", "-s", scheme, "-p", password), f"doveadm pw 2.3.19 -s {scheme}")
    for scheme, format in [("SHA", "sha"), ("SHA1", "sha"), ("SSHA", "ssha"), ("SHA256", "sha256"), ("SSHA256", "ssha256"),
                           ("SHA512", "sha512"), ("SSHA512", "ssha512"), ("LDAP-MD5", "md5"), ("SMD5", "smd5")]:
        for suffix in ["", ".HEX", ".B64", ".hex", ".BASE64"]:
            try:
                hash = run("doveadm", "pw", "-s", scheme + suffix, "-p", password)
            except subprocess.CalledProcessError:
                continue
            add("directory", f"ldap-{format}", password, hash, f"doveadm pw 2.3.19 -s {scheme}{suffix}")
    for suffix in [".HEX", ".B64"]:
        add("directory", "dovecot-plain-md5", password, run("doveadm", "pw", "-s", "PLAIN-MD5" + suffix, "-p", password), "doveadm pw 2.3.19 -s PLAIN-MD5" + suffix)
    add("directory", "dovecot-cram-md5", password, run("doveadm", "pw", "-s", "HMAC-MD5", "-p", password), "doveadm pw 2.3.19 -s HMAC-MD5")
    add("directory", "dovecot-md5-crypt", password, run("doveadm", "pw", "-s", "MD5", "-p", password), "doveadm pw 2.3.19 -s MD5")
    for login in ["joe", "joe@example.org"]:
        hash = run("doveadm", "pw", "-s", "DIGEST-MD5", "-p", password, "-u", login)
        add("directory", "dovecot-digest-md5", password, hash, "doveadm pw 2.3.19 -s DIGEST-MD5", login=login)
for scheme in ("ARGON2I", "ARGON2ID"):
    add("directory", "ldap-argon2", "password", run("doveadm", "pw", "-s", scheme, "-r", "3", "-p", "password"), f"doveadm pw 2.3.19 -s {scheme}")
for format, hash in [
    ("dovecot-lanman", "{LANMAN}01fc5a6be7bc6929aad3b435b51404ee"), ("dovecot-ntlm", "{NTLM}0cb6948805f797bf2a82807973b89537"),
    ("dovecot-pbkdf2", "{PBKDF2}$1$bUnT4Pl7yFtYX0KU$5000$50a83cafdc517b9f46519415e53c6a858908680a"),
    ("dovecot-cram-md5", "{CRAM-MD5}e02d374fde0dc75a17a557039a3a5338c7743304777dccd376f332bee68d2cf6"),
    ("ldap-sha", "{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M="), ("ldap-crypt", "{CRYPT}//EsnG9FLTKjo"),
    ("dovecot-md5-crypt", "{MD5}$1$wmyrgRuV$kImF6.9MAFQNHe23kq5vI/"),
    ("scram-sha1", "{SCRAM-SHA-1}4096,GetyLXdBuHzf1FWf8SLz2Q==,NA/OqmF4hhrsrB9KR7po+dliTGM=,QBiURvQaE6H6qYTmeghDHLANBFQ="),
]:
    add("directory", format, "test", hash, "Dovecot 2.3 test-libpassword.c")
add("directory", "dovecot-digest-md5", "test", "{DIGEST-MD5}77c1a8c437c9b08ba2f460fe5d58db5d", "Dovecot 2.3 test-libpassword.c", login="testuser1")

# OpenLDAP
for password in PASSWORDS[:2]:
    for scheme, module, format in [("{SHA384}", "pw-sha2", "ldap-sha384"), ("{SSHA384}", "pw-sha2", "ldap-ssha384"), ("{PBKDF2}", "pw-pbkdf2", "ldap-pbkdf2-sha1"),
                                   ("{PBKDF2-SHA1}", "pw-pbkdf2", "ldap-pbkdf2-sha1"), ("{PBKDF2-SHA256}", "pw-pbkdf2", "ldap-pbkdf2-sha256"),
                                   ("{PBKDF2-SHA512}", "pw-pbkdf2", "ldap-pbkdf2-sha512"), ("{ARGON2}", "argon2", "ldap-argon2")]:
        hash = run("slappasswd", "-n", "-h", scheme, "-o", "module-path=/usr/lib/ldap", "-o", f"module-load={module}", "-s", password)
        add("directory", format, password, hash, f"slappasswd 2.5.13 {module} {scheme}")

# GRUB
for password in PASSWORDS[:2]:
    said = run("grub-mkpasswd-pbkdf2", "-c", "2000", input=f"{password}\n{password}\n".encode())
    add("crypt", "grub-pbkdf2-sha512", password, said.split()[-1], "grub-mkpasswd-pbkdf2 2.06")

# Horde
HORDE = """set_include_path('/usr/share/php'); require 'Horde/Exception.php'; require 'Horde/Auth.php';
echo Horde_Auth::getCryptedPassword($argv[1], '', $argv[2], (bool) $argv[3]);"""
for password in PASSWORDS[:3]:
    for kind in ["aprmd5", "crypt-md5", "crypt-sha256", "crypt-sha512", "md5-base64", "md5-hex", "sha", "smd5", "ssha", "ssha256"]:
        for scheme in ("", "1"):
            hash = run("php", "-d", "error_reporting=0", "-r", HORDE, "--", password, kind, scheme)
            add("directory", f"horde-{kind}", password, hash, f"php-horde-auth 2.2.2 getCryptedPassword {kind}" + " with its scheme" * bool(scheme))

# Zope
import AuthEncoding
import zope.password.password as z

A, Z = (f"{name} {version(name)}" for name in ("AuthEncoding", "zope.password"))
for password in ["password", "p\u00e4ssw\u00f6rd", "p\u00e4ssw\u00f6rd \u20ac"]:
    for scheme, format in [("SSHA", "zope-ssha"), ("SHA", "zope-sha1"), ("SHA256", "zope-sha256"), ("MYSQL", "zope-mysql"), ("BCRYPT", "ldap-bcrypt-zope")]:
        add("directory", format, password, AuthEncoding.pw_encrypt(password, scheme).decode(), f"{A} pw_encrypt {scheme}")
    kdf = z.BCRYPTKDFPasswordManager()
    kdf.rounds = 51
    for format, manager in [("zope-ssha", z.SSHAPasswordManager()), ("zope-smd5", z.SMD5PasswordManager()), ("zope-md5", z.MD5PasswordManager()),
                            ("zope-sha1", z.SHA1PasswordManager()), ("ldap-bcrypt-zope", z.BCRYPTPasswordManager()), ("zope-bcryptkdf", kdf)]:
        add("directory", format, password, manager.encodePassword(password).decode(), f"{Z} {type(manager).__name__}")
kdf.keylen = 77
add("directory", "zope-bcryptkdf", "password", kdf.encodePassword("password").decode(), f"{Z} BCRYPTKDFPasswordManager keylen 77")
old = "right \N{CYRILLIC CAPITAL LETTER A}"
for format, password, hash in [("zope-ssha", "secret", "{SSHA}x3HIoiF9y6YRi_I4W1fkptbzTDiNr-9l"), ("zope-md5", old, "salt86dddccec45db4599f1ac00018e54139")]:
    add("directory", format, password, hash, f"{Z} doctest of older releases")

# PostgreSQL
for line in open(sys.argv[1]):
    password, hash = line.split()
    add("directory", "postgres-scram-sha256", bytes.fromhex(password), hash, "PostgreSQL 15.20 CREATE ROLE")

# Published self-tests
JOHN = "John the Ripper 1.9 jumbo, format {} self-test"
for format, label, tests in [
    ("afs", "afs", [("$K4$e35e9294ecef926d,0123", "U*U*U*U*"), ("$K4$64c7c2aedccd70d6,0123456789", "U*U***U*"),
                    ("$K4$d9e985b36268f168,01234567", "U*U***U"), ("$K4$b9615786dfb53297,longcellname", "longpassword"), ("$K4$a8dc8aeaa2c48a97,", ""),
                    ("$K4$dfda85c7619183a2,XXXXXXXX", "XXXXXXXX"), ("$K4$e3e59de6f1d5eaf4,cell", "password355"), ("$K4$b02cc24aefbc865b,", "thisisaverylongpassword")]),
    ("dragonfly3", "dragonfly3-32", [("$3$z$EBG66iBCGfUfENOfqLUH/r9xQxI1cG373/hRop6j.oWs", "magnum"), ("$3$f6daU5$Xf/u8pKp.sb4VCLKz7tTZMUKJ3J4oOfZgUSHYOFL.M0n", "")]),
    ("dragonfly3", "dragonfly3-64", [("$3$z$sNV7KLtLxvJRsj2MfBtGZFuzXP3CECITaFq/rvsy.Y.Q", "magnum"), ("$3$SSYEHO$AMYLyanRYs8F2U07FsBrSFuOIygJ4kgqvpBB17BI.61N", "DragonFly BSD")]),
    ("dragonfly4", "dragonfly4-32", [("$4$7E48ul$K4u43llx1P184KZBoILl2hnFLBHj6.486TtxWA.EA1pLZuQS7P5k0LQqyEULux47.5vttDbSo/Cbpsez.AUI", "magnum"),
                                     ("$4$Hz$5U1s18ntUYE24mF3JN44BYZPN34HBCMw57.Yw2JeKoiBkTVSGBDZEPT325hvR7iw8QYHy9kG7WUW8LCM.6UD", "")]),
    ("dragonfly4", "dragonfly4-64", [("$4$W$.eHqh7OeyhVkBG0lCuUFnEShQq3tZt1QOLUx/9vIt3p56rUMCu2w7iQof7HwWa1pJwcBpPG.7KK3Pcce.oFX", "password"),
                                     ("$4$2tgCi76D$NL8CBWreQkoaVeGVL/a27ZrwYq6M8mlNt.uqc9E9.OiANu6JHdQy2r6J4uAZuD7wKqAQier1YVL7M0IF.gvi", "DragonFly BSD")]),
    ("qnx-md5", "qnx", [("@m@bde10f1a1119328c64594c52df3165cf@6e1f9a390d50a85c", "password"), ("@m@7dc7c11f6d808f08fb5f5e8ac4fa7062@44ef56fc2901bf40", "happy123")]),
    ("qnx-sha256", "qnx", [("@s@1de2b7922fa592a0100a1b2b43ea206427cc044917bf9ad219f17c5db0af0452@36bdb8080d25f44f", "password")]),
    ("qnx-sha512", "qnx", [
        ("@S@386d4be6fe9625c014b2486d8617ccfc521566be190d8a982b93698b99e0e3e3a18464281a514d5dda3ec5581389086f42b5dde023e934221bbe2e0106674cf7@129b6761", "password"),
        ("@S@60653c9f515eb8480486450c82eaad67f894e2f4828b6340fa28f47b7c84cc2b8bc451e37396150a1ab282179c6fe4ca777a7c1a17511b5d83f0ce23ca28da5d@caa3cc118d2deb23", "password"),
        ("@S,98@4e1c05c14b3b590326219db534615139de00ebe8f66a571467bfaac324c975e97c85702a40aa48f660eaac0095d4c1aa0607092b0af3f2935ba4b23ce01e47b1@abcd1234abcd1234", "3"),
        ("@S,100@a305c157dbb3ec42558799b2b02fa2036cd7fac5fe6f3ef932eb6504590f09abb90b97581a08e07e1b56d41c0956317f56d9c19e77e625447cdd1071500440b1@abcd1234abcd1234", "3"),
        ("@S,112@87355ea88eabfba54933b43a0e32f6757ab0a0b20394e39a0828a175f381d7f06b0769573ca5eff7b3ce4f9d4cb334c43a61b51291b7f155507edf56e3948666@abcd1234abcd1234", "3"),
        ("@S,119@3cd8bdcf039419dafd6a838aead31d5a2b2326f3d0a09f15fb3775686e8a440217f634f67e36d84971443f6049116a67a46cdc9937c2227baa92832c3af5e924@abcd1234abcd1234", "3"),
        ("@S,231@c651174fab35480c0f5c62c8d481bf3273ff81253bc2ed014405f59f4ece32d3b6afdff0cc4283fe7bf69ff41cde92f6a2fb9c64ecee6cb0fb8b3d3a5327d34a@abcd1234abcd1234", "3"),
        ("@S@e8283d1d51f5d1aeab493eb4936ae97606042f2140264ebad9b6b6e80acd5b2c2ac20f999453a4bc5a6d843263fe2da11656e42d6909ef24249ba57c4b0a9fcf@ca411920e2930254",
         "h0M%ppppppppppppppppppppppppaP-Q")]),
    ("aix-smd5", "aix-smd5", [("{smd5}s8/xSJ/v$uGam4GB8hOjTLQqvBfxJ2/", "password"), ("{smd5}alRJaSLb$aKM3H1.h1ycXl5GEVDH1e1", "aixsucks?")]),
    ("aix-md5-noprefix", "aix-smd5 without {smd5}", [("eLB0QWeS$Eg.YfWY8clZuCxF0xNrKg.", "0123456789ABCDE")]),
    ("md5crypt", "aix-smd5", [("$1$JVDbGx8K$T9h8HK4LZxeLPMTAxCfpc1", "password")]),
    ("aix-ssha1", "aix-ssha1", [("{ssha1}06$T6numGi8BRLzTYnF$AdXq1t6baevg9/cu5QBBk8Xg.se", "whatdoyouwantfornothing$$$$$$"), ("{ssha1}06$6cZ2YrFYwVQPAVNb$1agAljwERjlin9RxFxzKl.E0.sJ", "gentoo=>meh")]),
    ("aix-ssha256", "aix-ssha256", [("{ssha256}06$YPhynOx/iJQaJOeV$EXQbOSYZftEo3k01uoanAbA7jEKZRUU9LCCs/tyU.wG", "verylongbutnotverystrongpassword")]),
    ("aix-ssha512", "aix-ssha512", [("{ssha512}06$y2/.O4drNJd3ecgJ$DhNk3sS28lkIo7XZaXWSkFOIdP2Zsd9DIKdYDSuSU5tsnl29Q7xTc3f64eAGMpcMJCVp/SXZ4Xgx3jlHVIOr..", "solarisalwaysbusyitseems"),
                                    ("{ssha512}06$aXayEJGxA02Bl4d2$TWfWx34oD.UjrS/Qtco6Ij2XPY1CPYJfdk3CcxEjnMZvQw2p5obHYH7SI2wxcJgaS9.S9Hz948R.GdGwsvR...", "test")]),
    ("jtr-pbkdf2-hmac-md4", "PBKDF2-HMAC-MD4", [("$pbkdf2-hmac-md4$1000$6d61676e756d$32ebfcea201e61cc498948916a213459", "magnum"),
                                                ("$pbkdf2-hmac-md4$1000$6d61676e756d$32ebfcea201e61cc498948916a213459c259c7b0a8ce9473368665f0808dcde1", "magnum")]),
    ("jtr-pbkdf2-hmac-md5", "PBKDF2-HMAC-MD5", [("$pbkdf2-hmac-md5$1$73616c74$f31afb6d931392daa5e3130f47f9a9b6", "password"),
                                                ("$pbkdf2-hmac-md5$1000$38333335343433323338$f445d6d0ed5cbe9fc12c03ea9530c1c6f79e7886a6af1552b40f3704a8b87847", "hashcat")]),
    ("jtr-pbkdf2-hmac-sha1", "PBKDF2-HMAC-SHA1", [("$pbkdf2-hmac-sha1$1000.fd11cde0.27de197171e6d49fc5f55c9ef06c0d8751cd7250", "3956"),
                                                  ("$pbkdf2-hmac-sha1$1000$6926d45e$231c561018a4cee662df7cd4a8206701c5806af9", "1234"),
                                                  ("$pbkdf2-hmac-sha1$4096$4861726b6f6e656e$ee51883793a6f68e9615fe73c80a3aa6f2dd0ea537bce627b929183cc6e57925", "12345678")]),
    ("jtr-pbkdf2-hmac-sha512", "PBKDF2-HMAC-SHA512", [
        ("$pbkdf2-hmac-sha512$1000.6b635263736c70346869307a304b5276.80cf814855f2299103a6084366e41d7e14f9894b05ed77fa19881d28f06cde18da9ab44972cd00496843371ce922c70e64f3862b036b59b581fe32fc4408fe49", "magnum"),
        ("$pbkdf2-hmac-sha512$10000.82DBAB96E072834D1F725DB9ADED51E703F1D449E77D01F6BE65147A765C997D8865A1F1AB50856AA3B08D25A5602FE538AD0757B8CA2933FE8CA9E7601B3FBF.859D65960E6D05C6858F3D63FA35C6ADFC456637B4A0A90F6AFA7D8E217CE2D3DFDC56C8DEACA217F0864AE1EFB4A09B00EB84CF9E4A2723534F34E26A279193", "openwall")]),
    ("grub-pbkdf2-sha512", "PBKDF2-HMAC-SHA512", [("grub.pbkdf2.sha512.10000.4483972AD2C52E1F590B3E2260795FDA9CA0B07B96FF492814CA9775F08C4B59CD1707F10B269E09B61B1E2D11729BCA8D62B7827B25B093EC58C4C1EAC23137.DF4FCB5DD91340D6D31E33423E4210AD47C7A4DF9FA16F401663BF288C20BF973530866178FE6D134256E4DBEFBD984B652332EED3ACAED834FEA7B73CAE851D", "password")]),
    ("mongodb-scram-sha1", "SCRAM", [("$scram$someadmin$10000$wf42AF7JaU1NSeBaSmkKzw==$H6A5RF0qz6DrcWNNX4xe+wIeVEw=", "secret"), ("$scram$admin$10000$ouQdw5om9Uc5gxulO9F/8w==$DSnATYsgoE8InL5Petfjp8MWGh4=", "test@12345")]),
    ("descrypt", "descrypt", [("CCNf8Sbh3HDfQ", "U*U*U*U*"), ("CCX.K.MFy4Ois", "U*U***U"), ("SDbsugeBiC58A", "")]),
    ("bsdicrypt", "bsdicrypt", [("_J9..CCCCXBrJUJV154M", "U*U*U*U*"), ("_J9..XXXXAj8cFbP5scI", "*U*U*U*U*U*U*U*U*"), ("_J9..SDSD5YGyRCr4W4c", "")]),
]:
    for hash, password in tests:
        add("crypt", format, password, hash, JOHN.format(label))
for hash, password in [("550c41c11bab48f9dbd8203ed313eef0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abc123"), ("9be296cf73d2f548dae3cccafaff1dd982916963c701200625cba2acd40d6569", "FRED"),
                       ("a0e2078f0354846ec5bc4c7d7be08a4682916963c701200625cba2acd40d6569", "")]:
    add("directory", "ldap-ns-mta-md5", password, "{NS-MTA-MD5}" + hash, JOHN.format("po") + ", behind the scheme of OpenLDAP 2.5 pw-netscape")
for file, format, module, hash in [
    ("crypt", "sha1crypt", "15100", "$sha1$20000$75552156$HhYMDdaEHiK3eMIzTldOFPnw.s2Q"),
    ("crypt", "qnx-sha512", "19200", "@S@715df9e94c097805dd1e13c6a40f331d02ce589765a2100ec7435e76b978d5efc364ce10870780622cee003c9951bd92ec1020c924b124cfff7e0fa1f73e3672@2257314490293159"),
    ("crypt", "qnx7-sha512", "19210", "@S@vm2nBGHes6QkXra0f74XmouSiRzjYD3r/0py+txv0Kr8A4hCPMGFHoZqr41JFiYcJPPOeIheqFseMyLyw/15Pw==@NDY2MDEwNjk3YjBjYzM2MzliMzc3Mzc0ZTNiMTAzNzE="),
    ("crypt", "aix-smd5", "6300", "{smd5}17800721$WkGka7tXcrfpUQS6WOQyw/"),
    ("crypt", "mongodb-scram-sha1", "24100", "$mongodb-scram$*0*dXNlcg==*10000*4p+f1tKpK18hQqrVr0UGOw==*Jv9lrpUQ2bVg2ZkXvRm2rppsqNw="),
    ("crypt", "mongodb-scram-sha256", "24200", "$mongodb-scram$*1*dXNlcg==*15000*qYaA1K1ZZSSpWfY+yqShlcTn0XVcrNipxiYCLQ==*QWVry9aTS/JW+y5CWCBr8lcEH9Kr/D4je60ncooPer8="),
    ("directory", "ds389-pbkdf2-sha256", "10901", "{PBKDF2_SHA256}AAAgADkxMjM2NTIzMzgzMjQ3MjI4MDAwNTk5OTAyOTk4NDI2MjkyMzAzNjg0NjQwOTMxNjI3OTMzNjg0MDI0OTY5NTe5ULagRTYpLaUoeqJMg8x9W/DXu+9VTFaVhaYvebYrY+sOqn1ZMRnws22C1uAkiE2tFM8qN+xw5xe7OmCPZ203NuruK4oB33QlsKIEz4ppm0TR94JB9PJx7lIQwFHD3FUNUNryj4jk6UYyJ4+V1Z9Ug/Iy/ylQBJgfs5ihzgxHYZrfp1wUCXFzlZG9mxmziPm8VFnAhaX4+FBAZvLAx33jpbKOwEg7TmwP2VJ8BNFLQRqwYdlqIjQlAhncXH+dqIF9VdM4MonAA0hx76bMvFTP7LF5VO1IqVmcuYz7YG9v4KKRjnvoUUqOj6okUBQTay3EzsdFVnUW1FemYOccJd5q"),
]:
    add(file, format, "hashcat", hash, f"hashcat 6.2.6 module {module} self-test")
IPA = "{PBKDF2_SHA256}" + (
    "AAAIAG+ooTntmgayOuMZRJuCMFVykCVWcVF3tw8YTlvFp9KF9UnFYhgpz8fC03o4Jv5KD4rQ4GsdXHIRlg/doyd1xOVFDYUZYAPHjnSpm9XnzIcaS4ZCV/JeLqueyeZQWKOlCH+k9BCmO2HZC7"
    "AKXWGMG5bJ8GLALceyf0xioP447wehg8caWYY7f2VYBz6k233DUkgV5NqswzuEwtLdDDFjpro0Ac15ok6fS0vqjDfiMs0ai5FCbivEKw4j6ZyuXHCpck6gcH8lh33rs779ZaLAgtIeeW+xdea3BD"
    "CQXhuHwCqIxxifLn2gQy/lLxlikXb82gk2ClADhwoG5RIdJ3ABrPDB100yw6QJ7NF14vV7DDzqxqylocWD/l1xw8HIYdkCpRG8PyfLz8TOR+Mgq0uB/mddrSkU6Hsmg9MkGpST69av")
add("directory", "ds389-pbkdf2-sha256", "password", IPA, "FreeIPA 4 performance tests")
for hash, origin in [("ipaNTHash: iEb36u6PsRetBr3YMLdYbA", "Kanidm 1.1 test_password_from_ipa_nt_hash"), ("iEb36u6PsRetBr3YMLdYbA", "Kanidm 1.1 FreeIPA sync test")]:
    add("crypt", "ipa-nthash", "password", hash, origin)

for file, rows in lines.items():
    with open(f"{file}.jsonl", "w") as out:
        out.write("\n".join(rows) + "\n")

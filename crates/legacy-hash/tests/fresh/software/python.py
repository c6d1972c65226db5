"""Software in Python: passlib, Django, Werkzeug, Zope, and the bindings to argon2 and bcrypt."""
from software import Way, ascii, short, software


def password_text(password):
    return password.decode()


def in_unicode_3_2(password):
    """SASLprep refuses what Unicode 3.2 didn't have."""
    return b"\xf0" not in password


@software("passlib")
def passlib():
    import passlib
    from passlib import hash as h

    def way(format, handler, options={}, user=False, **rest):
        using = getattr(h, handler).using(**options)
        call = " ".join([handler, *(f"{name}={value!r}" for name, value in options.items())])

        def one(password, extras):
            if not user:
                return using.hash(password)
            login = extras.login()
            return {"hash": using.hash(password, user=login), "login": login}

        return f"passlib {passlib.__version__}", Way(format, call, one, **rest)

    up_to = lambda most: lambda password: 0 < len(password) <= most
    dos_text = lambda password: password.isascii() and len(password) <= 14
    for format, handler, options in [
        ("apr1", "apr_md5_crypt", {}),
        ("argon2id-phc", "argon2", dict(time_cost=1, memory_cost=64, parallelism=2)),
        ("argon2i-phc", "argon2", dict(type="I", time_cost=1, memory_cost=64, parallelism=1)),
        ("atlassian-pkcs5s2", "atlassian_pbkdf2_sha1", {}),
        ("bcrypt", "bcrypt", dict(rounds=4, ident="2b")),
        ("bcrypt", "bcrypt", dict(rounds=4, ident="2")),
        ("passlib-bcrypt-sha256-v2", "bcrypt_sha256", dict(rounds=4)),
        ("passlib-bcrypt-sha256-v1", "bcrypt_sha256", dict(rounds=4, version=1)),
        ("bsd-nthash", "bsd_nthash", {}),
        ("bsdicrypt", "bsdi_crypt", dict(rounds=101)),
        ("cta-pbkdf2-sha1", "cta_pbkdf2_sha1", dict(rounds=500)),
        ("dlitz-pbkdf2-sha1", "dlitz_pbkdf2_sha1", dict(rounds=500)),
        ("descrypt", "des_crypt", {}),
        ("django-argon2", "django_argon2", dict(time_cost=1, memory_cost=64, parallelism=1)),
        ("django-bcrypt", "django_bcrypt", dict(rounds=4)),
        ("django-bcrypt-sha256", "django_bcrypt_sha256", dict(rounds=4)),
        ("django-des-crypt", "django_des_crypt", {}),
        ("django-md5", "django_salted_md5", {}),
        ("django-sha1", "django_salted_sha1", {}),
        ("django-pbkdf2-sha1", "django_pbkdf2_sha1", dict(rounds=500)),
        ("django-pbkdf2-sha256", "django_pbkdf2_sha256", dict(rounds=500)),
        *(("fshp", "fshp", dict(rounds=100, variant=variant)) for variant in range(4)),
        ("grub-pbkdf2-sha512", "grub_pbkdf2_sha512", dict(rounds=500)),
        ("md5($pass)", "hex_md5", {}),
        ("sha1($pass)", "hex_sha1", {}),
        ("sha256($pass)", "hex_sha256", {}),
        ("sha512($pass)", "hex_sha512", {}),
        *(("ldap-crypt", handler, options) for handler, options in [
            ("ldap_bcrypt", dict(rounds=4)),
            ("ldap_bsdi_crypt", dict(rounds=11)),
            ("ldap_des_crypt", {}),
            ("ldap_md5_crypt", {}),
            ("ldap_sha1_crypt", dict(rounds=100)),
            ("ldap_sha256_crypt", dict(rounds=1000)),
            ("ldap_sha512_crypt", dict(rounds=1000)),
        ]),
        ("ldap-md5", "ldap_hex_md5", {}),
        ("ldap-sha", "ldap_hex_sha1", {}),
        ("ldap-md5", "ldap_md5", {}),
        ("ldap-smd5", "ldap_salted_md5", {}),
        ("ldap-sha", "ldap_sha1", {}),
        ("ldap-ssha", "ldap_salted_sha1", dict(salt_size=16)),
        ("ldap-ssha256", "ldap_salted_sha256", {}),
        ("ldap-ssha512", "ldap_salted_sha512", {}),
        ("ldap-pbkdf2-sha1", "ldap_pbkdf2_sha1", dict(rounds=500)),
        ("ldap-pbkdf2-sha256", "ldap_pbkdf2_sha256", dict(rounds=500)),
        ("ldap-pbkdf2-sha512", "ldap_pbkdf2_sha512", dict(rounds=500)),
        ("md5crypt", "md5_crypt", {}),
        ("mssql2005", "mssql2005", {}),
        ("mysql323", "mysql323", {}),
        ("mysql41", "mysql41", {}),
        ("ntlm", "nthash", {}),
        ("oracle11", "oracle11", {}),
        ("passlib-pbkdf2-sha1", "pbkdf2_sha1", dict(rounds=500)),
        ("passlib-pbkdf2-sha256", "pbkdf2_sha256", dict(rounds=500)),
        ("passlib-pbkdf2-sha512", "pbkdf2_sha512", dict(rounds=500)),
        ("phpass", "phpass", dict(rounds=7)),
        ("phpass", "phpass", dict(rounds=7, ident="H")),
        ("scrypt-phc", "scrypt", dict(rounds=4, block_size=1, parallelism=3)),
        ("sha1crypt", "sha1_crypt", dict(rounds=100)),
        ("sha256crypt", "sha256_crypt", dict(rounds=1000)),
        ("sha512crypt", "sha512_crypt", dict(rounds=1000)),
        ("sunmd5", "sun_md5_crypt", dict(rounds=10)),
    ]:
        yield way(format, handler, options)
    # Usual costs, and what is seldom seen.
    for format, handler, options in [
        ("passlib-pbkdf2-sha256", "pbkdf2_sha256", {}),
        ("passlib-pbkdf2-sha256", "pbkdf2_sha256", dict(salt=b"\xfb\xff\xfe" * 20, rounds=29)),
        ("passlib-pbkdf2-sha512", "pbkdf2_sha512", dict(salt_size=0, rounds=1)),
        ("sha256crypt", "sha256_crypt", {}),
        ("sha512crypt", "sha512_crypt", dict(rounds=5000)),
        ("sha512crypt", "sha512_crypt", dict(salt="", rounds=1000)),
        ("scrypt-phc", "scrypt", {}),
        ("scrypt-phc", "scrypt", dict(rounds=1, salt_size=0)),
    ]:
        yield way(format, handler, options, dear=True, written=["password"])
    yield way("bigcrypt", "bigcrypt", takes=up_to(128))
    yield way("crypt16", "crypt16", takes=up_to(16))
    yield way("lm", "lmhash", takes=dos_text)
    yield way("mssql2000", "mssql2000", takes=ascii)
    yield way("passlib-scram", "scram", dict(rounds=500), takes=in_unicode_3_2)
    yield way("cisco-pix", "cisco_pix", user=True, takes=up_to(12))
    yield way("cisco-asa", "cisco_asa", user=True, takes=up_to(12))
    yield way("msdcc", "msdcc", user=True)
    # The bare hash, which is taken under its name only: not among the vectors, which are all identified.
    yield way("msdcc2", "msdcc2", user=True, genuine=False)
    yield way("oracle10", "oracle10", user=True, takes=ascii)
    yield way("postgres-md5", "postgres_md5", user=True)


@software("django")
def django():
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(PASSWORD_HASHERS=[])
    from django.contrib.auth import hashers

    def way(format, hasher, salt=None, written=None, **costs):
        made_by = getattr(hashers, hasher)()
        for name, value in costs.items():
            setattr(made_by, name, value)

        def one(password, extras):
            made = made_by.encode(password_text(password), salt or made_by.salt())
            assert made_by.verify(password_text(password), made)
            return made

        call = " ".join([f"{hasher}.encode", *(f"{name}={value}" for name, value in costs.items())])
        return f"Django {django.__version__}", Way(format, call, one, dear=bool(written), written=written)

    yield way("django-pbkdf2-sha256", "PBKDF2PasswordHasher", iterations=1000)
    yield way("django-pbkdf2-sha1", "PBKDF2SHA1PasswordHasher", iterations=1000)
    yield way("django-argon2", "Argon2PasswordHasher", time_cost=1, memory_cost=8, parallelism=1)
    yield way("django-bcrypt", "BCryptPasswordHasher", rounds=4)
    yield way("django-bcrypt-sha256", "BCryptSHA256PasswordHasher", rounds=4)
    yield way("django-scrypt", "ScryptPasswordHasher", work_factor=2**10, parallelism=1)
    yield way("django-md5", "MD5PasswordHasher")
    # Usual costs, and what is seldom seen.
    yield way("django-pbkdf2-sha256", "PBKDF2PasswordHasher", written=["password"])
    yield way("django-pbkdf2-sha256", "PBKDF2PasswordHasher", iterations=1, salt="säl-t.+/", written=["password", "nul\0inside"])
    yield way("django-argon2", "Argon2PasswordHasher", written=["password"])
    yield way("django-scrypt", "ScryptPasswordHasher", written=["password"])
    yield way("django-scrypt", "ScryptPasswordHasher", work_factor=2, block_size=3, parallelism=2, written=["password", "nul\0inside"])


@software("werkzeug")
def werkzeug():
    from importlib.metadata import version

    from werkzeug.security import generate_password_hash

    for format, method in [
        ("werkzeug-scrypt", "scrypt:1024:8:1"),
        ("werkzeug-pbkdf2", "pbkdf2:sha256:1000"),
        ("werkzeug-pbkdf2", "pbkdf2:sha1:500"),
        ("werkzeug-pbkdf2", "pbkdf2:sha512:700"),
    ]:
        one = lambda password, extras, method=method: generate_password_hash(password_text(password), method, extras.rng.randint(4, 24))
        yield f"Werkzeug {version('werkzeug')}", Way(format, f"generate_password_hash {method}", one)


@software("argon2-cffi")
def argon2():
    from argon2 import __version__ as version
    from argon2.low_level import Type, hash_secret

    for kind, format in {Type.D: "argon2d-phc", Type.I: "argon2i-phc", Type.ID: "argon2id-phc"}.items():
        for number in (19, 16):

            def one(password, extras, kind=kind, number=number):
                passes, lanes = extras.rng.randint(1, 3), extras.rng.randint(1, 2)
                memory, length = extras.rng.randint(8 * lanes, 200), extras.rng.randint(4, 64)
                return hash_secret(password, extras.salt_bytes(8, 16, 32), passes, memory, lanes, length, kind, number)

            yield f"argon2-cffi {version}", Way(format, f"hash_secret, version {number}", one)

    # As it was before version 19 existed.
    one = lambda password, extras: hash_secret(password, extras.salt_bytes(8), 1, 16, 1, 33, Type.I, 16).replace(b"$v=16", b"")
    yield f"argon2-cffi {version}", Way("argon2i-phc", "hash_secret, version 16, v= left out", one)
    one = lambda password, extras: hash_secret(password, b"x" * 64, 2, 64, 1, 512, Type.ID)
    yield f"argon2-cffi {version}", Way("argon2id-phc", "hash_secret, 512 bytes", one, written=["password", "nul\0inside"])


@software("bcrypt")
def bcrypt():
    import bcrypt

    for prefix in (b"2a", b"2b"):
        one = lambda password, extras, prefix=prefix: bcrypt.hashpw(password, bcrypt.gensalt(4, prefix))
        yield f"bcrypt {bcrypt.__version__}", Way("bcrypt", f"hashpw, prefix {prefix.decode()}", one, takes=short)


@software("flask-bcrypt")
def flask_bcrypt():
    from importlib.metadata import version

    from flask_bcrypt import Bcrypt

    flask = Bcrypt()
    flask._handle_long_passwords = True
    one = lambda password, extras: flask.generate_password_hash(password_text(password), 4)
    yield f"Flask-Bcrypt {version('flask-bcrypt')}", Way("bcrypt(sha256)", "BCRYPT_HANDLE_LONG_PASSWORDS", one)


@software("zope")
def zope():
    from importlib.metadata import version

    from AuthEncoding import AuthEncoding
    from zope.password import password as managers

    # AuthEncoding writes Latin-1 where the text fits into it.
    for format, scheme in [("zope-ssha", "SSHA"), ("zope-sha256", "SHA256"), ("zope-sha1", "SHA"), ("zope-mysql", "MYSQL"), ("ldap-bcrypt-zope", "BCRYPT")]:
        one = lambda password, extras, scheme=scheme: AuthEncoding.pw_encrypt(password_text(password), scheme)
        yield f"AuthEncoding {version('AuthEncoding')}", Way(format, scheme, one, takes=lambda p: p.isascii() and short(p), dear=scheme == "BCRYPT")
    for format, manager in [("zope-md5", "MD5"), ("zope-smd5", "SMD5"), ("zope-sha1", "SHA1"), ("zope-ssha", "SSHA"), ("ldap-bcrypt-zope", "BCRYPT"), ("zope-bcryptkdf", "BCRYPTKDF")]:
        made_by = getattr(managers, f"{manager}PasswordManager")()
        one = lambda password, extras, made_by=made_by: made_by.encodePassword(password_text(password))
        yield f"zope.password {version('zope.password')}", Way(format, f"{manager}PasswordManager", one, takes=short, dear="BCRYPT" in manager)

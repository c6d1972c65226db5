"""Databases that hash the passwords of their own users: MariaDB and PostgreSQL, each run for a moment in a folder of its own."""
import glob
import os
import pwd
import shutil
import subprocess
import tempfile

from software import Missing, Way, ascii, software
from software.commands import command, version


@software("mariadb")
def mariadb():
    path = command("mariadbd")
    number = version(path, "--version", pattern=r"[0-9]+\.[0-9]+\.[0-9]+")

    def makes(function):
        return lambda passwords, extras: mariadb_answers(path, function, passwords)

    yield f"MariaDB {number}", Way("mysql41", "PASSWORD()", make=makes("PASSWORD"), takes=bool)
    yield f"MariaDB {number}", Way("mysql323", "OLD_PASSWORD()", make=makes("OLD_PASSWORD"), takes=bool)


def mariadb_answers(path, function, passwords):
    """What a SQL function says of each password: bootstrap mode reads statements from stdin, without a data directory."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        answers = os.path.join(folder, "answers")
        # Hexadecimal literals: no quoting, no character sets.
        rows = [f"SELECT {function}(CONVERT(0x{password.hex()} USING binary))" for password in passwords]
        statement = " UNION ALL ".join(rows) + f" INTO OUTFILE '{answers}';"
        user = ["--user=root"] if os.getuid() == 0 else []
        args = [path, "--no-defaults", "--bootstrap", *user, f"--datadir={folder}", f"--tmpdir={folder}", "--skip-grant-tables", "--innodb=OFF", "--default-storage-engine=MEMORY", "--skip-log-bin", "--secure-file-priv=", *language(path)]
        done = subprocess.run(args, input=statement + "\n", capture_output=True, text=True)
        if not os.path.exists(answers):
            raise Missing(f"mariadbd said {done.stderr[-500:]}")
        return open(answers).read().split()


def language(path):
    """An unpacked server looks for its messages where they aren't."""
    share = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(path))), "usr/share/mysql")
    return [f"--lc-messages-dir={share}"] if os.path.isdir(share) else []


@software("postgresql")
def postgresql():
    folders = [os.environ["POSTGRES_BIN"]] if "POSTGRES_BIN" in os.environ else sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not folders or not os.path.exists(f"{folders[-1]}/initdb"):
        raise Missing("no PostgreSQL server")
    folder = folders[-1]
    number = version(f"{folder}/postgres", "--version", pattern=r"[0-9]+(\.[0-9]+|[a-z]+[0-9]*)")
    for encryption, format in {"scram-sha-256": "postgres-scram-sha256", "md5": "postgres-md5"}.items():

        def make(passwords, extras, encryption=encryption):
            return postgres_answers(folder, encryption, passwords, [e.login() for e in extras])

        # A role's password can't be empty.
        takes = lambda password, scram=encryption != "md5": 0 < len(password) and (not scram or b"\xf0" not in password)
        yield f"PostgreSQL {number}", Way(format, f"ALTER ROLE … PASSWORD, password_encryption = {encryption}", make=make, takes=takes)


def postgres_answers(folder, encryption, passwords, logins):
    """A single-user server stores the passwords of roles; no socket, no port."""
    with tempfile.TemporaryDirectory() as work:
        data, run_as = os.path.join(work, "data"), []
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(work, owner.pw_uid, owner.pw_gid)
            run_as = [shutil.which("runuser"), "-u", "postgres", "--"]
        quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        subprocess.run([*run_as, f"{folder}/initdb", "-D", data, "--no-sync", "-E", "UTF8", "--locale=C", "-U", "owner"], cwd=work, **quiet)
        roles = [f"{login.lower()}_{n}" for n, login in enumerate(logins)]
        quoted = ["'" + password.decode().replace("'", "''") + "'" for password in passwords]
        statements = [f"CREATE ROLE {role} PASSWORD {password};" for role, password in zip(roles, quoted, strict=True)]
        answers = os.path.join(work, "answers")
        statements.append(f"COPY (SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL) TO '{answers}';")
        server = [*run_as, f"{folder}/postgres", "--single", "-D", data, "-c", f"password_encryption={encryption}", "-c", "standard_conforming_strings=on", "postgres"]
        subprocess.run(server, cwd=work, input="\n".join(statements).encode() + b"\n", **quiet)
        stored = dict(line.split("\t") for line in open(answers).read().splitlines())
        return [{"hash": stored[role], "login": role} for role in roles]

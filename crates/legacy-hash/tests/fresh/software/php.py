"""PHP's own functions, WordPress' class-phpass.php, and Symfony and Horde as Debian packages them.

Each way is the PHP expression itself: $p is the password, $s a salt that is stored in a column of its own, $u the login,
$k the application's secret."""
import json
import os
import re
import shutil
import subprocess

from software import Missing, Way, short, software

# Evaluates the expressions that come in as lines of JSON.
PROGRAM = r"""
foreach (array_slice($argv, 1) as $file) require_once $file;
while (($line = fgets(STDIN)) !== false) {
    [$code, $fields] = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    [$p, $s, $u, $k] = array_map(fn ($x) => $x === null ? null : hex2bin($x), $fields);
    echo json_encode(bin2hex((string) eval("return $code;"))), "\n";
}
"""


class Php:
    def __init__(self, *files):
        self.path = shutil.which("php")
        if not self.path:
            raise Missing("no php command")
        for file in files:
            if not os.path.exists(file):
                raise Missing(f"no {file}")
        self.files, self.running = files, None

    def version(self):
        return "PHP " + subprocess.run([self.path, "-r", "echo PHP_VERSION;"], capture_output=True, text=True).stdout

    def evaluate(self, code, *fields):
        if not self.running:
            command = [self.path, "-d", "display_errors=stderr", "-r", PROGRAM, "--", *self.files]
            self.running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        fields = [*fields, *[None] * (4 - len(fields))]
        line = [code, [None if field is None else as_bytes(field).hex() for field in fields]]
        self.running.stdin.write(json.dumps(line) + "\n")
        self.running.stdin.flush()
        return bytes.fromhex(json.loads(self.running.stdout.readline()))

    def way(self, format, code, **rest):
        def one(password, extras):
            salt = extras.salt(3, 8, 16) if "$s" in code else None
            login = extras.login() if "$u" in code else None
            pepper = extras.salt(8, 20) if "$k" in code else None
            made = self.evaluate(code, password, salt, login, pepper).decode()
            return {"hash": made, "salt": salt, "login": login, "pepper": pepper}

        return Way(format, code, one, **rest)


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


@software("php")
def php():
    interpreter = Php()
    version = interpreter.version()
    offered = interpreter.evaluate("json_encode([hash_algos(), password_algos(), function_exists('sodium_crypto_pwhash_str')])")
    digests, algorithms, sodium = json.loads(offered)
    for format, code in [
        ("bcrypt", "password_hash($p, PASSWORD_BCRYPT, ['cost' => 4])"),
        ("md5crypt", "crypt($p, '$1$' . bin2hex(random_bytes(4)) . '$')"),
        ("sha256crypt", "crypt($p, '$5$rounds=1000$' . bin2hex(random_bytes(8)) . '$')"),
        ("sha512crypt", "crypt($p, '$6$rounds=1000$' . bin2hex(random_bytes(8)) . '$')"),
        ("bcrypt", "crypt($p, '$2a$04$' . bin2hex(random_bytes(11)))"),
        ("descrypt", "crypt($p, bin2hex(random_bytes(1)))"),
        ("bsdicrypt", "crypt($p, '_J9..' . bin2hex(random_bytes(2)))"),
    ]:
        yield version, interpreter.way(format, code)
    yield version, interpreter.way("bcrypt", "password_hash($p, PASSWORD_DEFAULT)", dear=True, written=["password"])
    if "argon2id" in algorithms:
        yield version, interpreter.way("argon2id-phc", "password_hash($p, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 1])")
        yield version, interpreter.way("argon2i-phc", "password_hash($p, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 3])")
    if sodium:
        yield version, interpreter.way("argon2id-phc", "sodium_crypto_pwhash_str($p, 1, 8192)")
        yield version, interpreter.way("argon2id-phc", "sodium_crypto_pwhash_str($p, 2, 65536 * 1024)", dear=True, written=["password"])
        yield version, interpreter.way("scrypt-crypt7", "sodium_crypto_pwhash_scryptsalsa208sha256_str($p, 524288, 16777216)", dear=True)
    for digest, name in DIGESTS.items():
        if digest in digests:
            yield version, interpreter.way(f"{name}($pass)", f"hash('{digest}', $p)")
    for name in ("md5", "sha1", "sha256", "sha512"):
        yield version, interpreter.way(f"{name}($pass.$salt)", f"hash('{name}', $p . $s)")
        yield version, interpreter.way(f"{name}($salt.$pass)", f"hash('{name}', $s . $p)")
        yield version, interpreter.way(f"{name}($pass)", f"strtoupper(hash('{name}', $p))")
        yield version, interpreter.way(f"{name}($pass)", f"base64_encode(hash('{name}', $p, true))")
    # What applications write in PHP, with PHP's functions: the formula is theirs, as their sources have it.
    for format, code in FORMULAS:
        yield version, interpreter.way(format, code, genuine=False)


# PHP's names of digests, and the names of recipes.
DIGESTS = {
    "md5": "md5",
    "md4": "md4",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3-256": "sha3_256",
    "sha3-512": "sha3_512",
    "ripemd160": "ripemd160",
    "whirlpool": "whirlpool",
    "tiger192,3": "tiger",
    "gost": "gost94",
    "gost-crypto": "gost94cp",
}

FORMULAS = [
    ("wordpress-bcrypt", "'$wp' . password_hash(base64_encode(hash_hmac('sha384', trim($p), 'wp-sha384', true)), PASSWORD_BCRYPT, ['cost' => 4])"),
    ("bcrypt(md5)", "password_hash(md5($p), PASSWORD_BCRYPT, ['cost' => 4])"),
    ("bcrypt(sha1)", "password_hash(sha1($p), PASSWORD_BCRYPT, ['cost' => 4])"),
    ("bcrypt(sha256)", "password_hash(hash('sha256', $p), PASSWORD_BCRYPT, ['cost' => 4])"),
    ("bcrypt(sha512)", "password_hash(hash('sha512', $p), PASSWORD_BCRYPT, ['cost' => 4])"),
    ("cakephp-sha1", "sha1($k . $p)"),
    ("cscart", "md5(md5($p) . md5($s))"),
    ("e107-md5md5", "md5(md5($p))"),
    ("kohana", "hash_hmac('sha256', $p, $k)"),
    ("magento1", "md5('ab' . $p) . ':ab'"),
    ("magento2-v1", "hash('sha256', 'abcdef' . $p) . ':abcdef:1'"),
    ("moodle-salted", "md5($p . $k)"),
    ("mybb", "md5(md5($s) . md5($p))"),
    ("opencart", "sha1($s . sha1($s . sha1($p)))"),
    ("phpfusion", "hash_hmac('sha256', $p, $s)"),
    ("phps", "md5(md5($p) . $s)"),
    ("punbb", "sha1($s . sha1($p))"),
    ("smf", "sha1(strtolower($u) . $p)"),
    ("smf21", "password_hash(strtolower($u) . $p, PASSWORD_BCRYPT, ['cost' => 4])"),
    ("symfony-pbkdf2", "base64_encode(hash_pbkdf2('sha512', $p, $s, 1000, 40, true))"),
    ("vbulletin", "md5(md5($p) . $s)"),
    ("wbb3", "sha1($s . sha1($s . sha1($p)))"),
    ("xenforo-sha1", "sha1(sha1($p) . $s)"),
    ("xenforo-sha256", "hash('sha256', hash('sha256', $p) . $s)"),
]


@software("wordpress")
def wordpress():
    file = os.environ.get("WORDPRESS", "/usr/share/wordpress") + "/wp-includes/class-phpass.php"
    interpreter = Php(file)
    found = re.search(r"wp_version = '([0-9.]+)", open(os.path.dirname(file) + "/version.php").read())
    yield f"WordPress {found[1]} class-phpass.php", interpreter.way("phpass", "(new PasswordHash(8, true))->HashPassword($p)")


@software("symfony")
def symfony():
    folder = os.environ.get("PHP_LIBRARIES", "/usr/share/php")
    interpreter = Php(f"{folder}/Symfony/Component/PasswordHasher/autoload.php")
    version = package_version("php-symfony-password-hasher")
    hasher = "(new Symfony\\Component\\PasswordHasher\\Hasher\\"
    yield version, interpreter.way("symfony-messagedigest", hasher + "MessageDigestPasswordHasher())->hash($p, $s)")
    yield version, interpreter.way("symfony-messagedigest-nosalt", hasher + "MessageDigestPasswordHasher())->hash($p)")
    yield version, interpreter.way("symfony-pbkdf2", hasher + "Pbkdf2PasswordHasher())->hash($p, $s)")
    yield version, interpreter.way("bcrypt", hasher + "NativePasswordHasher(null, null, 4, PASSWORD_BCRYPT))->hash($p)", takes=short)


@software("horde")
def horde():
    folder = os.environ.get("PHP_LIBRARIES", "/usr/share/php")
    interpreter = Php(f"{folder}/Horde/Auth.php")
    version = package_version("php-horde-auth")
    for format, encryption in {
        "horde-aprmd5": "aprmd5",
        "horde-crypt-md5": "crypt-md5",
        "horde-crypt-sha256": "crypt-sha256",
        "horde-crypt-sha512": "crypt-sha512",
        "horde-md5-base64": "md5-base64",
        "horde-md5-hex": "md5-hex",
        "horde-sha": "sha",
        "horde-smd5": "smd5",
        "horde-ssha": "ssha",
        "horde-ssha256": "ssha256",
    }.items():
        code = f"Horde_Auth::getCryptedPassword($p, '', '{encryption}', true)"
        yield version, interpreter.way(format, code, dear=True)


def package_version(package):
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True).stdout
    return f"{package} {found}".strip()

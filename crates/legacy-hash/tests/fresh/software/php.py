"""PHP's own functions, WordPress' class-phpass.php, and Symfony and Horde as Debian packages them.

Each way is the PHP expression itself: $p is the password, $s a salt that is stored in a column of its own, $u the login,
$k the application's secret."""
import json
import os
import re
import shutil
import subprocess

from software import BARE_DIGESTS, Missing, Way, short, software

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
            yield version, interpreter.way(f"{name}($pass)", f"hash('{digest}', $p)", genuine=name in BARE_DIGESTS)
    for name in BARE_DIGESTS:
        yield version, interpreter.way(f"{name}($pass.$salt)", f"hash('{name}', $p . $s)")
        yield version, interpreter.way(f"{name}($salt.$pass)", f"hash('{name}', $s . $p)")
        yield version, interpreter.way(f"{name}($pass)", f"strtoupper(hash('{name}', $p))")
        yield version, interpreter.way(f"{name}($pass)", f"base64_encode(hash('{name}', $p, true))")
    # The two lines of WordPress 6.8's wp_hash_password.
    prehash = "base64_encode(hash_hmac('sha384', trim($p), 'wp-sha384', true))"
    yield version, interpreter.way("wordpress-bcrypt", f"'$wp' . password_hash({prehash}, PASSWORD_BCRYPT, ['cost' => 4])")
    # What applications write in PHP, with PHP's functions: the formula is theirs, as their sources have it.
    for format, code in FORMULAS:
        yield version, interpreter.way(format, code, genuine=False, dear=format in DEAR)


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
    ("xenforo2", "serialize(['hash' => password_hash($p, PASSWORD_BCRYPT, ['cost' => 4])])"),
    ("nextcloud", "'1|' . password_hash($p, PASSWORD_BCRYPT, ['cost' => 4])"),
    ("nextcloud", "'3|' . password_hash($p, PASSWORD_ARGON2ID, ['memory_cost' => 64, 'time_cost' => 1])"),
    ("authlogic-sha512", "(function ($x) { for ($i = 0; $i < 20; $i++) $x = hash('sha512', $x); return $x; })($p . $s)"),
    ("clearance-sha1", "sha1('--' . $s . '--' . $p . '--')"),
    ("restful-auth-1", "sha1('--' . $s . '--' . $p . '--')"),
    ("redmine", "sha1($s . sha1($p))"),
    ("oscommerce", "md5($s . $p)"),
    ("filezilla-sha512", "hash('sha512', $p . $s)"),
    ("formspring-sha256", "hash('sha256', $s . $p)"),
    ("coldfusion10", "hash('sha256', $s . strtoupper(sha1($p)))"),
    ("devise-bcrypt-pepper", "password_hash($p . $k, PASSWORD_BCRYPT, ['cost' => 4])"),
    ("discourse-pbkdf2", "hash_pbkdf2('sha256', $p, $s, 64000, 64)"),
    ("grafana-pbkdf2", "hash_pbkdf2('sha256', $p, $s, 10000, 100)"),
    ("passport-local-mongoose", "hash_pbkdf2('sha256', $p, $s, 25000, 1024)"),
    ("md5-utf16le", "md5(iconv('UTF-8', 'UTF-16LE', $p))"),
    ("ntlm", "hash('md4', iconv('UTF-8', 'UTF-16LE', $p))"),
    ("ripemd160-hex", "hash('ripemd160', $p)"),
    ("tiger-hex", "hash('tiger192,3', $p)"),
    ("gost94-hex", "hash('gost', $p)"),
    ("gost94cp-hex", "hash('gost-crypto', $p)"),
    ("whirlpool-hex", "hash('whirlpool', $p . $s)"),
    ("sha3-512-hex", "hash('sha3-512', $s . $p)"),
    ("sha512-b64", "base64_encode(hash('sha512', $p . $s, true))"),
    ("http-digest-ha1", "md5($u . ':realm:' . $p)"),
    ("skype", "md5($u . \"\\nskyper\\n\" . $p)"),
    # The salt within the string.
    *((format, f"(fn ($x) => {code})(bin2hex(random_bytes({size})))") for format, size, code in [
        ("joomla-md5", 16, "md5($p . $x) . ':' . $x"),
        ("hmailserver", 3, "$x . hash('sha256', $x . $p)"),
        ("authme-sha256", 8, "'$SHA$' . $x . '$' . hash('sha256', hash('sha256', $p) . $x)"),
        ("mediawiki-b", 4, "':B:' . $x . ':' . md5($x . '-' . md5($p))"),
        ("werkzeug-hmac-md5", 4, "'md5$' . $x . '$' . hash_hmac('md5', $p, $x)"),
        ("werkzeug-hmac-sha256", 4, "'sha256$' . $x . '$' . hash_hmac('sha256', $p, $x)"),
        ("django-sha1", 4, "'sha1$' . $x . '$' . sha1($x . $p)"),
        ("django-pbkdf2-sha256", 8, "'pbkdf2_sha256$100$' . $x . '$' . base64_encode(hash_pbkdf2('sha256', $p, $x, 100, 32, true))"),
        ("web2py-pbkdf2", 8, "'pbkdf2(1000,20,sha512)$' . $x . '$' . hash_pbkdf2('sha512', $p, $x, 1000, 40)"),
        ("couchdb-pbkdf2", 16, "'-pbkdf2-' . hash_pbkdf2('sha1', $p, $x, 10, 40) . ',' . $x . ',10'"),
    ]),
    *((format, f"(fn ($x) => {code})(random_bytes({size}))") for format, size, code in [
        ("aspnet-identity-v2", 16, "base64_encode(chr(0) . $x . hash_pbkdf2('sha1', $p, $x, 1000, 32, true))"),
        ("aspnet-identity-v3", 16, "base64_encode(chr(1) . pack('NNN', 1, 1000, 16) . $x . hash_pbkdf2('sha256', $p, $x, 1000, 32, true))"),
        ("aspnet-identity-v3", 16, "base64_encode(chr(1) . pack('NNN', 2, 1000, 16) . $x . hash_pbkdf2('sha512', $p, $x, 1000, 32, true))"),
        ("atlassian-pkcs5s2", 16, "'{PKCS5S2}' . base64_encode($x . hash_pbkdf2('sha1', $p, $x, 10000, 32, true))"),
        ("crackstation-pbkdf2-sha256", 24, "'sha256:1000:' . base64_encode($x) . ':' . base64_encode(hash_pbkdf2('sha256', $p, base64_encode($x), 1000, 24, true))"),
        ("ldap-sha384", 1, "'{SHA384}' . base64_encode(hash('sha384', $p, true))"),
        ("ldap-ssha384", 8, "'{SSHA384}' . base64_encode(hash('sha384', $p . $x, true) . $x)"),
        ("mosquitto-sha512", 12, "'$6$' . base64_encode($x) . '$' . base64_encode(hash('sha512', $p . $x, true))"),
        ("mosquitto-pbkdf2-sha512", 12, "'$7$101$' . base64_encode($x) . '$' . base64_encode(hash_pbkdf2('sha512', $p, $x, 101, 64, true))"),
        ("rabbitmq-sha256", 4, "base64_encode($x . hash('sha256', $x . $p, true))"),
        ("spring-pbkdf2-v5_8", 16, "'{pbkdf2@SpringSecurity_v5_8}' . bin2hex($x . hash_pbkdf2('sha256', $p, $x, 310000, 32, true))"),
    ]),
]

# So many rounds that one password each time will do.
DEAR = ["discourse-pbkdf2", "passport-local-mongoose", "spring-pbkdf2-v5_8"]


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

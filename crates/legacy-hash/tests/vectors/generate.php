<?php
// Writes php.jsonl: password hashes made by PHP's own functions and by WordPress' class-phpass.php.
//   php generate.php /usr/share/wordpress/wp-includes/class-phpass.php
// Fields as in generate.py.

require $argv[1];
$wordpress = $argv[2] ?? 'WordPress 6.1';
$php = 'PHP ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.' . PHP_RELEASE_VERSION;
$out = fopen(__DIR__ . '/php.jsonl', 'w');

function add(string $format, string $password, string $hash, string $origin, ?string $salt = null): void {
    global $out;
    $line = ['format' => $format, 'password_hex' => bin2hex($password), 'hash' => $hash, 'salt' => $salt, 'login' => null, 'origin' => $origin];
    fwrite($out, json_encode($line, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR) . "\n");
}

$abc = '';
for ($i = 0; $i < 4096; $i++) $abc .= chr(33 + $i % 90);
$passwords = ['password', '', 'p', ' spaces around ', 'Grüße, 密码 🔑', substr($abc, 0, 71), substr($abc, 0, 72), substr($abc, 0, 73), substr($abc, 0, 100), str_repeat('ü', 40)];

$phpass = new PasswordHash(8, true);
$stretched = new PasswordHash(13, true);
foreach ($passwords as $password) {
    add('bcrypt', $password, password_hash($password, PASSWORD_BCRYPT, ['cost' => 4]), "$php password_hash(PASSWORD_BCRYPT)");
    add('argon2id-phc', $password, password_hash($password, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 1]), "$php password_hash(PASSWORD_ARGON2ID)");
    add('argon2i-phc', $password, password_hash($password, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 3]), "$php password_hash(PASSWORD_ARGON2I)");
    add('phpass', $password, $phpass->HashPassword($password), "$wordpress class-phpass.php HashPassword");
    // WordPress 6.8's wp_hash_password, its two lines as they stand there (formula); the functions are PHP's own.
    $prehash = base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
    add('wordpress-bcrypt', $password, '$wp' . password_hash($prehash, PASSWORD_BCRYPT, ['cost' => 4]), "$php, formula of WordPress 6.8 wp_hash_password");
    foreach (['md5', 'sha1', 'sha256', 'sha512'] as $name) {
        $salt = bin2hex(random_bytes(4)) . ':$é';
        add("$name(\$pass)", $password, hash($name, $password), "$php hash($name)");
        add("$name(\$pass)", $password, strtoupper(hash($name, $password)), "$php strtoupper(hash($name))");
        add("$name(\$pass)", $password, base64_encode(hash($name, $password, true)), "$php base64_encode(hash($name, raw))");
        add("$name(\$pass.\$salt)", $password, hash($name, $password . $salt), "$php hash($name)", $salt);
        add("$name(\$salt.\$pass)", $password, hash($name, $salt . $password), "$php hash($name)", $salt);
        add("$name(\$pass.\$salt)", $password, hash($name, $password), "$php hash($name), empty salt", '');
    }
}
add('phpass', 'password', $stretched->HashPassword('password'), "$wordpress class-phpass.php HashPassword, 2^13");
add('phpass', $abc, $phpass->HashPassword($abc), "$wordpress class-phpass.php HashPassword");
add('wordpress-bcrypt', 'password', '$wp' . password_hash(base64_encode(hash_hmac('sha384', 'password', 'wp-sha384', true)), PASSWORD_BCRYPT), "$php, formula of WordPress 6.8 wp_hash_password");
add('argon2id-phc', 'password', sodium_crypto_pwhash_str('password', 1, 8192), "$php sodium_crypto_pwhash_str");
add('argon2id-phc', '', sodium_crypto_pwhash_str('', 2, 65536), "$php sodium_crypto_pwhash_str");
add('bcrypt', 'password', password_hash('password', PASSWORD_DEFAULT), "$php password_hash(PASSWORD_DEFAULT)");
add('sha512crypt', 'password', crypt('password', '$6$rounds=1000$phpsalt$'), "$php crypt");
add('sha256crypt', 'password', crypt('password', '$5$phpsalt$'), "$php crypt");
add('md5crypt', 'password', crypt('password', '$1$phpsalt$'), "$php crypt");
add('bcrypt-2x', "\xff\xa3345", crypt("\xff\xa3345", '$2x$05$/OK.fbVrR/bpIqNJ5ianF.'), "$php crypt");
add('bcrypt', "\xff\xff\xa3", crypt("\xff\xff\xa3", '$2a$05$/OK.fbVrR/bpIqNJ5ianF.'), "$php crypt");

<?php
/*
 * Prints the rows of users.jsonl as SQL for schema.sql: php make_users.php path/to/class-phpass.php >users.sql
 *
 * The hashes are genuine: PHP's own password_hash() and md5(), and WordPress' class-phpass.php.
 */

declare(strict_types=1);

require $argv[1];

/* wp_hash_password() since WordPress 6.8: bcrypt over an HMAC, so that a password may be longer than 72 bytes. */
function wp_bcrypt(string $password): string
{
    $digest = base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
    return '$wp' . password_hash($digest, PASSWORD_BCRYPT);
}

/* wp_hash_password() from WordPress 2.5 to 6.7. */
function phpass(string $password): string
{
    return (new PasswordHash(8, true))->HashPassword(trim($password));
}

function encode(string $hasher, ?string $password): string
{
    return match ($hasher) {
        'wp-bcrypt' => wp_bcrypt($password),
        'phpass' => phpass($password),
        'bcrypt' => password_hash($password, PASSWORD_BCRYPT), // what plugins wrote before 6.8
        'md5' => md5($password), // before WordPress 2.5
        'none' => '*', // what both write for a password that they refuse
    };
}

function quote(string|int $value): string
{
    return is_int($value) ? (string) $value : "'" . str_replace("'", "''", $value) . "'";
}

function insert(string $table, array $row): void
{
    $columns = implode(', ', array_map(fn ($name) => $name === 'ID' ? '"ID"' : $name, array_keys($row)));
    echo "INSERT INTO $table ($columns) VALUES\n    (", implode(', ', array_map('quote', $row)), ");\n";
}

function insert_user(int $id, stdClass $user): void
{
    insert('wp_users', [
        'ID' => $id,
        'user_login' => $user->username,
        'user_pass' => encode($user->hasher, $user->password),
        'user_nicename' => strtr($user->username, '._', '--'),
        'user_email' => $user->email,
        'user_registered' => sprintf('20%02d-03-01 12:00:00', 4 + $id),
        'user_status' => ($user->is_active ?? true) ? 0 : 1,
        'display_name' => trim("$user->first_name $user->last_name") ?: $user->username,
    ]);
    insert_meta($id, 'nickname', $user->username);
    insert_meta($id, 'first_name', $user->first_name);
    insert_meta($id, 'last_name', $user->last_name);
    insert_meta($id, 'wp_capabilities', serialize([$user->role => true]));
}

function insert_meta(int $id, string $key, string $value): void
{
    insert('wp_usermeta', ['user_id' => $id, 'meta_key' => $key, 'meta_value' => $value]);
}

echo '-- Made by make_users.php with PHP ', PHP_VERSION, ' and the class-phpass.php of WordPress ', $argv[2] ?? 'unknown', ".\n";
foreach (file(__DIR__ . '/users.jsonl') as $index => $line) {
    insert_user($index + 1, json_decode($line, flags: JSON_THROW_ON_ERROR));
}

-- The tools for password hashes. The hashes are vectors of crates/legacy-hash/tests/vectors, made by the software that is named; the
-- password of all of them is "password".
\pset null '-'
CREATE TEMPORARY TABLE genuine (made_by text, hash text, format text, salt text);
INSERT INTO genuine VALUES
    ('PHP password_hash',       '$2y$04$1X77gN2ggU0yocRFnmXlu.u8FdxRPS0FmMsR7t8nUmR4OnI4Z4Eb2', NULL, NULL),
    ('PHP password_hash',       '$argon2id$v=19$m=1024,t=1,p=1$ZnNVb3cvWTN6NmdpUTlmYw$7882DvZfOEdr28FzXI3OfHxrP5t9//Wc05hFAg2gMnY', NULL, NULL),
    ('WordPress 6.1',           '$P$BHH/DMPVQXi5dKtSZQmjLGLFWs0KzP1', NULL, NULL),
    ('as WordPress 6.8',        '$wp$2y$04$PUa28F5G5FADb2dgvA08UeH.E8vF9cGU//eROm8YzAW.Oqkpjvhwy', NULL, NULL),
    ('Django',                  'pbkdf2_sha256$1000$iiU42LHRj5ALtP4381ijdz$P3AweAu5hjAhPMgEG54GrtGqjaADa2QTUD/QjIQ/BOg=', NULL, NULL),
    ('Django',                  'pbkdf2_sha1$1000$zO6ZrbegIRQ8FoKkQrX9ZG$hligwmYm/nbUG2oDmHuppQxOX6s=', NULL, NULL),
    ('Django',                  'bcrypt_sha256$$2b$04$.jkRA4PNYyTnd9f6xIG7oOOwg25fCbccjBeK99TQi1yQpsXM0.7da', NULL, NULL),
    ('Django',                  'argon2$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$8Tf44YakA6Z5zNBgblq13Nr+Q8FkCFWsjG4z6b1j7rM', NULL, NULL),
    ('passlib',                 '$pbkdf2-sha512$500$KUXoXauVMiZkjBFiLIXwHg$HuJXB1VqSX.BjWkSBCK6RsvJovqtCdZCWFfef3mdUDcQT3IlFNGteWdovQHU9HoOAq3M0a4tgZQ41iIJho/PTA', NULL, NULL),
    ('PHP crypt',               '$6$rounds=1000$phpsalt$v7TGhV88k7dlQHgO094StW3mFUE97ROE1K899rvApmABSVn6F63ZDqcbtpwkssXgiICqmEhVKcn0OvXtwphvm.', NULL, NULL),
    ('PHP crypt',               '$1$phpsalt$JL5hP32wkHBP3KGweR3BZ/', NULL, NULL),
    ('htpasswd',                '$apr1$.r55R8ww$wdnOlu9oBcwgNfaG8SQLx0', NULL, NULL),
    ('passlib',                 '{SSHA}jhO/iuka9MuPFMBYzfoTLVJhLqobY+y9914rRehdi9F6z3kv', NULL, NULL),
    ('PHP hash',                '5f4dcc3b5aa765d61d8327deb882cf99', 'md5', NULL),
    ('PHP hash',                'ed8aeb0b79da7b872dab6dbaae758b56', 'md5($pass.$salt)', E'f36a5bf0:$\u00e9'),
    ('PHP hash',                '5737c7389dfb42a733c7811cdc9c7ae5c42d30f7', 'sha1($salt.$pass)', E'6ebb4c37:$\u00e9');

-- What each may be, whether the password is right, whether another one is wrong, whether it would be replaced at a login.
-- Those that a source would have to name are only counted.
SELECT made_by, left(hash, 14) AS hash, i.identified, i.others > 0 AS or_others
FROM genuine, LATERAL (SELECT string_agg(format, ' or ') FILTER (WHERE NOT 'format' = ANY (needs)) AS identified,
                              count(*) FILTER (WHERE 'format' = ANY (needs)) AS others
                       FROM ferry.identify_hash(hash)) i;
SELECT left(hash, 14) AS hash, ferry.verify_hash('password', hash, format, salt) AS right,
       ferry.verify_hash('Password', hash, format, salt) AS wrong,
       ferry.needs_rehash(hash) AS for_argon2id, ferry.needs_rehash(hash, 'bcrypt:cost=4') AS for_bcrypt_4
FROM genuine;

-- No hash at all.
SELECT hash, i.* FROM unnest(ARRAY['!', '*', 'x', '', '*LK*', 'hello', '$9$not-one-of-ours', NULL]) hash LEFT JOIN ferry.identify_hash(hash) i ON true;
SELECT ferry.verify_hash('password', '!') AS locked, ferry.verify_hash('password', NULL) AS no_hash, ferry.verify_hash(NULL, '!') AS no_password;

-- New hashes: as the policy says, each with a salt of its own, and right for their password.
SELECT policy, hash LIKE pattern AS as_told, hash <> ferry.hash_password('password', policy) AS salted, ferry.verify_hash('password', hash) AS right,
       ferry.needs_rehash(hash, policy) AS needs_rehash
FROM (VALUES ('argon2id', '$argon2id$v=19$m=19456,t=2,p=1$%'),
             ('argon2id:m=1024,t=1,p=2', '$argon2id$v=19$m=1024,t=1,p=2$%'),
             ('bcrypt:cost=4', '$2b$04$%'),
             ('scrypt:ln=4,r=8,p=1', '$scrypt$ln=4,r=8,p=1$%'),
             ('django-pbkdf2-sha256:iterations=1000', 'pbkdf2\_sha256$1000$%'),
             ('django-argon2:m=64,t=1,p=1', 'argon2$argon2id$v=19$m=64,t=1,p=1$%'),
             ('django-scrypt:ln=4,r=8,p=1', 'scrypt$16$%')) AS policies (policy, pattern),
     LATERAL (SELECT ferry.hash_password('password', policy) AS hash) h;

-- A weaker hash of the policy's own format needs replacing, a stronger one does not.
SELECT ferry.needs_rehash(ferry.hash_password('password', 'bcrypt:cost=4'), 'bcrypt:cost=5') AS weaker,
       ferry.needs_rehash(ferry.hash_password('password', 'bcrypt:cost=5'), 'bcrypt:cost=4') AS stronger,
       ferry.needs_rehash(NULL) AS no_hash;

-- The refusals, each with its SQLSTATE.
SELECT ferry.verify_hash('password', '5f4dcc3b5aa765d61d8327deb882cf99');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.verify_hash('password', 'hello');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.verify_hash('password', '5f4dcc3b5aa765d61d8327deb882cf99', 'rot13');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.verify_hash('password', 'ed8aeb0b79da7b872dab6dbaae758b56', 'md5($pass.$salt)');
\echo :LAST_ERROR_SQLSTATE
-- cut off
SELECT ferry.verify_hash('password', '$2y$04$1X77gN2ggU0yocRFnmXlu.u8FdxRPS0FmMsR7t8nUmR4OnI4Z4E');
\echo :LAST_ERROR_SQLSTATE
-- of another format than the one named
SELECT ferry.verify_hash('password', '$P$BHH/DMPVQXi5dKtSZQmjLGLFWs0KzP1', 'bcrypt');
\echo :LAST_ERROR_SQLSTATE
-- dearer than the limits
SELECT ferry.verify_hash('password', '$2y$31$1X77gN2ggU0yocRFnmXlu.u8FdxRPS0FmMsR7t8nUmR4OnI4Z4Eb2');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.verify_hash('password', '$argon2id$v=19$m=4194304,t=1,p=1$ZnNVb3cvWTN6NmdpUTlmYw$7882DvZfOEdr28FzXI3OfHxrP5t9//Wc05hFAg2gMnY');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.hash_password('password', 'rot13');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.hash_password('password', 'phpass');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.hash_password('password', 'bcrypt:cost=40');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.hash_password('password', 'bcrypt:rounds=12');
\echo :LAST_ERROR_SQLSTATE
-- bcrypt would ignore the end of it
SELECT ferry.hash_password(repeat('x', 73), 'bcrypt:cost=4');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.needs_rehash('x', 'argon2id:m=lots');
\echo :LAST_ERROR_SQLSTATE

-- a recipe that goes wrong, and where
\set VERBOSITY default
SELECT ferry.verify_hash('password', '5f4dcc3b5aa765d61d8327deb882cf99', 'md5(md6($pass))');
\echo :LAST_ERROR_SQLSTATE
SELECT ferry.verify_hash('password', '5f4dcc3b5aa765d61d8327deb882cf99', 'md5($salt)');
\echo :LAST_ERROR_SQLSTATE

-- Recipes, and the crackers' names of some: the password is "hashcat", by hashcat's own self-tests.
SELECT recipe, ferry.verify_hash('hashcat', hash, recipe, salt) AS right, ferry.verify_hash('Hashcat', hash, recipe, salt) AS wrong
FROM (VALUES ('md5(md5($pass).$salt)', '16780ba78d2d5f02f3202901c1b6d975', '568'),
             ('hashcat:2611', '16780ba78d2d5f02f3202901c1b6d975', '568'),
             ('{hash:hex}:{salt} <- md5(md5($pass).$salt)', '16780ba78d2d5f02f3202901c1b6d975:568', NULL)) AS made (recipe, hash, salt);

-- What is known of an account tells its format.
SELECT * FROM ferry.calibrate('16780ba78d2d5f02f3202901c1b6d975', 'hashcat', '568');

-- How many formats there are, and those that a policy may name.
SELECT count(*) >= 220 AS many, count(*) FILTER (WHERE must_name) > 50 AS named_only, bool_and(example <> '') AS with_layout FROM ferry.hash_format;
SELECT name, strength, needs_salt, needs_login, needs_pepper FROM ferry.hash_format WHERE can_produce;

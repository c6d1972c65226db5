-- Tools for password hashes.

CREATE FUNCTION ferry._hash_formats()
    RETURNS TABLE (name text, strength text, example text, needs_salt boolean, needs_login boolean, needs_pepper boolean, must_name boolean, can_produce boolean, note text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'hash_formats_wrapper';
COMMENT ON FUNCTION ferry._hash_formats() IS 'internal: the rows of ferry.hash_format';

CREATE VIEW ferry.hash_format AS SELECT * FROM ferry._hash_formats();
COMMENT ON VIEW ferry.hash_format IS 'the password hash formats that pg_ferry verifies';
COMMENT ON COLUMN ferry.hash_format.name IS 'the name for ferry.source.format, and (if it can be produced) for ferry.target.hash_policy';
COMMENT ON COLUMN ferry.hash_format.strength IS 'how it stands today: strong, acceptable, weak';
COMMENT ON COLUMN ferry.hash_format.example IS 'its layout';
COMMENT ON COLUMN ferry.hash_format.needs_salt IS 'the salt is not inside the hash: ferry.source.salt must give it';
COMMENT ON COLUMN ferry.hash_format.needs_login IS 'the login is part of what is hashed';
COMMENT ON COLUMN ferry.hash_format.needs_pepper IS 'a secret of the application is part of what is hashed';
COMMENT ON COLUMN ferry.hash_format.must_name IS 'the hash does not say that it is of this format: ferry.source.format must name it';
COMMENT ON COLUMN ferry.hash_format.can_produce IS 'a target''s hash_policy may name it';
COMMENT ON COLUMN ferry.hash_format.note IS 'what to know of it';

CREATE FUNCTION ferry.identify_hash(hash text)
    RETURNS TABLE (format text, needs text[], note text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'identify_hash_wrapper';
COMMENT ON FUNCTION ferry.identify_hash(text) IS 'the formats that a hash may be in: none, one, or several, of which a source must then name one; the pseudo-format locked never verifies';

CREATE FUNCTION ferry.verify_hash(password text, hash text, format text DEFAULT NULL, salt text DEFAULT NULL, login text DEFAULT NULL, pepper text DEFAULT NULL, salt_encoding text DEFAULT 'text', pepper_encoding text DEFAULT 'text')
    RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'verify_hash_wrapper';
COMMENT ON FUNCTION ferry.verify_hash(text, text, text, text, text, text, text, text) IS 'whether a password is that of a hash. format is a name from ferry.hash_format or a recipe; null = the hash says itself (22023 where several fit). salt and pepper are text, taken byte by byte in UTF-8, or hex, base64, base64url, ab64 where their encoding says so. 22P02: the hash is malformed; 54000: it would cost more than the limits allow';

CREATE FUNCTION ferry.calibrate(hash text, password text, salt text DEFAULT NULL, login text DEFAULT NULL, pepper text DEFAULT NULL, salt_encoding text DEFAULT 'text', pepper_encoding text DEFAULT 'text')
    RETURNS TABLE (format text, unicode_form text, transform text, charset text)
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'calibrate_wrapper';
COMMENT ON FUNCTION ferry.calibrate(text, text, text, text, text, text, text) IS 'the formats and recipes by which the hash of a test account is that of its known password, with what to write into ferry.source; a second account makes it sure. Tries every format, the usual home-made recipes, Unicode forms, transforms and charsets; no row: none fits';

CREATE FUNCTION ferry.hash_password(password text, policy text DEFAULT 'argon2id')
    RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'hash_password_wrapper';
COMMENT ON FUNCTION ferry.hash_password(text, text) IS 'a new hash of a password, made as the policy says, such as argon2id:m=19456,t=2,p=1';

CREATE FUNCTION ferry.needs_rehash(hash text, policy text DEFAULT 'argon2id')
    RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'needs_rehash_wrapper';
COMMENT ON FUNCTION ferry.needs_rehash(text, text) IS 'whether a hash is of another format than the policy''s or weaker than it';

-- What applications call at a login, a sign-up and a change of password.

CREATE FUNCTION ferry.authenticate(login text, password text, target text DEFAULT 'default', client text DEFAULT NULL)
    RETURNS TABLE (authenticated boolean, user_id text, outcome text, must_change_password boolean, retry_after interval)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'authenticate_text_wrapper';
COMMENT ON FUNCTION ferry.authenticate(text, text, text, text) IS 'checks a login and moves the user from the legacy system if need be: exactly one row, and never an error for wrong credentials. outcome: ok, migrated, invalid, throttled, blocked, rejected, failed, unavailable, read_only. user_id is the text of the target''s id_column; retry_after would come with throttled, which nothing causes yet; client is free text for the audit trail, such as an address';

CREATE FUNCTION ferry.authenticate(login text, password bytea, target text DEFAULT 'default', client text DEFAULT NULL)
    RETURNS TABLE (authenticated boolean, user_id text, outcome text, must_change_password boolean, retry_after interval)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'authenticate_bytea_wrapper';
COMMENT ON FUNCTION ferry.authenticate(text, bytea, text, text) IS 'as authenticate with a text password, for passwords that are bytes (a NUL, or not UTF-8). An untyped literal is text: cast it, ''\x00ff''::bytea';

CREATE FUNCTION ferry.change_password(login text, old_password text, new_password text, target text DEFAULT 'default', client text DEFAULT NULL)
    RETURNS TABLE (authenticated boolean, user_id text, outcome text, must_change_password boolean, retry_after interval)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'change_password_wrapper';
COMMENT ON FUNCTION ferry.change_password(text, text, text, text, text) IS 'checks the old password as authenticate does (moving the user if need be), then sets the new one; the answer is that of authenticate';

CREATE FUNCTION ferry.set_password(login text, new_password text, target text DEFAULT 'default', client text DEFAULT NULL)
    RETURNS TABLE (user_id text, outcome text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'set_password_wrapper';
COMMENT ON FUNCTION ferry.set_password(text, text, text, text) IS 'sets a password without knowing the old one, for the end of "forgot password"; moves the user if need be. From then on the legacy password is dead. outcome: ok, migrated, invalid (nobody has this login), blocked, rejected, failed, unavailable, read_only';

CREATE FUNCTION ferry.prepare_reset(login text, target text DEFAULT 'default', client text DEFAULT NULL)
    RETURNS TABLE (user_id text, outcome text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'prepare_reset_wrapper';
COMMENT ON FUNCTION ferry.prepare_reset(text, text, text) IS 'for "forgot password": makes sure that the user exists in the target, moving an unmigrated one without a password, and says who to write to; the legacy password stays valid until the first set_password. Show the person asking the same answer whatever comes back. outcome: ok, migrated, invalid, blocked, rejected, failed, unavailable, read_only';

CREATE FUNCTION ferry.find_login(login text, target text DEFAULT 'default')
    RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'find_login_wrapper';
COMMENT ON FUNCTION ferry.find_login(text, text) IS 'for sign-up: whether a login is taken: target, source (a legacy user not moved yet), free, or unknown while that cannot be said. It tells who exists, so it is granted by itself';

-- What a DBA does with one person.

CREATE FUNCTION ferry.migrate_login(login text, target text DEFAULT 'default')
    RETURNS TABLE (user_id text, outcome text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'migrate_login_wrapper';
COMMENT ON FUNCTION ferry.migrate_login(text, text) IS 'moves the user of a login now, as a first login would, but without the password: the legacy one stays valid until another is set. outcome: ok (was here already), migrated, invalid, blocked, rejected, failed, unavailable, read_only';

CREATE FUNCTION ferry._unmigrate_login(login text, target text)
    RETURNS TABLE (user_id text, outcome text, detail text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'unmigrate_login_wrapper';
COMMENT ON FUNCTION ferry._unmigrate_login(text, text) IS 'internal: ferry.unmigrate_login, with its particulars as JSON text';

CREATE FUNCTION ferry.unmigrate_login(login text, target text DEFAULT 'default')
    RETURNS TABLE (user_id text, outcome text, detail jsonb)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT u.user_id, u.outcome, u.detail::jsonb FROM ferry._unmigrate_login(login, target) AS u;
    END;
COMMENT ON FUNCTION ferry.unmigrate_login(text, text) IS 'takes the move of a user back, who may be blocked: deletes the user it has made with their rows in child tables, or gives an adopted one back what was overwritten, and removes the link, so that the next login moves them anew. detail says what was done and what could not be (children: how many rows of each were deleted; not_restored: the hash that an adopted user had, columns that are no more, and what was added to child tables or replaced there; password_changed_since: the legacy system has the old password). It fails for who would be deleted and could not be moved again (the source is retired or is not in ferry.source any more, or an import has found them gone from there), and as a DELETE would for what refers to the user';

CREATE FUNCTION ferry.forget_login(login text, target text DEFAULT 'default')
    RETURNS TABLE (user_id text, outcome text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'forget_login_wrapper';
COMMENT ON FUNCTION ferry.forget_login(text, text) IS 'makes a tombstone: whoever has this login, here or in a source, is never moved again. A user who is in the users table stays there and is the application''s to delete. outcome: ok, invalid (nobody has this login), unavailable (a source cannot be asked, nobody was forgotten), failed';

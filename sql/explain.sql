-- Knowing before doing.

CREATE FUNCTION ferry._explain_login(login text, password text, target text)
    RETURNS TABLE (step integer, action text, result text, detail text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'explain_login_wrapper';
COMMENT ON FUNCTION ferry._explain_login(text, text, text) IS 'internal: the steps of ferry.explain_login, with their particulars as JSON text';

CREATE FUNCTION ferry.explain_login(login text, password text DEFAULT NULL, target text DEFAULT 'default')
    RETURNS TABLE (step integer, action text, result text, detail jsonb)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT e.step, e.action, e.result, e.detail::jsonb FROM ferry._explain_login(login, password, target) AS e;
    END;
COMMENT ON FUNCTION ferry.explain_login(text, text, text) IS 'step by step, what a login would do and which row it would write, without writing anything; without a password, as if the right one had been given. Hashes are named by format, never shown';

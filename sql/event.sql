-- The audit trail.

CREATE TABLE ferry.event (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logged_at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kind           text NOT NULL,
    outcome        text NOT NULL,
    target         text,
    source         text,
    login          text,
    user_id        text,
    reason         text,
    client         text,
    "session_user" text NOT NULL,
    detail         jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX event_logged_at_idx ON ferry.event (logged_at);
CREATE INDEX event_login_idx ON ferry.event (login, logged_at);
CREATE INDEX event_refused_idx ON ferry.event (logged_at) WHERE outcome IN ('invalid', 'throttled', 'unavailable') OR reason = 'source_retired';
SELECT pg_catalog.pg_extension_config_dump('ferry.event', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.event_id_seq', '');

COMMENT ON TABLE ferry.event IS 'the audit trail: what happened at logins that did more than succeed; holds no password, no hash and no row data';
COMMENT ON INDEX ferry.event_logged_at_idx IS 'finds events by time; ferry.purge_events uses it';
COMMENT ON INDEX ferry.event_login_idx IS 'finds the events of a login';
COMMENT ON INDEX ferry.event_refused_idx IS 'counts what callers without a password have added in the last minute';
COMMENT ON SEQUENCE ferry.event_id_seq IS 'numbers the events';
COMMENT ON COLUMN ferry.event.id IS 'ascending number';
COMMENT ON COLUMN ferry.event.logged_at IS 'when it was written';
COMMENT ON COLUMN ferry.event.kind IS 'what was asked or done: login, rehash, refresh, set_password, change_password, prepare_reset, find_login, migrate_login, unmigrate_login, forget_login, import, wrap_hashes, retire_source, reinstate_source';
COMMENT ON COLUMN ferry.event.outcome IS 'how it ended: an outcome of ferry.authenticate';
COMMENT ON COLUMN ferry.event.target IS 'the target asked';
COMMENT ON COLUMN ferry.event.source IS 'the source that decided, if one did';
COMMENT ON COLUMN ferry.event.login IS 'the normalised login; one that nobody knows is kept as a keyed digest, since people type passwords into the login field';
COMMENT ON COLUMN ferry.event.user_id IS 'the target user, if there is one';
COMMENT ON COLUMN ferry.event.reason IS 'why, as a fixed word, such as wrong_password; the README lists them';
COMMENT ON COLUMN ferry.event.client IS 'what the application said of the client, at most 200 characters';
COMMENT ON COLUMN ferry.event."session_user" IS 'the role that opened the session';
COMMENT ON COLUMN ferry.event.detail IS 'particulars: SQLSTATE, column, constraint, expression, rule, hook; never the message of an error, which may quote a row';

-- The key of the digests of unknown logins. It is not config: a dump does not carry it, and a
-- restored database has one of its own.
CREATE TABLE ferry._secret (key bytea NOT NULL);
INSERT INTO ferry._secret
SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat(pg_catalog.gen_random_uuid(), pg_catalog.gen_random_uuid()), 'UTF8'));
COMMENT ON TABLE ferry._secret IS 'the key under which unknown logins are digested in ferry.event; granted to nobody, not dumped';
COMMENT ON COLUMN ferry._secret.key IS '32 random bytes';

CREATE FUNCTION ferry._unknown_login(login text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    -- Two rounds with the key in front, as HMAC does: a plain keyed digest could be extended.
    RETURN (SELECT 'unknown:' || encode(substr(sha256(key || sha256(key || convert_to(login, 'UTF8'))), 1, 16), 'hex') FROM ferry._secret);
COMMENT ON FUNCTION ferry._unknown_login(text) IS 'internal: how a login that nobody knows appears in ferry.event';

-- Writes one event. Refusals can be caused by anybody who can reach the login form: at most
-- refusals_per_minute of them are kept, then one that says so.
CREATE FUNCTION ferry._log(kind text, outcome text, target text, source text, login text, is_known boolean, user_id text,
                           reason text, client text, detail text, refusals_per_minute bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    recent bigint := 0;
BEGIN
    IF _log.outcome IN ('invalid', 'throttled', 'unavailable') OR coalesce(_log.reason = 'source_retired', false) THEN
        SELECT count(*) INTO recent
        FROM (SELECT FROM ferry.event e
              WHERE (e.outcome IN ('invalid', 'throttled', 'unavailable') OR e.reason = 'source_retired') AND e.logged_at > clock_timestamp() - interval '1 minute'
              LIMIT refusals_per_minute + 1) r;
        IF recent > refusals_per_minute THEN
            RETURN;
        ELSIF recent = refusals_per_minute THEN
            INSERT INTO ferry.event (kind, outcome, reason, "session_user")
            VALUES (_log.kind, _log.outcome, 'too_many_events', session_user);
            RETURN;
        END IF;
    END IF;
    INSERT INTO ferry.event (kind, outcome, target, source, login, user_id, reason, client, "session_user", detail)
    VALUES (_log.kind, _log.outcome, _log.target, _log.source,
            CASE WHEN is_known THEN _log.login ELSE ferry._unknown_login(_log.login) END,
            _log.user_id, _log.reason, left(_log.client, 200), session_user, coalesce(_log.detail, '{}')::jsonb);
END
$$;
COMMENT ON FUNCTION ferry._log(text, text, text, text, text, boolean, text, text, text, text, bigint) IS 'internal: writes one row of ferry.event';

CREATE FUNCTION ferry._event_retention() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'event_retention_wrapper';
COMMENT ON FUNCTION ferry._event_retention() IS 'internal: the setting ferry.event_retention, in sessions that have not loaded the library too';

-- Before PostgreSQL 17 no interval is infinite.
CREATE FUNCTION ferry._retention(setting text, value text) RETURNS interval
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF lower(btrim(value)) = 'infinity' THEN
        RETURN NULL;
    ELSIF value::interval < interval '0' OR now() + value::interval = 'infinity' OR now() - value::interval = '-infinity' THEN
        RAISE data_exception;
    END IF;
    RETURN value::interval;
EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('invalid value for parameter "%s": "%s"', setting, btrim(value)),
        HINT = 'Set it to an interval such as 1 year or 90 days, to 0, or to infinity.';
END
$$;
COMMENT ON FUNCTION ferry._retention(text, text) IS 'internal: the interval that a setting means; null = for ever';

CREATE FUNCTION ferry.purge_events(older_than interval DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    age interval := coalesce(older_than, ferry._retention('ferry.event_retention', ferry._event_retention()));
    gone bigint;
BEGIN
    DELETE FROM ferry.event WHERE logged_at < now() - age;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
COMMENT ON FUNCTION ferry.purge_events(interval) IS 'deletes events older than the given interval (default: ferry.event_retention) and returns how many; for a scheduler';

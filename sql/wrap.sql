-- Weak hashes at rest, put inside argon2id. The procedure runs with its caller's rights and only loops and commits; every
-- name in it is qualified. What it calls runs with those of pg_ferry.

CREATE FUNCTION ferry._wrap_open(target text, batch_size bigint, cpu_share double precision, no_other_checks boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'wrap_open_wrapper';
COMMENT ON FUNCTION ferry._wrap_open(text, bigint, double precision, boolean) IS 'internal: checks what is wanted of ferry.wrap_hashes, and counts the users to look at';

CREATE FUNCTION ferry._wrap_rows(after_id text, rows bigint)
    RETURNS TABLE (last_id text, is_end boolean, report text, hint text, hashing double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'wrap_rows_wrapper';
COMMENT ON FUNCTION ferry._wrap_rows(text, bigint) IS 'internal: does one batch of the call of ferry.wrap_hashes that is under way in this session';

CREATE FUNCTION ferry._wrap_close(target text, after_key text)
    RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'wrap_close_wrapper';
COMMENT ON FUNCTION ferry._wrap_close(text, text) IS 'internal: has the next links of a target forget the digests of hashes that are no more, and returns the legacy key to go on after, or null at the end';

CREATE PROCEDURE ferry.wrap_hashes(target text DEFAULT 'default', batch_size bigint DEFAULT 50, cpu_share double precision DEFAULT 0.5,
                                   no_other_checks boolean DEFAULT NULL, after_id text DEFAULT NULL)
    LANGUAGE plpgsql
AS $$
DECLARE
    total pg_catalog.int8;
    step record;
    last_id pg_catalog.text := after_id;
    -- All hashes were looked at: now the links forget those that are no more.
    is_closing pg_catalog.bool := false;
    last_key pg_catalog.text;
    tries pg_catalog.int4 := 0;
    next_report pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    PERFORM ferry._need_own_transaction('ferry.wrap_hashes');
    total := ferry._wrap_open(target, batch_size, cpu_share, no_other_checks);
    LOOP
        -- In a stricter isolation whoever logs in during a batch would end the call.
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        BEGIN
            IF is_closing THEN
                last_key := ferry._wrap_close(target, last_key);
            ELSE
                SELECT * INTO step FROM ferry._wrap_rows(last_id, batch_size);
            END IF;
            tries := 0;
        EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
            tries := tries OPERATOR(pg_catalog.+) 1;
            IF tries OPERATOR(pg_catalog.>) 5 THEN
                RAISE;
            END IF;
        END;
        -- As in ferry.import: whoever waits for this transaction goes on when it ends.
        COMMIT;
        IF tries OPERATOR(pg_catalog.>) 0 THEN
            PERFORM pg_catalog.pg_sleep(0.05);
            CONTINUE;
        END IF;
        IF is_closing THEN
            EXIT WHEN last_key IS NULL;
            CONTINUE;
        END IF;
        last_id := coalesce(step.last_id, last_id);
        IF step.hint IS NOT NULL THEN
            RAISE NOTICE 'of % hashes: % (up to id %)', total, step.report, last_id USING HINT = step.hint;
        ELSIF step.is_end OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) next_report THEN
            RAISE NOTICE 'of % hashes: % (up to id %)', total, step.report, last_id;
            next_report := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) '5 seconds'::pg_catalog.interval;
        END IF;
        is_closing := step.is_end;
        IF NOT is_closing AND cpu_share OPERATOR(pg_catalog.<) 1::pg_catalog.float8 THEN
            PERFORM pg_catalog.pg_sleep(step.hashing OPERATOR(pg_catalog./) cpu_share OPERATOR(pg_catalog.-) step.hashing);
        END IF;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE ferry.wrap_hashes(text, bigint, double precision, boolean, text) IS 'puts every hash of a target that is weaker than its policy inside argon2id, in batches that commit, while logins go on; at the next login it becomes a plain hash of the policy. From then on ferry.authenticate alone can check these hashes: unless no_other_checks of the target, or of the call, says that nobody else does, only hashes are wrapped that ferry.import has brought in envelopes, which nobody else could read. cpu_share is the part of one processor that it takes, up to 1; after_id goes on after that user. What is wrapped already is skipped, so a call that was cancelled or killed is simply repeated';

-- Whom pg_ferry does not tie to each other unasked.

CREATE TABLE ferry.review (
    source     text NOT NULL CONSTRAINT review_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    legacy_key text NOT NULL,
    target     text NOT NULL CONSTRAINT review_target_fkey REFERENCES ferry.target (name) ON DELETE CASCADE ON UPDATE CASCADE,
    user_id    text NOT NULL,
    found_by   text NOT NULL,
    reason     text NOT NULL,
    noted_at   timestamptz NOT NULL DEFAULT now(),
    decision   text,
    decided_at timestamptz,
    decided_by text,
    PRIMARY KEY (source, legacy_key),
    CONSTRAINT review_decision_known CHECK (decision IN ('adopt', 'insert', 'refuse'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.review', '');

COMMENT ON TABLE ferry.review IS 'legacy users who may be a user who is here already: somebody decides. At a login they have shown the right password; an import has seen none';
COMMENT ON COLUMN ferry.review.source IS 'the source of the legacy user';
COMMENT ON COLUMN ferry.review.legacy_key IS 'the legacy user';
COMMENT ON COLUMN ferry.review.target IS 'the target of the user who is here';
COMMENT ON COLUMN ferry.review.user_id IS 'the user who is here';
COMMENT ON COLUMN ferry.review.found_by IS 'what they have in common: login, or an entry of lookup';
COMMENT ON COLUMN ferry.review.reason IS 'why pg_ferry did not decide: adopt (adopt of the target is review), unverified (verified is not true here or in the source), linked (another legacy user was tied to this one)';
COMMENT ON COLUMN ferry.review.noted_at IS 'when the legacy user came first';
COMMENT ON COLUMN ferry.review.decision IS 'yours: adopt (they are one person), insert (two people: make a new user; not where they have the login in common), refuse (neither); null = none yet. It counts from the next login or import';
COMMENT ON COLUMN ferry.review.decided_at IS 'when that was; filled in';
COMMENT ON COLUMN ferry.review.decided_by IS 'who it was; filled in';

CREATE FUNCTION ferry._decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision IS NOT DISTINCT FROM OLD.decision THEN
        RETURN NEW;
    END IF;
    IF NEW.decision OPERATOR(pg_catalog.<>) ALL (ARRAY['adopt', 'insert', 'refuse']) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = pg_catalog.format('review of %s %s, decision: unknown value "%s"', NEW.source, NEW.legacy_key, NEW.decision),
            HINT = 'Decide adopt (they are one person), insert (two people) or refuse (neither); null is not decided.';
    END IF;
    NEW.decided_at := CASE WHEN NEW.decision IS NOT NULL THEN pg_catalog.now() END;
    NEW.decided_by := CASE WHEN NEW.decision IS NOT NULL THEN session_user END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ferry._decided() IS 'internal: trigger that checks a decision, and notes who decided, and when';

CREATE TRIGGER decided BEFORE UPDATE ON ferry.review FOR EACH ROW EXECUTE FUNCTION ferry._decided();

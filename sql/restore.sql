-- What refers to what, while a dump is restored. pg_restore --jobs loads tables in any order: an archive does not carry the
-- foreign keys between the tables of an extension. So in a session where check_function_bodies is off, as pg_dump's scripts
-- set it, a row may come before the one that it refers to, as config may before the tables that it names. The constraints
-- stay, and PostgreSQL does what they say of ON DELETE and ON UPDATE; only their look at a new row is done here.

CREATE FUNCTION ferry._check_reference() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Anybody may set it. It counts where it is set by somebody who could drop the constraint as well.
    IF current_setting('check_function_bodies') = 'off' AND pg_has_role(session_user, current_user, 'USAGE') THEN
        RETURN NULL;
    END IF;
    CASE TG_ARGV[0]
        WHEN 'target' THEN PERFORM FROM ferry.target t WHERE t.name = NEW.target FOR KEY SHARE;
        WHEN 'source' THEN PERFORM FROM ferry.source s WHERE s.name = NEW.source FOR KEY SHARE;
        WHEN '_left_key' THEN PERFORM FROM ferry._left_key k WHERE k.source = NEW.source FOR KEY SHARE;
        WHEN 'import_run' THEN PERFORM FROM ferry.import_run r WHERE r.id = NEW.run FOR KEY SHARE;
    END CASE;
    IF NOT FOUND AND to_jsonb(NEW) ->> TG_ARGV[1] IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            MESSAGE = format('insert or update on table "%s" violates foreign key constraint "%s"', TG_TABLE_NAME, TG_NAME),
            DETAIL = format('Key (%s)=(%s) is not present in table "%s".', TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1], TG_ARGV[0]),
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ferry._check_reference() IS 'internal: trigger that looks whether what a row refers to is there, unless a dump is being restored; in place of that of the foreign key of the same name';

DO $$
DECLARE
    reference record;
BEGIN
    FOR reference IN
        SELECT k.conname AS name, k.conrelid::regclass AS relation, a.attname AS referring, r.relname AS referred,
               string_agg(format('DISABLE TRIGGER %I', g.tgname), ', ') AS disable
        FROM pg_extension e
        JOIN pg_constraint k ON k.contype = 'f' AND k.conrelid = ANY (e.extconfig)
        JOIN pg_class r ON r.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        JOIN pg_trigger g ON g.tgconstraint = k.oid AND g.tgrelid = k.conrelid
        WHERE e.extname = 'pg_ferry'
        GROUP BY k.oid, k.conname, k.conrelid, a.attname, r.relname
    LOOP
        EXECUTE format('ALTER TABLE %s %s', reference.relation, reference.disable);
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF %I ON %s FOR EACH ROW EXECUTE FUNCTION ferry._check_reference(%L, %L)',
                       reference.name, reference.referring, reference.relation, reference.referred, reference.referring);
    END LOOP;
END
$$;

-- What an incomplete restore has left: nothing else lets rows in without what they refer to.
CREATE FUNCTION ferry._orphans() RETURNS TABLE (object text, severity text, problem text, hint text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reference record;
    missing text;
BEGIN
    FOR reference IN
        SELECT g.tgrelid::regclass AS relation, split_part(encode(g.tgargs, 'escape'), '\000', 1) AS referred
        FROM pg_trigger g
        WHERE g.tgfoid = 'ferry._check_reference'::regproc
        ORDER BY g.tgrelid::regclass::text COLLATE "C", 2
    LOOP
        -- The history of imports may be long, and is nothing that a login needs.
        CONTINUE WHEN reference.referred NOT IN ('source', 'target');
        EXECUTE format('SELECT string_agg(DISTINCT c.%1$I, '', '') FROM %2$s c WHERE NOT EXISTS (SELECT FROM ferry.%1$I p WHERE p.name = c.%1$I)',
                       reference.referred, reference.relation) INTO missing;
        CONTINUE WHEN missing IS NULL;
        object := 'table ' || reference.relation;
        severity := 'error';
        problem := format('what it refers to is not in ferry.%I: %s', reference.referred, missing);
        hint := format('Restore ferry.%1$I from the same dump; or DELETE FROM %2$s c WHERE NOT EXISTS (SELECT FROM ferry.%1$I p WHERE p.name = c.%1$I);',
                       reference.referred, reference.relation);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ferry._orphans() IS 'internal: rows of config that refer to a source or target that is not there';

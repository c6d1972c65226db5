-- Config for the systems that people leave, as data: one row a system, and use_preset to apply one.

CREATE TABLE ferry.preset (
    name     text PRIMARY KEY CONSTRAINT preset_name_plain CHECK (name ~ '^[a-z0-9][a-z0-9._-]*$'),
    title    text NOT NULL,
    relation text NOT NULL,
    view_sql text,
    source   jsonb NOT NULL,
    mappings jsonb NOT NULL DEFAULT '{}',
    rules    jsonb NOT NULL DEFAULT '[]',
    notes    text,
    shipped  boolean NOT NULL DEFAULT false,
    CONSTRAINT preset_documents
        CHECK (jsonb_typeof(source) = 'object' AND jsonb_typeof(mappings) = 'object' AND jsonb_typeof(rules) = 'array')
);
SELECT pg_catalog.pg_extension_config_dump('ferry.preset', 'WHERE NOT shipped');

COMMENT ON TABLE ferry.preset IS 'config for systems that people leave, applied by use_preset; those that came with the extension can be read and copied, not changed';
COMMENT ON COLUMN ferry.preset.name IS 'what use_preset is told, in lower case';
COMMENT ON COLUMN ferry.preset.title IS 'the system, and the versions that it is for';
COMMENT ON COLUMN ferry.preset.relation IS 'what to give use_preset as relation: a table, or a view as view_sql makes it';
COMMENT ON COLUMN ferry.preset.view_sql IS 'where users are spread over several tables: the CREATE VIEW to run first, with legacy for the schema of the legacy tables';
COMMENT ON COLUMN ferry.preset.source IS 'the columns of ferry.source that it sets, as a JSON object: key_column, login_columns, hash …';
COMMENT ON COLUMN ferry.preset.mappings IS 'what fills which field, as a JSON object: SQL expressions over the legacy row l, by the name of the field or column';
COMMENT ON COLUMN ferry.preset.rules IS 'the rows of ferry.rule, as a JSON array of objects';
COMMENT ON COLUMN ferry.preset.notes IS 'what to know: what is not moved, where the layout is documented, what changes it';
COMMENT ON COLUMN ferry.preset.shipped IS 'true = it came with the extension: not dumped, and not to be changed';

-- What use_preset could not do without, and that expressions are such: what they are about is known only with the relation.
CREATE FUNCTION ferry._check_preset_parts(preset ferry.preset) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT given.place, lacking.*
        FROM (SELECT 1, '', 'preset',
                     to_jsonb(preset) || jsonb_build_object('title', nullif(btrim(preset.title), ''), 'relation', nullif(btrim(preset.relation), ''))
              UNION ALL
              SELECT 2, 'source, ', 'source', ferry._config_defaults('source') || preset.source || '{"name": ""}'
              UNION ALL
              SELECT 3, 'rules, ', 'rule', ferry._config_defaults('rule') || rule || '{"source": ""}'
              FROM jsonb_array_elements(preset.rules) AS rule) AS given (number, place, config_table, config_row),
             LATERAL ferry._lacking(config_table, config_row) AS lacking
        ORDER BY number
    LOOP
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('preset %s, %s%s: it is not given', preset.name, part.place, part.column_name),
            HINT = format('Give it a value: %s.', part.comment);
    END LOOP;
    PERFORM ferry._need_expression(expression, format('preset %s, %s, %s', preset.name, place, part_name))
    FROM (SELECT 'source', key, value FROM jsonb_each_text(preset.source)
          WHERE key IN ('hash', 'salt', 'hash_login', 'scope', 'filter', 'verified', 'changed_at', 'last_seen', 'value', 'contact')
          UNION ALL
          SELECT 'mappings', key, value FROM jsonb_each_text(preset.mappings)
          UNION ALL
          SELECT 'rules', rule ->> 'name', rule ->> 'expression' FROM jsonb_array_elements(preset.rules) AS rule) AS given (place, part_name, expression);
END
$$;
COMMENT ON FUNCTION ferry._check_preset_parts(ferry.preset) IS 'internal: refuses a preset that lacks what it must have, or whose expressions do not parse';

-- A mistake in a preset of one's own is told when it is written, not when it is used.
CREATE FUNCTION ferry._check_preset() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text;
    place text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'presets that came with the extension keep as they are',
            HINT = 'DELETE FROM ferry.preset WHERE NOT shipped; removes your own.';
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.shipped OR TG_OP <> 'DELETE' AND NEW.shipped THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = CASE TG_OP WHEN 'INSERT' THEN format('preset "%s" did not come with the extension', NEW.name)
                                 ELSE format('preset "%s" came with the extension and keeps as it is', OLD.name) END,
            HINT = 'Insert a copy under a name of your own, with shipped = false.';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.name !~ '^[a-z0-9][a-z0-9._-]*$' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('preset %s, name: not in the form that names have', NEW.name),
            HINT = 'Use lower-case letters, digits, dots, hyphens and underscores, such as our-shop.';
    END IF;
    place := CASE
        WHEN jsonb_typeof(NEW.source) <> 'object' THEN 'source'
        WHEN jsonb_typeof(NEW.mappings) <> 'object' OR jsonb_path_exists(NEW.mappings, 'strict $.* ? (@.type() <> "string")') THEN 'mappings'
        WHEN jsonb_typeof(NEW.rules) <> 'array' OR jsonb_path_exists(NEW.rules, 'strict $[*] ? (@.type() <> "object")') THEN 'rules'
    END;
    IF place IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('preset %s, %s: not in the form that a preset has', NEW.name, place),
            HINT = 'source is an object of columns, mappings one of SQL expressions as texts, and rules an array of objects.';
    END IF;
    SELECT key INTO bad
    FROM jsonb_object_keys(NEW.source) AS key
    WHERE key IN ('name', 'target', 'relation') OR key NOT IN (SELECT c.name FROM ferry._columns('ferry.source'::regclass) AS c);
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('preset %s, source: "%s" is not for a preset to set', NEW.name, bad),
            HINT = 'It takes the columns of ferry.source without name, target and relation, which use_preset is told.';
    END IF;
    SELECT key INTO bad
    FROM jsonb_array_elements(NEW.rules) AS rule, LATERAL jsonb_object_keys(rule) AS key
    WHERE key = 'source' OR key NOT IN (SELECT c.name FROM ferry._columns('ferry.rule'::regclass) AS c);
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('preset %s, rules: "%s" is not for a preset to set', NEW.name, bad),
            HINT = 'Each takes the columns of ferry.rule without source.';
    END IF;
    BEGIN
        place := 'source';
        PERFORM jsonb_populate_record(NULL::ferry.source, NEW.source);
        place := 'rules';
        PERFORM jsonb_populate_record(NULL::ferry.rule, rule) FROM jsonb_array_elements(NEW.rules) AS rule;
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING
            ERRCODE = SQLSTATE,
            MESSAGE = format('preset %s, %s: %s', NEW.name, place, SQLERRM),
            HINT = format('Its values are those that the columns of ferry.%s take.', rtrim(place, 's'));
    END;
    -- A dump is restored as it was, also where a newer PostgreSQL would parse an expression in another way.
    IF current_setting('check_function_bodies')::boolean THEN
        PERFORM ferry._check_preset_parts(NEW);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ferry._check_preset() IS 'internal: trigger that keeps shipped presets as they are and checks the others';

CREATE FUNCTION ferry._add_mapping(source_name text, target_column text, type_name text, expression text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attempt text;
    misfit text;
BEGIN
    FOREACH attempt IN ARRAY ARRAY[expression, format('(%s)::%s', expression, type_name)] LOOP
        misfit := ferry._misfit(source_name, target_column, attempt);
        IF misfit IS NULL THEN
            INSERT INTO ferry.mapping (source, target_column, expression) VALUES (source_name, target_column, attempt);
            RETURN attempt;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ferry._add_mapping(text, text, text, text) IS 'internal: adds a mapping, with a cast where it needs one, and returns its expression; null = the types do not fit';

CREATE FUNCTION ferry._pairs(word text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN ARRAY(SELECT DISTINCT substr(lower(word), at, 2) FROM generate_series(1, length(word) - 1) AS at);
COMMENT ON FUNCTION ferry._pairs(text) IS 'internal: the pairs of neighbouring letters of a word, by which words are compared';

CREATE FUNCTION ferry._preset(preset_name text) RETURNS ferry.preset
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    preset ferry.preset;
    near text;
BEGIN
    SELECT p.* INTO preset FROM ferry.preset p WHERE p.name = preset_name;
    IF NOT FOUND THEN
        SELECT string_agg(name, ', ' ORDER BY likeness DESC, name) INTO near
        FROM (SELECT p.name, (SELECT count(*) FROM unnest(ferry._pairs(p.name)) AS pair WHERE pair = ANY (ferry._pairs(preset_name))) AS likeness
              FROM ferry.preset p
              ORDER BY likeness DESC, p.name LIMIT 3) AS candidate
        WHERE likeness > 1;
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('there is no preset "%s"', preset_name),
            HINT = coalesce('Near to it are: ' || near || '. ', '') || 'SELECT name, title FROM ferry.preset; lists all.';
    END IF;
    RETURN preset;
END
$$;
COMMENT ON FUNCTION ferry._preset(text) IS 'internal: the preset of that name; the refusal lists those that are near';

-- A column of the field's own name comes first, then its synonyms by rank; no column serves two fields.
CREATE FUNCTION ferry._columns_for(target_name text, fields text[])
    RETURNS TABLE (field text, column_name text, type_name text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    match record;
    taken text[] := '{}';
    served text[] := '{}';
BEGIN
    FOR match IN
        SELECT f.name AS field, c.name AS column_name, c.type_name
        FROM unnest(fields) AS f (name)
        JOIN ferry._fillable(target_name) AS c ON NOT c.is_id OR (f.name = 'legacy_id' AND NOT c.fills_itself)
        LEFT JOIN ferry._synonym s ON s.field = f.name AND s.column_name = ferry._plain(c.name)
        WHERE s.rank IS NOT NULL OR c.name = f.name OR c.is_id
        ORDER BY c.name <> f.name, ferry._plain(c.name) <> ferry._plain(f.name), c.is_id, s.place, s.rank, c.number
    LOOP
        IF NOT (match.field = ANY (served) OR match.column_name = ANY (taken)) THEN
            served := served || match.field;
            taken := taken || match.column_name;
            field := match.field;
            column_name := match.column_name;
            type_name := match.type_name;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ferry._columns_for(text, text[]) IS 'internal: which column of the users table each of these fields belongs into';

CREATE FUNCTION ferry._use_preset(preset_name text, source_name text, relation text, target_name text)
    RETURNS TABLE (object text, action text, detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off -- the planner takes these few rows for thousands
AS $$
DECLARE
    preset ferry.preset := ferry._preset(preset_name);
    destination ferry.target;
    item record;
    written text;
BEGIN
    SELECT t.* INTO destination FROM ferry.target t WHERE t.name = target_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('there is no target "%s"', target_name),
            HINT = 'Describe the users table first: INSERT INTO ferry.target.';
    END IF;
    INSERT INTO ferry.source
    SELECT (jsonb_populate_record(NULL::ferry.source, ferry._config_defaults('source') || preset.source
                || jsonb_build_object('name', coalesce(source_name, ''), 'target', target_name, 'relation', relation))).*
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('there is a source "%s" already', source_name),
            HINT = 'Choose another name, or delete that row of ferry.source, whose mappings and rules go with it.';
    END IF;
    RETURN QUERY SELECT 'source ' || source_name, 'added', format('%s, from %s into %s', preset.title, s.relation, destination.relation)
                 FROM ferry.source s WHERE s.name = source_name;

    FOR item IN
        SELECT f.key AS field, f.value AS expression, c.column_name, c.type_name
        FROM jsonb_each_text(preset.mappings) AS f
        LEFT JOIN ferry._columns_for(target_name, ARRAY(SELECT jsonb_object_keys(preset.mappings))) AS c ON c.field = f.key
        ORDER BY (SELECT min(s.place) FROM ferry._synonym s WHERE s.field = f.key), f.key
    LOOP
        written := NULL;
        IF item.column_name IS NOT NULL THEN
            written := ferry._add_mapping(source_name, item.column_name, item.type_name, item.expression);
        END IF;
        object := CASE WHEN written IS NULL THEN 'field ' || item.field ELSE format('mapping %s.%s', source_name, item.column_name) END;
        action := CASE WHEN written IS NULL THEN 'left out' ELSE 'added' END;
        detail := CASE WHEN written IS NOT NULL THEN written
                       WHEN item.column_name IS NULL THEN format('%s has no column for %s', destination.relation, item.expression)
                       ELSE ferry._misfit(source_name, item.column_name, item.expression) END;
        RETURN NEXT;
    END LOOP;

    INSERT INTO ferry.rule
    SELECT r.*
    FROM jsonb_array_elements(preset.rules) AS rule, LATERAL jsonb_populate_record(NULL::ferry.rule,
        ferry._config_defaults('rule') || rule || jsonb_build_object('source', source_name)
        || CASE WHEN rule ->> 'severity' = 'must_change' AND destination.must_change IS NULL THEN '{"severity": "warn"}' ELSE '{}' END::jsonb) AS r;
    RETURN QUERY SELECT format('rule %s.%s', source_name, r.name), 'added', r.severity || ' unless ' || r.expression
                 FROM ferry.rule r WHERE r.source = source_name ORDER BY r.name;

    RETURN QUERY SELECT 'column ' || c.name, 'to do', 'it takes no null, has no default, and nothing fills it: give it a mapping'
                 FROM ferry._fillable(target_name) AS c
                 WHERE c.is_needed AND c.name NOT IN (SELECT m.target_column FROM ferry.mapping m WHERE m.source = source_name);
    RETURN QUERY SELECT 'target ' || target_name, 'to do',
                        format('names keep their case, and logins are compared in lower case: let login_columns have lower(u.%I) in place of %s', c.name, entry)
                 FROM unnest(destination.login_columns) AS entry
                 JOIN ferry._fillable(target_name) AS c ON entry IN (c.name, quote_ident(c.name))
                 JOIN ferry.mapping m ON m.source = source_name AND m.target_column = c.name
                 WHERE destination.login_form <> 'exact' AND c.type_name !~ '\mcitext$' AND m.expression = preset.mappings ->> 'username'
                   AND m.expression !~* '\mlower\(';
    RETURN QUERY SELECT 'preset ' || preset.name, 'note', preset.notes WHERE preset.notes IS NOT NULL;
EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN
    IF split_part(SQLERRM, ' ', 1) NOT IN ('source', 'mapping', 'rule') THEN
        RAISE;
    END IF;
    GET STACKED DIAGNOSTICS written = PG_EXCEPTION_HINT;
    RAISE EXCEPTION USING
        ERRCODE = SQLSTATE,
        MESSAGE = SQLERRM,
        DETAIL = written,
        HINT = format('Preset %s wants %s as relation', preset.name, preset.relation)
               || CASE WHEN preset.view_sql IS NULL THEN '.'
                       ELSE format('; SELECT view_sql FROM ferry.preset WHERE name = %L; has the CREATE VIEW.', preset.name) END;
END
$$;
COMMENT ON FUNCTION ferry._use_preset(text, text, text, text) IS 'internal: ferry.use_preset, with the relation''s qualified name';

-- With the caller's rights and search path: the relation is named by the caller, and the triggers ask who writes.
CREATE FUNCTION ferry.use_preset(preset text, source text, relation text, target text DEFAULT 'default')
    RETURNS TABLE (object text, action text, detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
AS $$
#variable_conflict use_variable
DECLARE
    qualified pg_catalog.text;
BEGIN
    BEGIN
        qualified := (
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
            WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(relation)::pg_catalog.oid);
    EXCEPTION WHEN invalid_name OR syntax_error THEN
        NULL; -- What cannot be a name is refused with the source.
    END;
    RETURN QUERY SELECT u.object, u.action, u.detail FROM ferry._use_preset(preset, source, COALESCE(qualified, relation), target) AS u;
END
$$;
COMMENT ON FUNCTION ferry.use_preset(text, text, text, text) IS 'writes the source, mappings and rules of a known system into config: a mapping for each field that the users table has a column for. Tells what was added, what was left out and why, and what is left to do. All of it is ordinary config, to be changed as it is needed';

-- What users tables hold: what presets and automap know of columns.

-- What a users table holds, under the names that it has in the wild: by rank, without case, blanks and
-- underscores. The first of each is the name of the field itself.
CREATE VIEW ferry._synonym AS
SELECT field, place, replace(names[rank], '_', '') AS column_name, rank
FROM (VALUES
    (1,  'email',             '{email,mail,email_address,mail_address,email_addr,user_email,user_mail,e_mail_address,primary_email,contact_email,email_id}'::text[]),
    (2,  'username',          '{username,user_login,login,login_name,user_name,account_name,uname,preferred_username,screen_name,handle,nick}'),
    (3,  'display_name',      '{display_name,full_name,real_name,name,person_name,nickname,known_as}'),
    (4,  'first_name',        '{first_name,given_name,forename,fname,prename,first}'),
    (5,  'last_name',         '{last_name,family_name,surname,lname,sn,last}'),
    (6,  'phone',             '{phone,phone_number,telephone,telephone_number,tel,mobile,mobile_phone,mobile_number,cell_phone,phone_no}'),
    (7,  'created_at',        '{created_at,created,created_on,date_created,creation_date,created_date,created_time,create_time,time_created,creation_time,date_joined,joined_at,joined,join_date,registered_at,registered,registered_on,registration_date,register_date,date_registered,user_registered,reg_date,signup_date,signed_up_at,inserted_at,member_since,date_added}'),
    (8,  'updated_at',        '{updated_at,updated,updated_on,date_updated,modified_at,modified,modified_on,date_modified,last_modified,time_modified,update_time,changed_at,changed}'),
    (9,  'last_login_at',     '{last_login_at,last_login,last_login_date,last_logged_in,last_sign_in_at,current_sign_in_at,last_logon,last_visit,last_visit_date,last_seen_at,last_seen,last_access}'),
    (10, 'email_verified',    '{email_verified,is_email_verified,email_confirmed,is_verified,verified,confirmed}'),
    (11, 'email_verified_at', '{email_verified_at,email_confirmed_at,verified_at,confirmed_at,date_verified}'),
    (12, 'active',            '{active,is_active,enabled,is_enabled,user_active,account_enabled}'),
    (13, 'disabled',          '{disabled,is_disabled,blocked,is_blocked,banned,is_banned,inactive,is_inactive,suspended,is_suspended,deactivated,locked,is_locked}'),
    (14, 'is_admin',          '{is_admin,admin,is_administrator,administrator,is_superuser,superuser}'),
    (15, 'locale',            '{locale,language,lang,language_code,preferred_language,user_language}'),
    (16, 'timezone',          '{timezone,time_zone,tz,zoneinfo,timezone_name,user_timezone}'),
    (17, 'legacy_id',         '{legacy_id,old_id,legacy_user_id,old_user_id,legacy_key,external_id,import_id}'),
    (18, 'avatar_url',        '{avatar_url,avatar,picture,picture_url,photo,photo_url,image_url,profile_image,profile_picture}'),
    (19, 'website',           '{website,url,homepage,user_url,website_url,web}'),
    (20, 'company',           '{company,company_name,organization,organisation}'),
    (21, 'birth_date',        '{birth_date,birthday,date_of_birth,dob,birthdate}'),
    (22, 'gender',            '{gender,sex}'),
    (23, 'bio',               '{bio,biography,about,about_me,description}'),
    (24, 'country',           '{country,country_code}'),
    (25, 'city',              '{city,town}'),
    (26, 'postal_code',       '{postal_code,postcode,zip,zip_code}')
) AS synonym (place, field, names), LATERAL generate_subscripts(names, 1) AS rank;
COMMENT ON VIEW ferry._synonym IS 'internal: the fields that presets fill, and the names that columns for them have';
COMMENT ON COLUMN ferry._synonym.field IS 'the field';
COMMENT ON COLUMN ferry._synonym.place IS 'the order of the fields';
COMMENT ON COLUMN ferry._synonym.column_name IS 'a name that a column for it has, without underscores';
COMMENT ON COLUMN ferry._synonym.rank IS 'the order of the names: the best comes first';

CREATE FUNCTION ferry._plain(column_name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.lower(pg_catalog.regexp_replace(column_name, '[^[:alnum:]]', '', 'g'));
COMMENT ON FUNCTION ferry._plain(text) IS 'internal: a column''s name as ferry._synonym has it';

-- The hash and must_change are pg_ferry's to write, and what is always generated nobody's.
CREATE FUNCTION ferry._fillable(target_name text)
    RETURNS TABLE (number int2, name text, type oid, type_name text, is_id boolean, fills_itself boolean, is_needed boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.number, c.name, c.type, c.type_name, c.name = t.id_column, own.fills,
           (a.attnotnull OR y.typnotnull) AND NOT own.fills
    FROM ferry.target t
    CROSS JOIN ferry._columns(to_regclass(t.relation)) AS c
    JOIN pg_attribute a ON a.attrelid = to_regclass(t.relation) AND a.attnum = c.number
    JOIN pg_type y ON y.oid = a.atttypid
    CROSS JOIN LATERAL (SELECT a.atthasdef OR a.attidentity <> '' OR y.typdefault IS NOT NULL AS fills) AS own
    WHERE t.name = target_name AND NOT c.is_generated AND c.name IS DISTINCT FROM t.hash_column
      AND c.name IS DISTINCT FROM t.must_change
    ORDER BY c.number
$$;
COMMENT ON FUNCTION ferry._fillable(text) IS 'internal: the columns of a target''s users table that mappings may fill';

-- Nothing is written: the row is checked as the trigger would, and forgotten.
CREATE FUNCTION ferry._misfit(source_name text, target_column text, expression text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ferry._check_config('mapping', (ferry._config_defaults('mapping') || jsonb_build_object(
        'source', source_name, 'target_column', target_column, 'expression', expression))::text, NULL);
    RETURN NULL;
EXCEPTION WHEN datatype_mismatch OR cannot_coerce OR undefined_function THEN
    RETURN regexp_replace(SQLERRM, '^mapping .*?: ', '');
END
$$;
COMMENT ON FUNCTION ferry._misfit(text, text, text) IS 'internal: why an expression cannot fill a column, which is a matter of types; null = it can';

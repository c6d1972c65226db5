-- The schema belongs to the extension: a schema of this name that somebody else made is refused.

CREATE SCHEMA ferry;

COMMENT ON SCHEMA ferry IS 'pg_ferry: moves users out of a legacy system while they log in';

-- A database that does not know its encoding cannot hash the bytes that a legacy system hashed.
DO $$
BEGIN
    IF (SELECT pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) 'SQL_ASCII') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'pg_ferry cannot be installed in a SQL_ASCII database',
            DETAIL = 'Passwords are hashed as UTF-8, and SQL_ASCII does not say what its bytes mean.',
            HINT = 'Install it in a database with a real encoding, such as UTF8.';
    END IF;
END
$$;

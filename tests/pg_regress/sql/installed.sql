-- The extension and its schema are there, under their contractual names.
SELECT extname, nspname AS own_schema
FROM pg_extension, pg_namespace
WHERE extname = 'pg_ferry' AND nspname = 'ferry';

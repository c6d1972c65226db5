-- Users as GET /api/v1/users has them, one a line.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/okta.ndjson'
CREATE FOREIGN TABLE okta_export (line text) SERVER files
    OPTIONS (filename :'path', format 'csv', delimiter E'\x01', quote E'\x02');

-- The file of mongoexport, line by line.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/_User.ndjson'
CREATE FOREIGN TABLE parse_export (line text) SERVER files
    OPTIONS (filename :'path', format 'csv', delimiter E'\x01', quote E'\x02');

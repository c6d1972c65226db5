-- The answer of the export API, line by line.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/export.json'
CREATE FOREIGN TABLE zitadel_export (line text) SERVER files
    OPTIONS (filename :'path', format 'csv', delimiter E'\x01', quote E'\x02');

-- The file of firebase auth:export users.json, line by line.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/users.json'
CREATE FOREIGN TABLE firebase_export (line text) SERVER files
    OPTIONS (filename :'path', format 'csv', delimiter E'\x01', quote E'\x02');

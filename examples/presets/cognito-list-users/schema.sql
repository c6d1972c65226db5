-- The answer of aws cognito-idp list-users, line by line.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/users.json'
CREATE FOREIGN TABLE cognito_export (line text) SERVER files
    OPTIONS (filename :'path', format 'csv', delimiter E'\x01', quote E'\x02');

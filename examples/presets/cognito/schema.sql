-- The CSV file: a column for each of its header, in its order.

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

\set path :folder '/users.csv'
CREATE FOREIGN TABLE cognito_export (
    name                   text,
    given_name             text,
    family_name            text,
    middle_name            text,
    nickname               text,
    preferred_username     text,
    profile                text,
    picture                text,
    website                text,
    email                  text,
    email_verified         text,
    gender                 text,
    birthdate              text,
    zoneinfo               text,
    locale                 text,
    phone_number           text,
    phone_number_verified  text,
    address                text,
    updated_at             text,
    "cognito:mfa_enabled"  text,
    "cognito:username"     text
) SERVER files OPTIONS (filename :'path', format 'csv', header 'true');

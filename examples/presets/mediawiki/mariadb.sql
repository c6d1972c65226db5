-- MediaWiki's table of users as its installer makes it in MySQL and MariaDB, with one of the users. Follows the documented layout.

CREATE DATABASE wiki;
USE wiki;

CREATE TABLE user (
    user_id                  int unsigned   NOT NULL AUTO_INCREMENT,
    user_name                varbinary(255) NOT NULL DEFAULT '',
    user_real_name           varbinary(255) NOT NULL DEFAULT '',
    user_password            tinyblob       NOT NULL,
    user_newpassword         tinyblob       NOT NULL,
    user_newpass_time        binary(14)     DEFAULT NULL,
    user_email               tinyblob       NOT NULL,
    user_touched             binary(14)     NOT NULL,
    user_token               binary(32)     NOT NULL DEFAULT '',
    user_email_authenticated binary(14)     DEFAULT NULL,
    user_email_token         binary(32)     DEFAULT NULL,
    user_email_token_expires binary(14)     DEFAULT NULL,
    user_registration        binary(14)     DEFAULT NULL,
    user_editcount           int unsigned   DEFAULT NULL,
    user_password_expires    varbinary(14)  DEFAULT NULL,
    PRIMARY KEY (user_id),
    UNIQUE KEY user_name (user_name)
) DEFAULT CHARACTER SET binary;

INSERT INTO user (user_id, user_name, user_real_name, user_password, user_newpassword, user_email, user_touched, user_email_authenticated, user_registration) VALUES
    (1, 'Édouard', 'Édouard Wiki', ':pbkdf2:sha512:300:64:6FFESM88nlTdpgBzbRAgmQ==:n1jeTIWrxc3iM7eEsr46aef0u8FiITY4apuq2dSDji64N/6J8WvpBKyjFpKGo8OM5HRqFo1N+YpMzGnI5g3Eug==', '', 'Edouard@Wiki.example', '20240101000000', '20210203040506', '20210203040000');

-- Made by make_users.php with PHP 8.2.36 and the class-phpass.php of WordPress 6.1.9.
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (1, 'admin', '$wp$2y$10$TU/ltpTU8YaShF1VF0RtGOQSThiCsteLrjTw8sRh4z9wHzdnnzpfC', 'admin', 'admin@blog.example', '2005-03-01 12:00:00', 0, 'Ada Min');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (1, 'nickname', 'admin');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (1, 'first_name', 'Ada');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (1, 'last_name', 'Min');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (1, 'wp_capabilities', 'a:1:{s:13:"administrator";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (2, 'jane.doe', '$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0', 'jane-doe', 'Jane.Doe@Blog.example', '2006-03-01 12:00:00', 0, 'Jane Doe');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (2, 'nickname', 'jane.doe');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (2, 'first_name', 'Jane');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (2, 'last_name', 'Doe');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (2, 'wp_capabilities', 'a:1:{s:6:"editor";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (3, 'emile', '$P$BjresneicnLJoTcnIjV1BfYm6Vk8fC.', 'emile', 'emile@blog.example', '2007-03-01 12:00:00', 0, 'Émile Zola');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (3, 'nickname', 'emile');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (3, 'first_name', 'Émile');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (3, 'last_name', 'Zola');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (3, 'wp_capabilities', 'a:1:{s:6:"author";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (4, 'zoe', '$wp$2y$10$Dswir3ncxChVz2jpiW4jc.FGhyk9sDo6a4YqGTcgzC.asVAsrzVjO', 'zoe', 'zoe@blog.example', '2008-03-01 12:00:00', 0, 'Zoë Ångström');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (4, 'nickname', 'zoe');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (4, 'first_name', 'Zoë');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (4, 'last_name', 'Ångström');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (4, 'wp_capabilities', 'a:1:{s:6:"author";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (5, 'old_timer', 'e71ecfd5a6b2d2ba7e32f9a52ab574f0', 'old-timer', 'old.timer@blog.example', '2009-03-01 12:00:00', 0, 'Old Timer');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (5, 'nickname', 'old_timer');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (5, 'first_name', 'Old');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (5, 'last_name', 'Timer');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (5, 'wp_capabilities', 'a:1:{s:10:"subscriber";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (6, 'plugin_user', '$2y$10$G2FiA8rG0YzIX2lCHZunW.fXNyQZhRuubsQlv6IY2v3pxWcDX1fl6', 'plugin-user', 'plugin@blog.example', '2010-03-01 12:00:00', 0, 'Plug In');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (6, 'nickname', 'plugin_user');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (6, 'first_name', 'Plug');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (6, 'last_name', 'In');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (6, 'wp_capabilities', 'a:1:{s:10:"subscriber";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (7, 'longwind', '$wp$2y$10$DflR5C/35yydxwvF6m1n5enx6aGIx1eft5oB.XnNBZDUVlK9EWllG', 'longwind', 'longwind@blog.example', '2011-03-01 12:00:00', 0, 'Long Wind');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (7, 'nickname', 'longwind');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (7, 'first_name', 'Long');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (7, 'last_name', 'Wind');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (7, 'wp_capabilities', 'a:1:{s:11:"contributor";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (8, 'longwind_bcrypt', '$2y$10$syVSvQezAgL92U0VIuvDoeGJe66c6pU7GzY6fRpQjvgZchjqoGKj6', 'longwind-bcrypt', 'longwind.bcrypt@blog.example', '2012-03-01 12:00:00', 0, 'Long Bcrypt');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (8, 'nickname', 'longwind_bcrypt');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (8, 'first_name', 'Long');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (8, 'last_name', 'Bcrypt');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (8, 'wp_capabilities', 'a:1:{s:11:"contributor";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (9, 'longwind_phpass', '$P$B0gHV570Wu5d159QojXDQJeEet7TOW1', 'longwind-phpass', 'longwind.phpass@blog.example', '2013-03-01 12:00:00', 0, 'Long Phpass');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (9, 'nickname', 'longwind_phpass');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (9, 'first_name', 'Long');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (9, 'last_name', 'Phpass');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (9, 'wp_capabilities', 'a:1:{s:11:"contributor";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (10, 'spammer', '$P$B9DZi0fwLT42kzWkJgaQ3ANej6qLpN0', 'spammer', 'spammer@spam.example', '2014-03-01 12:00:00', 1, 'spammer');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (10, 'nickname', 'spammer');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (10, 'first_name', '');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (10, 'last_name', '');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (10, 'wp_capabilities', 'a:1:{s:10:"subscriber";b:1;}');
INSERT INTO wp_users ("ID", user_login, user_pass, user_nicename, user_email, user_registered, user_status, display_name) VALUES
    (11, 'locked_out', '*', 'locked-out', 'locked@blog.example', '2015-03-01 12:00:00', 0, 'Locked Out');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (11, 'nickname', 'locked_out');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (11, 'first_name', 'Locked');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (11, 'last_name', 'Out');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES
    (11, 'wp_capabilities', 'a:1:{s:10:"subscriber";b:1;}');

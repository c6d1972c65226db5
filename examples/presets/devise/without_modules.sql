-- The same table where the application uses neither trackable, confirmable nor lockable, and has no user names.

ALTER TABLE users
    DROP sign_in_count, DROP current_sign_in_at, DROP last_sign_in_at,
    DROP confirmation_token, DROP confirmed_at, DROP confirmation_sent_at, DROP unconfirmed_email,
    DROP failed_attempts, DROP unlock_token, DROP locked_at,
    DROP username;

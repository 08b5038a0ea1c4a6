-- A session may end because its account got a second factor that it had not been asked for.
ALTER TABLE session DROP CONSTRAINT session_end_reason_check;
ALTER TABLE session ADD CONSTRAINT session_end_reason_check CHECK (end_reason IN
    ('logged_out', 'revoked', 'token_reused', 'password_changed', 'roles_changed', 'mfa_enabled', 'too_many'));

CREATE TABLE account (
    id uuid PRIMARY KEY,
    -- In lower case, so that one address is one account. An erased account keeps a made-up one.
    email text NOT NULL CONSTRAINT account_email_key UNIQUE CHECK (email = lower(email)),
    email_verified_at timestamptz,
    phone text CHECK (phone ~ '^\+[1-9][0-9]{7,14}$'),
    phone_verified_at timestamptz CHECK (phone_verified_at IS NULL OR phone IS NOT NULL),
    -- Argon2id as a PHC string; null once the account is erased.
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    roles text[] NOT NULL DEFAULT '{customer}'
        CHECK ('customer' = ANY (roles) AND roles <@ '{customer,support,merchandiser,operator,admin}'),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'erased')),
    -- Grows with every event of the account.
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL,
    CHECK ((status = 'erased') = (password_hash IS NULL))
);
-- A number is one account's once its owner has shown to have it; before that anybody may have typed it in.
CREATE UNIQUE INDEX account_phone_key ON account (phone) WHERE phone_verified_at IS NOT NULL;

-- Who gave whom which roles.
CREATE TABLE role_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    before text[] NOT NULL,
    after text[] NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX role_change_by_account ON role_change (account_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER role_change_stays BEFORE UPDATE OR DELETE ON role_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A log-in on one device: a family of refresh tokens, of which one at a time is good.
CREATE TABLE session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    device text NOT NULL CHECK (length(device) BETWEEN 1 AND 100),
    -- SHA-256 of the part that all tokens of the family share, and of the part that only the newest has.
    family_hash bytea NOT NULL CHECK (length(family_hash) = 32),
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('logged_out', 'revoked', 'token_reused', 'password_changed', 'roles_changed', 'too_many')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX session_by_account ON session (account_id, last_used_at DESC);
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_end ON session (ended_at) WHERE ended_at IS NOT NULL;

-- The first half of a log-in that needs a second factor.
CREATE TABLE challenge (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    account_id uuid NOT NULL REFERENCES account,
    device text NOT NULL CHECK (length(device) BETWEEN 1 AND 100),
    expires_at timestamptz NOT NULL
);
CREATE INDEX challenge_by_account ON challenge (account_id);
CREATE INDEX challenge_by_expiry ON challenge (expires_at);

-- One-time codes. The code itself stands nowhere: it is computed from the reference and a key that is not in the database.
CREATE TABLE code (
    reference uuid PRIMARY KEY,
    -- Null for an address that belongs to nobody: the row is kept so that this cannot be told from outside.
    account_id uuid REFERENCES account,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'verify_phone', 'log_in', 'reset_password')),
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    destination text NOT NULL,
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 5),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Used, or replaced by a newer one.
    used_at timestamptz
);
CREATE INDEX code_by_destination ON code (destination, created_at DESC);
CREATE INDEX code_by_account ON code (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX code_by_expiry ON code (expires_at);

-- Attempts to pass a check that have not succeeded: counted before the check, so that many at once gain nothing. By what is
-- attempted (`password:` and a hash of the address, whether or not it has an account; `mfa:` and an account).
CREATE TABLE attempt (
    subject text PRIMARY KEY,
    count integer NOT NULL CHECK (count > 0),
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX attempt_by_age ON attempt (last_at);

-- The second factor: RFC 6238.
CREATE TABLE totp (
    account_id uuid PRIMARY KEY REFERENCES account,
    -- The shared secret, encrypted (AES-256-GCM) under a key that is not in the database; the id of the key it derives from.
    sealed bytea NOT NULL,
    sealed_by text NOT NULL,
    confirmed_at timestamptz,
    -- The newest time step whose code was used: none is good twice.
    last_step bigint NOT NULL DEFAULT 0
);
CREATE INDEX totp_by_key ON totp (sealed_by);

CREATE TABLE backup_code (
    account_id uuid NOT NULL REFERENCES totp ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (account_id, code_hash)
);

-- What is kept of a person. The account itself (password, roles, sessions) is auth's, under the same id.

CREATE TABLE profile (
    user_id uuid PRIMARY KEY,
    -- Counts the changes of everything that is kept under this user: what events and the profile's ETag carry.
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    email_verified boolean NOT NULL DEFAULT false,
    phone text,
    -- Null until user.registered was heard. A row can be there before: queues keep no order, and a customer may save an
    -- address sooner than the event arrives.
    registered_at timestamptz,
    erased_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT profile_registered_has_email CHECK (registered_at IS NULL OR erased_at IS NOT NULL OR email <> ''),
    CONSTRAINT profile_erased_is_empty CHECK (erased_at IS NULL OR (name = '' AND email = '' AND phone IS NULL))
);

CREATE TABLE address (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    label text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    phone text NOT NULL CHECK (phone <> ''),
    line1 text NOT NULL CHECK (line1 <> ''),
    line2 text NOT NULL,
    landmark text NOT NULL,
    city text NOT NULL CHECK (city <> ''),
    state text NOT NULL CHECK (state ~ '^[0-9]{2}$'),
    pin_code text NOT NULL CHECK (pin_code ~ '^[1-9][0-9]{5}$'),
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX address_by_user ON address (user_id, created_at);
CREATE UNIQUE INDEX address_one_default ON address (user_id) WHERE is_default;

CREATE TABLE preference (
    user_id uuid PRIMARY KEY,
    locale text NOT NULL CHECK (locale IN ('en-IN', 'hi-IN', 'te-IN')),
    muted_channels text[] NOT NULL CHECK (muted_channels <@ ARRAY['email', 'sms', 'push']),
    -- Minutes after midnight in India.
    quiet_from smallint CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to smallint CHECK (quiet_to BETWEEN 0 AND 1439),
    CONSTRAINT preference_quiet_is_a_span CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from <> quiet_to)
);

CREATE TABLE wish (
    user_id uuid NOT NULL,
    product_id uuid NOT NULL,
    variant_id uuid,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, product_id)
);
CREATE INDEX wish_newest ON wish (user_id, added_at DESC, product_id DESC);

-- What was agreed to and taken back, and when: the proof of it, which outlives an erasure (it names nobody but an id). The
-- newest row of a kind is how it stands.
CREATE TABLE consent_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL,
    consent text NOT NULL CHECK (consent IN ('marketing', 'personalisation')),
    granted boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX consent_change_by_user ON consent_change (user_id, consent, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER consent_change_append_only BEFORE UPDATE OR DELETE ON consent_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Requests to be forgotten, and which services have done so.
CREATE TABLE erasure (
    user_id uuid PRIMARY KEY,
    requested_at timestamptz NOT NULL,
    completed_at timestamptz
);
CREATE TABLE erasure_part (
    user_id uuid NOT NULL REFERENCES erasure,
    service text NOT NULL,
    completed_at timestamptz,
    PRIMARY KEY (user_id, service)
);

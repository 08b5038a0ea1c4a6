-- Messages to customers, and to staff: what is to be told, on which channel, and whether it was.

-- One row for each outlet of each thing that is told. `data` holds what the event says, never a one-time code, an address,
-- a name: those are asked for when the message is sent.
CREATE TABLE notification (
    id uuid PRIMARY KEY,
    event_id uuid NOT NULL,
    -- Null for staff: the kind says which of their desks, and the configuration where it is.
    user_id uuid,
    outlet text NOT NULL CHECK (outlet IN ('inbox', 'email', 'sms', 'push')),
    kind text NOT NULL,
    -- The order, return or cart that it is about: a later message about the same may make an earlier one stale.
    about uuid,
    -- By which the code is asked for when the message is sent.
    code_reference uuid,
    data jsonb NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'skipped', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When it may be tried (again). A worker that takes it moves this to the end of its lease.
    next_attempt_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- What the customer reads in the inbox: of the outlet 'inbox' only, once it is there.
    title text,
    body text,
    read_at timestamptz,
    CONSTRAINT notification_once UNIQUE NULLS NOT DISTINCT (event_id, user_id, outlet),
    CONSTRAINT notification_to_staff_is_mail CHECK (user_id IS NOT NULL OR outlet = 'email'),
    CONSTRAINT notification_finished CHECK ((status = 'queued') = (finished_at IS NULL)),
    CONSTRAINT notification_text_is_the_inboxes CHECK (outlet = 'inbox' OR (title IS NULL AND body IS NULL AND read_at IS NULL))
);
CREATE INDEX notification_due ON notification (next_attempt_at) WHERE status = 'queued';
CREATE INDEX notification_by_age ON notification (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX notification_about ON notification (about, kind) WHERE about IS NOT NULL;
CREATE INDEX notification_by_user ON notification (user_id, created_at DESC, id DESC);
CREATE INDEX notification_inbox ON notification (user_id, created_at DESC, id DESC) WHERE outlet = 'inbox' AND status = 'sent';
CREATE INDEX notification_unread ON notification (user_id) WHERE outlet = 'inbox' AND status = 'sent' AND read_at IS NULL;

-- Every try to send, and what came of it.
CREATE TABLE delivery_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification_id uuid NOT NULL REFERENCES notification ON DELETE CASCADE,
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('sent', 'postponed', 'skipped', 'retry', 'failed')),
    -- Why, without personal data: a server's own words may repeat an address, so only its code is kept.
    reason text NOT NULL
);
CREATE INDEX delivery_attempt_by_notification ON delivery_attempt (notification_id, id);

-- Customers who were forgotten: an event about one may still come.
CREATE TABLE erased_customer (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);

-- Messages on a developer's machine, where no mail server is: kept instead of sent, codes and all. Empty everywhere else.
CREATE TABLE local_message (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL REFERENCES notification ON DELETE CASCADE,
    outlet text NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text,
    created_at timestamptz NOT NULL
);
CREATE INDEX local_message_newest ON local_message (created_at DESC, id DESC);
CREATE INDEX local_message_by_recipient ON local_message (recipient, created_at DESC, id DESC);

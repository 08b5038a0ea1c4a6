-- What every service's database has beside the service's own tables.

-- Events that wait to be published. A row is written in the transaction of the change that it tells of, and deleted once the
-- stream has accepted it; `position` is the order in which one aggregate's events are published.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    stream text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    version bigint NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    traceparent text,
    tracestate text,
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now()
);

-- Events whose effect is done: a row is written in the transaction of the effect.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_by_age ON inbox (done_at);

-- First answers to requests that a client may repeat. A row is written in the transaction of the effect.
CREATE TABLE idempotency_key (
    owner text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    -- Null only inside the transaction that writes it.
    status smallint,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);

-- Events read straight from a stream whose effect failed again and again: put aside, so that the stream goes on.
CREATE TABLE parked_event (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    event jsonb NOT NULL,
    attempts integer NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now()
);

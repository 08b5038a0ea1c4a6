-- What a customer is to pay for one order, and what came and went of it. All amounts are paise.
CREATE TABLE intent (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT intent_order_key UNIQUE,
    order_number text NOT NULL,
    customer_id uuid NOT NULL,
    -- Null if the order was cancelled before its payment was opened.
    method text CHECK (method IN ('upi', 'card', 'net_banking', 'cash_on_delivery')),
    status text NOT NULL CHECK (status IN ('open', 'paid', 'cash_due', 'cancelled')),
    amount_paise bigint NOT NULL CHECK (amount_paise >= 0),
    -- Everything that was taken: the succeeded attempts and the cash.
    captured_paise bigint NOT NULL DEFAULT 0 CHECK (captured_paise >= 0),
    cash_paise bigint NOT NULL DEFAULT 0 CHECK (cash_paise BETWEEN 0 AND captured_paise),
    -- Held for refunds that are under way.
    refunding_paise bigint NOT NULL DEFAULT 0 CHECK (refunding_paise >= 0),
    refunded_paise bigint NOT NULL DEFAULT 0 CHECK (refunded_paise >= 0),
    expires_at timestamptz,
    -- When the carrier handed the cash over.
    remitted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT intent_refund_limit CHECK (refunded_paise + refunding_paise <= captured_paise)
);
CREATE INDEX intent_by_customer ON intent (customer_id);

-- One try to pay. Written before the provider is asked, so that its answer may get lost.
CREATE TABLE attempt (
    id uuid PRIMARY KEY,
    intent_id uuid NOT NULL REFERENCES intent,
    idempotency_key text NOT NULL,
    -- SHA-256 of the request: a repeat with the same key must ask for the same.
    fingerprint bytea NOT NULL,
    provider text NOT NULL,
    method text NOT NULL CHECK (method IN ('upi', 'card', 'net_banking')),
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    status text NOT NULL CHECK (status IN ('created', 'unknown', 'pending', 'authorized', 'succeeded', 'failed')),
    -- The provider's names for what it opened, and for the payment that was made.
    provider_reference text,
    provider_payment_id text,
    action text NOT NULL DEFAULT 'none' CHECK (action IN ('none', 'redirect', 'upi_collect')),
    action_url text,
    failure_reason text,
    -- What of it went back or is on its way back.
    refund_held_paise bigint NOT NULL DEFAULT 0 CHECK (refund_held_paise BETWEEN 0 AND amount_paise),
    -- The provider's token, to be kept as a saved method if the payment succeeds.
    token_to_save text,
    -- When the provider is asked next; null once it is decided.
    poll_at timestamptz,
    polls integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT attempt_key UNIQUE (intent_id, idempotency_key),
    CONSTRAINT attempt_refunds_need_money CHECK (status = 'succeeded' OR refund_held_paise = 0)
);
CREATE UNIQUE INDEX attempt_one_undecided ON attempt (intent_id)
    WHERE status IN ('created', 'unknown', 'pending', 'authorized');
CREATE UNIQUE INDEX attempt_by_reference ON attempt (provider, provider_reference);
CREATE INDEX attempt_to_poll ON attempt (poll_at) WHERE poll_at IS NOT NULL;

-- Money on its way back. Its id is the key by which the provider recognises a repeat.
CREATE TABLE refund (
    id uuid PRIMARY KEY,
    intent_id uuid NOT NULL REFERENCES intent,
    -- Which payment it goes back to; null for cash, which is paid out.
    attempt_id uuid REFERENCES attempt,
    -- What it is for: the same cause never makes two refunds.
    cause text NOT NULL CONSTRAINT refund_cause_key UNIQUE,
    return_id uuid CONSTRAINT refund_return_key UNIQUE,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    reason text NOT NULL,
    -- The member of staff who asked for it.
    requested_by uuid,
    state text NOT NULL CHECK (state IN ('requested', 'succeeded', 'failed')),
    provider_refund_id text,
    failure_reason text,
    -- When the provider is asked (again); null once it is decided.
    due_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz
);
CREATE INDEX refund_by_intent ON refund (intent_id);
CREATE INDEX refund_by_attempt ON refund (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX refund_due ON refund (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX refund_by_providers_id ON refund (provider_refund_id);

-- What providers told us, byte for byte: kept before anything is made of it, and for PAYMENT_WEBHOOK_MEMORY.
CREATE TABLE webhook (
    provider text NOT NULL,
    event_id text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    -- Why nothing could be made of it (yet).
    problem text,
    -- When it is tried again; null once it is applied or given to a person.
    due_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_due ON webhook (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_by_age ON webhook (received_at) WHERE due_at IS NULL;
CREATE INDEX webhook_unapplied ON webhook (received_at) WHERE applied_at IS NULL;

-- Cards that a customer lets us use again: the provider's token, never a number.
CREATE TABLE saved_method (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    provider text NOT NULL,
    token text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT saved_method_once UNIQUE (customer_id, provider, token)
);

-- The sandbox provider's own books. Nothing of the payment service refers to them: it is another system that happens to live
-- here, and only where there is no real one.
CREATE TABLE sandbox_payment (
    id text PRIMARY KEY,
    -- The merchant's name for it: repeating a creation finds it.
    reference uuid NOT NULL UNIQUE,
    order_id uuid NOT NULL,
    order_number text NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    method text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'authorized', 'captured', 'failed')),
    -- What it becomes, and when: time passes without anybody writing.
    next_status text CHECK (next_status IN ('authorized', 'captured', 'failed')),
    next_at timestamptz,
    failure text,
    created_at timestamptz NOT NULL,
    -- The merchant's window for paying.
    pay_until timestamptz NOT NULL,
    CONSTRAINT sandbox_next CHECK ((next_status IS NULL) = (next_at IS NULL))
);

CREATE TABLE sandbox_refund (
    id text PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    -- Null for a payout.
    payment_id text REFERENCES sandbox_payment,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    status text NOT NULL CHECK (status IN ('pending', 'succeeded')),
    asked integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);
CREATE INDEX sandbox_refund_by_payment ON sandbox_refund (payment_id);

-- Webhooks that wait to be delivered.
CREATE TABLE sandbox_webhook (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id text NOT NULL,
    body text NOT NULL,
    deliver_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0
);
CREATE INDEX sandbox_webhook_due ON sandbox_webhook (deliver_at, position);

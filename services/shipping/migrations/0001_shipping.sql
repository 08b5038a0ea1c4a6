-- The rate card: small, read whole ---------------------------------------------------------------------------------------

-- One row, whose version counts the edits of the whole card: two edits at once meet here.
CREATE TABLE rate_card (
    the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    version bigint NOT NULL DEFAULT 0
);
INSERT INTO rate_card DEFAULT VALUES;

CREATE TABLE zone (
    code text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9-]{0,39}$'),
    name text NOT NULL,
    everywhere_else boolean NOT NULL,
    -- Zero: no cash on delivery.
    cash_on_delivery_limit_paise bigint NOT NULL CHECK (cash_on_delivery_limit_paise >= 0)
);
CREATE UNIQUE INDEX zone_everywhere_else_key ON zone (everywhere_else) WHERE everywhere_else;

-- The primary keys are what makes every PIN code resolve to one zone only: of the prefixes of a PIN code each is there once,
-- and the longest counts.
CREATE TABLE zone_prefix (
    prefix text CONSTRAINT zone_prefix_pkey PRIMARY KEY CHECK (prefix ~ '^[1-9][0-9]{0,5}$'),
    zone text NOT NULL REFERENCES zone
);
CREATE TABLE zone_state (
    state text CONSTRAINT zone_state_pkey PRIMARY KEY,
    zone text NOT NULL REFERENCES zone
);

CREATE TABLE method (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT method_code_key UNIQUE,
    name text NOT NULL
);

CREATE TABLE rate (
    zone text NOT NULL CONSTRAINT rate_zone_fkey REFERENCES zone,
    method text NOT NULL CONSTRAINT rate_method_fkey REFERENCES method (code),
    min_days smallint NOT NULL CHECK (min_days > 0),
    max_days smallint NOT NULL CHECK (max_days >= min_days),
    free_from_paise bigint CHECK (free_from_paise >= 0),
    -- Side by side: up to so many grams it costs so much.
    slab_grams integer[] NOT NULL CHECK (0 < ALL (slab_grams)),
    slab_charges_paise bigint[] NOT NULL CHECK (0 <= ALL (slab_charges_paise)),
    PRIMARY KEY (zone, method),
    CHECK (cardinality(slab_grams) > 0 AND cardinality(slab_grams) = cardinality(slab_charges_paise))
);

CREATE TABLE block (
    prefix text PRIMARY KEY CHECK (prefix ~ '^[1-9][0-9]{0,5}$'),
    -- Nothing at all can be sent; otherwise only cash on delivery is blocked.
    delivery boolean NOT NULL,
    reason text NOT NULL
);

-- Parcels ----------------------------------------------------------------------------------------------------------------

-- What was heard of an order. `order.confirmed` and `order.cancelled` may come in either order, or at once: both write this
-- row first, so that one sees the other.
CREATE TABLE heard_order (
    order_id uuid PRIMARY KEY,
    cancelled boolean NOT NULL
);

CREATE TABLE shipment (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    order_number text NOT NULL,
    return_id uuid CONSTRAINT shipment_return_id_key UNIQUE,
    customer_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
    status text NOT NULL CHECK (status IN ('created', 'packed', 'picked_up', 'in_transit', 'out_for_delivery', 'delivered',
                                           'exception', 'returning', 'returned', 'cancelled')),
    -- When it came to be there, by the clock of whoever said so.
    status_at timestamptz NOT NULL,
    -- Counts what others were told of.
    version bigint NOT NULL DEFAULT 0,
    -- Null once the customer was forgotten.
    address jsonb,
    erase_address boolean NOT NULL DEFAULT false,
    weight_grams integer NOT NULL CHECK (weight_grams >= 0),
    cash_to_collect_paise bigint NOT NULL CHECK (cash_to_collect_paise >= 0),
    promised_to date,
    carrier text NOT NULL,
    tracking_number text,
    created_at timestamptz NOT NULL,
    -- Work for the jobs, each claimed by moving its time into the future: if the process dies, the time comes again.
    booking_due_at timestamptz,
    booking_attempts integer NOT NULL DEFAULT 0,
    booking_error text,
    turn_back_due_at timestamptz,
    follow_up_due_at timestamptz,
    CONSTRAINT shipment_tracking_number_key UNIQUE (tracking_number, carrier),
    CHECK ((direction = 'inbound') = (return_id IS NOT NULL)),
    CHECK (tracking_number IS NULL OR booking_due_at IS NULL)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX shipment_order_id_key ON shipment (order_id) WHERE direction = 'outbound';
CREATE INDEX shipment_by_order ON shipment (order_id);
CREATE INDEX shipment_by_customer ON shipment (customer_id);
CREATE INDEX shipment_by_status ON shipment (status, id DESC);
CREATE INDEX shipment_by_booking ON shipment (booking_due_at) WHERE booking_due_at IS NOT NULL;
CREATE INDEX shipment_by_turning_back ON shipment (turn_back_due_at) WHERE turn_back_due_at IS NOT NULL;
CREATE INDEX shipment_by_follow_up ON shipment (follow_up_due_at) WHERE follow_up_due_at IS NOT NULL;

-- What carriers, and our own staff, said of parcels. A carrier may speak of a parcel before we know that it has it: such news
-- waits here without a shipment.
CREATE TABLE tracking_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    carrier text NOT NULL,
    -- The carrier's own: by it a repeat is recognised.
    carrier_event_id text NOT NULL,
    tracking_number text NOT NULL,
    shipment_id uuid REFERENCES shipment,
    status text NOT NULL,
    at timestamptz NOT NULL,
    description text NOT NULL,
    location text NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT tracking_event_key UNIQUE (carrier, carrier_event_id)
);
CREATE INDEX tracking_event_by_shipment ON tracking_event (shipment_id, at);
CREATE INDEX tracking_event_waiting ON tracking_event (carrier, tracking_number) WHERE shipment_id IS NULL;

-- The sandbox carrier's own books: it stands for another company, and nothing else reads them ------------------------------

CREATE TABLE sandbox_parcel (
    tracking_number text PRIMARY KEY,
    -- The shipment's id: a booking that is repeated finds the first.
    reference uuid NOT NULL CONSTRAINT sandbox_parcel_reference_key UNIQUE,
    status text NOT NULL,
    -- When it moves by itself; null if only on request.
    next_step_at timestamptz
);
CREATE INDEX sandbox_parcel_by_step ON sandbox_parcel (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE TABLE sandbox_event (
    id uuid PRIMARY KEY,
    tracking_number text NOT NULL REFERENCES sandbox_parcel,
    status text NOT NULL,
    at timestamptz NOT NULL,
    description text NOT NULL,
    location text NOT NULL
);
CREATE INDEX sandbox_event_by_parcel ON sandbox_event (tracking_number, at);

-- Webhooks that have not been accepted yet.
CREATE TABLE sandbox_webhook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX sandbox_webhook_by_due ON sandbox_webhook (due_at, id);

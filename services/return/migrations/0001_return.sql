-- How many pieces of an order's line are asked back or have come back. `claimed` is what the open returns ask for and the others
-- brought: one conditional statement raises it, so that requests at once cannot ask for more than was ordered.
CREATE TABLE returnable_line (
    order_line_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    ordered integer NOT NULL CHECK (ordered > 0),
    -- For the whole line, GST included.
    paid_paise bigint NOT NULL CHECK (paid_paise >= 0),
    claimed integer NOT NULL,
    -- Pieces that came back and are refunded.
    accepted integer NOT NULL DEFAULT 0,
    CHECK (0 <= accepted AND accepted <= claimed AND claimed <= ordered)
) WITH (fillfactor = 80);

CREATE TABLE customer_return (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    order_number text NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'received', 'refund_due', 'closed', 'cancelled')),
    version bigint NOT NULL DEFAULT 1,
    rejection_reason text,
    -- Where the parcel is fetched; null once the customer was forgotten.
    address jsonb,
    erase_address boolean NOT NULL DEFAULT false,
    weight_grams integer NOT NULL CHECK (weight_grams >= 0),
    carrier text,
    tracking_number text,
    -- Work for the job, claimed by moving the time into the future; null if no pick-up is to be booked.
    pickup_due_at timestamptz,
    pickup_attempts integer NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    refund_due_at timestamptz,
    CHECK ((status = 'rejected') = (rejection_reason IS NOT NULL)),
    CHECK ((carrier IS NULL) = (tracking_number IS NULL)),
    CHECK (pickup_due_at IS NULL OR status = 'approved')
) WITH (fillfactor = 80);
CREATE INDEX customer_return_by_customer ON customer_return (customer_id, id DESC);
CREATE INDEX customer_return_by_status ON customer_return (status, id DESC);
CREATE INDEX customer_return_by_order ON customer_return (order_id);
CREATE INDEX customer_return_by_pickup ON customer_return (pickup_due_at) WHERE pickup_due_at IS NOT NULL;

CREATE TABLE return_line (
    id uuid PRIMARY KEY,
    return_id uuid NOT NULL REFERENCES customer_return,
    position smallint NOT NULL,
    order_line_id uuid NOT NULL REFERENCES returnable_line,
    variant_id uuid NOT NULL,
    title text NOT NULL,
    options text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    reason text NOT NULL,
    comment text NOT NULL,
    photo_url text,
    -- Null until it was looked at.
    accepted integer CHECK (accepted BETWEEN 0 AND quantity),
    restock integer CHECK (restock BETWEEN 0 AND accepted),
    note text,
    refund_paise bigint CHECK (refund_paise >= 0),
    CONSTRAINT return_line_once UNIQUE (return_id, order_line_id),
    CHECK ((accepted IS NULL) = (restock IS NULL) AND (accepted IS NULL) = (refund_paise IS NULL)
           AND (accepted IS NULL) = (note IS NULL))
);
CREATE INDEX return_line_by_order_line ON return_line (order_line_id);

-- What happened to each return, for ever.
CREATE TABLE return_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    return_id uuid NOT NULL REFERENCES customer_return,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    -- The member of staff; null if it was the customer, or nobody.
    actor_id uuid
);
CREATE INDEX return_entry_by_return ON return_entry (return_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER return_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON return_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Orders, their documents, and the checkouts that make them.

-- A checkout in progress or just done: what makes `POST /orders` safe to repeat and a crash in its middle harmless.
--   begun     -> nothing of it is an order yet; stock and a coupon's use may be set aside under order_id
--   placed    -> the order is stored; its payment may not be
--   answered  -> done; `answer` is what a repeat gets
--   undoing   -> it failed; what was set aside goes back
--   failed    -> undone; its key may be used again, its order_id never
CREATE TABLE checkout (
    order_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    -- SHA-256 of the request.
    fingerprint bytea NOT NULL,
    step text NOT NULL CHECK (step IN ('begun', 'placed', 'answered', 'undoing', 'failed')),
    -- Until then somebody works on it; afterwards anybody may take it over.
    lease_until timestamptz NOT NULL,
    answer bytea,
    begun_at timestamptz NOT NULL,
    CHECK ((step = 'answered') = (answer IS NOT NULL))
);
CREATE UNIQUE INDEX checkout_key ON checkout (customer_id, idempotency_key) WHERE step <> 'failed';
CREATE INDEX checkout_unfinished ON checkout (lease_until) WHERE step IN ('begun', 'placed', 'undoing');
CREATE INDEX checkout_by_age ON checkout (begun_at);

CREATE SEQUENCE order_number;

CREATE TABLE customer_order (
    id uuid PRIMARY KEY,
    number text NOT NULL CONSTRAINT customer_order_number_key UNIQUE,
    customer_id uuid NOT NULL,
    status text NOT NULL
        CHECK (status IN ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled')),
    -- Counts the order's changes from 1: the version of its events and its ETag.
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    cancel_reason text CHECK (cancel_reason IN
        ('customer', 'staff', 'payment_expired', 'out_of_stock', 'undelivered', 'checkout_failed')),

    cart_id uuid,
    coupon_code text,
    notes text,
    address jsonb NOT NULL,
    place_of_supply text NOT NULL CHECK (place_of_supply ~ '^[0-9]{2}$'),

    shipping_method_id uuid NOT NULL,
    shipping_method text NOT NULL,
    promised_from date NOT NULL,
    promised_to date NOT NULL,
    weight_grams integer NOT NULL CHECK (weight_grams >= 0),
    shipping_charge_paise bigint NOT NULL CHECK (shipping_charge_paise >= 0),
    shipping_discount_paise bigint NOT NULL CHECK (shipping_discount_paise BETWEEN 0 AND shipping_charge_paise),
    -- Delivery takes the HSN and rate of the goods that it belongs to.
    shipping_hsn text NOT NULL,
    shipping_gst_rate integer NOT NULL CHECK (shipping_gst_rate BETWEEN 0 AND 10000),
    shipping_taxable_paise bigint NOT NULL CHECK (shipping_taxable_paise >= 0),
    shipping_cgst_paise bigint NOT NULL CHECK (shipping_cgst_paise >= 0),
    shipping_sgst_paise bigint NOT NULL CHECK (shipping_sgst_paise >= 0),
    shipping_igst_paise bigint NOT NULL CHECK (shipping_igst_paise >= 0),

    -- Lines and shipping, GST included: what is to be paid.
    total_paise bigint NOT NULL CHECK (total_paise >= 0),
    payment_method text NOT NULL CHECK (payment_method IN ('upi', 'card', 'net_banking', 'cash_on_delivery')),
    intent_id uuid,
    expires_at timestamptz NOT NULL,
    paid_at timestamptz,
    refunded_paise bigint NOT NULL DEFAULT 0 CHECK (refunded_paise >= 0),
    -- While it is pending: when a worker has to see to it. Its expiry; now, once it is paid; the end of the worker's lease.
    settle_after timestamptz NOT NULL,

    shipment_id uuid,
    carrier text,
    tracking_number text,

    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,

    CHECK (shipping_taxable_paise + shipping_cgst_paise + shipping_sgst_paise + shipping_igst_paise
           = shipping_charge_paise - shipping_discount_paise),
    CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
    CHECK (status IN ('pending', 'cancelled') OR confirmed_at IS NOT NULL)
);
CREATE INDEX customer_order_by_customer ON customer_order (customer_id, created_at, id);
CREATE INDEX customer_order_by_status ON customer_order (status, created_at, id);
CREATE INDEX customer_order_by_age ON customer_order (created_at, id);
CREATE INDEX customer_order_to_settle ON customer_order (settle_after) WHERE status = 'pending';

-- A line as it was when it was ordered. Only `credited_paise` ever changes.
CREATE TABLE order_line (
    order_id uuid NOT NULL REFERENCES customer_order,
    position smallint NOT NULL CHECK (position > 0),
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    category_ids uuid[] NOT NULL,
    sku text NOT NULL,
    title text NOT NULL,
    options text NOT NULL,
    image text,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price_paise bigint NOT NULL CHECK (unit_price_paise >= 0),
    mrp_paise bigint NOT NULL CHECK (mrp_paise >= 0),
    discount_paise bigint NOT NULL CHECK (discount_paise >= 0),
    -- After the discount, GST included.
    total_paise bigint NOT NULL CHECK (total_paise >= 0),
    hsn text NOT NULL,
    gst_rate integer NOT NULL CHECK (gst_rate BETWEEN 0 AND 10000),
    taxable_paise bigint NOT NULL CHECK (taxable_paise >= 0),
    cgst_paise bigint NOT NULL CHECK (cgst_paise >= 0),
    sgst_paise bigint NOT NULL CHECK (sgst_paise = cgst_paise),
    igst_paise bigint NOT NULL CHECK (igst_paise >= 0),
    weight_grams integer NOT NULL CHECK (weight_grams >= 0),
    return_days smallint NOT NULL CHECK (return_days >= 0),
    -- What credit notes have taken back of `total_paise`.
    credited_paise bigint NOT NULL DEFAULT 0 CHECK (credited_paise BETWEEN 0 AND total_paise),
    PRIMARY KEY (order_id, position),
    CHECK (total_paise = unit_price_paise * quantity - discount_paise),
    CHECK (taxable_paise + cgst_paise + sgst_paise + igst_paise = total_paise)
);

-- What happened to an order. `status` is the order's from then on.
CREATE TABLE order_history (
    order_id uuid NOT NULL REFERENCES customer_order,
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    actor text NOT NULL CHECK (actor IN ('customer', 'staff', 'system')),
    actor_id uuid,
    -- Never personal data: this table keeps its rows for good.
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (order_id, position)
);

-- What people wrote about an order. May hold personal data, and is erased with it.
CREATE TABLE order_note (
    order_id uuid NOT NULL REFERENCES customer_order,
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    author_id uuid NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- The last serial number of each series in each financial year ('2627' is April 2026 to March 2027). A document takes the
-- next one in its own transaction, whose end the next document waits for: no gap, whatever is rolled back.
CREATE TABLE document_counter (
    series text NOT NULL,
    financial_year text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (series, financial_year)
) WITH (fillfactor = 10);

-- At most 16 characters (CGST Rules 2017, rule 46 (b)): INV2627/00000001. Its lines are the order's.
CREATE TABLE invoice (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE REFERENCES customer_order,
    series text NOT NULL,
    financial_year text NOT NULL CHECK (financial_year ~ '^[0-9]{4}$'),
    serial bigint NOT NULL CHECK (serial BETWEEN 1 AND 99999999),
    number text NOT NULL GENERATED ALWAYS AS (series || financial_year || '/' || lpad(serial::text, 8, '0')) STORED
        CHECK (length(number) <= 16),
    issued_at timestamptz NOT NULL,
    seller jsonb NOT NULL,
    total_paise bigint NOT NULL CHECK (total_paise >= 0),
    UNIQUE (series, financial_year, serial)
);

CREATE TABLE credit_note (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES customer_order,
    invoice_id uuid NOT NULL REFERENCES invoice,
    -- Null for a cancellation.
    return_id uuid CONSTRAINT credit_note_return_key UNIQUE,
    series text NOT NULL,
    financial_year text NOT NULL CHECK (financial_year ~ '^[0-9]{4}$'),
    serial bigint NOT NULL CHECK (serial BETWEEN 1 AND 99999999),
    number text NOT NULL GENERATED ALWAYS AS (series || financial_year || '/' || lpad(serial::text, 8, '0')) STORED
        CHECK (length(number) <= 16),
    issued_at timestamptz NOT NULL,
    total_paise bigint NOT NULL CHECK (total_paise > 0),
    UNIQUE (series, financial_year, serial)
);
CREATE INDEX credit_note_by_order ON credit_note (order_id);
CREATE UNIQUE INDEX credit_note_cancellation_key ON credit_note (order_id) WHERE return_id IS NULL;

CREATE TABLE credit_note_line (
    credit_note_id uuid NOT NULL REFERENCES credit_note,
    -- 0 is the delivery charge, otherwise the order line's.
    position smallint NOT NULL CHECK (position >= 0),
    quantity integer NOT NULL CHECK (quantity > 0),
    total_paise bigint NOT NULL CHECK (total_paise > 0),
    taxable_paise bigint NOT NULL,
    cgst_paise bigint NOT NULL CHECK (cgst_paise >= 0),
    sgst_paise bigint NOT NULL CHECK (sgst_paise = cgst_paise),
    igst_paise bigint NOT NULL CHECK (igst_paise >= 0),
    PRIMARY KEY (credit_note_id, position),
    CHECK (taxable_paise + cgst_paise + sgst_paise + igst_paise = total_paise)
);

CREATE INDEX invoice_by_age ON invoice (issued_at);
CREATE INDEX credit_note_by_age ON credit_note (issued_at);

-- Midnight in India, so many months after a day.
CREATE FUNCTION india_day(day text, months integer DEFAULT 0) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (day::date + make_interval(months => months)) AT TIME ZONE interval '5 hours 30 minutes';

-- Every line of every document as a GST return needs it; a credit note's has the sign -1. A large one is of an invoice to another
-- state of more than Rs 1,00,000 (Notification No. 12/2024-Central Tax, from August 2024 on), which is told of by itself.
CREATE VIEW gst_line AS
    WITH invoiced AS (
        SELECT i.id AS invoice_id, i.number, i.issued_at, i.total_paise, o.id AS order_id, o.place_of_supply AS place,
               o.place_of_supply <> left(i.seller ->> 'gstin', 2) AS between_states,
               o.place_of_supply <> left(i.seller ->> 'gstin', 2) AND i.total_paise > 10000000 AS large,
               o.shipping_hsn, o.shipping_gst_rate, o.shipping_taxable_paise, o.shipping_cgst_paise,
               o.shipping_sgst_paise, o.shipping_igst_paise
        FROM invoice i JOIN customer_order o ON o.id = i.order_id
    )
    SELECT i.number, i.issued_at, 1 AS sign, i.place, i.between_states, i.large, i.total_paise, l.hsn, l.gst_rate AS rate,
           l.quantity, l.taxable_paise, l.cgst_paise, l.sgst_paise, l.igst_paise
    FROM invoiced i JOIN order_line l USING (order_id)
  UNION ALL
    -- A delivery is no piece.
    SELECT number, issued_at, 1, place, between_states, large, total_paise, shipping_hsn, shipping_gst_rate, 0,
           shipping_taxable_paise, shipping_cgst_paise, shipping_sgst_paise, shipping_igst_paise
    FROM invoiced WHERE shipping_taxable_paise > 0
  UNION ALL
    SELECT n.number, n.issued_at, -1, i.place, i.between_states, i.large, n.total_paise, coalesce(l.hsn, i.shipping_hsn),
           coalesce(l.gst_rate, i.shipping_gst_rate), CASE WHEN c.position = 0 THEN 0 ELSE c.quantity END,
           c.taxable_paise, c.cgst_paise, c.sgst_paise, c.igst_paise
    FROM credit_note n
    JOIN invoiced i ON i.invoice_id = n.invoice_id
    JOIN credit_note_line c ON c.credit_note_id = n.id
    LEFT JOIN order_line l ON l.order_id = i.order_id AND l.position = c.position;

-- Customers who want to be forgotten, until they are.
CREATE TABLE erasure (
    customer_id uuid PRIMARY KEY,
    requested_at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX erasure_to_do ON erasure (requested_at) WHERE done_at IS NULL;

-- History and documents are written once.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON order_history FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON credit_note FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON credit_note_line FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Typo tolerance of the search.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The catalogue -------------------------------------------------------------------------------------------------------

CREATE TABLE category (
    id uuid PRIMARY KEY,
    parent_id uuid CONSTRAINT category_parent_id_fkey REFERENCES category,
    slug text NOT NULL CONSTRAINT category_slug_key UNIQUE,
    name text NOT NULL,
    -- Itself and all above it, the nearest first. A category keeps its place, so this never changes.
    lineage uuid[] NOT NULL,
    position integer NOT NULL DEFAULT 0,
    CHECK (lineage[1] = id)
);

-- Codes of the Harmonised System of Nomenclature that are sold here.
CREATE TABLE hsn (
    code text CONSTRAINT hsn_pkey PRIMARY KEY CHECK (code ~ '^[0-9]{4,8}$'),
    description text NOT NULL,
    -- Counts the edits of the code and of its rates.
    version bigint NOT NULL DEFAULT 1
);

-- GST rates. Of the rates whose day has come, the newest day counts; on it, the one with the highest `above_paise` that the
-- GST-inclusive price of a piece exceeds (apparel and footwear are taxed by their price).
CREATE TABLE hsn_rate (
    hsn text NOT NULL CONSTRAINT hsn_rate_hsn_fkey REFERENCES hsn,
    effective_from date NOT NULL,
    above_paise bigint NOT NULL DEFAULT 0 CHECK (above_paise >= 0),
    rate_basis_points integer NOT NULL CHECK (rate_basis_points BETWEEN 0 AND 10000),
    PRIMARY KEY (hsn, effective_from, above_paise)
);

-- The rate of a piece at that price at that time (a day begins at midnight in India); null if there is none.
CREATE FUNCTION gst_rate(code text, price_paise bigint, at timestamptz) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        SELECT r.rate_basis_points FROM hsn_rate r
        WHERE r.hsn = code AND r.effective_from <= (at AT TIME ZONE interval '5 hours 30 minutes')::date
            AND r.above_paise < price_paise
        ORDER BY r.effective_from DESC, r.above_paise DESC
        LIMIT 1
    );

CREATE TABLE product (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT product_slug_key UNIQUE,
    title text NOT NULL,
    brand text NOT NULL,
    description text NOT NULL,
    category_id uuid NOT NULL CONSTRAINT product_category_id_fkey REFERENCES category,
    -- The category's.
    lineage uuid[] NOT NULL,
    -- What it is found by beside title, brand and description: its categories' names.
    keywords text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    hsn text NOT NULL CONSTRAINT product_hsn_fkey REFERENCES hsn,
    return_days smallint NOT NULL CHECK (return_days BETWEEN 0 AND 365),
    -- The names of the choices: {Colour,Size}.
    options text[] NOT NULL DEFAULT '{}',
    -- Counts the edits of the product and of its variants.
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,

    rating_sum bigint NOT NULL DEFAULT 0 CHECK (rating_sum >= 0),
    rating_count integer NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    -- 435 is 4.35 stars.
    rating_hundredths integer NOT NULL GENERATED ALWAYS AS
        (CASE WHEN rating_count = 0 THEN 0 ELSE rating_sum * 100 / rating_count END) STORED,

    -- What a list shows, kept beside the product so that a list reads nothing else. The price is the cheapest active variant's,
    -- and null if there is none.
    price_paise bigint,
    mrp_paise bigint,
    image text,
    in_stock boolean NOT NULL DEFAULT false,
    -- The transaction that last changed what a list shows. Whoever changes that sets it to its default.
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
    listed boolean NOT NULL GENERATED ALWAYS AS (status = 'active' AND price_paise IS NOT NULL) STORED,

    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', brand || ' ' || keywords), 'B')
        || setweight(to_tsvector('english', description), 'D')
    ) STORED
) WITH (fillfactor = 90);

CREATE INDEX product_by_change ON product (changed);
CREATE INDEX product_by_word ON product USING gin (search) WHERE listed;

-- Every word that a product is found by: a word of a query that is not here is replaced by the nearest that is.
CREATE TABLE search_word (word text PRIMARY KEY);
CREATE INDEX search_word_by_trigram ON search_word USING gin (word gin_trgm_ops);

CREATE TABLE media (
    product_id uuid NOT NULL REFERENCES product,
    position smallint NOT NULL,
    url text NOT NULL,
    alt text NOT NULL,
    PRIMARY KEY (product_id, position)
);

CREATE TABLE variant (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL CONSTRAINT variant_product_id_fkey REFERENCES product,
    sku text NOT NULL CONSTRAINT variant_sku_key UNIQUE,
    -- One choice for each of the product's options: {Blue,XL}.
    options text[] NOT NULL DEFAULT '{}',
    price_paise bigint NOT NULL CHECK (price_paise > 0),
    mrp_paise bigint NOT NULL,
    weight_grams integer NOT NULL CHECK (weight_grams > 0),
    max_per_order integer NOT NULL CHECK (max_per_order > 0),
    -- When so few are left, somebody is told.
    low_at integer NOT NULL CHECK (low_at >= 0),
    active boolean NOT NULL DEFAULT true,
    position smallint NOT NULL DEFAULT 0,
    CONSTRAINT variant_price_within_mrp CHECK (price_paise <= mrp_paise),
    CONSTRAINT variant_options_key UNIQUE (product_id, options)
);

CREATE TABLE review (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL CONSTRAINT review_product_id_fkey REFERENCES product,
    customer_id uuid NOT NULL,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT review_by_customer_key UNIQUE (product_id, customer_id)
);
CREATE INDEX review_by_age ON review (product_id, created_at DESC, id DESC);

-- The stock -----------------------------------------------------------------------------------------------------------

CREATE TABLE location (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT location_name_key UNIQUE,
    -- Stock is taken from the lower position first.
    position integer NOT NULL CONSTRAINT location_position_key UNIQUE,
    version bigint NOT NULL DEFAULT 1
);

-- Room is left in each page so that an update stays in it (HOT): these rows change with every sale.
CREATE TABLE stock (
    variant_id uuid NOT NULL CONSTRAINT stock_variant_id_fkey REFERENCES variant,
    location_id uuid NOT NULL CONSTRAINT stock_location_id_fkey REFERENCES location,
    on_hand integer NOT NULL DEFAULT 0,
    reserved integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (variant_id, location_id),
    CONSTRAINT stock_reserved_not_negative CHECK (reserved >= 0),
    CONSTRAINT stock_reserved_within_on_hand CHECK (reserved <= on_hand)
) WITH (fillfactor = 50);

-- Every change of `stock.on_hand`, for ever.
CREATE TABLE stock_ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    change integer NOT NULL CHECK (change <> 0),
    on_hand integer NOT NULL,
    reason text NOT NULL CHECK (reason IN ('opening', 'receipt', 'correction', 'damage', 'sale', 'cancellation', 'return')),
    order_id uuid,
    return_id uuid,
    actor_id uuid,
    note text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    FOREIGN KEY (variant_id, location_id) REFERENCES stock
);
CREATE INDEX stock_ledger_by_variant ON stock_ledger (variant_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stock_ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What has become of an order's stock. A row is written even by a release that comes before its reservation, which then finds
-- the order closed.
CREATE TABLE order_stock (
    order_id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('held', 'short', 'committed', 'expired', 'released')),
    version bigint NOT NULL DEFAULT 1,
    -- Of a held reservation.
    expires_at timestamptz,
    -- Of a short one: what was missing, for the answer to a repeat.
    shortages jsonb,
    CHECK ((state = 'held') = (expires_at IS NOT NULL)),
    CHECK ((state = 'short') = (shortages IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX order_stock_by_expiry ON order_stock (expires_at) WHERE state = 'held';

-- What a held order has set aside and a committed one has bought, and where; gone when it goes back.
CREATE TABLE reservation (
    order_id uuid NOT NULL REFERENCES order_stock,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, variant_id, location_id),
    FOREIGN KEY (variant_id, location_id) REFERENCES stock
);

-- Customers who want to know when it can be bought again.
CREATE TABLE stock_alert (
    variant_id uuid NOT NULL CONSTRAINT stock_alert_variant_id_fkey REFERENCES variant,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (variant_id, customer_id)
);

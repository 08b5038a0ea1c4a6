-- What customers and guests mean to buy.

CREATE TABLE cart (
    id uuid PRIMARY KEY,
    -- One cart per customer; null for a guest's.
    customer_id uuid CONSTRAINT cart_customer_key UNIQUE,
    -- SHA-256 of the token that a guest's browser keeps: whoever reads this table cannot use it.
    token_hash bytea CONSTRAINT cart_token_key UNIQUE CHECK (octet_length(token_hash) = 32),
    coupon_code text,
    -- Did the coupon apply when the cart was last looked at?
    coupon_applied boolean NOT NULL DEFAULT false,
    version bigint NOT NULL DEFAULT 1,
    touched_at timestamptz NOT NULL,
    -- When it was told to have been left alone; null again once it is touched.
    abandoned_at timestamptz,
    CONSTRAINT cart_has_one_owner CHECK ((customer_id IS NULL) <> (token_hash IS NULL))
);
CREATE INDEX cart_untouched ON cart (touched_at) WHERE customer_id IS NOT NULL AND abandoned_at IS NULL;
CREATE INDEX cart_of_guests ON cart (touched_at) WHERE customer_id IS NULL;

CREATE TABLE cart_line (
    cart_id uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
    variant_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 99),
    saved_for_later boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL,
    -- The price of one piece when the customer last saw it.
    seen_price_paise bigint NOT NULL CHECK (seen_price_paise >= 0),
    PRIMARY KEY (cart_id, variant_id)
);

-- Orders whose goods have been taken out of their cart.
CREATE TABLE converted_order (
    order_id uuid PRIMARY KEY,
    converted_at timestamptz NOT NULL
);
CREATE INDEX converted_order_by_age ON converted_order (converted_at);

-- Coupons and promotions, and who has used which coupon.

CREATE TABLE coupon (
    id uuid PRIMARY KEY,
    -- As customers type it, in upper case.
    code text NOT NULL CONSTRAINT coupon_code_key UNIQUE CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]{2,31}$'),
    -- contracts::discount::CouponBenefit.
    benefit jsonb NOT NULL,
    category_ids uuid[] NOT NULL,
    product_ids uuid[] NOT NULL,
    minimum_basket_paise bigint NOT NULL CHECK (minimum_basket_paise >= 0),
    first_order_only boolean NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    total_limit integer CHECK (total_limit > 0),
    limit_per_customer integer CHECK (limit_per_customer > 0),
    priority integer NOT NULL,
    stackable boolean NOT NULL,
    active boolean NOT NULL DEFAULT true,
    -- Uses that orders hold or have redeemed.
    used integer NOT NULL DEFAULT 0 CHECK (used >= 0),
    -- Counts the editors' changes; a use is none.
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT coupon_schedule CHECK (ends_at > starts_at),
    CONSTRAINT coupon_within_limit CHECK (used <= total_limit),
    -- Two first orders at once must not both use it.
    CONSTRAINT coupon_first_order_once CHECK (NOT first_order_only OR limit_per_customer = 1)
);

-- What an order has done with a coupon: one use at most. A row without a coupon closes an order that asked for its release
-- before its reservation came.
CREATE TABLE coupon_use (
    order_id uuid PRIMARY KEY,
    coupon_id uuid REFERENCES coupon,
    -- Null once the customer was erased.
    customer_id uuid,
    amount_paise bigint NOT NULL DEFAULT 0 CHECK (amount_paise >= 0),
    state text NOT NULL CHECK (state IN ('held', 'redeemed', 'released', 'refused')),
    -- Why it was refused, in words for the customer: a repeat is told the same.
    reason text,
    changed_at timestamptz NOT NULL,
    CHECK (coupon_id IS NOT NULL OR state IN ('released', 'refused')),
    CHECK ((state = 'refused') = (reason IS NOT NULL))
);
CREATE INDEX coupon_use_by_customer ON coupon_use (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX coupon_use_by_coupon ON coupon_use (coupon_id) WHERE state IN ('held', 'redeemed');
CREATE INDEX coupon_use_closed ON coupon_use (changed_at) WHERE state IN ('released', 'refused');

-- How often a customer uses a coupon, so that the limit is one conditional update.
CREATE TABLE coupon_customer (
    coupon_id uuid NOT NULL REFERENCES coupon,
    customer_id uuid NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    -- The coupon's limit when it was last used; null for none.
    allowed integer,
    PRIMARY KEY (coupon_id, customer_id),
    CONSTRAINT coupon_customer_within_limit CHECK (used <= allowed)
);
CREATE INDEX coupon_customer_by_customer ON coupon_customer (customer_id);

-- Who has ordered before: what a coupon for the first order asks.
CREATE TABLE placed_order (
    order_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    cancelled boolean NOT NULL
);
CREATE INDEX placed_order_by_customer ON placed_order (customer_id);

CREATE TABLE promotion (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- contracts::discount::PromotionBenefit.
    benefit jsonb NOT NULL,
    category_ids uuid[] NOT NULL,
    product_ids uuid[] NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    priority integer NOT NULL,
    stackable boolean NOT NULL,
    active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT promotion_schedule CHECK (ends_at > starts_at)
);
CREATE INDEX promotion_active ON promotion (priority DESC, id) WHERE active;

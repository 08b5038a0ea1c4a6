-- A refund that failed is tried again in a row of its own, as its id is the provider's key, and under the same cause. What happens
-- only once for a cause is that money goes back.
CREATE UNIQUE INDEX refund_cause_once ON refund (cause) WHERE state <> 'failed';
CREATE INDEX refund_by_return ON refund (return_id) WHERE return_id IS NOT NULL;
ALTER TABLE refund
    DROP CONSTRAINT refund_cause_key,
    DROP CONSTRAINT refund_return_key,
    -- The bank's reference of a transfer that staff made by hand: no provider had to pay this refund.
    ADD COLUMN bank_reference text,
    ADD CONSTRAINT refund_by_hand CHECK (bank_reference IS NULL OR state = 'succeeded');

-- When the provider was last asked because somebody waited for the answer. The job that asks by the clock has `poll_at`.
ALTER TABLE attempt ADD COLUMN asked_at timestamptz;

-- A customer who is forgotten leaves what they said of products, and nobody knows any more who said it.
ALTER TABLE review ALTER COLUMN customer_id DROP NOT NULL;
CREATE INDEX review_by_customer ON review (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX stock_alert_by_customer ON stock_alert (customer_id);

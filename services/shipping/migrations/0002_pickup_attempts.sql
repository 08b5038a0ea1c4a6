-- A pick-up that came to nothing is followed by another one, a parcel of its own.
ALTER TABLE shipment ADD COLUMN attempt integer NOT NULL DEFAULT 1 CHECK (attempt > 0);
CREATE UNIQUE INDEX shipment_attempt_key ON shipment (return_id, attempt) WHERE return_id IS NOT NULL;
ALTER TABLE shipment DROP CONSTRAINT shipment_return_id_key;

-- A pick-up may come to nothing, and another one is booked then; until the goods were picked up, a return can be cancelled.
ALTER TABLE customer_return
    -- When the carrier fetched the goods; null while the customer has them.
    ADD COLUMN picked_up_at timestamptz,
    -- Tracking numbers of the pick-ups that came to nothing.
    ADD COLUMN failed_pickups text[] NOT NULL DEFAULT '{}',
    -- Since when the pick-up that is to be booked is wanted; null if none is, or nobody wrote it down.
    ADD COLUMN pickup_wanted_at timestamptz;

UPDATE customer_return r SET picked_up_at = e.at
FROM (SELECT return_id, min(at) AS at FROM return_entry
      WHERE kind = 'parcel_update' AND detail IN ('picked_up', 'in_transit', 'out_for_delivery', 'delivered')
      GROUP BY return_id) e
WHERE e.return_id = r.id AND r.status = 'approved';

UPDATE customer_return r SET pickup_wanted_at = e.at FROM return_entry e
WHERE e.return_id = r.id AND e.kind = 'approved' AND r.pickup_due_at IS NOT NULL;

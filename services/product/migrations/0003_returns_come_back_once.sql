-- Whether a return has been put on the shelf: an inbox forgets in the end, the ledger does not.
CREATE INDEX stock_ledger_by_return ON stock_ledger (return_id) WHERE return_id IS NOT NULL;

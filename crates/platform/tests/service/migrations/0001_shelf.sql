-- The smallest service that there can be: shelves that things are put on.
CREATE TABLE shelf (
    id uuid PRIMARY KEY,
    things bigint NOT NULL DEFAULT 0 CONSTRAINT shelf_is_not_overfull CHECK (things <= 1000)
);

-- A month's GST return reads that month's documents by their date. As it was, the invoices of all time were gathered first, since
-- they are named three times.
CREATE OR REPLACE VIEW gst_line AS
    WITH invoiced AS NOT MATERIALIZED (
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

//! Invoices and credit notes. Each takes the next number of its series in the transaction that it is written in.

use contracts::order::{Actor, TimelineKind};
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{InvoiceId, Money, OrderId, ReturnId, Timestamp};

use crate::domain::credit::Credit;
use crate::domain::documents::financial_year;
use crate::domain::{Order, Seller, Tax};

const INVOICES: &str = "INV";
const CREDIT_NOTES: &str = "CRN";

pub struct StoredInvoice {
    pub id: InvoiceId,
    pub number: String,
    pub issued_at: Timestamp,
    pub seller: Json<Seller>,
}

pub struct StoredCreditNote {
    pub id: InvoiceId,
    pub number: String,
    pub issued_at: Timestamp,
    pub invoice_number: String,
    pub return_id: Option<ReturnId>,
    pub total: Money,
    pub credits: Vec<Credit>,
}

/// What a new credit note is called, and the invoice it belongs to.
pub struct Numbers {
    pub number: String,
    pub invoice_number: String,
}

/// Numbers and stores the invoice of an order. Others that want a number wait for the transaction's end, so this comes last
/// in it.
pub async fn issue_invoice(
    connection: &mut PgConnection,
    id: InvoiceId,
    order: &Order,
    seller: &Seller,
    at: Timestamp,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH next AS (
             INSERT INTO document_counter AS c (series, financial_year, last) VALUES ($3, $4, 1)
             ON CONFLICT (series, financial_year) DO UPDATE SET last = c.last + 1
             RETURNING last
         ), issued AS (
             INSERT INTO invoice (id, order_id, series, financial_year, serial, issued_at, seller, total_paise)
             SELECT $1, $2, $3, $4, last, $5, $6, $7 FROM next
             RETURNING number
         ), history AS (
             INSERT INTO order_history (order_id, at, kind, status, actor, detail)
             SELECT $2, $5, $8, 'confirmed', $9, number FROM issued
         )
         SELECT number FROM issued"#,
        id as InvoiceId,
        order.id as OrderId,
        INVOICES,
        financial_year(at.date_in_india()),
        at as Timestamp,
        Json(seller) as Json<&Seller>,
        order.total as Money,
        TimelineKind::InvoiceIssued as TimelineKind,
        Actor::System as Actor
    )
    .fetch_one(connection)
    .await
}

/// Numbers and stores a credit note, and remembers with the order's lines what it takes back of them. The order is locked.
///
/// # Errors
/// [`sqlx::Error::RowNotFound`] if the order has no invoice.
pub async fn issue_credit_note(
    connection: &mut PgConnection,
    id: InvoiceId,
    order: &Order,
    return_id: Option<ReturnId>,
    credits: &[Credit],
    at: Timestamp,
) -> Result<Numbers, sqlx::Error> {
    let column = |amount: fn(&Credit) -> Money| credits.iter().map(amount).collect::<Vec<Money>>();
    let positions: Vec<i16> = credits.iter().map(|c| c.position).collect();
    let quantities: Vec<i32> = credits.iter().map(|c| i32::try_from(c.quantity).unwrap_or(i32::MAX)).collect();
    let totals = column(|c| c.total);
    let total: Money = totals.iter().sum();
    sqlx::query_as!(
        Numbers,
        r#"WITH next AS (
             INSERT INTO document_counter AS c (series, financial_year, last) VALUES ($4, $5, 1)
             ON CONFLICT (series, financial_year) DO UPDATE SET last = c.last + 1
             RETURNING last
         ), credit AS (
             SELECT * FROM unnest($8::smallint[], $9::integer[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                                  $14::bigint[]) AS c (position, quantity, total, taxable, cgst, sgst, igst)
         ), issued AS (
             INSERT INTO credit_note
                 (id, order_id, invoice_id, return_id, series, financial_year, serial, issued_at, total_paise)
             SELECT $1, $2, i.id, $3, $4, $5, last, $6, $7 FROM next, invoice i WHERE i.order_id = $2
             RETURNING number, invoice_id
         ), lines AS (
             INSERT INTO credit_note_line
                 (credit_note_id, position, quantity, total_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise)
             SELECT $1, credit.* FROM credit, issued
         ), credited AS (
             UPDATE order_line l SET credited_paise = credited_paise + c.total
             FROM credit c WHERE l.order_id = $2 AND l.position = c.position
         ), history AS (
             INSERT INTO order_history (order_id, at, kind, status, actor, detail)
             SELECT $2, $6, $15, o.status, $16, issued.number FROM issued, customer_order o WHERE o.id = $2
         )
         SELECT issued.number AS "number!", i.number AS "invoice_number!"
         FROM issued JOIN invoice i ON i.id = issued.invoice_id"#,
        id as InvoiceId,
        order.id as OrderId,
        return_id as Option<ReturnId>,
        CREDIT_NOTES,
        financial_year(at.date_in_india()),
        at as Timestamp,
        total as Money,
        &positions,
        &quantities,
        &totals as &[Money],
        &column(|c| c.tax.taxable) as &[Money],
        &column(|c| c.tax.cgst) as &[Money],
        &column(|c| c.tax.sgst) as &[Money],
        &column(|c| c.tax.igst) as &[Money],
        TimelineKind::CreditNoteIssued as TimelineKind,
        Actor::System as Actor
    )
    .fetch_one(connection)
    .await
}

pub async fn invoice_of(
    connection: &mut PgConnection,
    order_id: OrderId,
) -> Result<Option<StoredInvoice>, sqlx::Error> {
    sqlx::query_as!(
        StoredInvoice,
        r#"SELECT id AS "id: InvoiceId", number, issued_at, seller AS "seller: Json<Seller>"
           FROM invoice WHERE order_id = $1"#,
        order_id as OrderId
    )
    .fetch_optional(connection)
    .await
}

/// The oldest first.
pub async fn credit_notes_of(
    connection: &mut PgConnection,
    order_id: OrderId,
) -> Result<Vec<StoredCreditNote>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT n.id AS "id: InvoiceId", n.number, n.issued_at, i.number AS invoice_number,
                  n.return_id AS "return_id: ReturnId", n.total_paise AS "total: Money",
                  l.position, l.quantity, l.total_paise AS "line_total: Money", l.taxable_paise AS "taxable: Money",
                  l.cgst_paise AS "cgst: Money", l.sgst_paise AS "sgst: Money", l.igst_paise AS "igst: Money"
           FROM credit_note n
           JOIN invoice i ON i.id = n.invoice_id
           JOIN credit_note_line l ON l.credit_note_id = n.id
           WHERE n.order_id = $1
           ORDER BY n.issued_at, n.id, l.position = 0, l.position"#,
        order_id as OrderId
    )
    .fetch_all(connection)
    .await?;
    let mut notes: Vec<StoredCreditNote> = Vec::new();
    for row in rows {
        let credit = Credit {
            position: row.position,
            quantity: u32::try_from(row.quantity).unwrap_or(0),
            total: row.line_total,
            tax: Tax { taxable: row.taxable, cgst: row.cgst, sgst: row.sgst, igst: row.igst },
        };
        match notes.last_mut().filter(|note| note.id == row.id) {
            Some(note) => note.credits.push(credit),
            None => notes.push(StoredCreditNote {
                id: row.id,
                number: row.number,
                issued_at: row.issued_at,
                invoice_number: row.invoice_number,
                return_id: row.return_id,
                total: row.total,
                credits: vec![credit],
            }),
        }
    }
    Ok(notes)
}

/// Has the return got its credit note?
pub async fn is_credited(connection: &mut PgConnection, return_id: ReturnId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM credit_note WHERE return_id = $1) AS "credited!""#,
        return_id as ReturnId
    )
    .fetch_one(connection)
    .await
}

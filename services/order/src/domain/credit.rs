//! What a credit note takes back of an invoice.

use contracts::returns::ReturnedLine;
use types::{Money, OrderLineId};

use super::gst::Tax;
use super::order::Order;

/// A credit note's line for the delivery charge.
pub const DELIVERY: i16 = 0;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The order line's, or [`DELIVERY`].
    pub position: i16,
    /// Pieces.
    pub quantity: u32,
    /// GST included.
    pub total: Money,
    pub tax: Tax,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    #[error("the order has no line {0}")]
    UnknownLine(OrderLineId),
    #[error("of line {line} only {left} is left to credit, not {refund}")]
    MoreThanPaid { line: OrderLineId, left: Money, refund: Money },
}

/// Takes back what was refunded for the pieces that came back. The tax is that within exactly this refund; the credit notes of
/// several returns of one line sum to the invoice's line, whatever their order. Nothing for what had cost nothing.
///
/// # Errors
/// A line of another order, or a refund above what is left of the line.
pub fn of_return(order: &Order, returned: &[ReturnedLine]) -> Result<Vec<Credit>, CreditError> {
    let mut credits: Vec<Credit> = Vec::new();
    for back in returned.iter().filter(|back| back.refund.is_positive()) {
        let id = back.order_line_id;
        let line = order.lines.iter().find(|line| line.id == id).ok_or(CreditError::UnknownLine(id))?;
        let sofar = credits.iter_mut().find(|credit| credit.position == line.position);
        let before = line.credited + sofar.as_ref().map_or(Money::ZERO, |credit| credit.total);
        let left = line.total - before;
        if back.refund > left {
            return Err(CreditError::MoreThanPaid { line: id, left, refund: back.refund });
        }
        let tax = Tax::within_next(before, back.refund, line.gst_rate, order.supply());
        match sofar {
            Some(credit) => {
                credit.quantity += back.quantity;
                credit.total += back.refund;
                credit.tax = credit.tax + tax;
            }
            None => credits.push(Credit {
                position: line.position,
                quantity: back.quantity.max(1),
                total: back.refund,
                tax,
            }),
        }
    }
    Ok(credits)
}

/// Takes back all that is left of the invoice, the delivery charge included.
pub fn of_cancellation(order: &Order) -> Vec<Credit> {
    let lines = order.lines.iter().map(|line| {
        let left = line.total - line.credited;
        let tax = Tax::within_next(line.credited, left, line.gst_rate, order.supply());
        Credit { position: line.position, quantity: line.quantity, total: left, tax }
    });
    let delivery = Credit { position: DELIVERY, quantity: 1, total: order.delivery.total(), tax: order.delivery.tax };
    lines.chain([delivery]).filter(|credit| credit.total.is_positive()).collect()
}

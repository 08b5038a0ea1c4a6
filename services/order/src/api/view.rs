//! Orders and documents as clients see them.

use contracts::order::{
    CreditNote, CreditNoteLine, Invoice, InvoiceLine, LinePrice, NextStep, OrderAmounts, OrderLine, OrderPayment,
    OrderShipping, Seller,
};
use types::Money;

use crate::domain::credit::{Credit, DELIVERY};
use crate::domain::{Line, Order, Tax};
use crate::store::documents::{StoredCreditNote, StoredInvoice};

pub fn order(order: &Order) -> contracts::order::Order {
    let order = order.clone();
    contracts::order::Order {
        id: order.id,
        refund_status: order.refund_status(),
        amounts: amounts(&order),
        payment: payment(&order),
        shipping: shipping(&order),
        lines: order.lines.iter().map(line).collect(),
        number: order.number,
        status: order.status,
        cancel_reason: order.cancel_reason,
        coupon_code: order.coupon_code,
        address: order.address,
        place_of_supply: order.place_of_supply,
        notes: order.notes,
        created_at: order.created_at,
        confirmed_at: order.confirmed_at,
        cancelled_at: order.cancelled_at,
    }
}

pub fn invoice(order: &Order, invoice: StoredInvoice) -> Invoice {
    let lines = order.lines.iter().map(|line| InvoiceLine {
        description: description(line),
        hsn: line.hsn.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount: line.discount,
        gst_rate: line.gst_rate,
        tax: line.tax.into(),
        total: line.total,
    });
    let delivery = &order.delivery;
    let charged = delivery.charge.is_positive().then(|| InvoiceLine {
        description: delivery_description(order),
        hsn: delivery.hsn.clone(),
        quantity: 1,
        unit_price: delivery.charge,
        discount: delivery.discount,
        gst_rate: delivery.gst_rate,
        tax: delivery.tax.into(),
        total: delivery.total(),
    });
    let seller = invoice.seller.0;
    Invoice {
        id: invoice.id,
        number: invoice.number,
        date: invoice.issued_at.date_in_india(),
        order_id: order.id,
        order_number: order.number.clone(),
        seller: Seller { name: seller.name, gstin: seller.gstin.to_string(), address: seller.address },
        buyer: order.address.clone(),
        place_of_supply: order.place_of_supply,
        place_of_supply_name: order.place_of_supply.name().to_owned(),
        reverse_charge: false,
        lines: lines.chain(charged).collect(),
        total: order.total,
        tax: order.tax().into(),
    }
}

pub fn credit_note(order: &Order, note: StoredCreditNote) -> CreditNote {
    CreditNote {
        id: note.id,
        number: note.number,
        date: note.issued_at.date_in_india(),
        invoice_number: note.invoice_number,
        order_id: order.id,
        return_id: note.return_id,
        tax: note.credits.iter().map(|credit| credit.tax).sum::<Tax>().into(),
        lines: note.credits.into_iter().map(|credit| credit_line(order, credit)).collect(),
        total: note.total,
    }
}

fn credit_line(order: &Order, credit: Credit) -> CreditNoteLine {
    let line = order.lines.iter().find(|line| line.position == credit.position && credit.position != DELIVERY);
    let (description, hsn, gst_rate) = match line {
        Some(line) => (description(line), line.hsn.clone(), line.gst_rate),
        None => (delivery_description(order), order.delivery.hsn.clone(), order.delivery.gst_rate),
    };
    CreditNoteLine {
        description,
        hsn,
        quantity: credit.quantity,
        gst_rate,
        tax: credit.tax.into(),
        total: credit.total,
    }
}

fn line(line: &Line) -> OrderLine {
    let price = LinePrice {
        unit_price: line.unit_price,
        mrp: line.mrp,
        discount: line.discount,
        total: line.total,
        hsn: line.hsn.clone(),
        gst_rate: line.gst_rate,
        tax: line.tax.into(),
    };
    OrderLine {
        id: line.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        sku: line.sku.clone(),
        title: line.title.clone(),
        options: line.options.clone(),
        image: line.image.clone(),
        quantity: line.quantity,
        price,
        return_days: line.return_days,
    }
}

fn amounts(order: &Order) -> OrderAmounts {
    let discount: Money = order.lines.iter().map(|line| line.discount).sum();
    OrderAmounts {
        subtotal: order.lines.iter().map(|line| line.total).sum::<Money>() + discount,
        discount,
        shipping_charge: order.delivery.charge,
        shipping_discount: order.delivery.discount,
        total: order.total,
        tax: order.tax().into(),
    }
}

fn payment(order: &Order) -> OrderPayment {
    let attempt = |id| NextStep { method: "POST".to_owned(), path: format!("/api/v1/payments/{id}/attempts") };
    OrderPayment {
        method: order.payment_method,
        amount: order.total,
        intent_id: order.intent_id,
        expires_at: order.expires_at,
        paid_at: order.paid_at,
        refunded: order.refunded,
        next: order.intent_id.filter(|_| order.awaits_payment()).map(attempt),
    }
}

fn shipping(order: &Order) -> OrderShipping {
    let delivery = &order.delivery;
    OrderShipping {
        method_id: delivery.method_id,
        method: delivery.method.clone(),
        promised_from: delivery.promised_from,
        promised_to: delivery.promised_to,
        carrier: order.parcel.as_ref().map(|parcel| parcel.carrier.clone()),
        tracking_number: order.parcel.as_ref().map(|parcel| parcel.tracking_number.clone()),
        shipped_at: order.shipped_at,
        delivered_at: order.delivered_at,
    }
}

fn description(line: &Line) -> String {
    if line.options.is_empty() { line.title.clone() } else { format!("{} ({})", line.title, line.options) }
}

fn delivery_description(order: &Order) -> String {
    format!("Delivery: {}", order.delivery.method)
}

//! The page on which the customer's bank asks: plain forms that work without script.

use types::Money;

use super::store::SandboxPayment;
use crate::domain::Reported;

/// Where the page of a payment is.
pub fn path(id: &str) -> String {
    format!("/api/v1/payments/sandbox/{id}")
}

pub fn ask(payment: &SandboxPayment) -> String {
    let SandboxPayment { id, order_number, amount, .. } = payment;
    if payment.status != Reported::Pending {
        return told(*amount, order_number, payment.status);
    }
    let path = path(id);
    frame(&format!(
        "<h1>{amount}</h1><p>Order {number}</p>\
         <form method=\"post\" action=\"{path}/approve\"><button class=\"yes\">Approve</button></form>\
         <form method=\"post\" action=\"{path}/decline\"><button>Decline</button></form>",
        number = escaped(order_number),
    ))
}

/// What the page says once it is decided.
pub fn told(amount: Money, order_number: &str, status: Reported) -> String {
    let outcome = match status {
        Reported::Pending => "The bank is deciding.",
        Reported::Authorized | Reported::Captured => "Approved. You can go back to the shop.",
        Reported::Failed => "Declined. You can go back to the shop.",
    };
    frame(&format!("<h1>{amount}</h1><p>Order {}</p><p>{outcome}</p>", escaped(order_number)))
}

fn frame(content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Sandbox bank</title><style>body{{font:18px system-ui;max-width:22rem;margin:15vh auto;text-align:center}}\
         button{{font:inherit;width:100%;padding:.7rem;margin:.3rem 0}}.yes{{background:#16794c;color:#fff;border:0}}</style>\
         <p>Sandbox bank: no money moves</p>{content}</html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_order_is_read_as_markup() {
        let page = told(Money::from_rupees(1), "<script>", Reported::Captured);
        assert!(page.contains("Order &lt;script&gt;"), "{page}");
        assert!(page.contains("₹1.00"));
    }
}

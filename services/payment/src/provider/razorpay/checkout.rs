//! The way to Razorpay's hosted checkout: a form, since it is entered by POST.

use types::Money;

pub fn page(key_id: &str, reference: &str, amount: Money, back: Option<&str>) -> String {
    let fields = [("key_id", key_id), ("order_id", reference), ("name", "Haat")];
    let back = back.map(|url| [("callback_url", url), ("cancel_url", url)]);
    let inputs: String = fields
        .iter()
        .chain(back.iter().flatten())
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Pay {amount}</title><form method=\"post\" action=\"https://api.razorpay.com/v1/checkout/embedded\">{inputs}\
         <button>Pay {amount} with Razorpay</button></form></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

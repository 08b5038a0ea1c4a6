//! The files of the folder `templates`, embedded.

macro_rules! files {
    ($($locale:literal: $($kind:ident)*;)*) => {
        &[$($((
            concat!($locale, "/", stringify!($kind)),
            include_str!(concat!("../../templates/", $locale, "/", stringify!($kind), ".txt")),
        ),)*)*]
    };
}

/// `<locale>/<kind>` with the file's text.
pub(super) const FILES: &[(&str, &str)] = files! {
    "en-IN":
        letter welcome verification_code password_changed account_locked mfa_changed
        suspicious_login order_awaiting_payment order_confirmed order_shipped out_for_delivery
        order_delivered order_cancelled invoice_issued credit_note_issued payment_failed
        late_payment_returned refund_succeeded refund_failed return_requested return_approved
        return_rejected return_received refund_due return_closed delivery_exception
        returned_to_sender back_in_stock cart_abandoned stock_low review_submitted;
    "hi-IN":
        letter welcome verification_code password_changed account_locked order_confirmed
        order_shipped order_delivered order_cancelled refund_succeeded;
};

//! The calls of the notification service: the one place where a code is told, and a number that it may go to.

use contracts::auth::{ConfirmedPhone, GetConfirmedPhone, RevealCode, RevealedCode};
use platform::Result;

use crate::app::Auth;
use crate::store;

/// The code behind a reference, while it is good.
pub async fn reveal_code(app: Auth, call: RevealCode) -> Result<RevealedCode> {
    let mut connection = app.db().primary().await?;
    let code = store::code::find(&mut connection, call.reference).await?;
    let live = code.filter(|code| code.account_id.is_some() && code.standing().is_live(app.now()));
    Ok(live.map_or(RevealedCode::Gone, |code| RevealedCode::Live {
        code: app.keys().code(code.reference, code.purpose),
        purpose: code.purpose,
        channel: code.channel,
        destination: code.destination,
        expires_at: code.expires_at,
    }))
}

/// The number that a customer has shown to be theirs.
pub async fn get_confirmed_phone(app: Auth, call: GetConfirmedPhone) -> Result<ConfirmedPhone> {
    let phone = store::account::confirmed_phone(&mut *app.db().primary().await?, call.user_id).await?;
    Ok(ConfirmedPhone { phone: phone.map(|phone| phone.as_str().to_owned()) })
}

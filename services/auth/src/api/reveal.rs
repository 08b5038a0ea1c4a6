//! The call of the notification service: the one place where a code is told.

use contracts::auth::{RevealCode, RevealedCode};
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

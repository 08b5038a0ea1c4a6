//! Sending one-time codes and trying them.

use contracts::auth::{CodeChannel, CodePurpose, CodeRequested, CodeSent};
use http::StatusCode;
use platform::db::Tx;
use platform::{Problem, Result};
use types::{CodeReference, Timestamp, UserId};

use crate::app::{Auth, publish};
use crate::domain::code::{LIFE, may_send};
use crate::store::code::{self, Code, NewCode};

/// Where a code goes.
pub struct Destination<'a> {
    pub purpose: CodePurpose,
    pub channel: CodeChannel,
    /// An e-mail address or a phone number.
    pub address: &'a str,
}

/// Announces a code to `account`. If the address is nobody's, does as if.
///
/// # Errors
/// 429 if too many went there already.
pub async fn send(
    tx: &mut Tx,
    destination: &Destination<'_>,
    account: Option<UserId>,
    now: Timestamp,
) -> Result<CodeSent> {
    let Destination { purpose, channel, address } = *destination;
    let (in_hour, in_day) = code::recent(tx, address, now).await?;
    may_send(in_hour, in_day).map_err(|wait| {
        Problem::too_many_requests(wait.as_secs()).detail("Too many codes were sent there. Use the newest, or wait.")
    })?;
    let (reference, expires_at) = (CodeReference::new(), now.plus(LIFE));
    let new = NewCode { reference, account_id: account, purpose, channel, destination: address };
    code::insert(tx, &new, now, expires_at).await?;
    if let Some(user_id) = account {
        publish(tx, user_id, &CodeRequested { user_id, reference, purpose, channel }).await?;
    }
    Ok(CodeSent { reference, expires_at })
}

/// Tries a code that was found and is held. If it is good, it is used up once the transaction commits, and the account is
/// returned with its code.
///
/// # Errors
/// 422 if it is not, for whatever reason; the attempt is recorded then.
pub async fn take(
    app: &Auth,
    mut tx: Tx,
    found: Option<Code>,
    given: &str,
    now: Timestamp,
) -> Result<(Tx, UserId, Code)> {
    let Some(code) = found.filter(|code| code.standing().is_live(now)) else {
        return Err(refused());
    };
    let good = app.keys().is_code(given, code.reference, code.purpose);
    match code.account_id.filter(|_| good) {
        Some(account) => {
            code::tried(&mut tx, code.reference, Some(now)).await?;
            Ok((tx, account, code))
        }
        None => {
            code::tried(&mut tx, code.reference, None).await?;
            let _recorded = tx.commit().await?;
            Err(refused())
        }
    }
}

/// The same for every reason, so that nobody learns which codes exist.
fn refused() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "code-refused", "The code is not good")
        .detail("It is wrong, was used or replaced, is older than ten minutes, or was tried too often.")
        .field("code", "is not good")
}

//! Sending one-time codes and trying them.

use contracts::auth::{CodeChannel, CodePurpose, CodeRequested, CodeSent};
use http::StatusCode;
use platform::db::Tx;
use platform::{Problem, Result};
use types::{CodeReference, Timestamp, UserId};

use crate::app::{Auth, publish};
use crate::domain::Email;
use crate::domain::code::{life, may_send};
use crate::store::code::{self, Code, NewCode};

/// Where a code goes.
pub struct Destination<'a> {
    pub purpose: CodePurpose,
    pub channel: CodeChannel,
    /// An e-mail address or a phone number.
    pub address: &'a str,
}

/// Announces a code to `account`. If the address is nobody's, does as if. Those that went there before stay good: whoever asks for
/// another's code takes none from them.
///
/// # Errors
/// 429 if too many of this purpose went there already.
pub async fn send(
    tx: &mut Tx,
    destination: &Destination<'_>,
    account: Option<UserId>,
    now: Timestamp,
) -> Result<CodeSent> {
    let Destination { purpose, address, .. } = *destination;
    let (in_hour, in_day) = code::recent(tx, purpose, address, now).await?;
    may_send(purpose, in_hour, in_day).map_err(|wait| {
        Problem::too_many_requests(wait.as_secs()).detail("Too many codes were sent there. Use the newest, or wait.")
    })?;
    announce(tx, destination, account, now).await
}

/// As [`send`], however many went there: the first code of a new account, which only its sign-up asks for.
///
/// # Errors
/// Only the database's.
pub async fn announce(
    tx: &mut Tx,
    destination: &Destination<'_>,
    account: Option<UserId>,
    now: Timestamp,
) -> Result<CodeSent> {
    let Destination { purpose, channel, address } = *destination;
    let (reference, expires_at) = (CodeReference::new(), now.plus(life(purpose)));
    let new = NewCode { reference, account_id: account, purpose, channel, destination: address };
    code::insert(tx, &new, now, expires_at).await?;
    if let Some(user_id) = account {
        publish(tx, user_id, &CodeRequested { user_id, reference, purpose, channel }).await?;
    }
    Ok(CodeSent { reference, expires_at })
}

/// Tries a code that was sent to an e-mail address: it is any of those that went there and are good. If it is, all of them are used
/// up once the transaction commits, and the account is returned. Wrong ones are not counted, see [`crate::domain::code`].
///
/// # Errors
/// 422 if it is none, for whatever reason.
pub async fn take_mailed(
    app: &Auth,
    tx: &mut Tx,
    purpose: CodePurpose,
    email: &Email,
    given: &str,
    now: Timestamp,
) -> Result<UserId> {
    let sent = code::live(tx, purpose, email.as_str(), now).await?;
    let good = sent.into_iter().find(|code| app.keys().is_code(given, code.reference, purpose)).ok_or_else(refused)?;
    // Whoever comes second with the same code waits here, and finds it used.
    let used = code::use_up(tx, purpose, email.as_str(), now).await?;
    good.account_id.filter(|_| used.contains(&good.reference)).ok_or_else(refused)
}

/// Tries a code that was sent by SMS, was found by its reference and is held. If it is good, it is used up once the transaction
/// commits, and the account is returned with its code.
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
        .detail("It is wrong, was used, is too old, or was tried too often.")
        .field("code", "is not good")
}

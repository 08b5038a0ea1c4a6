//! Having refunds paid by the provider: their id is the key, so asking again never pays twice.

use platform::Result;
use platform::service::App;

use crate::provider::{ProviderError, RefundOutcome, RefundReport, RefundRequest};
use crate::store::refund::Due;
use crate::{Payments, settle};

/// Asks the provider for a refund and records how it ended. What gets no answer is asked for again.
pub async fn execute(app: &Payments, due: &Due) -> Result<()> {
    let provider = due.provider.map_or_else(|| Some(app.provider()), |name| app.provider_named(name));
    let Some(provider) = provider else {
        tracing::error!(refund = %due.id, "its provider is not configured any more");
        return Ok(());
    };
    let request = RefundRequest {
        refund_id: due.id,
        order_id: due.order_id,
        payment_id: due.payment_id.clone(),
        amount: due.amount,
        reason: due.reason.clone(),
        provider_refund_id: due.provider_refund_id.clone(),
        repeated: due.tries > 0,
    };
    let answer = tokio::time::timeout(app.settings.provider_time, provider.refund(&request)).await;
    let report = match answer {
        Ok(Ok(report)) => report,
        Ok(Err(ProviderError::Refused(reason))) => {
            let id = due.provider_refund_id.clone().unwrap_or_default();
            RefundReport { provider_refund_id: id, outcome: RefundOutcome::Failed, failure: Some(reason) }
        }
        Ok(Err(ProviderError::NoAnswer(cause))) => {
            tracing::warn!(refund = %due.id, cause, "a refund got no answer; it will be asked for again");
            return Ok(());
        }
        Err(_) => {
            tracing::warn!(refund = %due.id, "a refund got no answer in time; it will be asked for again");
            return Ok(());
        }
    };
    let provider_refund_id = Some(report.provider_refund_id.as_str()).filter(|id| !id.is_empty());
    let now = app.context().now();
    let mut tx = app.db.begin().await?;
    settle::refund_ended(&mut tx, due.id, provider_refund_id, report.outcome, report.failure.as_deref(), now).await?;
    let _committed = tx.commit().await?;
    Ok(())
}

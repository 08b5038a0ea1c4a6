//! Who of several acts: the one that holds a Lease.
//!
//! As Kubernetes' own clients do it. The times in the lease are for people to read; what counts is how long each of us has
//! *seen* the lease unchanged, by a clock of its own that only moves forward, so that clocks which differ do no harm. The holder
//! stops to act a third of the lease's duration before anybody else may take it.

use std::time::Duration;

use serde_json::{Value, json};

use super::kubernetes::{KubernetesError, Leases};
use super::time::Time;

/// Nobody else takes a lease before it has been unchanged for so long.
pub const DURATION: Duration = Duration::from_secs(30);
/// The holder acts no longer than so long after it last began to renew.
pub const RENEW_DEADLINE: Duration = Duration::from_secs(20);
/// How often it is renewed, or tried for.
pub const PERIOD: Duration = Duration::from_secs(5);
/// The annotation in which the holder leaves its successor a note.
pub const NOTE: &str = "haat/database-changes";

pub struct Election {
    leases: Leases,
    identity: String,
    time: Time,
    state: State,
    note: String,
}

enum State {
    /// What version of the lease was seen, and since when.
    Waiting(Option<(String, Duration)>),
    Leading {
        lease: Value,
        renewed: Duration,
    },
}

/// What came of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Another one acts.
    Standby,
    /// We act from now on. This is the note that the one before us left.
    Elected {
        note: String,
    },
    Leading,
}

impl Election {
    /// `identity` must be nobody else's, not even that of a process which had our name before.
    pub fn new(leases: Leases, identity: String, time: Time) -> Self {
        Election { leases, identity, time, state: State::Waiting(None), note: String::new() }
    }

    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How long we may still act without another turn; nothing if we do not lead.
    pub fn time_left(&self) -> Duration {
        match &self.state {
            State::Leading { renewed, .. } => {
                RENEW_DEADLINE.saturating_sub(self.time.steady().saturating_sub(*renewed))
            }
            State::Waiting(_) => Duration::ZERO,
        }
    }

    /// What the lease says from its next renewal on.
    pub fn leave_note(&mut self, note: String) {
        self.note = note;
    }

    /// Renews the lease, or takes it if it is free or its holder has been silent for too long.
    ///
    /// After `Ok(Turn::Leading)` the lease, with our note, has just been written.
    ///
    /// # Errors
    /// The lease could not be read or written. Who led goes on to until [`Election::time_left`] is used up.
    pub async fn turn(&mut self) -> Result<Turn, KubernetesError> {
        let begin = self.time.steady();
        if self.time_left().is_zero() && matches!(self.state, State::Leading { .. }) {
            self.state = State::Waiting(None);
        }
        let State::Leading { lease, .. } = &self.state else { return self.try_for_it(begin).await };
        let renewed = self.written(lease.clone(), false);
        match self.leases.update(&renewed).await {
            Ok(lease) => {
                self.state = State::Leading { lease, renewed: begin };
                Ok(Turn::Leading)
            }
            Err(KubernetesError::Conflict) => self.after_a_conflict(begin).await,
            Err(error) => Err(error),
        }
    }

    /// Lets another one have it at once. Best effort: without it, they wait for it to run out.
    pub async fn resign(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Waiting(None));
        let State::Leading { lease, .. } = state else { return };
        let mut lease = self.written(lease, false);
        if let Some(spec) = lease["spec"].as_object_mut() {
            spec.remove("holderIdentity");
        }
        if let Err(error) = self.leases.update(&lease).await {
            tracing::info!(%error, "the lease could not be given back; it runs out");
        }
    }

    async fn try_for_it(&mut self, begin: Duration) -> Result<Turn, KubernetesError> {
        let Some(lease) = self.leases.get().await? else {
            let name = self.leases.name();
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": { "name": name.name, "namespace": name.namespace },
                "spec": {},
            });
            let lease = self.written(lease, true);
            return match self.leases.create(&lease).await {
                Ok(lease) => Ok(self.elected(lease, begin)),
                Err(KubernetesError::Conflict) => Ok(Turn::Standby),
                Err(error) => Err(error),
            };
        };
        let (holder, version) = (holder(&lease), version(&lease));
        let is_free = holder.is_empty() || holder == self.identity;
        let State::Waiting(seen) = &mut self.state else { return Ok(Turn::Standby) };
        let since = match seen {
            Some((seen, since)) if *seen == version => *since,
            _ => {
                // Measured from now and not from before the question: rather too long than too short.
                let now = self.time.steady();
                *seen = Some((version, now));
                now
            }
        };
        let theirs = Duration::from_secs(lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or_default());
        if !is_free && self.time.steady().saturating_sub(since) < DURATION.max(theirs) {
            return Ok(Turn::Standby);
        }
        // What was left by the one before us stands until we have read it.
        self.note = note(&lease);
        let taken = self.written(lease, true);
        match self.leases.update(&taken).await {
            Ok(lease) => Ok(self.elected(lease, begin)),
            Err(KubernetesError::Conflict) => Ok(Turn::Standby),
            Err(error) => Err(error),
        }
    }

    /// Our own write may have arrived although its answer did not; otherwise we have been too slow.
    async fn after_a_conflict(&mut self, begin: Duration) -> Result<Turn, KubernetesError> {
        match self.leases.get().await? {
            Some(lease) if holder(&lease) == self.identity => {
                let renewed = self.written(lease, false);
                match self.leases.update(&renewed).await {
                    Ok(lease) => {
                        self.state = State::Leading { lease, renewed: begin };
                        Ok(Turn::Leading)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => {
                self.state = State::Waiting(None);
                Ok(Turn::Standby)
            }
        }
    }

    fn elected(&mut self, lease: Value, renewed: Duration) -> Turn {
        let note = note(&lease);
        self.state = State::Leading { lease, renewed };
        Turn::Elected { note }
    }

    /// A lease as we write it: ours, as of now, with our note. What else stands in it stays.
    fn written(&self, mut lease: Value, new_holder: bool) -> Value {
        // Exactly six digits: Kubernetes refuses any other number.
        let now = format!("{:.6}", self.time.now());
        let had_a_holder = lease["spec"]["renewTime"].is_string();
        let transitions = lease["spec"]["leaseTransitions"].as_u64().unwrap_or_default();
        let spec = &mut lease["spec"];
        spec["holderIdentity"] = self.identity.as_str().into();
        spec["leaseDurationSeconds"] = DURATION.as_secs().into();
        spec["renewTime"] = now.as_str().into();
        if new_holder {
            spec["acquireTime"] = now.into();
            spec["leaseTransitions"] = (transitions + u64::from(had_a_holder)).into();
        }
        if !lease["metadata"]["annotations"].is_object() {
            lease["metadata"]["annotations"] = json!({});
        }
        lease["metadata"]["annotations"][NOTE] = self.note.as_str().into();
        lease
    }
}

fn holder(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default()
}

fn version(lease: &Value) -> String {
    lease["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned()
}

fn note(lease: &Value) -> String {
    lease["metadata"]["annotations"][NOTE].as_str().unwrap_or_default().to_owned()
}

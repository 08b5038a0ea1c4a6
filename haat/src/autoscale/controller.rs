//! Looks, decides and changes: one pass after another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use oci::postgresql::Lifecycle;
use types::{ServiceName, Timestamp};

use super::cloud::{Cloud, System};
use super::election::{Election, Turn};
use super::kubernetes::KubernetesError;
use super::metrics;
use super::policy::{self, Database, Load, Metric, Rules};
use super::report::{Report, Role};
use super::time::Time;

/// How often all databases are looked at. Monitoring has a value a minute.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);
/// All that is read for one look; below the time for which a lease holds, so that a look does not cost the lead.
const LOOK_WITHIN: Duration = Duration::from_secs(12);
/// So long after a change was asked for, or a database was last seen being changed, no other is changed: the service may still
/// show the one as it was.
const SETTLE: Duration = Duration::from_mins(2);

pub struct Controller {
    cloud: Cloud,
    /// OCIDs.
    databases: BTreeMap<ServiceName, String>,
    rules: Rules,
    time: Time,
    lead: Lead,
    report: Arc<Report>,
    /// When each was last asked to change or seen being changed. Survives us in the lease.
    changes: BTreeMap<ServiceName, Timestamp>,
    /// When to look next, by the steady time.
    next_look: Option<Duration>,
}

/// By what right databases are changed.
pub enum Lead {
    /// By none: all is looked at and decided, nothing changed.
    DryRun,
    /// While the lease is ours.
    Elected(Box<Election>),
}

/// What was seen in one look.
struct Look {
    loads: BTreeMap<ServiceName, Load>,
    systems: BTreeMap<ServiceName, System>,
    /// Something may be changing: one of them is, or it is not known.
    changing: bool,
    complete: bool,
}

impl Controller {
    pub fn new(
        cloud: Cloud,
        databases: BTreeMap<ServiceName, String>,
        rules: Rules,
        lead: Lead,
        time: Time,
        report: Arc<Report>,
    ) -> Self {
        metrics::cap(rules.cap());
        metrics::leader(false);
        Controller { cloud, databases, rules, time, lead, report, changes: BTreeMap::new(), next_look: None }
    }

    /// Renews the lease or tries for it; looks, and changes what has to be changed, if that is ours to do and it is time.
    /// To be called every [`PERIOD`](super::election::PERIOD). May be dropped at any moment.
    pub async fn pass(&mut self) {
        let role = self.turn().await;
        self.report.passed(role, self.time.steady());
        if role == Role::Standby {
            self.next_look = None;
            return;
        }
        let begin = self.time.steady();
        if self.next_look.is_some_and(|next| begin < next) {
            return;
        }
        self.next_look = Some(begin + LOOK_EVERY);
        let Ok(look) = tokio::time::timeout(LOOK_WITHIN, self.look()).await else {
            metrics::failure("systems");
            tracing::warn!("the databases were not all seen within {LOOK_WITHIN:?}: nothing is changed");
            return;
        };
        if look.complete {
            let now = self.time.now();
            metrics::success(now);
            self.report.looked(begin, now);
        }
        if let Some((service, to)) = self.decide(&look)
            && let Some(system) = look.systems.get(&service)
        {
            self.change(service, system, to).await;
        }
    }

    /// Gives the lead to whoever wants it.
    pub async fn resign(&mut self) {
        if let Lead::Elected(election) = &mut self.lead {
            election.resign().await;
        }
        metrics::leader(false);
    }

    async fn turn(&mut self) -> Role {
        let Lead::Elected(election) = &mut self.lead else { return Role::DryRun };
        match election.turn().await {
            Ok(Turn::Elected { note }) => {
                tracing::info!(identity = election.identity(), "leads from now on");
                self.remember(&note);
            }
            Ok(Turn::Leading | Turn::Standby) => self.report.lease_reached(self.time.steady()),
            Err(error) => lease_failed(&error),
        }
        let Lead::Elected(election) = &self.lead else { return Role::DryRun };
        let leads = !election.time_left().is_zero();
        metrics::leader(leads);
        if leads { Role::Leader } else { Role::Standby }
    }

    /// What the leader before us changed.
    fn remember(&mut self, note: &str) {
        self.report.lease_reached(self.time.steady());
        if note.is_empty() {
            return;
        }
        match serde_json::from_str::<BTreeMap<ServiceName, Timestamp>>(note) {
            Ok(changes) => {
                for (service, at) in changes {
                    let known = self.changes.entry(service).or_insert(at);
                    *known = at.max(*known);
                }
            }
            // The systems themselves still say when they were last changed.
            Err(error) => tracing::warn!(%error, note, "the note in the lease cannot be read"),
        }
    }

    async fn look(&mut self) -> Look {
        let now = self.time.now();
        let reading =
            join_all(self.databases.iter().map(async |(service, id)| (*service, self.cloud.system(id).await)));
        let (cpu, memory, read) =
            tokio::join!(self.cloud.load(Metric::Cpu, now), self.cloud.load(Metric::Memory, now), reading);
        let mut look = Look { loads: BTreeMap::new(), systems: BTreeMap::new(), changing: false, complete: true };
        let mut of_metric = |metric: Metric, answer: Result<BTreeMap<_, _>, oci::Error>| {
            answer.unwrap_or_else(|error| {
                metrics::failure("metrics");
                tracing::warn!(%error, metric = metric.as_str(), "the load could not be read");
                look.complete = false;
                BTreeMap::new()
            })
        };
        let (mut cpu, mut memory) = (of_metric(Metric::Cpu, cpu), of_metric(Metric::Memory, memory));
        for (service, id) in &self.databases {
            let load = Load { cpu: cpu.remove(id).unwrap_or_default(), memory: memory.remove(id).unwrap_or_default() };
            look.loads.insert(*service, load);
        }
        for (service, answer) in read {
            match answer {
                Ok(system) => {
                    metrics::ocpus(service, system.ocpus);
                    if system.is_changing() {
                        look.changing = true;
                        self.changes.insert(service, now);
                    }
                    look.systems.insert(service, system);
                }
                Err(error) => {
                    metrics::failure("systems");
                    tracing::warn!(%error, database = %service, "the database system could not be read");
                    look.complete = false;
                    // One that is not there is not being changed either.
                    look.changing |= error.status() != Some(http::StatusCode::NOT_FOUND);
                }
            }
        }
        self.leave_note();
        look
    }

    /// The one change that is to be made now.
    fn decide(&self, look: &Look) -> Option<(ServiceName, u32)> {
        let now = self.time.now();
        let mut decisions = Vec::new();
        let mut told = Vec::new();
        for (service, system) in &look.systems {
            let load = &look.loads[service];
            let database = Database {
                ocpus: system.ocpus,
                active: system.state == Lifecycle::Active,
                changed: self.changes.get(service).copied().max(system.updated),
            };
            let decision = policy::decide(&self.rules, &database, load, now);
            metrics::decision(*service, decision.as_str());
            let seen = Metric::ALL.map(|metric| {
                let recent = policy::recent(load.of(metric), now);
                metrics::load(*service, metric, recent);
                format!("{} {}", metric.as_str(), recent.map_or("unknown".to_owned(), |r| format!("{} %", r / 10)))
            });
            told.push(format!("{service}: {}, {} OCPUs, {}", decision.as_str(), system.ocpus, seen.join(", ")));
            decisions.push((*service, decision));
        }
        let settling = self.changes.values().any(|at| now < at.plus(SETTLE));
        let chosen = policy::choose(decisions).filter(|_| !look.changing && !settling);
        tracing::info!(
            decisions = told.join("; "),
            chosen = chosen.map(|(service, to)| format!("{service} to {to}")),
            wait_for_another = look.changing || settling,
            "looked at the databases"
        );
        chosen
    }

    async fn change(&mut self, service: ServiceName, system: &System, to: u32) {
        let direction = if to > system.ocpus { "up" } else { "down" };
        let (from, memory) = (system.ocpus, system.memory_for(to));
        if matches!(self.lead, Lead::DryRun) {
            metrics::change(service, direction, "dry_run");
            tracing::info!(database = %service, from, to, memory, "would change its OCPUs; this is a dry run");
            return;
        }
        let before = self.changes.insert(service, self.time.now());
        let within = self.announce(service, before).await;
        if within.is_zero() {
            tracing::warn!(database = %service, from, to, "its OCPUs are not changed: the lease could not be renewed");
            return;
        }
        let id = &self.databases[&service];
        let result = self.cloud.resize(id, system, to, within).await;
        let outcome = match &result {
            Ok(()) => "accepted",
            Err(error) if is_refusal(error) => "refused",
            Err(_) => "unknown",
        };
        metrics::change(service, direction, outcome);
        match result {
            Ok(()) => tracing::info!(database = %service, from, to, memory, "asked for other OCPUs"),
            // What came of it shows in a later look; until then it counts as a change.
            Err(error) => {
                tracing::warn!(%error, database = %service, from, to, outcome, "its OCPUs could not be changed");
                if is_worth_another_look(&error) {
                    self.withdraw(service, before);
                }
            }
        }
    }

    /// Writes down what is about to be changed, and proves by that that we still lead: whoever follows us will know of it, even if
    /// we die in the middle. Gives the time for which we may act; if there is none, it is as it was before.
    async fn announce(&mut self, service: ServiceName, before: Option<Timestamp>) -> Duration {
        self.leave_note();
        let Lead::Elected(election) = &mut self.lead else { return Duration::ZERO };
        let turn = election.turn().await;
        let left = election.time_left();
        match turn {
            Ok(Turn::Leading) if !left.is_zero() => return left,
            Ok(Turn::Leading | Turn::Standby) => self.withdraw(service, before),
            // Lost and won again: what was seen is of before, and others may have acted since. Their note is in the lease.
            Ok(Turn::Elected { note }) => {
                self.withdraw(service, before);
                self.remember(&note);
            }
            Err(error) => {
                lease_failed(&error);
                self.withdraw(service, before);
            }
        }
        Duration::ZERO
    }

    /// It was not changed after all.
    fn withdraw(&mut self, service: ServiceName, before: Option<Timestamp>) {
        match before {
            Some(before) => self.changes.insert(service, before),
            None => self.changes.remove(&service),
        };
        self.leave_note();
    }

    fn leave_note(&mut self) {
        if let Lead::Elected(election) = &mut self.lead {
            // A map of names to times is always JSON.
            election.leave_note(serde_json::to_string(&self.changes).unwrap_or_default());
        }
    }
}

fn lease_failed(error: &KubernetesError) {
    metrics::failure("lease");
    tracing::warn!(%error, "the lease could not be renewed or tried for");
}

/// The service said no, so that nothing was done.
fn is_refusal(error: &oci::Error) -> bool {
    matches!(error, oci::Error::Token(_) | oci::Error::Configuration(_))
        || error.status().is_some_and(|status| status.is_client_error())
}

/// Somebody else has changed it (409, 412) or there were too many requests (429): the next look may decide anew. After any other
/// refusal it rests as after a change, so that the others have their turn.
fn is_worth_another_look(error: &oci::Error) -> bool {
    matches!(error, oci::Error::Token(_))
        || error.status().is_some_and(|status| [409, 412, 429].contains(&status.as_u16()))
}

//! What the cloud is asked: how loaded the database systems are, how large, and to be larger or smaller.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderValue;
use oci::monitoring::{Datapoint, Monitoring, Summarize};
use oci::postgresql::{DbSystem, Lifecycle, Postgresql, Size};
use types::Timestamp;

use super::policy::{LONGEST_VIEW, Metric, Sample};

const NAMESPACE: &str = "oci_postgresql";
/// The dimension that holds the database system's OCID.
const RESOURCE: &str = "resourceId";
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    monitoring: Monitoring,
    postgresql: Postgresql,
    /// The compartment of the database systems.
    compartment: String,
    /// How long one answer may take.
    within: Duration,
}

/// A database system as it was found.
#[derive(Clone, Debug)]
pub struct System {
    pub state: Lifecycle,
    pub ocpus: u32,
    /// In GB.
    pub memory: u32,
    pub updated: Option<Timestamp>,
    etag: HeaderValue,
}

impl Cloud {
    pub fn new(monitoring: Monitoring, postgresql: Postgresql, compartment: String) -> Self {
        Cloud { monitoring, postgresql, compartment, within: ANSWER_WITHIN }
    }

    /// With less patience.
    pub fn answering_within(self, within: Duration) -> Self {
        Cloud { within, ..self }
    }

    /// The last minutes of every database system in the compartment, by its OCID. All nodes of a system are of one size, so the
    /// busiest of them counts.
    ///
    /// # Errors
    /// If Monitoring gave no answer.
    pub async fn load(&self, metric: Metric, now: Timestamp) -> Result<BTreeMap<String, Vec<Sample>>, oci::Error> {
        let name = match metric {
            Metric::Cpu => "CpuUtilization",
            Metric::Memory => "MemoryUtilization",
        };
        let question = Summarize {
            namespace: NAMESPACE,
            query: &format!("{name}[1m].groupBy({RESOURCE}).max()"),
            start_time: now.minus(LONGEST_VIEW),
            end_time: now,
        };
        let streams = self.monitoring.summarize(&self.compartment, &question, self.within).await?;
        let mut load: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for stream in streams {
            let Some(id) = stream.dimensions.get(RESOURCE) else { continue };
            let samples = stream.aggregated_datapoints.iter().filter_map(sample);
            load.entry(id.clone()).or_default().extend(samples);
        }
        Ok(load)
    }

    /// # Errors
    /// If the service gave no answer, or has no such system.
    pub async fn system(&self, id: &str) -> Result<System, oci::Error> {
        let (system, etag) = self.postgresql.db_system(id, self.within).await?;
        let DbSystem { lifecycle_state, instance_ocpu_count, instance_memory_size_in_gbs, time_updated, .. } = system;
        Ok(System {
            state: lifecycle_state,
            ocpus: instance_ocpu_count,
            memory: instance_memory_size_in_gbs,
            updated: time_updated,
            etag,
        })
    }

    /// Asks for so many OCPUs, and memory in proportion, if the system is still as it was found.
    ///
    /// # Errors
    /// If the service refused, or its answer did not come in time: at the latest within `within`.
    pub async fn resize(&self, id: &str, found: &System, ocpus: u32, within: Duration) -> Result<(), oci::Error> {
        let size = Size { instance_ocpu_count: ocpus, instance_memory_size_in_gbs: found.memory_for(ocpus) };
        self.postgresql.resize(id, &found.etag, size, within.min(self.within)).await
    }
}

impl System {
    /// Is it becoming another, so that none beside it may be changed?
    pub fn is_changing(&self) -> bool {
        // A state that is not known yet might mean it.
        matches!(self.state, Lifecycle::Creating | Lifecycle::Updating | Lifecycle::Deleting | Lifecycle::Unknown)
    }

    /// GB for so many OCPUs, in the proportion that it has.
    pub fn memory_for(&self, ocpus: u32) -> u32 {
        let memory = u64::from(self.memory) * u64::from(ocpus) / u64::from(self.ocpus.max(1));
        u32::try_from(memory).unwrap_or(u32::MAX)
    }
}

/// Nothing if the value is no utilisation, such as a negative one.
fn sample(point: &Datapoint) -> Option<Sample> {
    // Written with one digit behind the point and read without the point: per mille, rounded, in whole numbers from here on.
    let per_mille = format!("{:.1}", point.value).replace('.', "").parse().ok()?;
    Some(Sample { at: point.timestamp, per_mille })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_become_per_mille_and_nonsense_nothing() {
        let read =
            |value| sample(&Datapoint { timestamp: Timestamp::from_microseconds(0), value }).map(|s| s.per_mille);
        assert_eq!([read(0.0), read(83.44), read(83.45001), read(100.0)], [Some(0), Some(834), Some(835), Some(1000)]);
        assert_eq!([read(-1.0), read(f64::NAN), read(f64::INFINITY)], [None; 3]);
    }
}

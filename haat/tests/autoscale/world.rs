//! Ten databases with something to do, the cloud that measures and changes them, a cluster, and controllers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use haat::autoscale::cloud::Cloud;
use haat::autoscale::controller::{Controller, Lead};
use haat::autoscale::election::Election;
use haat::autoscale::kubernetes::{LeaseName, Leases};
use haat::autoscale::policy::{Rules, THRESHOLD};
use haat::autoscale::report::{Report, Role};
use haat::autoscale::time::Time;
use oci::monitoring::Monitoring;
use oci::postgresql::Postgresql;
use platform::clock::Clock;
use platform::topology::Topology;
use testkit::ScratchDirectory;
use testkit::oci::{COMPARTMENT, Oci};
use types::{ServiceName, Timestamp};

use super::kubernetes::{Kubernetes, TOKEN};

/// A change takes so long.
pub const CHANGE_TAKES: Duration = Duration::from_mins(4);
/// Passes of a controller, instead of the five seconds of real ones.
const PASS_EVERY: Duration = Duration::from_secs(15);
/// Monitoring shows a minute so much later.
const LAG: Duration = Duration::from_mins(2);
/// Long for a server on the same machine, short for a test in which one is silent.
const PATIENCE: Duration = Duration::from_millis(700);

pub struct World {
    pub time: Time,
    clock: Clock,
    pub oci: Oci,
    pub kubernetes: Kubernetes,
    /// What each database needs: hundredths of an OCPU, and GB.
    pub needs: BTreeMap<ServiceName, (u32, u32)>,
    api: String,
    token: ScratchDirectory,
}

/// A controller and how it shows.
pub struct Instance {
    pub controller: Controller,
    pub report: Arc<Report>,
}

impl Instance {
    pub fn leads(&self) -> bool {
        self.report.role() == Role::Leader
    }
}

pub fn id(service: ServiceName) -> String {
    format!("ocid1.postgresqldbsystem.oc1.ap-hyderabad-1.{service}")
}

pub fn databases() -> Vec<ServiceName> {
    Topology::embedded().unwrap().services().filter(|s| s.database).map(|s| s.name).collect()
}

impl World {
    /// Ten calm databases of 2 OCPUs, with half an hour of measurements.
    pub async fn new() -> Self {
        let clock = Clock::system();
        let time = Time::of(clock.clone());
        let oci = Oci::start_at(clock.clone()).await;
        oci.postgresql.set_change_takes(CHANGE_TAKES);
        let mut needs = BTreeMap::new();
        for service in databases() {
            oci.postgresql.create(&id(service), 2, 32);
            needs.insert(service, (90, 15));
        }
        let kubernetes = Kubernetes::default();
        let api = kubernetes.serve().await;
        let token = ScratchDirectory::create();
        std::fs::write(token.join("token"), format!("{TOKEN}\n")).unwrap();
        let world = World { time, clock, oci, kubernetes, needs, api, token };
        for minutes in 0..30 {
            world.measure(world.time.now().minus(LAG + Duration::from_mins(minutes)));
        }
        world
    }

    pub fn needs(&mut self, service: ServiceName, hundredths: u32, memory: u32) {
        self.needs.insert(service, (hundredths, memory));
    }

    /// The emulated service's address.
    pub fn url(&self, path: &str) -> reqwest::Url {
        format!("{}{path}", self.oci.url).parse().unwrap()
    }

    pub fn cloud(&self) -> Cloud {
        let client = platform::cloud::client(self.oci.user(), self.clock.clone()).unwrap();
        let monitoring = Monitoring::new(client.clone(), self.url("/20180401/"));
        let postgresql = Postgresql::new(client, self.url("/20220915/"));
        Cloud::new(monitoring, postgresql, COMPARTMENT.to_owned()).answering_within(PATIENCE)
    }

    pub fn election(&self, name: &str) -> Election {
        let lease = LeaseName { namespace: "ecommerce".to_owned(), name: "autoscale".to_owned() };
        let leases = Leases::at(&self.api, self.token_file(), lease).unwrap();
        Election::new(leases, name.to_owned(), self.time.clone())
    }

    pub fn token_file(&self) -> std::path::PathBuf {
        self.token.join("token")
    }

    /// One of production that stands for election.
    pub fn instance(&self, name: &str) -> Instance {
        self.instance_with(Lead::Elected(Box::new(self.election(name))))
    }

    pub fn instance_with(&self, lead: Lead) -> Instance {
        let report = Report::new(self.time.clone());
        let databases = databases().into_iter().map(|service| (service, id(service))).collect();
        let rules = Rules::new(2, 64, THRESHOLD).unwrap();
        let controller = Controller::new(self.cloud(), databases, rules, lead, self.time.clone(), Arc::clone(&report));
        Instance { controller, report }
    }

    /// Lets so many minutes pass: the databases work and are measured, the instances do their passes.
    pub async fn live(&self, minutes: u32, instances: &mut [&mut Instance]) {
        for _ in 0..minutes {
            for _ in 0..60 / PASS_EVERY.as_secs() {
                self.time.advance(PASS_EVERY);
                for instance in instances.iter_mut() {
                    instance.controller.pass().await;
                }
                assert!(self.oci.postgresql.updating() <= 1, "two databases are being changed at once");
            }
            self.measure(self.time.now().minus(LAG));
        }
    }

    /// One more minute is measured, without anything else.
    pub fn measure_now(&self) {
        self.measure(self.time.now().minus(LAG));
    }

    /// OCPUs that a database has been given, the first included.
    pub fn sizes(&self, service: ServiceName) -> Vec<u32> {
        self.oci.postgresql.history(&id(service)).iter().map(|(_, ocpus, _)| *ocpus).collect()
    }

    /// How many changes there were.
    pub fn changes(&self) -> usize {
        databases().into_iter().map(|service| self.sizes(service).len() - 1).sum()
    }

    /// When a database was last given other OCPUs.
    pub fn changed_at(&self, service: ServiceName) -> Timestamp {
        self.oci.postgresql.history(&id(service)).last().unwrap().0
    }

    /// Records a minute of each database: its primary works, its replica does half of that.
    fn measure(&self, at: Timestamp) {
        for (service, (hundredths, memory)) in &self.needs {
            let id = id(*service);
            let ocpus = self.oci.postgresql.ocpus(&id);
            for node in 0..2 {
                let share = |needed: u32, there: u32| f64::from((needed * 100 / there).min(100) / (1 + node));
                self.oci.monitoring.record(&id, node, "CpuUtilization", at, share(*hundredths, ocpus * 100));
                self.oci.monitoring.record(&id, node, "MemoryUtilization", at, share(*memory, ocpus * 16));
            }
        }
    }
}

/// The value of a sample that `/metrics` shows, such as `haat_autoscale_leader`.
pub fn metric(sample: &str) -> Option<String> {
    let text = platform::telemetry::render_metrics(None);
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ').map(str::to_owned))
}

//! The platform as in a cluster: each replica of a service a process of its own, and before them what leads to those that are ready.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use haat::up::Options;
use platform::env::Env;
use testkit::{TcpProxy, eventually};
use types::ServiceName;

use crate::PATIENCE;
use crate::buyers::{Market, Paid};
use crate::premises::{Premises, variable};
use crate::process::{Haat, free_ports, reconcile, until_ready, until_well};

/// Every replica has a port that none had before it.
const PORTS: u16 = 64;

pub struct Shop {
    // The services before their servers, so that they end first.
    pods: BTreeMap<ServiceName, Vec<Pod>>,
    /// Those that were told to end.
    leaving: Vec<(ServiceName, Haat)>,
    /// A Service's address stays while its pods come and go.
    fronts: BTreeMap<ServiceName, TcpProxy>,
    pub premises: Premises,
    pub market: Market,
    next_port: u16,
    url: String,
}

struct Pod {
    process: Haat,
    address: SocketAddr,
}

impl Shop {
    /// With so many replicas of each service.
    pub async fn open(mut premises: Premises, replicas: impl Fn(ServiceName) -> usize) -> Self {
        let front = |service: &ServiceName| (*service, TcpProxy::to(Vec::new()));
        let fronts: BTreeMap<_, _> = ServiceName::ALL.iter().map(front).collect();
        for (service, front) in &fronts {
            premises.set(*service, "URL", format!("http://{}", front.address));
        }
        let url = format!("http://{}", fronts[&ServiceName::Gateway].address);
        let key = premises.infrastructure.signing_key(ServiceName::Auth).unwrap();
        let (pods, leaving, next_port) = (BTreeMap::new(), Vec::new(), free_ports(PORTS));
        let market = Market::of(&url, key);
        let mut shop = Shop { pods, leaving, fronts, premises, market, next_port, url };
        for service in ServiceName::ALL {
            let pods = (0..replicas(*service)).map(|_| shop.start(*service)).collect();
            shop.pods.insert(*service, pods);
        }
        for (service, pods) in &shop.pods {
            for pod in pods {
                until_well(&pod.url("/ready")).await;
            }
            shop.serve_from(*service);
        }
        until_ready(&shop.url).await;
        shop.market.look_around().await;
        shop
    }

    /// Replaces a service's pods one after another, as a Deployment does that may have one more and none less: the new one is ready
    /// before an old one is left out of the Service, and that has gone everywhere before the old one is told to end. In a cluster
    /// the `preStop` hook waits for that; here it is known at once. Nobody waits for the end.
    pub async fn roll(&mut self, service: ServiceName) {
        for turn in 0..self.pods[&service].len() {
            let new = self.start(service);
            until_well(&new.url("/ready")).await;
            let old = std::mem::replace(&mut self.pods.get_mut(&service).unwrap()[turn], new);
            self.serve_from(service);
            old.process.terminate();
            self.leaving.push((service, old.process));
        }
    }

    /// Has all pods of a service end, as a Deployment does that is scaled to nothing.
    pub async fn close(&mut self, service: ServiceName) {
        self.fronts[&service].lead_to(Vec::new());
        for pod in self.pods.insert(service, Vec::new()).unwrap_or_default() {
            pod.process.terminate();
            self.leaving.push((service, pod.process));
        }
        self.all_left().await;
    }

    /// Starts it again, with one pod.
    pub async fn reopen(&mut self, service: ServiceName) {
        let pod = self.start(service);
        until_well(&pod.url("/ready")).await;
        self.pods.insert(service, vec![pod]);
        self.serve_from(service);
    }

    /// All is well: people are served, and the books agree.
    pub async fn is_in_order(&mut self, bought: &[Paid]) {
        self.serves(bought).await;
        eventually(PATIENCE, || async { self.reconcile() }).await;
    }

    /// What `haat reconcile` finds, as an error.
    pub fn reconcile(&self) -> Result<(), String> {
        let variables: Vec<_> = self.premises.variables.clone().into_iter().collect();
        self.premises.infrastructure.state().keep_environment(&variables).unwrap();
        reconcile(self.premises.state.path())
    }

    /// No process has ended that was not told to, and those in peace; no customer was let down.
    pub async fn serves(&mut self, bought: &[Paid]) {
        for (service, pods) in &mut self.pods {
            assert!(pods.iter_mut().all(|pod| pod.process.is_running()), "a pod of {service} has ended by itself");
        }
        self.all_left().await;
        until_ready(&self.url).await;
        self.market.keeps_its_word(bought).await;
    }

    /// Those who were told to end have done so in peace.
    pub async fn all_left(&mut self) {
        for (service, mut process) in self.leaving.drain(..) {
            let status = eventually(PATIENCE, || std::future::ready(process.exit_status())).await;
            assert!(status.success(), "{service} has not ended in peace: {status}");
        }
    }

    /// Where the others find a service.
    pub fn url_of(&self, service: ServiceName) -> String {
        format!("http://{}", self.fronts[&service].address)
    }

    fn start(&mut self, service: ServiceName) -> Pod {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.next_port));
        self.next_port += 1;
        let port = (variable(service, "PORT"), address.port().to_string());
        let variables = self.premises.variables.iter().map(|(n, v)| (n.clone(), v.clone())).chain([port]);
        Pod { process: Haat::spawn(&["serve", service.as_str()], variables), address }
    }

    /// The service's address leads to the pods that it has now.
    fn serve_from(&self, service: ServiceName) {
        self.fronts[&service].lead_to(self.pods[&service].iter().map(|pod| pod.address).collect());
    }
}

impl Pod {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Of the shop that is prepared once for all.
pub fn options(state: &Path, variables: &[(&str, &str)]) -> Options {
    let variables = [("APP_ENV", "local")].iter().chain(variables).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let env = Env::from_values(variables);
    Options { state: state.to_owned(), port_base: None, reset: false, demo: true, products: 0, env }
}

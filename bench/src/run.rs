//! The order of a run: start, start again, look at the memory, then each kind of load after its limit.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::cart::{self, Shopper};
use crate::catalogue::Catalogue;
use crate::checkout::Buyer;
use crate::customers::{self, Customer};
use crate::error::Error;
use crate::http::{Connection, Person};
use crate::limits::pgbench::{Pgbench, Script};
use crate::limits::{Canned, Server, Taker};
use crate::load::{Window, drive};
use crate::machine::Machine;
use crate::platform::{Platform, Site};
use crate::processes::Processes;
use crate::read::{DETAIL, LIST, Question, Reader, SEARCH};
use crate::report::{Events, Figure, Limit, MemoryAt, Report, Shop, milliseconds};
use crate::{Options, What, events, say};

const CONNECTIONS: [usize; 2] = [16, 64];
const BUYERS: [usize; 3] = [1, 8, 32];
/// Of each buyer: what one has ordered leaves the cart while the next ones order.
const CUSTOMERS_PER_BUYER: usize = 4;
/// After a start, before the platform counts as idle; and so long it is looked at.
const SETTLE: Duration = Duration::from_secs(10);
/// The file by which a directory is known to be the bench's.
const MARK: &str = "of-the-bench";

/// Shares of their limits that are wanted.
const READS: f64 = 0.3;
const SEARCHES: f64 = 0.08;
const ADDITIONS: f64 = 0.3;
const CHECKOUTS: f64 = 0.05;

pub async fn all(what: &[What], options: &Options) -> Result<Report, Error> {
    own(&options.state)?;
    let mut report =
        Report { machine: Machine::look(&options.state).await?, seconds: options.seconds, shops: Vec::new() };
    for products in &options.products {
        say(&format!("{products} products"));
        report.shops.push(shop(what, options, *products).await?);
    }
    report.append_lines(&options.json.clone().unwrap_or_else(|| options.state.join("figures.jsonl")))?;
    if let Some(document) = &options.document {
        report.write_into(document)?;
    }
    Ok(report)
}

/// Takes a directory that is empty, or was taken before: what is in it will be deleted.
fn own(directory: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(directory.display(), error);
    fs::create_dir_all(directory).map_err(failed)?;
    let is_empty = fs::read_dir(directory).map_err(failed)?.next().is_none();
    if !is_empty && !directory.join(MARK).exists() {
        return Err(Error::Foreign(directory.to_owned()));
    }
    fs::write(directory.join(MARK), "What is in this directory is deleted by the next run.\n").map_err(failed)
}

async fn shop(what: &[What], options: &Options, products: u32) -> Result<Shop, Error> {
    let wanted = |one: What| what.contains(&one) || what.contains(&What::All);
    let mut shop = Shop { products, ..Shop::default() };
    let platform = start_twice(options, &mut shop).await?;
    let processes = platform.processes()?;
    tokio::time::sleep(SETTLE).await;
    let before = processes.times()?;
    tokio::time::sleep(SETTLE).await;
    let spent = processes.times()?.since(&before);
    shop.idle = spent.0.into_iter().map(|(name, time)| (name, time * 100.0 / SETTLE.as_secs_f64())).collect();
    say(&format!("  per cent of a core while idle: {:.1?}", shop.idle));
    shop.memory.push(memory("idle", &processes)?);
    if what != [What::Start] {
        say("  reads the catalogue");
        let catalogue = Catalogue::read(&mut Connection::new(platform.address()), products).await?;
        let pgbench = Pgbench::prepare(&platform).await?;
        let bench = Bench {
            platform: &platform,
            processes: &processes,
            pgbench: &pgbench,
            catalogue: Arc::new(catalogue),
            options,
            window: options.window(),
        };
        if wanted(What::Read) {
            bench.reads(&mut shop).await?;
        }
        if wanted(What::Cart) || wanted(What::Checkout) {
            say("  registers customers");
            let count = BUYERS.into_iter().max().unwrap_or(1) * CUSTOMERS_PER_BUYER;
            let mut customers = customers::register(platform.address(), count).await?;
            platform.until_quiet().await?;
            if wanted(What::Cart) {
                bench.additions(&mut shop, &customers).await?;
            }
            if wanted(What::Checkout) {
                customers = customers::log_in_again(platform.address(), customers).await?;
                bench.checkouts(&mut shop, &customers).await?;
            }
        }
        pgbench.drop_database().await?;
        shop.memory.push(memory("after the load", &processes)?);
    }
    let started = Instant::now();
    let _site = platform.stop().await?;
    shop.starts.push(("until it has stopped", started.elapsed()));
    Ok(shop)
}

async fn start_twice(options: &Options, shop: &mut Shop) -> Result<Platform, Error> {
    let directory = options.state.join(format!("{}-products", shop.products));
    fs::create_dir_all(&directory).map_err(|error| Error::io(directory.display(), error))?;
    let binary = match &options.haat {
        Some(binary) => binary.clone(),
        None => std::env::current_exe().map_err(|error| Error::io("this program", error))?.with_file_name("haat"),
    };
    let site = Site { binary, directory, port: options.port_base, products: shop.products };
    let first = site.start(true).await?;
    shop.starts.push(("first start, with its data", first.ready_after));
    events::remember_commits(&first).await?;
    let second = first.stop().await?.start(false).await?;
    shop.starts.push(("second start", second.ready_after));
    for (name, took) in &shop.starts {
        say(&format!("  {name}: {:.2} s", took.as_secs_f64()));
    }
    Ok(second)
}

fn memory(when: &'static str, processes: &Processes) -> Result<MemoryAt, Error> {
    let parts = ["haat", "PostgreSQL", "Redis"].map(|name| processes.memory(name).map(|memory| (name, memory)));
    Ok(MemoryAt { when, parts: parts.into_iter().collect::<Result<_, _>>()? })
}

/// A platform under measurement.
struct Bench<'a> {
    platform: &'a Platform,
    processes: &'a Processes,
    pgbench: &'a Pgbench,
    catalogue: Arc<Catalogue>,
    options: &'a Options,
    window: Window,
}

impl Bench<'_> {
    async fn reads(&self, shop: &mut Shop) -> Result<(), Error> {
        for question in [&DETAIL, &LIST, &SEARCH] {
            let hot = (question.ask)(&self.catalogue);
            let limits = match question.name {
                name if name == SEARCH.name => self.pgbench(Script::Select, &CONNECTIONS).await?,
                _ => self.served(question, &hot).await?,
            };
            let target = if question.name == SEARCH.name { SEARCHES } else { READS };
            for (which, path) in [("each another", None), ("one for all", Some(hot))] {
                for (connections, limit) in &limits {
                    let reader = || Reader { question, catalogue: Arc::clone(&self.catalogue), hot: path.clone() };
                    let readers = (0..*connections).map(|_| reader()).collect();
                    let outcome = drive(self.platform.address(), readers, self.window, self.processes).await?;
                    let name = format!("{}, {which}", question.name);
                    shop.figures.push(Figure::new(name, *connections, &outcome, limit.clone(), target));
                }
            }
        }
        Ok(())
    }

    async fn additions(&self, shop: &mut Shop, customers: &[Customer]) -> Result<(), Error> {
        let limits = self.pgbench(Script::Update, &CONNECTIONS).await?;
        let guests = vec![Person::default(); customers.len()];
        let people: Vec<Person> = customers.iter().map(|customer| customer.person.clone()).collect();
        for (which, people) in [("customer", people), ("guest", guests)] {
            for (connections, limit) in &limits {
                let people = people.iter().take(*connections).cloned();
                let shoppers = people.map(|person| Shopper::new(Arc::clone(&self.catalogue), person)).collect();
                let outcome = drive(self.platform.address(), shoppers, self.window, self.processes).await?;
                let name = format!("addition to a cart, {which}");
                shop.figures.push(Figure::new(name, *connections, &outcome, limit.clone(), ADDITIONS));
            }
        }
        Ok(())
    }

    async fn checkouts(&self, shop: &mut Shop, customers: &[Customer]) -> Result<(), Error> {
        let mut connection = Connection::new(self.platform.address());
        for customer in customers {
            cart::empty(&mut connection, &customer.person).await?;
        }
        for (buyers, limit) in self.pgbench(Script::Update, &BUYERS).await? {
            let each = customers.chunks(CUSTOMERS_PER_BUYER).take(buyers);
            let each = each.map(|customers| VecDeque::from(customers.to_vec()));
            let work = each.map(|customers| Buyer { catalogue: Arc::clone(&self.catalogue), customers }).collect();
            let begin = SystemTime::now() + self.window.warm_up;
            let (outcome, under_load) = tokio::join!(
                drive(self.platform.address(), work, self.window, self.processes),
                self.memory_under_load(buyers),
            );
            let outcome = outcome?;
            shop.memory.extend(under_load?);
            let name = "checkout, from the empty cart to the confirmation".to_owned();
            shop.figures.push(Figure::new(name, buyers, &outcome, limit, CHECKOUTS));

            self.platform.until_quiet().await?;
            let found = events::latencies(self.platform, begin, begin + self.window.measured).await?;
            let slowest = found.slowest(3).into_iter().map(|(effect, late)| (effect.to_owned(), milliseconds(late)));
            shop.events.push(Events::new(buyers, &found.all(), outcome.seconds, slowest.collect()));
        }
        say("  holds the books against each other");
        self.platform.reconcile().await
    }

    /// Only once, since it takes time to reckon: with the most buyers, near the end of their window.
    async fn memory_under_load(&self, buyers: usize) -> Result<Option<MemoryAt>, Error> {
        if Some(buyers) != BUYERS.into_iter().max() {
            return Ok(None);
        }
        tokio::time::sleep(self.window.warm_up + self.window.measured * 4 / 5).await;
        memory("under 32 buyers", self.processes).map(Some)
    }

    /// By connections: how often the machine serves the same bytes with a server that has nothing to find out.
    async fn served(&self, question: &Question, path: &str) -> Result<Vec<(usize, Limit)>, Error> {
        let answer = Connection::new(self.platform.address()).get(path, &Person::default()).await?;
        question.check(path, &answer)?;
        let (path, size) = ("/answer".to_owned(), answer.body.len());
        let answers = BTreeMap::from([(path.clone(), Canned::of(&answer)?)]);
        // The port after the platform's eleven.
        let port = self.options.port_base.saturating_add(11);
        let server = Server::start(self.platform.directory(), port, &answers).await?;
        let processes = server.processes()?;
        let mut limits = Vec::new();
        for connections in CONNECTIONS {
            let takers = (0..connections).map(|_| Taker { path: path.clone(), size }).collect();
            let outcome = drive(server.address, takers, self.window, &processes).await?;
            if let Some(error) = outcome.first_error {
                return Err(error.into());
            }
            say(&format!(
                "  {} serves {size} bytes to {connections}: {:.0}/s; processor seconds in {:.0} s: {:.1}, the generator {:.1}",
                server.name,
                outcome.rate(),
                outcome.seconds,
                outcome.shares.of("limit"),
                outcome.shares.of("generator"),
            ));
            limits.push((connections, Limit { name: server.name.to_owned(), rate: outcome.rate() }));
        }
        server.stop().await?;
        Ok(limits)
    }

    /// By clients.
    async fn pgbench(&self, script: Script, clients: &[usize]) -> Result<Vec<(usize, Limit)>, Error> {
        let mut limits = Vec::new();
        for clients in clients {
            let rate = self.pgbench.measure(script, *clients, self.options.seconds.max(1)).await?;
            say(&format!("  {} with {clients} clients: {rate:.0}/s", script.name()));
            limits.push((*clients, Limit { name: script.name().to_owned(), rate }));
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_somebody_elses_is_not_taken() {
        let directory = std::env::temp_dir().join(format!("bench-{}", uuid::Uuid::new_v4()));
        assert!(own(&directory).is_ok());
        assert!(own(&directory).is_ok(), "it is ours by now");
        fs::remove_file(directory.join(MARK)).unwrap();
        fs::write(directory.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(own(&directory), Err(Error::Foreign(_))));
        fs::remove_dir_all(&directory).unwrap();
    }
}

//! The runbooks: what they tell people to run, to open and to rely on exists.

use std::collections::BTreeSet;
use std::process::Command;

use platform::topology::Topology;

use super::{commands, files, holds, links, read, root};

const FOLDER: &str = "docs/runbooks";
/// What each says, besides what to do.
const SECTIONS: [&str; 3] = ["## When", "## It worked when", "## Rehearsed"];
/// Folders of this repository whose files are named.
const FOLDERS: [&str; 8] = ["bench/", "crates/", "deploy/", "docs/", "haat/", "openapi/", "script/", "services/"];

fn all() -> Vec<(String, String)> {
    files(FOLDER, ".md").into_iter().map(|name| (name.clone(), read(&format!("{FOLDER}/{name}")))).collect()
}

fn runbooks() -> Vec<(String, String)> {
    all().into_iter().filter(|(name, _)| name != "README.md").collect()
}

fn each(documents: Vec<(String, String)>, rule: impl Fn(&str) -> Vec<String>) {
    each_by_name(documents, |_, text| rule(text));
}

fn each_by_name(documents: Vec<(String, String)>, rule: impl Fn(&str, &str) -> Vec<String>) {
    let of = |(name, text): &(String, String)| {
        rule(name, text).into_iter().map(|what| format!("{name}: {what}")).collect::<Vec<_>>()
    };
    holds(documents.iter().flat_map(of).collect());
}

#[test]
fn every_command_of_haat_is_one_that_it_knows() {
    let written: usize = runbooks().iter().map(|(_, text)| commands::haat(text).len()).sum();
    assert!(written > 10, "the commands were not found");
    each(all(), unknown_commands);
}

#[test]
fn every_link_leads_somewhere() {
    each_by_name(all(), broken_links);
}

#[test]
fn every_file_that_is_named_exists() {
    each(all(), missing_files);
}

#[test]
fn every_variable_and_every_test_that_is_named_is_in_the_sources() {
    let sources = sources();
    each(all(), |text| unknown_names(text, &sources));
}

#[test]
fn every_argument_for_terraform_is_declared() {
    each(runbooks(), undeclared);
}

#[test]
fn every_deployment_is_of_a_service() {
    each(all(), strange_deployments);
}

#[test]
fn every_runbook_says_when_it_is_for_and_how_far_it_was_tried() {
    each(runbooks(), |text| {
        let lacks = SECTIONS.iter().filter(|section| !text.lines().any(|line| line == **section));
        lacks.map(|section| format!("has no \"{section}\"")).collect()
    });
}

#[test]
fn the_index_leads_to_every_runbook() {
    let index = read(&format!("{FOLDER}/README.md"));
    let missing = runbooks().into_iter().filter(|(name, _)| !index.contains(&format!("]({name})")));
    holds(missing.map(|(name, _)| format!("README.md does not lead to {name}")).collect());
}

/// `--help` behind them: the arguments are judged, and nothing is done.
fn unknown_commands(text: &str) -> Vec<String> {
    let judged = |arguments: &Vec<String>| {
        let output = Command::new(env!("CARGO_BIN_EXE_haat")).args(arguments).arg("--help").output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        (!output.status.success()).then(|| format!("haat {}: {why}", arguments.join(" ")))
    };
    commands::haat(text).iter().filter_map(judged).collect()
}

fn broken_links(name: &str, text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let own = targets.filter(|target| !target.starts_with("http"));
    let here = |target: &str| if target.starts_with('#') { format!("{name}{target}") } else { target.to_owned() };
    own.filter_map(|target| links::broken(&format!("{FOLDER}/{}", here(target)))).collect()
}

fn missing_files(text: &str) -> Vec<String> {
    let words = spans(text).into_iter().chain(commands::of(text).into_iter().flatten());
    let parts = words.flat_map(|word| word.split(['=', ' ', '@']).map(str::to_owned).collect::<Vec<_>>());
    let paths: BTreeSet<String> = parts.filter(|part| FOLDERS.iter().any(|folder| part.starts_with(folder))).collect();
    // As far as it is no pattern.
    let fixed = |path: &str| path.split(['*', '<', '$', '{']).next().unwrap_or_default().to_owned();
    let exists = |path: &str| {
        let fixed = fixed(path);
        let folder =
            if fixed == path { fixed.as_str() } else { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) };
        root().join(folder.trim_end_matches([':', '.'])).exists()
    };
    paths.iter().filter(|path| !exists(path)).map(|path| format!("there is no {path}")).collect()
}

/// Variables of the environment (`DATABASE_URL`) and names of tests (`the_last_piece_is_sold_once`).
fn unknown_names(text: &str, sources: &str) -> Vec<String> {
    let is_name = |word: &str, of: fn(char) -> bool| word.contains('_') && word.chars().all(|c| of(c) || c == '_');
    let told = |span: &String| {
        if is_name(span, |c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
            // Each service may have one of its own: CART_DATABASE_URL.
            let shared = span.split_once('_').map_or("", |(_, shared)| shared);
            let known = sources.contains(span.as_str()) || (shared.contains('_') && sources.contains(shared));
            return (!known).then(|| format!("nothing reads {span}"));
        }
        let test = span.matches('_').count() >= 3 && is_name(span, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
        (test && !sources.contains(&format!("fn {span}("))).then(|| format!("there is no test {span}"))
    };
    spans(text).iter().filter_map(told).collect()
}

fn undeclared(text: &str) -> Vec<String> {
    let mut told = Vec::new();
    for words in commands::of(text).iter().filter(|words| words[0] == "terraform") {
        let Some(folder) = words.iter().find_map(|word| word.strip_prefix("-chdir=")) else {
            told.push(format!("{} does not say where", words.join(" ")));
            continue;
        };
        let folder = folder.replace("$environment", "production");
        let text_of = |path: String| std::fs::read_to_string(root().join(path)).unwrap_or_default();
        let variables = text_of(format!("{folder}/variables.tf"));
        let given = words.windows(2).filter(|pair| pair[0] == "-var").filter_map(|pair| pair[1].split('=').next());
        for variable in given.filter(|variable| !variables.contains(&format!("variable \"{variable}\""))) {
            told.push(format!("{folder} has no variable {variable}"));
        }
        let modules: String = ["main", "recovery"]
            .map(|file| text_of(format!("deploy/terraform/modules/environment/{file}.tf")))
            .concat();
        let targets = words.iter().filter_map(|word| word.strip_prefix("-target=module.environment.module."));
        for target in targets {
            let module = target.split(['.', '[']).next().unwrap_or_default();
            if !modules.contains(&format!("module \"{module}\"")) {
                told.push(format!("there is no module {module}"));
            }
        }
    }
    told
}

fn strange_deployments(text: &str) -> Vec<String> {
    let topology = Topology::embedded().unwrap();
    let names: BTreeSet<String> = topology.services().map(|service| format!("{}-service", service.name)).collect();
    let words = commands::of(text).into_iter().flatten();
    let named = words.filter_map(|word| Some(word.strip_prefix("deployment/")?.to_owned()));
    let strange = named.filter(|name| !name.contains('$') && !names.contains(name));
    strange
        .filter(|name| !OTHER_DEPLOYMENTS.contains(&name.as_str()))
        .map(|name| format!("nothing deploys {name}"))
        .collect()
}

/// Deployments that are no service's.
const OTHER_DEPLOYMENTS: [&str; 2] = ["autoscale", "external-secrets"];

/// What stands between backquotes in running text.
fn spans(text: &str) -> Vec<String> {
    let mut fenced = false;
    let running: Vec<&str> = text
        .lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .collect();
    running.join("\n").split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// All that variables are read in and that tests stand in, these rules excepted.
fn sources() -> String {
    let mut all = String::new();
    let mut folders: Vec<_> =
        ["crates", "services", "haat", "deploy", "bench"].map(|folder| root().join(folder)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "operations" {
                folders.push(path);
            } else if [".rs", ".env", ".yaml", ".tf", ".py", ".md"].iter().any(|ending| name.ends_with(ending)) {
                all += &std::fs::read_to_string(&path).unwrap();
            }
        }
    }
    all
}

#[test]
fn what_a_runbook_gets_wrong_is_told() {
    let sh = |command: &str| format!("```sh\n{command}\n```\n");
    let good = sh("haat dead-letters list --state .haat");
    assert_eq!(unknown_commands(&good), [""; 0]);
    for wrong in
        ["haat dead-letter list", "haat tour --gatway https://a", "haat serve basket", "kubectl exec a -- haat upp"]
    {
        assert_eq!(unknown_commands(&sh(wrong)).len(), 1, "{wrong}");
    }
    assert_eq!(
        broken_links("README.md", "[a](README.md), [b](https://c), [d](../../README.md#haat), [e](#alerts)"),
        [""; 0]
    );
    assert_eq!(broken_links("README.md", "[a](absent.md)"), ["there is no docs/runbooks/absent.md"]);
    assert_eq!(broken_links("README.md", "[a](#absent)"), ["docs/runbooks/README.md has no heading #absent"]);
    let named = "`deploy/kubernetes/check.py`, `deploy/kubernetes/overlays/<environment>`, `haat/tests/*.rs`, `a/b`";
    assert_eq!(missing_files(named), [""; 0]);
    assert_eq!(
        missing_files(&sh("kubectl apply -k deploy/kubernetes/overlay")),
        ["there is no deploy/kubernetes/overlay"]
    );
    let names = "`A_B`, `C_D`, `it_is_so_here`, `it_is_not_so`, `a_b`";
    let told = unknown_names(names, "env(\"A_B\") fn it_is_so_here() {}");
    assert_eq!(told, ["nothing reads C_D", "there is no test it_is_not_so"]);
    let terraform = |rest: &str| undeclared(&sh(&format!("terraform {rest}")));
    assert_eq!(terraform("-chdir=deploy/terraform/environments/$environment apply -var budget=1000"), [""; 0]);
    assert_eq!(terraform("-chdir=deploy/terraform/environments/production apply -var disastrous=true").len(), 1);
    assert_eq!(
        terraform("-chdir=deploy/terraform/environments/production apply -target=module.environment.module.nosuch")
            .len(),
        1
    );
    assert_eq!(terraform("apply").len(), 1);
    assert_eq!(
        strange_deployments(&sh("kubectl logs deployment/order-service; kubectl logs deployment/basket-service")).len(),
        1
    );
}

//! What `haat up` needs of a machine.

use std::path::Path;

use local::{Binaries, LocalError};
use types::ServiceName;

use super::Finding;
use crate::machine::{OPEN_FILES_NEEDED, free_space, raise_open_files};
use crate::up::{StateError, check_state, ports};

/// The servers' data of a first start takes 200 MiB, and each needs room to work in.
const SPACE_NEEDED: u64 = 500 << 20;

/// What was found, and whether a platform runs on the state directory.
pub(super) async fn look(state: &Path, port_base: u16) -> (Vec<Finding>, bool) {
    let mut findings = vec![Finding::new("the programs of PostgreSQL and Redis", Binaries::find()), open_files()];
    let checked = check_state(state);
    let runs = matches!(checked, Err(StateError::Unusable(LocalError::InUse { .. })));
    let directory = state.display();
    findings.push(match checked {
        Err(StateError::Unusable(LocalError::InUse { holder, .. })) => Finding::new(
            format!("the state directory {directory}, on which process {holder} runs"),
            Ok::<_, String>(()),
        ),
        checked => Finding::new(format!("the state directory {directory}"), checked),
    });
    findings.push(space(state));
    if !runs {
        findings.extend(ports_from(port_base));
    }
    (findings, runs)
}

fn open_files() -> Finding {
    let limit = raise_open_files();
    let enough = if limit < OPEN_FILES_NEEDED {
        Err(format!(
            "only {limit} may be open at once, and at least {OPEN_FILES_NEEDED} are needed: raise the limit (`ulimit -n {OPEN_FILES_NEEDED}`)"
        ))
    } else {
        Ok(())
    };
    Finding::new("open files", enough)
}

fn space(state: &Path) -> Finding {
    let enough = match free_space(state) {
        Ok(free) if free < SPACE_NEEDED => Err(format!(
            "{} MiB are free, and {} should be: make room, or choose another state directory with --state",
            free >> 20,
            SPACE_NEEDED >> 20
        )),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    Finding::new(format!("room on the disk of {}", state.display()), enough)
}

fn ports_from(base: u16) -> Vec<Finding> {
    if ports::taken(base).is_empty() {
        return vec![Finding::new(format!("the ports {base} to {}", base.saturating_add(10)), Ok::<_, String>(()))];
    }
    vec![Finding::new("the ports", Err::<ServiceName, _>(ports::PortError::in_use(Some(base))))]
}

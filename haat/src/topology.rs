//! `haat topology`: the one map of the system, printed.

use platform::topology::{Topology, TopologyError};

/// The map as tables for a terminal, or with `mermaid` as what stands in docs/ARCHITECTURE.md between the marks.
pub fn run(mermaid: bool) -> Result<String, TopologyError> {
    let topology = Topology::embedded()?;
    Ok(if mermaid { topology.to_mermaid() } else { topology.to_table() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_tables_or_charts() {
        assert!(run(false).unwrap().starts_with("SERVICE "));
        assert!(run(true).unwrap().contains("```mermaid\n"));
    }
}

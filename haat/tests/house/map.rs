//! What restates the map agrees with it.

use platform::topology::{Topology, TopologyError};

const BEGIN: &str = "<!-- topology:begin -->\n";
const END: &str = "<!-- topology:end -->";

/// Reading a map compares its names with those of the types.
pub fn names(topology: &str) -> Vec<String> {
    match Topology::parse(topology) {
        Ok(_) => Vec::new(),
        Err(TopologyError::Mistakes(mistakes)) => mistakes,
        Err(unreadable) => vec![unreadable.to_string()],
    }
}

pub fn charts(document: &str) -> Vec<String> {
    let between =
        document.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(charts, _)| charts.trim());
    match (between, haat::topology::run(true)) {
        (None, _) => vec!["docs/ARCHITECTURE.md: the marks of the charts are missing".to_owned()],
        (_, Err(error)) => vec![error.to_string()],
        (Some(charts), Ok(current)) if charts != current.trim() => vec![format!(
            "docs/ARCHITECTURE.md: the charts are out of date; put what `cargo run -p haat -- topology --mermaid` prints \
             between {} and {END}:\n\n{current}",
            BEGIN.trim()
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_types_do_not_have_or_the_map_does_not_is_told() {
        let map = include_str!("../../../topology.yaml");
        assert_eq!(names(map), [""; 0]);
        let told = ["queues: 'user-service-events' is missing", "queues.basket-events: unknown queue 'basket-events'"];
        let found = names(&map.replace("user-service-events", "basket-events"));
        assert_eq!(found, told);
        assert_eq!(names("services: 1").len(), 1);
    }

    #[test]
    fn charts_that_are_out_of_date_are_told() {
        let current = haat::topology::run(true).unwrap();
        let document = format!("# A\n\n{BEGIN}\n{current}\n{END}\n\nMore.\n");
        assert_eq!(charts(&document), [""; 0]);
        assert!(charts(&document.replace("cart --> product", "cart --> payment"))[0].contains("out of date"));
        assert!(charts(&document.replace(END, ""))[0].contains("marks"));
        assert!(charts("")[0].contains("marks"));
    }
}

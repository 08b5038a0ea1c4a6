//! Links to runbooks, which are files of this repository with headings.

use super::root;

/// What is wrong with a link such as `docs/runbooks/dead-letters.md#events-fail`, if anything is.
pub fn broken(link: &str) -> Option<String> {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let Ok(text) = std::fs::read_to_string(root().join(path)) else { return Some(format!("there is no {path}")) };
    let heading = heading?;
    (!anchors(&text).contains(&heading.to_owned())).then(|| format!("{path} has no heading #{heading}"))
}

/// The anchors that a document's headings get, as the usual sites for repositories make them.
pub fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let headings = text.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && line.starts_with('#')
    });
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[test]
fn a_heading_is_found_by_its_anchor() {
    let text = "# A: `b`, c\n\n```sh\n# no heading\n```\n## D-e f\n";
    assert_eq!(anchors(text), ["a-b-c", "d-e-f"]);
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    assert_eq!(broken("README.md"), None);
    assert_eq!(broken("README.md#haat"), None);
    assert_eq!(broken("README.md#absent").unwrap(), "README.md has no heading #absent");
    assert_eq!(broken("docs/runbooks/absent.md#a").unwrap(), "there is no docs/runbooks/absent.md");
}

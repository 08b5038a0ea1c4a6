//! Where the services are.

use reqwest::Url;

use crate::Error;

/// A service's address in a region.
pub(crate) fn address(region: &str, text: &str) -> Result<Url, Error> {
    let well_formed =
        !region.is_empty() && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let url = well_formed.then(|| Url::parse(text).ok()).flatten();
    url.ok_or_else(|| Error::Configuration(format!("'{region}' is no region, such as ap-hyderabad-1")))
}

/// A path below a service's address. Each segment stands for itself, whatever is in it.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Result<Url, Error> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(segments),
        Err(()) => return Err(Error::Configuration(format!("'{base}' is no address of a service"))),
    };
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_names_a_host_and_nothing_else() {
        let in_region =
            |region: &str| address(region, &format!("https://telemetry.{region}.oraclecloud.com/20180401/"));
        assert_eq!(in_region("ap-hyderabad-1").unwrap().host_str(), Some("telemetry.ap-hyderabad-1.oraclecloud.com"));
        for wrong in ["", "a.example/", "AP-HYDERABAD-1", "ap hyderabad"] {
            assert!(in_region(wrong).unwrap_err().to_string().contains("is no region"), "{wrong}");
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let base = Url::parse("http://127.0.0.1:1/20220915/").unwrap();
        assert_eq!(below(&base, &["dbSystems", "a/b?c"]).unwrap().path(), "/20220915/dbSystems/a%2Fb%3Fc");
        assert!(below(&Url::parse("mailto:a@b").unwrap(), &["x"]).is_err());
    }
}

//! Monitoring: what the cloud has measured (<https://docs.oracle.com/en-us/iaas/api/#/en/monitoring/20180401/>).

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use types::Timestamp;

use crate::{Client, Error, Request};

/// Cheap to clone.
#[derive(Clone)]
pub struct Monitoring {
    client: Client,
    base: Url,
}

/// What is asked: `query` is an expression in the Monitoring Query Language, such as `CpuUtilization[1m].groupBy(resourceId).max()`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summarize<'a> {
    pub namespace: &'a str,
    pub query: &'a str,
    /// Included.
    pub start_time: Timestamp,
    /// Excluded.
    pub end_time: Timestamp,
}

/// One stream of values.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricData {
    /// The metric's.
    pub name: String,
    /// What the stream is of: those that the query groups by.
    pub dimensions: BTreeMap<String, String>,
    pub aggregated_datapoints: Vec<Datapoint>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Datapoint {
    pub timestamp: Timestamp,
    /// In the metric's unit.
    pub value: f64,
}

impl Monitoring {
    /// At an address such as [`Monitoring::address`] gives.
    pub fn new(client: Client, base: Url) -> Self {
        Monitoring { client, base }
    }

    /// Where a region of the commercial realm has it.
    ///
    /// # Errors
    /// [`Error::Configuration`] if `region` is none, such as `ap-hyderabad-1`.
    pub fn address(region: &str) -> Result<Url, Error> {
        crate::address::address(region, &format!("https://telemetry.{region}.oraclecloud.com/20180401/"))
    }

    /// Values of a compartment's resources, a stream for each group.
    ///
    /// # Errors
    /// Whatever keeps a request from its answer. Ten requests a second are granted to a tenancy.
    pub async fn summarize(
        &self,
        compartment: &str,
        query: &Summarize<'_>,
        within: Duration,
    ) -> Result<Vec<MetricData>, Error> {
        let mut url = crate::address::below(&self.base, &["metrics", "actions", "summarizeMetricsData"])?;
        url.query_pairs_mut().append_pair("compartmentId", compartment);
        let mut request = Request::new(Method::POST, url, within).json(query)?;
        request.headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        self.client.send(request).await?.json()
    }
}

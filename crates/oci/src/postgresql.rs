//! Database with PostgreSQL: its database systems (<https://docs.oracle.com/en-us/iaas/api/#/en/postgresql/20220915/>).

use std::time::Duration;

use http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use http::{HeaderMap, Method};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use types::Timestamp;

use crate::{Client, Error, Request};

/// Cheap to clone.
#[derive(Clone)]
pub struct Postgresql {
    client: Client,
    base: Url,
}

/// A primary and its replicas, as far as Haat looks at them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DbSystem {
    pub id: String,
    pub lifecycle_state: Lifecycle,
    /// Of each node.
    pub instance_ocpu_count: u32,
    /// Of each node, in GB.
    #[serde(rename = "instanceMemorySizeInGBs")]
    pub instance_memory_size_in_gbs: u32,
    /// When anything of it was changed.
    pub time_updated: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Lifecycle {
    Creating,
    Updating,
    Active,
    Inactive,
    Deleting,
    Deleted,
    Failed,
    NeedsAttention,
    /// One that this program is older than.
    #[serde(other)]
    Unknown,
}

/// A size of every node of a database system. Both are given, since memory belongs to OCPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    pub instance_ocpu_count: u32,
    /// In GB.
    #[serde(rename = "instanceMemorySizeInGBs")]
    pub instance_memory_size_in_gbs: u32,
}

impl Postgresql {
    /// At an address such as [`Postgresql::address`] gives.
    pub fn new(client: Client, base: Url) -> Self {
        Postgresql { client, base }
    }

    /// Where a region of the commercial realm has it.
    ///
    /// # Errors
    /// [`Error::Configuration`] if `region` is none, such as `ap-hyderabad-1`.
    pub fn address(region: &str) -> Result<Url, Error> {
        crate::address::address(region, &format!("https://postgresql.{region}.oci.oraclecloud.com/20220915/"))
    }

    /// A database system, and the etag by which a change says what it is a change of.
    ///
    /// # Errors
    /// Whatever keeps a request from its answer; 404 also for one that may not be seen.
    pub async fn db_system(&self, id: &str, within: Duration) -> Result<(DbSystem, HeaderValue), Error> {
        let request = Request::new(Method::GET, crate::address::below(&self.base, &["dbSystems", id])?, within);
        let response = self.client.send(request).await?;
        let etag = response.headers.get(ETAG).cloned();
        let etag = etag.ok_or_else(|| Error::Answer {
            host: self.base.host_str().unwrap_or_default().to_owned(),
            reason: "a database system without an etag".to_owned(),
        })?;
        Ok((response.json()?, etag))
    }

    /// Asks for another size. The database system is `UPDATING` until it has it.
    ///
    /// # Errors
    /// 409 `IncorrectState` while it is being changed, 412 if it is no longer what `etag` is of.
    pub async fn resize(&self, id: &str, etag: &HeaderValue, size: Size, within: Duration) -> Result<(), Error> {
        let url = crate::address::below(&self.base, &["dbSystems", id])?;
        let mut request = Request::new(Method::PUT, url, within).json(&size)?;
        request.headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (IF_MATCH, etag.clone()),
        ]);
        self.client.send(request).await.map(drop)
    }
}

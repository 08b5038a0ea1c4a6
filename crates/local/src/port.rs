//! Free ports.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::error::{LocalError, at};

/// A port of 127.0.0.1 that nothing listened on just now. Somebody may take it before our server does, so a server whose
/// port nobody asked for tries another one then.
pub(crate) fn free_port() -> Result<u16, LocalError> {
    let named = Path::new("127.0.0.1");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(at(named))?;
    Ok(listener.local_addr().map_err(at(named))?.port())
}

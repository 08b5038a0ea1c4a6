//! What every HTTP endpoint has in common: reading requests, answering with lists and versions, the layer around them all.

pub mod body;
pub mod etag;
pub mod headers;
pub mod html;
pub mod layer;
pub mod page;
pub mod path;
pub mod server;

pub use body::Body;
pub use etag::{ETag, IfMatch, Versioned};
pub use html::PlainPage;
pub use page::{Cursor, PageQuery};
pub use path::{Path, Query};

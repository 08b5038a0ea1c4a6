//! Messages to customers.

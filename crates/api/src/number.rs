//! Numbers as users write them.

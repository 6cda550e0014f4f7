//! The controller of RSACracker.

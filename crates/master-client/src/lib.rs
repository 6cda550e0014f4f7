//! Asks a job's master.

//! Ctrl-C, as the words see it: whoever waits is told; what that means is the word's.

use std::sync::Arc;
use tokio::sync::Notify;

/// Interrupts of this run. Clones see the same ones; each goes to one waiter.
#[derive(Debug, Clone, Default)]
pub struct Interrupts(Arc<Notify>);

impl Interrupts {
    /// Tells whoever waits now, else whoever waits next.
    pub fn raise(&self) {
        self.0.notify_one();
    }

    /// Returns at the next interrupt.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}

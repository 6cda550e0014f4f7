//! What masters announce: where each answers, heard up to a second before its pod's status
//! tells it. The server hears it, a look asks there, and a controller is woken for it.
//!
//! Nothing is believed of it: whoever answers at the address must have the certificate of the
//! job's own authority before it is sent the token. A lie costs one connection, and the truth
//! comes with the pod's status, as it does where no announcement arrives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// A pod whose status is silent for longer has another trouble.
const KEPT: Duration = Duration::from_secs(30);
/// No cluster starts as many masters in that time; more is noise.
const MOST: usize = 1024;

/// The job whose master announced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) namespace: String,
    pub(crate) job: String,
}

/// Shared by server and controllers.
#[derive(Clone)]
pub(crate) struct Announced(Arc<Shared>);

struct Shared {
    /// By the pod's uid, which nobody guesses.
    heard: Mutex<HashMap<String, Heard>>,
    wake: broadcast::Sender<Announcement>,
}

#[derive(Clone, Copy)]
struct Heard {
    from: IpAddr,
    at: Instant,
}

impl Default for Announced {
    fn default() -> Self {
        let (wake, _) = broadcast::channel(MOST);
        Self(Arc::new(Shared {
            heard: Mutex::default(),
            wake,
        }))
    }
}

impl Announced {
    fn heard(&self) -> MutexGuard<'_, HashMap<String, Heard>> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A pod says that it is the job's master. Its first word counts. Answers whether it was
    /// news.
    pub(crate) fn hear(&self, of: Announcement, pod: &str, from: IpAddr, now: Instant) -> bool {
        let mut heard = self.heard();
        heard.retain(|_, heard| now.duration_since(heard.at) < KEPT);
        if heard.len() >= MOST || heard.contains_key(pod) {
            return false;
        }
        let from = from.to_canonical();
        heard.insert(pod.to_owned(), Heard { from, at: now });
        drop(heard);
        // Without a controller, as before the Lease is taken, nobody is to be woken.
        let _ = self.0.wake.send(of);
        true
    }

    /// Where that pod said that it answers, lately.
    pub(crate) fn address(&self, pod: &str, now: Instant) -> Option<IpAddr> {
        let heard = *self.heard().get(pod)?;
        (now.duration_since(heard.at) < KEPT).then_some(heard.from)
    }

    /// What is announced from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Announcement> {
        self.0.wake.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> Announcement {
        Announcement {
            namespace: "jobs".into(),
            job: name.into(),
        }
    }

    #[tokio::test]
    async fn a_pods_first_word_counts_for_a_while_and_wakes_who_listens() {
        let announced = Announced::default();
        let mut wakes = announced.listen();
        let now = Instant::now();
        let [one, other] = ["::ffff:10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        assert!(announced.hear(job("one"), "uid-1", one, now));
        assert_eq!(wakes.recv().await.unwrap(), job("one"));
        let first = Some("10.0.0.1".parse().unwrap());
        assert_eq!(announced.address("uid-1", now), first);
        assert_eq!(announced.address("uid-2", now), None);

        assert!(!announced.hear(job("one"), "uid-1", other, now));
        assert_eq!(announced.address("uid-1", now), first);
        assert!(wakes.try_recv().is_err());

        let later = now + KEPT;
        assert_eq!(announced.address("uid-1", later), None);
        assert!(announced.hear(job("one"), "uid-1", other, later));
        assert_eq!(announced.address("uid-1", later), Some(other));
    }

    #[test]
    fn noise_fills_no_memory() {
        let announced = Announced::default();
        let now = Instant::now();
        let from = "10.0.0.1".parse().unwrap();
        for number in 0..2 * MOST {
            announced.hear(job("one"), &number.to_string(), from, now);
        }
        assert_eq!(announced.heard().len(), MOST);
        assert!(announced.hear(job("one"), "later", from, now + KEPT));
        assert_eq!(announced.heard().len(), 1);
    }
}

//! Computing threads. Each searches the range it was ordered to in pieces of about a
//! quarter of a second, and looks at its order's stop flag between indices.

use crate::agent::{LoadedPlan, Piece};
use crate::error::WorkerError;
use rsac_factor::Searcher;
use rsac_protocol::Digest;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a piece should take: short against any checkpoint interval, long against
/// the cost of handing it over.
const PIECE: Duration = Duration::from_millis(250);

/// What a computing thread says.
pub(super) enum Said {
    /// It computed.
    Piece(Piece),
    /// It ended though it was not told to.
    Broken {
        /// Which.
        lane: usize,
    },
}

struct Order {
    plan: Arc<LoadedPlan>,
    range: Range<u64>,
    stop: Arc<AtomicBool>,
}

struct Lane {
    orders: blocking::Sender<Order>,
    stop: Arc<AtomicBool>,
}

/// All computing threads. They end when this is dropped: at their next index.
pub(super) struct Lanes(Vec<Lane>);

impl Lanes {
    /// Starts them.
    pub(super) fn start(
        count: usize,
        said: &mpsc::UnboundedSender<Said>,
    ) -> Result<Self, WorkerError> {
        let start = |lane| {
            let (orders, receiver) = blocking::channel();
            let said = said.clone();
            std::thread::Builder::new()
                .name(format!("lane-{lane}"))
                .spawn(move || Thread::new(lane, said).serve(&receiver))
                .map_err(|error| WorkerError::Lane {
                    lane,
                    why: error.to_string(),
                })?;
            Ok(Lane {
                orders,
                stop: Arc::default(),
            })
        };
        (0..count).map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Gives an idle lane a range to search.
    pub(super) fn compute(
        &mut self,
        number: usize,
        plan: Arc<LoadedPlan>,
        range: Range<u64>,
    ) -> Result<(), WorkerError> {
        let Some(lane) = self.0.get_mut(number) else {
            return Ok(());
        };
        // A flag for each order: a halt that comes too late stops nothing that follows.
        lane.stop = Arc::default();
        let stop = Arc::clone(&lane.stop);
        lane.orders
            .send(Order { plan, range, stop })
            .map_err(|_| WorkerError::Lane {
                lane: number,
                why: "it is gone".into(),
            })
    }

    /// Lets a lane stop at its next index.
    pub(super) fn halt(&self, lane: usize) {
        if let Some(lane) = self.0.get(lane) {
            lane.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in &self.0 {
            lane.stop.store(true, Ordering::Relaxed);
        }
    }
}

struct Thread {
    lane: usize,
    said: mpsc::UnboundedSender<Said>,
    searcher: Option<(Digest, Box<dyn Searcher>)>,
    /// Indices that take about [`PIECE`].
    step: u64,
}

impl Drop for Thread {
    /// Said also when the thread panics; nobody listens when the worker ends.
    fn drop(&mut self) {
        let _ = self.said.send(Said::Broken { lane: self.lane });
    }
}

impl Thread {
    fn new(lane: usize, said: mpsc::UnboundedSender<Said>) -> Self {
        Self {
            lane,
            said,
            searcher: None,
            step: 1,
        }
    }

    fn serve(mut self, orders: &blocking::Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            self.obey(&order);
        }
    }

    fn obey(&mut self, order: &Order) {
        let digest = order.plan.digest;
        let (_, mut searcher) = match self.searcher.take().filter(|(made, _)| *made == digest) {
            Some(made) => made,
            None => {
                self.step = 1;
                (digest, order.plan.plan.searcher())
            }
        };
        let mut at = order.range.start;
        loop {
            let end = order.range.end.min(at.saturating_add(self.step));
            let mut found = Vec::new();
            let began = Instant::now();
            let cpu_began = cpu_time();
            let searched = searcher.search(at..end, &order.stop, &mut found);
            let wall = began.elapsed();
            let cpu = match (cpu_began, cpu_time()) {
                (Some(from), Some(to)) => to.saturating_sub(from),
                _ => wall,
            };
            let idle = searched < end || searched == order.range.end;
            if searched == end {
                self.adapt(end - at, wall);
            }
            let piece = Piece {
                lane: self.lane,
                range: at..searched,
                found,
                wall,
                cpu,
                idle,
            };
            let heard = self.said.send(Said::Piece(piece)).is_ok();
            at = searched;
            if idle || !heard {
                break;
            }
        }
        self.searcher = Some((digest, searcher));
    }

    /// Steers towards pieces of [`PIECE`], by a factor of four at the most.
    fn adapt(&mut self, searched: u64, wall: Duration) {
        let ratio = PIECE.as_secs_f64() / wall.as_secs_f64().max(1e-6);
        let step = searched as f64 * ratio.clamp(0.25, 4.0);
        self.step = (step as u64).max(1);
    }
}

/// CPU time of the calling thread.
#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(seconds, nanos))
}

/// Not known here.
#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsac_factor::{BigUint, Method, Plan, choose};

    fn plan() -> Arc<LoadedPlan> {
        let number = BigUint::from(1_000_003u64) * BigUint::from(1_000_033u64);
        let limit = Duration::from_secs(3600);
        let plan: Plan = choose(&number, Some(Method::TrialDivision), limit).unwrap();
        let digest = Digest::of(&plan.text());
        Arc::new(LoadedPlan { digest, plan })
    }

    #[test]
    fn an_order_is_searched_completely_in_pieces_without_a_gap() {
        let (said, mut hears) = mpsc::unbounded_channel();
        let mut lanes = Lanes::start(1, &said).unwrap();
        let plan = plan();
        let end = plan.plan.supply().end().unwrap();
        for _ in 0..2 {
            lanes.compute(0, Arc::clone(&plan), 0..end).unwrap();
            let mut at = 0;
            loop {
                let Some(Said::Piece(piece)) = hears.blocking_recv() else {
                    panic!("the thread broke down");
                };
                assert_eq!(piece.range.start, at);
                at = piece.range.end;
                if piece.idle {
                    break;
                }
            }
            assert_eq!(at, end);
        }
        drop(lanes);
        assert!(matches!(
            hears.blocking_recv(),
            Some(Said::Broken { lane: 0 })
        ));
    }

    #[test]
    fn a_halted_lane_says_how_far_it_came_and_obeys_the_next_order() {
        let (said, mut hears) = mpsc::unbounded_channel();
        let mut lanes = Lanes::start(1, &said).unwrap();
        let plan = plan();
        lanes.compute(0, Arc::clone(&plan), 0..1 << 40).unwrap();
        lanes.halt(0);
        let mut at = 0;
        loop {
            let Some(Said::Piece(piece)) = hears.blocking_recv() else {
                panic!("the thread broke down");
            };
            assert_eq!(piece.range.start, at);
            at = piece.range.end;
            if piece.idle {
                break;
            }
        }
        assert!(at < 1 << 40);
        lanes.compute(0, plan, 0..1).unwrap();
        let Some(Said::Piece(piece)) = hears.blocking_recv() else {
            panic!("the thread broke down");
        };
        assert!(piece.idle && piece.range == (0..1));
    }
}

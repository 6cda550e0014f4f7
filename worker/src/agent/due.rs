//! What is to be done now: lanes first, that none waits; then what goes to the master.

use super::gather::{Gathered, MAX_FINDINGS_BYTES};
use super::{Action, Agent, End, InFlight, PAUSE_BYTES, Request, Step, Time, Work};
use rsac_protocol::{
    AcquireRequest, HEARTBEAT_SECONDS, HeartbeatRequest, RegisterRequest, ReleaseRequest, VERSION,
};
use std::sync::Arc;
use std::time::Duration;

/// The most units that a master grants at once.
const MAX_ACQUIRE: usize = 64;

/// How long a drained worker tries to say that it leaves, once all else is delivered.
const LEAVE: Duration = Duration::from_secs(5);

/// A search is reported on after this at first, then after this part of its age.
const YOUNG: Duration = Duration::from_millis(500);
const YOUNG_PART: u32 = 32;

/// Full enough to be reported: one more piece should still fit.
const FULL: usize = MAX_FINDINGS_BYTES / 4 * 3;

/// The earliest of the times that something is due at.
#[derive(Default)]
struct Wake(Option<Time>);

impl Wake {
    fn at(&mut self, time: Time) {
        self.0 = Some(self.0.map_or(time, |earlier| earlier.min(time)));
    }

    /// Whether it is due; else it is noted.
    fn is_due(&mut self, now: Time, at: Time) -> bool {
        if now < at {
            self.at(at);
        }
        now >= at
    }
}

impl Agent {
    /// Does what is due. To be called after everything told, and at [`Step::wake`].
    pub fn advance(&mut self, now: Time) -> Step {
        let mut wake = Wake::default();
        self.report_due(now, &mut wake);
        self.order_lanes();
        self.send_due(now, &mut wake);
        self.drain_due(now, &mut wake);
        Step {
            actions: std::mem::take(&mut self.actions),
            wake: wake.0,
            end: self.end.take(),
        }
    }

    /// What a lane gathered is reported when it is full, or at three quarters of the
    /// checkpoint interval: the rest is for the piece in work and the way to the spool.
    /// Earlier in a search that has just begun: it may be one of seconds, of which the master
    /// would learn too late that it has found enough.
    fn report_due(&mut self, now: Time, wake: &mut Wake) {
        let longest = self.checkpoint * 3 / 4;
        let begun = self.begun;
        let interval = |since: Time| {
            (since.saturating_sub(begun) / YOUNG_PART)
                .max(YOUNG)
                .min(longest)
        };
        for lane in 0..self.lanes.len() {
            let work = self.lanes.get(lane).and_then(|lane| lane.work.as_ref());
            let Some(gathered) = work.map(|work| &work.gathered) else {
                continue;
            };
            let due = gathered
                .since()
                .is_some_and(|since| wake.is_due(now, since + interval(since)));
            if due || gathered.bytes() >= FULL {
                self.report(lane);
            }
        }
    }

    fn order_lanes(&mut self) {
        let paused = self.unacknowledged_bytes() >= PAUSE_BYTES;
        for number in 0..self.lanes.len() {
            let wanted = !paused && self.drain.is_none();
            let mine = self.is_mine(number);
            let Some(lane) = self.lanes.get_mut(number) else {
                continue;
            };
            if lane.running {
                if !(wanted && mine || lane.halting) {
                    lane.halting = true;
                    self.actions.push(Action::Halt { lane: number });
                }
                continue;
            }
            if lane.work.is_some() && !mine || self.drain.is_some() {
                self.report(number);
                if let Some(lane) = self.lanes.get_mut(number) {
                    lane.work = None;
                }
            }
            if wanted {
                self.order(number);
            }
        }
    }

    /// Lets an idle lane go on with its unit, or begin the next.
    fn order(&mut self, number: usize) {
        let (Some(lane), Some(plan)) = (self.lanes.get_mut(number), &self.plan) else {
            return;
        };
        if lane.work.is_none() {
            lane.work = self.units.next().map(|held| Work {
                gathered: Gathered::new(held.at),
                plan: Arc::clone(plan),
                held,
            });
        }
        if let Some(work) = &lane.work {
            lane.running = true;
            self.actions.push(Action::Compute {
                lane: number,
                plan: Arc::clone(&work.plan),
                range: work.gathered.to()..work.held.unit.to,
            });
        }
    }

    fn send_due(&mut self, now: Time, wake: &mut Wake) {
        let all_lost = self.link.until() > now;
        if all_lost {
            wake.at(self.link.until());
            return;
        }
        if self.met {
            while let Some((key, bytes)) = self.outbox.start_next(now) {
                self.send(Request::Report(bytes), InFlight::Report(key));
            }
            if let Some(at) = self.outbox.retry_at() {
                wake.at(at);
            }
        }
        if wake.is_due(now, self.control.until()) {
            self.register_due(now, wake);
            if self.registered {
                self.heartbeat_due(now, wake);
                self.release_due();
                self.acquire_due(now, wake);
            }
        }
    }

    fn has_in_flight(&self, is: impl Fn(&InFlight) -> bool) -> bool {
        self.in_flight.values().any(is)
    }

    fn register_due(&mut self, now: Time, wake: &mut Wake) {
        let wanted = !self.registered || self.plan.is_none();
        if !wanted
            || self.drain.is_some() && !self.met
            || self.has_in_flight(|sent| matches!(sent, InFlight::Register))
            || !wake.is_due(now, self.register_at)
        {
            return;
        }
        let request = RegisterRequest {
            protocol: VERSION,
            job: self.config.job.clone(),
            worker: self.config.worker.clone(),
            lanes: u32::try_from(self.config.lanes).unwrap_or(u32::MAX),
        };
        self.send(Request::Register(request), InFlight::Register);
    }

    fn heartbeat_due(&mut self, now: Time, wake: &mut Wake) {
        let Some(plan) = self.plan.as_ref().map(|plan| plan.digest) else {
            return;
        };
        if self.has_in_flight(|sent| matches!(sent, InFlight::Heartbeat { .. }))
            || !wake.is_due(now, self.heartbeat_at)
        {
            return;
        }
        self.heartbeat_at = now + Duration::from_secs(HEARTBEAT_SECONDS);
        wake.at(self.heartbeat_at);
        let held = self.units.holdings();
        let request = HeartbeatRequest {
            worker: self.config.worker.clone(),
            plan,
            held: held.clone(),
        };
        self.send(Request::Heartbeat(request), InFlight::Heartbeat { held });
    }

    fn release_due(&mut self) {
        let Some(plan) = self.plan.as_ref().map(|plan| plan.digest) else {
            return;
        };
        let releasing = self.has_in_flight(|sent| matches!(sent, InFlight::Release { .. }));
        if self.give_back.is_empty() || releasing || self.drain.is_some() {
            return;
        }
        let units = std::mem::take(&mut self.give_back);
        self.send(
            Request::Release(ReleaseRequest {
                worker: self.config.worker.clone(),
                plan,
                units: units.clone(),
                leaving: false,
            }),
            InFlight::Release {
                units,
                leaving: false,
            },
        );
    }

    /// A unit in work and one in the queue, for each lane.
    fn acquire_due(&mut self, now: Time, wake: &mut Wake) {
        let Some(plan) = self.plan.as_ref().map(|plan| plan.digest) else {
            return;
        };
        let idle = self.lanes.iter().filter(|lane| lane.work.is_none()).count();
        let missing = (idle + self.lanes.len()).saturating_sub(self.units.queued());
        if missing == 0
            || self.drain.is_some()
            || self.unacknowledged_bytes() >= PAUSE_BYTES
            || self.has_in_flight(|sent| matches!(sent, InFlight::Acquire))
            || !wake.is_due(now, self.acquire_at)
        {
            return;
        }
        let request = self.acquiring.take().unwrap_or_else(|| {
            self.acquired += 1;
            AcquireRequest {
                worker: self.config.worker.clone(),
                plan,
                count: u32::try_from(missing.min(MAX_ACQUIRE)).unwrap_or(1),
                request: self.acquired,
            }
        });
        self.acquiring = Some(request.clone());
        self.send(Request::Acquire(request), InFlight::Acquire);
    }

    fn drain_due(&mut self, now: Time, wake: &mut Wake) {
        let all_idle = self.lanes.iter().all(|lane| !lane.running);
        let Some(drain) = &mut self.drain else { return };
        let over = wake.is_due(now, drain.deadline);
        if over {
            for lane in 0..self.lanes.len() {
                self.report(lane);
            }
            return self.end_drained();
        }
        if !all_idle || self.met && !self.outbox.is_empty() {
            return;
        }
        let since = *drain.delivered.get_or_insert(now);
        let plan = self.plan.as_ref().map(|plan| plan.digest);
        let (Some(plan), false) = (plan, drain.released) else {
            return self.end_drained();
        };
        if wake.is_due(now, since + LEAVE) {
            return self.end_drained();
        }
        let gate = self.link.until().max(self.control.until());
        if self.has_in_flight(|sent| matches!(sent, InFlight::Release { .. }))
            || !wake.is_due(now, gate)
        {
            return;
        }
        let mut units = self.units.give_back();
        units.append(&mut self.give_back);
        self.send(
            Request::Release(ReleaseRequest {
                worker: self.config.worker.clone(),
                plan,
                units: units.clone(),
                leaving: true,
            }),
            InFlight::Release {
                units,
                leaving: true,
            },
        );
    }

    fn end_drained(&mut self) {
        let undelivered = self.outbox.len();
        if undelivered > 0 {
            tracing::warn!(
                undelivered,
                "reports could not be delivered; they stay in the spool"
            );
        }
        self.end.get_or_insert(End::Drained { undelivered });
    }
}

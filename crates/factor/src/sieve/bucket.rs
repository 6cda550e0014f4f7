//! Large primes meet few places of the sieve: instead of walking through it with each,
//! all their places are sorted into lists, one for each block, while the roots move to
//! the next polynomial; a block then takes what is in its list. Called by
//! [`super::search`].

use super::fill::BLOCK;
use super::roots::{self, Move};
use super::vector::{self, Processor};

/// BLOCK is 2 to the power of this.
pub(super) const BLOCK_BITS: u32 = BLOCK.trailing_zeros();

/// The bits of an entry that say where in its block it is; the upper 16 bits count the
/// primes of the slice.
pub(super) const PLACE: u32 = BLOCK as u32 - 1;

/// Primes that are worked on at once.
pub(super) const GROUP: usize = 8;

/// The most primes of a slice: they are counted in 16 bits.
const SLICE: usize = 1 << 16;

/// Primes from here on are sorted into lists; smaller ones meet a block so often that
/// walking costs less.
const FROM: u32 = 1 << 12;

/// The places that a slice of the base meets in a block.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) entries: Vec<u32>,
    pub(super) len: usize,
}

impl List {
    fn new(capacity: usize) -> Self {
        Self {
            entries: vec![0; capacity],
            len: 0,
        }
    }

    /// Where the next entries belong. None when it is full, which chance does not do in
    /// practice: what is left out then is an addition to the sieve, and no harm.
    #[inline(always)]
    pub(super) fn room(&mut self) -> Option<&mut [u32; GROUP]> {
        self.entries.get_mut(self.len..)?.first_chunk_mut()
    }

    /// What is in it.
    pub(super) fn entries(&self) -> &[u32] {
        &self.entries[..self.len]
    }
}

/// Primes of about the same logarithm, and a list for each block.
struct Slice {
    start: usize,
    end: usize,
    log: u8,
    lists: Vec<List>,
}

/// The lists of all large primes.
pub(super) struct Buckets {
    interval: u32,
    slices: Vec<Slice>,
}

/// What lists are filled from: a part of the base, whose roots move.
pub(super) struct Filling<'a> {
    pub(super) step: Move<'a>,
    pub(super) first: &'a mut [u32],
    pub(super) second: &'a mut [u32],
    /// Places are below this, or in the rest of its last block.
    pub(super) interval: u32,
    pub(super) lists: &'a mut [List],
}

/// Where in the base the primes begin that are sorted: what is left is whole groups.
pub(super) fn from(primes: &[u32]) -> usize {
    let small = primes.partition_point(|&p| p < FROM);
    primes.len() - (primes.len() - small) / GROUP * GROUP
}

impl Buckets {
    /// For the primes of a base from a place on that [`from`] answered, with their scaled
    /// logarithms.
    pub(super) fn new(primes: &[u32], logs: &[u8], from: usize, interval: u32) -> Self {
        let blocks = interval.div_ceil(BLOCK as u32) as usize;
        let mut slices: Vec<Slice> = Vec::new();
        for start in (from..primes.len()).step_by(GROUP) {
            let end = start + GROUP;
            match slices.last_mut() {
                Some(slice)
                    if slice.log == logs[start]
                        && end - slice.start <= SLICE
                        && (primes[slice.start] < interval) == (primes[start] < interval) =>
                {
                    slice.end = end;
                }
                _ => slices.push(Slice {
                    start,
                    end,
                    log: logs[start],
                    lists: Vec::new(),
                }),
            }
        }
        for slice in &mut slices {
            let each = primes[slice.start..slice.end]
                .iter()
                .map(|&p| 2.0 * BLOCK as f64 / f64::from(p));
            let expected: f64 = each.sum();
            let capacity = expected + 8.0 * expected.sqrt() + 64.0;
            slice.lists = vec![List::new(capacity as usize); blocks];
        }
        Self { interval, slices }
    }

    /// Moves the roots, and fills the lists. `first` and `second` are the roots of the
    /// whole base.
    pub(super) fn fill(
        &mut self,
        processor: Processor,
        step: Move<'_>,
        first: &mut [u32],
        second: &mut [u32],
    ) {
        for slice in &mut self.slices {
            let range = slice.start..slice.end;
            for list in &mut slice.lists {
                list.len = 0;
            }
            vector::fill(
                processor,
                Filling {
                    step: step.part(range.clone()),
                    first: &mut first[range.clone()],
                    second: &mut second[range],
                    interval: self.interval,
                    lists: &mut slice.lists,
                },
            );
        }
    }

    /// Adds the logarithms of a block's entries.
    pub(super) fn empty(&self, block: usize, sieve: &mut [u8; BLOCK]) {
        for slice in &self.slices {
            for entry in slice.lists[block].entries() {
                let number = &mut sieve[(entry & PLACE) as usize];
                *number = number.wrapping_add(slice.log);
            }
        }
    }

    /// The primes that meet a place of a block.
    pub(super) fn meet(
        &self,
        processor: Processor,
        block: usize,
        place: u32,
        found: &mut Vec<u32>,
    ) {
        for slice in &self.slices {
            let entries = slice.lists[block].entries();
            vector::scan(processor, entries, place, slice.start, found);
        }
    }
}

/// Moves the roots of groups of primes, and puts every place into its list.
#[inline(always)]
pub(super) fn fill(work: Filling<'_>) {
    let Filling {
        step,
        first,
        second,
        interval,
        lists,
    } = work;
    roots::advance(step, first, second);
    let groups = step.primes.chunks_exact(GROUP);
    let roots = first.chunks_exact(GROUP).zip(second.chunks_exact(GROUP));
    for (number, (group, (first, second))) in groups.zip(roots).enumerate() {
        let (least, most) = (group[0], group[GROUP - 1]);
        let (mut from, mut to, mut turn) = (0, most, 0);
        while from < interval {
            let low = (from >> BLOCK_BITS) as usize;
            let high = (((to - 1) >> BLOCK_BITS) as usize + 1).min(lists.len());
            for (block, list) in (low..high).zip(&mut lists[low..high]) {
                for roots in [first, second] {
                    let Some(room) = list.room() else { continue };
                    let mut len = 0;
                    for (lane, (&root, &p)) in roots.iter().zip(group).enumerate() {
                        let at = root + turn * p;
                        let prime = (GROUP * number + lane) as u32;
                        // Written in any case, and kept where the block is this one.
                        room[len % GROUP] = prime << 16 | at & PLACE;
                        len += usize::from((at >> BLOCK_BITS) as usize == block);
                    }
                    list.len += len;
                }
            }
            from += least;
            to += most;
            turn += 1;
        }
    }
}

/// Appends the primes of the entries at a place; the slice's first is `start`.
#[inline(always)]
pub(super) fn scan(entries: &[u32], place: u32, start: usize, found: &mut Vec<u32>) {
    let mut take = |entries: &[u32]| {
        let hits = entries.iter().filter(|&entry| entry & PLACE == place);
        found.extend(hits.map(|entry| start as u32 + (entry >> 16)));
    };
    let (chunks, rest) = entries.as_chunks::<32>();
    for chunk in chunks {
        let hit = |any, entry| any | u32::from(entry & PLACE == place);
        if chunk.iter().fold(0, hit) != 0 {
            take(chunk);
        }
    }
    take(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::primes_below;
    use proptest::prelude::*;

    /// The places that a prime meets in a block, from a root.
    fn places(p: u32, root: u32, block: usize) -> impl Iterator<Item = u32> {
        let start = (block * BLOCK) as u32;
        let all = (root..).step_by(p as usize);
        all.skip_while(move |&at| at < start)
            .take_while(move |&at| at < start + BLOCK as u32)
            .map(move |at| at - start)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn every_place_is_in_the_list_of_its_block_on_every_processor(
            skip in 1000usize..3000,
            blocks in 1u32..6,
            seed in 1u32..1 << 30,
            subtracted: bool,
        ) {
            let primes: Vec<u32> = primes_below(400_000).into_iter().step_by(3).skip(skip).collect();
            let logs: Vec<u8> = primes.iter().map(|p| p.ilog2() as u8).collect();
            let start = from(&primes);
            prop_assert!((primes.len() - start).is_multiple_of(GROUP));
            let number = |i: usize, p: u32| seed.wrapping_mul(2 * i as u32 + 1) % p;
            let first: Vec<u32> = (0..).zip(&primes).map(|(i, &p)| number(i, p)).collect();
            let second: Vec<u32> = (7..).zip(&primes).map(|(i, &p)| number(i, p)).collect();
            let deltas: Vec<u32> = (11..).zip(&primes).map(|(i, &p)| number(i, p)).collect();
            let step = Move { primes: &primes, deltas: &deltas, subtracted };
            let interval = blocks * BLOCK as u32 - 64;
            for processor in [Processor::detect(), Processor::plain()] {
                let mut buckets = Buckets::new(&primes, &logs, start, interval);
                let (mut first, mut second) = (first.clone(), second.clone());
                buckets.fill(processor, step, &mut first, &mut second);
                for (block, marked) in (0..blocks as usize).zip([17u32, 20_000].iter().cycle()) {
                    let mut sieve = [0; BLOCK];
                    buckets.empty(block, &mut sieve);
                    let mut expected = [0u8; BLOCK];
                    let mut meeting = Vec::new();
                    for i in start..primes.len() {
                        for root in [first[i], second[i]] {
                            for place in places(primes[i], root, block) {
                                let number = &mut expected[place as usize];
                                // That of the first prime of its group.
                                let group = start + (i - start) / GROUP * GROUP;
                                *number = number.wrapping_add(logs[group]);
                                if place == *marked {
                                    meeting.push(i as u32);
                                }
                            }
                        }
                    }
                    // Beyond the interval places are never looked at.
                    let size = BLOCK.min(interval as usize - block * BLOCK);
                    let differs = (0..size).find(|&i| sieve[i] != expected[i]);
                    prop_assert_eq!(differs, None);
                    let mut found = Vec::new();
                    buckets.meet(processor, block, *marked, &mut found);
                    found.sort_unstable();
                    prop_assert_eq!(found, meeting);
                }
            }
        }
    }
}

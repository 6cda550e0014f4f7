//! Vector instructions, chosen at run time: loops that the compiler turns into AVX2 code
//! where the processor has it, and one that is written with intrinsics. The only module
//! with `unsafe` code. Called by all inner loops of the sieve.
//!
//! Every function does the same on every processor.

#![allow(unsafe_code, reason = "code for AVX2 may only run where it is there")]

use super::bucket::{self, Filling, GROUP};
use super::candidate::{self, Compared};
use super::roots::{self, Beginning, Move};
use super::trial::{self, Trial};

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Processor {
    /// It has AVX2, FMA and POPCNT. Only [`Self::detect`] sets it.
    avx2: bool,
}

impl Processor {
    /// This one.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt");
        #[cfg(not(target_arch = "x86_64"))]
        let avx2 = false;
        Self { avx2 }
    }

    /// The least that it is known to do at compile time.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { avx2: false }
    }
}

/// A function that is compiled twice: for any processor, and for AVX2 (which may have a
/// body of its own).
macro_rules! twice {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) = $body:path) => {
        twice! { $(#[$doc])* $name($($arg: $type),*) = $body, $body }
    };
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) = $body:path, $wide:path) => {
        $(#[$doc])*
        pub(super) fn $name(processor: Processor, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            if processor.avx2 {
                #[target_feature(enable = "avx2,fma,popcnt")]
                fn wide($($arg: $type),*) {
                    $wide($($arg),*);
                }
                // SAFETY: the processor has these features, or `detect` would not say so.
                return unsafe { wide($($arg),*) };
            }
            let _ = processor;
            $body($($arg),*);
        }
    };
}

twice! {
    /// [`roots::begin`].
    begin(work: &mut Beginning<'_>) = roots::begin::<false>, roots::begin::<true>
}
twice! {
    /// [`roots::advance`].
    advance(step: Move<'_>, first: &mut [u32], second: &mut [u32]) = roots::advance
}
twice! {
    /// [`bucket::scan`].
    scan(entries: &[u32], place: u32, start: usize, found: &mut Vec<u32>) = bucket::scan
}
twice! {
    /// [`candidate::compare`].
    compare(with: Compared<'_>, at: u32, found: &mut Vec<u32>) = candidate::compare
}
twice! {
    /// [`trial::next_divisors`].
    next_divisors(work: &mut Trial<'_>) = trial::next_divisors::<false>, trial::next_divisors::<true>
}
twice! {
    /// [`candidate::full`].
    full(numbers: &[u8], found: &mut Vec<u32>) = candidate::full
}

/// [`bucket::fill`].
pub(super) fn fill(processor: Processor, work: Filling<'_>) {
    #[cfg(target_arch = "x86_64")]
    if processor.avx2 {
        // SAFETY: the processor has these features, or `detect` would not say so.
        return unsafe { avx2::fill(work) };
    }
    let _ = processor;
    bucket::fill(work);
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::super::bucket::{BLOCK_BITS, List, PLACE};
    use super::{Filling, GROUP};
    use std::arch::x86_64::*;

    /// For each set of lanes: their numbers, in front.
    static PACKED: [u64; 256] = {
        let mut table = [0u64; 256];
        let mut set = 0;
        while set < 256 {
            let (mut lane, mut at) = (0, 0);
            while lane < 8 {
                if set >> lane & 1 == 1 {
                    table[set] |= lane << (8 * at);
                    at += 1;
                }
                lane += 1;
            }
            set += 1;
        }
        table
    };

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(from: &[u32; GROUP]) -> __m256i {
        // SAFETY: these are 32 bytes that may be read, and the load needs no alignment.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store(to: &mut [u32; GROUP], lanes: __m256i) {
        // SAFETY: these are 32 bytes that may be written, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), lanes) }
    }

    /// Those lanes of the entries whose block is this one, in front, and how many.
    #[target_feature(enable = "avx2,popcnt")]
    #[inline]
    fn pack(block: __m256i, blocks: __m256i, entries: __m256i) -> (__m256i, usize) {
        let hits = _mm256_cmpeq_epi32(blocks, block);
        let set = _mm256_movemask_ps(_mm256_castsi256_ps(hits)) as u8;
        let lanes = _mm_cvtsi64_si128(PACKED[usize::from(set)] as i64);
        let packed = _mm256_permutevar8x32_epi32(entries, _mm256_cvtepu8_epi32(lanes));
        (packed, set.count_ones() as usize)
    }

    /// The parts of places: in which block, and the entry without the prime.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn parts(places: __m256i, numbers: __m256i) -> (__m256i, __m256i) {
        let place = _mm256_and_si256(places, _mm256_set1_epi32(PLACE as i32));
        let block = _mm256_srli_epi32::<{ BLOCK_BITS as i32 }>(places);
        (block, _mm256_or_si256(place, numbers))
    }

    /// A group of primes, whose roots have moved.
    struct Group {
        p: __m256i,
        x: __m256i,
        y: __m256i,
        /// The primes' numbers in the slice, where entries have them.
        numbers: __m256i,
        least: u32,
        most: u32,
    }

    /// As [`super::bucket::fill`], eight primes at a time.
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn fill(work: Filling<'_>) {
        let interval = work.interval;
        if work.step.primes.first().is_none_or(|&p| p < interval) {
            return each(work, |group, lists| repeat(group, interval, lists));
        }
        // No prime meets the interval twice.
        match work.lists.len() {
            1 => once::<1>(work),
            2 => once::<2>(work),
            3 => once::<3>(work),
            4 => once::<4>(work),
            _ => each(work, |group, lists| repeat(group, interval, lists)),
        }
    }

    /// Moves the roots of each group.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn each(work: Filling<'_>, mut then: impl FnMut(Group, &mut [List])) {
        let Filling {
            step,
            first,
            second,
            lists,
            ..
        } = work;
        let mut numbers = _mm256_slli_epi32::<16>(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        let eight = _mm256_set1_epi32((GROUP as i32) << 16);
        let (primes, _) = step.primes.as_chunks::<GROUP>();
        let (deltas, _) = step.deltas.as_chunks::<GROUP>();
        let (first, _) = first.as_chunks_mut::<GROUP>();
        let (second, _) = second.as_chunks_mut::<GROUP>();
        for (((group, delta), first), second) in primes.iter().zip(deltas).zip(first).zip(second) {
            let p = load(group);
            // To subtract is to add p − delta, except that 0 becomes p: both are right.
            let delta = load(delta);
            let delta = if step.subtracted {
                delta
            } else {
                _mm256_sub_epi32(p, delta)
            };
            let moved = |root: __m256i| {
                let root = _mm256_add_epi32(root, delta);
                _mm256_min_epu32(root, _mm256_sub_epi32(root, p))
            };
            let (x, y) = (moved(load(first)), moved(load(second)));
            store(first, x);
            store(second, y);
            let group = Group {
                p,
                x,
                y,
                numbers,
                least: group[0],
                most: group[GROUP - 1],
            };
            then(group, lists);
            numbers = _mm256_add_epi32(numbers, eight);
        }
    }

    /// Puts all places of a group below the interval's end into their lists.
    #[target_feature(enable = "avx2,popcnt")]
    #[inline]
    fn repeat(group: Group, interval: u32, lists: &mut [List]) {
        let (mut x, mut y) = (group.x, group.y);
        let (mut from, mut to) = (0, group.most);
        loop {
            let (x_block, x_entries) = parts(x, group.numbers);
            let (y_block, y_entries) = parts(y, group.numbers);
            let low = (from >> BLOCK_BITS) as usize;
            let high = (((to - 1) >> BLOCK_BITS) as usize + 1).min(lists.len());
            let mut block = _mm256_set1_epi32(low as i32);
            for list in &mut lists[low..high] {
                for (blocks, entries) in [(x_block, x_entries), (y_block, y_entries)] {
                    let (packed, count) = pack(block, blocks, entries);
                    if let Some(room) = list.room() {
                        store(room, packed);
                        list.len += count;
                    }
                }
                block = _mm256_add_epi32(block, _mm256_set1_epi32(1));
            }
            from += group.least;
            to += group.most;
            if from >= interval {
                break;
            }
            x = _mm256_add_epi32(x, group.p);
            y = _mm256_add_epi32(y, group.p);
        }
    }

    /// As [`each`] and [`repeat`] for an interval of so many blocks, which no prime meets
    /// twice.
    #[target_feature(enable = "avx2,popcnt")]
    fn once<const BLOCKS: usize>(mut work: Filling<'_>) {
        let lists = std::mem::take(&mut work.lists);
        let Ok(lists) = <&mut [List; BLOCKS]>::try_from(lists) else {
            return;
        };
        let mut lens = lists.each_ref().map(|list| list.len);
        let mut rooms = lists.each_mut().map(|list| list.entries.as_mut_slice());
        each(work, |group, _| {
            let (x_block, x_entries) = parts(group.x, group.numbers);
            let (y_block, y_entries) = parts(group.y, group.numbers);
            for i in 0..BLOCKS {
                let block = _mm256_set1_epi32(i as i32);
                for (blocks, entries) in [(x_block, x_entries), (y_block, y_entries)] {
                    let (packed, count) = pack(block, blocks, entries);
                    if let Some(room) = rooms[i].get_mut(lens[i]..)
                        && let Some(room) = room.first_chunk_mut()
                    {
                        store(room, packed);
                        lens[i] += count;
                    }
                }
            }
        });
        for (list, len) in lists.iter_mut().zip(lens) {
            list.len = len;
        }
    }
}

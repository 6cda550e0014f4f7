//! The innermost loops of the sieve: logarithms added along two progressions. Called by
//! [`super::search`].
//!
//! A start below the prime is inside every chunk of its length, so that a loop over
//! chunks checks no index.

/// Numbers that are sieved together by the primes below it: what the nearest cache holds.
pub(super) const BLOCK: usize = 1 << 15;

/// Room to keep beyond an interval: for one that is a block or less, the largest prime,
/// so that [`whole`] may run over its end; for longer ones none.
pub(super) fn padding(half_interval: u32, largest: u32) -> usize {
    let (interval, largest) = (2 * half_interval as usize, largest as usize);
    if interval <= BLOCK && largest <= interval {
        largest
    } else {
        0
    }
}

/// Adds a prime's logarithm at both its progressions, from starts below the prime, in an
/// interval with padding behind it. Primes of about the same size take the same number
/// of turns, which a processor foresees.
#[inline]
pub(super) fn whole(sieve: &mut [u8], padding: usize, p: u32, log: u8, starts: (u32, u32)) {
    let p = p as usize;
    let turns = (sieve.len() - padding).div_ceil(p);
    let (first, second) = (starts.0 as usize, starts.1 as usize);
    add(&mut sieve[..turns * p], p, log, first, second);
}

/// Room behind a block: where additions go that fall behind the end of the block.
pub(super) const BEHIND: usize = 64;

/// Adds a prime's logarithm at both its progressions, from starts below the prime, in a
/// block with [`BEHIND`] behind it; answers where they continue in the next block.
#[inline]
pub(super) fn block(block: &mut [u8], p: u32, log: u8, starts: (u32, u32)) -> (u32, u32) {
    let (first, second) = (starts.0 as usize, starts.1 as usize);
    let size = block.len() - BEHIND;
    let p = p as usize;
    let rest = add(&mut block[..size], p, log, first, second).len();
    let whole = size - rest;
    // Whether there is one more is chance, which a processor cannot foresee: so there
    // always is.
    let mut next = |start: usize| {
        let at = if start < rest {
            whole + start
        } else {
            size + start % BEHIND
        };
        let number = &mut block[at];
        *number = number.wrapping_add(log);
        let next = start.wrapping_sub(rest);
        next.min(next.wrapping_add(p))
    };
    (next(first) as u32, next(second) as u32)
}

/// Adds in all whole chunks of p numbers; answers the rest.
#[inline(always)]
fn add(mut numbers: &mut [u8], p: usize, log: u8, first: usize, second: usize) -> &mut [u8] {
    assert!(first < p && second < p);
    while numbers.len() >= 4 * p {
        let (four, rest) = numbers.split_at_mut(4 * p);
        for start in [first, second] {
            for turn in 0..4 {
                let number = &mut four[start + turn * p];
                *number = number.wrapping_add(log);
            }
        }
        numbers = rest;
    }
    while numbers.len() >= p {
        let (one, rest) = numbers.split_at_mut(p);
        one[first] = one[first].wrapping_add(log);
        one[second] = one[second].wrapping_add(log);
        numbers = rest;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One addition after the other.
    fn plain(sieve: &mut [u8], p: usize, log: u8, start: u32) {
        for number in sieve.iter_mut().skip(start as usize).step_by(p) {
            *number = number.wrapping_add(log);
        }
    }

    proptest! {
        #[test]
        fn every_place_of_both_progressions_is_met_once(
            length in 1usize..3000,
            size in 1usize..400,
            p in 1u32..500,
            x: u32,
            y: u32,
            log: u8,
        ) {
            let starts = (x % p, y % p);
            let mut expected = vec![7; length];
            plain(&mut expected, p as usize, log, starts.0);
            plain(&mut expected, p as usize, log, starts.1);

            let mut sieve = vec![7; length];
            let mut next = starts;
            for part in sieve.chunks_mut(size) {
                let mut padded = [&*part, &[0; BEHIND]].concat();
                next = block(&mut padded, p, log, next);
                prop_assert!(next.0 < p && next.1 < p);
                part.copy_from_slice(&padded[..part.len()]);
            }
            prop_assert_eq!(&sieve, &expected);

            let mut sieve = vec![7; length + p as usize];
            whole(&mut sieve, p as usize, p, log, starts);
            prop_assert_eq!(&sieve[..length], &expected);
        }
    }

    #[test]
    fn only_an_interval_of_one_block_is_padded() {
        assert_eq!(padding(BLOCK as u32 / 2, 5003), 5003);
        assert_eq!(padding(BLOCK as u32 / 2 + 64, 5003), 0);
        assert_eq!(padding(64, 131), 0);
    }
}

//! Small primes, by the sieve of Eratosthenes.

/// The primes below `limit`, ascending. Half a byte a number of working memory.
pub(crate) fn primes_below(limit: u32) -> Vec<u32> {
    if limit <= 2 {
        return Vec::new();
    }
    // composite[i] speaks of the odd number 2i + 1.
    let odds = limit as usize / 2;
    let mut composite = vec![false; odds];
    for i in 1.. {
        let p = 2 * i + 1;
        if p * p >= limit as usize {
            break;
        }
        if !composite[i] {
            for multiple in composite[p * p / 2..].iter_mut().step_by(p) {
                *multiple = true;
            }
        }
    }
    let odd_primes = (1..odds).filter(|&i| !composite[i]);
    std::iter::once(2)
        .chain(odd_primes.map(|i| 2 * i as u32 + 1))
        .collect()
}

/// The width of a segment of [`segments`].
const SEGMENT: u32 = 1 << 20;

/// The primes above `above` and up to `most`, ascending, a segment at a time: for
/// bounds whose primes are too many to hold. The iterator is lazy.
pub(crate) fn segments(above: u32, most: u32) -> impl Iterator<Item = Vec<u32>> {
    let base = primes_below(most.isqrt().saturating_add(1));
    let mut from = above.saturating_add(1).max(2);
    std::iter::from_fn(move || {
        if from > most {
            return None;
        }
        let to = most.min(from.saturating_add(SEGMENT - 1));
        let primes = segment(from, to, &base);
        from = to.saturating_add(1);
        // The last number of 32 bits is no prime, and from would stay on it.
        if to == u32::MAX {
            from = u32::MAX;
            return (!primes.is_empty()).then_some(primes);
        }
        Some(primes)
    })
}

/// The primes of `from..=to`, given those up to the root of `to`.
fn segment(from: u32, to: u32, base: &[u32]) -> Vec<u32> {
    let mut composite = vec![false; (to - from) as usize + 1];
    for &p in base {
        let first = from.div_ceil(p).max(p);
        let Some(first) = first.checked_mul(p).filter(|&first| first <= to) else {
            continue;
        };
        for multiple in composite[(first - from) as usize..]
            .iter_mut()
            .step_by(p as usize)
        {
            *multiple = true;
        }
    }
    let places = composite
        .iter()
        .enumerate()
        .filter(|(_, composite)| !**composite);
    places.map(|(i, _)| from + i as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_trial_division_at_every_limit() {
        let is_prime = |n: u32| n > 1 && (2..n).all(|d| !n.is_multiple_of(d));
        let expected: Vec<u32> = (0..1000).filter(|&n| is_prime(n)).collect();
        for limit in 0..1000 {
            let below = expected.partition_point(|&p| p < limit);
            assert_eq!(primes_below(limit), expected[..below], "below {limit}");
        }
    }

    #[test]
    fn counts_are_those_of_the_tables() {
        assert_eq!(primes_below(1_000_000).len(), 78_498);
        assert_eq!(primes_below(10_000_000).len(), 664_579);
    }

    #[test]
    fn segments_are_the_whole() {
        let primes = primes_below(3_000_000);
        for (above, most) in [
            (0, 100),
            (1, 2),
            (7, 7),
            (10, 11),
            (5, 2_999_999),
            (1 << 20, 1 << 21),
        ] {
            let expected: Vec<u32> = primes
                .iter()
                .copied()
                .filter(|&p| p > above && p <= most)
                .collect();
            let found: Vec<u32> = segments(above, most).flatten().collect();
            assert_eq!(found, expected, "{above} to {most}");
        }
    }
}

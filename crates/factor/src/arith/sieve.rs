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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_trial_division_at_every_limit() {
        let is_prime = |n: u32| n > 1 && (2..n).all(|d| n % d != 0);
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
}

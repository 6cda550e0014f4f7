//! Findings that are divisors, and the collector that keeps them: shared by trial
//! division and the elliptic curves.

use crate::{BadFinding, Collector, Finish, Finisher, Found, Tally};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
use std::collections::BTreeSet;

/// The finding "this divides the number": the divisor's bytes, little-endian, as few
/// as it takes.
pub(crate) fn finding(index: u64, divisor: &BigUint) -> Found {
    Found {
        index,
        data: divisor.to_bytes_le(),
    }
}

/// Keeps the proper divisors of a number.
#[derive(Debug)]
pub(crate) struct DivisorCollector {
    number: BigUint,
    divisors: BTreeSet<BigUint>,
}

impl DivisorCollector {
    /// None found yet.
    pub(crate) fn new(number: BigUint) -> Self {
        Self {
            number,
            divisors: BTreeSet::new(),
        }
    }

    fn decode(&self, data: &[u8]) -> Result<BigUint, &'static str> {
        // The length is looked at first: a stranger's megabyte is no number to divide by.
        if data.is_empty() || data.last() == Some(&0) {
            return Err("is not the encoding of a divisor");
        }
        if data.len() as u64 > self.number.bits().div_ceil(8) {
            return Err("is larger than the number");
        }
        let divisor = BigUint::from_bytes_le(data);
        if divisor.is_one() || divisor >= self.number {
            return Err("is no proper divisor");
        }
        if !self.number.is_multiple_of(&divisor) {
            return Err("does not divide the number");
        }
        Ok(divisor)
    }
}

impl Collector for DivisorCollector {
    fn check(&self, index: u64, data: &[u8]) -> Result<(), BadFinding> {
        match self.decode(data) {
            Ok(_) => Ok(()),
            Err(why) => Err(BadFinding { index, why }),
        }
    }

    fn insert(&mut self, _index: u64, data: &[u8]) -> bool {
        match self.decode(data) {
            Ok(divisor) => self.divisors.insert(divisor),
            Err(_) => false,
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            have: u64::from(!self.divisors.is_empty()),
            need: 1,
        }
    }

    fn ready(&self) -> bool {
        !self.divisors.is_empty()
    }

    fn finisher(&self) -> Finisher {
        let divisors: Vec<BigUint> = self.divisors.iter().cloned().collect();
        Box::new(move |_stop| {
            if divisors.is_empty() {
                Finish::More
            } else {
                Finish::Divisors(divisors)
            }
        })
    }

    /// One divisor is always enough: there is no goal to raise.
    fn raise_goal(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    fn collector() -> DivisorCollector {
        DivisorCollector::new(BigUint::from(804_556_097u64))
    }

    #[test]
    fn a_divisor_is_kept_once_and_ends_the_search() {
        let mut collector = collector();
        assert_eq!(collector.tally(), Tally { have: 0, need: 1 });
        assert!(!collector.ready());
        assert_eq!(collector.finisher()(&AtomicBool::new(false)), Finish::More);

        let found = finding(0, &BigUint::from(15_581u32));
        assert_eq!(collector.check(found.index, &found.data), Ok(()));
        assert!(collector.insert(found.index, &found.data));
        assert!(!collector.insert(found.index, &found.data));
        assert!(collector.ready());
        assert_eq!(
            collector.finisher()(&AtomicBool::new(false)),
            Finish::Divisors(vec![BigUint::from(15_581u32)])
        );
    }

    #[test]
    fn a_false_divisor_is_refused() {
        let mut collector = collector();
        let number = BigUint::from(804_556_097u64);
        let lies = [
            vec![],
            vec![0],
            vec![1],
            vec![2],
            number.to_bytes_le(),
            (number * 2u32).to_bytes_le(),
            [15_581u32.to_le_bytes().to_vec(), vec![0]].concat(),
            vec![255; 1 << 20],
        ];
        for lie in lies {
            assert!(collector.check(3, &lie).is_err(), "{:?}", lie.get(..8));
            assert!(!collector.insert(3, &lie));
        }
        assert!(!collector.ready());
    }
}

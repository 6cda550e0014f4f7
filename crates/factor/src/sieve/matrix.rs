//! Linear algebra over GF(2): which sets of columns add up to zero.

use super::lanczos::{self, Failure, Sparse};
use std::sync::atomic::{AtomicBool, Ordering};

/// Dependencies that are looked for at the most: one bit of a word each.
const DEPENDENCIES: usize = 64;

/// From this many rows on, what is sparse is left sparse.
const LARGE: usize = 2000;

/// A dense matrix, eliminated from the sparse rows to the dense ones, so that the bulk
/// of the work is done on few rows.
struct Matrix {
    rows: Vec<Vec<u64>>,
    columns: usize,
}

/// Finds up to 64 independent non-empty sets of columns whose sum is zero; none when
/// `stop` was set. A column is given by its rows (below `rows`), each at most once.
pub(super) fn dependencies(
    columns: &[Vec<u32>],
    rows: usize,
    stop: &AtomicBool,
) -> Option<Vec<Vec<usize>>> {
    if rows >= LARGE {
        match lanczos::dependencies(&Sparse::new(columns, rows), stop) {
            Ok(found) => return Some(found),
            Err(Failure::Stopped) => return None,
            // It takes more time and memory, but it does not fail.
            Err(Failure::Stuck) => {}
        }
    }
    let mut matrix = Matrix::new(columns, rows);
    let pivots = matrix.eliminate(stop)?;
    Some(matrix.solutions(&pivots))
}

impl Matrix {
    fn new(columns: &[Vec<u32>], rows: usize) -> Self {
        let words = columns.len().div_ceil(64);
        let mut matrix = vec![vec![0u64; words]; rows];
        for (column, entries) in columns.iter().enumerate() {
            for &row in entries {
                matrix[row as usize][column / 64] ^= 1 << (column % 64);
            }
        }
        matrix.sort_by_cached_key(|row| row.iter().map(|word| word.count_ones()).sum::<u32>());
        Self {
            rows: matrix,
            columns: columns.len(),
        }
    }

    /// Brings the rows to echelon form: no row has an entry in the pivot column of a row
    /// before it. Answers each row's pivot column, none for an empty row.
    fn eliminate(&mut self, stop: &AtomicBool) -> Option<Vec<Option<usize>>> {
        let mut pivots = Vec::with_capacity(self.rows.len());
        let mut rest = self.rows.as_mut_slice();
        while let Some((row, below)) = rest.split_first_mut() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            rest = below;
            let Some(word) = row.iter().position(|&word| word != 0) else {
                pivots.push(None);
                continue;
            };
            let bit = row[word].trailing_zeros();
            pivots.push(Some(64 * word + bit as usize));
            for other in rest.iter_mut() {
                if other[word] >> bit & 1 == 1 {
                    for (x, &y) in other[word..].iter_mut().zip(&row[word..]) {
                        *x ^= y;
                    }
                }
            }
        }
        Some(pivots)
    }

    /// Solves backwards for 64 choices of the free columns at once.
    fn solutions(&self, pivots: &[Option<usize>]) -> Vec<Vec<usize>> {
        let mut is_pivot = vec![false; self.columns];
        for &column in pivots.iter().flatten() {
            is_pivot[column] = true;
        }
        let mut values = vec![0u64; self.columns];
        let free = (0..self.columns).filter(|&column| !is_pivot[column]);
        let mut count = 0;
        for column in free.take(DEPENDENCIES) {
            values[column] = 1 << count;
            count += 1;
        }
        for (row, pivot) in self.rows.iter().zip(pivots).rev() {
            let Some(pivot) = *pivot else { continue };
            // The pivot's own value is still zero.
            values[pivot] = entries(row).fold(0, |sum, column| sum ^ values[column]);
        }
        (0..count)
            .map(|i| {
                (0..self.columns)
                    .filter(|&column| values[column] >> i & 1 == 1)
                    .collect()
            })
            .collect()
    }
}

/// The columns of a row's entries.
fn entries(row: &[u64]) -> impl Iterator<Item = usize> {
    row.iter().enumerate().flat_map(|(i, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                64 * i + bit
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn dependencies_add_up_to_zero_and_are_as_many_as_can_be(
            rows in 1usize..90,
            seeds in proptest::collection::vec(proptest::collection::btree_set(0u32..90, 0..12), 1..180),
        ) {
            let columns: Vec<Vec<u32>> = seeds
                .iter()
                .map(|set| set.iter().copied().filter(|&r| (r as usize) < rows).collect())
                .collect();
            let found = dependencies(&columns, rows, &AtomicBool::new(false)).unwrap();
            prop_assert!(found.len() >= columns.len().saturating_sub(rows).min(DEPENDENCIES));
            for set in &found {
                prop_assert!(!set.is_empty());
                let mut sum = vec![false; rows];
                for &column in set {
                    for &row in &columns[column] {
                        sum[row as usize] ^= true;
                    }
                }
                prop_assert!(sum.iter().all(|&odd| !odd));
            }
            let distinct: std::collections::HashSet<_> = found.iter().collect();
            prop_assert_eq!(distinct.len(), found.len());
        }
    }

    #[test]
    fn a_set_flag_stops_it() {
        assert_eq!(
            dependencies(&[vec![0], vec![0]], 1, &AtomicBool::new(true)),
            None
        );
    }
}

//! Block Lanczos over GF(2): dependencies of large sparse matrices, 64 directions at a
//! time. Called by [`super::matrix`].
//!
//! P. L. Montgomery, "A block Lanczos algorithm for finding dependencies over GF(2)",
//! 1995. For the symmetric A = BᵀB, the space that A spans from a random start is walked
//! through in blocks that are orthogonal with respect to A; what remains of the start
//! without its projections is, most of it, in the kernel of B.

use super::block::{self, Block, Square, WORD};
use super::coefficient::Generator;
use super::kernel;
use std::sync::atomic::{AtomicBool, Ordering};

/// Attempts, each from another start, before it is given up.
const ATTEMPTS: u64 = 5;

/// A sparse matrix, column by column.
pub(super) struct Sparse {
    /// Where each column's entries end.
    ends: Vec<usize>,
    entries: Vec<u32>,
    rows: usize,
}

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Stopped,
    /// No start led to the end: too few columns, or too small a matrix.
    Stuck,
}

impl Sparse {
    pub(super) fn new(columns: &[Vec<u32>], rows: usize) -> Self {
        let mut entries = Vec::with_capacity(columns.iter().map(Vec::len).sum());
        let ends = columns.iter().map(|column| {
            entries.extend_from_slice(column);
            entries.len()
        });
        Self {
            ends: ends.collect(),
            entries,
            rows,
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.ends.len()
    }

    fn column(&self, i: usize) -> &[u32] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.entries[start..self.ends[i]]
    }

    /// B·x.
    pub(super) fn times(&self, x: &[u64]) -> Block {
        let mut product = vec![0; self.rows];
        for (i, &word) in x.iter().enumerate() {
            for &row in self.column(i) {
                product[row as usize] ^= word;
            }
        }
        product
    }

    /// Bᵀ·y.
    fn transposed_times(&self, y: &[u64]) -> Block {
        let sum = |i| {
            self.column(i)
                .iter()
                .fold(0, |sum, &row| sum ^ y[row as usize])
        };
        (0..self.columns()).map(sum).collect()
    }

    /// A·x.
    fn square_times(&self, x: &[u64]) -> Block {
        self.transposed_times(&self.times(x))
    }
}

/// Independent non-empty sets of columns whose sum is zero, up to 64.
pub(super) fn dependencies(matrix: &Sparse, stop: &AtomicBool) -> Result<Vec<Vec<usize>>, Failure> {
    for attempt in 0..ATTEMPTS {
        let mut generator = Generator::new(matrix.entries.len() as u64, attempt, 0);
        let start: Block = (0..matrix.columns()).map(|_| generator.next()).collect();
        if let Some((x, rest)) = walk(matrix, start, stop)? {
            let found = kernel::in_kernel(matrix, [&x, &rest]);
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    Err(Failure::Stuck)
}

/// What an iteration knows of the one before it.
struct Step {
    v: Block,
    /// The inverse of the part of vᵀAv that has one, elsewhere 0.
    inverse: Square,
    /// vᵀAv and vᵀA²v.
    once: Square,
    twice: Square,
    /// The columns of that part.
    chosen: u64,
}

impl Step {
    fn none(len: usize) -> Self {
        Self {
            v: vec![0; len],
            inverse: [0; WORD],
            once: [0; WORD],
            twice: [0; WORD],
            chosen: 0,
        }
    }
}

/// The iteration: from a start, a block that A maps to next to nothing, and the last
/// block of the walk. None when it is stuck.
fn walk(
    matrix: &Sparse,
    start: Block,
    stop: &AtomicBool,
) -> Result<Option<(Block, Block)>, Failure> {
    let mut x = start;
    let first = matrix.square_times(&x);
    let mut v = first.clone();
    let mut last = Step::none(v.len());
    let mut before: Step = Step::none(v.len());
    // Nothing has to be made up for at first.
    last.chosen = u64::MAX;
    // Each iteration uses up nearly 64 dimensions.
    for _ in 0..matrix.columns() / (WORD - 4) + 20 {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Stopped);
        }
        let mut next = matrix.square_times(&v);
        let once = block::inner(&v, &next);
        if once == [0; WORD] {
            return Ok(Some((x, v)));
        }
        let twice = block::inner(&next, &next);
        let Some((inverse, chosen)) = invert_part(&once, last.chosen) else {
            return Ok(None);
        };
        // Coefficients of the last three blocks in the next.
        let mut d = block::product(&inverse, &masked(&twice, chosen, &once));
        add_one(&mut d);
        let e = block::product(&last.inverse, &once).map(|row| row & chosen);
        let mut f = block::product(&last.once, &last.inverse);
        add_one(&mut f);
        let f = block::product(&before.inverse, &f);
        let of_last = masked(&last.twice, last.chosen, &last.once).map(|row| row & chosen);
        let f = block::product(&f, &of_last);
        for word in &mut next {
            *word &= chosen;
        }
        block::add_product(&mut next, &v, &d);
        block::add_product(&mut next, &last.v, &e);
        block::add_product(&mut next, &before.v, &f);
        // The start's part in this block.
        let part = block::product(&inverse, &block::inner(&v, &first));
        block::add_product(&mut x, &v, &part);
        before = last;
        last = Step {
            v,
            inverse,
            once,
            twice,
            chosen,
        };
        v = next;
    }
    Ok(None)
}

/// x in the chosen columns, plus y.
fn masked(x: &Square, chosen: u64, y: &Square) -> Square {
    std::array::from_fn(|i| (x[i] & chosen) ^ y[i])
}

fn add_one(x: &mut Square) {
    for (i, row) in x.iter_mut().enumerate() {
        *row ^= 1 << i;
    }
}

/// The inverse of the largest part of a symmetric matrix that has one, and its columns;
/// those that were not chosen the last time come first, and none may be left out twice.
fn invert_part(matrix: &Square, last_chosen: u64) -> Option<(Square, u64)> {
    let mut rows: [(u64, u64); WORD] = std::array::from_fn(|i| (matrix[i], 1 << i));
    let is_last = |&i: &usize| last_chosen >> i & 1 == 1;
    let order: Vec<usize> = (0..WORD)
        .filter(|i| !is_last(i))
        .chain((0..WORD).filter(is_last))
        .collect();
    let mut chosen = 0u64;
    for (i, &column) in order.iter().enumerate() {
        let has = |word: u64| word >> column & 1 == 1;
        let pivot = order[i..].iter().copied().find(|&row| has(rows[row].0));
        let of_inverse = || order[i..].iter().copied().find(|&row| has(rows[row].1));
        let (pivot, is_chosen) = match pivot {
            Some(pivot) => (pivot, true),
            None => (of_inverse()?, false),
        };
        rows.swap(column, pivot);
        let (left, right) = rows[column];
        for (row, (x, y)) in rows.iter_mut().enumerate() {
            if row != column && has(if is_chosen { *x } else { *y }) {
                *x ^= left;
                *y ^= right;
            }
        }
        if is_chosen {
            chosen |= 1 << column;
        } else {
            rows[column] = (0, 0);
        }
    }
    (chosen | last_chosen == u64::MAX).then(|| (rows.map(|(_, inverse)| inverse), chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns like those of a sieve: small rows often, large ones seldom.
    fn columns(count: usize, rows: usize, seed: u64) -> Vec<Vec<u32>> {
        let mut generator = Generator::new(seed, 0, 0);
        let mut column = || {
            let mut entries = std::collections::BTreeSet::new();
            for _ in 0..20 {
                let part = (generator.next() >> 11) as f64 / (1u64 << 53) as f64;
                entries.insert(((rows as f64).powf(part) - 1.0) as u32);
            }
            entries.insert((generator.next() % rows as u64) as u32);
            entries.into_iter().collect()
        };
        (0..count).map(|_| column()).collect()
    }

    #[test]
    fn dependencies_of_sparse_matrices_add_up_to_zero() {
        for (rows, seed) in [(700, 1), (1500, 2), (3000, 3)] {
            let columns = columns(rows + 60, rows, seed);
            let matrix = Sparse::new(&columns, rows);
            let found = dependencies(&matrix, &AtomicBool::new(false)).unwrap();
            assert!(found.len() > 20, "{} of {rows}", found.len());
            for set in &found {
                assert!(!set.is_empty());
                let mut sum = vec![false; rows];
                for &row in set.iter().flat_map(|&i| &columns[i]) {
                    sum[row as usize] ^= true;
                }
                assert!(sum.iter().all(|&odd| !odd));
            }
            let distinct: std::collections::HashSet<_> = found.iter().collect();
            assert_eq!(distinct.len(), found.len());
        }
    }

    #[test]
    fn a_set_flag_stops_it() {
        let matrix = Sparse::new(&columns(100, 50, 4), 50);
        let stopped = dependencies(&matrix, &AtomicBool::new(true));
        assert_eq!(stopped, Err(Failure::Stopped));
    }

    #[test]
    fn an_inverse_is_of_the_chosen_part() {
        let mut generator = Generator::new(5, 0, 0);
        for _ in 0..50 {
            // vᵀv is symmetric, of any rank.
            let v: Block = (0..40).map(|_| generator.next()).collect();
            let matrix = block::inner(&v, &v);
            let Some((inverse, chosen)) = invert_part(&matrix, u64::MAX) else {
                continue;
            };
            assert!((1..=40).contains(&chosen.count_ones()));
            let part: Square = std::array::from_fn(|i| {
                let is_chosen = chosen >> i & 1 == 1;
                if is_chosen { matrix[i] & chosen } else { 0 }
            });
            let one: Square = std::array::from_fn(|i| chosen & 1 << i);
            assert_eq!(block::product(&inverse, &part), one);
        }
    }
}

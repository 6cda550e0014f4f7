//! From the two blocks that block Lanczos ends with to vectors that a matrix maps to zero.
//! Called by [`super::lanczos`].

use super::block::{self, Block, WORD};
use super::lanczos::Sparse;

/// Combinations of the blocks' columns that B maps to zero: independent, not zero, and at
/// most 64.
pub(super) fn in_kernel(matrix: &Sparse, blocks: [&Block; 2]) -> Vec<Vec<usize>> {
    let mut vectors = Vec::new();
    for x in blocks {
        let images = block::columns(&matrix.times(x));
        vectors.extend(images.into_iter().zip(block::columns(x)));
    }
    let kernel: Vec<Vec<u64>> = eliminate(vectors).into_iter().map(|(_, x)| x).collect();
    // Once more, by themselves: what is left is independent.
    let mut independent: Vec<Vec<u64>> = Vec::new();
    let mut leads: Vec<(usize, u64)> = Vec::new();
    for mut x in kernel {
        for ((word, bit), of_lead) in leads.iter().zip(&independent) {
            if x[*word] & bit != 0 {
                add(&mut x, of_lead);
            }
        }
        if let Some(lead) = lead(&x) {
            leads.push(lead);
            independent.push(x);
        }
    }
    let bits = |x: &Vec<u64>| {
        let is_set = |&i: &usize| x[i / WORD] >> (i % WORD) & 1 == 1;
        (0..matrix.columns()).filter(is_set).collect()
    };
    let sets = independent.iter().map(bits);
    sets.take(WORD).collect()
}

/// The first bit of a vector.
fn lead(x: &[u64]) -> Option<(usize, u64)> {
    let word = x.iter().position(|&word| word != 0)?;
    Some((word, x[word] & x[word].wrapping_neg()))
}

fn add(x: &mut [u64], y: &[u64]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x ^= y;
    }
}

/// Adds pairs to each other until the first halves are zero or have leads of their own;
/// answers those with a first half of zero.
fn eliminate(mut pairs: Vec<(Vec<u64>, Vec<u64>)>) -> Vec<(Vec<u64>, Vec<u64>)> {
    let mut zero = Vec::new();
    while let Some((image, x)) = pairs.pop() {
        let Some((word, bit)) = lead(&image) else {
            zero.push((image, x));
            continue;
        };
        for (other, y) in &mut pairs {
            if other[word] & bit != 0 {
                add(other, &image);
                add(y, &x);
            }
        }
    }
    zero
}

//! Blocks of 64 vectors over GF(2), a word for each row, and their products. Called by
//! [`super::lanczos`].
//!
//! Products look up sums of eight rows at once ("four Russians").

/// Vectors of a block.
pub(super) const WORD: usize = 64;

/// n rows of 64 bits.
pub(super) type Block = Vec<u64>;

/// 64 rows of 64 bits.
pub(super) type Square = [u64; WORD];

/// For each of the eight bytes of a word, 256 rows.
type Tables = [[u64; 256]; 8];

/// xᵀ·y.
pub(super) fn inner(x: &[u64], y: &[u64]) -> Square {
    let mut sums: Tables = [[0; 256]; 8];
    for (&x, &y) in x.iter().zip(y) {
        for (sums, byte) in sums.iter_mut().zip(x.to_le_bytes()) {
            sums[usize::from(byte)] ^= y;
        }
    }
    std::array::from_fn(|i| {
        let has = |&(byte, _): &(usize, &u64)| byte >> (i % 8) & 1 == 1;
        let of_bit = sums[i / 8].iter().enumerate().filter(has);
        of_bit.fold(0, |sum, (_, &row)| sum ^ row)
    })
}

/// Sums of the square's rows, by bytes that say which.
fn tables(square: &Square) -> Tables {
    std::array::from_fn(|i| {
        let mut sums = [0; 256];
        for byte in 1..256usize {
            let lowest = byte.trailing_zeros() as usize;
            sums[byte] = sums[byte & (byte - 1)] ^ square[8 * i + lowest];
        }
        sums
    })
}

#[inline(always)]
fn look_up(tables: &Tables, row: u64) -> u64 {
    let bytes = row.to_le_bytes();
    let sums = tables.iter().zip(bytes);
    sums.fold(0, |sum, (sums, byte)| sum ^ sums[usize::from(byte)])
}

/// sum + x·square.
pub(super) fn add_product(sum: &mut [u64], x: &[u64], square: &Square) {
    let tables = tables(square);
    for (sum, &row) in sum.iter_mut().zip(x) {
        *sum ^= look_up(&tables, row);
    }
}

/// x·y.
pub(super) fn product(x: &Square, y: &Square) -> Square {
    let tables = tables(y);
    x.map(|row| look_up(&tables, row))
}

/// The columns of a block, 64 bits a word.
pub(super) fn columns(x: &[u64]) -> Vec<Vec<u64>> {
    let mut columns = vec![vec![0; x.len().div_ceil(WORD)]; WORD];
    for (i, &row) in x.iter().enumerate() {
        for (j, column) in columns.iter_mut().enumerate() {
            column[i / WORD] |= (row >> j & 1) << (i % WORD);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bit(x: &[u64], i: usize, j: usize) -> bool {
        x[i] >> j & 1 == 1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn products_are_sums_of_products_of_bits(
            x in proptest::collection::vec(any::<u64>(), 1..90),
            seed: [u64; 32],
        ) {
            let square: Square = std::array::from_fn(|i| seed[i % 32].rotate_left(i as u32));
            let y: Vec<u64> = (0..x.len()).map(|i| square[i % WORD] ^ i as u64).collect();
            let inner = inner(&x, &y);
            let mut sum = y.clone();
            add_product(&mut sum, &x, &square);
            let columns = columns(&x);
            for (j, column) in columns.iter().enumerate() {
                for k in 0..WORD {
                    let of_columns = (0..x.len()).filter(|&i| bit(&x, i, j) && bit(&y, i, k));
                    prop_assert_eq!(bit(&inner, j, k), of_columns.count() % 2 == 1);
                }
                for i in 0..x.len() {
                    let of_rows = (0..WORD).filter(|&k| bit(&x, i, k) && bit(&square, k, j));
                    let product = of_rows.count() % 2 == 1;
                    prop_assert_eq!(bit(&sum, i, j), bit(&y, i, j) ^ product);
                    prop_assert_eq!(column[i / 64] >> (i % 64) & 1 == 1, bit(&x, i, j));
                }
            }
            let squared = product(&square, &square);
            let mut same = vec![0; WORD];
            add_product(&mut same, &square, &square);
            prop_assert_eq!(squared.as_slice(), same.as_slice());
        }
    }
}

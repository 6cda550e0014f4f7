//! Parameters by size: everything that a plan fixes, chosen for speed alone.

use super::base::FactorBase;
use super::coefficient::{MAX_FACTORS, Sequence};
use super::{Text, target};
use crate::arith::{jacobi, primes_below};
use num_bigint::BigUint;
use num_traits::ToPrimitive;
use std::sync::OnceLock;

/// Below this many bits coefficients are enumerated.
const DRAWN_FROM_BITS: u64 = 66;

/// A row of the table: bits of the number, primes of the base, half of the sieve
/// interval, large-prime bound in multiples of the base's largest prime.
type Row = (f64, f64, f64, f64);

/// Measured on semiprimes (`cargo bench --bench sieve`), interpolated in between.
const TABLE: [Row; 16] = [
    (16.0, 24.0, 256.0, 10.0),
    (40.0, 40.0, 1024.0, 20.0),
    (60.0, 60.0, 4096.0, 30.0),
    (70.0, 75.0, 8192.0, 30.0),
    (80.0, 100.0, 8192.0, 40.0),
    (96.0, 160.0, 16384.0, 40.0),
    (112.0, 280.0, 16384.0, 40.0),
    (128.0, 450.0, 32768.0, 40.0),
    (149.0, 1200.0, 16384.0, 60.0),
    (165.0, 1950.0, 16384.0, 60.0),
    (181.0, 3300.0, 16384.0, 70.0),
    (198.0, 5500.0, 16384.0, 70.0),
    (215.0, 9500.0, 16384.0, 80.0),
    (232.0, 15500.0, 16384.0, 80.0),
    (265.0, 36000.0, 16384.0, 90.0),
    (330.0, 140000.0, 32768.0, 150.0),
];

/// The same for numbers that are split in process, measured by themselves
/// (`cargo bench --bench small`). No plan names these, so they may change at any time.
const IN_PROCESS: [Row; 4] = [
    (80.0, 100.0, 4096.0, 40.0),
    (96.0, 120.0, 4096.0, 40.0),
    (112.0, 250.0, 6144.0, 40.0),
    (130.0, 460.0, 11520.0, 40.0),
];

fn interpolate(table: &[Row], bits: f64) -> Row {
    let i = table
        .windows(2)
        .position(|pair| bits < pair[1].0)
        .unwrap_or(table.len() - 2);
    let (low, high) = (table[i], table[i + 1]);
    let part = ((bits - low.0) / (high.0 - low.0)).clamp(0.0, 1.0);
    let between = |x: f64, y: f64| x * (y / x).powf(part);
    (
        bits,
        between(low.1, high.1),
        between(low.2, high.2),
        between(low.3, high.3),
    )
}

/// The parameters of a plan for an odd number, and the base that they describe.
pub(super) fn parameters(number: &BigUint) -> (Text, FactorBase) {
    from_row(number, interpolate(&TABLE, number.bits() as f64))
}

/// The parameters for an odd number that is split in this process at once.
pub(super) fn in_process(number: &BigUint) -> (Text, FactorBase) {
    let row = interpolate(&IN_PROCESS, number.bits() as f64);
    from_row(number, row)
}

fn from_row(number: &BigUint, (_, primes, half_interval, large_prime): Row) -> (Text, FactorBase) {
    let multiplier = multiplier(number);
    let base = FactorBase::new(number, multiplier, primes as usize);
    let largest = u64::from(base.largest());
    // What is left below the square of the largest prime of the base is prime.
    let large_prime_bound = ((largest as f64 * large_prime) as u64)
        .min(largest * largest - 1)
        .min(u64::from(u32::MAX)) as u32;
    let mut text = Text {
        multiplier,
        primes: primes as u32,
        half_interval: (half_interval as u32).next_multiple_of(64),
        large_prime_bound,
        sequence: Sequence::Enumerated,
        factors: 1,
        pool_start: 0,
        pool: base.len() as u32,
    };
    let target = target(number, &text).to_f64().unwrap_or(f64::MAX).log2();
    // Few factors waste work at each change of `a`, many small ones waste relations.
    let part = if number.bits() < 150 { 0.68 } else { 0.62 };
    let size = part * (largest as f64).log2();
    let factors = (target / size).round().clamp(1.0, MAX_FACTORS as f64);
    text.factors = factors as u32;
    if number.bits() >= DRAWN_FROM_BITS {
        text.sequence = Sequence::Drawn;
        let ideal = (target / factors).exp2();
        let centre = base.primes.partition_point(|&p| f64::from(p) < ideal);
        let reach = (centre * 2 / 5).clamp(8, 40);
        let start = centre.saturating_sub(reach).max(3).min(base.len() / 2);
        text.pool_start = start as u32;
        text.pool = (centre + reach).min(base.len()).saturating_sub(start) as u32;
    }
    (text, base)
}

/// Multipliers that are considered are below this: twenty of each class modulo 8.
const MULTIPLIERS: u32 = 160;

/// What every choice of a multiplier needs, computed once.
struct Symbols {
    /// The odd primes that a multiplier is judged by.
    primes: Vec<u32>,
    /// Their logarithms.
    logs: Vec<f64>,
    /// Odd square-free multipliers, with their Legendre symbols.
    multipliers: Vec<(u32, Vec<i8>)>,
}

impl Symbols {
    fn get() -> &'static Self {
        static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
        SYMBOLS.get_or_init(|| {
            let primes = primes_below(400).split_off(1);
            let is_square_free = |k: &u32| primes.iter().all(|&p| !k.is_multiple_of(p * p));
            let symbols = |k: u32| {
                let of_prime = |&p: &u32| jacobi(k.into(), p.into());
                (k, primes.iter().map(of_prime).collect())
            };
            let odd = (1..MULTIPLIERS).step_by(2).filter(is_square_free);
            Self {
                multipliers: odd.map(symbols).collect(),
                logs: primes.iter().map(|&p| f64::from(p).ln()).collect(),
                primes,
            }
        })
    }
}

/// The multiplier k with kN ≡ 1 (mod 8) whose base promises most: D. E. Knuth and
/// R. Schroeppel's function, as in R. D. Silverman, "The multiple polynomial quadratic
/// sieve", 1987. It is square-free, and has no divisor in common with the number.
fn multiplier(number: &BigUint) -> u32 {
    let Symbols {
        primes,
        logs,
        multipliers,
    } = Symbols::get();
    let of_number: Vec<i8> = primes
        .iter()
        .map(|&p| jacobi((number % p).to_u64().unwrap_or(0), p.into()))
        .collect();
    let class = (number % 8u32).to_u32().unwrap_or(1);
    let score = |k: u32, of_k: &[i8]| -> f64 {
        let of_primes = primes.iter().zip(logs).zip(of_k.iter().zip(&of_number));
        let gain = of_primes.map(|((&p, &log), (x, y))| match x * y {
            1 => 2.0 * log / f64::from(p - 1),
            0 => log / f64::from(p),
            _ => 0.0,
        });
        gain.sum::<f64>() - 0.5 * f64::from(k).ln()
    };
    let is_coprime = |of_k: &[i8]| of_k.iter().zip(&of_number).all(|pair| pair != (&0, &0));
    multipliers
        .iter()
        .filter(|(k, of_k)| k % 8 == class && is_coprime(of_k))
        .map(|(k, of_k)| (*k, score(*k, of_k)))
        .max_by(|(_, x), (_, y)| x.total_cmp(y))
        .map_or(1, |(k, _)| k)
}

//! The curve arithmetic against textbook affine formulas, and curves that must and must
//! not find a divisor.

use super::*;
use crate::arith::{Mont64, Mont128, Montgomery, sqrt_mod};

/// p is below 2^32 here.
fn mul_mod(a: u64, b: u64, p: u64) -> u64 {
    a % p * (b % p) % p
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// The order of a Suyama curve modulo a small prime, or of its twist: by counting points.
fn order(p: u64, a24: u64, x: u64) -> u64 {
    // a = 4·a24 − 2; b is chosen so that x is the coordinate of a point.
    let a = (4 * a24 + p - 2) % p;
    let right = |x: u64| (mul_mod(mul_mod(x, x, p), x, p) + mul_mod(a, x * x % p, p) + x) % p;
    let b = right(x);
    let inverse = crate::arith::inverse(b, p).unwrap();
    let points = (0..p).map(|x| {
        let y2 = mul_mod(right(x), inverse, p);
        match sqrt_mod(y2, p) {
            Some(0) => 1,
            Some(_) => 2,
            None => 0,
        }
    });
    1 + points.sum::<u64>()
}

#[test]
fn a_multiple_of_the_order_is_the_point_at_infinity_and_no_other() {
    for p in [1009u64, 10007, 20011] {
        let ring = Mont64::new(p);
        for sigma in 6..30 {
            let Made::Curve(curve, point) = Curve::suyama(&ring, &ring.lift_u64(sigma)) else {
                continue;
            };
            let affine = ring.mul(point.x, ring.invert(&point.z).unwrap());
            let order = order(p, ring.value(curve.a24()), ring.value(affine));
            assert_eq!(order % 12, 0, "p = {p}, sigma = {sigma}");
            let (at, after) = curve.ladder(&point, order);
            assert_eq!(at.z, 0, "p = {p}, sigma = {sigma}");
            // One more is the point itself.
            assert_eq!(ring.mul(after.x, point.z), ring.mul(after.z, point.x));
            // The order of the point divides the curve's; a chain by its primes that
            // leaves one prime out reaches infinity only if the point's order lacks it.
            let mut chain = Chain::default();
            let (mut rest, mut q) = (order, 2);
            while rest > 1 {
                if rest % q == 0 {
                    chain.push(q);
                    rest /= q;
                } else {
                    q += 1;
                }
            }
            assert_eq!(chain.multiply(&curve, &point, &never()).unwrap().z, 0);
        }
    }
}

#[test]
fn chains_and_the_ladder_multiply_alike() {
    let n = (1u64 << 61) - 1;
    let ring = Mont64::new(n);
    let Made::Curve(curve, point) = Curve::suyama(&ring, &ring.lift_u64(11)) else {
        panic!("no curve");
    };
    for prime in primes_below(3000)
        .into_iter()
        .chain([65_537, 999_983, 15_485_863])
    {
        let mut chain = Chain::default();
        chain.push(prime.into());
        let by_chain = chain.multiply(&curve, &point, &never()).unwrap();
        let by_ladder = curve.ladder(&point, prime.into()).0;
        assert_ne!(by_chain.z, 0);
        assert_eq!(
            ring.mul(by_chain.x, by_ladder.z),
            ring.mul(by_chain.z, by_ladder.x),
            "times {prime}"
        );
    }
}

/// Whether a curve with these bounds must find p: its order is of prime powers up to B1
/// and at most one prime more up to B2.
fn smooth(mut order: u64, b1: u64, b2: u64) -> bool {
    let mut large = 0;
    let mut q = 2;
    while order > 1 {
        let mut power = 1;
        while order.is_multiple_of(q) {
            order /= q;
            power *= q;
        }
        if power > b1 {
            large += 1;
            if power != q || q > b2 {
                return false;
            }
        }
        q += 1;
    }
    large <= 1
}

#[test]
fn curves_with_smooth_orders_find_their_prime() {
    // The other prime is so large that these curves never find it.
    let large = (1u64 << 61) - 1;
    let (b1, b2) = (30, 400);
    let bounds = Bounds::new(b1, b2);
    let mut found = 0;
    for p in primes_below(12_000).into_iter().skip(1200).map(u64::from) {
        let number = BigUint::from(p) * BigUint::from(large);
        let ring = Montgomery::<3>::new(&number).unwrap();
        let small = Mont64::new(p);
        for sigma in 6..10 {
            let Made::Curve(curve, point) = Curve::suyama(&small, &small.lift_u64(sigma)) else {
                continue;
            };
            let affine = small.mul(point.x, small.invert(&point.z).unwrap());
            let order = order(p, small.value(curve.a24()), small.value(affine));
            if smooth(order, b1.into(), b2.into()) {
                assert_eq!(
                    bounds.try_curve(&ring, sigma, &never()),
                    Attempt::Divisor(p.into()),
                    "p = {p}, sigma = {sigma}, order = {order}"
                );
                found += 1;
            }
        }
    }
    assert!(found > 100, "only {found} smooth orders tried");
}

#[test]
fn curves_side_by_side_find_what_each_finds_by_itself() {
    let large = (1u64 << 61) - 1;
    let bounds = Bounds::new(30, 400);
    let mut found = 0;
    for p in primes_below(60_000).into_iter().skip(5_000).step_by(7) {
        let number = BigUint::from(p) * BigUint::from(large);
        let ring = Mont128::new(&number).unwrap();
        let alone = (6..9)
            .any(|sigma| bounds.try_curve(&ring, sigma, &never()) == Attempt::Divisor(p.into()));
        match bounds.try_curves::<_, 3>(&ring, 6, &never()) {
            Together::Divisor(divisor) => {
                assert!(alone, "{p}");
                assert_eq!(divisor, p.into());
                found += 1;
            }
            Together::Nothing => assert!(!alone, "{p}"),
            Together::Apart | Together::Stopped => panic!("the large prime is out of reach"),
        }
    }
    assert!(found > 20, "only {found}");
    let number = BigUint::from(large) * 65_537u32;
    let ring = Mont128::new(&number).unwrap();
    let stopped = bounds.try_curves::<_, 2>(&ring, 6, &AtomicBool::new(true));
    assert!(matches!(stopped, Together::Stopped));
}

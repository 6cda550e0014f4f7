//! Checksummed records in a segment's bytes.
//!
//! A record is `magic(4) length(4) crc32(4) payload`; the sum is over length and
//! payload. Where a record is damaged, reading goes on at the next place that holds an
//! intact one, so that one flipped bit costs one record.

use std::ops::Range;

const MAGIC: &[u8; 4] = b"rec\x01";
const HEAD: usize = 12;

/// The largest payload: a report and a little more; a plan's text is far smaller.
pub(crate) const MAX_PAYLOAD: usize = rsac_protocol::MAX_REPORT_BYTES + 1024;

/// Appends a record to `out`; the payload is given in two parts, to spare a copy.
pub(crate) fn append(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    let length = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&length.to_le_bytes());
    sum.update(&[kind]);
    sum.update(body);
    out.reserve(HEAD + 1 + body.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sum.finalize().to_le_bytes());
    out.push(kind);
    out.extend_from_slice(body);
}

/// What a segment's bytes hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The payloads of the intact records, in order: kind byte first.
    pub(crate) payloads: Vec<Range<usize>>,
    /// Stretches that hold no intact record.
    pub(crate) damaged: Vec<Range<usize>>,
    /// One past the last intact record; what follows is a torn tail.
    pub(crate) end: usize,
}

/// Finds the records in `bytes` from `start` on.
pub(crate) fn scan(bytes: &[u8], start: usize) -> Scan {
    let mut scan = Scan {
        end: start,
        ..Scan::default()
    };
    let mut at = start;
    while at < bytes.len() {
        if let Some(payload) = record_at(bytes, at) {
            if at > scan.end {
                scan.damaged.push(scan.end..at);
            }
            at = payload.end;
            scan.end = at;
            scan.payloads.push(payload);
        } else {
            at += 1 + bytes[at + 1..]
                .windows(MAGIC.len())
                .position(|window| window == MAGIC)
                .unwrap_or(bytes.len() - at - 1);
        }
    }
    scan
}

fn record_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let head = bytes.get(at..at + HEAD)?;
    let (magic, rest) = head.split_at(4);
    let (length_bytes, sum) = rest.split_at(4);
    if magic != MAGIC {
        return None;
    }
    let length = u32::from_le_bytes(length_bytes.try_into().ok()?) as usize;
    if length == 0 || length > MAX_PAYLOAD {
        return None;
    }
    let payload = at + HEAD..at + HEAD + length;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length_bytes);
    hasher.update(bytes.get(payload.clone())?);
    (hasher.finalize().to_le_bytes() == sum).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for body in bodies {
            append(&mut bytes, 7, body);
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn one_flipped_bit_costs_one_record(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..8),
            place in any::<proptest::sample::Index>(),
            bit in 0u8..8,
        ) {
            let mut bytes = written(&bodies);
            let whole = scan(&bytes, 0);
            prop_assert_eq!(whole.payloads.len(), bodies.len());
            prop_assert_eq!(whole.end, bytes.len());
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let damaged = scan(&bytes, 0);
            prop_assert_eq!(damaged.payloads.len(), bodies.len() - 1);
            for payload in damaged.payloads {
                prop_assert!(!payload.contains(&at));
                prop_assert!(whole.payloads.contains(&payload));
            }
        }

        #[test]
        fn a_cut_loses_only_the_tail(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..8),
            place in any::<proptest::sample::Index>(),
        ) {
            let bytes = written(&bodies);
            let cut = place.index(bytes.len());
            let whole = scan(&bytes, 0);
            let torn = scan(&bytes[..cut], 0);
            prop_assert_eq!(torn.payloads.len(), whole.payloads.iter().filter(|p| p.end <= cut).count());
            prop_assert!(torn.damaged.is_empty());
        }
    }
}

//! A spooled report's file: magic, CRC-32 of the rest, the encoded report.

use bytes::Bytes;
use rsac_protocol::{Report, ReportCodecError};

const MAGIC: &[u8; 8] = b"rsacrep1";

/// What precedes the report.
pub(super) const HEAD_BYTES: usize = MAGIC.len() + 4;

/// Why a file is no spooled report.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("not a spooled report of this version")]
    Magic,
    #[error("its checksum is {found:08x}, its content's {computed:08x}")]
    Checksum { found: u32, computed: u32 },
    #[error(transparent)]
    Report(#[from] ReportCodecError),
}

/// The file's bytes.
pub(super) fn encode(report: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(report).to_le_bytes();
    [MAGIC.as_slice(), &checksum, report].concat()
}

/// The report in a file, as bytes and read.
pub(super) fn decode(bytes: &[u8]) -> Result<(Bytes, Report), Damage> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Damage::Magic)?;
    let (checksum, report) = rest.split_first_chunk().ok_or(Damage::Magic)?;
    let found = u32::from_le_bytes(*checksum);
    let computed = crc32fast::hash(report);
    if found != computed {
        return Err(Damage::Checksum { found, computed });
    }
    Ok((Bytes::copy_from_slice(report), Report::decode(report)?))
}

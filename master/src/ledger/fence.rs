//! The fence: who opened the ledger last.
//!
//! The folder's lock keeps two masters apart where locks work. Where they do not
//! (network storage, a cloned volume), the last to open wins: it writes its mark first
//! of all, and whoever finds a mark that is not its own writes nothing any more. The
//! mark is read again before every write and after every commit, which costs one small
//! read.

use super::disk::DiskFile;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rsac_protocol::LedgerId;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The file's name.
pub(crate) const FENCE_FILE: &str = "fence";

const MAGIC: &[u8; 8] = b"rsacfnc1";
const LENGTH: usize = 8 + 16 + 8 + 16 + 4;

/// What the fence file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) ledger: LedgerId,
    pub(crate) generation: u64,
    /// Distinguishes two that raised to the same generation at the same time.
    nonce: [u8; 16],
}

impl Mark {
    pub(crate) fn new(ledger: LedgerId, generation: u64, rng: &mut StdRng) -> Self {
        Self {
            ledger,
            generation,
            nonce: rng.random(),
        }
    }

    fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&self.ledger.0);
        bytes[24..32].copy_from_slice(&self.generation.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.nonce);
        let sum = crc32fast::hash(&bytes[..48]);
        bytes[48..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; LENGTH]) -> Option<Self> {
        let mut generation = [0; 8];
        let mut mark = Self {
            ledger: LedgerId([0; 16]),
            generation: 0,
            nonce: [0; 16],
        };
        mark.ledger.0.copy_from_slice(&bytes[8..24]);
        generation.copy_from_slice(&bytes[24..32]);
        mark.generation = u64::from_le_bytes(generation);
        mark.nonce.copy_from_slice(&bytes[32..48]);
        (mark.encode() == *bytes).then_some(mark)
    }
}

/// This master's mark on the disk.
#[derive(Debug)]
pub(crate) struct Fence {
    file: Arc<dyn DiskFile>,
    mine: Mark,
    foreign: AtomicBool,
}

/// What [`Fence::check`] fails with, inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("another master has opened this ledger")]
pub(crate) struct Foreign;

impl Fence {
    /// The mark on the disk; none where there is no file, or a torn one.
    pub(crate) fn read(file: &dyn DiskFile) -> io::Result<Option<Mark>> {
        let mut bytes = [0; LENGTH];
        if file.len()? < LENGTH as u64 {
            return Ok(None);
        }
        file.read_at(0, &mut bytes)?;
        Ok(Mark::decode(&bytes))
    }

    /// Writes `mark`, synced: from now on, everybody else's writes are refused.
    pub(crate) fn raise(file: Arc<dyn DiskFile>, mark: Mark) -> io::Result<Self> {
        file.write_at(0, &mark.encode())?;
        file.sync()?;
        Ok(Self {
            file,
            mine: mark,
            foreign: AtomicBool::new(false),
        })
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mine
    }

    /// An error when the mark on the disk is not this master's (any more).
    pub(crate) fn check(&self) -> io::Result<()> {
        if !self.is_foreign() && Self::read(&*self.file)? != Some(self.mine) {
            self.foreign.store(true, Ordering::SeqCst);
        }
        if self.is_foreign() {
            return Err(io::Error::other(Foreign));
        }
        Ok(())
    }

    /// Whether a foreign mark was seen. It stays so.
    pub(crate) fn is_foreign(&self) -> bool {
        self.foreign.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::super::disk::{Disk, Machine};
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn the_last_to_raise_the_fence_is_the_only_one_to_write() {
        let disk = Machine::new().process();
        let mut rng = StdRng::seed_from_u64(1);
        let file = disk.open(FENCE_FILE).unwrap();
        assert_eq!(Fence::read(&*file).unwrap(), None);
        let id = LedgerId([3; 16]);
        let first = Fence::raise(Arc::clone(&file), Mark::new(id, 4, &mut rng)).unwrap();
        first.check().unwrap();
        let second = Fence::raise(Arc::clone(&file), Mark::new(id, 4, &mut rng)).unwrap();
        assert!(first.check().is_err());
        assert!(first.is_foreign());
        second.check().unwrap();
        assert_eq!(Fence::read(&*file).unwrap().unwrap().generation, 4);

        let mut byte = [0];
        file.read_at(30, &mut byte).unwrap();
        file.write_at(30, &[byte[0] ^ 1]).unwrap();
        assert_eq!(Fence::read(&*file).unwrap(), None, "a damaged mark is none");
    }
}

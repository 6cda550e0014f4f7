//! What an executable is for, and whether it is this program.

use super::ImageError;
use goblin::elf::Elf;
use goblin::elf::header::{EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64};
use std::fmt;
use std::path::{Path, PathBuf};

/// What every build of this version holds, because it looks for it.
const MARK: &str = concat!("this is rsac-infra ", env!("CARGO_PKG_VERSION"));

/// Makes an executable that runs on any Linux of this architecture.
#[cfg(target_arch = "aarch64")]
pub(super) const BUILD_STATIC: &str = "RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target aarch64-unknown-linux-gnu";
/// Makes an executable that runs on any Linux of this architecture.
#[cfg(not(target_arch = "aarch64"))]
pub(super) const BUILD_STATIC: &str = "RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target x86_64-unknown-linux-gnu";

/// System and architecture, in the words of Go, OCI and Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `darwin`, `windows`.
    pub system: String,
    /// `amd64`, `arm64` …
    pub architecture: String,
}

impl Platform {
    /// Of those words.
    pub fn new(system: &str, architecture: &str) -> Self {
        Self {
            system: system.to_owned(),
            architecture: architecture.to_owned(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.system, self.architecture)
    }
}

/// An executable, read.
#[derive(Debug, Clone)]
pub struct Executable {
    /// Where it is on this machine.
    pub path: PathBuf,
    /// What it runs on.
    pub platform: Platform,
    pub(super) bytes: Vec<u8>,
    pub(super) linkage: Linkage,
}

/// What the loader is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Linkage {
    /// The loader's path; none in a static executable and in libraries.
    pub(super) interpreter: Option<String>,
    /// Names of libraries.
    pub(super) needed: Vec<String>,
    /// Folders to look in first; may begin with `$ORIGIN`.
    pub(super) folders: Vec<String>,
}

impl Executable {
    /// Reads an executable, and checks that a container can run it as one of this program.
    ///
    /// # Errors
    /// When it is no rsac-infra of this version for Linux.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        let bytes = std::fs::read(path).map_err(ImageError::file(path))?;
        let refused = |why: String, remedies: Vec<String>| ImageError::Executable {
            path: path.to_owned(),
            why,
            remedies,
        };
        let fitting = || {
            vec![
                format!("on Linux, `{BUILD_STATIC}` makes one; --executable FILE takes it"),
                "--image REFERENCE uses a published image instead".to_owned(),
            ]
        };
        let (platform, linkage) = match inspect(&bytes) {
            Some((platform, linkage)) if platform.system == "linux" => (platform, linkage),
            Some((platform, _)) => {
                let why = format!("it is for {platform}, and containers here run on Linux");
                return Err(refused(why, fitting()));
            }
            None => return Err(refused("it is no executable".to_owned(), fitting())),
        };
        if memchr::memmem::find(&bytes, MARK.as_bytes()).is_none() {
            let why = format!("it is not rsac-infra {}", env!("CARGO_PKG_VERSION"));
            return Err(refused(why, fitting()));
        }
        Ok(Self {
            path: path.to_owned(),
            platform,
            bytes,
            linkage,
        })
    }

    /// Refuses an executable that the nodes cannot run.
    ///
    /// # Errors
    /// When none of `nodes` is of its platform.
    pub fn fits(&self, nodes: &[Platform]) -> Result<(), ImageError> {
        if nodes.is_empty() || nodes.contains(&self.platform) {
            return Ok(());
        }
        let mut names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        let target = match nodes[0].architecture.as_str() {
            "arm64" => "aarch64-unknown-linux-gnu",
            _ => "x86_64-unknown-linux-gnu",
        };
        Err(ImageError::Executable {
            path: self.path.clone(),
            why: format!(
                "it is for {}, the nodes are {}",
                self.platform,
                names.join(", ")
            ),
            remedies: vec![
                format!(
                    "`RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target {target}` \
                     makes one that fits; --executable FILE takes it"
                ),
                "--image REFERENCE uses a published image instead".to_owned(),
            ],
        })
    }
}

/// Platform and linkage of an executable or library; none of what is neither.
pub(super) fn inspect(bytes: &[u8]) -> Option<(Platform, Linkage)> {
    // Of what cannot be used here, whose it is suffices.
    const MACH_O: [[u8; 4]; 3] = [
        [0xcf, 0xfa, 0xed, 0xfe],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xca, 0xfe, 0xba, 0xbe],
    ];
    let foreign = |system| Some((Platform::new(system, "any"), Linkage::default()));
    if bytes.starts_with(b"MZ") {
        return foreign("windows");
    }
    if MACH_O.iter().any(|magic| bytes.starts_with(magic)) {
        return foreign("darwin");
    }
    let elf = Elf::parse(bytes).ok()?;
    Some((elf_platform(&elf), elf_linkage(&elf)))
}

fn elf_platform(elf: &Elf<'_>) -> Platform {
    const FREEBSD: u8 = 9;
    let system = match elf.header.e_ident[goblin::elf::header::EI_OSABI] {
        FREEBSD => "freebsd",
        _ => "linux",
    };
    let architecture = match (elf.header.e_machine, elf.little_endian) {
        (EM_X86_64, _) => "amd64",
        (EM_AARCH64, _) => "arm64",
        (EM_ARM, _) => "arm",
        (EM_386, _) => "386",
        (EM_RISCV, _) => "riscv64",
        (EM_S390, _) => "s390x",
        (EM_PPC64, true) => "ppc64le",
        (EM_PPC64, false) => "ppc64",
        _ => "unknown",
    };
    Platform::new(system, architecture)
}

fn elf_linkage(elf: &Elf<'_>) -> Linkage {
    let owned = |texts: &[&str]| -> Vec<String> {
        let folders = texts.iter().flat_map(|text| text.split(':'));
        folders
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Linkage {
        interpreter: elf.interpreter.map(str::to_owned),
        needed: owned(&elf.libraries),
        // The newer of the two counts alone where both are there.
        folders: match elf.runpaths.is_empty() {
            true => owned(&elf.rpaths),
            false => owned(&elf.runpaths),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_of_other_systems_are_told_by_their_system() {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, words) in [
            (&b"MZ\x90\0"[..], "it is for windows/any"),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "it is for darwin/any"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "it is for darwin/any"),
            (b"\x7fELF", "it is no executable"),
            (b"#!/bin/sh\n", "it is no executable"),
            (b"", "it is no executable"),
        ] {
            let path = folder.path().join("file");
            std::fs::write(&path, bytes).unwrap();
            let refused = Executable::read(&path).unwrap_err().to_string();
            assert!(refused.contains(words), "{bytes:?}: {refused}");
        }
    }
}

//! The image's one layer: what the root folder of a container holds.

use super::executable::Executable;
use super::libraries::Libraries;
use super::{EXECUTABLE, ImageError, USER, digest};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

pub(super) struct Layer {
    /// As registries keep it.
    pub(super) gzip: Vec<u8>,
    /// The digest of the tar inside.
    pub(super) diff_id: String,
}

pub(super) fn make(executable: &Executable, libraries: &Libraries) -> Result<Layer, ImageError> {
    let tar = write(executable, libraries).map_err(ImageError::file(Path::new("the layer")))?;
    let gzip = compress(&tar).map_err(ImageError::file(Path::new("the layer")))?;
    Ok(Layer {
        gzip,
        diff_id: digest(&tar),
    })
}

fn write(executable: &Executable, libraries: &Libraries) -> io::Result<Vec<u8>> {
    // Some libraries ask for the name of the user that they run as, and the order in which
    // names of machines are looked up.
    let users = format!("rsac:x:{USER}:{USER}:rsac:/:/none\n");
    let groups = format!("rsac:x:{USER}:\n");
    let mut files: Vec<(PathBuf, &[u8], u32)> = vec![
        (EXECUTABLE.into(), &executable.bytes, 0o755),
        ("/etc/group".into(), groups.as_bytes(), 0o644),
        ("/etc/nsswitch.conf".into(), b"hosts: files dns\n", 0o644),
        ("/etc/passwd".into(), users.as_bytes(), 0o644),
    ];
    for (path, bytes) in &libraries.files {
        files.push((path.clone(), bytes, 0o755));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut tar = Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    for (path, bytes, mode) in files {
        let relative = path.strip_prefix("/").unwrap_or(&path);
        let parents: Vec<&Path> = relative.ancestors().skip(1).collect();
        for folder in parents.into_iter().rev() {
            if !folder.as_os_str().is_empty() && folders.insert(folder.to_owned()) {
                let mut header = header(EntryType::Directory, 0o755, 0);
                tar.append_data(&mut header, folder, io::empty())?;
            }
        }
        let mut header = header(EntryType::Regular, mode, bytes.len() as u64);
        tar.append_data(&mut header, relative, bytes)?;
    }
    tar.into_inner()
}

/// Root's, and of no time: what is in the image, not when it came there.
pub(super) fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn compress(tar: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::fast());
    gzip.write_all(tar)?;
    gzip.finish()
}

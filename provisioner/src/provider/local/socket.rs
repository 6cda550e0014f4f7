//! Where the supervisor's socket is. A UNIX socket's path has room for about a hundred
//! bytes; a stack whose folder lies deeper gets a socket in a short folder of its own,
//! named by a hash of the stack's folder. The supervisor records the path it took.

use super::files;
use super::layout::Layout;
use rsac_protocol::Digest;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// `sun_path` holds 108 bytes on Linux and 104 on macOS, with a closing zero.
const MAX_PATH: usize = 103;
const NAME: &str = "supervisor.sock";

/// What the supervisor writes when it listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The socket.
    pub(crate) socket: PathBuf,
}

impl Record {
    /// The record of the supervisor that runs, or ran last.
    ///
    /// # Errors
    /// When there is none, or it is unreadable.
    pub(crate) fn read(layout: &Layout) -> io::Result<Self> {
        let text = std::fs::read(layout.record())?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// Writes the record.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn write(&self, layout: &Layout) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        files::write_atomically(&layout.record(), &text)
    }
}

/// Chooses the socket's path and makes its folder, closed to others.
///
/// # Errors
/// When no folder for it can be made, or a stranger has taken the one outside of the
/// stack's folder.
pub(crate) fn prepare(layout: &Layout) -> io::Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|v| Path::new(v).is_absolute());
    prepare_below(layout, runtime.as_deref(), &std::env::temp_dir())
}

fn prepare_below(layout: &Layout, runtime: Option<&OsStr>, temp: &Path) -> io::Result<PathBuf> {
    let inside = layout.root().join(NAME);
    if fits(&inside) {
        return Ok(inside);
    }
    let folder = short_name(layout);
    let bases = runtime
        .map(Path::new)
        .into_iter()
        .chain([temp, Path::new("/tmp")]);
    let mut refusals = Vec::new();
    for base in bases {
        let socket = base.join(&folder).join(NAME);
        if !fits(&socket) {
            refusals.push(format!("{}: too long as well", base.display()));
            continue;
        }
        match private_folder(&base.join(&folder)) {
            Ok(()) => return Ok(socket),
            Err(error) => refusals.push(format!("{}: {error}", base.display())),
        }
    }
    Err(io::Error::other(format!(
        "the path of the socket, {}, is over {MAX_PATH} bytes, and no shorter place for it was \
         found ({}); use a shorter --state-dir, or set XDG_RUNTIME_DIR to a folder of yours",
        inside.display(),
        refusals.join("; ")
    )))
}

fn fits(path: &Path) -> bool {
    path.as_os_str().as_bytes().len() <= MAX_PATH
}

fn short_name(layout: &Layout) -> String {
    let hash = Digest::of(&layout.root().to_string_lossy()).to_string();
    format!("rsac-{}", &hash[..16])
}

/// Makes a folder in a place that others may write to. One that is there must be ours
/// and closed: whoever owns the folder of a socket can put another in its place.
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let meta = std::fs::symlink_metadata(path)?;
    let ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
    if ours && meta.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{} is there already and is not this user's alone",
        path.display()
    )))
}

/// Removes the socket, and its folder where that is outside of the stack's.
///
/// # Errors
/// When they are there and cannot be removed.
pub(crate) fn remove(layout: &Layout, socket: &Path) -> io::Result<()> {
    files::remove(socket)?;
    match socket.parent() {
        Some(folder) if folder.file_name() == Some(OsStr::new(&short_name(layout))) => {
            files::remove(folder)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deep(below: &Path) -> Layout {
        let layout = Layout::new(&below.join("d".repeat(120)));
        files::make_private_folder(layout.root()).unwrap();
        layout
    }

    #[test]
    fn a_short_path_is_in_the_stacks_folder() {
        let layout = Layout::new(Path::new("/s"));
        let path = prepare_below(&layout, None, Path::new("/t")).unwrap();
        assert_eq!(path, Path::new("/s/local/supervisor.sock"));
    }

    #[test]
    fn a_long_path_gets_a_short_folder_that_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tempfile::tempdir().unwrap();
        let layout = deep(folder.path());
        let chosen = || {
            prepare_below(
                &layout,
                Some(runtime.path().as_os_str()),
                Path::new("/nowhere"),
            )
            .unwrap()
        };
        let path = chosen();
        assert!(path.starts_with(runtime.path()) && fits(&path));
        assert_eq!(chosen(), path, "found again");
        std::os::unix::net::UnixListener::bind(&path).unwrap();
        remove(&layout, &path).unwrap();
        assert_eq!(std::fs::read_dir(runtime.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tempfile::tempdir().unwrap();
        let temp = tempfile::tempdir().unwrap();
        let layout = deep(folder.path());
        let squatted = runtime.path().join(short_name(&layout));
        std::fs::create_dir(&squatted).unwrap();
        std::fs::set_permissions(&squatted, std::fs::Permissions::from_mode(0o777)).unwrap();
        let path = prepare_below(&layout, Some(runtime.path().as_os_str()), temp.path()).unwrap();
        assert!(path.starts_with(temp.path()));
    }
}

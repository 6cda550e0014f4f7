//! The shared libraries that an executable needs, found as the loader of the GNU C library
//! finds them (ld.so(8)), but for its cache, which an image has not.

use super::ImageError;
use super::executable::{Executable, Linkage, Platform, inspect};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A library, read, under the path where it is on this machine and in the image.
#[derive(Debug)]
pub(super) struct Libraries {
    /// By path.
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Folders that the loader does not look into by itself.
    unusual: BTreeSet<PathBuf>,
}

impl Libraries {
    /// What `LD_LIBRARY_PATH` has to be; none where the loader needs no help.
    pub(super) fn search_path(&self) -> Option<String> {
        let folders: Vec<String> = self
            .unusual
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        (!folders.is_empty()).then(|| folders.join(":"))
    }
}

/// Finds loader and libraries, and the libraries of libraries.
pub(super) fn find(executable: &Executable) -> Result<Libraries, ImageError> {
    let mut found = Libraries {
        files: BTreeMap::new(),
        unusual: BTreeSet::new(),
    };
    if let Some(loader) = &executable.linkage.interpreter {
        let path = PathBuf::from(loader);
        let bytes = std::fs::read(&path).map_err(ImageError::file(&path))?;
        found.files.insert(path, bytes);
    }
    let usual = usual_folders(&executable.platform);
    let configured = configured_folders(Path::new("/etc/ld.so.conf"), 0);
    let mut names = BTreeSet::new();
    let mut open = vec![(executable.path.clone(), executable.linkage.clone())];
    while let Some((user, linkage)) = open.pop() {
        for name in &linkage.needed {
            // The loader itself is named by some libraries too.
            let is_loader = found.files.keys().any(|path| path.ends_with(name));
            if is_loader || !names.insert(name.clone()) {
                continue;
            }
            let own = own_folders(&user, &linkage);
            let folders = own.iter().chain(&configured).chain(&usual);
            let (path, bytes, next) = folders
                .map(|folder| folder.join(name))
                .find_map(|path| read_for(&path, &executable.platform))
                .ok_or_else(|| ImageError::Library {
                    path: user.clone(),
                    library: name.clone(),
                })?;
            if let Some(folder) = path.parent()
                && !usual.iter().any(|usual| usual == folder)
            {
                found.unusual.insert(folder.to_owned());
            }
            found.files.insert(path.clone(), bytes);
            open.push((path, next));
        }
    }
    Ok(found)
}

/// A library of the right platform: others of the same name may lie about.
fn read_for(path: &Path, platform: &Platform) -> Option<(PathBuf, Vec<u8>, Linkage)> {
    let bytes = std::fs::read(path).ok()?;
    let (of, linkage) = inspect(&bytes)?;
    (of == *platform).then(|| (path.to_owned(), bytes, linkage))
}

fn own_folders(user: &Path, linkage: &Linkage) -> Vec<PathBuf> {
    let origin = user.parent().unwrap_or(Path::new("/"));
    let origin = std::path::absolute(origin).unwrap_or_else(|_| origin.to_owned());
    let origin = origin.display().to_string();
    let expand = |folder: &String| {
        let folder = folder
            .replace("${ORIGIN}", &origin)
            .replace("$ORIGIN", &origin);
        PathBuf::from(folder)
    };
    linkage.folders.iter().map(expand).collect()
}

/// Where the loader looks unasked, on Debian's and on other systems.
fn usual_folders(platform: &Platform) -> Vec<PathBuf> {
    let triplet = match platform.architecture.as_str() {
        "amd64" => "x86_64-linux-gnu",
        "arm64" => "aarch64-linux-gnu",
        other => other,
    };
    let folders = [
        format!("/lib/{triplet}"),
        format!("/usr/lib/{triplet}"),
        "/lib64".to_owned(),
        "/usr/lib64".to_owned(),
        "/lib".to_owned(),
        "/usr/lib".to_owned(),
    ];
    folders.into_iter().map(PathBuf::from).collect()
}

/// The folders of `ld.so.conf`, whose `include` lines take `*` in a file's name.
fn configured_folders(file: &Path, depth: usize) -> Vec<PathBuf> {
    const MAX_DEPTH: usize = 4;
    let Ok(text) = std::fs::read_to_string(file) else {
        return Vec::new();
    };
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut folders = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match line.strip_prefix("include ") {
            Some(_) if depth == MAX_DEPTH => {}
            Some(pattern) => {
                for file in matching(Path::new(pattern.trim())) {
                    folders.extend(configured_folders(&file, depth + 1));
                }
            }
            None => folders.push(PathBuf::from(line)),
        }
    }
    folders
}

fn matching(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let Some((start, end)) = name.split_once('*') else {
        return vec![pattern.to_owned()];
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
    paths.sort();
    paths
}

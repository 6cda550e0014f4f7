//! State in a folder, so that the binary can be stopped and started. `lib` loads it, `server`
//! keeps it after each request that changed something.

use crate::state::State;
use std::io::Write;
use std::path::Path;

const FILE: &str = "state.json";

/// The state that a folder holds; an empty one where there is none.
pub(crate) fn load(folder: &Path) -> Result<State, String> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("state folder {}: {error}", folder.display()))?;
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(State::default()),
        Err(error) => return Err(format!("state file {}: {error}", path.display())),
    };
    serde_json::from_str(&text).map_err(|error| {
        format!(
            "state file {} is not of this version ({error}); remove it to start anew",
            path.display()
        )
    })
}

/// Keeps the state.
pub(crate) fn save(folder: &Path, state: &State) -> Result<(), String> {
    let text = serde_json::to_vec(state).map_err(|error| error.to_string())?;
    write_private(&folder.join(FILE), &text)
}

/// Writes a file whole, readable for its owner alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(broken)?;
    file.write_all(bytes).map_err(broken)?;
    std::fs::rename(&new, path).map_err(broken)
}

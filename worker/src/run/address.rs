//! Where the master is: a fixed address, or a file that tells the present one.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How a worker finds its master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterAddress {
    /// A base URL: `http://my-rsac-master:8080`.
    Url(String),
    /// A file that holds `host:port`; read again after every failure to connect,
    /// because a master that is started again may listen elsewhere.
    File(PathBuf),
}

impl MasterAddress {
    /// The base URL now, without a slash at its end; or why there is none.
    pub(super) fn base_url(&self) -> Result<String, String> {
        match self {
            Self::Url(url) => Ok(url.trim_end_matches('/').to_owned()),
            Self::File(path) => {
                let text = read_line(path).map_err(|why| format!("{}: {why}", path.display()))?;
                match text.contains("://") {
                    true => Ok(text.trim_end_matches('/').to_owned()),
                    false => Ok(format!("http://{text}")),
                }
            }
        }
    }
}

/// The only line of a small file, without white space around it.
pub(super) fn read_line(path: &Path) -> Result<String, String> {
    const LIMIT: u64 = 4096;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    let line = text.trim();
    if line.is_empty() || line.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("expected one line with one word".into());
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_from_where_it_is_kept() {
        let fixed = MasterAddress::Url("https://master:8443/".into());
        assert_eq!(fixed.base_url().unwrap(), "https://master:8443");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("address");
        let kept = MasterAddress::File(path.clone());
        assert!(kept.base_url().unwrap_err().contains("address"));
        std::fs::write(&path, "127.0.0.1:8080\n").unwrap();
        assert_eq!(kept.base_url().unwrap(), "http://127.0.0.1:8080");
        std::fs::write(&path, "127.0.0.1:8080\n127.0.0.1:8081").unwrap();
        assert!(kept.base_url().is_err());
    }
}

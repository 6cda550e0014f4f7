//! The image of this test's own executable, which holds the whole library.

use super::*;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

fn own() -> Executable {
    Executable::read(&std::env::current_exe().unwrap()).unwrap()
}

/// Path, mode and content of what is in a tar.
fn entries(tar: &[u8]) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(header.mtime().unwrap(), 0);
        let mode = header.mode().unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().into_owned(), (mode, bytes))
    });
    entries.collect()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

#[test]
fn the_layer_has_what_the_executable_needs_and_no_more() {
    let executable = own();
    let image = Image::build(&executable).unwrap();
    let tar = gunzip(&image.layer.bytes);
    let files = entries(&tar);
    let (mode, bytes) = &files[&PathBuf::from("rsac-infra")];
    assert_eq!(*mode, 0o755);
    assert!(*bytes == executable.bytes);
    if let Some(loader) = &executable.linkage.interpreter {
        let loader = PathBuf::from(loader.trim_start_matches('/'));
        assert!(files.contains_key(&loader), "{loader:?}");
        for name in &executable.linkage.needed {
            assert!(files.keys().any(|path| path.ends_with(name)), "{name}");
        }
    }
    for shell in ["sh", "bash", "busybox"] {
        assert!(!files.keys().any(|path| path.ends_with(shell)));
    }
    // Nothing is in there that its folder is not before.
    let mut seen = vec![PathBuf::new()];
    for (path, (mode, _)) in &files {
        assert!(
            seen.iter().any(|folder| folder == path.parent().unwrap()),
            "{path:?}"
        );
        if *mode == 0o755 {
            seen.push(path.clone());
        }
    }
    let config: ConfigFile = serde_json::from_slice(&image.config.bytes).unwrap();
    assert_eq!(config.rootfs.diff_ids, [digest(&tar)]);
    let config = config.config.unwrap();
    assert_eq!(config.user.as_deref(), Some("65532:65532"));
    assert_eq!(config.entrypoint.unwrap(), ["/rsac-infra"]);
    assert_eq!(config.env.unwrap()[0], "PATH=/");
}

#[test]
fn the_same_executable_is_the_same_image() {
    let (one, other) = (Image::build(&own()).unwrap(), Image::build(&own()).unwrap());
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.local_reference(), other.local_reference());
    let mut changed = own();
    changed.bytes.push(0);
    assert_ne!(Image::build(&changed).unwrap().tag, one.tag);
}

#[test]
fn an_archive_is_an_oci_layout_and_a_docker_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    let image = Image::build(&own()).unwrap();
    write_archive(&image, "localhost/rsac-infra:1", &path).unwrap();
    let files = entries(&std::fs::read(&path).unwrap());
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&files[&PathBuf::from(name)].1).unwrap()
    };
    let blob = |digest: &serde_json::Value| {
        let path = format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"));
        let bytes = &files[&PathBuf::from(path)].1;
        assert_eq!(super::digest(bytes), digest.as_str().unwrap());
        bytes.clone()
    };
    assert_eq!(json("oci-layout")["imageLayoutVersion"], "1.0.0");
    let entry = &json("index.json")["manifests"][0];
    assert_eq!(
        entry["annotations"]["io.containerd.image.name"],
        "localhost/rsac-infra:1"
    );
    let manifest: serde_json::Value = serde_json::from_slice(&blob(&entry["digest"])).unwrap();
    blob(&manifest["config"]["digest"]);
    blob(&manifest["layers"][0]["digest"]);
    let docker = &json("manifest.json")[0];
    assert_eq!(docker["RepoTags"][0], "localhost/rsac-infra:1");
    for path in [&docker["Config"], &docker["Layers"][0]] {
        assert!(files.contains_key(&PathBuf::from(path.as_str().unwrap())));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_a_container_cannot_run_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let failure = crate::exit::Failure::from(Executable::read(&path).unwrap_err());
        assert!(!failure.remedies.is_empty(), "{failure}");
        failure.message.split_once(": ").unwrap().1.to_owned()
    };
    assert_eq!(refused(b"#!/bin/sh\n"), "it is no executable");
    assert_eq!(refused(b""), "it is no executable");
    let other = std::fs::read("/bin/ls").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(refused(&other), format!("it is not rsac-infra {version}"));
    let missing = Executable::read(&folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, ImageError::File { .. }));

    let executable = own();
    executable
        .fits(std::slice::from_ref(&executable.platform))
        .unwrap();
    let elsewhere = [
        Platform::new("linux", "s390x"),
        Platform::new("windows", "amd64"),
    ];
    let failure = crate::exit::Failure::from(executable.fits(&elsewhere).unwrap_err());
    assert!(
        failure
            .message
            .contains("the nodes are linux/s390x, windows/amd64"),
        "{failure}"
    );
    assert!(failure.remedies[0].contains("cargo build"));
}

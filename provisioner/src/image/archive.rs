//! An image as one tar file that every loader understands: an OCI layout (image-spec
//! "Image Layout"), with the `manifest.json` beside it that older Docker loads.

use super::layer::header;
use super::{Blob, Image, ImageError};
use oci_client::manifest::{
    ImageIndexEntry, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciImageIndex,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tar::{Builder, EntryType};

/// Writes the image under that reference; readers see the whole file or none.
///
/// # Errors
/// When the file cannot be written.
pub fn write_archive(image: &Image, reference: &str, path: &Path) -> Result<(), ImageError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let documents = documents(image, reference)?;
    let written = write(image, &documents, &new).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // The first error counts.
        let _ = std::fs::remove_file(&new);
    }
    written.map_err(ImageError::file(path))
}

fn documents(image: &Image, reference: &str) -> Result<[(&'static str, Vec<u8>); 3], ImageError> {
    let tag = reference.rsplit_once(':').map_or(reference, |(_, tag)| tag);
    let annotations = BTreeMap::from([
        // What containerd names it by; then what the standard does.
        ("io.containerd.image.name".to_owned(), reference.to_owned()),
        (
            "org.opencontainers.image.ref.name".to_owned(),
            tag.to_owned(),
        ),
    ]);
    let index = OciImageIndex {
        schema_version: 2,
        media_type: Some(OCI_IMAGE_INDEX_MEDIA_TYPE.to_owned()),
        manifests: vec![ImageIndexEntry {
            media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
            digest: image.manifest.digest.clone(),
            size: i64::try_from(image.manifest.bytes.len()).unwrap_or(i64::MAX),
            artifact_type: None,
            platform: None,
            annotations: Some(annotations),
        }],
        artifact_type: None,
        annotations: None,
    };
    let docker = json!([{
        "Config": path_of(&image.config),
        "RepoTags": [reference],
        "Layers": [path_of(&image.layer)],
    }]);
    Ok([
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json", super::json(&index)?),
        ("manifest.json", super::json(&docker)?),
    ])
}

fn path_of(blob: &Blob) -> String {
    format!("blobs/{}", blob.digest.replace(':', "/"))
}

fn write(image: &Image, documents: &[(&str, Vec<u8>)], path: &Path) -> io::Result<()> {
    let mut tar = Builder::new(BufWriter::new(File::create(path)?));
    for folder in ["blobs", "blobs/sha256"] {
        tar.append_data(
            &mut header(EntryType::Directory, 0o755, 0),
            folder,
            io::empty(),
        )?;
    }
    for blob in [&image.manifest, &image.config, &image.layer] {
        add(&mut tar, &path_of(blob), &blob.bytes)?;
    }
    for (name, bytes) in documents {
        add(&mut tar, name, bytes)?;
    }
    let mut file = tar.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()
}

fn add(tar: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = header(EntryType::Regular, 0o644, bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

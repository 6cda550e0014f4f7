//! The answers, kept beside the resource: they can be asked for after the master has
//! ended. One file a number, for its owner alone, as the operator keeps a Secret.

use crate::access::AccessError;
use crate::provider::local::files;
use crate::provider::local::layout::JobLayout;
use rsac_protocol::Solution;
use std::io;

/// The answer to a number, if it is known.
///
/// # Errors
/// When its file is there and cannot be read.
pub(super) fn stored(job: &JobLayout, number: &str) -> Result<Option<Solution>, AccessError> {
    let path = job.solution(number);
    let unreadable = |why: String| AccessError::Other(format!("{}: {why}", path.display()));
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    // A hash's first digits name the file; the number within decides.
    match serde_json::from_slice::<Solution>(&text) {
        Ok(solution) => Ok(Some(solution).filter(|s| s.number == number)),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Keeps an answer.
///
/// # Errors
/// When its file cannot be written.
pub(super) fn store(job: &JobLayout, solution: &Solution) -> io::Result<()> {
    let text = serde_json::to_vec(solution).map_err(io::Error::other)?;
    files::write_atomically(&job.solution(&solution.number), &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::local::layout::Layout;

    #[test]
    fn an_answer_is_found_by_its_number_alone() {
        let folder = tempfile::tempdir().unwrap();
        let job = Layout::new(folder.path()).job("j");
        files::make_private_folder(job.root()).unwrap();
        let solution = Solution {
            number: "15".into(),
            factors: vec!["3".into(), "5".into()],
            method: "classification".into(),
            weakness: None,
            seconds: 0.0,
            cpu_seconds: 0.0,
        };
        assert_eq!(stored(&job, "15").unwrap(), None);
        store(&job, &solution).unwrap();
        assert_eq!(stored(&job, "15").unwrap(), Some(solution));
        assert_eq!(stored(&job, "21").unwrap(), None);
        std::fs::write(job.solution("15"), "{").unwrap();
        assert!(
            stored(&job, "15").is_err(),
            "a damaged answer is said, not hidden"
        );
    }
}

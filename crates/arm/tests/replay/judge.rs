//! Whether what the client came to is what the recording shows.

use crate::drive::Driver;
use crate::oracle::{self, End};
use rsac_arm::{ArmError, Class};
use serde_json::Value;

impl Driver {
    pub(crate) fn judge_list(
        &mut self,
        index: usize,
        all: Result<Vec<Value>, ArmError>,
    ) -> Result<(), String> {
        let answers = oracle::answers(self.tape.exchanges(), index);
        let first = answers
            .iter()
            .filter_map(|at| self.tape.exchanges()[*at].json())
            .find_map(|body| body.get("value").and_then(Value::as_array).cloned());
        match (all, first) {
            (Ok(all), Some(first)) if all.starts_with(&first) => self.checked(),
            (Ok(all), _) => Err(format!(
                "a list of {} that is not the recorded one",
                all.len()
            )),
            (Err(error), _) => self.judge_error(&error, &answers),
        }
    }

    pub(crate) fn judge_read(
        &mut self,
        index: usize,
        read: Result<Option<Value>, ArmError>,
        head: bool,
    ) -> Result<(), String> {
        let all = self.tape.exchanges();
        let answers = oracle::answers(all, index);
        let agrees = |read: Option<&Value>| {
            answers.iter().any(|at| match read {
                Some(value) => {
                    let success = (200..300).contains(&all[*at].status);
                    success && (head || all[*at].json().as_ref() == Some(value))
                }
                None => matches!(all[*at].status, 404 | 410),
            })
        };
        match &read {
            Ok(read) if agrees(read.as_ref()) => self.checked(),
            Ok(Some(_)) => Err("another body than the recorded one".to_owned()),
            Ok(None) => Err("not found, but recorded otherwise".to_owned()),
            Err(error)
                if answers.len() == 1 && answers.iter().all(|at| oracle::is_absence(&all[*at])) =>
            {
                Err(format!("not there, but: {error}"))
            }
            Err(error) => self.judge_error(error, &answers),
        }
    }

    pub(crate) fn judge_error(
        &mut self,
        error: &ArmError,
        answers: &[usize],
    ) -> Result<(), String> {
        self.counts.errors += 1;
        readable(error)?;
        if oracle::error_agrees(error, self.tape.exchanges(), answers) {
            return self.checked();
        }
        Err(format!("an error that is not the recorded one: {error}"))
    }

    pub(crate) fn checked(&mut self) -> Result<(), String> {
        self.counts.checked += 1;
        Ok(())
    }

    pub(crate) fn judge_end(
        &mut self,
        end: &Result<Option<Value>, ArmError>,
        answer: usize,
    ) -> Result<(), String> {
        let all = self.tape.exchanges();
        let replaces = matches!(all[answer].method.as_str(), "PUT" | "PATCH");
        match (oracle::operation_end(all, answer), end) {
            // An end that is seen before the service told it is a guess.
            (End::Succeeded(poll), Ok(_)) if !self.tape.is_used(poll) => {
                Err(format!("it ended before its last poll, request {poll}"))
            }
            (End::Succeeded(_), Ok(Some(result))) if replaces => {
                match oracle::result_agrees(result, all, answer) {
                    Some(true) => self.checked(),
                    Some(false) => Err("another resource than the recorded one".to_owned()),
                    None => {
                        self.counts.open += 1;
                        Ok(())
                    }
                }
            }
            (End::Succeeded(_), Ok(None)) if replaces && oracle::is_shown(all, answer) => {
                Err("no resource, but one is recorded".to_owned())
            }
            (End::Succeeded(_), Ok(_)) => self.checked(),
            (End::Failed(code), Err(error)) => {
                self.counts.errors += 1;
                readable(error)?;
                match code {
                    Some(code) if code != error.code() => {
                        Err(format!("it failed with {code}, but: {error}"))
                    }
                    _ => self.checked(),
                }
            }
            (End::Failed(code), Ok(_)) if all[answer].method != "DELETE" => {
                Err(format!("it failed with {code:?}, but success was seen"))
            }
            (End::Succeeded(_), Err(error)) => {
                // The resource may have been read in another state since.
                readable(error)?;
                let state = matches!(
                    error.class(),
                    Class::Failed | Class::Canceled | Class::Unfinished | Class::NotFound
                );
                if replaces && state {
                    self.counts.open += 1;
                    return Ok(());
                }
                Err(format!("it succeeded, but: {error}"))
            }
            (_, Err(error)) => {
                self.counts.open += 1;
                readable(error)
            }
            (_, Ok(_)) => {
                self.counts.open += 1;
                Ok(())
            }
        }
    }
}

/// An error has a class, something to say, and shows no signature.
pub(crate) fn readable(error: &ArmError) -> Result<(), String> {
    let text = error.to_string();
    if text.len() < 10 || text.contains("&c=") || text.contains("sig=") || text.contains("&s=") {
        return Err(format!("an error that is not fit to be shown: {text}"));
    }
    Ok(())
}

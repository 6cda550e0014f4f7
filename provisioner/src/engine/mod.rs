//! `up` and `down` of a stack's steps: observe, plan, journal, perform or undo. Nothing
//! here knows any provider; every step can be repeated, so going on after a crash is
//! beginning again with what is missing.

mod going;
mod order;

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::journal::{Entry, Journal};
use crate::output::{Event, Output, PlannedStep, StepState, gerund, seconds};
use crate::provider::{Provider, ProviderError, Step, Undone};
use crate::stack::Stack;
use going::Going;
use std::fmt::Write;
use std::future::Future;
use std::time::Instant;

/// What the engine works on. Whoever makes one holds the stack's lock.
pub struct Engine<'a> {
    /// Where it says what it does.
    pub out: &'a Output,
    /// The stack.
    pub stack: &'a Stack,
    /// Its place.
    pub provider: &'a dyn Provider,
    /// Ctrl-C.
    pub interrupts: &'a Interrupts,
    /// What was begun and done before, and will be now.
    pub journal: Journal,
}

/// How a run over steps ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All steps are performed, or undone.
    Complete,
    /// Ctrl-C. The step that went on is begun and not done.
    Interrupted,
}

impl<'a> Engine<'a> {
    /// An engine on a stack, with its journal.
    ///
    /// # Errors
    /// When the journal cannot be read. One that is damaged is used as far as it is good.
    pub fn new(
        out: &'a Output,
        stack: &'a Stack,
        provider: &'a dyn Provider,
        interrupts: &'a Interrupts,
    ) -> Result<Self, Failure> {
        let journal = stack.journal().map_err(crate::stack::StackError::from)?;
        if !journal.damaged.is_empty() {
            let lines: Vec<String> = journal.damaged.iter().map(usize::to_string).collect();
            out.warn(format_args!(
                "the journal of stack {} is damaged in line {}; the rest is used",
                stack.name(),
                lines.join(", ")
            ));
        }
        Ok(Self {
            out,
            stack,
            provider,
            interrupts,
            journal,
        })
    }

    /// Shows what `up` is going to do; `job` are lines for what comes after the steps.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn show_plan(&self, steps: &[Step], job: &[String]) -> Result<(), Failure> {
        let (stack, provider) = (self.stack.name(), &self.stack.record.provider);
        self.out.tell(&Event::Plan {
            stack,
            provider,
            steps: steps.iter().map(PlannedStep::from).collect(),
        })?;
        self.out
            .busy("Plan", format_args!("stack {stack}, provider {provider}"));
        for step in steps {
            let (sign, done) = if step.done {
                ('=', " (is there)")
            } else {
                ('+', "")
            };
            self.out
                .note(format_args!("{sign:>12} {}{done}", step.title));
        }
        for line in job {
            self.out.note(format_args!("{:>12} {line}", '+'));
        }
        Ok(())
    }

    /// Performs the steps that are not done.
    ///
    /// # Errors
    /// When one fails, or cannot be journaled. What was done stays, for another `up`.
    pub async fn perform(&mut self, steps: &[Step]) -> Result<Ended, Failure> {
        let missing: Vec<&Step> = steps.iter().filter(|step| !step.done).collect();
        if missing.is_empty() && self.journal.is_complete() {
            return Ok(Ended::Complete);
        }
        self.record(Entry::Up)?;
        for step in missing {
            self.record(Entry::Begin {
                step: step.id.clone(),
                title: step.title.clone(),
            })?;
            self.tell(step, StepState::Started, None)?;
            let begun = Instant::now();
            let going = Going::begin(self.out, &step.title);
            let say = |message: &str| going.say(message);
            let work = going.with(self.provider.perform(&step.id, &say));
            let performed = self.guarded(work).await;
            match performed {
                None => return Ok(Ended::Interrupted),
                Some(Ok(())) => {
                    self.record(Entry::Done {
                        step: step.id.clone(),
                    })?;
                    let took = begun.elapsed().as_secs_f64();
                    self.tell(step, StepState::Done, Some(took))?;
                    let (verb, rest) = gerund(&step.title);
                    self.out
                        .step(&verb, format_args!("{rest} ({})", seconds(took)));
                }
                Some(Err(error)) => {
                    self.record(Entry::Failed {
                        step: step.id.clone(),
                        why: error.to_string(),
                    })?;
                    self.tell(step, StepState::Failed, Some(begun.elapsed().as_secs_f64()))?;
                    return Err(self.not_performed(step, error));
                }
            }
        }
        self.record(Entry::UpDone)?;
        Ok(Ended::Complete)
    }

    /// Undoes, in reverse, every step that is there or was ever begun, and looks whether
    /// anything is left.
    ///
    /// # Errors
    /// When a step cannot be undone or journaled, or something is left.
    pub async fn undo(&mut self) -> Result<Ended, Failure> {
        let Some(observed) = self.guarded(self.provider.observe()).await else {
            return Ok(Ended::Interrupted);
        };
        let steps = order::to_undo(&observed?, &self.journal);
        self.record(Entry::Down)?;
        for step in &steps {
            self.record(Entry::Undo {
                step: step.id.clone(),
            })?;
            self.tell(step, StepState::Undoing, None)?;
            let begun = Instant::now();
            let going = Going::begin(self.out, &format!("undo {:?}", step.title));
            let say = |message: &str| going.say(message);
            let work = going.with(self.provider.undo(&step.id, &say));
            let undone = self.guarded(work).await;
            match undone {
                None => return Ok(Ended::Interrupted),
                Some(Ok(undone)) => {
                    // What goes on is looked at again by the `down` that confirms its end.
                    if undone != Undone::Going {
                        self.record(Entry::Undone {
                            step: step.id.clone(),
                        })?;
                    }
                    let took = begun.elapsed().as_secs_f64();
                    if undone != Undone::Gone {
                        self.tell(step, StepState::Left, Some(took))?;
                        continue;
                    }
                    self.tell(step, StepState::Undone, Some(took))?;
                    self.out
                        .step("Undone", format_args!("{} ({})", step.title, seconds(took)));
                }
                Some(Err(error)) => {
                    let mut failure = Failure::from(error);
                    failure.message = format!("undo {:?}: {}", step.title, failure.message);
                    let name = self.stack.name();
                    return Err(failure.remedy(format!(
                        "`rsac-infra down --stack {name}` goes on from here"
                    )));
                }
            }
        }
        let Some(leftovers) = self.guarded(self.provider.leftovers()).await else {
            return Ok(Ended::Interrupted);
        };
        let leftovers = leftovers?;
        if leftovers.is_empty() {
            return Ok(Ended::Complete);
        }
        Err(Failure::new(
            Exit::Provider,
            format!(
                "stack {}: after everything was undone, this is left:\n  {}",
                self.stack.name(),
                leftovers.join("\n  ")
            ),
        )
        .remedy(format!("`rsac-infra down --stack {}`", self.stack.name())))
    }

    /// The step's future, or none when an interrupt came first. Dropping a step in its
    /// middle is what a crash would do, and resuming and undoing cope with that.
    async fn guarded<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let done = tokio::select! {
            done = work => Some(done),
            () = self.interrupts.wait() => None,
        };
        self.out.still();
        done
    }

    fn tell(&self, step: &Step, state: StepState, seconds: Option<f64>) -> Result<(), Failure> {
        self.out.tell(&Event::Step {
            stack: self.stack.name(),
            id: &step.id,
            title: &step.title,
            state,
            seconds,
        })
    }

    fn record(&mut self, entry: Entry) -> Result<(), Failure> {
        let appended = self.journal.append(entry);
        Ok(appended.map_err(crate::stack::StackError::from)?)
    }

    fn not_performed(&self, step: &Step, error: ProviderError) -> Failure {
        let mut failure = Failure::from(error);
        failure.message = format!("{}: {}", step.title, failure.message);
        let name = self.stack.name();
        let done = self.journal.done();
        if !done.is_empty() {
            let _ = write!(failure.message, "\n  done so far: {}", done.join("; "));
        }
        failure
            .remedy(format!(
                "then `rsac-infra up --stack {name}` goes on from here"
            ))
            .remedy(format!(
                "`rsac-infra down --stack {name}` takes back what was done"
            ))
    }
}

//! Names of stacks: fit for a folder, and for the names made from them elsewhere.

use super::StackError;

/// The longest name: sockets and cloud resources are named after it.
const MAX: usize = 40;

/// Answers the name back when it is one.
///
/// # Errors
/// When it is none, with the reason.
pub fn check(name: &str) -> Result<&str, StackError> {
    let error = |why| {
        Err(StackError::Name {
            name: name.chars().take(80).collect(),
            why,
        })
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.is_empty() || name.len() > MAX {
        return error("a stack's name has 1 to 40 characters");
    }
    if !name.chars().all(|c| plain(c) || c == '-') {
        return error("a stack's name is made of a to z, 0 to 9 and -");
    }
    if !name.starts_with(plain) || !name.ends_with(plain) {
        return error("a stack's name begins and ends with a letter or digit");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_cannot_reach_the_file_system() {
        for good in ["a", "local", "my-stack-2", "0"] {
            assert_eq!(check(good).unwrap(), good);
        }
        let long = "a".repeat(41);
        for bad in ["", "..", "a/b", "A", "-a", "a-", "a b", "é", "a\0", &long] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}

//! Numbers as users write them: on the command line, in `spec.numberToFactor`.
//!
//! Decimal digits, or `0x` and hexadecimal ones; nothing else, so that what was meant
//! is never guessed. 0 and 1 are numbers: that they have no prime factorisation is for
//! the classification to say.

use crate::FieldError;
use num_bigint::BigUint;

/// The largest number accepted, in bits.
pub const MAX_BITS: u64 = 4096;

/// Why a text is no number to factor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A blank or a line break within.
    #[error("holds white space")]
    Space,
    /// `+` or `-`.
    #[error("has a sign")]
    Sign,
    /// `_`, `,`, `'`, or a full stop for every three digits.
    #[error("holds {0:?} between digits")]
    Separator(char),
    /// `007`.
    #[error("begins with a zero")]
    LeadingZero,
    /// `1e10`.
    #[error("is written with an exponent")]
    Exponent,
    /// `1.5`.
    #[error("has a fraction")]
    Fraction,
    /// `0x` alone.
    #[error("has no digit after 0x")]
    NoHexDigits,
    /// `ff`, or `0o17`, or a word.
    #[error("holds {0:?}, which is no digit")]
    NotDigits(char),
    /// More than [`MAX_BITS`].
    #[error("has {}{bits} bits, over 4096", if *.exact { "" } else { "about " })]
    TooLarge {
        /// How many.
        bits: u64,
        /// Whether that was counted rather than estimated from the number of digits.
        exact: bool,
    },
}

impl NumberError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "give a number in decimal, or in hexadecimal with 0x",
            Self::Space | Self::Separator(_) => "write its digits without anything between them",
            Self::Sign => "write a positive integer without a sign",
            Self::LeadingZero => "leave the leading zeros away (octal numbers are not taken)",
            Self::Exponent => "write all its digits",
            Self::Fraction => "write an integer",
            Self::NoHexDigits => "write the digits after 0x",
            Self::NotDigits(_) => "write decimal digits, or 0x and hexadecimal ones",
            Self::TooLarge { .. } => "give a number of at most 4096 bits",
        }
    }

    /// As a complaint about a field.
    pub fn at(&self, field: &str, text: &str) -> FieldError {
        FieldError::new(field, text, self.to_string(), self.remedy())
    }
}

/// Reads a number.
///
/// # Errors
/// When it is none, or has more than [`MAX_BITS`]. Quick also for a text of megabytes.
pub fn parse(text: &str) -> Result<BigUint, NumberError> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    if let Some(wrong) = digits.chars().find(|c| !c.is_digit(radix)) {
        return Err(describe(text, wrong));
    }
    if digits.is_empty() {
        return Err(NumberError::NoHexDigits);
    }
    // In hexadecimal, zeros fill up to a length and mislead nobody.
    let significant = digits.trim_start_matches('0');
    if radix == 10 && significant.len() < digits.len() && digits.len() > 1 {
        return Err(NumberError::LeadingZero);
    }
    let bits_a_digit = f64::from(radix).log2();
    let estimate = significant.len() as f64 * bits_a_digit;
    if estimate > 4.0 * MAX_BITS as f64 {
        // Reading it costs time in the square of its length, to say the same.
        let bits = estimate as u64;
        return Err(NumberError::TooLarge { bits, exact: false });
    }
    let number = BigUint::parse_bytes(digits.as_bytes(), radix).ok_or(NumberError::Empty)?;
    match number.bits() {
        bits if bits > MAX_BITS => Err(NumberError::TooLarge { bits, exact: true }),
        _ => Ok(number),
    }
}

/// Finds the word for a text in which `wrong` is the first character that is no digit.
fn describe(text: &str, wrong: char) -> NumberError {
    let between_digits = |separator: char| {
        text.split(separator)
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let exponent = || {
        let (mantissa, power) = text.split_once(['e', 'E'])?;
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (plain(mantissa) && plain(power)).then_some(())
    };
    if text.starts_with(['+', '-', '−']) {
        NumberError::Sign
    } else if wrong.is_whitespace() {
        NumberError::Space
    } else if exponent().is_some() {
        NumberError::Exponent
    } else if wrong == '.' && text.matches('.').count() == 1 {
        NumberError::Fraction
    } else if ['_', ',', '\'', '’', '.'].contains(&wrong) && between_digits(wrong) {
        NumberError::Separator(wrong)
    } else {
        NumberError::NotDigits(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_users_write_them() {
        for (text, number) in [
            ("0", 0_u64),
            ("1", 1),
            ("804556097", 804_556_097),
            ("0x2ff47941", 0x2ff4_7941),
            ("0XFF", 255),
            ("0x00ff", 255),
            ("0x0", 0),
        ] {
            assert_eq!(parse(text), Ok(BigUint::from(number)), "{text}");
        }
    }

    #[test]
    fn every_wrong_way_has_its_own_word() {
        use NumberError as E;
        for (text, error) in [
            ("", E::Empty),
            (" 15", E::Space),
            ("15\n", E::Space),
            ("804 556 097", E::Space),
            ("-15", E::Sign),
            ("+15", E::Sign),
            ("−15", E::Sign),
            ("-0x1f", E::Sign),
            ("804_556_097", E::Separator('_')),
            ("804,556,097", E::Separator(',')),
            ("804.556.097", E::Separator('.')),
            ("007", E::LeadingZero),
            ("00", E::LeadingZero),
            ("1e10", E::Exponent),
            ("1.5E+10", E::Exponent),
            ("15.0", E::Fraction),
            ("0x", E::NoHexDigits),
            ("0xfg", E::NotDigits('g')),
            ("0o17", E::NotDigits('o')),
            ("2ff47941", E::NotDigits('f')),
            ("fifteen", E::NotDigits('f')),
            ("१५", E::NotDigits('१')),
            ("15_", E::NotDigits('_')),
            (".inf", E::Fraction),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_limit_is_4096_bits_sharp() {
        let limit = BigUint::from(1_u8) << MAX_BITS;
        let largest = &limit - 1_u8;
        assert_eq!(parse(&largest.to_string()), Ok(largest.clone()));
        assert_eq!(parse(&format!("0x{largest:x}")), Ok(largest.clone()));
        assert_eq!(largest.to_string().len(), 1234, "as the schema bounds it");
        let error = NumberError::TooLarge {
            bits: 4097,
            exact: true,
        };
        assert_eq!(parse(&limit.to_string()), Err(error.clone()));
        assert_eq!(error.to_string(), "has 4097 bits, over 4096");
    }

    #[test]
    fn a_million_digits_are_refused_with_a_short_message() {
        let text = "7".repeat(1_000_000);
        let error = parse(&text).unwrap_err();
        assert_eq!(
            error,
            NumberError::TooLarge {
                bits: 3_321_928,
                exact: false
            }
        );
        assert!(error.at("numberToFactor", &text).to_string().len() < 250);
    }
}

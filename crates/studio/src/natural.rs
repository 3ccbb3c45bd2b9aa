//! The order in which people expect names: numbers by value, letters whatever their case ("img2" before "IMG10").

use std::cmp::Ordering;

/// Compares two file names. Names that differ only in case or in leading zeros keep a fixed order.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (Some(first), Some(second)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| one.cmp(other));
        };
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (number, rest) = split_number(left);
            let (other_number, other_rest) = split_number(right);
            (left, right) = (rest, other_rest);
            // Of two numbers without leading zeros the longer is the larger.
            number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number))
        } else {
            left = &left[first.len_utf8()..];
            right = &right[second.len_utf8()..];
            first.to_lowercase().cmp(second.to_lowercase())
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The leading number without its leading zeros, and what follows it.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_case_does_not() {
        let mut names = vec![
            "img10.jpg",
            "IMG2.jpg",
            "img1.jpg",
            "B.jpg",
            "a.jpg",
            "img002b.jpg",
            "été.jpg",
            "img99999999999999999999.jpg",
        ];
        names.sort_by(|one, other| compare(one, other));
        let wanted = [
            "a.jpg",
            "B.jpg",
            "img1.jpg",
            "IMG2.jpg",
            "img002b.jpg",
            "img10.jpg",
            "img99999999999999999999.jpg",
            "été.jpg",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn only_equal_names_are_equal() {
        assert_eq!(compare("a01", "a1"), compare("a1", "a01").reverse());
        assert_ne!(compare("a01", "a1"), Ordering::Equal);
        assert_eq!(compare("x", "x"), Ordering::Equal);
    }
}

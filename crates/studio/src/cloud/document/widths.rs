//! Widths of Helvetica's letters, in thousandths of the size: the standard font of PDF, which is in every reader and in no file.

use super::letters::encode;

/// From the space to the tilde.
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// The width of a text at a size, in points; a little more than it is for what is not plain English.
pub(super) fn width(text: &[u8], size: f32) -> f32 {
    let thousandths: u32 = text
        .iter()
        .map(|byte| {
            u32::from(usize::from(*byte).checked_sub(32).and_then(|index| REGULAR.get(index)).copied().unwrap_or(600))
        })
        .sum();
    thousandths as f32 * size / 1000.0
}

/// Breaks a text into lines of a width.
pub(super) fn lines(text: &str, size: f32, most: f32) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for word in encode(text).split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        for part in word.chunks(60) {
            let longer = [line.as_slice(), if line.is_empty() { b"" } else { b" " }, part].concat();
            if width(&longer, size) > most && !line.is_empty() {
                lines.push(std::mem::replace(&mut line, part.to_vec()));
            } else {
                line = longer;
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = "The only red in the photo touches the frame here \u{2014} and pulls the eye out.";
        let broken = lines(text, 10.0, 120.0);
        assert!(broken.len() > 2 && broken.iter().all(|line| width(line, 10.0) <= 120.0));
        assert_eq!(broken.join(&b' '), encode(text));
    }
}

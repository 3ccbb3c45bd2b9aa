//! From interleaved samples with transparency among them to colour and transparency apart, without a second picture in memory.

/// Takes every last sample of a pixel out into a plane of its own. `values` keeps `channels` of `channels + 1` samples a pixel.
pub(super) fn take_alpha_out<T: Copy>(values: &mut Vec<T>, channels: usize) -> Vec<T> {
    let stride = channels + 1;
    let pixels = values.len() / stride;
    let mut alpha = Vec::with_capacity(pixels);
    for pixel in 0..pixels {
        let from = pixel * stride;
        alpha.push(values[from + channels]);
        values.copy_within(from..from + channels, pixel * channels);
    }
    values.truncate(pixels * channels);
    values.shrink_to_fit();
    alpha
}

/// Keeps the first `keep` of `stride` samples a pixel.
pub(super) fn keep_first<T: Copy>(values: &mut Vec<T>, stride: usize, keep: usize) {
    let pixels = values.len() / stride;
    for pixel in 0..pixels {
        values.copy_within(pixel * stride..pixel * stride + keep, pixel * keep);
    }
    values.truncate(pixels * keep);
    values.shrink_to_fit();
}

//! Photos that no one has taken: slow light, edges, fine texture and a little noise, of any size and kind, the same everywhere.

use pretty_photo::picture::{Channels, Depth, Picture, Samples};

use crate::random::Random;

/// A scene without transparency.
#[must_use]
pub fn picture(width: u32, height: u32, channels: Channels, depth: Depth, seed: u64) -> Picture {
    let values = colour(width, height, channels.count(), seed);
    Picture { width, height, channels, colour: samples(&values, depth), alpha: None }
}

/// A scene that is transparent in places.
#[must_use]
pub fn with_alpha(width: u32, height: u32, channels: Channels, depth: Depth, seed: u64) -> Picture {
    let alpha = samples(&colour(width, height, 1, seed ^ 0xA1FA), depth);
    Picture { alpha: Some(alpha), ..picture(width, height, channels, depth, seed) }
}

/// The same picture with Gaussian noise of this deviation (0 to 1).
#[must_use]
pub fn noisy(picture: &Picture, sigma: f32, seed: u64) -> Picture {
    let mut random = Random::new(seed);
    let depth = picture.colour.depth();
    let values: Vec<f32> = match &picture.colour {
        Samples::Eight(samples) => {
            samples.iter().map(|&sample| f32::from(sample) / 255.0 + sigma * random.normal()).collect()
        }
        Samples::Sixteen(samples) => {
            samples.iter().map(|&sample| f32::from(sample) / 65535.0 + sigma * random.normal()).collect()
        }
    };
    Picture { colour: samples(&values, depth), ..picture.clone() }
}

/// Values of 0 to 1 as samples; what is outside is cut.
#[must_use]
pub fn samples(values: &[f32], depth: Depth) -> Samples {
    match depth {
        Depth::Eight => Samples::Eight(values.iter().map(|value| (value * 255.0 + 0.5) as u8).collect()),
        Depth::Sixteen => Samples::Sixteen(values.iter().map(|value| (value * 65535.0 + 0.5) as u16).collect()),
    }
}

fn colour(width: u32, height: u32, channels: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let phases: Vec<f32> = (0..8).map(|_| random.unit() * std::f32::consts::TAU).collect();
    let mut values = Vec::with_capacity(width as usize * height as usize * channels);
    for y in 0..height {
        for x in 0..width {
            let (across, down) = (x as f32, y as f32);
            let light = 0.45 + 0.2 * (across / 97.0 + phases[0]).sin() + 0.15 * (down / 61.0 + phases[1]).cos();
            let edge =
                if ((across / 37.0 + phases[2]).sin() + (down / 29.0 + phases[3]).sin()) > 0.3 { 0.15 } else { -0.05 };
            let texture = 0.05 * (across * 0.9 + down * 0.4 + phases[4]).sin() * (down / 83.0 + phases[5]).sin();
            for channel in 0..channels {
                let tint = 0.06 * ((across + down) / 71.0 + phases[6] + channel as f32 * 2.1).sin();
                values.push(light + edge + texture + tint + 0.01 * random.normal());
            }
        }
    }
    values
}

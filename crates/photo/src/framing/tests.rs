use super::*;
use crate::picture::Channels;
use proptest::prelude::*;

fn rgb(width: u32, height: u32, value: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
    let colour = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| value(x, y)).collect();
    Picture { width, height, channels: Channels::Rgb, colour: Samples::Eight(colour), alpha: None }
}

fn eight(samples: &Samples) -> &[u8] {
    let Samples::Eight(values) = samples else { panic!("8 bits were asked for") };
    values
}

#[test]
fn sizes_are_those_that_the_window_works_out_too() {
    #[derive(serde::Deserialize)]
    struct Vector {
        photo: (u32, u32),
        turn: i32,
        edges: [u32; 4],
        framed: (u32, u32),
    }
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("framing_vectors.json")).unwrap();
    assert!(vectors.len() >= 40);
    for Vector { photo, turn, edges: [left, top, right, bottom], framed } in vectors {
        let framing = Framing::new(turn, (left, top), (right, bottom)).unwrap();
        assert_eq!(framing.size(photo.0, photo.1), framed, "{photo:?} {framing:?}");
    }
}

#[test]
fn what_cannot_be_framed_is_refused() {
    let whole = ((0.0, 0.0), (1.0, 1.0));
    assert_eq!(Framing::of(0.0, whole.0, whole.1), Some(Framing::NONE));
    assert_eq!(
        Framing::of(0.004, (0.000_04, 0.0), (0.999_99, 1.0)),
        Some(Framing::NONE),
        "less than can be told apart"
    );
    assert_eq!(Framing::of(-1.25, (0.1, 0.2), (0.5, 0.8)), Framing::new(-125, (1000, 2000), (6000, 10_000)));
    for (degrees, first, size) in [
        (f32::NAN, whole.0, whole.1),
        (45.1, whole.0, whole.1),
        (f32::INFINITY, whole.0, whole.1),
        (0.0, (-0.1, 0.0), (1.0, 1.0)),
        (0.0, (0.0, 0.6), (1.0, 0.5)),
        (0.0, (0.0, f32::NAN), (1.0, 1.0)),
        (0.0, (0.5, 0.0), (0.0, 1.0)),
        (0.0, (0.5, 0.0), (-0.2, 1.0)),
    ] {
        assert_eq!(Framing::of(degrees, first, size), None, "{degrees} {first:?} {size:?}");
    }
}

#[test]
fn a_cut_keeps_the_photos_own_pixels() {
    let picture = rgb(10, 8, |x, y| [x as u8, y as u8, 7]);
    let framed = Framing::new(0, (2000, 5000), (7000, 10_000)).unwrap().picture(&picture);
    assert_eq!((framed.width, framed.height), (5, 4));
    assert_eq!(framed, picture.part((2, 4), (5, 4)));
    assert_eq!(Framing::NONE.picture(&picture), picture);
}

#[test]
fn a_turn_is_clockwise_about_the_middle() {
    let picture = rgb(201, 201, |x, y| if x.abs_diff(140) <= 2 && y.abs_diff(100) <= 2 { [255; 3] } else { [0; 3] });
    let turned = Framing::new(3000, (0, 0), (WHOLE, WHOLE)).unwrap().picture(&picture);
    let brightest = eight(&turned.colour).chunks(3).enumerate().max_by_key(|(_, pixel)| u32::from(pixel[0])).unwrap().0;
    let (x, y) = (brightest as u32 % turned.width, brightest as u32 / turned.width);
    // 40 to the right of the middle becomes 34.6 to the right and 20 down.
    let middle = f64::from(turned.width) / 2.0;
    assert!((f64::from(x) + 0.5 - middle - 34.6).abs() < 3.0, "{x} of {middle}");
    assert!((f64::from(y) + 0.5 - middle - 20.0).abs() < 3.0, "{y} of {middle}");
}

#[test]
fn colour_counts_by_its_opacity() {
    // Right of the middle nothing is to be seen, though red is written there.
    let mut picture = rgb(40, 40, |x, _| if x < 20 { [0, 0, 255] } else { [255, 0, 0] });
    picture.alpha = Some(Samples::Eight((0..1600).map(|at| if at % 40 < 20 { 255 } else { 0 }).collect()));
    let turned = Framing::new(700, (0, 0), (WHOLE, WHOLE)).unwrap().picture(&picture);
    let alpha = eight(turned.alpha.as_ref().unwrap());
    assert!(alpha.iter().any(|value| (50..200).contains(value)), "an edge that is turned is soft");
    for (pixel, opacity) in eight(&turned.colour).chunks(3).zip(alpha) {
        assert!(*opacity < 16 || pixel[0] < 24, "{pixel:?} at {opacity}");
    }
}

#[test]
fn a_part_is_carried_from_one_turn_to_another() {
    let size = (3000, 2000);
    let whole = [0.0, 0.0, 1.0, 1.0];
    assert_eq!(Framing::carried(whole, (0.0, 7.0), size), whole, "all of it stays all of it");
    let part = [0.3, 0.4, 0.25, 0.2];
    assert_eq!(Framing::carried(part, (2.0, 2.0), size), part);
    // What a part shows is in the part of the turned photo, in its middle: a bright spot stays where it was within it.
    let spot = (0.425, 0.5);
    let picture = rgb(600, 400, |x, y| {
        let near = x.abs_diff((spot.0 * 600.0) as u32) <= 2 && y.abs_diff((spot.1 * 400.0) as u32) <= 2;
        if near { [255; 3] } else { [0; 3] }
    });
    let around = [spot.0 - 0.15, spot.1 - 0.1, 0.3, 0.2];
    for degrees in [-20.0, -3.0, 3.0, 12.5] {
        let [x, y, width, height] = Framing::carried(around, (0.0, degrees), (600, 400));
        let framed = Framing::of(degrees, (x, y), (width, height)).unwrap().picture(&picture);
        assert!(framed.width.abs_diff(180) <= 2 && framed.height.abs_diff(80) <= 2, "of the same size: {framed:?}");
        let brightest =
            eight(&framed.colour).chunks(3).enumerate().max_by_key(|(_, pixel)| u32::from(pixel[0])).unwrap().0;
        let (x, y) = (brightest as u32 % framed.width, brightest as u32 / framed.width);
        assert!(x.abs_diff(90) <= 4 && y.abs_diff(40) <= 4, "{x} {y} at {degrees} degrees");
    }
    // Near a corner there is less of the turned photo: it ends at its edge.
    let [x, y, width, height] = Framing::carried([0.0, 0.0, 0.5, 0.5], (0.0, 10.0), size);
    assert!(x >= 0.0 && y >= 0.0 && x + width <= 1.0 && y + height <= 1.0);
}

#[test]
fn a_halved_one_is_as_large_as_the_framed_one_halved_and_looks_like_it() {
    let wave = |at: u32, period: f64| (127.0 + 120.0 * (f64::from(at) * std::f64::consts::TAU / period).sin()) as u8;
    for (width, height) in [(401, 263), (128, 333), (7, 5)] {
        let picture = rgb(width, height, |x, y| [wave(x, 90.0), wave(y, 70.0), 128]);
        let framing = Framing::new(550, (1200, 300), (9100, 8800)).unwrap();
        let (mut reduced, mut expected) = (picture.clone(), framing.picture(&picture));
        for times in 1..=3 {
            (reduced, expected) = (crate::resize::halve(&reduced), crate::resize::halve(&expected));
            let made = framing.halved(&reduced, (width, height), times);
            assert_eq!((made.width, made.height), (expected.width, expected.height), "{width} by {height}, {times}");
            if width > 100 {
                let pairs = eight(&made.colour).iter().zip(eight(&expected.colour));
                let sum: u32 = pairs.map(|(made, expected)| u32::from(made.abs_diff(*expected))).sum();
                let mean = f64::from(sum) / eight(&made.colour).len() as f64;
                assert!(mean < 2.5, "{mean} after {times} halvings");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_turned_plane_is_the_plane_and_has_no_empty_corner(
        (width, height) in (1u32..90, 1u32..90),
        turn in -Framing::MOST_TURN..=Framing::MOST_TURN,
        (left, top) in (0u32..9000, 0u32..9000),
        (right, bottom) in (9001u32..=WHOLE, 9001u32..=WHOLE),
    ) {
        // Cubic interpolation gives back every plane exactly, but at the edges, where its taps are clamped.
        let plane = |x: f64, y: f64| 20.0 + 1.2 * x + 0.9 * y;
        let mut picture = rgb(width, height, |x, y| [plane(f64::from(x), f64::from(y)).round() as u8; 3]);
        picture.alpha = Some(Samples::Eight(vec![255; (width * height) as usize]));
        let framing = Framing::new(turn, (left, top), (right, bottom)).unwrap();
        let framed = framing.picture(&picture);
        prop_assert_eq!((framed.width, framed.height), framing.size(width, height));
        prop_assert!(eight(framed.alpha.as_ref().unwrap()).iter().all(|value| *value >= 254));
        let (sin, cos) = framing.angle().sin_cos();
        let Part { turned, first, .. } = framing.part(width, height);
        for (at, pixel) in eight(&framed.colour).chunks(3).enumerate() {
            let x = f64::from(first.0) + (at as u32 % framed.width) as f64 + 0.5 - f64::from(turned.0) / 2.0;
            let y = f64::from(first.1) + (at as u32 / framed.width) as f64 + 0.5 - f64::from(turned.1) / 2.0;
            let from = (cos * x + sin * y + f64::from(width) / 2.0, cos * y - sin * x + f64::from(height) / 2.0);
            prop_assert!((-1e-6..=f64::from(width) + 1e-6).contains(&from.0) && (-1e-6..=f64::from(height) + 1e-6).contains(&from.1));
            let inside = |at: f64, side: u32| at >= 2.0 && at <= f64::from(side) - 2.0;
            if inside(from.0, width) && inside(from.1, height) {
                let expected = plane(from.0 - 0.5, from.1 - 0.5);
                prop_assert!((f64::from(pixel[0]) - expected).abs() < 1.3, "{} instead of {}", pixel[0], expected);
            }
        }
    }
}

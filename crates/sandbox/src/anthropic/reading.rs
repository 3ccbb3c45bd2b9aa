//! Turns measurements into the reading of a photo, as a tree with fixed names that `fill` fits into the caller's schema.
//!
//! The names of the tree: `overall` (`text`, `score` 0..1, `confidence`), `findings`, `strengths`, `weaknesses`, `suggestions`,
//! `comparison`, `notice`. A finding: `dimension`, `kind`, `title`, `text`, `region`, `severity` 0..1, `confidence` 0..1.
//! A suggestion: `kind` (`straighten`, `crop`, `light`, `denoise`, `sharpen`, `colour`), `title`, `text`, `amount` 0..1,
//! `degrees`, `region`.

use serde_json::{Value, json};

use super::measure::{Measurements, Region};

/// Begins every summary, so that nobody takes it for a model's opinion.
pub(crate) const NOTICE: &str = "Sandbox reading, computed from measurements of the photo; no model looked at it.";

struct Finding {
    dimension: &'static str,
    strength: bool,
    title: &'static str,
    text: String,
    region: Region,
    severity: f64,
    confidence: f64,
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn region(region: Region) -> Value {
    json!({
        "x": region.x, "y": region.y, "width": region.width, "height": region.height,
        "right": region.x + region.width, "bottom": region.y + region.height,
    })
}

/// The reading of one photo.
pub(crate) fn reading(photo: &Measurements) -> Value {
    let findings = [
        light(photo),
        exposure(photo),
        colour(photo),
        focus(photo),
        technique(photo),
        composition(photo),
        level(photo),
        subject(photo),
    ];
    let findings: Vec<Finding> = findings.into_iter().flatten().collect();
    let score = score(&findings);
    let value = |finding: &Finding| {
        json!({
            "dimension": finding.dimension, "kind": if finding.strength { "strength" } else { "weakness" },
            "title": finding.title, "text": finding.text, "region": region(finding.region),
            "severity": finding.severity, "confidence": finding.confidence, "score": 1.0 - finding.severity,
        })
    };
    let all: Vec<Value> = findings.iter().map(value).collect();
    let of = |strength: bool| {
        all.iter().filter(|finding| (finding["kind"] == "strength") == strength).cloned().collect::<Vec<_>>()
    };
    let worst = findings.iter().filter(|finding| !finding.strength).max_by(|a, b| a.severity.total_cmp(&b.severity));
    let summary = worst
        .map_or_else(|| "Nothing measurable is wrong.".to_owned(), |worst| format!("{}: {}", worst.title, worst.text));
    let overall =
        json!({ "text": format!("{NOTICE} {summary}"), "title": "Sandbox reading", "score": score, "confidence": 0.5 });
    json!({
        "overall": overall, "text": overall["text"], "score": score, "confidence": 0.5, "notice": NOTICE, "sandbox": true,
        "findings": all, "strengths": of(true), "weaknesses": of(false), "suggestions": suggestions(photo),
    })
}

/// The reading of two photos: that of the first, and which one is better.
pub(crate) fn comparison(first: &Measurements, second: &Measurements) -> Value {
    let (mut one, two) = (reading(first), reading(second));
    let (a, b) = (one["score"].as_f64().unwrap_or(0.0), two["score"].as_f64().unwrap_or(0.0));
    let better = if (a - b).abs() < 0.02 {
        "tie"
    } else if a > b {
        "first"
    } else {
        "second"
    };
    let text = format!("{NOTICE} The first measures {:.0} of 100, the second {:.0}.", a * 100.0, b * 100.0);
    one["comparison"] = json!({
        "better": better, "kind": better, "text": text, "title": "Comparison", "confidence": (a - b).abs().min(1.0),
        "first": one.clone(), "second": two,
    });
    one["second"] = two;
    one
}

fn score(findings: &[Finding]) -> f64 {
    let loss: f64 = findings
        .iter()
        .filter(|finding| !finding.strength)
        .map(|finding| finding.severity * finding.confidence * 0.25)
        .sum();
    (0.9 - loss).clamp(0.1, 1.0)
}

fn light(photo: &Measurements) -> Option<Finding> {
    let (clipped, at, name) = if photo.clipped_high >= photo.clipped_low {
        (photo.clipped_high, photo.clipped_high_at, "Highlights")
    } else {
        (photo.clipped_low, photo.clipped_low_at, "Shadows")
    };
    let strength = clipped < 0.005;
    let title = if strength {
        "Tones are kept"
    } else if name == "Highlights" {
        "Highlights are lost"
    } else {
        "Shadows are lost"
    };
    let text = format!("{name} without detail cover {} of the photo.", percent(clipped));
    let region = at.unwrap_or(Region::WHOLE);
    Some(Finding {
        dimension: "light",
        strength,
        title,
        text,
        region,
        severity: if strength { 0.0 } else { (clipped * 6.0).clamp(0.15, 1.0) },
        confidence: 0.9,
    })
}

fn exposure(photo: &Measurements) -> Option<Finding> {
    let off = photo.median - 0.45;
    if off.abs() < 0.17 {
        return None;
    }
    let title = if off < 0.0 { "The photo is dark" } else { "The photo is bright" };
    let text = format!("The middle brightness is {} of white; near 45 % is usual.", percent(photo.median));
    Some(Finding {
        dimension: "light",
        strength: false,
        title,
        text,
        region: Region::WHOLE,
        severity: (off.abs() * 1.8).min(1.0),
        confidence: 0.7,
    })
}

fn colour(photo: &Measurements) -> Option<Finding> {
    let (red, blue) = photo.cast;
    let strength = red.abs().max(blue.abs()) < 0.06;
    let name = match (red > 0.0, blue > 0.0) {
        (true, false) => "warm",
        (false, true) => "cool",
        (true, true) => "magenta",
        (false, false) => "green",
    };
    let title = if strength { "Greys are neutral" } else { "The colours lean" };
    let text = if strength {
        format!(
            "Nearly grey parts differ by at most {} between channels; mean saturation is {}.",
            percent(red.abs().max(blue.abs())),
            percent(photo.saturation)
        )
    } else {
        format!("Nearly grey parts are {name}: red {:+.0} %, blue {:+.0} % against green.", red * 100.0, blue * 100.0)
    };
    let severity = if strength { 0.0 } else { (red.abs().max(blue.abs()) * 3.0).min(1.0) };
    Some(Finding { dimension: "colour", strength, title, text, region: Region::WHOLE, severity, confidence: 0.6 })
}

fn focus(photo: &Measurements) -> Option<Finding> {
    let strength = photo.sharpest > 0.035;
    let title = if strength { "A part is sharp" } else { "Nothing is quite sharp" };
    let text =
        format!("The sharpest part has a local contrast of {:.3}; from 0.035 on it counts as sharp.", photo.sharpest);
    let severity = if strength { 0.0 } else { (1.0 - photo.sharpest / 0.035).clamp(0.1, 1.0) };
    Some(Finding {
        dimension: "focus and sharpness",
        strength,
        title,
        text,
        region: photo.sharpest_at,
        severity,
        confidence: 0.7,
    })
}

fn technique(photo: &Measurements) -> Option<Finding> {
    let strength = photo.noise < 0.012;
    let title = if strength { "The photo is clean" } else { "There is noise" };
    let text = format!(
        "Noise has a standard deviation of {:.1} of 255; the photo is {} x {} pixels.",
        photo.noise * 255.0,
        photo.width,
        photo.height
    );
    let severity = if strength { 0.0 } else { (photo.noise * 15.0).min(1.0) };
    Some(Finding { dimension: "technique", strength, title, text, region: Region::WHOLE, severity, confidence: 0.8 })
}

fn composition(photo: &Measurements) -> Option<Finding> {
    let (x, y) = photo.salient_centre;
    let third = |value: f64| (value - 1.0 / 3.0).abs().min((value - 2.0 / 3.0).abs());
    let strength = third(x).hypot(third(y)) < 0.12;
    let title = if strength { "The weight lies on a third" } else { "The weight lies off the thirds" };
    let text = format!("What stands out is centred at {} from the left and {} from the top.", percent(x), percent(y));
    let severity = if strength { 0.0 } else { 0.25 };
    Some(Finding {
        dimension: "composition",
        strength,
        title,
        text,
        region: photo.salient_at,
        severity,
        confidence: 0.4,
    })
}

fn level(photo: &Measurements) -> Option<Finding> {
    let (degrees, sure) = photo.tilt.filter(|(degrees, sure)| degrees.abs() > 0.6 && *sure > 0.3)?;
    let way = if degrees > 0.0 { "clockwise" } else { "anticlockwise" };
    let text = format!("Straight edges lean {:.1} degrees {way}.", degrees.abs());
    let severity = (degrees.abs() / 8.0).clamp(0.15, 1.0);
    Some(Finding {
        dimension: "composition",
        strength: false,
        title: "The photo is tilted",
        text,
        region: Region::WHOLE,
        severity,
        confidence: sure.min(1.0),
    })
}

fn subject(photo: &Measurements) -> Option<Finding> {
    let area = photo.salient_at.width * photo.salient_at.height;
    let strength = area < 0.35;
    let title = if strength { "One part stands out" } else { "No part stands out" };
    let text =
        format!("What stands out fills {} of the frame; contrast is {}.", percent(area), percent(photo.contrast));
    let severity = if strength { 0.0 } else { 0.2 };
    Some(Finding {
        dimension: "subject and moment",
        strength,
        title,
        text,
        region: photo.salient_at,
        severity,
        confidence: 0.3,
    })
}

fn suggestions(photo: &Measurements) -> Vec<Value> {
    let mut list = Vec::new();
    let mut add = |kind: &str, title: &str, text: String, amount: f64, degrees: f64, at: Region| {
        list.push(json!({
            "kind": kind, "title": title, "text": text, "amount": amount, "degrees": degrees, "region": region(at), "confidence": 0.5,
        }));
    };
    if let Some((degrees, _)) = photo.tilt.filter(|(degrees, sure)| degrees.abs() > 0.6 && *sure > 0.3) {
        let text = format!("Turn the photo by {:.1} degrees.", -degrees);
        add(
            "straighten",
            "Straighten",
            text,
            (degrees.abs() / 10.0).min(1.0),
            (-degrees * 10.0).round() / 10.0,
            Region::WHOLE,
        );
    }
    let off = 0.45 - photo.median;
    if off.abs() >= 0.17 || photo.contrast < 0.35 {
        add(
            "light",
            "Correct the light",
            "Bring the middle brightness nearer to 45 %.".to_owned(),
            off.abs().clamp(0.1, 1.0),
            0.0,
            Region::WHOLE,
        );
    }
    if photo.noise >= 0.012 {
        add(
            "denoise",
            "Remove noise",
            "Smooth the grain.".to_owned(),
            (photo.noise * 15.0).min(1.0),
            0.0,
            Region::WHOLE,
        );
    }
    if photo.sharpest <= 0.035 {
        add("sharpen", "Sharpen", "Sharpen the photo a little.".to_owned(), 0.5, 0.0, Region::WHOLE);
    }
    if photo.cast.0.abs().max(photo.cast.1.abs()) >= 0.06 {
        add("colour", "Balance the colours", "Make the greys neutral.".to_owned(), 0.5, 0.0, Region::WHOLE);
    }
    let salient = photo.salient_at;
    if salient.width * salient.height < 0.2 {
        // A frame of three quarters that keeps what stands out on its nearer third.
        let place = |centre: f64| (centre - 0.75 * if centre < 0.5 { 1.0 / 3.0 } else { 2.0 / 3.0 }).clamp(0.0, 0.25);
        let (x, y) = photo.salient_centre;
        let frame = Region { x: place(x), y: place(y), width: 0.75, height: 0.75 };
        add("crop", "Come closer", "Crop so that what stands out lies on a third.".to_owned(), 0.5, 0.0, frame);
    }
    list
}

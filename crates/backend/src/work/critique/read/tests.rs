//! AN3 as far as the reading goes: what is absurd is thrown away, what is merely odd is put right.

use super::*;
use serde_json::json;

fn answer() -> Value {
    let scores: serde_json::Map<String, Value> =
        DIMENSIONS.iter().map(|(name, _)| ((*name).to_owned(), json!({"score": 7, "reason": "It holds."}))).collect();
    json!({
        "summary": "A quiet street.", "strengths": ["The light."], "scores": scores,
        "weaknesses": [{
            "dimension": "Light", "title": "Burnt sky", "text": "The sky is white.", "evidence": "No detail above the roofs.",
            "region": {"x": 100, "y": 0, "width": 500, "height": 250}, "confidence": "HIGH", "severity": "medium",
        }],
        "suggestions": [suggested("light", 40, 0.0, [0, 0, 0, 0])],
    })
}

fn suggested(kind: &str, amount: i64, degrees: f64, region: [i64; 4]) -> Value {
    let [x, y, width, height] = region;
    json!({"finding": 1, "text": "Do it.", "kind": kind, "amount": amount, "degrees": degrees,
        "region": {"x": x, "y": y, "width": width, "height": height}})
}

#[test]
fn a_good_answer_is_read() {
    let critique = critique(answer()).unwrap();
    let finding = &critique.findings[0];
    assert_eq!((finding.number, finding.dimension, finding.confidence), (1, Dimension::Light, Confidence::High));
    assert_eq!(finding.region, Some(PhotoRegion { x: 0.1, y: 0.0, width: 0.5, height: 0.25 }));
    assert_eq!(
        critique.scores.iter().map(|score| score.dimension).collect::<Vec<_>>(),
        DIMENSIONS.map(|(_, dimension)| dimension)
    );
    let tone = SuggestedAction::Recipe(Step::Tone { strength: 0.4, model: None });
    assert_eq!((critique.suggestions[0].finding, critique.suggestions[0].action.clone()), (Some(1), Some(tone)));
}

#[test]
fn an_absurd_one_is_worthless() {
    for (pointer, value) in [
        ("/scores/light/score", json!(11)),
        ("/scores/light/score", json!(0)),
        ("/scores/light/score", json!("7")),
        ("/scores/light", Value::Null),
        ("/summary", json!("x".repeat(40_000))),
        ("/summary", json!("  ")),
        ("/summary", json!(7)),
        ("/weaknesses/0/text", json!("x".repeat(2_000))),
        ("/weaknesses/0/dimension", json!("smell")),
        ("/weaknesses/0/severity", json!("dreadful")),
        ("/weaknesses", json!({})),
    ] {
        let mut said = answer();
        *said.pointer_mut(pointer).unwrap() = value;
        assert!(critique(said).is_err(), "{pointer}");
    }
    assert!(critique(json!("I am a photo.")).is_err());
}

#[test]
fn what_is_out_of_range_is_left_out_and_the_rest_stays() {
    let whole = [0, 0, 1000, 1000];
    let crop = PhotoRegion { x: 0.1, y: 0.1, width: 0.8, height: 0.7 };
    let restore = |denoise, detail| Some(SuggestedAction::Recipe(Step::Restore { denoise, detail, model: None }));
    for (said, action) in [
        (suggested("advice", 40, 2.0, whole), None),
        (suggested("denoise", 50, 0.0, whole), restore(0.5, 0.0)),
        (suggested("SHARPEN", 30, 0.0, whole), restore(0.0, 0.3)),
        (suggested("light", 0, 0.0, whole), None),
        (suggested("light", 500, 0.0, whole), None),
        (suggested("straighten", 0, -2.5, whole), Some(SuggestedAction::Straighten { degrees: -2.5 })),
        (suggested("straighten", 0, 90.0, whole), None),
        (suggested("crop", 0, 0.0, [100, 100, 800, 700]), Some(SuggestedAction::Crop(crop))),
        (suggested("crop", 0, 0.0, whole), None),
        (suggested("crop", 0, 0.0, [0, 0, 5, 5]), None),
        (suggested("crop", 0, 0.0, [600, 100, 800, 700]), None),
        (suggested("crop", 0, 0.0, [-100, 100, 800, 700]), None),
        (suggested("delete all files", 50, 0.0, whole), None),
    ] {
        let mut answer = answer();
        answer["suggestions"] = json!([said.clone()]);
        assert_eq!(critique(answer).unwrap().suggestions[0].action, action, "{said}");
    }
    let mut odd = answer();
    odd["weaknesses"][0]["region"]["width"] = json!(5000);
    odd["suggestions"][0]["finding"] = json!(9);
    let critique = critique(odd).unwrap();
    assert_eq!((critique.findings[0].region, critique.suggestions[0].finding), (None, None));
}

#[test]
fn changes_are_told_by_dimension() {
    let (before, mut now) = (critique(answer()).unwrap(), critique(answer()).unwrap());
    now.scores[1].score = 9;
    now.scores[2].score = 3;
    let told = changes(&before, &now);
    let words: Vec<&str> = told.iter().map(|change| change.direction.as_str()).collect();
    assert_eq!(words, ["same", "better", "worse", "same", "same", "same", "same"]);
    assert_eq!(told[1].text, "7 before, 9 now. It holds.");
}

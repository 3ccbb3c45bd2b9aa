use super::*;

fn manifest() -> Manifest {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("version = 1\n");
    for (id, task, scale) in [
        ("photo-2x", "upscale", 2),
        ("restore", "restore", 1),
        ("tone", "tone", 1),
        ("upscale-2x-fast", "upscale", 2),
        ("upscale-2x", "upscale", 2),
        ("upscale-4x", "upscale", 4),
    ] {
        text.push_str(&format!(
            "[[model]]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"1\"\ntask = \"{task}\"\nscale = {scale}\nreceptive_field = 1\nstride = 1\n\
             parameters = 1\nbytes = 1\nsha256 = \"{}\"\nlicence = \"MIT\"\n",
            "0".repeat(64)
        ));
    }
    std::fs::write(folder.path().join(crate::manifest::FILE), text).unwrap();
    Manifest::read(folder.path()).unwrap()
}

fn fault(recipe: &Recipe) -> String {
    Plan::new(recipe, &manifest()).unwrap_err().to_string()
}

fn crop(degrees: f32, (x, width): (f32, f32)) -> Step {
    Step::Crop { degrees, x, y: 0.0, width, height: 1.0 }
}

fn restore(denoise: f32, detail: f32) -> Step {
    Step::Restore { denoise, detail, model: None }
}

fn upscale(scale: u32, strength: f32, model: Option<&str>) -> Step {
    Step::Upscale { scale, strength, model: model.map(Into::into) }
}

#[test]
fn faults_are_whole_sentences() {
    let text = [
        fault(&Recipe { version: 2, steps: vec![] }),
        fault(&Recipe::new(vec![restore(0.5, 7.0)])),
        fault(&Recipe::new(vec![restore(0.5, 0.5), Step::Tone { strength: f32::NAN, model: None }])),
        fault(&Recipe::new(vec![Step::Tone { strength: -0.1, model: None }])),
        fault(&Recipe::new(vec![upscale(3, 1.0, None)])),
        fault(&Recipe::new(vec![upscale(2, 1.0, Some("paint"))])),
        fault(&Recipe::new(vec![upscale(2, 1.0, Some("upscale-4x"))])),
        fault(&Recipe::new(vec![Step::Tone { strength: 1.0, model: Some("restore".into()) }])),
        fault(&Recipe::new(vec![upscale(4, 1.0, None), upscale(4, 1.0, None), upscale(4, 1.0, None)])),
        fault(&Recipe::new(vec![restore(0.5, 0.5), crop(1.0, (0.0, 1.0))])),
        fault(&Recipe::new(vec![crop(1.0, (0.0, 1.0)), crop(1.0, (0.0, 1.0))])),
        fault(&Recipe::new(vec![crop(60.0, (0.0, 1.0))])),
        fault(&Recipe::new(vec![crop(0.0, (0.5, 0.6))])),
        read_recipe("{\"version\": 1, \"steps\": [{\"step\": \"paint\"}]}").unwrap_err().to_string(),
        read_recipe("{\"version\": 1, \"steps\": [], \"more\": 1}").unwrap_err().to_string(),
    ]
    .join("\n");
    insta::assert_snapshot!(text, @r#"
    This recipe cannot be used: it is of version 2, and this program knows version 1. Use a newer program, or make the recipe again.
    This recipe cannot be used: step 1 (restore) has detail 7, and it must be from 0 to 1.
    This recipe cannot be used: step 2 (tone) has strength NaN, and it must be from 0 to 1.
    This recipe cannot be used: step 1 (tone) has strength -0.1, and it must be from 0 to 1.
    This recipe cannot be used: step 1 enlarges by 3, and no model here does; at hand: 2 and 4.
    This recipe cannot be used: step 1 (upscale) asks for the model "paint", and there is none of that name; at hand: photo-2x, upscale-2x-fast, upscale-2x and upscale-4x.
    This recipe cannot be used: step 1 (upscale) asks for the model "upscale-4x", which is made to enlarge by 4.
    This recipe cannot be used: step 1 (tone) asks for the model "restore", which is made to restore.
    This recipe cannot be used: it enlarges by 64 in all, and 16 is the most.
    This recipe cannot be used: step 2 is a crop, and a crop must be the first step and the only one of its kind.
    This recipe cannot be used: step 2 is a crop, and a crop must be the first step and the only one of its kind.
    This recipe cannot be used: step 1 (crop) must turn by −45 to 45 degrees and keep a part that lies inside the photo: x, y, width and height are from 0 to 1.
    This recipe cannot be used: step 1 (crop) must turn by −45 to 45 degrees and keep a part that lies inside the photo: x, y, width and height are from 0 to 1.
    This recipe cannot be used: it is not understood (unknown variant `paint`, expected one of `crop`, `restore`, `tone`, `upscale` at line 1 column 41).
    This recipe cannot be used: it is not understood (unknown field `more`, expected `version` or `steps` at line 1 column 34).
    "#);
}

#[test]
fn a_crop_frames_the_photo_and_is_no_stage() {
    let recipe = read_recipe("{\"version\":1,\"steps\":[{\"step\":\"crop\",\"degrees\":-1.5,\"width\":0.5}]}").unwrap();
    let plan = Plan::new(&recipe, &manifest()).unwrap();
    assert_eq!((plan.steps.len(), plan.framing.numbers()), (0, (-150, [0, 0, 5000, 10_000])));
    assert!(!plan.leaves_photo_as_it_is());
    let nothing = Plan::new(&Recipe::new(vec![crop(0.0, (0.0, 1.0))]), &manifest()).unwrap();
    assert!(nothing.leaves_photo_as_it_is());
}

#[test]
fn steps_without_strength_are_left_out() {
    let plan = Plan::new(
        &Recipe::new(vec![restore(0.0, 0.0), Step::Tone { strength: 0.0, model: None }, upscale(1, 1.0, None)]),
        &manifest(),
    )
    .unwrap();
    assert!(plan.leaves_photo_as_it_is());
    assert_eq!(plan.scale(), 1);
}

#[test]
fn an_upscale_without_strength_still_enlarges() {
    let plan =
        Plan::new(&Recipe::new(vec![upscale(2, 0.0, None), upscale(4, 1.0, Some("upscale-4x"))]), &manifest()).unwrap();
    assert_eq!(plan.scale(), 8);
    assert_eq!(plan.steps.len(), 2);
}

#[test]
fn a_quick_look_takes_quick_models_and_a_result_only_when_they_are_named() {
    let model_of = |recipe: &Recipe| match Plan::new(recipe, &manifest()).unwrap().steps.last() {
        Some(PlannedStep::Upscale { model, .. }) => model.clone(),
        other => panic!("{other:?}"),
    };
    let twice = Recipe::new(vec![restore(0.5, 0.5), upscale(2, 1.0, None)]);
    assert_eq!(model_of(&twice), "upscale-2x");
    let quicker = quicker(&twice, &manifest()).unwrap();
    assert_eq!(model_of(&quicker), "upscale-2x-fast");
    assert_eq!(quicker.steps[0], twice.steps[0]);
    // Already quick; no quick model of the scale; a model that the person chose; nothing that the model would do.
    for steps in [
        quicker.steps.clone(),
        vec![upscale(4, 1.0, None)],
        vec![upscale(2, 1.0, Some("upscale-2x"))],
        vec![upscale(2, 0.0, None)],
        vec![restore(0.5, 0.5)],
    ] {
        assert_eq!(super::quicker(&Recipe::new(steps.clone()), &manifest()), None, "{steps:?}");
    }
}

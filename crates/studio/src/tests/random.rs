//! Whatever is asked in whatever order: every job ends in exactly one way, progress never goes back, and nothing is left open.

use std::collections::HashMap;
use std::time::Duration;

use pretty_contract::event::Event;
use pretty_contract::photo::{PhotoId, PhotoState};
use proptest::prelude::*;
use serde_json::json;

use super::files::photos;
use super::harness::{Stage, told};
use super::scripted::{Fate, Scripted};

const PHOTOS: usize = 6;

#[derive(Clone, Debug)]
enum Act {
    Enhance(Vec<usize>),
    Cancel(Vec<usize>),
    CancelAll,
    Remove(usize),
    AddAgain,
    SetRecipe(usize),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let some = || prop::collection::vec(0..PHOTOS, 1..4);
    let act = prop_oneof![
        5 => some().prop_map(Act::Enhance),
        2 => some().prop_map(Act::Cancel),
        1 => Just(Act::CancelAll),
        1 => (0..PHOTOS).prop_map(Act::Remove),
        1 => Just(Act::AddAgain),
        1 => (0..PHOTOS).prop_map(Act::SetRecipe),
        4 => (0_u64..4).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..25)
}

fn fate(name: &str) -> Fate {
    match name {
        "photo 1.png" => Fate::Fails,
        "photo 2.png" => Fate::Panics,
        "photo 3.png" => Fate::Skipped,
        _ => Fate::Saved,
    }
}

fn perform(stage: &Stage, files: &[std::path::PathBuf], act: &Act) {
    let shown = stage.snapshot().photos;
    let ids = |some: &[usize]| -> Vec<PhotoId> {
        some.iter()
            .filter_map(|index| shown.iter().find(|photo| photo.name == format!("photo {index}.png")))
            .map(|photo| photo.id)
            .collect()
    };
    match act {
        Act::Enhance(some) => drop(stage.ask("enhance", json!({ "photos": ids(some), "export": null }))),
        Act::Cancel(some) => drop(stage.ask("cancel", json!({ "photos": ids(some) }))),
        Act::CancelAll => drop(stage.ask("cancel_all", json!({}))),
        Act::Remove(one) => drop(stage.ask("remove_photos", json!({ "photos": ids(&[*one]) }))),
        Act::AddAgain => drop(stage.add(files)),
        Act::SetRecipe(one) => {
            let recipe = json!({ "version": 1, "steps": [{ "step": "tone", "strength": 0.25 }] });
            drop(stage.ask("set_recipe", json!({ "photos": ids(&[*one]), "recipe": recipe })));
        }
        Act::Wait(milliseconds) => std::thread::sleep(Duration::from_millis(*milliseconds)),
    }
}

/// What a photo's state may be followed by.
fn may_follow(before: &PhotoState, after: &PhotoState) -> bool {
    use PhotoState::{Done, Failed, Opening, Ready, Skipped, Waiting, Working};
    match (before, after) {
        (Opening, _) => true,
        (Ready, Failed { .. }) => true,
        (Ready | Done { .. } | Failed { .. } | Skipped { .. }, Waiting { .. }) => true,
        (Waiting { position }, Waiting { position: now }) => now <= position,
        (Waiting { .. }, Working { progress, .. }) => *progress == 0.0,
        (Waiting { .. }, Ready) => true,
        (Working { progress, .. }, Working { progress: now, .. }) => now >= progress,
        (Working { .. }, Done { .. } | Failed { .. } | Skipped { .. } | Ready) => true,
        // The same again, when a recipe, a thumbnail or an assessment changed.
        (before, after) => before == after,
    }
}

fn check(events: &[Event]) -> Result<(), TestCaseError> {
    let mut last: HashMap<PhotoId, PhotoState> = HashMap::new();
    let mut working: Option<PhotoId> = None;
    for event in events {
        let ids: Vec<PhotoId> = match event {
            Event::PhotosAdded(photos) => photos.iter().map(|photo| photo.id).collect(),
            Event::PhotoChanged(photo) => vec![photo.id],
            Event::PhotosRemoved(ids) => {
                for id in ids {
                    last.remove(id);
                    working = working.filter(|working| working != id);
                }
                continue;
            }
            _ => continue,
        };
        for id in ids {
            let Some(now) = told(event, id).map(|photo| photo.state) else { continue };
            if let Some(before) = last.get(&id) {
                prop_assert!(may_follow(before, &now), "{before:?} was followed by {now:?}");
            }
            match now {
                PhotoState::Working { .. } => {
                    prop_assert!(working.is_none_or(|working| working == id), "two at a time");
                    working = Some(id);
                }
                _ if working == Some(id) => working = None,
                _ => {}
            }
            last.insert(id, now);
        }
    }
    for state in last.values() {
        prop_assert!(!matches!(state, PhotoState::Waiting { .. } | PhotoState::Working { .. }), "left open: {state:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn every_job_ends_in_exactly_one_way(acts in acts()) {
        let stage = Stage::with(Scripted { fate: Box::new(fate), step: Duration::from_micros(200), ..Scripted::default() });
        let files = photos(&stage.photos(), PHOTOS);
        stage.add(&files);
        for act in &acts {
            perform(&stage, &files, act);
        }
        stage.wait_idle();
        let snapshot = stage.snapshot();
        prop_assert_eq!(snapshot.queue.open, 0);
        check(&stage.end())?;
    }
}

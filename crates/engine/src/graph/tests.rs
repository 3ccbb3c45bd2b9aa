//! The models that ship pass; whatever is changed about one is refused with a sentence, and nothing that is read makes the reader stumble.

use std::collections::BTreeSet;

use pretty_testkit::nets;
use proptest::prelude::*;

use super::*;
use crate::model::ports_of;
use crate::testing;

fn refusal(file: &[u8], task: Task) -> String {
    check(file, task, &ports_of(task)).err().unwrap_or_else(|| "fine".into())
}

/// A field that holds bytes.
fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    assert!(field < 16 && content.len() < 128);
    [&[field << 3 | 2, content.len() as u8], content].concat()
}

/// A field above 15 that holds bytes.
fn far_bytes(field: u8, content: &[u8]) -> Vec<u8> {
    [&[(field & 15) << 3 | 2 | 0x80, field >> 4, content.len() as u8], content].concat()
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

/// A good upscaler with something added: what stands twice in such a file is put together.
fn with(added: &[u8]) -> String {
    refusal(&[&nets::upscaler(2, 1), added].concat(), Task::Upscale)
}

fn with_node(node: &[Vec<u8>]) -> String {
    with(&bytes(7, &bytes(1, &node.concat())))
}

#[test]
fn the_models_that_ship_are_what_they_must_be() {
    let engine = testing::bundled();
    for entry in &engine.manifest().models {
        let file = std::fs::read(engine.manifest().path_of(entry)).unwrap();
        assert_eq!(refusal(&file, entry.task), "fine", "{}", entry.id);
    }
    assert_eq!(refusal(&nets::restorer(1), Task::Restore), "fine");
    assert_eq!(refusal(&nets::tone_adviser(0.4, 1.0), Task::Tone), "fine");
}

/// What `models/README.md` allows is what is allowed here.
#[test]
fn the_operators_are_those_of_the_description() {
    let text = std::fs::read_to_string(crate::locate::models_folder(None).join("README.md")).unwrap();
    let named = |mark: &str| -> BTreeSet<String> {
        let line = text.lines().find(|line| line.contains(mark)).unwrap_or_else(|| panic!("no line says {mark}"));
        let (_, words) = line.split_once(mark).unwrap();
        words.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let known = |operators: &[&str]| operators.iter().map(|operator| (*operator).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(named("Operators of every model:"), known(&LOCAL));
    assert_eq!(named("Of `tone` besides:"), known(&WHOLE));
    assert!(text.contains(&format!("opset {OPERATOR_SET}")));
}

#[test]
fn other_operators_are_refused() {
    assert_eq!(with(&[]), "fine");
    assert_eq!(
        with_node(&[bytes(4, b"Einsum")]),
        "it uses the operator Einsum, which a model made to upscale may not."
    );
    assert!(with_node(&[bytes(4, b"GlobalAveragePool")]).contains("GlobalAveragePool"));
    // Looking at the whole picture is for the adviser.
    assert!(with_node(&[bytes(4, b"ReduceMean")]).contains("ReduceMean"));
    assert!(with_node(&[bytes(4, b"")]).contains("uses the operator"));
    assert!(with_node(&[bytes(4, b"Conv"), bytes(7, b"com.example")]).contains("com.example.Conv"));
    let attribute = |parts: &[Vec<u8>]| with_node(&[bytes(4, b"Resize"), bytes(5, &parts.concat())]);
    assert_eq!(attribute(&[bytes(1, b"mode"), bytes(4, b"nearest")]), "fine");
    assert_eq!(attribute(&[bytes(1, b"mode"), bytes(4, b"cubic")]), "it resizes by more than repeating pixels.");
    assert_eq!(attribute(&[bytes(1, b"x"), bytes(6, &[])]), "it has branches or loops.");
    assert_eq!(attribute(&[bytes(1, b"x"), bytes(11, &[])]), "it has branches or loops.");
    assert_eq!(attribute(&[bytes(1, b"x"), far_bytes(22, &[])]), "it has sparse weights.");
    assert_eq!(attribute(&[bytes(1, b"x"), bytes(5, &number(14, 1))]), "its weights are in another file.");
    assert_eq!(with(&bytes(7, &bytes(5, &bytes(13, b"x")))), "its weights are in another file.");
    assert_eq!(with(&bytes(7, &bytes(15, &[]))), "it has sparse weights.");
    assert_eq!(with(&far_bytes(20, &[])), "it brings operations for training.");
    assert_eq!(with(&far_bytes(25, &[])), "it brings operators of its own.");
}

#[test]
fn other_operator_sets_are_refused() {
    let set = |domain: &[u8], version| bytes(8, &[bytes(1, domain), number(2, version)].concat());
    assert_eq!(with(&set(b"", 16)), "it is written in operator set 16, and 17 is expected.");
    assert_eq!(with(&set(b"ai.onnx", 21)), "it is written in operator set 21, and 17 is expected.");
    assert_eq!(with(&set(b"ai.onnx.ml", 3)), "fine");
    // The set is what the file says last.
    let good = nets::upscaler(2, 1);
    let without = &good[..good.len() - set(b"", 17).len()];
    assert_eq!(refusal(without, Task::Upscale), "it is no ONNX model, or a broken one: it names no operator set.");
    assert_eq!(refusal(&[without, &set(b"", 17)].concat(), Task::Upscale), "fine");
    assert!(refusal(&[without, &set(b"", 18)].concat(), Task::Upscale).contains("operator set 18"));
}

#[test]
fn other_shapes_are_refused() {
    assert_eq!(
        refusal(&nets::restorer(1), Task::Upscale),
        "its output is called \"residuals\", and \"result\" is expected."
    );
    assert_eq!(refusal(&nets::tone_adviser(0.4, 1.0), Task::Tone), "fine");
    assert!(with(&bytes(7, &bytes(11, &bytes(1, b"mask")))).contains("it has 2 inputs, and 1 are expected"));
    let port = |kind: u8, lengths: &[Option<u8>]| {
        let mut graph = pretty_testkit::onnx::Graph::default();
        let value = graph.floats(&[1], &[0.5]);
        graph.output("result", &value, &[]);
        let lengths: Vec<u8> = lengths
            .iter()
            .flat_map(|length| bytes(1, &length.map_or(bytes(2, b"side"), |length| number(1, length))))
            .collect();
        let tensor = [number(1, kind), bytes(2, &lengths)].concat();
        let photo = [bytes(1, b"photo"), bytes(2, &bytes(1, &tensor))].concat();
        // An output without a shape comes after the input, so that the input is told first.
        refusal(&[graph.finish(), bytes(7, &bytes(11, &photo))].concat(), Task::Upscale)
    };
    let (one, three, free) = (Some(1), Some(3), None);
    assert_eq!(port(11, &[one, three, free, free]), "its input \"photo\" is not of 32-bit floating-point numbers.");
    assert_eq!(
        port(1, &[one, Some(4), free, free]),
        "its input \"photo\" has the shape [1, 4, any, any], and [1, 3, any, any] is expected."
    );
    assert!(port(1, &[one, three, Some(64), free]).contains("[1, 3, 64, any]"));
    assert!(port(1, &[free, three, free, free]).contains("[any, 3, any, any]"));
    assert!(port(1, &[one, three, free]).contains("[1, 3, any], and"));
    assert!(port(1, &[one, three, free, free]).contains("its output \"result\" has the shape []"));
}

#[test]
fn cut_short_at_any_place_it_is_refused() {
    for (file, task) in [(nets::upscaler(2, 1), Task::Upscale), (nets::tone_adviser(0.4, 1.0), Task::Tone)] {
        for length in 0..file.len() {
            assert_ne!(refusal(&file[..length], task), "fine", "{length} of {}", file.len());
        }
    }
}

proptest! {
    #[test]
    fn nonsense_is_refused(file in proptest::collection::vec(any::<u8>(), 0..400)) {
        for task in [Task::Upscale, Task::Restore, Task::Tone] {
            prop_assert_ne!(refusal(&file, task), "fine");
        }
    }

    /// Bytes that are changed may lie in weights, where nobody can tell; whatever is said, it is said.
    #[test]
    fn a_changed_file_gets_an_answer(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut file = nets::restorer(1);
        for (place, value) in changes {
            let place = place.index(file.len());
            file[place] = value;
        }
        let _ = refusal(&file, Task::Restore);
    }
}

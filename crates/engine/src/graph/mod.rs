//! What a model's file says of itself, read before ONNX Runtime is given it: operator set, operators, names and shapes of what it takes and gives.
//! What is not as `models/README.md` says is refused and never run.
//!
//! Knows as much of ONNX's messages (onnx.proto3 of the ONNX project) as that takes; weights are passed over. Whether the operators fit together is
//! for ONNX Runtime to say.

mod wire;

use crate::manifest::Task;
use crate::model::{Dimension, Ports};
use wire::{Field, Fields};

/// The operator set that models are written in.
const OPERATOR_SET: u64 = 17;

/// Operators that look at a pixel and its neighbours, or at no pixel at all: what a model that makes pictures may use.
const LOCAL: [&str; 18] = [
    "Add",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "DepthToSpace",
    "Div",
    "Identity",
    "LeakyRelu",
    "Mul",
    "PRelu",
    "Relu",
    "Resize",
    "Sigmoid",
    "Slice",
    "Sub",
    "Tanh",
    "Softplus",
];

/// What a model may use besides that is given the same small picture always.
const WHOLE: [&str; 4] = ["Gemm", "MatMul", "ReduceMean", "Reshape"];

const FLOATS: u64 = 1;

/// Why a file is refused, as the end of a sentence.
type Refusal = String;

/// Refuses a file that is not what a model of this task must be. `inputs` and `outputs` are what the task takes and gives.
pub(crate) fn check(file: &[u8], task: Task, (inputs, outputs): &(Ports, Ports)) -> Result<(), Refusal> {
    let mut found = Found::default();
    for field in Fields::of(file) {
        let field = field?;
        match field.number {
            7 => graph(field.bytes()?, task, &mut found)?,
            8 => operator_set(field.bytes()?, &mut found)?,
            20 => return Err("it brings operations for training.".into()),
            25 => return Err("it brings operators of its own.".into()),
            _ => {}
        }
    }
    match found.operator_sets.as_slice() {
        [OPERATOR_SET] => {}
        [] => return Err("it is no ONNX model, or a broken one: it names no operator set.".into()),
        sets => {
            let set = sets.iter().find(|set| **set != OPERATOR_SET).unwrap_or(&OPERATOR_SET);
            return Err(format!("it is written in operator set {set}, and {OPERATOR_SET} is expected."));
        }
    }
    check_ports("input", &found.inputs, inputs)?;
    check_ports("output", &found.outputs, outputs)
}

/// What was found on the way through the file.
#[derive(Default)]
struct Found<'a> {
    operator_sets: Vec<u64>,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
}

/// An input or output.
#[derive(Default)]
struct Port<'a> {
    name: &'a str,
    kind: Option<u64>,
    /// `None` where the file leaves a length open.
    shape: Vec<Option<u64>>,
}

fn operator_set(message: &[u8], found: &mut Found<'_>) -> Result<(), Refusal> {
    let (mut domain, mut version) = ("", 0);
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => domain = field.text()?,
            2 => version = field.number()?,
            _ => {}
        }
    }
    // Sets of other domains may be named; their operators are refused one by one.
    if is_standard(domain) {
        found.operator_sets.push(version);
    }
    Ok(())
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn graph<'a>(message: &'a [u8], task: Task, found: &mut Found<'a>) -> Result<(), Refusal> {
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => node(field.bytes()?, task)?,
            5 => tensor(field.bytes()?)?,
            11 => found.inputs.push(port(field.bytes()?)?),
            12 => found.outputs.push(port(field.bytes()?)?),
            15 => return Err("it has sparse weights.".into()),
            _ => {}
        }
    }
    Ok(())
}

fn node(message: &[u8], task: Task) -> Result<(), Refusal> {
    let (mut operator, mut domain, mut attributes) = ("", "", Vec::new());
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            4 => operator = field.text()?,
            5 => attributes.push(attribute(field)?),
            7 => domain = field.text()?,
            _ => {}
        }
    }
    if !is_standard(domain) {
        return Err(format!("it uses the operator {domain}.{operator}, which no model here may."));
    }
    if !(LOCAL.contains(&operator) || task == Task::Tone && WHOLE.contains(&operator)) {
        return Err(format!("it uses the operator {operator}, which a model made to {} may not.", task.name()));
    }
    let repeats = |(name, text): &(&str, &[u8])| *name != "mode" || *text == b"nearest";
    if operator == "Resize" && !attributes.iter().all(repeats) {
        return Err("it resizes by more than repeating pixels.".into());
    }
    Ok(())
}

/// An attribute's name and text. Tensors in it are looked at, graphs refused: operators could hide in them.
fn attribute<'a>(field: Field<'a>) -> Result<(&'a str, &'a [u8]), Refusal> {
    let (mut name, mut text): (&str, &[u8]) = ("", &[]);
    for field in Fields::of(field.bytes()?) {
        let field = field?;
        match field.number {
            1 => name = field.text()?,
            4 => text = field.bytes()?,
            5 | 10 => tensor(field.bytes()?)?,
            6 | 11 => return Err("it has branches or loops.".into()),
            22 | 23 => return Err("it has sparse weights.".into()),
            _ => {}
        }
    }
    Ok((name, text))
}

/// Weights must be in the file that was checked, not in one beside it.
fn tensor(message: &[u8]) -> Result<(), Refusal> {
    for field in Fields::of(message) {
        let field = field?;
        if field.number == 13 || field.number == 14 && field.number()? != 0 {
            return Err("its weights are in another file.".into());
        }
    }
    Ok(())
}

fn port(message: &[u8]) -> Result<Port<'_>, Refusal> {
    let mut port = Port::default();
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => port.name = field.text()?,
            2 => kind(field.bytes()?, &mut port)?,
            _ => {}
        }
    }
    Ok(port)
}

fn kind<'a>(message: &'a [u8], port: &mut Port<'a>) -> Result<(), Refusal> {
    for field in Fields::of(message) {
        let field = field?;
        // Sequences, maps and the like leave the kind open, and are refused for it.
        if field.number == 1 {
            tensor_kind(field.bytes()?, port)?;
        }
    }
    Ok(())
}

fn tensor_kind<'a>(message: &'a [u8], port: &mut Port<'a>) -> Result<(), Refusal> {
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => port.kind = Some(field.number()?),
            2 => port.shape = shape(field.bytes()?)?,
            _ => {}
        }
    }
    Ok(())
}

fn shape(message: &[u8]) -> Result<Vec<Option<u64>>, Refusal> {
    let mut shape = Vec::new();
    for field in Fields::of(message) {
        let field = field?;
        if field.number != 1 {
            continue;
        }
        let mut length = None;
        for field in Fields::of(field.bytes()?) {
            let field = field?;
            if field.number == 1 {
                length = Some(field.number()?);
            }
        }
        shape.push(length);
    }
    Ok(shape)
}

fn check_ports(kind: &str, found: &[Port<'_>], wanted: &Ports) -> Result<(), Refusal> {
    if found.len() != wanted.len() {
        return Err(format!("it has {} {kind}s, and {} are expected.", found.len(), wanted.len()));
    }
    for (port, (name, dimensions)) in found.iter().zip(wanted) {
        if port.name != *name {
            return Err(format!("its {kind} is called \"{}\", and \"{name}\" is expected.", port.name));
        }
        if port.kind != Some(FLOATS) {
            return Err(format!("its {kind} \"{name}\" is not of 32-bit floating-point numbers."));
        }
        let fits = |(length, dimension): (&Option<u64>, &Dimension)| match dimension {
            Dimension::Exactly(wanted) => *length == Some(*wanted as u64),
            Dimension::Free => length.is_none(),
        };
        if port.shape.len() != dimensions.len() || !port.shape.iter().zip(dimensions).all(fits) {
            let found =
                listed(port.shape.iter().map(|length| length.map_or("any".into(), |length| length.to_string())));
            let wanted = listed(dimensions.iter().map(|dimension| match dimension {
                Dimension::Exactly(length) => length.to_string(),
                Dimension::Free => "any".into(),
            }));
            return Err(format!("its {kind} \"{name}\" has the shape {found}, and {wanted} is expected."));
        }
    }
    Ok(())
}

fn listed(lengths: impl Iterator<Item = String>) -> String {
    format!("[{}]", lengths.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;

//! Writes small ONNX files (opset 17) in code, so that tests need neither Python nor files from elsewhere.
//!
//! Just enough of the format's protocol buffers (onnx.proto3 of the ONNX project): nodes with integer and string attributes, initialisers of
//! 32-bit floating point and 64-bit integers, inputs and outputs with fixed and free lengths.

/// A dimension of an input or output.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// Fixed.
    Exactly(i64),
    /// Free, by a name.
    Free(&'static str),
}

/// An attribute of a node.
#[derive(Clone, Debug)]
pub enum Attribute {
    /// One integer.
    Integer(i64),
    /// Several integers.
    Integers(Vec<i64>),
    /// Text.
    Text(&'static str),
}

/// A graph under construction. Values are named by their producer.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Vec<u8>>,
    initialisers: Vec<Vec<u8>>,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    count: usize,
}

impl Graph {
    /// An input of 32-bit floating-point numbers.
    pub fn input(&mut self, name: &str, shape: &[Length]) -> String {
        self.inputs.push(value_info(name, shape));
        name.to_owned()
    }

    /// Names a value as an output.
    pub fn output(&mut self, name: &str, value: &str, shape: &[Length]) {
        self.node_named("Identity", &[value], name, &[]);
        self.outputs.push(value_info(name, shape));
    }

    /// A constant of floating-point numbers.
    pub fn floats(&mut self, shape: &[i64], values: &[f32]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(shape, 1, &raw)
    }

    /// A constant of integers.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(&[values.len() as i64], 7, &raw)
    }

    /// A node with one output.
    pub fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let name = self.fresh();
        self.node_named(operator, inputs, &name, attributes);
        name
    }

    /// The file.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let mut graph = Vec::new();
        self.nodes.iter().for_each(|node| bytes(&mut graph, 1, node));
        bytes(&mut graph, 2, b"test");
        self.initialisers.iter().for_each(|tensor| bytes(&mut graph, 5, tensor));
        self.inputs.iter().for_each(|input| bytes(&mut graph, 11, input));
        self.outputs.iter().for_each(|output| bytes(&mut graph, 12, output));
        let mut opset = Vec::new();
        bytes(&mut opset, 1, b"");
        integer(&mut opset, 2, 17);
        let mut model = Vec::new();
        integer(&mut model, 1, 8);
        bytes(&mut model, 2, b"pretty-testkit");
        bytes(&mut model, 7, &graph);
        bytes(&mut model, 8, &opset);
        model
    }

    fn node_named(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute)]) {
        let mut node = Vec::new();
        inputs.iter().for_each(|input| bytes(&mut node, 1, input.as_bytes()));
        bytes(&mut node, 2, output.as_bytes());
        bytes(&mut node, 4, operator.as_bytes());
        for (name, value) in attributes {
            bytes(&mut node, 5, &attribute(name, value));
        }
        self.nodes.push(node);
    }

    fn constant(&mut self, shape: &[i64], kind: i64, raw: &[u8]) -> String {
        let name = self.fresh();
        let mut tensor = Vec::new();
        shape.iter().for_each(|&length| integer(&mut tensor, 1, length));
        integer(&mut tensor, 2, kind);
        bytes(&mut tensor, 8, name.as_bytes());
        bytes(&mut tensor, 9, raw);
        self.initialisers.push(tensor);
        name
    }

    fn fresh(&mut self) -> String {
        self.count += 1;
        format!("value{}", self.count)
    }
}

fn attribute(name: &str, value: &Attribute) -> Vec<u8> {
    let mut attribute = Vec::new();
    bytes(&mut attribute, 1, name.as_bytes());
    let kind = match value {
        Attribute::Integer(value) => {
            integer(&mut attribute, 3, *value);
            2
        }
        Attribute::Text(text) => {
            bytes(&mut attribute, 4, text.as_bytes());
            3
        }
        Attribute::Integers(values) => {
            values.iter().for_each(|&value| integer(&mut attribute, 8, value));
            7
        }
    };
    integer(&mut attribute, 20, kind);
    attribute
}

fn value_info(name: &str, shape: &[Length]) -> Vec<u8> {
    let mut dimensions = Vec::new();
    for length in shape {
        let mut dimension = Vec::new();
        match length {
            Length::Exactly(length) => integer(&mut dimension, 1, *length),
            Length::Free(name) => bytes(&mut dimension, 2, name.as_bytes()),
        }
        bytes(&mut dimensions, 1, &dimension);
    }
    let mut tensor = Vec::new();
    integer(&mut tensor, 1, 1);
    bytes(&mut tensor, 2, &dimensions);
    let mut kind = Vec::new();
    bytes(&mut kind, 1, &tensor);
    let mut info = Vec::new();
    bytes(&mut info, 1, name.as_bytes());
    bytes(&mut info, 2, &kind);
    info
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn integer(out: &mut Vec<u8>, field: u64, value: i64) {
    varint(out, field << 3);
    varint(out, value.cast_unsigned());
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

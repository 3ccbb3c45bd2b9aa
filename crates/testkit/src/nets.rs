//! Small networks with the inputs and outputs of the real ones and weights that look random: enough to show whether tiles fit together.

use crate::onnx::{Attribute, Graph, Length};
use crate::random::Random;

const PICTURE: [Length; 4] = [Length::Exactly(1), Length::Exactly(3), Length::Free("height"), Length::Free("width")];

/// Convolution layers of one [`Graph`], with weights from one stream.
struct Layers {
    graph: Graph,
    random: Random,
}

impl Layers {
    fn new(seed: u64) -> Self {
        Self { graph: Graph::default(), random: Random::new(seed) }
    }

    fn convolution(&mut self, input: &str, (from, to): (i64, i64), kernel: i64, stride: i64, gain: f32) -> String {
        let fan_in = (from * kernel * kernel) as f32;
        let weights: Vec<f32> =
            (0..to * from * kernel * kernel).map(|_| self.random.normal() * gain / fan_in.sqrt()).collect();
        let bias: Vec<f32> = (0..to).map(|_| self.random.normal() * gain * 0.02).collect();
        let weights = self.graph.floats(&[to, from, kernel, kernel], &weights);
        let bias = self.graph.floats(&[to], &bias);
        let padding = if stride == 1 { kernel / 2 } else { 0 };
        let attributes = [
            ("kernel_shape", Attribute::Integers(vec![kernel; 2])),
            ("strides", Attribute::Integers(vec![stride; 2])),
            ("pads", Attribute::Integers(vec![padding; 4])),
        ];
        self.graph.node("Conv", &[input, &weights, &bias], &attributes)
    }

    fn relu(&mut self, input: &str) -> String {
        self.graph.node("Relu", &[input], &[])
    }

    fn depth_to_space(&mut self, input: &str, block: i64) -> String {
        self.graph.node(
            "DepthToSpace",
            &[input],
            &[("blocksize", Attribute::Integer(block)), ("mode", Attribute::Text("CRD"))],
        )
    }

    /// Each channel repeated `times` times.
    fn repeated(&mut self, input: &str, channels: i64, times: i64) -> String {
        let mut weights = vec![0.0; (channels * times * channels) as usize];
        for channel in 0..channels {
            for copy in 0..times {
                weights[((channel * times + copy) * channels + channel) as usize] = 1.0;
            }
        }
        let weights = self.graph.floats(&[channels * times, channels, 1, 1], &weights);
        self.graph.node("Conv", &[input, &weights], &[("kernel_shape", Attribute::Integers(vec![1, 1]))])
    }
}

/// Enlarges: the nearest-neighbour enlargement and a small residual. Its receptive field is 3.
#[must_use]
pub fn upscaler(scale: i64, seed: u64) -> Vec<u8> {
    let mut layers = Layers::new(seed);
    let photo = layers.graph.input("photo", &PICTURE);
    let features = layers.convolution(&photo, (3, 8), 3, 1, 1.0);
    let features = layers.relu(&features);
    let features = layers.convolution(&features, (8, 8), 3, 1, 1.0);
    let features = layers.relu(&features);
    let residual = layers.convolution(&features, (8, 3 * scale * scale), 3, 1, 0.05);
    let nearest = layers.repeated(&photo, 3, scale * scale);
    let sum = layers.graph.node("Add", &[&nearest, &residual], &[]);
    let result = layers.depth_to_space(&sum, scale);
    layers.graph.output(
        "result",
        &result,
        &[Length::Exactly(1), Length::Exactly(3), Length::Free("out_height"), Length::Free("out_width")],
    );
    layers.graph.finish()
}

/// Restores: a little U-net of stride 4. Its receptive field is 12.
#[must_use]
pub fn restorer(seed: u64) -> Vec<u8> {
    let mut layers = Layers::new(seed);
    let photo = layers.graph.input("photo", &PICTURE);
    let top = layers.convolution(&photo, (3, 8), 2, 2, 1.0);
    let top = layers.relu(&top);
    let top = layers.convolution(&top, (8, 8), 3, 1, 1.0);
    let deep = layers.convolution(&top, (8, 8), 2, 2, 1.0);
    let deep = layers.relu(&deep);
    let deep = layers.convolution(&deep, (8, 32), 3, 1, 1.0);
    let up = layers.depth_to_space(&deep, 2);
    let sum = layers.graph.node("Add", &[&top, &up], &[]);
    let features = layers.relu(&sum);
    let tail = layers.convolution(&features, (8, 24), 3, 1, 0.02);
    let residuals = layers.depth_to_space(&tail, 2);
    layers.graph.output(
        "residuals",
        &residuals,
        &[Length::Exactly(1), Length::Exactly(6), Length::Free("out_height"), Length::Free("out_width")],
    );
    layers.graph.finish()
}

/// Advises: curves that lift by `lift * x * (1 - x) * (1 - fall * median of luma)`, and a matrix that makes colours a little stronger.
#[must_use]
pub fn tone_adviser(lift: f32, fall: f32) -> Vec<u8> {
    let mut graph = Graph::default();
    let lengths = |lengths: &[i64]| lengths.iter().map(|&length| Length::Exactly(length)).collect::<Vec<_>>();
    graph.input("thumbnail", &lengths(&[1, 3, 64, 64]));
    let statistics = graph.input("statistics", &lengths(&[1, 71]));
    // Statistic 59 is the median of luma.
    let mut weights = vec![0.0; 71 * 51];
    let mut bias = vec![0.0; 51];
    for knot in 0..51 {
        let x = (knot % 17) as f32 / 16.0;
        let lift = lift * x * (1.0 - x);
        bias[knot] = x + lift;
        weights[59 * 51 + knot] = -lift * fall;
    }
    let weights = graph.floats(&[71, 51], &weights);
    let bias = graph.floats(&[51], &bias);
    let curves = graph.node("Gemm", &[&statistics, &weights, &bias], &[]);
    let shape = graph.integers(&[1, 3, 17]);
    let curves = graph.node("Reshape", &[&curves, &shape], &[]);
    graph.output("curves", &curves, &lengths(&[1, 3, 17]));
    let matrix = graph.floats(&[1, 3, 3], &[1.1, -0.05, -0.05, -0.05, 1.1, -0.05, -0.05, -0.05, 1.1]);
    graph.output("matrix", &matrix, &lengths(&[1, 3, 3]));
    graph.finish()
}

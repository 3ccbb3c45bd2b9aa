//! What the engine asks of whatever runs models: open a session for a model, run it on numbers. ONNX Runtime stands behind these traits in
//! `runtime`; tests stand in devices that fail in every way.

use std::sync::Arc;

use crate::cancel::Cancel;
use crate::model::ModelFile;

/// Something that can run models: the processor, or a graphics card through one of the library's execution providers.
pub(crate) trait Provider: Send + Sync {
    /// As in recipes, settings and on the command line.
    fn id(&self) -> &'static str;
    /// For people.
    fn name(&self) -> &'static str;
    /// Which sizes of tile suit it.
    fn tiles(&self) -> TileShape;
    /// How many sessions at once get most work done, when there is work for so many.
    fn lanes(&self) -> usize;
    /// A session of its own for a model: what one session runs never waits for another. `lanes` is how many will run at once; each takes its share
    /// of the cores.
    fn open(&self, model: &Arc<ModelFile>, lanes: usize) -> Result<Box<dyn ModelSession>, OpenError>;
}

/// Which sizes of tile suit a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileShape {
    /// Any: as large as memory allows.
    Any,
    /// Always this many pixels a side where the photo is large enough, because the device prepares itself anew for each shape.
    Fixed(u32),
}

/// A model ready to run.
pub(crate) trait ModelSession: Send {
    /// Runs the model. `inputs` are in the model's order; `take` is shown the outputs in the model's order, and nothing is copied.
    fn run(
        &mut self,
        inputs: &[TensorView<'_>],
        cancel: &Cancel,
        take: &mut dyn FnMut(&[TensorView<'_>]),
    ) -> Result<(), RunError>;

    /// The shape of its first output for a picture of so many pixels, where that is known without a run.
    fn output_shape(&mut self, width: usize, height: usize) -> Result<Option<Vec<usize>>, RunError>;

    /// Bytes that all runs so far took at most, beyond inputs and the model itself; `None` where that cannot be known.
    fn working_memory(&self) -> Option<u64>;
}

/// Numbers with a shape, outermost dimension first.
#[derive(Clone, Debug)]
pub(crate) struct TensorView<'a> {
    /// Lengths of the dimensions; their product is the number of values.
    pub(crate) shape: Vec<usize>,
    /// The values.
    pub(crate) values: &'a [f32],
}

/// Why a session could not be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OpenError {
    /// The model is not what the manifest says.
    Unfit(String),
    /// The device could not be started or refuses the model.
    Device(String),
}

/// Why a run gave no result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunError {
    /// It was interrupted through its [`Cancel`].
    Cancelled,
    /// There was not enough memory; a smaller tile may do.
    OutOfMemory(String),
    /// The device failed.
    Failed(String),
}

//! The recipe as a chain of stages, and the one pure function it is: from a region of the photo to a region of the result.
//!
//! `windows` says which pixels each stage needs for a wanted region (halo, stride, borders); the stages (`restore`, `upscale`, tone) turn
//! tiles into tiles in floating point. No picture in between is ever made whole. Retrying, devices and checks live in `worker`.

mod restore;
mod upscale;
mod windows;

use std::sync::Arc;

use pretty_photo::picture::Picture;

use crate::cancel::Cancel;
use crate::check;
use crate::model::ModelFile;
use crate::pixels::Tile;
use crate::provider::{ModelSession, OpenError, Provider, RunError, TensorView, TileShape};
use crate::region::Region;
use crate::tone::lut::ToneLut;
pub(crate) use windows::Window;

/// One step, ready to be applied to tiles.
pub(crate) enum Stage {
    Restore { model: Arc<ModelFile>, denoise: f32, detail: f32 },
    Tone { lut: Arc<ToneLut>, strength: f32 },
    Upscale { model: Option<Arc<ModelFile>>, scale: u32, strength: f32 },
}

impl Stage {
    pub(crate) fn scale(&self) -> u32 {
        if let Self::Upscale { scale, .. } = self { *scale } else { 1 }
    }

    pub(crate) fn model(&self) -> Option<&Arc<ModelFile>> {
        match self {
            Self::Restore { model, .. } => Some(model),
            Self::Tone { .. } => None,
            Self::Upscale { model, .. } => model.as_ref(),
        }
    }

    /// Pixels of its input around a pixel that its result depends on.
    fn reach(&self) -> u32 {
        let model = self.model().map_or(0, |model| model.entry.receptive_field);
        match self {
            Self::Upscale { strength, .. } if *strength < 1.0 => model.max(crate::bicubic::REACH),
            _ => model,
        }
    }

    fn stride(&self) -> u32 {
        self.model().map_or(1, |model| model.entry.stride)
    }
}

/// Why a tile could not be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    Cancelled,
    OutOfMemory(String),
    Device(String),
    /// The numbers came, and are wrong.
    Refused(String),
}

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cancelled => Self::Cancelled,
            RunError::OutOfMemory(reason) => Self::OutOfMemory(reason),
            RunError::Failed(reason) => Self::Device(reason),
        }
    }
}

/// The stages of a recipe for a photo of a known size.
pub(crate) struct Chain {
    pub(crate) stages: Vec<Stage>,
    photo: (u32, u32),
}

impl Chain {
    pub(crate) fn new(stages: Vec<Stage>, photo: (u32, u32)) -> Self {
        Self { stages, photo }
    }

    pub(crate) fn scale(&self) -> u32 {
        self.stages.iter().map(Stage::scale).product()
    }

    /// The photo's size.
    pub(crate) fn photo(&self) -> (u32, u32) {
        self.photo
    }

    /// What each stage needs, first to last, for a region of the photo to be finished.
    pub(crate) fn windows(&self, region: Region, shape: TileShape) -> Vec<Window> {
        self.windows_in(self.photo, region, shape)
    }

    /// The same for a photo of another size.
    pub(crate) fn windows_in(&self, photo: (u32, u32), region: Region, shape: TileShape) -> Vec<Window> {
        windows::windows(&self.stages, photo, region, shape)
    }

    /// Whether some tiles must be copied to fill up a stage's stride.
    pub(crate) fn pads(&self) -> impl Iterator<Item = bool> + '_ {
        let sizes = self.stages.iter().scan(self.photo, |size, stage| {
            let own = *size;
            *size = (own.0 * stage.scale(), own.1 * stage.scale());
            Some(own)
        });
        self.stages.iter().zip(sizes).map(|(stage, (width, height))| {
            !width.is_multiple_of(stage.stride()) || !height.is_multiple_of(stage.stride())
        })
    }

    /// The side of each stage's window on a device with fixed shapes; 0 where it is free.
    pub(crate) fn sides(&self, shape: TileShape) -> Vec<u32> {
        windows::sides(&self.stages, shape)
    }

    /// Runs the whole chain for a region of the photo; the tile that comes back is that region of the result.
    pub(crate) fn run(
        &self,
        photo: &Picture,
        region: Region,
        shape: TileShape,
        sessions: &mut Sessions,
        cancel: &Cancel,
    ) -> Result<Tile, Fault> {
        let windows = self.windows(region, shape);
        let first = windows.first().map_or(region, |window| window.input);
        let mut tile = Tile::of(photo, first);
        for ((stage, window), session) in self.stages.iter().zip(&windows).zip(&mut sessions.sessions) {
            if cancel.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            tile = match stage {
                Stage::Restore { model, denoise, detail } => {
                    let session = open(session, (&sessions.provider, sessions.lanes), model)?;
                    let restored = restore::run(session, &tile, window, *denoise, *detail, cancel)?;
                    check::tile(&tile, &restored, 1, check::RESTORED).map_err(Fault::Refused)?;
                    restored
                }
                Stage::Tone { lut, strength } => {
                    lut.apply_to_tile(&mut tile, *strength);
                    tile
                }
                Stage::Upscale { model, scale, strength } => {
                    let session = match model {
                        Some(model) if *strength > 0.0 => {
                            Some(open(session, (&sessions.provider, sessions.lanes), model)?)
                        }
                        _ => None,
                    };
                    let enlarged = upscale::run(session, &tile, window, *scale, *strength, cancel)?;
                    check::tile(&tile, &enlarged, *scale, check::ENLARGED).map_err(Fault::Refused)?;
                    enlarged
                }
            };
        }
        Ok(tile)
    }
}

/// A device's sessions for the stages of one chain, made when first needed.
pub(crate) struct Sessions {
    pub(crate) provider: Arc<dyn Provider>,
    lanes: usize,
    sessions: Vec<Option<Box<dyn ModelSession>>>,
}

impl Sessions {
    /// `lanes` is how many chains will run at once.
    pub(crate) fn new(provider: Arc<dyn Provider>, chain: &Chain, lanes: usize) -> Self {
        Self { provider, lanes, sessions: chain.stages.iter().map(|_| None).collect() }
    }

    /// Lets go of all; they are made again when next needed.
    pub(crate) fn close(&mut self) {
        self.sessions.iter_mut().for_each(|session| *session = None);
    }
}

fn open<'a>(
    slot: &'a mut Option<Box<dyn ModelSession>>,
    (provider, lanes): (&Arc<dyn Provider>, usize),
    model: &Arc<ModelFile>,
) -> Result<&'a mut dyn ModelSession, Fault> {
    if slot.is_none() {
        *slot = Some(provider.open(model, lanes).map_err(|error| match error {
            OpenError::Unfit(reason) | OpenError::Device(reason) => Fault::Device(reason),
        })?);
    }
    match slot {
        Some(session) => Ok(session.as_mut()),
        None => Err(Fault::Device("its session is gone".into())),
    }
}

/// Runs a picture-to-picture model over the window and hands its output planes on. `planes` and `scale` are what the manifest promises.
fn run_picture(
    session: &mut dyn ModelSession,
    tile: &Tile,
    window: &Window,
    (planes, scale): (usize, u32),
    cancel: &Cancel,
    mut take: impl FnMut(&[f32]),
) -> Result<(), Fault> {
    let padded = windows::pad(tile, window);
    let (width, height) = (window.padded.width as usize, window.padded.height as usize);
    let input = TensorView { shape: vec![1, 3, height, width], values: padded.as_deref().unwrap_or(&tile.planes) };
    let wanted = [1, planes, height * scale as usize, width * scale as usize];
    let mut answer = Err(Fault::Device("it gave no output".into()));
    session.run(&[input], cancel, &mut |outputs| {
        answer = match outputs {
            [output] if output.shape == wanted && output.values.len() == wanted.iter().product::<usize>() => {
                take(output.values);
                Ok(())
            }
            [output] => {
                Err(Fault::Device(format!("its output has the shape {:?}, and {wanted:?} is expected", output.shape)))
            }
            _ => Err(Fault::Device(format!("it gave {} outputs", outputs.len()))),
        };
    })?;
    answer
}

#[cfg(test)]
mod tests;

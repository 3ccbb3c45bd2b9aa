//! How a photo becomes its result, chosen by what the recipe asks: copied, toned straight from sample to sample, or through tiles.

use std::sync::Arc;

use pretty_photo::DecodedPhoto;
use pretty_photo::picture::{Band, Depth, Picture, Samples};

use crate::alpha;
use crate::cancel::Cancel;
use crate::chain::{Chain, Stage};
use crate::crew::{Aim, Crew};
use crate::device::Slot;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::memory;
use crate::pixels::Canvas;
use crate::plan::{Plan, PlannedStep};
use crate::region::Region;
use crate::tiling::{Costs, Grid};
use crate::tone::lut::ToneLut;

/// Rows of a band where no tiles are needed: a few megabytes at a time.
const BAND_PIXELS: u32 = 1 << 19;

/// A photo and all it takes to make any part of its result.
pub(crate) struct Rendering {
    pub(crate) photo: Arc<DecodedPhoto>,
    /// How much larger the result is.
    pub(crate) scale: u32,
    pub(crate) grid: Grid,
    pub(crate) way: Way,
}

/// What a rendering is for.
pub(crate) struct Purpose<'a> {
    /// The photo's name, for sentences.
    pub(crate) name: &'a str,
    /// Of the result, for the memory it takes.
    pub(crate) depth: Depth,
    /// Whether all of it or parts are wanted.
    pub(crate) aim: Aim,
    /// Bytes that the result's encoder holds meanwhile.
    pub(crate) held: u64,
}

pub(crate) enum Way {
    AsItIs,
    ToneOnly { lut: Arc<ToneLut>, strength: f32 },
    Tiles(Box<Crew>),
}

impl Rendering {
    pub(crate) fn prepare(
        shared: &Arc<Shared>,
        photo: Arc<DecodedPhoto>,
        plan: &Plan,
        device: Arc<Slot>,
        purpose: &Purpose<'_>,
        cancel: &Cancel,
    ) -> Result<Self, EngineError> {
        let (width, height) = (photo.picture.width, photo.picture.height);
        let stages = stages(shared, &photo, plan, cancel)?;
        let scale = plan.scale();
        let bands = Grid::bands(width, height, (BAND_PIXELS / width).clamp(1, height));
        let (grid, way) = match stages.as_slice() {
            [] => (bands, Way::AsItIs),
            [Stage::Tone { lut, strength }] => (bands, Way::ToneOnly { lut: lut.clone(), strength: *strength }),
            _ => {
                let chain = Arc::new(Chain::new(stages, (width, height)));
                let sample = if purpose.depth == Depth::Sixteen { 2 } else { 1 };
                let samples = photo.picture.channels.count() + usize::from(photo.picture.alpha.is_some());
                let per_stage =
                    chain.stages.iter().map(|stage| shared.working_memory(stage)).collect::<Result<_, _>>()?;
                let crew = Crew::new(&chain, &shared.devices, &device, purpose.name, purpose.aim);
                let held = memory::of_picture(&photo.picture) + purpose.held;
                let pixels = u64::from(width) * u64::from(height);
                let costs = Costs {
                    per_stage,
                    result_pixel: (samples * sample) as u64,
                    lanes: crew.lanes(),
                    budget: shared.memory_budget.unwrap_or_else(|| memory::budget(pixels, held)),
                };
                (Grid::choose(&chain, crew.shape(), &costs), Way::Tiles(Box::new(crew)))
            }
        };
        Ok(Self { photo, scale, grid, way })
    }

    /// A region of the photo as a picture of the result, `scale` times as large, in the photo's depth.
    pub(crate) fn picture(&mut self, region: Region, cancel: &Cancel) -> Result<Picture, EngineError> {
        let photo = self.photo.clone();
        let picture = &photo.picture;
        let depth = picture.colour.depth();
        let wanted = region.enlarged(self.scale);
        let colour = if let Way::Tiles(crew) = &mut self.way {
            let worker = crew.one();
            let mut canvas = Canvas::new(wanted, picture.channels, depth);
            worker.begin();
            for tile in self.grid.over(region) {
                cancel.check()?;
                canvas.place(&worker.tile(picture, tile, cancel)?);
            }
            canvas.colour
        } else {
            self.directly(&crop(picture, region))
        };
        Ok(Picture {
            width: wanted.width,
            height: wanted.height,
            channels: picture.channels,
            colour,
            alpha: alpha::of(picture, region, self.scale, depth),
        })
    }

    /// Whole rows of the result without tiles, in the photo's depth.
    pub(crate) fn band(&self, region: Region) -> Band {
        let picture = &self.photo.picture;
        let colour = self.directly(&crop(picture, region));
        Band {
            top: region.y,
            height: region.height,
            colour,
            alpha: alpha::of(picture, region, 1, picture.colour.depth()),
        }
    }

    fn directly(&self, samples: &Samples) -> Samples {
        match &self.way {
            Way::ToneOnly { lut, strength } => lut.apply_to_samples(samples, self.photo.picture.channels, *strength),
            Way::AsItIs | Way::Tiles(_) => samples.clone(),
        }
    }
}

/// The recipe's stages with their models read and verified, and the advice of the tone model taken from the photo.
fn stages(
    shared: &Arc<Shared>,
    photo: &Arc<DecodedPhoto>,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Vec<Stage>, EngineError> {
    let mut stages = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        stages.push(match step {
            PlannedStep::Restore { model, denoise, detail } => {
                Stage::Restore { model: shared.model(model)?, denoise: *denoise, detail: *detail }
            }
            PlannedStep::Tone { model, strength } => {
                // Advice is about the photo as it was taken, wherever in the recipe the step stands.
                let inputs = shared.tone_inputs(photo);
                Stage::Tone { lut: Arc::new(shared.advice(model, &inputs, cancel)?), strength: *strength }
            }
            PlannedStep::Upscale { model, scale, strength } => {
                let model = if *strength > 0.0 { Some(shared.model(model)?) } else { None };
                Stage::Upscale { model, scale: *scale, strength: *strength }
            }
        });
    }
    Ok(stages)
}

fn crop(picture: &Picture, region: Region) -> Samples {
    let (first, size) = region.corner_and_size();
    picture.colour.part(picture.width, picture.channels.count(), first, size)
}

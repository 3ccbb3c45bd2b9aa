//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pretty_contract::export::{Collision, Format};
use pretty_contract::service::critique::PhotoRegion;

use crate::exit::EXIT_STATUS;

/// Makes photos better on this machine: free, private, without a network. Originals are never written to.
#[derive(Debug, Parser)]
#[command(name = "pretty", version, after_help = EXIT_STATUS, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Enhances photos.
    #[command(after_help = EXIT_STATUS)]
    Enhance(Box<Enhance>),
    /// Lists the devices of this machine and whether their answers can be trusted.
    Devices(Listing),
    /// Lists the models at hand.
    Models(Listing),
    /// Prints a recipe, to be changed and given back with --recipe.
    Recipe(RecipeWanted),
}

/// A list, for people or programs.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Photos, what to do to them, and where results go.
///
/// Without --recipe, --preset or --only, Auto looks at each photo and chooses. --denoise, --detail, --tone, --upscale, --straighten and
/// --crop then change single settings of what was chosen by Auto, recipe or preset.
#[derive(Debug, Args)]
pub(crate) struct Enhance {
    /// Photos, folders (looked through to the bottom) and patterns such as "holiday/*.jpg".
    #[arg(required = true, value_name = "PHOTO")]
    pub(crate) photos: Vec<PathBuf>,
    /// What to do to them.
    #[command(flatten)]
    pub(crate) wish: Wish,
    /// Folder for results, or the result's own name when there is one photo; beside each photo when absent.
    #[arg(long, value_name = "FOLDER|FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Format of results; the photo's own when absent.
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// Quality of JPEG and WebP results; 100 is lossless WebP.
    #[arg(long, default_value_t = 92, value_parser = clap::value_parser!(u8).range(1..=100), value_name = "1-100")]
    pub(crate) quality: u8,
    /// What to do when a file of the result's name exists. The photo itself is never replaced.
    #[arg(long, value_enum, default_value_t = IfExists::Rename)]
    pub(crate) if_exists: IfExists,
    /// Device to use: `cpu`, an id that `pretty devices` lists (checked first), or `auto` for the best one that passes its check.
    #[arg(long, default_value = "cpu", value_name = "ID")]
    pub(crate) device: String,
    /// One JSON object a photo on standard output, as each is done.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do to photos.
#[derive(Debug, Default, Args)]
pub(crate) struct Wish {
    /// A recipe file (see `pretty recipe`).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "only"])]
    pub(crate) recipe: Option<PathBuf>,
    /// A preset that comes with the program (`pretty recipe --list` names them), or `auto`.
    #[arg(long, value_name = "NAME", conflicts_with = "only")]
    pub(crate) preset: Option<String>,
    /// One model at full strength and nothing else (`pretty models` names them). --strength, --straighten and --crop go with it.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["upscale", "denoise", "detail", "tone"])]
    pub(crate) only: Option<String>,
    /// Enlarge this many times; 1 does not. A recipe's or preset's own model makes way for its sibling of that scale.
    #[arg(long, value_name = "1|2|4", value_parser = scale)]
    pub(crate) upscale: Option<u32>,
    /// Multiplies every strength; 0 leaves the photo untouched (an enlargement is then the plain bicubic one).
    #[arg(long, value_name = "0-1", value_parser = strength)]
    pub(crate) strength: Option<f32>,
    /// How much noise and JPEG artefact to take away.
    #[arg(long, value_name = "0-1", value_parser = strength)]
    pub(crate) denoise: Option<f32>,
    /// How much lost detail to bring back.
    #[arg(long, value_name = "0-1", value_parser = strength)]
    pub(crate) detail: Option<f32>,
    /// How much automatic light and colour.
    #[arg(long, value_name = "0-1", value_parser = strength)]
    pub(crate) tone: Option<f32>,
    /// Turn the photo clockwise by so many degrees, keeping the largest part without empty corners.
    #[arg(long, value_name = "DEGREES", value_parser = degrees, allow_negative_numbers = true)]
    pub(crate) straighten: Option<f32>,
    /// Keep this part of the photo: its left and upper edge, width and height, as fractions of the sides (after --straighten).
    #[arg(long, value_name = "X,Y,WIDTH,HEIGHT", value_parser = part)]
    pub(crate) crop: Option<PhotoRegion>,
}

/// Which recipe to print.
#[derive(Debug, Args)]
pub(crate) struct RecipeWanted {
    /// One with every step in it (what is printed when nothing else is asked).
    #[arg(long)]
    pub(crate) show_default: bool,
    /// A preset's.
    #[arg(long, value_name = "NAME", conflicts_with = "show_default")]
    pub(crate) preset: Option<String>,
    /// What Auto would choose for this photo.
    #[arg(long, value_name = "PHOTO", conflicts_with_all = ["show_default", "preset"])]
    pub(crate) auto: Option<PathBuf>,
    /// Names the presets instead.
    #[arg(long, conflicts_with_all = ["show_default", "preset", "auto"])]
    pub(crate) list: bool,
}

/// File format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// 8 bits a channel, no transparency.
    #[value(alias = "jpg")]
    Jpeg,
    /// 8 or 16 bits, transparency.
    Png,
    /// 8 bits, transparency.
    Webp,
    /// 8 or 16 bits, transparency.
    #[value(alias = "tif")]
    Tiff,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Jpeg => Self::Jpeg,
            FormatName::Png => Self::Png,
            FormatName::Webp => Self::Webp,
            FormatName::Tiff => Self::Tiff,
        }
    }
}

/// What to do when a file of the result's name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfExists {
    /// Write beside it under the next free name.
    Rename,
    /// Replace it, in one step.
    Overwrite,
    /// Leave it and do nothing.
    Skip,
}

impl From<IfExists> for Collision {
    fn from(choice: IfExists) -> Self {
        match choice {
            IfExists::Rename => Self::Rename,
            IfExists::Overwrite => Self::Overwrite,
            IfExists::Skip => Self::Skip,
        }
    }
}

fn degrees(text: &str) -> Result<f32, String> {
    let said = || "a number from -45 to 45 is needed".to_owned();
    text.parse().ok().filter(|degrees: &f32| degrees.abs() <= 45.0).ok_or_else(said)
}

fn part(text: &str) -> Result<PhotoRegion, String> {
    let said = || "four numbers from 0 to 1 are needed, and the part must lie inside the photo: 0.1,0,0.8,1".to_owned();
    let numbers: Vec<f32> =
        text.split(',').map(|number| number.trim().parse()).collect::<Result<_, _>>().map_err(|_| said())?;
    let [x, y, width, height] = numbers.try_into().map_err(|_| said())?;
    let part = PhotoRegion { x, y, width, height };
    pretty_photo::Framing::of(0.0, (x, y), (width, height)).map(|_| part).ok_or_else(said)
}

fn strength(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a strength is a number from 0 to 1".to_owned()),
    }
}

fn scale(text: &str) -> Result<u32, String> {
    match text.trim_end_matches(['x', '×']).parse() {
        Ok(value @ (1 | 2 | 4)) => Ok(value),
        _ => Err("photos can be enlarged 2 or 4 times, or (1) not at all".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }

    fn refused(words: &str) -> String {
        Arguments::try_parse_from(words.split(' ')).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        assert!(refused("pretty enhance a.jpg --strength 7").contains("a number from 0 to 1"));
        assert!(refused("pretty enhance a.jpg --denoise NaN").contains("a number from 0 to 1"));
        assert!(refused("pretty enhance a.jpg --straighten 46").contains("-45 to 45"));
        assert!(refused("pretty enhance a.jpg --crop 0.5,0,0.6,1").contains("inside the photo"));
        assert!(refused("pretty enhance a.jpg --crop 0.5,0").contains("four numbers"));
        assert!(refused("pretty enhance a.jpg --upscale 3").contains("2 or 4 times"));
        assert!(refused("pretty enhance a.jpg --only restore --preset enlarge-2x").contains("cannot be used with"));
        for more in ["--denoise 0.5", "--detail 0.5", "--tone 1", "--upscale 2"] {
            let said = refused(&format!("pretty enhance a.jpg --only restore {more}"));
            assert!(said.contains("cannot be used with") && said.contains(&more[..5]), "{said}");
        }
        assert!(
            Arguments::try_parse_from("pretty enhance a.jpg --only restore --strength 0.5 --crop 0,0,1,0.5".split(' '))
                .is_ok()
        );
        assert!(refused("pretty enhance a.jpg --quality 0").contains("1..=100"));
        assert!(refused("pretty enhance").contains("<PHOTO>"));
    }
}

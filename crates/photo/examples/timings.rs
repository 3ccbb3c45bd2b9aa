//! How long each step takes for one photo: `cargo run --release -p pretty-photo --example timings -- PHOTO [FORMAT [QUALITY]]`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use pretty_photo::picture::{Band, Picture, Samples};
use pretty_photo::{Limits, ResultSpec, decode, encode, names, thumbnail, verify_file};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("which photo?")?);
    let format = arguments.next().and_then(|name| names::format_of(PathBuf::from(format!("x.{name}")).as_path()));
    let quality = arguments.next().map_or(Ok(92), |text| text.parse())?;
    let limits = Limits::default();
    for _ in 0..3 {
        let start = Instant::now();
        let photo = decode(&path, &limits)?;
        let decoded = start.elapsed();
        let (width, height) = (photo.picture.width, photo.picture.height);
        let format = format.unwrap_or(photo.facts.writes);
        let (spec, notes) = ResultSpec::for_photo(&photo, width, height, format, quality);
        let folder = std::env::temp_dir();
        let mut pending = pretty_photo::save::PendingResult::create(&folder)?;
        let start = Instant::now();
        let mut bands = bands(&photo.picture);
        let fingerprint = encode(&spec, pending.file(), &mut bands)?;
        let encoded = start.elapsed();
        let start = Instant::now();
        verify_file(pending.file(), &spec, &fingerprint)?;
        let verified = start.elapsed();
        let start = Instant::now();
        pending.file().sync_all()?;
        let synced = start.elapsed();
        let bytes = pending.file().metadata()?.len();
        println!(
            "{width} × {height} {format:?} {quality}: decode {decoded:.0?}, encode {encoded:.0?} ({bytes} bytes), verify {verified:.0?}, sync {synced:.0?} {notes:?}"
        );
    }
    let start = Instant::now();
    let small = thumbnail(&path, 320, &limits)?;
    println!("thumbnail {:.0?} ({} bytes)", start.elapsed(), small.len());
    Ok(())
}

fn bands(picture: &Picture) -> impl Iterator<Item = Result<Band, std::convert::Infallible>> + '_ {
    let rows = 64;
    let channels = picture.channels.count();
    (0..picture.height).step_by(rows as usize).map(move |top| {
        let height = rows.min(picture.height - top);
        let part = |samples: &Samples, stride: usize| {
            let at = top as usize * picture.width as usize * stride
                ..(top + height) as usize * picture.width as usize * stride;
            match samples {
                Samples::Eight(values) => Samples::Eight(values[at].to_vec()),
                Samples::Sixteen(values) => Samples::Sixteen(values[at].to_vec()),
            }
        };
        Ok(Band {
            top,
            height,
            colour: part(&picture.colour, channels),
            alpha: picture.alpha.as_ref().map(|alpha| part(alpha, 1)),
        })
    })
}

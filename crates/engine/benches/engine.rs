//! How close the engine comes to its limits, file to file, on this machine.
//!
//! `cargo bench -p pretty-engine --bench engine` prints a table in Markdown; with `-- --json FILE` it also writes the numbers to a file, with
//! `-- --quick` it takes a photo of 6 megapixels and leaves the largest one out. When a limit is missed the table is printed all the same, and the exit
//! status is 1.
//!
//! Every case runs in a child process of its own, so that its peak memory (VmHWM) is its own. The limit of a case with a model is the best seconds
//! per pixel that the bare model reached in the same run at any tile size, times the photo's pixels without any halo; of light and colour alone it is
//! decoding plus encoding the same file. Bare model and engine take turns and the best of each counts, because other programs only ever slow one
//! down.

#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure must say so and stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pretty_contract::export::{Collision, Format};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Cancel, Engine, EngineConfig, EnhanceRequest, Outcome, Place, Silent, Target, locate};
use pretty_photo::picture::{Band, Channels, Depth, Samples};
use pretty_photo::save::Kept;
use pretty_photo::{Limits, Metadata, ResultSpec, names};

const TILE_SIDES: [usize; 5] = [256, 512, 768, 1024, 1536];

fn stopwatch() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let word = |index: usize| arguments.get(index).map(String::as_str);
    match (word(0), word(1), word(2), word(3)) {
        (Some("bare"), Some(model), Some(rounds), None) => bare(model, rounds.parse().expect("rounds")),
        (Some("case"), Some(recipe), Some(photo), Some(ending)) => case(recipe, Path::new(photo), format(ending)),
        (Some("codec"), Some(photo), None, None) => codec(Path::new(photo)),
        _ => return all(&arguments),
    }
    ExitCode::SUCCESS
}

fn format(ending: &str) -> Format {
    names::format_of(&Path::new("x").with_extension(ending)).unwrap_or_else(|| panic!("no format ends in {ending}"))
}

fn engine() -> Engine {
    let config = EngineConfig {
        runtime_library: locate::runtime_library(None),
        models_folder: locate::models_folder(None),
        memory_budget_bytes: 0,
        stopwatch,
    };
    Engine::open(config).unwrap_or_else(|error| panic!("{error}"))
}

/// A child: best wall and processor seconds a pixel of the bare model, over tile sizes. A round is as many pixels at every size, so that a small tile
/// does not win by one lucky moment.
fn bare(model: &str, rounds: usize) {
    let engine = engine();
    for side in TILE_SIDES {
        let tiles = (TILE_SIDES[TILE_SIDES.len() - 1] / side).pow(2);
        let began = processor_seconds();
        let times = engine.bare_runs(model, side, rounds * tiles, stopwatch).unwrap_or_else(|error| panic!("{error}"));
        let processor = (processor_seconds() - began) / (rounds * tiles + 1) as f64;
        let best =
            times.chunks(tiles).map(|round| round.iter().sum::<Duration>().as_secs_f64()).fold(f64::MAX, f64::min);
        let pixels = (side * side) as f64;
        println!("{side} {:e} {:e}", best / tiles as f64 / pixels, processor / pixels);
    }
}

fn recipe(name: &str) -> Recipe {
    Recipe::new(match name {
        "restore" => vec![Step::Restore { denoise: 1.0, detail: 1.0, model: None }],
        "upscale" => vec![Step::Upscale { scale: 2, strength: 1.0, model: None }],
        "tone" => vec![Step::Tone { strength: 1.0, model: None }],
        other => panic!("no case is called {other}"),
    })
}

/// A child: wall and processor seconds of one photo, file to file, and this process' peak memory in bytes.
fn case(name: &str, photo: &Path, format: Format) {
    let engine = engine();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = Target {
        place: Place::Folder(folder.path().to_path_buf()),
        format: Some(format),
        quality: 92,
        collision: Collision::Rename,
    };
    let limits = Limits::default();
    let request = EnhanceRequest {
        photo: photo.to_path_buf(),
        recipe: recipe(name),
        target,
        device: Some("cpu".into()),
        limits,
        kept: Kept::default(),
    };
    let (wall, processor) = (stopwatch(), processor_seconds());
    let outcome = engine.enhance(&request, &Silent, &Cancel::default()).unwrap_or_else(|error| panic!("{error}"));
    let (wall, processor) = ((stopwatch() - wall).as_secs_f64(), processor_seconds() - processor);
    let Outcome::Saved(_) = outcome else { panic!("it was skipped") };
    println!("{wall:e} {processor:e} {}", peak_memory());
}

/// A child: wall seconds of decoding and of encoding, one after the other, and nothing else; then the processor seconds of both.
fn codec(photo: &Path) {
    let (began, processor) = (stopwatch(), processor_seconds());
    let decoded = pretty_photo::decode(photo, &Limits::default()).expect("the benchmark's own photo");
    let between = stopwatch();
    let mut file = tempfile::tempfile().expect("a temporary file");
    let (width, height) = (decoded.picture.width, decoded.picture.height);
    let (spec, _) = ResultSpec::for_photo(&decoded, width, height, Format::Jpeg, 92);
    let band = Band { top: 0, height, colour: decoded.picture.colour, alpha: None };
    pretty_photo::encode(&spec, &mut file, &mut std::iter::once(Ok::<_, ()>(band))).expect("an encoded photo");
    let (decoding, encoding) = ((between - began).as_secs_f64(), (stopwatch() - between).as_secs_f64());
    println!("{decoding:e} {encoding:e} {:e}", processor_seconds() - processor);
}

/// One line of the table.
struct Row {
    what: String,
    /// Seconds that the case is compared with, and how many times as long it may take where anything is demanded.
    limit: Option<f64>,
    allowed: Option<f64>,
    took: f64,
    processor: Option<f64>,
    peak: u64,
    most: u64,
}

/// Bytes that may be in use for photos of 24 megapixels and of 100.
const MOST: u64 = 1_000_000_000;
const MOST_LARGE: u64 = 1_600_000_000;

const LARGE: (u32, u32) = (12_000, 8_400);

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.took / limit)
    }

    fn is_quick_enough(&self) -> bool {
        self.ratio().zip(self.allowed).is_none_or(|(ratio, allowed)| ratio <= allowed)
    }

    fn is_small_enough(&self) -> bool {
        self.peak <= self.most
    }
}

fn all(arguments: &[String]) -> ExitCode {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rounds = if quick { 1 } else { 3 };
    let size @ (width, height) = if quick { (3000, 2000) } else { (6000, 4000) };
    let photo = synthesise(folder.path(), size, Depth::Eight);
    let pixels = f64::from(width) * f64::from(height);
    let megapixels = format!("{:.0} MP", pixels / 1e6);
    let mut rows = Vec::new();
    for (name, model, title) in [("restore", "restore", "restore 1×"), ("upscale", "upscale-2x", "upscale 2×")] {
        rows.push(model_row((name, model), &photo, pixels, rounds, format!("{title}, {megapixels}")));
    }
    rows.push(tone_row(&photo, rounds + 2, &format!("light and colour, {megapixels}"), MOST));
    let deep = synthesise(folder.path(), size, Depth::Sixteen);
    rows.push(memory_row("restore", &deep, "tif", format!("restore 1×, {megapixels}, TIFF of 16 bits"), None, MOST));
    rows.push(memory_row("upscale", &photo, "webp", format!("upscale 2×, {megapixels}, to WebP"), None, MOST));
    if !quick {
        let large = synthesise(folder.path(), LARGE, Depth::Eight);
        rows.push(tone_row(&large, 2, "light and colour, 101 MP", MOST_LARGE));
        let times = f64::from(LARGE.0) * f64::from(LARGE.1) / pixels;
        for (at, name, title) in [(0, "restore", "restore 1×"), (1, "upscale", "upscale 2×")] {
            // The time is told beside the limit, and nothing is demanded of it: one run says little.
            let limit = rows[at].limit.map(|limit: f64| limit * times);
            rows.push(memory_row(name, &large, "jpg", format!("{title}, 101 MP"), limit, MOST_LARGE));
        }
        let deep = synthesise(folder.path(), LARGE, Depth::Sixteen);
        let what = "restore 1×, 101 MP, TIFF of 16 bits".to_owned();
        rows.push(memory_row("restore", &deep, "tif", what, None, MOST_LARGE));
    }
    print!("{}", table(&rows));
    if let Some(at) = arguments.iter().position(|argument| argument == "--json") {
        let path = arguments.get(at + 1).expect("a file after --json");
        std::fs::write(path, json(&rows)).expect("the file for the numbers");
    }
    let missed: Vec<&Row> = rows.iter().filter(|row| !row.is_quick_enough() || !row.is_small_enough()).collect();
    missed.iter().for_each(|row| eprintln!("Beyond its limit: {}.", row.what));
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A model against what it takes without anything around it.
fn model_row((name, model): (&str, &str), photo: &Path, pixels: f64, rounds: usize, what: String) -> Row {
    let (mut best, mut best_processor, mut took, mut processor, mut peak) = (f64::MAX, f64::MAX, f64::MAX, f64::MAX, 0);
    for _ in 0..rounds {
        for line in child(&["bare", model, "2"]) {
            best = best.min(line[1]);
            best_processor = best_processor.min(line[2]);
        }
        let line = &child(&["case", name, &photo.to_string_lossy(), "jpg"])[0];
        took = took.min(line[0]);
        processor = processor.min(line[1]);
        peak = peak.max(line[2] as u64);
    }
    let processor = Some(processor / (best_processor * pixels));
    Row { what, limit: Some(best * pixels), took, allowed: Some(1.20), processor, peak, most: MOST }
}

/// Light and colour against decoding and encoding.
fn tone_row(photo: &Path, rounds: usize, what: &str, most: u64) -> Row {
    let path = photo.to_string_lossy();
    let (mut codec, mut codec_processor, mut took, mut processor, mut peak) =
        (f64::MAX, f64::MAX, f64::MAX, f64::MAX, 0);
    for _ in 0..rounds {
        let line = &child(&["codec", &path])[0];
        codec = codec.min(line[0] + line[1]);
        codec_processor = codec_processor.min(line[2]);
        let line = &child(&["case", "tone", &path, "jpg"])[0];
        took = took.min(line[0]);
        processor = processor.min(line[1]);
        peak = peak.max(line[2] as u64);
    }
    let processor = Some(processor / codec_processor);
    Row { what: what.into(), limit: Some(codec), took, allowed: Some(1.30), processor, peak, most }
}

/// A case that is run once, for the memory it takes.
fn memory_row(name: &str, photo: &Path, ending: &str, what: String, limit: Option<f64>, most: u64) -> Row {
    let line = &child(&["case", name, &photo.to_string_lossy(), ending])[0];
    Row { what, limit, took: line[0], allowed: None, processor: None, peak: line[2] as u64, most }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| case | limit | took | ratio | allowed | ratio of processor time | peak memory | allowed |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let dash = || "–".to_owned();
    let seconds = |value: f64| format!("{value:.2} s");
    let number = |value: f64| format!("{value:.2}");
    for row in rows {
        let verdict = |fine: bool| if fine { "" } else { " ✗" };
        text.push_str(&format!(
            "| {} | {} | {} | {}{} | {} | {} | {} MB{} | {} MB |\n",
            row.what,
            row.limit.map_or_else(dash, seconds),
            seconds(row.took),
            row.ratio().map_or_else(dash, number),
            verdict(row.is_quick_enough()),
            row.allowed.map_or_else(dash, number),
            row.processor.map_or_else(dash, number),
            row.peak / 1_000_000,
            verdict(row.is_small_enough()),
            row.most / 1_000_000,
        ));
    }
    text.push_str("\nThe limit is the best seconds per pixel of the bare model at any tile size, times the photo's pixels; for light and colour it is decoding plus encoding. JPEG to JPEG at quality 92 where nothing else is said. Where no ratio is allowed, none is demanded: the case is run once, for its memory.\n");
    text
}

fn json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        serde_json::json!({
            "case": row.what, "limit_seconds": row.limit, "seconds": row.took, "ratio": row.ratio(), "allowed_ratio": row.allowed,
            "processor_ratio": row.processor, "peak_bytes": row.peak, "allowed_bytes": row.most,
        })
    };
    serde_json::Value::Array(rows.iter().map(row).collect()).to_string()
}

/// Runs this program again; every line of its answer as numbers.
fn child(arguments: &[&str]) -> Vec<Vec<f64>> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(arguments).output().expect("a child process");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(' ').map(|word| word.parse().expect("a number")).collect()).collect();
    eprintln!("{}: {lines:?}", arguments.join(" "));
    lines
}

/// A photo that no one has taken: a scene of 1500 × 1000 pixels, mirrored until it is large enough. A JPEG, or a TIFF where there are 16 bits.
fn synthesise(folder: &Path, (width, height): (u32, u32), depth: Depth) -> PathBuf {
    let scene = pretty_testkit::scene::picture(1500, 1000, Channels::Rgb, depth, 1);
    let format = if depth == Depth::Sixteen { Format::Tiff } else { Format::Jpeg };
    let path = folder.join(format!("{width}x{height}.{}", names::extension(format)));
    let spec = ResultSpec {
        width,
        height,
        channels: Channels::Rgb,
        depth,
        alpha: false,
        format,
        quality: 92,
        metadata: Metadata::default(),
    };
    let mut file = std::fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .expect("the benchmark's photo");
    let band = |top: u32| -> Result<Band, ()> {
        let colour = match &scene.colour {
            Samples::Eight(tile) => Samples::Eight(mirrored(tile, width, top)),
            Samples::Sixteen(tile) => Samples::Sixteen(mirrored(tile, width, top)),
        };
        Ok(Band { top, height: 1, colour, alpha: None })
    };
    pretty_photo::encode(&spec, &mut file, &mut (0..height).map(band)).expect("an encoded photo");
    path
}

/// A row of a scene that is mirrored at its borders again and again.
fn mirrored<T: Copy>(scene: &[T], width: u32, y: u32) -> Vec<T> {
    let place =
        |at: u32, side: u32| if (at / side).is_multiple_of(2) { at % side } else { side - 1 - at % side } as usize;
    let row = &scene[place(y, 1000) * 4500..][..4500];
    (0..width).flat_map(|x| row[place(x, 1500) * 3..][..3].iter().copied()).collect()
}

/// Peak resident memory of this process in bytes; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

/// Seconds of processor time of this process, all threads; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

// Generated from crates/contract by `cargo xtask contract`. Do not edit: change the Rust types and generate again.

export type Recipe = { 
/**
 * The format's version; [`RECIPE_VERSION`] today.
 */
version: number, 
/**
 * What to do, in this order.
 */
steps: Array<Step>, };

export type Step = { "step": "restore", 
/**
 * How much noise and JPEG artefact to take away, 0 to 1.
 */
denoise: number, 
/**
 * How much lost detail to bring back, 0 to 1.
 */
detail: number, 
/**
 * Model id; the bundled `restore` when absent.
 */
model?: string, } | { "step": "tone", 
/**
 * 0 to 1.
 */
strength: number, 
/**
 * Model id; the bundled `tone` when absent.
 */
model?: string, } | { "step": "upscale", 
/**
 * 2 or 4 with the bundled models.
 */
scale: number, 
/**
 * 0 to 1.
 */
strength: number, 
/**
 * Model id; the bundled model of that scale when absent.
 */
model?: string, };

export type Preset = { 
/**
 * For scripts and translations.
 */
id: string, 
/**
 * For people, in English.
 */
name: string, 
/**
 * What it does.
 */
recipe: Recipe, };

export type Code = "file_missing" | "file_unreadable" | "file_empty" | "not_a_photo" | "file_damaged" | "too_large" | "unsupported_photo" | "recipe_invalid" | "model_refused" | "runtime_unavailable" | "device_failed" | "out_of_memory" | "result_refused" | "target_read_only" | "disk_full" | "target_failed" | "cancelled" | "settings_invalid" | "bad_request" | "internal";

export type Problem = { 
/**
 * What programs branch on.
 */
code: Code, 
/**
 * A sentence for people: what happened, to which photo, what one can do.
 */
message: string, 
/**
 * Whether trying the same again may help.
 */
retryable: boolean, 
/**
 * What was tried, for a report; never holds a token or a picture.
 */
detail?: string, };

export type Format = "jpeg" | "png" | "webp" | "tiff";

export type Collision = "rename" | "overwrite" | "skip";

export type Export = { 
/**
 * The photo's own format when absent (PNG for a photo in a format that cannot be written).
 */
format: Format | null, 
/**
 * 1 to 100, for JPEG and WebP.
 */
quality: number, 
/**
 * Absolute folder; beside the original when absent.
 */
folder: string | null, 
/**
 * What to do when the name is taken.
 */
collision: Collision, };

export type PhotoId = number;

export type Photo = { 
/**
 * Its name here.
 */
id: PhotoId, 
/**
 * File name, for people.
 */
name: string, 
/**
 * Folder, for people.
 */
folder: string, 
/**
 * What is known once it has been opened.
 */
facts: Facts | null, 
/**
 * Where it is in its life.
 */
state: PhotoState, 
/**
 * What Enhance will do to it.
 */
recipe: Recipe, 
/**
 * True while the recipe is the one Auto chose.
 */
auto: boolean, 
/**
 * What Auto found and would choose, once the photo has been looked at.
 */
assessment: Assessment | null, 
/**
 * Path of its thumbnail under the `photo:` scheme, once there is one.
 */
thumbnail: string | null, };

export type Facts = { 
/**
 * Pixels, upright.
 */
width: number, 
/**
 * Pixels, upright.
 */
height: number, 
/**
 * Format of the file, in the field's name ("JPEG").
 */
format: string, 
/**
 * The format in which a result is written unless another is chosen.
 */
writes: Format, 
/**
 * Bits a channel.
 */
bits: number, 
/**
 * Name of the colour profile ("Display P3"); `None` when there is none (taken as sRGB).
 */
profile: string | null, 
/**
 * Size of the file in bytes.
 */
bytes: number, };

export type Assessment = { 
/**
 * What stands out, worst first; empty when nothing does.
 */
findings: Array<Finding>, 
/**
 * What Auto chooses.
 */
recipe: Recipe, };

export type Finding = "low_light" | "too_bright" | "low_contrast" | "colour_cast" | "noise" | "jpeg_artefacts" | "soft_detail" | "small_size";

export type PhotoState = { "kind": "opening" } | { "kind": "ready" } | { "kind": "waiting", 
/**
 * Place in the queue.
 */
position: number, } | { "kind": "working", 
/**
 * 0 to 1, never goes back.
 */
progress: number, 
/**
 * Seconds left as measured on this machine; `None` until there is something to measure.
 */
seconds_left: number | null, } | { "kind": "done", 
/**
 * The result.
 */
result: ResultFile, } | { "kind": "failed", 
/**
 * Why, and what one can do.
 */
problem: Problem, } | { "kind": "skipped", 
/**
 * Absolute path of the file that was there.
 */
path: string, };

export type ResultFile = { 
/**
 * Absolute path.
 */
path: string, 
/**
 * Pixels.
 */
width: number, 
/**
 * Pixels.
 */
height: number, 
/**
 * Size of the file.
 */
bytes: number, 
/**
 * How long it took.
 */
seconds: number, 
/**
 * Which device did it, for people.
 */
device: string, 
/**
 * What had to be done again, and what could not be kept ("JPEG holds no transparency").
 */
notes: Array<string>, 
/**
 * Names the result for `result/…` tiles; changes with the file.
 */
key: string, };

export type View = { 
/**
 * Which photo.
 */
photo: PhotoId, 
/**
 * What to show of it.
 */
recipe: Recipe, 
/**
 * Level of the pyramid.
 */
level: number, 
/**
 * Tiles in view, most wanted first (centre outwards).
 */
tiles: Array<TileAt>, };

export type TileAt = { 
/**
 * Column, from the left.
 */
x: number, 
/**
 * Row, from the top.
 */
y: number, };

export type PreviewTile = { 
/**
 * Which photo.
 */
photo: PhotoId, 
/**
 * Key of the recipe, as given back by `set_view`.
 */
recipe_key: string, 
/**
 * Level of the pyramid.
 */
level: number, 
/**
 * Place in the level.
 */
at: TileAt, 
/**
 * Address under the `photo:` scheme.
 */
address: string, 
/**
 * True when the result will hold exactly these pixels (level 0); false for a reduced stand-in.
 */
is_final: boolean, };

export type Device = { 
/**
 * `cpu`, `webgpu`, `directml`, `coreml`, `cuda`.
 */
id: string, 
/**
 * For people ("This computer's processor").
 */
name: string, 
/**
 * Whether it may be used.
 */
trust: Trust, };

export type Trust = { "kind": "unchecked" } | { "kind": "checking" } | { "kind": "verified", 
/**
 * Largest difference, in steps of 1/255.
 */
max_error: number, 
/**
 * Seconds a megapixel of photo with the restoring model, measured here.
 */
seconds_per_megapixel: number, } | { "kind": "refused", 
/**
 * A sentence.
 */
reason: string, };

export type Settings = { 
/**
 * Id of the device to use; the best verified one when absent.
 */
device: string | null, 
/**
 * Where results go and in which format.
 */
export: Export, };

export type Event = { "event": "photos_added", "data": Array<Photo> } | { "event": "photo_changed", "data": Photo } | { "event": "photos_removed", "data": Array<PhotoId> } | { "event": "queue", "data": Queue } | { "event": "preview_tile", "data": PreviewTile } | { "event": "preview_failed", "data": { 
/**
 * Which photo.
 */
photo: PhotoId, 
/**
 * Why.
 */
problem: Problem, } } | { "event": "devices", "data": Array<Device> } | { "event": "scanned", "data": Scanned };

export type Queue = { 
/**
 * Photos waiting or in work.
 */
open: number, 
/**
 * Photos finished, failed or skipped since the queue was last empty.
 */
closed: number, 
/**
 * 0 to 1 over all photos since the queue was last empty; never goes back.
 */
progress: number, 
/**
 * Seconds left as measured on this machine.
 */
seconds_left: number | null, };

export type Scanned = { 
/**
 * Photos added.
 */
added: number, 
/**
 * Files that were on the list already.
 */
known: number, 
/**
 * Files in folders that are no photos and were passed over.
 */
passed_over: number, 
/**
 * Paths that could not be looked at, with the reason.
 */
problems: Array<Problem>, };

export type Nothing = Record<symbol, never>;

export type AddPhotos = { 
/**
 * Files and folders; folders are looked through to the bottom.
 */
paths: Array<string>, };

export type PhotoIds = { 
/**
 * Which.
 */
photos: Array<PhotoId>, };

export type OnePhoto = { 
/**
 * Which.
 */
photo: PhotoId, };

export type SetRecipe = { 
/**
 * Which.
 */
photos: Array<PhotoId>, 
/**
 * What Enhance will do.
 */
recipe: Recipe, };

export type Enhance = { 
/**
 * Which, in this order.
 */
photos: Array<PhotoId>, 
/**
 * Where results go; the settings' when absent.
 */
export: Export | null, };

export type ViewKey = { 
/**
 * Part of the address of its tiles; equal recipes have equal keys.
 */
recipe_key: string, };

export type Estimate = { 
/**
 * Seconds in all; `None` while nothing has been measured on this machine.
 */
seconds: number | null, 
/**
 * Seconds a photo, in the order asked.
 */
each: Array<number | null>, };

export type Model = { 
/**
 * Its id in recipes.
 */
id: string, 
/**
 * For people.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * `upscale`, `restore` or `tone`.
 */
task: string, 
/**
 * 1, 2 or 4.
 */
scale: number, };

export type Snapshot = { 
/**
 * The program's version.
 */
version: string, 
/**
 * Photos on the list, in order.
 */
photos: Array<Photo>, 
/**
 * The queue.
 */
queue: Queue, 
/**
 * Devices found so far.
 */
devices: Array<Device>, 
/**
 * Models at hand.
 */
models: Array<Model>, 
/**
 * What the person has set.
 */
settings: Settings, 
/**
 * Why nothing can be enhanced here, when that is so (no ONNX Runtime, no models).
 */
trouble: Problem | null, 
/**
 * Something to know that keeps nothing from working (settings that were not understood).
 */
notice?: Problem, };

export const TILE = 512;
export const RECIPE_VERSION = 1;

/** The presets that come with the program, in the order in which they are shown. */
export const PRESETS: Preset[] = [
  {
    "id": "light-and-colour",
    "name": "Light and colour",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "tone",
          "strength": 1.0
        }
      ]
    }
  },
  {
    "id": "clean-up-noise",
    "name": "Clean up noise",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "restore",
          "denoise": 1.0,
          "detail": 0.0
        }
      ]
    }
  },
  {
    "id": "sharpen-detail",
    "name": "Sharpen detail",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "restore",
          "denoise": 0.3,
          "detail": 1.0
        }
      ]
    }
  },
  {
    "id": "enlarge-2x",
    "name": "Enlarge 2×",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "upscale",
          "scale": 2,
          "strength": 1.0
        }
      ]
    }
  },
  {
    "id": "enlarge-4x",
    "name": "Enlarge 4×",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "upscale",
          "scale": 4,
          "strength": 1.0
        }
      ]
    }
  }
];

/** Every command: its request and its reply. */
export interface Commands {
  /** Everything the window needs to draw itself. Sent once at start and after a reload. */
  snapshot: { request: Nothing; reply: Snapshot };
  /** Looks through files and folders and adds the photos in them. Answers at once; `PhotosAdded` and `Scanned` follow. */
  add_photos: { request: AddPhotos; reply: Nothing };
  /** Adds the photo that ships with the app. */
  add_sample: { request: Nothing; reply: Nothing };
  /** Takes photos off the list, cancelling their jobs. Files stay. */
  remove_photos: { request: PhotoIds; reply: Nothing };
  /** Says what Enhance will do to these photos. */
  set_recipe: { request: SetRecipe; reply: Nothing };
  /** Lets Auto choose for these photos again. */
  use_auto: { request: PhotoIds; reply: Nothing };
  /** Says what is on screen; preview tiles follow as events. Work for the view before is dropped. */
  set_view: { request: View; reply: ViewKey };
  /** Nothing is on screen any more. */
  clear_view: { request: Nothing; reply: Nothing };
  /** How long enhancing these photos would take here. */
  estimate: { request: PhotoIds; reply: Estimate };
  /** Puts photos into the queue. */
  enhance: { request: Enhance; reply: Nothing };
  /** Stops the jobs of these photos. */
  cancel: { request: PhotoIds; reply: Nothing };
  /** Stops everything in the queue. */
  cancel_all: { request: Nothing; reply: Nothing };
  /** Shows a photo's result (or the photo, when there is none) in the system's file manager. */
  reveal: { request: OnePhoto; reply: Nothing };
  /** Checks every device again. */
  check_devices: { request: Nothing; reply: Nothing };
  /** Changes settings and keeps them. */
  set_settings: { request: Settings; reply: Settings };
}

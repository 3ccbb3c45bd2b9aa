/**
 * The demo: `npm run dev` with `?fake`, or `npm run build:demo`. Not in what ships.
 *
 * `?fake` starts empty; `&scene=studio|working|done|failed|many` starts with photos; `&pictures=<folder>` takes photos from a served folder
 * that holds a `list.json` of `{name, before, after}`. `&service=…` puts a hosted service behind it (`service-scenes.ts`); without it the build
 * knows none.
 */
import { TILE, type Facts, type Photo } from "../../contract/generated";
import { Pictures } from "./pictures";
import { FakeService } from "./service";
import { serviceScene } from "./service-scenes";
import { fakeResult, FakeStudio } from "./studio";

const SIZES: Record<string, [number, number]> = {};

function factsOf(pictures: Pictures): (path: string) => Facts {
  return (path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const pair = pictures.get(name);
    const ratio = pair ? pair.before.height / pair.before.width : 2 / 3;
    const [width, height] = SIZES[name] ?? [6048, Math.round(6048 * ratio)];
    return { width, height, format: "JPEG", writes: "jpeg", bits: 8, profile: "Display P3", bytes: 11_400_000 };
  };
}

/** Cuts a tile out of a picture that stands for a larger photo. */
function cut(source: Pair["before"], photo: { width: number; height: number }, level: number, x: number, y: number, over?: { source: Pair["after"]; alpha: number }): string {
  const side = TILE * 2 ** level;
  const left = x * side;
  const top = y * side;
  const width = Math.min(side, photo.width - left);
  const height = Math.min(side, photo.height - top);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width / 2 ** level));
  canvas.height = Math.max(1, Math.ceil(height / 2 ** level));
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  const draw = (from: Pair["before"]) => {
    const scale = from.width / photo.width;
    context.drawImage(from, left * scale, top * scale, width * scale, height * scale, 0, 0, canvas.width, canvas.height);
  };
  draw(source);
  if (over) {
    context.globalAlpha = over.alpha;
    draw(over.source);
  }
  return canvas.toDataURL("image/jpeg", 0.9);
}

/** The picture as it is sent for a critique: 1568 pixels on its long edge. */
function whole(source: Pair["before"]): string {
  const scale = Math.min(1, 1568 / Math.max(source.width, source.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(source.width * scale);
  canvas.height = Math.round(source.height * scale);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.9);
}

type Pair = NonNullable<ReturnType<Pictures["get"]>>;

export async function demoHost(search: URLSearchParams): Promise<FakeStudio> {
  const pictures = new Pictures(search.get("pictures"));
  await pictures.start();
  const cache = new Map<string, string>();
  const wished = search.get("service");
  const service = wished === null ? null : new FakeService({ begin: wished === "out" ? "signed_out" : "signed_in", stageMs: 900 / Number(search.get("speed") ?? 1) });
  const studio: FakeStudio = new FakeStudio({
    ...(service === null ? {} : { service }),
    facts: factsOf(pictures),
    opened: (photo: Photo) => pictures.load(photo.name, photo.id).then(() => undefined),
    speed: Number(search.get("speed") ?? 1),
    choosePhotos: () => Array.from({ length: 5 }, (_, index) => `/home/mara/Pictures/P10403${10 + index}.jpg`),
    chooseFolder: () => "/home/mara/Pictures/Lake",
    trouble:
      search.get("scene") === "trouble"
        ? { code: "runtime_unavailable", message: "ONNX Runtime, which came with the app, cannot be loaded: nothing can be enhanced here. Install the app again.", retryable: false }
        : null,
    url: (address) => {
      const known = cache.get(address);
      if (known !== undefined) return known;
      const made = make(address);
      cache.set(address, made);
      return made;
    },
  });

  function make(address: string): string {
    const [kind, first, ...rest] = address.split("/");
    const id = kind === "result" ? Number(/^[ro](\d+)/.exec(first ?? "")?.[1]) : Number(first);
    const photo = studio.photos.get(id);
    const pair = photo && pictures.get(photo.name);
    if (!photo || !pair || !photo.facts) return "data:,";
    const facts = photo.facts;
    if (kind === "whole") return whole(pair.after);
    if (kind === "whole-before" || kind === "copy") return whole(pair.before);
    if (kind === "thumb") return cut(photo.state.kind === "done" ? pair.after : pair.before, facts, 4, 0, 0);
    if (kind === "result") {
      const scale = Number(first?.split("-")[1] ?? 1);
      const [level, x, y] = rest.map(Number);
      // A file looked at beside its result is the photo as it was.
      return cut(first?.startsWith("o") ? pair.before : pair.after, { width: facts.width * scale, height: facts.height * scale }, level!, x!, y!);
    }
    const [level, x, y] = rest.slice(-3).map(Number);
    // The demo's pictures stand for a whole photo: a part of it is shown as the whole.
    if (kind === "source" || kind === "framed") return cut(pair.before, facts, level!, x!, y!);
    const recipe = studio.recipes.get(rest[0] ?? "");
    const strength = (recipe?.steps ?? []).reduce((sum, step) => sum + (step.step === "restore" ? step.denoise + step.detail : step.step === "tone" ? step.strength : 0), 0);
    return cut(pair.before, facts, level!, x!, y!, { source: pair.after, alpha: Math.min(1, strength / 1.1) });
  }

  await scene(studio, pictures, search.get("scene") ?? "");
  if (service !== null) serviceScene(service, wished ?? "");
  // For the developer's console and for scripts that take pictures.
  (window as unknown as { demo: FakeStudio }).demo = studio;
  return studio;
}

async function scene(studio: FakeStudio, pictures: Pictures, name: string): Promise<void> {
  if (name === "" || name === "trouble") return;
  const listed = pictures.names();
  const count = name === "many" ? 500 : Math.max(12, listed.length);
  const names = Array.from({ length: count }, (_, index) => listed[index] ?? `P10402${String(24 + index).padStart(2, "0")}.jpg`);
  const shown = name === "many" ? names.slice(0, 8) : names;
  await Promise.all(shown.map((one, index) => pictures.load(one, index + 1)));
  names.forEach((one, index) => {
    if (name === "many" && index >= 8) void pictures.load(one, (index % 8) + 1);
    const photo = studio.put(`/home/mara/Pictures/${one}`);
    if (name === "many") return;
    if (index < 3) studio.change(photo.id, { state: { kind: "done", result: fakeResult(photo, 18 - index) } });
    else if (index === 3 && name !== "done") studio.change(photo.id, { state: { kind: "working", progress: 0.62, seconds_left: 7 } });
    else if (index === 4 && name !== "done") studio.change(photo.id, { state: { kind: "waiting", position: 1 } });
    else if (index === 5) {
      const message = `${one} ends after 61 % of its data, so the lower part cannot be read. The other photos went on.`;
      studio.change(photo.id, { state: { kind: "failed", problem: { code: "file_damaged", message, retryable: false } } });
    }
  });
  if (name === "working" || name === "studio") studio.frozen = true;
}

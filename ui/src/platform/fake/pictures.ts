/** Pictures for the demo: painted on a canvas, or photos from a folder that the developer serves beside it. */
export interface Pair {
  before: CanvasImageSource & { width: number; height: number };
  after: CanvasImageSource & { width: number; height: number };
}

interface Listed {
  name: string;
  before: string;
  after: string;
}

const SIDE = 1536;
/** Paintings take a moment each; a long list shows the same few again. */
const PAINTINGS = 8;

/** A landscape with a sky, hills and a lake; the same for the same number. */
function paint(seed: number, after: boolean): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = (SIDE * 2) / 3;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  let state = seed * 2654435761 + 1;
  const random = () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const { width, height } = canvas;
  const hue = 190 + random() * 40;
  const sky = context.createLinearGradient(0, 0, 0, height * 0.62);
  sky.addColorStop(0, `hsl(${hue} 62% 52%)`);
  sky.addColorStop(1, `hsl(${hue - 150 * random()} 58% 82%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  for (let ridge = 0; ridge < 4; ridge += 1) {
    const base = height * (0.4 + ridge * 0.07);
    context.beginPath();
    context.moveTo(0, height);
    const waves = [1, 2, 5, 11].map((count) => ({ count: count * (0.6 + random()), phase: random() * 7, size: (90 / count) * (0.5 + random()) }));
    for (let x = 0; x <= width; x += 4) {
      context.lineTo(x, base + waves.reduce((sum, wave) => sum + Math.sin((x / width) * wave.count * 6.28 + wave.phase) * wave.size, 0));
    }
    context.lineTo(width, height);
    context.fillStyle = `hsl(${hue - 60 - ridge * 18} ${22 + ridge * 8}% ${58 - ridge * 11}%)`;
    context.fill();
  }
  const lake = context.createLinearGradient(0, height * 0.72, 0, height);
  lake.addColorStop(0, `hsl(${hue} 40% 58%)`);
  lake.addColorStop(1, `hsl(${hue + 8} 52% 26%)`);
  context.fillStyle = lake;
  context.fillRect(0, height * 0.74, width, height * 0.26);
  for (let line = 0; line < 160; line += 1) {
    context.fillStyle = `rgba(255, 255, 255, ${0.02 + random() * 0.08})`;
    context.fillRect(random() * width, height * (0.75 + random() * 0.25), 30 + random() * 160, 1.5);
  }
  if (!after) {
    context.fillStyle = "rgba(96, 88, 78, 0.42)";
    context.fillRect(0, 0, width, height);
    for (let dot = 0; dot < 90_000; dot += 1) {
      context.fillStyle = random() < 0.5 ? "rgba(0, 0, 0, 0.14)" : "rgba(255, 255, 255, 0.12)";
      context.fillRect(random() * width, random() * height, 2, 2);
    }
  }
  return canvas;
}

function image(url: string): Promise<HTMLImageElement> {
  const element = new Image();
  element.src = url;
  return element.decode().then(() => element);
}

export class Pictures {
  #listed: Listed[] = [];
  #folder: string | null;
  #pairs = new Map<string, Promise<Pair>>();
  #painted = new Map<number, Pair>();
  #ready = new Map<string, Pair>();

  constructor(folder: string | null) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    if (this.#folder !== null) this.#listed = (await (await fetch(`${this.#folder}/list.json`)).json()) as Listed[];
  }

  /** Names to put on the list. */
  names(): string[] {
    return this.#listed.map((one) => one.name);
  }

  load(name: string, seed: number): Promise<Pair> {
    const known = this.#pairs.get(name);
    if (known) return known;
    const listed = this.#listed.find((one) => one.name === name);
    const pair: Promise<Pair> = listed
      ? Promise.all([image(`${this.#folder}/${listed.before}`), image(`${this.#folder}/${listed.after}`)]).then(([before, after]) => ({ before, after }))
      : Promise.resolve(this.#paintedOne(seed % PAINTINGS));
    this.#pairs.set(name, pair);
    void pair.then((loaded) => this.#ready.set(name, loaded));
    return pair;
  }

  #paintedOne(seed: number): Pair {
    const pair = this.#painted.get(seed) ?? { before: paint(seed, false), after: paint(seed, true) };
    this.#painted.set(seed, pair);
    return pair;
  }

  get(name: string): Pair | null {
    return this.#ready.get(name) ?? null;
  }
}

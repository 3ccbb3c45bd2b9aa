/**
 * The photo whose crop is being drawn. Every stroke is an edit of its own, so that nothing has to be taken over at the end; giving up goes back to
 * what was there at the beginning.
 */
import type { Photo, PhotoId } from "../contract/generated";
import { shaped, shapeOf, SHAPES, tidy, WHOLE_PART, type Part, type Shape } from "./crop-part";
import type { RecipeEdits } from "./edits.svelte";
import { cropOf, framedSize, framingOf, uncut, WHOLE_PHOTO, type Crop } from "./framing";

export class Cropping {
  #edits: RecipeEdits;
  #begun = $state.raw<{ photo: PhotoId; crop: Crop | null } | null>(null);
  /** Stays from one photo to the next. */
  shape = $state<Shape>(SHAPES[0]);
  /** Whether the shape stands; as the photo does, until somebody turns it. */
  upright = $state(false);

  constructor(edits: RecipeEdits) {
    this.#edits = edits;
  }

  /** Whether this photo's crop can be drawn: there is something to draw on. */
  able(photo: Photo | null): photo is Photo {
    return photo !== null && photo.facts !== null && photo.state.kind !== "failed";
  }

  /** Whether this photo's crop is being drawn. */
  of(photo: Photo | null): boolean {
    return this.able(photo) && this.#begun?.photo === photo.id;
  }

  begin(photo: Photo): void {
    this.upright = photo.facts !== null && photo.facts.height > photo.facts.width;
    this.#begun = { photo: photo.id, crop: cropOf(this.#edits.recipe(photo)) };
  }

  /** Begins, or ends what has been begun. */
  toggle(photo: Photo | null): void {
    if (this.of(photo)) this.end();
    else if (this.able(photo)) this.begin(photo);
  }

  end(): void {
    this.#begun = null;
  }

  giveUp(photo: Photo): void {
    const before = this.#begun;
    this.end();
    if (before?.photo === photo.id) this.#edits.crop([photo], { ...WHOLE_PHOTO, ...before.crop });
  }

  /** The part that is kept. */
  part(photo: Photo): Part {
    return cropOf(this.#edits.recipe(photo)) ?? WHOLE_PART;
  }

  set(photo: Photo, { x, y, width, height }: Part): void {
    this.#edits.crop([photo], tidy({ x, y, width, height }));
  }

  /** Brings the part into a shape; from here on it keeps it. */
  choose(photo: Photo, shape: Shape, upright: boolean): void {
    [this.shape, this.upright] = [shape, upright];
    const whole = framedSize(photo.facts ?? { width: 1, height: 1 }, framingOf(uncut(this.#edits.recipe(photo))));
    const chosen = shapeOf(shape, upright, whole);
    if (chosen !== null) this.set(photo, shaped(this.part(photo), chosen));
  }

  /** Whether the shape is another one when it is turned. */
  get turns(): boolean {
    return this.shape !== "free" && this.shape !== "1:1";
  }

  turnShape(photo: Photo): void {
    if (this.turns) this.choose(photo, this.shape, !this.upright);
  }

  /** The whole photo again, which has its own shape: no other may be held to. */
  keepAll(photo: Photo): void {
    this.shape = "free";
    this.set(photo, WHOLE_PART);
  }
}

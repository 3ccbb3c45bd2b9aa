/** The words of the language in use. There is one so far; a second is a second {@link Catalogue} and a choice here. */
import { en, type Catalogue } from "./en";

export type { Catalogue } from "./en";
export { aboutDuration, duration } from "./durations";
export * from "./dates";
export * from "./numbers";

export const words: Catalogue = en;

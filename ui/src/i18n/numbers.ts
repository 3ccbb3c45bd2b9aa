/** Numbers for people. */
import type { Format } from "../contract/generated";

/** "24.4 MP", "0.3 MP". */
export function megapixels(width: number, height: number): string {
  const millions = (width * height) / 1e6;
  return `${millions < 10 ? Math.max(0.1, millions).toFixed(1) : millions < 100 ? millions.toFixed(1) : millions.toFixed(0)} MP`;
}

/** "6048 × 4032". */
export function size(width: number, height: number): string {
  return `${width} × ${height}`;
}

/** "62 %", whole, never above 100. */
export function percent(fraction: number): string {
  return `${Math.round(Math.min(1, Math.max(0, fraction)) * 100)} %`;
}

/** Percent of a zoom: whole, and one decimal below ten, so that a step still shows. */
export function zoomPercent(zoom: number): string {
  const value = zoom * 100;
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} %`;
}

/** "4.2 MB". */
export function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** "1st", "2nd", "3rd", "11th". */
export function ordinal(place: number): string {
  const tail = place % 100;
  if (tail >= 11 && tail <= 13) return `${place}th`;
  return `${place}${["th", "st", "nd", "rd"][place % 10] ?? "th"}`;
}

const FORMATS: Record<Format, string> = { jpeg: "JPEG", png: "PNG", webp: "WebP", tiff: "TIFF" };

export function formatName(format: Format): string {
  return FORMATS[format];
}

/** Whether a format has a quality to choose. */
export function hasQuality(format: Format): boolean {
  return format === "jpeg" || format === "webp";
}

/** Which device does the work, and what is to be said of each. Pure. */
import type { Device, Settings } from "../contract/generated";

/** The device that would be used now: the chosen one when it is verified, else the fastest verified, else none. */
export function deviceInUse(devices: readonly Device[], settings: Settings): Device | null {
  const verified = devices.filter((device) => device.trust.kind === "verified");
  const chosen = verified.find((device) => device.id === settings.device);
  if (chosen) return chosen;
  return verified.reduce<Device | null>((best, device) => (best === null || secondsOf(device) < secondsOf(best) ? device : best), null);
}

function secondsOf(device: Device): number {
  return device.trust.kind === "verified" ? device.trust.seconds_per_megapixel : Infinity;
}

/** The device to name while none is verified: the chosen one, else one that is being checked, else the first. */
export function deviceToName(devices: readonly Device[], settings: Settings): Device | null {
  return (
    deviceInUse(devices, settings) ??
    devices.find((device) => device.id === settings.device) ??
    devices.find((device) => device.trust.kind === "checking") ??
    devices[0] ??
    null
  );
}

/** The processor is what the others are compared with. */
export function isReference(device: Device): boolean {
  return device.id === "cpu";
}

/** How fast a device is beside the fastest, 0 to 1; null when it has no speed. */
export function relativeSpeed(device: Device, devices: readonly Device[]): number | null {
  const own = secondsOf(device);
  if (!Number.isFinite(own) || own <= 0) return null;
  const best = Math.min(...devices.map(secondsOf));
  return best / own;
}

/** Short words for a device's verdict. */
import type { Device } from "../../contract/generated";
import type { Catalogue } from "../../i18n/en";
import { isReference } from "../../state/devices";

export function verdictWord(device: Device, words: Catalogue["device"]): string {
  switch (device.trust.kind) {
    case "verified":
      return isReference(device) ? words.reference : words.verified;
    case "refused":
      return words.refused;
    case "checking":
      return words.checking;
    case "unchecked":
      return words.unchecked;
  }
}

export function verdictTitle(device: Device, words: Catalogue["device"]): string {
  switch (device.trust.kind) {
    case "verified":
      return isReference(device) ? words.referenceTitle : words.verifiedTitle;
    case "refused":
      return words.refusedTitle;
    case "checking":
      return words.checkingTitle;
    case "unchecked":
      return words.uncheckedTitle;
  }
}

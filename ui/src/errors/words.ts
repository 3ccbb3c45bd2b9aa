/**
 * The one table that turns an error's code into words and a way out. `message` of a problem already is a sentence that names the file;
 * the table adds three words for the strip, advice, and the action that makes sense.
 */
import type { Code, Problem } from "../contract/generated";

/** What the window offers beside the sentence. Removing from the list is always possible. */
export type Action = "retry" | "choose_target" | "check_devices" | "none";

export interface ErrorWords {
  /** Three words or so, for the strip. */
  title: string;
  /** What one can do, as a sentence. */
  advice: string;
  action: Action;
}

export const ERROR_WORDS: Record<Code, ErrorWords> = {
  file_missing: { title: "File is gone", advice: "Put the file back where it was, or remove the photo from the list.", action: "retry" },
  file_unreadable: { title: "May not read", advice: "Check the file's permissions, then try again.", action: "retry" },
  file_empty: { title: "File is empty", advice: "Copy the photo again from where it came from.", action: "retry" },
  not_a_photo: { title: "Not a photo", advice: "Save it as a JPEG, PNG or TIFF and add that one, or take it off the list.", action: "none" },
  file_damaged: { title: "File is damaged", advice: "Copy the photo again from the camera or from a backup.", action: "retry" },
  too_large: { title: "Too large", advice: "Make a smaller copy and add that one.", action: "none" },
  unsupported_photo: { title: "Cannot read yet", advice: "Save the photo as an ordinary JPEG, PNG or TIFF and add that one.", action: "none" },
  recipe_invalid: { title: "Recipe not understood", advice: "Choose a preset to start anew.", action: "none" },
  model_refused: { title: "Model was refused", advice: "Install the app again: a file that came with it has changed or is missing.", action: "retry" },
  runtime_unavailable: { title: "Runtime is missing", advice: "Install the app again: ONNX Runtime, which came with it, cannot be loaded.", action: "retry" },
  device_failed: { title: "Device has failed", advice: "Choose another device, or let the app check them again.", action: "check_devices" },
  out_of_memory: { title: "Too little memory", advice: "Close other programs, or enlarge less, then try again.", action: "retry" },
  result_refused: { title: "Result was refused", advice: "The result failed its check and was not saved. Try again, or choose another device.", action: "retry" },
  target_read_only: { title: "Folder is locked", advice: "Choose another folder for results under Export, then try again.", action: "choose_target" },
  disk_full: { title: "Disk is full", advice: "Make room, or choose another folder for results, then try again.", action: "choose_target" },
  target_failed: { title: "Could not save", advice: "Check that the folder for results is still there, then try again.", action: "choose_target" },
  cancelled: { title: "Stopped", advice: "Nothing was written. Enhance it again whenever you like.", action: "retry" },
  settings_invalid: { title: "Settings not understood", advice: "Choose the settings again. Nothing else was changed.", action: "none" },
  offline: { title: "Offline by choice", advice: "Switch offline off on the Privacy page; waiting jobs then go on.", action: "none" },
  signed_out: { title: "Not signed in", advice: "Sign in on the Account page. Work on this computer needs no account.", action: "none" },
  sign_in_failed: { title: "Not signed in", advice: "Start the sign-in again from the Account page.", action: "none" },
  keychain_unavailable: { title: "Keychain is locked", advice: "Unlock the system's keychain. Until then you stay signed in only while the app is open.", action: "none" },
  service_unreachable: { title: "No connection", advice: "Check the network. The app goes on by itself once the service answers.", action: "retry" },
  connection_intercepted: { title: "Connection not safe", advice: "Open the network's own sign-in page in a browser, then try again.", action: "retry" },
  service_not_understood: { title: "Answer not understood", advice: "Look for a newer version of the app.", action: "retry" },
  service_failed: { title: "Service has trouble", advice: "Try again in some minutes. Nothing was charged.", action: "retry" },
  service_refused: { title: "Service refused", advice: "Read the reason, change what it names, then try again.", action: "none" },
  not_there: { title: "Not there anymore", advice: "It was deleted, here or on another device.", action: "none" },
  rate_limited: { title: "Too many tries", advice: "Wait some minutes, then try again.", action: "retry" },
  price_changed: { title: "Price has changed", advice: "Look at the new price and say yes or no. Nothing was charged.", action: "none" },
  not_enough_credits: { title: "Too few credits", advice: "Buy credits on the Account page, then try again.", action: "none" },
  over_cap: { title: "Over your cap", advice: "Raise the spending cap on the Account page, or wait for next month.", action: "none" },
  consent_needed: { title: "Consent is missing", advice: "Look at what is sent and to whom, then agree to it.", action: "none" },
  policy_not_accepted: { title: "Policy has changed", advice: "Read the new privacy policy on the Privacy page and accept it.", action: "none" },
  job_failed: { title: "Job has failed", advice: "Nothing was charged. Try it again.", action: "retry" },
  bad_request: { title: "App is faulty", advice: "Close the app and open it again.", action: "none" },
  internal: { title: "App is faulty", advice: "Try again. If it comes back, close the app and open it again.", action: "retry" },
};

/**
 * Advice to add to a problem's own words; null when those say what one can do already. They begin with what happened: a second sentence is
 * the advice, and closer to the case than the table's.
 */
export function adviceFor(problem: Problem): string | null {
  const saysMore = /[.!?][”"’')\]]*\s+\S/.test(problem.message);
  return saysMore ? null : errorWords(problem).advice;
}

/** Whether to offer another try. */
export function worthRetrying(problem: Problem): boolean {
  return problem.retryable || errorWords(problem).action === "retry";
}

/** Words for a problem; a code from a newer program than this window gets those of a fault. */
export function errorWords(problem: Problem): ErrorWords {
  return ERROR_WORDS[problem.code] ?? ERROR_WORDS.internal;
}

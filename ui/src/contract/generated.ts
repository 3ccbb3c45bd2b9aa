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

export type Step = { "step": "crop", 
/**
 * Clockwise, −45 to 45.
 */
degrees: number, 
/**
 * The part's left edge, as a fraction of the turned photo's width.
 */
x: number, 
/**
 * Its upper edge, as a fraction of the height.
 */
y: number, 
/**
 * Its width, as a fraction of the width.
 */
width: number, 
/**
 * Its height, as a fraction of the height.
 */
height: number, } | { "step": "restore", 
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

export type Code = "file_missing" | "file_unreadable" | "file_empty" | "not_a_photo" | "file_damaged" | "too_large" | "unsupported_photo" | "recipe_invalid" | "model_refused" | "runtime_unavailable" | "device_failed" | "out_of_memory" | "result_refused" | "target_read_only" | "disk_full" | "target_failed" | "cancelled" | "settings_invalid" | "offline" | "signed_out" | "sign_in_failed" | "keychain_unavailable" | "service_unreachable" | "connection_intercepted" | "service_not_understood" | "service_failed" | "service_refused" | "not_there" | "rate_limited" | "price_changed" | "not_enough_credits" | "over_cap" | "consent_needed" | "policy_not_accepted" | "job_failed" | "bad_request" | "internal";

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

export type Account = { 
/**
 * Id.
 */
id: string, 
/**
 * What the person wants to be called.
 */
name: string, 
/**
 * Where letters go.
 */
email: string, 
/**
 * When it began.
 */
created_at: number, 
/**
 * False while Google is the only way in.
 */
has_password: boolean, 
/**
 * Whether signing in with Google works.
 */
google_linked: boolean, 
/**
 * Credits.
 */
credits: Balance, 
/**
 * The device that asks.
 */
device_id: string, 
/**
 * Letters to the address come back: another one is needed.
 */
email_returned: boolean, 
/**
 * What is paid for.
 */
plan: CurrentPlan, 
/**
 * Which privacy policy was accepted.
 */
policy: PolicyState, 
/**
 * Present while the account waits to be deleted.
 */
deletion?: Deletion, };

export type Balance = { 
/**
 * Can be spent.
 */
available: number, 
/**
 * Set aside for jobs that have not ended.
 */
held: number, 
/**
 * Set aside while a payment is disputed.
 */
frozen: number, 
/**
 * Owed, because a payment was taken back after the credits were spent.
 */
debt: number, };

export type CreditEntry = { 
/**
 * Id, sorts by time.
 */
id: string, 
/**
 * `grant`, `hold`, `capture`, `release`, `expire`, `claim` or `close`.
 */
kind: string, 
/**
 * What kind of thing caused it.
 */
cause_type: string, 
/**
 * Which.
 */
cause_id: string, 
/**
 * When.
 */
at: number, 
/**
 * Change of what can be spent.
 */
available: number, 
/**
 * Change of what is held.
 */
held: number, 
/**
 * Change of what is frozen.
 */
frozen: number, 
/**
 * Change of the debt.
 */
debt: number, };

export type SignedInDevice = { 
/**
 * Id.
 */
id: string, 
/**
 * `app` or `browser`.
 */
kind: string, 
/**
 * For people.
 */
name: string, 
/**
 * When it was signed in.
 */
created_at: number, 
/**
 * When it was heard of last.
 */
seen_at: number, 
/**
 * Whether it is the one that asks.
 */
this: boolean, };

export type PolicyState = { 
/**
 * The version in force.
 */
current: string, 
/**
 * The version that was accepted last.
 */
accepted?: string, 
/**
 * Whether it must be accepted before the next job.
 */
must_accept: boolean, };

export type Deletion = { 
/**
 * When it was asked for.
 */
asked_at: number, 
/**
 * Until then it can be undone.
 */
final_at: number, };

export type Catalogue = { 
/**
 * Three letters, lower case.
 */
currency: string, 
/**
 * Credits to buy once.
 */
packs: Array<Pack>, 
/**
 * Plans by the month.
 */
plans: Array<Plan>, };

export type Pack = { 
/**
 * What an order names.
 */
code: string, 
/**
 * For people.
 */
name: string, 
/**
 * What it brings.
 */
credits: number, 
/**
 * Smallest units of the currency.
 */
price_minor: number, };

export type Plan = { 
/**
 * What an order names.
 */
code: string, 
/**
 * For people.
 */
name: string, 
/**
 * What each payment brings.
 */
credits_monthly: number, 
/**
 * Smallest units of the currency, each interval.
 */
price_minor: number, 
/**
 * `month`.
 */
interval: string, };

export type Order = { 
/**
 * Its id.
 */
id: string, 
/**
 * Code of what is bought.
 */
product: string, 
/**
 * What it is called.
 */
product_name: string, 
/**
 * How far it is.
 */
state: OrderState, 
/**
 * Where to pay, while that is possible.
 */
checkout_url: string | null, 
/**
 * What it brings; for a plan, with each payment.
 */
credits: number, 
/**
 * Smallest units of the currency.
 */
price_minor: number, 
/**
 * Smallest units that went back.
 */
refunded_minor: number, 
/**
 * Three letters, lower case.
 */
currency: string, 
/**
 * When.
 */
created_at: number, 
/**
 * When it was paid.
 */
paid_at: number | null, 
/**
 * Until when it can be withdrawn from; none when it cannot.
 */
withdraw_until: number | null, };

export type OrderState = "created" | "open" | "paid" | "fulfilled" | "expired" | "failed" | "refunded" | "quarantined" | "unknown";

export type Withdrawal = { 
/**
 * What goes back: the part of the price that goes with the credits not used.
 */
refund_minor: number, 
/**
 * Three letters, lower case.
 */
currency: string, 
/**
 * Credits that go.
 */
credits_taken: number, 
/**
 * Until when.
 */
until: number, 
/**
 * For the second step; good for these numbers only.
 */
confirm_token: string, };

export type PlanName = "free" | "pro" | "unknown";

export type PlanState = "none" | "active" | "ending" | "past_due" | "unknown";

export type CurrentPlan = { 
/**
 * Which.
 */
name: PlanName, 
/**
 * How it is with it.
 */
state: PlanState, 
/**
 * When the next payment is due.
 */
renews_at: number | null, 
/**
 * When it ends, unless something is done.
 */
ends_at: number | null, };

export type JobKind = "critique" | "enhance" | "compare" | "unknown";

export type Price = { 
/**
 * What it does.
 */
kind: JobKind, 
/**
 * Which way ("standard", "upscale_4x").
 */
variant: string, 
/**
 * Credits.
 */
credits: number, };

export type Sends = { 
/**
 * The company that sees it, through the service ("Anthropic").
 */
to: string, 
/**
 * The copy is no longer than this, in pixels.
 */
long_edge: number, 
/**
 * How the copy is written.
 */
media_type: string, };

export type JobOptions = { 
/**
 * How strict a critique is: `gentle`, `balanced` or `strict`.
 */
strictness?: string, 
/**
 * What the photo is meant as ("portrait", "street", …).
 */
genre?: string, 
/**
 * The job whose critique this one is measured against.
 */
previous?: string, 
/**
 * Camera settings as text, for a critique; never a place.
 */
camera?: string, };

export type Critique = { 
/**
 * In a sentence or two.
 */
summary: string, 
/**
 * What is good.
 */
strengths: Array<string>, 
/**
 * What could be better, numbered as the pins are.
 */
findings: Array<CritiqueFinding>, 
/**
 * One a dimension.
 */
scores: Array<Score>, 
/**
 * What to do about it.
 */
suggestions: Array<Suggestion>, 
/**
 * Who said it: a model's id, or "sandbox measurements".
 */
measured_by: string, 
/**
 * As asked for.
 */
strictness: string, 
/**
 * As asked for, or as it was taken.
 */
genre: string, 
/**
 * Against the critique before, where there was one.
 */
changes?: Array<CritiqueChange>, };

export type CritiqueFinding = { 
/**
 * On its pin; from 1.
 */
number: number, 
/**
 * Of what it speaks.
 */
dimension: Dimension, 
/**
 * A few words.
 */
title: string, 
/**
 * A sentence or two.
 */
text: string, 
/**
 * What it is seen by.
 */
evidence: string, 
/**
 * Where; nowhere in particular when absent.
 */
region?: PhotoRegion, 
/**
 * How sure it is.
 */
confidence: Confidence, 
/**
 * How much it matters.
 */
severity: Confidence, };

export type Dimension = "composition" | "light" | "colour" | "focus" | "subject" | "moment" | "technique" | "unknown";

export type Confidence = "low" | "medium" | "high" | "unknown";

export type PhotoRegion = { 
/**
 * Left edge, 0 to 1.
 */
x: number, 
/**
 * Upper edge, 0 to 1.
 */
y: number, 
/**
 * 0 to 1.
 */
width: number, 
/**
 * 0 to 1.
 */
height: number, };

export type Score = { 
/**
 * Which.
 */
dimension: Dimension, 
/**
 * 1 to 10.
 */
score: number, 
/**
 * Why.
 */
reason: string, };

export type Suggestion = { 
/**
 * The number of the finding that it answers.
 */
finding?: number, 
/**
 * A sentence.
 */
text: string, 
/**
 * What a machine can do of it; nothing when absent, or when this program does not know how.
 */
action?: SuggestedAction, };

export type SuggestedAction = { "recipe": Step } | { "crop": PhotoRegion } | { "straighten": { 
/**
 * Clockwise.
 */
degrees: number, } };

export type CritiqueChange = { 
/**
 * Which.
 */
dimension: Dimension, 
/**
 * `better`, `same` or `worse`.
 */
direction: string, 
/**
 * In a sentence.
 */
text: string, };

export type Comparison = { 
/**
 * In a sentence or two.
 */
summary: string, 
/**
 * 0 for the first photo, 1 for the second; absent when neither is.
 */
stronger?: number, 
/**
 * One a dimension.
 */
reasons: Array<ComparedDimension>, 
/**
 * Who said it.
 */
measured_by: string, };

export type ComparedDimension = { 
/**
 * Which.
 */
dimension: Dimension, 
/**
 * 0 for the first photo, 1 for the second; absent when neither is.
 */
stronger?: number, 
/**
 * Why.
 */
text: string, };

export type ExportState = "making" | "ready" | "gone" | "failed" | "unknown";

export type Online = { 
/**
 * Whether anything may leave this computer, and whether the service answers.
 */
connection: Connection, 
/**
 * Who is signed in.
 */
account: AccountState, 
/**
 * Where the person is signed in; this computer first. Empty until it was fetched.
 */
devices: Array<SignedInDevice>, 
/**
 * What can be bought. Absent until it was fetched.
 */
catalogue: Catalogue | null, 
/**
 * What jobs cost today. Empty until it was fetched; a quote counts, not this.
 */
prices: Array<Price>, 
/**
 * What was ordered, newest first.
 */
orders: Array<Order>, 
/**
 * The archive of the person's data, when one was asked for here.
 */
export: DataExport | null, 
/**
 * What the person has agreed to and how much may be spent.
 */
spending: Spending, 
/**
 * Totals of what has left this computer.
 */
sent: SentTotals, 
/**
 * Whether counts of use are sent. Off unless switched on.
 */
usage: boolean, };

export type Connection = { 
/**
 * The person's switch: while it is on, no connection is opened at all and cloud jobs wait.
 */
offline: boolean, 
/**
 * How the service was when it was last asked.
 */
service: Reach, 
/**
 * True for a service that only pretends: no money, no providers.
 */
sandbox: boolean, 
/**
 * When everything was last brought up to date, microseconds since 1970 by the service's clock.
 */
synced_at: number | null, 
/**
 * Why the service cannot be used just now, in a sentence.
 */
problem: Problem | null, };

export type Reach = "not_asked" | "connecting" | "connected" | "unreachable";

export type AccountState = { "kind": "no_service" } | { "kind": "signed_out", 
/**
 * Why, when it was not the person who signed out here (signed out elsewhere, sign-in took too long).
 */
notice: Problem | null, } | { "kind": "signing_in", 
/**
 * The page, for when no browser came up.
 */
address: string, } | { "kind": "signed_in", 
/**
 * As last heard of, also from before the program was started; absent until it was fetched the first time.
 */
account: Account | null, 
/**
 * Where the sign-in is kept.
 */
kept: Kept, };

export type Kept = { "kind": "keychain" } | { "kind": "memory", 
/**
 * Why, in a sentence.
 */
why: Problem, };

export type DataExport = { 
/**
 * How it stands at the service. Ready: its page was opened in the browser, where it is saved.
 */
state: ExportState, 
/**
 * Why it could not be made, or its page not opened.
 */
problem: Problem | null, };

export type Spending = { 
/**
 * Credits a calendar month; no cap when absent. Counts what this computer sends.
 */
monthly_cap: number | null, 
/**
 * Credits of this month: spent, and set aside for jobs that have not ended.
 */
this_month: number, 
/**
 * Jobs of at most so many credits need not be asked about.
 */
unasked_up_to: number, 
/**
 * Companies to which photos may be sent, as they are named in quotes.
 */
consents: Array<string>, };

export type SentTotals = { 
/**
 * Photos, ever.
 */
photos: number, 
/**
 * Photos since midnight.
 */
photos_today: number, 
/**
 * Bytes of everything, ever.
 */
bytes: number, 
/**
 * Photos of which the service still keeps a copy.
 */
kept: number, };

export type SignInStarted = { 
/**
 * The page, for when no browser came up.
 */
address: string, };

export type RenameAccount = { 
/**
 * 1 to 80 characters.
 */
name: string, };

export type ServiceId = { 
/**
 * Its id.
 */
id: string, };

export type ServicePage = "account" | "email" | "password" | "google" | "delete" | "privacy";

export type OpenPage = { 
/**
 * Which.
 */
page: ServicePage, };

export type Buy = { 
/**
 * The code of a pack or a plan.
 */
product: string, };

export type WithdrawOrder = { 
/**
 * The order's id.
 */
id: string, 
/**
 * From the first step: says yes to exactly what was shown.
 */
confirm_token: string, };

export type CreditPage = { 
/**
 * The id of the last entry that is known; the newest when absent.
 */
before?: string, 
/**
 * At most so many, 1 to 200.
 */
limit: number, };

export type CreditEntries = { 
/**
 * They.
 */
entries: Array<CreditEntry>, };

export type SetOffline = { 
/**
 * While true, no connection is opened at all.
 */
offline: boolean, };

export type SetUsage = { 
/**
 * Yes or no.
 */
usage: boolean, };

export type SetSpending = { 
/**
 * Credits a calendar month; no cap when null.
 */
monthly_cap: number | null, 
/**
 * Jobs of at most so many credits need not be asked about.
 */
unasked_up_to: number, };

export type Provider = { 
/**
 * As it is named in quotes.
 */
provider: string, };

export type SaveTo = { 
/**
 * An absolute path that the person chose.
 */
path: string, };

export type AcceptPolicy = { 
/**
 * The version that the person has read.
 */
version: string, };

export type Policy = { 
/**
 * Its version.
 */
version: string, 
/**
 * From when it is in force, microseconds since 1970; 0 for the first.
 */
effective_at: number, 
/**
 * The whole text, in Markdown, and what the app itself keeps on this computer.
 */
text: string, 
/**
 * What changed since the version before, for people.
 */
changes: string, 
/**
 * Who answers for it: an e-mail address, or the service's own where this build names none.
 */
contact: string, 
/**
 * Where it is from. Only what the service says now can be accepted.
 */
from: PolicyFrom, 
/**
 * Why the service could not be asked, when it was to be.
 */
problem: Problem | null, };

export type PolicyFrom = { "kind": "service" } | { "kind": "earlier", 
/**
 * When, microseconds since 1970.
 */
at: number, } | { "kind": "program" };

export type ProJob = { 
/**
 * Its id here, made once; the service knows it as the key under which asking twice is asking once.
 */
id: string, 
/**
 * What it does.
 */
kind: JobKind, 
/**
 * Which way.
 */
variant: string, 
/**
 * Its photos: one, or two to compare.
 */
photos: Array<ProPhoto>, 
/**
 * Credits that the person agreed to. Nothing else is ever charged for it.
 */
price: number, 
/**
 * Who sees the photo, through the service.
 */
to: string, 
/**
 * Where it is in its life.
 */
stage: ProStage, 
/**
 * When it was made, microseconds since 1970.
 */
made_at: number, 
/**
 * When it ended.
 */
ended_at: number | null, 
/**
 * Whether it is done and the service still keeps what came of it: `delete_pro_result` deletes that there. What is on this computer stays.
 */
on_service: boolean, };

export type ProPhoto = { 
/**
 * File name, for people. It never leaves this computer.
 */
name: string, 
/**
 * The photo on the list, while it is there.
 */
photo: PhotoId | null, 
/**
 * Address of the copy that is sent, under the `photo:` scheme, once it is made.
 */
sent: string | null, };

export type ProStage = { "kind": "waiting", 
/**
 * For what.
 */
reason: WaitReason, } | { "kind": "preparing" } | { "kind": "uploading", 
/**
 * 0 to 1.
 */
progress: number, } | { "kind": "price_changed", 
/**
 * Credits now.
 */
price: number, } | { "kind": "not_enough_credits", 
/**
 * Credits that can be spent.
 */
available: number, } | { "kind": "queued" } | { "kind": "running", 
/**
 * 0 to 1, where it is known.
 */
progress: number | null, } | { "kind": "downloading", 
/**
 * 0 to 1.
 */
progress: number, } | { "kind": "cancelling" } | { "kind": "done", 
/**
 * It.
 */
result: ProResult, } | { "kind": "failed", 
/**
 * Why, and what one can do.
 */
problem: Problem, 
/**
 * Whether credits were spent all the same.
 */
charge: Charge, } | { "kind": "cancelled" };

export type Charge = "no" | "yes" | "unknown";

export type WaitReason = "turn" | "offline" | "signed_out" | "other_account" | "unreachable" | "policy" | "disk" | "folder";

export type ProResult = { "kind": "critique", 
/**
 * The id.
 */
id: string, } | { "kind": "enhanced", 
/**
 * The file.
 */
file: ResultFile, } | { "kind": "compared", 
/**
 * The id.
 */
id: string, };

export type ProPictures = { 
/**
 * The photo; absent when it is not where it was.
 */
original: ViewedFile | null, 
/**
 * What came back.
 */
result: ViewedFile, };

export type ViewedFile = { 
/**
 * Its tiles are under `result/<key>`; changes with the file.
 */
key: string, 
/**
 * File name, for people.
 */
name: string, 
/**
 * Pixels, upright.
 */
width: number, 
/**
 * Pixels, upright.
 */
height: number, };

export type AskCopy = { 
/**
 * For this.
 */
kind: JobKind, 
/**
 * Of this photo.
 */
photo: PhotoId, 
/**
 * The longest edge, as a quote says it.
 */
long_edge: number, };

export type ShownCopy = { 
/**
 * Address of the copy under the `photo:` scheme: a whole JPEG, no tiles. Good while the program runs, until some others were shown.
 */
picture: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * Pixels.
 */
width: number, 
/**
 * Pixels.
 */
height: number, 
/**
 * What goes along as words: focal length, aperture, time and ISO, for a critique of a photo that says them.
 */
camera: string | null, 
/**
 * What is taken out, as in the privacy ledger.
 */
stripped: Array<string>, };

export type AskQuote = { 
/**
 * What to do.
 */
kind: JobKind, 
/**
 * Which way.
 */
variant: string, 
/**
 * For these photos; two to compare.
 */
photos: Array<PhotoId>, };

export type ShownQuote = { 
/**
 * Credits for all.
 */
price: number, 
/**
 * Credits for each.
 */
each: number, 
/**
 * Credits that can be spent.
 */
available: number, 
/**
 * What is sent, and to whom.
 */
sends: Sends, 
/**
 * Bytes of the copies, about.
 */
bytes: number, 
/**
 * Whether the person has yet to agree that photos go to this company.
 */
consent_needed: boolean, 
/**
 * Whether it would go over the spending cap.
 */
over_cap: boolean, 
/**
 * Whether the person must be asked at all: false for small prices they do not want to be asked about, with consent given.
 */
must_ask: boolean, };

export type SubmitProJobs = { 
/**
 * What to do.
 */
kind: JobKind, 
/**
 * Which way.
 */
variant: string, 
/**
 * Which photos.
 */
photos: Array<PhotoId>, 
/**
 * What else the person chose.
 */
options: JobOptions, 
/**
 * Credits for each job, as the person saw it.
 */
each: number, 
/**
 * What is sent, and to whom, as the person saw it. Sending this is agreeing to it.
 */
sends: Sends, 
/**
 * Whether the person has agreed, just now, that copies go to this company. Remembered; not needed where they agreed before.
 */
agreed: boolean, };

export type OneProJob = { 
/**
 * Its id here.
 */
id: string, };

export type AcceptPrice = { 
/**
 * The job's id here.
 */
id: string, 
/**
 * Credits, as shown.
 */
price: number, };

export type MadeProJobs = { 
/**
 * Their ids here, in the order of the photos.
 */
ids: Array<string>, };

export type CritiqueLine = { 
/**
 * The service's id of the job.
 */
id: string, 
/**
 * `critique` or `compare`.
 */
kind: JobKind, 
/**
 * File name of the photo, where it was sent from this computer.
 */
name: string | null, 
/**
 * The photo on the list, while it is there.
 */
photo: PhotoId | null, 
/**
 * The first sentence or two.
 */
summary: string, 
/**
 * When it was made, microseconds since 1970.
 */
at: number, 
/**
 * Credits.
 */
price: number, 
/**
 * Whether the service still has it; once deleted there, it is only here.
 */
on_service: boolean, };

export type CritiqueView = { 
/**
 * Its line.
 */
line: CritiqueLine, 
/**
 * What was said.
 */
critique: Critique, 
/**
 * Address of the photo as it was sent, under the `photo:` scheme (a whole JPEG, no tiles); absent when neither this computer nor the
 * service has it. Pins and regions are fractions of it.
 */
picture: string | null, 
/**
 * For each suggestion, whether `try_suggestion` can do it here now.
 */
can_try: Array<boolean>, 
/**
 * The critique before of the same photo, when there is one.
 */
previous: CritiqueLine | null, };

export type ComparisonView = { 
/**
 * Its line.
 */
line: CritiqueLine, 
/**
 * What was said.
 */
comparison: Comparison, 
/**
 * Addresses of both photos under the `photo:` scheme, as in [`CritiqueView`].
 */
pictures: Array<string | null>, };

export type TrySuggestion = { 
/**
 * The service's id of the job.
 */
id: string, 
/**
 * Which of its suggestions, from 0.
 */
suggestion: number, };

export type TriedSuggestion = { 
/**
 * The photo.
 */
photo: PhotoId, 
/**
 * Its recipe now.
 */
recipe: Recipe, 
/**
 * Its recipe before, to go back to with `set_recipe`.
 */
before: Recipe, };

export type ExportCritique = { 
/**
 * The service's id of the job.
 */
id: string, 
/**
 * How to write it.
 */
format: DocumentFormat, 
/**
 * An absolute path that the person chose.
 */
path: string, };

export type DocumentFormat = "markdown" | "pdf";

export type SentPage = { 
/**
 * The number of the last line that is known; the newest when absent.
 */
before?: number, 
/**
 * At most so many, 1 to 500.
 */
limit: number, 
/**
 * Only what is shown under this heading; all when absent.
 */
what?: SentWhat, };

export type SentLines = { 
/**
 * They.
 */
lines: Array<SentLine>, };

export type SentLine = { 
/**
 * Its number; grows.
 */
number: number, 
/**
 * When, microseconds since 1970.
 */
at: number, 
/**
 * What.
 */
what: SentWhat, 
/**
 * For people: a photo's file name (which itself did not leave), "Sign-in", "Account and jobs".
 */
name: string, 
/**
 * For what.
 */
why: string, 
/**
 * To whom, in the end ("Anthropic", "Our service").
 */
to: string, 
/**
 * Bytes of what was sent: bodies, not the network's own.
 */
bytes: number, 
/**
 * How often, for things that repeat (a day's questions about the account are one line).
 */
times: number, 
/**
 * What was taken out before it left ("location", "camera data", "file name"), for photos.
 */
stripped: Array<string>, 
/**
 * What has become of the copy.
 */
copy: SentCopy, };

export type SentWhat = "photo" | "account" | "usage";

export type SentCopy = { "kind": "none" } | { "kind": "not_arrived" } | { "kind": "kept" } | { "kind": "deleted", 
/**
 * When, microseconds since 1970.
 */
at: number, } | { "kind": "part_of_account" };

export type OneSent = { 
/**
 * Its number.
 */
number: number, };

export type DeletedCopies = { 
/**
 * Copies deleted.
 */
deleted: number, 
/**
 * Copies that could not be deleted now, with the reason.
 */
problems: Array<Problem>, };

export type Event = { "event": "photos_added", "data": Array<Photo> } | { "event": "photo_changed", "data": Photo } | { "event": "photos_removed", "data": Array<PhotoId> } | { "event": "queue", "data": Queue } | { "event": "preview_tile", "data": PreviewTile } | { "event": "preview_failed", "data": { 
/**
 * Which photo.
 */
photo: PhotoId, 
/**
 * Why.
 */
problem: Problem, } } | { "event": "devices", "data": Array<Device> } | { "event": "scanned", "data": Scanned } | { "event": "online", "data": Online } | { "event": "pro_jobs", "data": Array<ProJob> } | { "event": "pro_job_changed", "data": ProJob } | { "event": "critiques", "data": Array<CritiqueLine> };

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

export type UseAuto = { 
/**
 * Which.
 */
photos: Array<PhotoId>, 
/**
 * What is kept of them, a crop: that is the person's to say, not Auto's. All of it when absent.
 */
crop?: Step, };

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
 * The account and the connection to the service.
 */
online: Online, 
/**
 * Pro jobs, oldest first.
 */
pro_jobs: Array<ProJob>, 
/**
 * Critiques and comparisons across devices, newest first.
 */
critiques: Array<CritiqueLine>, 
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
  },
  {
    "id": "rescue-2x",
    "name": "Enlarge a poor photo 2×",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "upscale",
          "scale": 2,
          "strength": 1.0,
          "model": "photo-2x"
        }
      ]
    }
  },
  {
    "id": "rescue-4x",
    "name": "Enlarge a poor photo 4×",
    "recipe": {
      "version": 1,
      "steps": [
        {
          "step": "upscale",
          "scale": 4,
          "strength": 1.0,
          "model": "photo-4x"
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
  use_auto: { request: UseAuto; reply: Nothing };
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
  /** Opens the service's sign-in page in the system's browser and waits for it, five minutes at most. `Online` events tell how it went. */
  sign_in: { request: Nothing; reply: SignInStarted };
  /** Stops waiting for the browser. */
  cancel_sign_in: { request: Nothing; reply: Nothing };
  /** Signs out on this computer, also without a network. Jobs that wait stay and wait. */
  sign_out: { request: Nothing; reply: Nothing };
  /** Signs out on every device. */
  sign_out_everywhere: { request: Nothing; reply: Nothing };
  /** Signs another device out. */
  sign_out_device: { request: ServiceId; reply: Nothing };
  /** Fetches everything anew, at once. Happens by itself otherwise. */
  refresh_account: { request: Nothing; reply: Nothing };
  /** Changes what the person is called. */
  rename_account: { request: RenameAccount; reply: Nothing };
  /** Opens one of the service's pages in the system's browser. */
  open_page: { request: OpenPage; reply: Nothing };
  /** Movements of credits, newest first. */
  credit_entries: { request: CreditPage; reply: CreditEntries };
  /** Orders a pack or plan and opens its checkout in the system's browser. That it is paid is noticed by itself. */
  buy: { request: Buy; reply: Order };
  /** Opens the payment service's portal (invoices, card, plan) in the system's browser. */
  open_portal: { request: Nothing; reply: Nothing };
  /** What withdrawing from an order would mean. Does nothing. */
  withdrawal: { request: ServiceId; reply: Withdrawal };
  /** Withdraws from an order, as shown. */
  confirm_withdrawal: { request: WithdrawOrder; reply: Order };
  /** Has an archive of the person's data made, and opens its page in the browser once it is ready; `Online` events tell how it goes. */
  export_account_data: { request: Nothing; reply: Nothing };
  /** Takes the deletion of the account back. */
  undo_deletion: { request: Nothing; reply: Nothing };
  /** The privacy policy: the one in force where somebody is signed in and the service answers, else the last one that was fetched, else the one */
  /** that came with the program. */
  policy: { request: Nothing; reply: Policy };
  /** Accepts it. */
  accept_policy: { request: AcceptPolicy; reply: Nothing };
  /** While on, no connection is opened at all and cloud jobs wait. */
  set_offline: { request: SetOffline; reply: Nothing };
  /** Whether counts of use are sent; off unless switched on. */
  set_usage: { request: SetUsage; reply: Nothing };
  /** How much may be spent, and what need not be asked about. */
  set_spending: { request: SetSpending; reply: Nothing };
  /** Takes back that photos may go to this company. */
  withdraw_consent: { request: Provider; reply: Nothing };
  /** What jobs would cost and what would be sent. Sends sizes only, no photo. */
  quote: { request: AskQuote; reply: ShownQuote };
  /** Makes jobs at the price shown; also without a network, they go out later. Needs consent once a company. */
  submit_pro_jobs: { request: SubmitProJobs; reply: MadeProJobs };
  /** Agrees to the new price of a job in `PriceChanged`. */
  accept_price: { request: AcceptPrice; reply: Nothing };
  /** Stops a job at any time. What was not finished is not charged. */
  cancel_pro_job: { request: OneProJob; reply: Nothing };
  /** Tries a job again that failed or had too few credits. What was paid for already is only fetched again, and nothing is bought twice. */
  retry_pro_job: { request: OneProJob; reply: Nothing };
  /** Takes an ended job off the queue. Results stay. */
  dismiss_pro_job: { request: OneProJob; reply: Nothing };
  /** Shows an enhanced file in the system's file manager. */
  reveal_pro_result: { request: OneProJob; reply: Nothing };
  /** Opens an enhanced file and its photo for the viewer, also when they are not on the list. */
  open_pro_result: { request: OneProJob; reply: ProPictures };
  /** Has the service delete what it keeps of a job that is done: its result and its copies. What is on this computer stays. */
  delete_pro_result: { request: OneProJob; reply: Nothing };
  /** Makes the copy of a photo that a job would send, exactly as it would be sent, to look at. Nothing leaves. */
  copy_to_send: { request: AskCopy; reply: ShownCopy };
  /** A critique, from here or from the service. */
  critique: { request: ServiceId; reply: CritiqueView };
  /** A comparison, from here or from the service. */
  comparison: { request: ServiceId; reply: ComparisonView };
  /** Applies a suggestion to the photo's recipe, here and for nothing. Saves nothing. */
  try_suggestion: { request: TrySuggestion; reply: TriedSuggestion };
  /** Saves a critique or comparison as a document. */
  export_critique: { request: ExportCritique; reply: Nothing };
  /** Deletes a critique or comparison and its photos from the service, and here. */
  delete_critique: { request: ServiceId; reply: Nothing };
  /** Lines of the privacy ledger, newest first. */
  privacy_ledger: { request: SentPage; reply: SentLines };
  /** Saves the whole privacy ledger as a CSV file. */
  export_privacy_ledger: { request: SaveTo; reply: Nothing };
  /** Has the service delete its copy of one photo. */
  delete_sent: { request: OneSent; reply: DeletedCopies };
  /** Has the service delete all photos it keeps. */
  delete_all_sent: { request: Nothing; reply: DeletedCopies };
}

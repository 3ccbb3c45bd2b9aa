/**
 * States of the service for the demo, as `&service=<name>`: `in` (signed in), `out`, `signing-in`, `jobs` (Pro jobs in every stage), `back` (a photo is back from the cloud), `offline`,
 * `down` (the service does not answer), `short` (too few credits), `paying`, `deleting`, `policy` (a new one), `new` (just signed up, nothing yet).
 */
import { DAY } from "./service-data";
import { fakeFile, type FakeService } from "./service";

export function serviceScene(service: FakeService, name: string): void {
  const now = Date.now() * 1000;
  switch (name) {
    case "signing-in":
      service.change({ account: { kind: "signing_in", address: "https://photos.example/oauth/authorize?client_id=desktop&state=8c1f" } });
      return;
    case "jobs":
      service.frozen = true;
      service.putJob("enhance", [5], { kind: "uploading", progress: 0.38 });
      service.putJob("critique", [8], { kind: "running", progress: 0.8 });
      service.putJob("critique", [9], { kind: "queued" });
      service.putJob("compare", [10, 11], { kind: "waiting", reason: "unreachable" });
      service.putJob("enhance", [12], { kind: "price_changed", price: 3 });
      service.putJob("critique", [4], {
        kind: "failed",
        problem: { code: "job_failed", message: "The model did not accept this photo.", retryable: true },
        charge: "no",
      });
      service.putJob("critique", [7], { kind: "done", result: { kind: "critique", id: "c1" } });
      return;
    case "back":
      service.putJob("enhance", [1], { kind: "done", result: { kind: "enhanced", file: fakeFile(1) } });
      service.putJob("enhance", [2], {
        kind: "failed",
        problem: { code: "not_there", message: "The service does not know this job any more.", retryable: false },
        charge: "unknown",
      });
      return;
    case "offline":
      service.frozen = true;
      service.change({ connection: { ...service.online.connection, offline: true, service: "not_asked" } });
      service.putJob("critique", [8], { kind: "waiting", reason: "offline" });
      return;
    case "down":
      service.change({
        connection: {
          ...service.online.connection,
          service: "unreachable",
          problem: { code: "service_unreachable", message: "The service does not answer. The app asks again by itself.", retryable: true },
        },
      });
      return;
    case "short":
      service.changeAccount({ credits: { available: 0, held: 0, frozen: 0, debt: 0 }, plan: { name: "free", state: "none", renews_at: null, ends_at: null } });
      return;
    case "sandbox":
      service.change({ connection: { ...service.online.connection, sandbox: true } });
      return;
    case "paying":
      void service.bodies().buy?.({ product: "pack-50" });
      return;
    case "deleting":
      service.changeAccount({ deletion: { asked_at: now - DAY, final_at: now + 6 * DAY } });
      return;
    case "policy":
      service.changeAccount({ policy: { current: "2", accepted: "1", must_accept: true } });
      return;
    case "new":
      service.entries = [];
      service.ledger = [];
      service.critiques = [];
      service.changeAccount({ credits: { available: 0, held: 0, frozen: 0, debt: 0 }, google_linked: false, plan: { name: "free", state: "none", renews_at: null, ends_at: null } });
      service.change({ orders: [], spending: { monthly_cap: null, this_month: 0, unasked_up_to: 0, consents: [] }, sent: { photos: 0, photos_today: 0, bytes: 0, kept: 0 } });
      return;
  }
}

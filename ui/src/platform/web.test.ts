import { afterEach, describe, expect, it, vi } from "vitest";

import type { Drop } from "./types";
import { asProblem } from "./types";
import { DROP_EVENT, takeToken, webHost } from "./web";

afterEach(() => vi.unstubAllGlobals());

describe("loopback host", () => {
  it("takes the token out of the address", () => {
    history.replaceState(null, "", "/?x=1#token=s%2Fecret");
    expect(takeToken(location, history)).toBe("s/ecret");
    expect(location.href).not.toContain("ecret");
    expect(location.search).toBe("?x=1");
    expect(takeToken(location, history)).toBeNull();
  });

  it("sends commands with the token and hands back the reply", async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ recipe_key: "k" }))));
    vi.stubGlobal("fetch", fetch);
    const host = webHost("secret");
    expect(await host.call("remove_photos", { photos: [1] })).toEqual({ recipe_key: "k" });
    const [path, request] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(path).toBe("/command/remove_photos");
    expect(request.body).toBe('{"photos":[1]}');
    expect((request.headers as Record<string, string>)["authorization"]).toBe("Bearer secret");
    expect(host.photoUrl("thumb/1")).toBe("/photo/thumb/1?token=secret");
  });

  it("rejects with a problem, whatever went wrong", async () => {
    const problem = { code: "bad_request", message: "No.", retryable: false };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(problem), { status: 400 })));
    await expect(webHost(null).call("snapshot", {})).rejects.toEqual(problem);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
    await expect(webHost(null).call("snapshot", {})).rejects.toMatchObject({ code: "internal", retryable: true });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
    await expect(webHost(null).call("snapshot", {})).rejects.toMatchObject({ code: "internal", detail: "refused" });
  });

  it("hears drops that a test sends, until it stops listening", async () => {
    const heard: Drop[] = [];
    const deaf = await webHost(null).onDrop((drop) => heard.push(drop));
    const send = () => window.dispatchEvent(new CustomEvent<Drop>(DROP_EVENT, { detail: { kind: "drop", paths: ["/a.jpg"] } }));
    send();
    deaf();
    send();
    expect(heard).toEqual([{ kind: "drop", paths: ["/a.jpg"] }]);
  });

  it("answers dialogs as the test says", async () => {
    window.prettyTest = { choosePhotos: () => ["/a.jpg"], chooseFolder: () => "/b" };
    expect(await webHost(null).choosePhotos()).toEqual(["/a.jpg"]);
    expect(await webHost(null).chooseFolder()).toBe("/b");
    delete window.prettyTest;
    expect(await webHost(null).chooseFolder()).toBeNull();
  });
});

describe("problems", () => {
  it("keeps one and makes one of anything else", () => {
    const problem = { code: "disk_full" as const, message: "Full.", retryable: true };
    expect(asProblem(problem)).toBe(problem);
    expect(asProblem("boom")).toMatchObject({ code: "internal", detail: "boom" });
  });
});

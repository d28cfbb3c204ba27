import { describe, expect, it } from "vitest";
import { errors, load } from "../../support/configuration.ts";

describe("a registry", () => {
  it("needs an address; its repository is agatha by default", () => {
    expect(load().registry).toBeUndefined();
    expect(load({ registry: { address: "registry.example:5000" } }).registry).toEqual({
      address: "registry.example:5000",
      repository: "agatha",
      insecure: false,
    });
  });

  it("takes a password as text, also one of digits", () => {
    const raw = { registry: { address: "r", username: "me", password: "12345" } };
    expect(load(raw).registry?.password).toBe("12345");
  });

  it("that is wrong is reported, without its password", () => {
    expect(errors({ registry: { address: "https://r", username: "me", pasword: "hush" } })).toEqual([
      expect.stringMatching(
        /^agatha:registry\.address: "https:\/\/r" is not a registry's address\. Write it/,
      ),
      "agatha:registry.pasword: is not a key that is known. Did you mean registry.password?",
    ]);
    expect(errors({ registry: { address: "r", username: "me" } })).toEqual([
      "agatha:registry.password: is missing beside registry.username. Set it: `pulumi config set --secret --path agatha:registry.password`.",
    ]);
    expect(errors({ registry: { address: "r", password: "hush" } })).toEqual([
      "agatha:registry.username: is missing beside registry.password. Name the user that logs in.",
    ]);
  });
});

describe("a pin", () => {
  const tag = "s6c14k97wgkln0sks1xz75x9skhmp1ap";
  const fix = "is not a tag. Give all 32 characters of one that `npm run history` lists.";

  it("is a tag, and nothing if left out", () => {
    expect(load({ back: { pin: tag } }).back.pin).toBe(tag);
    expect(load({ front: { pin: tag } }).front.pin).toBe(tag);
    expect(load().back.pin).toBeUndefined();
    // All digits: still a text.
    expect(load({ front: { pin: "1".repeat(32) } }).front.pin).toBe("1".repeat(32));
  });

  it.each([
    "latest",
    tag.slice(0, 8),
    `${tag}0`,
    tag.replace("s", "e"),
    tag.toUpperCase(),
    `agatha-back-image:${tag}`,
    "",
  ])("is not %j", (value) => {
    expect(errors({ back: { pin: value } })).toEqual([`agatha:back.pin: ${JSON.stringify(value)} ${fix}`]);
  });

  it("needs nothing of what its image was made of, and the other service all of it", () => {
    const nothing = { exists: () => false };
    const keys = (raw: Record<string, unknown>) => errors(raw, nothing).map((error) => error.split(":")[1]);
    expect(keys({ back: { pin: tag, files: {} } })).toEqual(["front.dist"]);
    expect(keys({ front: { pin: tag }, back: { files: {} } })).toEqual(["back.jar", "back.migrations"]);
  });
});

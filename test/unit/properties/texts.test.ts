/** What is written for another program to read, and what is read from one: whatever is in it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderProperties } from "../../../components/javaProperties.ts";
import { read } from "../../../lib/cli/command.ts";
import { success, words } from "../../../lib/database/migrations/flyway.ts";
import { parseHolders } from "../../../lib/docker/ports.ts";
import { duration, toMilliseconds } from "../../../lib/duration.ts";
import { nixArguments, ownSentence } from "../../../lib/images/nix.ts";
import { presence } from "../../../lib/images/presence.ts";
import { changesOf } from "../../../lib/previews/changes.ts";
import { previewTable } from "../../../lib/previews/table.ts";
import { UserError } from "../../../lib/userError.ts";
import { atLeast } from "../../../setup/probe.ts";
import { hostile } from "../../support/arbitraries.ts";
import { readProperties } from "../../support/javaProperties.ts";

/** Any text at all, lone halves of characters too. */
const anything = fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 200 }));

describe("a properties file", () => {
  it("is read back as it was written", () => {
    const map = fc.dictionary(hostile, hostile, { maxKeys: 8, noNullPrototype: true });
    fc.assert(
      fc.property(map, (properties) => {
        expect(readProperties(renderProperties(properties, {}))).toEqual(properties);
      }),
      { numRuns: 1000 },
    );
  });

  it("is read back with what was filled in, however that looks", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (before, password, after) => {
        const text = renderProperties(
          { p: `${before}\${databasePassword}${after}` },
          { databasePassword: password },
        );
        const filled = (part: string) => part.replaceAll("${databasePassword}", () => password);
        expect(readProperties(text)).toEqual({ p: `${filled(before)}${password}${filled(after)}` });
      }),
    );
  });

  it("is ASCII, a line a name", () => {
    fc.assert(
      fc.property(hostile, hostile, (name, value) => {
        expect(renderProperties({ [name]: value }, {})).toMatch(/^[\x20-\x7e]*\n$/);
      }),
    );
  });
});

describe("a duration", () => {
  const parts = fc.array(fc.tuple(fc.nat(99_999), fc.constantFrom("h", "m", "s", "ms")), {
    minLength: 1,
    maxLength: 5,
  });

  it("keeps its length in its canonical form, which is its own canonical form", () => {
    fc.assert(
      fc.property(parts, (units) => {
        const given = units.map(([amount, unit]) => `${amount}${unit}`).join("");
        const canonical = duration(given);
        if (canonical === undefined) return;
        // Docker writes fractions of a second, which the configuration does not take.
        const [, whole = "", fraction] = /^(.*?)(\d+\.\d+)?(?:s)?$/.exec(canonical) ?? [];
        const read = fraction === undefined ? toMilliseconds(canonical) : toMilliseconds(`${whole}0s`);
        const rest = fraction === undefined ? 0 : Number(fraction) * 1000;
        expect((read ?? 0) + rest).toBeCloseTo(toMilliseconds(given) ?? -1, 6);
        if (fraction === undefined) expect(duration(canonical)).toBe(canonical);
      }),
    );
  });

  it("that is none is told from one, in no time", () => {
    fc.assert(
      fc.property(anything, (text) => {
        if (!/^(\d+(h|m|s|ms))+$/.test(text)) expect(duration(text)).toBeUndefined();
      }),
    );
    const start = performance.now();
    expect(duration(`${"1m".repeat(100_000)}x`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("a stack's name", () => {
  it("is a plain one, or refused by a sentence", () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.constantFrom(".", "..", "-x", "a/b", "")), (name) => {
        try {
          const { stack } = read("up", [`--stack=${name}`]);
          expect(stack).toBe(name);
          expect(stack).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expect((error as UserError).message).toMatch(
            /^--stack: (".*" is not a stack's name\. Use .+\.|has no value\. .+)$/,
          );
          expect((error as UserError).message.length).toBeLessThan(300);
        }
      }),
    );
  });
});

describe("what another program printed", () => {
  it("is never more than text", () => {
    fc.assert(
      fc.property(anything, anything, (out, err) => {
        expect(["present", "absent", "unknown"]).toContain(presence("agatha-back-image:x", out, err));
        expect(ownSentence(err) ?? "agatha:").toMatch(/^agatha:/);
        expect(typeof words(out)).toBe("string");
        expect(success(out) ?? "Schema").toMatch(/^(Schema|Successfully)/);
        for (const { ports } of parseHolders(out))
          for (const { port } of ports) expect(port).toBeLessThan(100_000);
      }),
    );
  });

  it("of docker's ports costs no memory, whatever the range", () => {
    expect(parseHolders("s\tn\t0.0.0.0:1-4294967295->1/tcp").flatMap(({ ports }) => ports)).toEqual([]);
  });

  it("is a version, or none", () => {
    fc.assert(
      fc.property(anything, fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), (text, [major, minor, patch]) => {
        expect(typeof atLeast(text, "1.2.0")).toBe("boolean");
        const printed = `tool ${major}.${minor}.${patch}, build x`;
        expect(atLeast(printed, `${major}.${minor}.${patch}`)).toBe(true);
        expect(atLeast(printed, `${major}.${minor}.${patch + 1}`)).toBe(false);
        expect(atLeast(`tool ${major}.${minor}`, `${major}.${minor}.0`)).toBe(true);
      }),
    );
  });
});

describe("names of files", () => {
  it("are one argument of Nix, whatever is in them", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        const args = nixArguments("debian", JSON.stringify({ back: { jar: path } }));
        expect(args).toHaveLength(7);
        expect(JSON.parse(args[6] as string)).toEqual({ back: { jar: path } });
      }),
    );
  });

  it("of migrations stand on one line of a preview, without what a terminal acts upon", () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const state = (migrations: object) => ({ inputs: { triggers: [{ ref: "r:1", migrations }] } });
        const step = {
          op: "replace",
          urn: "urn:pulumi:dev::agatha::command:local:Command::back-image-build",
          oldState: state({}),
          newState: state({ [`V2__${name}.sql`]: "sha256:1" }),
        };
        const page = previewTable(changesOf("dev", [step]));
        expect(page.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        const calm = previewTable(
          changesOf("dev", [{ ...step, newState: state({ "V2__x.sql": "sha256:1" }) }]),
        );
        expect(page.split("\n")).toHaveLength(calm.split("\n").length);
      }),
    );
  });
});

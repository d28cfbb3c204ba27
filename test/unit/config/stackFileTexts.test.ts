import { describe, expect, it } from "vitest";
import { lostTexts } from "../../../lib/config/stackFileTexts.ts";
import { errors } from "../../support/configuration.ts";

const inProperty = (written: string) =>
  `config:\n  agatha:back:\n    properties:\n      plain: text\n      it: ${written} # why\n`;
const inRelease = (written: string) =>
  `config:\n  agatha:front:\n    files:\n      release.txt:\n        text: ${written}\n`;

const message = (key: string) =>
  `agatha:${key}: the value (not shown) is a number, a date or a boolean to YAML, which changes how it is written. Write it in quotes.`;

describe("a text without quotes that YAML changes", () => {
  // As Pulumi 3.256 wrote them back into the file: 1.1, 7, 1000, 12000, 31, 15, 49301234, 0.5, 9007199254740992.
  it.each([
    ["a version that ends with a zero", "1.10"],
    ["a number with leading zeros", "007"],
    ["a date", "2024-01-01"],
    ["a time", "2024-01-01T10:00:00Z"],
    ["an exponent", "1e3"],
    ["digits in groups", "12_000"],
    ["a hexadecimal number", "0x1F"],
    ["an octal number", "0o17"],
    ["a number with a sign", "+49301234"],
    ["a number without a zero in front", ".5"],
    ["more digits than a number has", "9007199254740993"],
    ["a boolean in capitals", "True"],
    // As 1.2345675e+06, 1e-05, 1e+20 and 9.223372036854776e+18.
    ["a fraction from a million on", "1234567.5"],
    ["a small fraction", "0.00001"],
    ["an integer of more than 64 bits", "100000000000000000000"],
    ["an integer of 64 bits without a sign", "9223372036854775808"],
    ["an exponent of its own", "1e+21"],
    ["infinity", ".inf"],
    ["infinity below zero", "-.Inf"],
    ["no number", ".NaN"],
  ])("is refused in a property: %s", (_, written) => {
    expect(errors({}, { file: inProperty(written) })).toEqual([message("back.properties.it")]);
  });

  it("is refused in a variable, in a flow map, and in a key of its own", () => {
    const file =
      "config:\n  agatha:back: { env: { BRANCH: 007, OTHER: '007' } }\n  agatha:databasePassword: 0123\n";
    expect(lostTexts(file)).toEqual([message("back.env.BRANCH"), message("databasePassword")]);
  });

  // Pulumi could not make JSON of it, whatever the key: "unsupported value: +Inf".
  it("is refused in any key if JSON has no such number", () => {
    expect(lostTexts("config:\n  agatha:back: { cpus: .inf }\n")).toEqual([message("back.cpus")]);
  });

  it("is refused if only a date could be lost, as in the text of a file", () => {
    expect(lostTexts(inRelease("2024-01-01"))).toEqual([message('front.files["release.txt"].text')]);
  });

  it("is refused when Pulumi has written the date back in its own form already", () => {
    for (const lost of ["'2024-01-01 00:00:00 +0000 UTC'", "2024-01-01 10:00:00.5 +0200 CEST"])
      expect(lostTexts(inRelease(lost))).toHaveLength(1);
  });
});

describe("a value that YAML leaves as it is", () => {
  it.each([
    "8000",
    "1.5",
    "-3",
    "1234567",
    "999999.9",
    "0.0001",
    "100000000000000000",
    '"1.10"',
    "1.10.0",
    "true",
    "yes",
    "5s",
    "1-2",
    "10.0.0.1:5000",
    "0xyz",
  ])("is taken in a property: %s", (written) => {
    expect(errors({}, { file: inProperty(written) })).toEqual([]);
  });

  it("is taken if a number is wanted", () => {
    expect(lostTexts("config:\n  agatha:back:\n    cpus: 1.50\n")).toEqual([]);
  });

  it("is taken if the file has none of our keys, or no configuration at all", () => {
    for (const file of ["", "config: {}\n", "config:\n  other:key: 1.10\n", "encryptionsalt: v1:007\n"])
      expect(lostTexts(file)).toEqual([]);
  });
});

/** What `pulumi preview --json` printed, and the warnings around it. */
import type { PreviewStep } from "./explain.ts";

interface Preview {
  steps?: PreviewStep[];
  diagnostics?: { severity: string; message: string }[];
}

/** Steps and warnings of a preview that went well; where the engine found its plugins is no warning for a reader. */
export function readPreview(output: string): { steps: PreviewStep[]; warnings: string[] } {
  const { steps = [], diagnostics = [] } = parse(output);
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  return {
    // With --refresh, Pulumi tells of every resource that it was looked at, whatever was found.
    steps: steps.filter(({ op }) => op !== "refresh"),
    warnings: warnings.map(({ message }) => message.trim()).filter((message) => !/\$PATH\b/.test(message)),
  };
}

/** The errors of a preview that failed; all it printed, where it did not get as far as naming them. */
export function previewErrors(output: string): string[] {
  try {
    const errors = (parse(output).diagnostics ?? []).filter(({ severity }) => severity === "error");
    if (errors.length > 0) return errors.map(({ message }) => message.trim().replace(/^error: /, ""));
  } catch {
    // No JSON: Pulumi failed before it looked at the program.
  }
  return [output.trim()];
}

/** Warnings, which go to standard error, may stand before the JSON and behind it. */
function parse(output: string): Preview {
  const end = output.search(/^\}\n(?![\s\S]*^\}\n)/m);
  return JSON.parse(output.slice(output.search(/^\{/m), end === -1 ? undefined : end + 1)) as Preview;
}

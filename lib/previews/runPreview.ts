/** Runs `pulumi preview` and reads what it prints. */
import { type Env, run } from "../process.ts";
import { UserError } from "../userError.ts";
import { type DiffLine, readDiff } from "./diff.ts";
import type { PreviewStep } from "./steps.ts";

export interface Preview {
  steps: PreviewStep[];
  warnings: string[];
  /** Empty unless it was asked for. */
  diff: DiffLine[];
}

/** A preview that failed, with the errors that Pulumi named. */
export class PreviewFailed extends UserError {
  readonly errors: string[];
  constructor(errors: string[]) {
    super(errors.join("\n"));
    this.errors = errors;
  }
}

/** @throws PreviewFailed */
export async function runPreview(args: string[], env: Env, diff: boolean): Promise<Preview> {
  const preview = (...how: string[]) => run("pulumi", ["preview", ...how, ...args], { env });
  const json = await preview("--json");
  if (json.code !== 0) throw new PreviewFailed(previewErrors(json.output));
  const seen = readPreview(json.stdout);
  if (!diff) return { ...seen, diff: [] };
  const { code, output } = await preview("--diff", "--non-interactive", "--color", "never");
  if (code !== 0) throw new PreviewFailed([output.trim()]);
  return { ...seen, diff: readDiff(output) };
}

/** Steps and warnings of a preview that went well, without the engine's warnings of where it found its plugins. */
export function readPreview(output: string): Pick<Preview, "steps" | "warnings"> {
  const { steps = [], diagnostics = [] } = parse(output);
  const warnings = diagnostics.filter(
    ({ severity, message }) => severity === "warning" && !/\$PATH\b/.test(message),
  );
  return {
    // With --refresh, Pulumi lists every resource that it looked at, whatever it found.
    steps: steps.filter(({ op }) => op !== "refresh"),
    warnings: warnings.map(({ message }) => message.trim()),
  };
}

/** The errors of a preview that failed, or all that it printed if it names none. */
export function previewErrors(output: string): string[] {
  try {
    const errors = (parse(output).diagnostics ?? []).filter(({ severity }) => severity === "error");
    if (errors.length > 0) return errors.map(({ message }) => message.trim().replace(/^error: /, ""));
  } catch {
    // No JSON: Pulumi failed before it looked at the program.
  }
  return [output.trim()];
}

/** Warnings may stand before the JSON and behind it. */
function parse(output: string): {
  steps?: PreviewStep[];
  diagnostics?: { severity: string; message: string }[];
} {
  const end = output.search(/^\}\n(?![\s\S]*^\}\n)/m);
  return JSON.parse(output.slice(output.search(/^\{/m), end === -1 ? undefined : end + 1));
}

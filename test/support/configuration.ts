/** The configuration, loaded as the program does, on a machine where all files exist. */
import { ConfigError, loadConfig, type Surroundings } from "../../lib/config/load.ts";

export const surroundings: Surroundings = {
  stack: "dev",
  packages: "debian",
  password: "made",
  exists: () => true,
};

/** @param more.secrets The keys that Pulumi keeps as secrets. */
type More = Partial<Surroundings> & { secrets?: string[] };

/** @param raw Keys below `agatha:`. */
export function load(raw: Record<string, unknown> = {}, { secrets = [], ...more }: More = {}) {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const texts = Object.entries(raw).map(([key, value]) => [`agatha:${key}`, text(value)]);
  const PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secrets.map((key) => `agatha:${key}`));
  return loadConfig(
    { ...Object.fromEntries(texts), PULUMI_CONFIG_SECRET_KEYS },
    { ...surroundings, ...more },
  );
}

/** The errors of the configuration; none if it loads. */
export function errors(raw: Record<string, unknown>, more: More = {}): string[] {
  try {
    load(raw, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

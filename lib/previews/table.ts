/** A preview as `npm run preview` shows it: tables of what changes in images, services and data. */
import { table } from "../table.ts";
import { inWords } from "./away.ts";
import type { Changes, DataChange } from "./changes.ts";

/** The tables, or one line if nothing changes. */
export function previewTable({ stack, any, images, services, data }: Changes): string {
  if (!any) return `Nothing would change on stack ${stack}.\n`;
  const imageRows = images.flatMap(({ name, change, why: [first = "", ...more] }) => [
    [name, typeof change === "string" ? change : `${change.from} => ${change.to}`, first],
    ...more.map((reason) => ["", "", reason]),
  ]);
  return [
    table(["image", "change", "why"], imageRows),
    table(
      ["service", "change", "why", "away"],
      services.map(({ name, change, why, away }) => [
        name,
        change,
        why.join(", "),
        away === undefined ? "" : inWords(away),
      ]),
    ),
    table(
      ["data", "change"],
      data.map((row) => [row.what, dataChange(row)]),
    ),
  ].join("\n");
}

const dataChange = ({ change, files }: DataChange): string =>
  files === undefined ? change : `${change}: ${files.join(", ")}`;

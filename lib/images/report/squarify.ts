/** Lays out a treemap. The page carries this function as it is, so that it leans on nothing outside itself. */

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Divides a rectangle into parts as large as `sizes` say, each as near to a square as it can be (Bruls, Huizing and
 * van Wijk's squarified treemap). The parts come in the order of `sizes`, which should be biggest first.
 */
export function squarify(sizes: number[], area: Rectangle): Rectangle[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const scale = total > 0 ? (area.width * area.height) / total : 0;
  const parts: Rectangle[] = [];
  let { x, y, width, height } = area;
  // The longest side of a row's worst part, against its shortest.
  const worst = (row: number[], side: number) => {
    const sum = row.reduce((all, part) => all + part, 0);
    const thickness = sum / side;
    return Math.max(...row.map((part) => Math.max(thickness ** 2 / part, part / thickness ** 2)));
  };
  const put = (row: number[]) => {
    const sum = row.reduce((all, part) => all + part, 0);
    const upright = width >= height;
    const thickness = sum === 0 ? 0 : sum / (upright ? height : width);
    let along = upright ? y : x;
    for (const part of row) {
      const length = thickness === 0 ? 0 : part / thickness;
      parts.push(
        upright
          ? { x, y: along, width: thickness, height: length }
          : { x: along, y, width: length, height: thickness },
      );
      along += length;
    }
    if (upright) [x, width] = [x + thickness, width - thickness];
    else [y, height] = [y + thickness, height - thickness];
  };
  let row: number[] = [];
  const visible = sizes.map((size) => size * scale).filter((part) => part > 0);
  for (const part of visible) {
    const side = Math.min(width, height);
    if (row.length > 0 && worst([...row, part], side) > worst(row, side)) {
      put(row);
      row = [];
    }
    row.push(part);
  }
  put(row);
  // What has no size has a place all the same, at the end.
  const nothing = { x, y, width: 0, height: 0 };
  return [...parts, ...sizes.slice(visible.length).map(() => nothing)];
}

/** Room on a disk, as `df -Pk` tells it. */

/** The free bytes in what `df -Pk` printed of one folder; NaN where it says none. */
export const freeIn = (printed: string): number =>
  Number(printed.trim().split("\n").at(-1)?.split(/\s+/)[3]) * 1024;

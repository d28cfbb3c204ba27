/** Times and sizes in messages. */

/** Time that has passed: `3.1 s`. @param start As `performance.now()` had it. */
export const secondsSince = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** `1.2 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

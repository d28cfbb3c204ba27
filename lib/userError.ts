/** An error that the user can fix: only its message is shown, never a stack trace. */
export class UserError extends Error {}

/** What was thrown, in words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An error that the user can fix: only its message is shown, never a stack trace. */
export class UserError extends Error {}

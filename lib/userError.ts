/** An error that is somebody's to fix: its message is all that is shown of it, never a stack trace. */
export class UserError extends Error {}

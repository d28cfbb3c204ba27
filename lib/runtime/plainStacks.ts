/**
 * Takes away the source maps that Pulumi's runner lays under every stack trace. The SDK takes a trace for each resource
 * and promise, and mapping them was a sixth of the processor time of an update that changes nothing (docs/speed.md).
 * Node runs this program as it is written, so positions are right without maps. Imported for that alone, and first.
 */
Reflect.deleteProperty(Error, "prepareStackTrace");

/**
 * Turns off the source maps that Pulumi's runner applies to every stack trace. The SDK takes a trace for each resource and
 * promise, and mapping them took a sixth of the processor time of an update that changes nothing (docs/speed.md). Node runs this
 * program as it is written, so positions are right without maps. Imported only for this effect, and first.
 */
Reflect.deleteProperty(Error, "prepareStackTrace");

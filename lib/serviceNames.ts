/** The three services of a stack, in the order in which they start. */
export const SERVICES = ["db", "back", "front"] as const;
export type ServiceName = (typeof SERVICES)[number];

export const mapServices = <T>(of: (service: ServiceName) => T): Record<ServiceName, T> =>
  Object.fromEntries(SERVICES.map((service) => [service, of(service)])) as Record<ServiceName, T>;

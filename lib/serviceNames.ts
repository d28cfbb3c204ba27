/** The four services of a stack, in the order in which they start. */
export const SERVICES = ["db", "back", "front", "gateway"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Those whose new container takes over from the old one behind the gateway. */
export const ROLLING = ["back", "front"] as const;
export type RollingName = (typeof ROLLING)[number];

export const isRolling = (service: string): boolean => (ROLLING as readonly string[]).includes(service);

/** What a stack has for each of its services. One that was last deployed before the gateway came has none for that. */
export type PerService<T> = Record<Exclude<ServiceName, "gateway">, T> & { gateway?: T | undefined };

/** Those of its services that the stack has something for, with that. */
export const entriesOf = <T>(all: PerService<T>): [ServiceName, T][] =>
  SERVICES.flatMap((service): [ServiceName, T][] => {
    const one = all[service];
    return one === undefined ? [] : [[service, one]];
  });

export const mapEntries = <A, B>(
  all: PerService<A>,
  of: (one: A, service: ServiceName) => B,
): PerService<B> =>
  Object.fromEntries(entriesOf(all).map(([service, one]) => [service, of(one, service)])) as PerService<B>;

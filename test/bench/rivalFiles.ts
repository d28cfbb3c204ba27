/** The files of the two other ways: the seed's compose.yaml, and an ordinary Dockerfile for each of back and front. */

export interface Rival {
  /** Names containers, network, volume and built images; all of them carry it. */
  name: string;
  /** Value of the label `agatha.stack`, by which leftovers are found. */
  stack: string;
  ports: { back: number; front: number };
  databaseImage: string;
  password: string;
}

export const DATABASE = { name: "docker_agatha_db", user: "postgres" };

const url = `jdbc:postgresql://agatha-db:5432/${DATABASE.name}`;

export const gradleProperties = (password: string): string =>
  `serverPort=8000\ndatabaseUrl=${url}\ndatabaseUser=${DATABASE.user}\ndatabasePassword=${password}\n`;

export const flywayConf = (password: string): string =>
  `flyway.url=${url}\nflyway.user=${DATABASE.user}\nflyway.password=${password}\n`;

type ComposeService = Record<string, unknown>;

/** The seed's compose.yaml, with names and ports of its own; `back` and `front` say what each runs. */
export function composeFile(rival: Rival, back: ComposeService, front: ComposeService): object {
  const labels = { "agatha.stack": rival.stack };
  const { name: POSTGRES_DB, user: POSTGRES_USER } = DATABASE;
  const postgres = { POSTGRES_PASSWORD: rival.password, POSTGRES_USER, POSTGRES_DB };
  const named = (service: string) => ({ container_name: `${rival.name}-${service}`, labels });
  return {
    services: {
      "agatha-db": {
        ...named("db"),
        image: rival.databaseImage,
        environment: postgres,
        volumes: ["db-data:/var/lib/postgresql/data"],
      },
      "agatha-back": {
        ...named("back"),
        ...back,
        ports: [`127.0.0.1:${rival.ports.back}:8000`],
        volumes: ["gradle.properties", "flyway.conf", "logback.xml"].map((file) => `./${file}:/home/${file}`),
        depends_on: ["agatha-db"],
      },
      "agatha-front": {
        ...named("front"),
        ...front,
        ports: [`127.0.0.1:${rival.ports.front}:5173`],
        depends_on: ["agatha-back"],
      },
    },
    networks: { default: { name: `${rival.name}-network`, labels } },
    volumes: { "db-data": { name: `${rival.name}-db-data`, labels } },
  };
}

/** An ordinary Dockerfile: what changes is copied last. @param copies In this order: places by files. */
export function dockerfile(base: string, stack: string, command: string[], copies: object): string {
  const lines = Object.entries(copies).map(([from, to]) => `COPY ${from} ${to}\n`);
  return `FROM ${base}
LABEL agatha.stack=${stack}
WORKDIR /home
CMD ${JSON.stringify(command)}
${lines.join("")}`;
}

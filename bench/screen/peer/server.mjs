// PostGraphile over the tables of Rubrica, as its own documentation sets a server up, with what is of no
// use to the comparison switched off. It prints one line when it serves.
import { createServer } from "node:http";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgSmartTagsPlugin } from "postgraphile/utils";

// Each essay of the benchmark has one run: told so, PostGraphile need not look for the newest. Each
// score has one explanation, by a unique index, which it takes for no constraint. And the lists of the
// screen have an order, which no index of their own serves.
const tags = makePgSmartTagsPlugin([
  { kind: "class", match: "scoring_runs", tags: { unique: "essay_id" } },
  { kind: "class", match: "explanations", tags: { unique: "score_id" } },
  { kind: "attribute", match: "scores.position", tags: { behavior: "+orderBy" } },
  { kind: "attribute", match: "evidence.position", tags: { behavior: "+orderBy" } },
]);

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ["public"],
      poolConfig: { max: Number(process.env.POOL) },
    }),
  ],
  schema: { defaultBehavior: "+connection +list" },
  grafserv: { graphiql: false, websockets: false, watch: false, maxRequestLength: 1_000_000 },
  grafast: { explain: false },
};

const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
const service = postgraphile(preset).createServ(grafserv);
await service.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("serving"));

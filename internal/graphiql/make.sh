#!/usr/bin/env bash
# Makes assets/ from the npm package @graphql-yoga/render-graphiql, which carries GraphiQL with its
# editor and its fonts as JavaScript strings. Needs npm and node; run it to move to another version.
set -euo pipefail

version=5.24.1
sha256=a67f5bb587e8b8e4f828e787f0477824e8fbf821f5970b5880928a1be7d0a0ac
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "@graphql-yoga/render-graphiql@$version" >/dev/null
echo "$sha256  graphql-yoga-render-graphiql-$version.tgz" | sha256sum --check --quiet
tar -xzf "graphql-yoga-render-graphiql-$version.tgz"

rm -rf "$here/assets"
mkdir "$here/assets"
cp package/LICENSE "$here/assets/LICENSE"
node --input-type=commonjs - "$work/package" "$here/assets" <<'JS'
const [, , from, to] = process.argv;
const { gzipSync } = require("node:zlib");
const { writeFileSync } = require("node:fs");
const parts = require(from + "/cjs/graphiql.js");
const files = {
  "app.js": parts.js,
  "app.css": parts.css,
  "editor.worker.js": parts.editorWorkerService,
  "json.worker.js": parts.jsonWorker,
  "graphql.worker.js": parts.graphqlWorker,
};
for (const [name, text] of Object.entries(files)) {
  writeFileSync(`${to}/${name}.gz`, gzipSync(text, { level: 9 }));
}
JS

// Writes the served contract as that of a release: `make schema-release version=1.2.0`.
import { readFileSync, writeFileSync } from "node:fs";
import { evolution, unreleased } from "./evolution.ts";
import { changelogFile, releasedFile, releasedSDL } from "./released.ts";
import { served } from "./served.ts";

const version = process.argv[2] ?? "";
const changelog = readFileSync(changelogFile, "utf8");
if (!/^\d+\.\d+\.\d+$/.test(version) || !changelog.includes(`\n## ${version} `)) {
  console.error(`Give a version that CHANGELOG.md has a heading for, such as "## 1.2.0 (2027-01-31)": make schema-release version=1.2.0`);
  process.exit(1);
}
const sdl = served();
const section = changelog.slice(changelog.indexOf(`\n## ${version} `)).split(/\n## /)[1] ?? "";
const previous = releasedSDL();
if (previous !== undefined) {
  const { problems } = await evolution(previous, sdl, unreleased(changelog) + section, new Date());
  if (problems.length > 0) {
    console.error(problems.join("\n"));
    process.exit(1);
  }
}
writeFileSync(releasedFile, `# The contract of version ${version}. Written by make schema-release; clients/lint holds later ones against it.\n${sdl}`);

import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../support/generated/schema.graphql",
  documents: "../../examples/*.graphql",
  importExtension: ".ts",
  generates: {
    "./generated/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: { unmaskFunctionName: "readFragment" },
        persistedDocuments: { hashAlgorithm: "sha256" },
      },
      config: {
        strictScalars: true,
        scalars: { ID: "string", Time: "string", Sequence: "number", Duration: "string", URL: "string", Upload: "Blob" },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;

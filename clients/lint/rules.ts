// The rules for the contract. What is left out says why.
import * as graphql from "@graphql-eslint/eslint-plugin";
import type { Linter, Rule } from "eslint";

const plugin = "@graphql-eslint";

/** Types without a global id: values, which live inside of an object that has one, or in an answer. */
const values = {
  suffixes: ["Connection", "Edge", "Payload"],
  types: [
    // roots of live states and of what the installation is; there is one of each
    "EssayProgress", "ScoringActivity", "System", "Viewer",
    // parts of objects
    "AuditDetail", "Contribution", "DatabaseState", "IndexState", "JobCount", "JobError", "OverallScore", "PageInfo",
    "RecommendationPart", "RecommendationTrace", "Scale", "ScoreInterval", "ScoreLevel", "ScoringChange", "ScoringEngine",
    "ScoringFailure", "ScoringStageCount", "TextRange", "UserError", "Improvement", "CriterionOverride", "KeyPointOverride",
    "RescoringBin", "RescoringReport", "CatalogueImportRefusal",
    // what was measured, of a calibration, of a language model, of what searches and recommendations go by
    "Agreement", "BiasGroup", "CalibrationCriterion", "CalibrationPoint", "ReliabilityBin", "CollaborativeFit", "EmbeddingModel",
    "LanguageModel", "LanguageModelEssay", "LanguageModelSpend", "LanguageModelWorker",
    // answers that nothing keeps
    "CatalogueImport", "EssayDuplicate", "RecommendationAbsence", "SearchHit", "SearchResults", "SearchTrace",
  ],
};

/** The form of a deprecation's reason: what to use instead, and from when on the element may be gone. */
export const removal = /\bRemoval: (\d{4}-\d{2}-\d{2})\.?$/;

/**
 * require-deprecation-date of the plugin wants the date in an argument of its own, which @deprecated of the
 * specification does not have: such an SDL would be invalid. Ours wants it in the reason.
 */
const datedDeprecation: Rule.RuleModule = {
  meta: { type: "problem", schema: [], messages: { undated: 'The reason of @deprecated must end with "Removal: YYYY-MM-DD".' } },
  create: (context) => ({
    "Directive[name.value=deprecated]"(node: any) {
      const reason = node.arguments.find((a: any) => a.name.value === "reason")?.value.value ?? "";
      const date = removal.exec(reason)?.[1];
      if (!date || Number.isNaN(Date.parse(date))) context.report({ node, messageId: "undated" });
    },
  }),
};

export const rulesFor = (schema: string): Linter.Config[] => [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser as Linter.Parser, parserOptions: { graphQLConfig: { schema } } },
    plugins: { [plugin]: graphql as never, rubrica: { rules: { "dated-deprecation": datedDeprecation } } },
    rules: {
      ...(graphql.configs["flat/schema-recommended"].rules as Linter.RulesRecord),
      ...(graphql.configs["flat/schema-relay"].rules as Linter.RulesRecord),
      [`${plugin}/input-name`]: ["error", { checkInputType: true, caseSensitiveInputType: false }],
      [`${plugin}/no-scalar-result-type-on-mutation`]: "error",
      [`${plugin}/require-nullable-result-in-root`]: "error",
      [`${plugin}/require-type-pattern-with-oneof`]: "error",
      [`${plugin}/require-description`]: ["error", {
        types: true, rootField: true, DirectiveDefinition: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true,
      }],
      [`${plugin}/strict-id-in-types`]: ["error", { exceptions: values }],
      // Lists that are short by nature have no pages; graph/contract_test.go holds that each says its bound.
      [`${plugin}/relay-edge-types`]: ["error", { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false }],
      "rubrica/dated-deprecation": "error",
    },
  },
];

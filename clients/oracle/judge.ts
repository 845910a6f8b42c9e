// What graphql-js says to an operation: whether it may be executed, and if not, why.
import {
  buildSchema, getOperationAST, getVariableValues, GraphQLError, GraphQLScalarType, type GraphQLSchema, Kind, parse, Source, validate,
} from "graphql";

export type Operation = { query: string; operationName?: string; variables?: Record<string, unknown> };
export type Verdict = { accepted: boolean; message?: string };

/** The schema of an SDL, with the scalars that inputs use: graphql-js would take anything for them. */
export function schemaOf(sdl: string): GraphQLSchema {
  const schema = buildSchema(sdl);
  const sequence = schema.getType("Sequence") as GraphQLScalarType;
  sequence.parseValue = (value) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new GraphQLError("no Sequence");
    return value;
  };
  sequence.parseLiteral = (node) => {
    if (node.kind !== Kind.INT) throw new GraphQLError("no Sequence");
    return sequence.parseValue(Number(node.value));
  };
  const upload = schema.getType("Upload") as GraphQLScalarType;
  upload.parseValue = upload.parseLiteral = () => {
    throw new GraphQLError("no file of a form");
  };
  return schema;
}

export function judge(schema: GraphQLSchema, { query, operationName, variables }: Operation): Verdict {
  const refused = (errors: readonly GraphQLError[]): Verdict => ({ accepted: false, message: errors[0]?.message ?? "" });
  let document;
  try {
    document = parse(new Source(query));
  } catch (error) {
    return refused([error as GraphQLError]);
  }
  let errors;
  try {
    errors = validate(schema, document);
  } catch (error) {
    return refused([error as GraphQLError]); // thrown for a directive at the root of a subscription
  }
  if (errors.length > 0) return refused(errors);
  const operation = getOperationAST(document, operationName || undefined);
  if (!operation) return { accepted: false, message: "Which operation is meant is not said." };
  const { errors: wrong } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 50 });
  return wrong ? refused(wrong) : { accepted: true };
}

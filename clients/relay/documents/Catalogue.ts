// The catalogue, as a list that loads more. relay-compiler reads the tags of this folder; an application's
// bundler replaces each by what it was compiled to. The programs here have no bundler and import that from
// __generated__.
import { graphql } from "relay-runtime";

export const catalogue = graphql`
  query CatalogueQuery($count: Int!) {
    ...Catalogue_list @arguments(count: $count)
  }
`;

export const list = graphql`
  fragment Catalogue_list on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "CatalogueNextPageQuery") {
    credentials(first: $count, after: $cursor) @connection(key: "Catalogue_credentials") {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          title
          provider
        }
      }
    }
  }
`;

// node examples/clients/apollo.mjs [CURSOR]
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { client } from './client.mjs';

const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
const query = gql`
  subscription ($after: Cursor) {
    events(after: $after) {
      cursor
      event
    }
  }
`;
const variables = { after: process.argv[2] };
apollo.subscribe({ query, variables, fetchPolicy: 'no-cache' }).subscribe(({ data, error }) => {
  if (error) console.error(error);
  else console.log(data.events.event);
});

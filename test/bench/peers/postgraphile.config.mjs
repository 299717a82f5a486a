// The configuration of the rival PostGraphile, copied to the folder into which it is installed.
import { jsonParse } from 'postgraphile/@dataplan/json';
import { context, listen } from 'postgraphile/grafast';
import { makePgService } from 'postgraphile/adaptors/pg';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { extendSchema, gql } from 'postgraphile/utils';
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter';

const subscriptions = extendSchema((build) => {
  const { events } = build.pgResources;
  return {
    typeDefs: gql`
      extend type Subscription {
        eventCreated(topic: String!): EventCreated
      }
      type EventCreated {
        event: Event
      }
    `,
    objects: {
      Subscription: {
        plans: {
          eventCreated: {
            subscribePlan: (_root, { $topic }) => listen(context().get('pgSubscriber'), $topic, jsonParse),
            plan: ($message) => $message,
          },
        },
      },
      EventCreated: {
        plans: {
          event: ($message) => events.get({ position: $message.get('position') }),
        },
      },
    },
  };
});

export default {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [subscriptions],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['peer'] })],
  grafserv: { host: '127.0.0.1', port: Number(process.env.PORT), graphiql: false, watch: false, websockets: true },
};

import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Tells clients what they sent that is no JSON in a request's address; Yoga would take it for a failure of the server's own. */
export function refuseUnreadable(): Plugin {
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser === undefined) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          if (error instanceof SyntaxError)
            throw new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
          throw error;
        }
      });
    },
  };
}

const message = 'variables and extensions: expected JSON';

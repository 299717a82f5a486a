import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printSchema } from 'graphql';
import { schema } from './index.ts';

// `npm run schema` writes the snapshot that a test compares with the schema.
writeFileSync(join(import.meta.dirname, 'schema.graphql'), `${printSchema(schema)}\n`);

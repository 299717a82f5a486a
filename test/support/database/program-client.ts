import postgres from 'postgres';
import { knownSchemaVersion } from '../../../src/store/database/schema-version.ts';

/** Connects as a program of a version; by default, as one that knows every migration. */
export function connectAsProgram(url: string, { max = 1, version = knownSchemaVersion() } = {}): postgres.Sql {
  return postgres(url, { max, onnotice: () => undefined, connection: { 'tidings.schema_version': String(version) } });
}

// The types of the API are those of the description that the server's answers are checked against.
import { readFile } from 'node:fs/promises';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, test } from 'vitest';

test('openapi.ts is made of docs/api/openapi.yaml as it is: npm run types', async () => {
  const description = new URL('../../../docs/api/openapi.yaml', import.meta.url);
  const made = astToString(await openapiTS(description, { defaultNonNullable: false, emptyObjectsUnknown: true }));
  expect(await readFile(new URL('./openapi.ts', import.meta.url), 'utf8')).toBe(COMMENT_HEADER + made);
}, 60_000);

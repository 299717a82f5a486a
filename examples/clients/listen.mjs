// node examples/clients/listen.mjs [CURSOR]
import { createTidings } from '../../dist/src/client/tidings-client.js'; // @tidings/client
import { fileCheckpoint } from '../../dist/src/client/file-checkpoint.js'; // @tidings/client/node

const tidings = createTidings('http://127.0.0.1:4000');
const checkpoint = fileCheckpoint('listen.cursor'); // saved after the body of the loop
for await (const { event } of tidings.events({}, { checkpoint, after: process.argv[2] })) {
  console.log(event);
}

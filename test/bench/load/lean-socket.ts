import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A WebSocket client with little work, so that a benchmark measures the server. It finds the bounds
 * of text frames and decodes nothing. Assumes a server that neither compresses nor fragments, and
 * throws otherwise.
 */
export interface LeanSocket {
  send(text: string): void;
  close(): void;
}

/**
 * Receives every text message: the bytes of `chunk` from `start` to `end`, valid only during the
 * call.
 */
export type OnText = (chunk: Buffer, start: number, end: number) => void;

/** How a socket is opened. */
export interface Dialect {
  readonly path: string;
  /** The subprotocol; null: none. */
  readonly protocol: string | null;
  /** The first message of the client. */
  readonly hello: string;
  /** Text of the server's first message. */
  readonly acknowledgement: string;
  /** Resolves when a connected socket can request its upgrade; left out: at once. */
  readonly start?: () => Promise<void>;
}

const graphqlTransport: Dialect = {
  path: '/graphql',
  protocol: 'graphql-transport-ws',
  hello: '{"type":"connection_init"}',
  acknowledgement: 'connection_ack',
};

/** Opens a socket at `url` (http://host:port); resolves once it is acknowledged. */
export async function openLeanSocket(url: string, onText: OnText, dialect = graphqlTransport): Promise<LeanSocket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let rest = await upgraded(socket, host, dialect);
  let closing = false;
  let acknowledge: (() => void) | null = null;
  const acknowledged = new Promise<void>((resolve, reject) => {
    acknowledge = resolve;
    socket.once('close', () => reject(new Error('the socket closed before it was acknowledged')));
  });

  const take = (chunk: Buffer): void => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (frame === null) break;
      at = frame.end;
      if (frame.opcode === text) {
        if (acknowledge === null) onText(bytes, frame.start, frame.end);
        else {
          const message = bytes.toString('latin1', frame.start, frame.end);
          if (!message.includes(dialect.acknowledgement)) throw new Error(`expected ${dialect.acknowledgement}, got ${message}`);
          acknowledge();
          acknowledge = null;
        }
      } else if (frame.opcode === ping) socket.write(masked(pong, bytes.subarray(frame.start, frame.end)));
      else if (!closing)
        throw new Error(`the server sent a frame with opcode ${frame.opcode}: ${bytes.toString('latin1', frame.start, frame.end)}`);
    }
    rest = at === bytes.length ? nothing : bytes.subarray(at);
  };
  socket.on('data', take);
  socket.on('error', (error) => {
    if (!closing) throw new Error(`a socket failed: ${error.message}`);
  });
  socket.on('close', () => {
    if (!closing) throw new Error('the server closed a socket');
  });
  const send = (message: string): void => void socket.write(masked(text, Buffer.from(message)));
  send(dialect.hello);
  if (rest.length > 0) take(nothing);
  await acknowledged;
  return {
    send,
    close() {
      closing = true;
      socket.destroy();
    },
  };
}

/** Requests the upgrade. Resolves with the bytes after the head of the response. */
async function upgraded(socket: Socket, host: string, { path, protocol, start }: Dialect): Promise<Buffer> {
  if (start !== undefined) {
    await once(socket, 'connect');
    await start();
  }
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    ...(protocol === null ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  let got = nothing;
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', take);
      socket.off('error', reject);
      if (got.toString('latin1', 0, 12) === 'HTTP/1.1 101') resolve(got.subarray(end + 4));
      else reject(new Error(`expected an upgrade, got ${got.toString('latin1')}`));
    };
    socket.on('data', take);
    socket.once('error', reject);
  });
}

interface Frame {
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
}

/** Parses an unmasked frame (RFC 6455, section 5.2); null if it is incomplete. */
function frameAt(bytes: Buffer, at: number): Frame | null {
  if (bytes.length < at + 2) return null;
  const first = bytes[at]!;
  if ((first & 0xf0) !== 0x80) throw new Error('expected unfragmented, uncompressed frames');
  let length = bytes[at + 1]!;
  let start = at + 2;
  if (length === 126) {
    if (bytes.length < at + 4) return null;
    length = bytes.readUInt16BE(start);
    start += 2;
  } else if (length === 127) {
    if (bytes.length < at + 10) return null;
    length = Number(bytes.readBigUInt64BE(start));
    start += 8;
  }
  const end = start + length;
  return end > bytes.length ? null : { opcode: first & 0x0f, start, end };
}

/** A client's frame, masked with zeros, which leave the payload unchanged. */
function masked(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 6 : 8);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = 0x80 | length;
  else {
    if (length > 0xffff) throw new Error('a bench sends no message of more than 65,535 bytes');
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  }
  return Buffer.concat([head, payload]);
}

const nothing = Buffer.alloc(0);
const text = 1;
const ping = 9;
const pong = 10;

import { messageOf } from '../engine/core/errors';

const MEMORY = /bad_alloc|out of memory|allocation failed|allocate memory|memory access out of bounds/i;

/** Where WebAssembly itself stopped, its memory is in no state to go on with. */
const STOPPED = /\bAborted\(|RuntimeError|unreachable executed|table index is out of bounds/;

/** Whether the error says that memory ran out, or that the runtime stopped in the middle of its work. */
export const isBroken = (error: unknown): boolean => MEMORY.test(messageOf(error)) || STOPPED.test(String(error));

/**
 * What onnxruntime said, as a person can use it: the first line, without error codes, source files and C++ types.
 * Ends without a full stop.
 */
export function readableMessage(error: unknown): string {
  const message = messageOf(error);
  if (MEMORY.test(message)) return 'there is not enough memory';
  const line = message.split('\n', 1)[0];
  const cleaned = line
    .replace(/^.*?ERROR_MESSAGE: /, '')
    .replace(/^(?:\w*(?:Error|Exception)\b:? ?|\[[\w :,.-]*\] ?)+/, '')
    .replace(/(?:[\w./\\-]*[/\\])?[\w-]+\.(?:cc|h|cpp|hpp|cu):\d+ /g, '')
    .replace(/Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: /, (_, op, name) =>
      name ? `${op} "${name}": ` : `${op}: `,
    )
    .replace(/Load model from .*? failed:/, '')
    .replace(/\bonnxruntime::[\w:<>]+(?:\([^)]*\))?(?: const)? /g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.+$/, '');
  return cleaned || 'it gave no reason';
}

import { describe, expect, it } from 'vitest';
import { noAgent, troubleOf } from '../../src/cli/no-agent.ts';

const socket = 'unix:/run/weft/weft.sock';
const gone = troubleOf('127.0.0.1:6784', error('ECONNREFUSED'));

describe('no agent that answers', () => {
  it('is to be started, or to be found', () => {
    expect(noAgent([troubleOf(socket, error('ENOENT')), gone])).toMatchObject({
      exitCode: 3,
      message:
        'no agent answers: unix:/run/weft/weft.sock: no such socket; 127.0.0.1:6784: nobody listens there; ' +
        'start one with "weft up", or say where it is with --api',
    });
  });

  it('is not to be started where there is one that this user may not ask', () => {
    expect(noAgent([troubleOf(socket, error('EACCES')), gone])).toMatchObject({
      exitCode: 3,
      message:
        'no agent answers: unix:/run/weft/weft.sock: permission denied (be root, or in the group of the socket); ' +
        '127.0.0.1:6784: nobody listens there',
    });
  });

  it('is told in the words of the system where there are no better ones', () => {
    expect(troubleOf(socket, error('EPROTO')).sentence).toBe('unix:/run/weft/weft.sock: connect EPROTO');
  });
});

function error(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../test/support/lab/command.ts';
import { Lab } from '../test/support/lab/lab.ts';
import { type Place, serverCore, type Usage, usageOf } from './dns-load.ts';
import { benchDomain, benchName } from './dns-zone.ts';

/** What containers of a user network ask, and dockerd answers. */
const resolver = { address: '127.0.0.11', port: 53 } as const;
const network = 'bench';

/** Docker's own resolver on an engine of the lab: every name is an alias of three containers. */
export class DockerResolver implements AsyncDisposable {
  readonly place: Place;
  readonly usage: Usage;
  private readonly lab: Lab;

  private constructor(lab: Lab, place: Place, pid: string) {
    this.lab = lab;
    this.place = place;
    this.usage = usageOf(() => [pid]);
  }

  static async start(names: number): Promise<DockerResolver> {
    const lab = await Lab.create(1);
    const host = lab.host(1);
    await host.createNetwork(network);
    const aliases = Array.from({ length: names }, (_, index) => `${benchName(index)}.${benchDomain}`);
    for (const name of ['one', 'two', 'three']) await host.runContainer({ name, network, aliases, dns: false });
    await host.runContainer({ name: 'asker', network, dns: false });
    const asker = await host.docker('inspect', '--format', '{{.State.Pid}}', 'asker');
    const enter = [
      'nsenter',
      `--target=${host.machine.init}`,
      '--mount',
      '--pid',
      'nsenter',
      `--net=/proc/${asker}/ns/net`,
    ];
    const pid = engineOf(host.machine.options.disk);
    await run(['taskset', '--all-tasks', '--cpu-list', '--pid', serverCore, pid]);
    return new DockerResolver(lab, { ...resolver, inside: enter }, pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** The process id of the dockerd whose settings lie on that disk. */
function engineOf(disk: string): string {
  const settings = join(disk, 'daemon.json');
  const pid = readdirSync('/proc').find((each) => {
    if (!/^\d+$/.test(each)) return false;
    try {
      const words = readFileSync(`/proc/${each}/cmdline`, 'utf8').split('\0');
      return words[0]?.endsWith('dockerd') === true && words.includes(settings);
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error(`no dockerd runs with ${settings}`);
  return pid;
}

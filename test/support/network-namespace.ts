/**
 * A network of its own that has a loopback and nothing else, in which packets
 * can be lost. Needs root, and the packages iproute2 and nftables.
 */
import type { ExecutionContext } from 'ava';
import { runProgram } from './program.js';

/** By its whole path: npm puts a program of the same name before it. */
const NFT = '/usr/sbin/nft';

export class NetworkNamespace {
  /** Goes with the test. */
  static async make(t: ExecutionContext): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace(`oaf-${process.pid}`);
    await said('ip', ['netns', 'add', namespace.name]);
    t.teardown(() => said('ip', ['netns', 'delete', namespace.name]));
    await said('ip', ['-n', namespace.name, 'link', 'set', 'lo', 'up']);
    return namespace;
  }

  private constructor(private readonly name: string) {}

  /** What starts a program in it. */
  get inside(): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  /** From now on such a share of all packets is lost (0.01 to 1), in whichever direction, without a word to anybody. */
  async lose(share: number): Promise<void> {
    const percent = Math.round(share * 100);
    const rules = `
      add table inet weather
      delete table inet weather
      table inet weather {
        chain input {
          type filter hook input priority 0
          numgen random mod 100 <= ${percent - 1} counter drop
        }
      }`;
    await this.#nft(['-f', '-'], rules);
  }

  /** Packets lost since `lose` was last called. */
  async lost(): Promise<number> {
    return Number(/counter packets (\d+)/.exec(await this.#nft(['list', 'ruleset']))?.[1]);
  }

  #nft(words: readonly string[], stdin?: string): Promise<string> {
    const [command = '', ...args] = [...this.inside, NFT, ...words];
    return said(command, args, stdin);
  }
}

async function said(command: string, args: readonly string[], stdin?: string): Promise<string> {
  const { status, output } = await runProgram(command, args, { ...(stdin !== undefined && { stdin }) });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`);
  return output;
}

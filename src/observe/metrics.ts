/**
 * Metrics for Prometheus, on prom-client: those of the process, measured
 * here, and families that the caller hands in. Names, types and
 * units by Prometheus' conventions (prometheus.io/docs/practices/naming).
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface Family {
  readonly name: string;
  /** A counter's name ends in _total; it goes up, and starts anew with the agent. */
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Of all samples, also of those that are yet to come. */
  readonly labelNames: readonly string[];
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Metrics {
  readonly #process = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#process });
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  /** In the text format of Prometheus. */
  async text(families: readonly Family[]): Promise<string> {
    const registry = new Registry();
    for (const family of families) addTo(registry, family);
    return Registry.merge([registry, this.#process]).metrics();
  }
}

function addTo(registry: Registry, { name, type, help, labelNames, samples }: Family): void {
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  // Both begin at zero each time: what is added is the whole.
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
  for (const { labels, value } of samples) metric.inc(labels, value);
}

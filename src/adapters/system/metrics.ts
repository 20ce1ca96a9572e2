import type { Events } from '#ports/events.ts'
import type { Gauge, Metrics } from '#ports/metrics.ts'

/** Seconds: from a cached answer to one that a proxy gives up on. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
/** Series of one metric at most. Labels are from closed lists; if one is not, by mistake, the rest is counted together. */
const SERIES_MAX = 2_000
const METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']

type Labels = Readonly<Record<string, string>>

/** Counters and histograms in memory, and their text. */
export interface Registry extends Metrics {
  /** Adds a number that is looked up at each reading. */
  watch(gauge: Gauge): void
  /** Everything in the text format of Prometheus, version 0.0.4. */
  text(): Promise<string>
}

/** Opens metrics that begin at zero. */
export function openMetrics(): Registry {
  const requests = histogram('dunant_http_request_seconds', 'Time until a request was answered.')
  const accepted = counter('dunant_acts_accepted_total', 'Acts of companies and of the service.')
  const refused = counter('dunant_refusals_total', 'Submissions refused, by reason.')
  const signed = counter('dunant_checkpoints_signed_total', 'Checkpoints signed by this process.')
  const unsigned = counter('dunant_signer_refusals_total', 'Heads that the log signer refused.')
  const outages = counter('dunant_outages_total', 'Times that storage or the signer failed.')
  const faults = counter('dunant_faults_total', 'Requests that met a fault of the program.')
  const gauges: Gauge[] = []
  return {
    requestAnswered: ({ method, route, seconds, status }) => {
      const known = METHODS.includes(method) ? method : 'other'
      requests.observe({ method: known, route, status: statusClass(status) }, seconds)
    },
    actAccepted: ({ type, status }) => accepted.add({ type, status }),
    actRefused: ({ reason }) => refused.add({ reason }),
    checkpointSigned: () => signed.add({}),
    signerRefused: ({ reason }) => unsigned.add({ reason }),
    unavailable: () => outages.add({}),
    failed: () => faults.add({}),
    watch: (gauge) => {
      gauges.push(gauge)
    },
    text: async () => {
      const counted = [requests, accepted, refused, signed, unsigned, outages, faults]
      const lines = [...counted.flatMap(({ lines: own }) => own()), ...(await gaugeLines(gauges))]
      return `${lines.join('\n')}\n`
    },
  }
}

/** Events that are counted as they are reported. */
export function countedEvents(events: Events, metrics: Metrics): Events {
  return {
    ...events,
    actAccepted: (fields) => {
      metrics.actAccepted(fields)
      events.actAccepted(fields)
    },
    actRefused: (fields) => {
      metrics.actRefused(fields)
      events.actRefused(fields)
    },
    checkpointSigned: (fields) => {
      metrics.checkpointSigned(fields)
      events.checkpointSigned(fields)
    },
    signerRefused: (fields) => {
      metrics.signerRefused(fields)
      events.signerRefused(fields)
    },
    unavailable: (fields) => {
      metrics.unavailable()
      events.unavailable(fields)
    },
    failed: (fields) => {
      metrics.failed()
      events.failed(fields)
    },
  }
}

function statusClass(status: number): string {
  return `${String(Math.floor(status / 100))}xx`
}

interface Counter {
  readonly add: (labels: Labels) => void
  readonly lines: () => readonly string[]
}

function counter(name: string, help: string): Counter {
  const series = new Map<string, number>()
  return {
    add: (labels) => {
      const key = seriesKey(series, labels)
      series.set(key, (series.get(key) ?? 0) + 1)
    },
    lines: () => [
      ...heading({ name, help, type: 'counter' }),
      ...[...series].map(([key, value]) => sample(name, key, value)),
    ],
  }
}

interface Histogram {
  readonly observe: (labels: Labels, value: number) => void
  readonly lines: () => readonly string[]
}

function histogram(name: string, help: string): Histogram {
  const series = new Map<string, { buckets: number[]; sum: number; count: number }>()
  return {
    observe: (labels, value) => {
      const key = seriesKey(series, labels)
      const found = series.get(key) ?? { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 }
      // A bucket counts all that is at most its bound.
      BUCKETS.forEach((bound, i) => {
        if (value <= bound) found.buckets[i] = (found.buckets[i] ?? 0) + 1
      })
      found.sum += value
      found.count += 1
      series.set(key, found)
    },
    lines: () => [
      ...heading({ name, help, type: 'histogram' }),
      ...[...series].flatMap(([key, { buckets, sum, count }]) => [
        ...buckets.map((reached, i) =>
          sample(`${name}_bucket`, `${key},${label('le', String(BUCKETS[i]))}`, reached),
        ),
        sample(`${name}_bucket`, `${key},${label('le', '+Inf')}`, count),
        sample(`${name}_sum`, key, sum),
        sample(`${name}_count`, key, count),
      ]),
    ],
  }
}

/** The key of a series is its labels as they are printed. */
function seriesKey(series: ReadonlyMap<string, unknown>, labels: Labels): string {
  const key = printed(labels)
  if (series.has(key) || series.size < SERIES_MAX) return key
  return printed(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])))
}

function printed(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => label(name, value))
    .join(',')
}

function label(name: string, value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return `${name}="${escaped}"`
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${String(value)}`
}

function heading(of: { name: string; help: string; type: string }): readonly string[] {
  return [`# HELP ${of.name} ${of.help}`, `# TYPE ${of.name} ${of.type}`]
}

/** Samples of one name stand together. A number that cannot be had is left out: its absence is what alerts look for. */
async function gaugeLines(gauges: readonly Gauge[]): Promise<readonly string[]> {
  const names = [...new Set(gauges.map(({ name }) => name))]
  const lines: string[] = []
  for (const name of names) {
    const alike = gauges.filter((gauge) => gauge.name === name)
    const samples = await Promise.all(alike.map(gaugeSample))
    const type = name.endsWith('_total') ? 'counter' : 'gauge'
    lines.push(
      ...heading({ name, help: alike[0]?.help ?? '', type }),
      ...samples.filter((line) => line !== undefined),
    )
  }
  return lines
}

async function gaugeSample({ labels, name, read }: Gauge): Promise<string | undefined> {
  try {
    const value = await read()
    return value === undefined ? undefined : sample(name, printed(labels ?? {}), value)
  } catch {
    return undefined
  }
}

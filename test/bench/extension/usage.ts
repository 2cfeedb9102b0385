import { readdirSync, readFileSync } from 'node:fs'

export interface Memory {
  /** Pages that are of no file, KiB: what it adds even where its program file is shared with another process. */
  readonly anonymousKb: number
  /** Those, and the pages of its files that no other process has mapped, KiB. */
  readonly privateKb: number
  readonly rssKb: number
}

/** Of one process (proc(5), smaps_rollup). */
export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
  return { anonymousKb: kb('Anonymous'), privateKb: kb('Private_Dirty') + kb('Private_Clean'), rssKb: kb('Rss') }
}

/** Processor time of all threads that a process has now, milliseconds: schedstat counts nanoseconds, where stat counts ticks of ten milliseconds. */
export function cpuOf(pid: number): number {
  let ns = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }
  return ns / 1e6
}

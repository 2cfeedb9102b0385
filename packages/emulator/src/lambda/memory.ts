import { readFileSync } from 'node:fs'

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A process and its descendants, as Linux lists them. */
function tree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(tree)]
}

/**
 * Memory of the given processes and their descendants in MB (proportional set size, so that a binary that several of them run counts
 * once); undefined where there is no /proc to read.
 */
export function memoryMB(pids: readonly number[]): number | undefined {
  let kb = 0
  let seen = false
  for (const pid of pids.flatMap(tree)) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))
    if (!pss) continue
    seen = true
    kb += Number(pss[1])
  }
  return seen ? Math.ceil(kb / 1024) : undefined
}

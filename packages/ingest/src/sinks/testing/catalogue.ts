import { existsSync, readFileSync } from 'node:fs'

const folder = new URL('../../../../../../shared/data/schemas/', import.meta.url)

/** Whether the field catalogues of ECS, CIM and ASIM lie beside the project; tests that need them skip where they do not. */
export const hasCatalogues = existsSync(folder)
if (!hasCatalogues) process.stdout.write('skipping the checks against field catalogues: ../shared/data/schemas is not there\n')

/** The rows of a catalogue, as objects by its header line. */
export function catalogue(name: 'ecs-9.5.0' | 'cim-8.5' | 'asim'): readonly Readonly<Record<string, string>>[] {
  const [header = '', ...lines] = readFileSync(new URL(`${name}.tsv`, folder), 'utf8')
    .trimEnd()
    .split('\n')
  const names = header.split('\t')
  return lines.map(line => Object.fromEntries(line.split('\t').map((cell, i) => [names[i] ?? String(i), cell])))
}

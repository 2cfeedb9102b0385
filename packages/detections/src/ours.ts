import type { RuleMeta } from '@weir/sigma'

/** What every typed detector of this pack says of itself, as the rules do in their YAML. */
export const OURS = { author: 'Weir', license: 'Apache-2.0', status: 'experimental' } as const satisfies Partial<RuleMeta>

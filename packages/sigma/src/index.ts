export * from './pack.ts'
export { parseRules } from './parse/yaml.ts'
export type * from './tree.ts'
export * from './cases.ts'

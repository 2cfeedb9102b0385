// What runs rules that are parsed already: the whole engine without the YAML library.
export * from './engine.ts'
export { parseDocument } from './parse/document.ts'
export { REGEX_INPUT_LIMIT } from './regex.ts'
export type { ParseOptions, Refusal, Rule } from './rule.ts'
export type * from './state.ts'
export * from './types.ts'

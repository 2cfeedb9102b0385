export type * from './state.ts'
export * from './types.ts'

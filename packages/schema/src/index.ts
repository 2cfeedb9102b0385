export type * from './batch/types.ts'
export * from './ocsf/index.ts'

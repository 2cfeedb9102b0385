export * from './batch/index.ts'
export * from './ocsf/index.ts'

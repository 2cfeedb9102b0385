export * from './batch/index.ts'
export * from './ocsf/index.ts'
export * from './redact/index.ts'

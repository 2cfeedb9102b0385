export * from './classes.ts'
export * from './types.ts'

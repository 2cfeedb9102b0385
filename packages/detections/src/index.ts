export * from './coverage.ts'
export type * from './detector.ts'
export * from './pack.ts'
export * from './pack-document.ts'

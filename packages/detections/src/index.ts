export type * from './detector.ts'

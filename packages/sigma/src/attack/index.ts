export * from './attack.ts'
export * from './coverage.ts'
export * from './navigator.ts'

export * from './app.ts'
export * from './artefacts.ts'
export * from './zip.ts'
